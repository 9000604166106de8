"""What any program may do with Keepclear over HTTP and websockets, and nothing more.

Shell. `Door` makes calls with a bearer token or a phone's cookie; `Watch` holds a websocket open as
an ordinary client does: with a fresh ticket for every connection, and from where it left off.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.client import (
    HTTPConnection,
    HTTPException,
    HTTPMessage,
    HTTPSConnection,
    responses,
)
from http.cookies import SimpleCookie
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from domain.errors import KeepclearError

CALL_TIMEOUT_S: Final = 15.0
RECONNECT_AFTER_S: Final = 1.0
#: The server promises a heartbeat at least every 4 s; after 12 s of silence a socket is dead.
SILENCE_MOST_S: Final = 12.0
PROTOCOL: Final = "keepclear.v1"
PHONE_COOKIE: Final = "keepclear_phone"

type_of_frame = dict[str, Any]


class DoorError(KeepclearError):
    """The server refused a call."""

    def __init__(self, message: str, *, code: int = 0) -> None:
        """Keep the HTTP code; 0 means that there was no answer."""
        super().__init__(message)
        self.code = code

    @property
    def final(self) -> bool:
        """Whether the same call would be refused again."""
        return 400 <= self.code < 500


class Door:
    """The HTTP interface of one server, for one caller."""

    def __init__(self, url: str, *, token: str | None = None, cookie: str | None = None) -> None:
        parts = urlsplit(url)
        self._secure = parts.scheme == "https"
        self._host = parts.netloc
        self._headers = {"Accept": "application/json"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"
        if cookie is not None:
            self._headers["Cookie"] = f"{PHONE_COOKIE}={cookie}"
            self._headers["Origin"] = f"{parts.scheme}://{parts.netloc}"

    def socket_url(self, path: str) -> str:
        """Return the address of a websocket of this server."""
        return f"{'wss' if self._secure else 'ws'}://{self._host}/api/v1{path}"

    async def post(self, path: str, body: object = None) -> type_of_frame:
        """Make a call that creates something, and return its answer.

        Raises:
            DoorError: It was refused, or nobody answered.
        """
        answer, _ = await asyncio.to_thread(self._call, "POST", path, body, {})
        return answer

    async def patch(self, path: str, body: object) -> type_of_frame:
        """Change what is there now, whatever its revision.

        Raises:
            DoorError: It was refused, or nobody answered.
        """
        _, headers = await asyncio.to_thread(self._call, "GET", path, None, {})
        revision = headers.get("ETag")
        known = {} if revision is None else {"If-Match": revision}
        answer, _ = await asyncio.to_thread(self._call, "PATCH", path, body, known)
        return answer

    async def enrol(self, code: str) -> str:
        """Enrol a phone and return its cookie.

        Raises:
            DoorError: It was refused, or nobody answered.
        """
        _, headers = await asyncio.to_thread(self._call, "POST", "/enrol", {"code": code}, {})
        for line in headers.get_all("Set-Cookie", []):
            cookie = SimpleCookie(line)
            if PHONE_COOKIE in cookie:
                return cookie[PHONE_COOKIE].value
        raise DoorError("The server enrolled a phone and gave it no cookie.")

    def _call(
        self, method: str, path: str, body: object, headers: Mapping[str, str]
    ) -> tuple[type_of_frame, HTTPMessage]:
        kind = HTTPSConnection if self._secure else HTTPConnection
        connection = kind(self._host, timeout=CALL_TIMEOUT_S)
        try:
            connection.request(
                method,
                f"/api/v1{path}",
                body=None if body is None else msgspec.json.encode(body),
                headers={**self._headers, **headers, "Content-Type": "application/json"},
            )
            response = connection.getresponse()
            text = response.read()
        except (OSError, HTTPException) as error:
            raise DoorError(f"No answer to {method} {path}: {error}") from error
        finally:
            connection.close()
        if response.status >= 400:
            raise DoorError(_refusal(method, path, response.status, text), code=response.status)
        answer = msgspec.json.decode(text, type=type_of_frame) if text else {}
        return answer, response.headers


def _refusal(method: str, path: str, code: int, text: bytes) -> str:
    """Say what was refused: the route without its ids, the code, and the problem's title."""
    problem: type_of_frame = {}
    with suppress(msgspec.DecodeError, msgspec.ValidationError):
        problem = msgspec.json.decode(text, type=type_of_frame)
    reason = problem.get("detail") or problem.get("title") or responses.get(code, "")
    return f"{method} /{path.split('/')[1]} was refused: {code} {reason}"


class Watch:
    """A websocket held open, across lost connections, until cancelled."""

    def __init__(
        self, door: Door, path: str, heard: Callable[[type_of_frame], type_of_frame | None]
    ) -> None:
        """Watch `path`, below `/api/v1`; what `heard` returns is sent in answer to a frame."""
        self._door = door
        self._path = path
        self._heard = heard
        self._cursor: str | None = None
        #: Set when the first snapshot has come.
        self.ready = asyncio.Event()

    async def run(self) -> None:
        """Hear everything, until cancelled.

        Raises:
            DoorError: The caller may not watch this.
        """
        while True:
            try:
                await self._connected()
            except DoorError as error:
                if error.final:
                    raise
            except (OSError, TimeoutError, WebSocketException):
                pass
            await asyncio.sleep(RECONNECT_AFTER_S)

    async def _connected(self) -> None:
        ticket = (await self._door.post("/live-ticket"))["ticket"]
        offered = [Subprotocol(PROTOCOL), Subprotocol(f"ticket.{ticket}")]
        async with connect(self._door.socket_url(self._path), subprotocols=offered) as socket:
            if self._cursor is not None:
                await _send(socket, {"type": "resume", "after": self._cursor})
            while True:
                await self._frame(socket)

    async def _frame(self, socket: ClientConnection) -> None:
        text = await asyncio.wait_for(socket.recv(), SILENCE_MOST_S)
        frame = msgspec.json.decode(text, type=type_of_frame)
        self._cursor = frame.get("cursor", self._cursor)
        if frame.get("type") == "snapshot":
            self.ready.set()
        answer = self._heard(frame)
        if answer is not None:
            await _send(socket, answer)


async def _send(socket: ClientConnection, frame: type_of_frame) -> None:
    await socket.send(msgspec.json.encode(frame).decode())
