"""A route whose body cannot make it fail: a call for help is not refused for how it was written.

Shell. What is no JSON object counts as nothing said, and what the sender calls it does not
matter: a page that is being closed can only send text.
"""

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import Message

Answering = Callable[[Request], Coroutine[Any, Any, Response]]


class ForgivingRoute(APIRoute):
    """Reads any body as a JSON object, or as nothing."""

    def get_route_handler(self) -> Answering:
        """Return what answers, given a body that can be read."""
        answering = super().get_route_handler()

        async def forgiving(request: Request) -> Response:
            return await answering(_readable(request, await request.body()))

        return forgiving


def _readable(request: Request, body: bytes) -> Request:
    """Return the request with its body if that is a JSON object, else with none."""
    body = body if _is_object(body) else b""
    headers = [one for one in request.scope["headers"] if one[0] not in {_TYPE, _LENGTH}]
    headers += [(_TYPE, b"application/json"), (_LENGTH, str(len(body)).encode())]

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request({**request.scope, "headers": headers}, receive)


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        return False


_TYPE, _LENGTH = b"content-type", b"content-length"
