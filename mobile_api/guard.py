"""What every HTTP call passes before a route sees it: bounds, origins, and no secret in addresses.

Shell. Written as plain ASGI so that a refused call costs nothing.
"""

import asyncio
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mobile_api.deps import Deps
from mobile_api.identity import foreign
from mobile_api.problems import answer
from records import access
from runtime.ids import secret_hash

#: Room for a zone of 10,000 corners with every digit written out.
BODY_BYTES_MAX: Final = 2 * 1024 * 1024
BODY_WAIT_S: Final = 15.0
API: Final = "/api/"
SECRET_PARAMETERS: Final = ("token", "access_token", "ticket")
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Guard:
    """Stands before the application."""

    def __init__(self, app: ASGIApp, deps: Deps) -> None:
        """Stand before `app`."""
        self.app = app
        self.deps = deps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the call, or pass it on with its whole body."""
        if scope["type"] != "http" or not scope["path"].startswith(API):
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        send = _with_headers(send)
        if foreign(request, self.deps.settings):
            refused = answer(HTTPStatus.FORBIDDEN, "Pages of other sites are refused.")
            await refused(scope, receive, send)
            return
        if any(name in request.query_params for name in SECRET_PARAMETERS):
            await self._end_shown_tokens(request)
            refused = answer(HTTPStatus.BAD_REQUEST, "A token in an address is ended at once.")
            await refused(scope, receive, send)
            return
        body = await _body_of(request.headers, receive)
        if isinstance(body, HTTPStatus):
            await answer(body, body.description)(scope, receive, send)
            return
        await self.app(scope, _once_received(body, receive), send)

    async def _end_shown_tokens(self, connection: HTTPConnection) -> None:
        """End every token that stands in an address: addresses stay in logs and histories."""
        shown = [connection.query_params.get(name) for name in SECRET_PARAMETERS]
        hashes = [secret_hash(one) for one in shown if one]
        now = self.deps.now()
        for hashed in hashes:
            await self.deps.records.write(lambda c, h=hashed: access.revoke_token(c, h, now))


async def _body_of(headers: Headers, receive: Receive) -> bytes | HTTPStatus:
    """Return the whole body, or the status that refuses it: too large, or too slow in coming."""
    declared = headers.get("content-length", "0")
    if not declared.isdecimal():
        return HTTPStatus.BAD_REQUEST
    if int(declared) > BODY_BYTES_MAX:
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    parts: list[bytes] = []
    size = 0
    more = True
    try:
        async with asyncio.timeout(BODY_WAIT_S):
            while more:
                message = await receive()
                part: bytes = message.get("body", b"")
                size += len(part)
                if size > BODY_BYTES_MAX:
                    return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
                parts.append(part)
                more = message.get("more_body", False)
    except TimeoutError:
        return HTTPStatus.REQUEST_TIMEOUT
    return b"".join(parts)


def _once_received(body: bytes, receive: Receive) -> Receive:
    """Return a receive that gives the body, then whatever the server says next."""
    given = False

    async def next_message() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return next_message


def _with_headers(send: Send) -> Send:
    """Return a send that adds our headers: nothing of the interface is kept by any cache."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("Cache-Control", "no-store")
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sent
