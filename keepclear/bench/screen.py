"""A console's websocket that notes when each event arrived.

It stays connected: if the server closes it, it comes back with its cursor, as a console does, and
what it missed counts from when it came.
"""

import asyncio
from typing import Final

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from keepclear.bench.program import HOST, Door
from runtime.clock import monotonic

FixKey = tuple[str, str]
WORSE: Final = frozenset({"warning", "breach", "contact"})


class FixReference(msgspec.Struct, frozen=True):
    """Which fix an event is about."""

    device_id: str
    t: str


class Told(msgspec.Struct, frozen=True):
    """What we read of an event's data."""

    fix: FixReference | None = None
    level: str | None = None
    kind: str | None = None


class Frame(msgspec.Struct, frozen=True):
    """What we read of a frame."""

    type: str
    kind: str = ""
    cursor: str = ""
    data: Told = Told()


class Screen:
    """What the console has seen, by fix: arrival by the clock that only runs forward.

    Attributes:
        positions: Arrival of the `position` event of each fix.
        decisions: Arrival of the first event of an incident that a fix brought about.
        reconnects: How often the server closed the socket.
    """

    def __init__(self, port: int, token: str) -> None:
        """Remember where to connect and with whose token to ask for tickets."""
        self._port = port
        self._token = token
        self._decode = msgspec.json.Decoder(Frame).decode
        self._cursor = ""
        self.positions: dict[FixKey, float] = {}
        self.decisions: dict[FixKey, float] = {}
        self.reconnects = 0
        self.open = asyncio.Event()

    async def watch(self) -> None:
        """Read frames until cancelled."""
        while True:
            socket = await self._connect()
            try:
                async for text in socket:
                    self._note(text)
            except ConnectionClosed:
                pass
            finally:
                await socket.close()
            self.reconnects += 1

    async def _connect(self) -> ClientConnection:
        door = Door(self._port, self._token)
        answer = await asyncio.to_thread(door.post, "/live-ticket", {})
        door.close()
        socket = await connect(
            f"ws://{HOST}:{self._port}/api/v1/live/console",
            subprotocols=[Subprotocol("keepclear.v1"), Subprotocol(f"ticket.{answer['ticket']}")],
            max_size=None,
        )
        if self._cursor:
            await socket.send(
                msgspec.json.encode({"type": "resume", "after": self._cursor}).decode()
            )
        return socket

    def _note(self, text: str | bytes) -> None:
        now = monotonic()
        frame = self._decode(text)
        self._cursor = frame.cursor or self._cursor
        fix = frame.data.fix
        if frame.type == "snapshot":
            self.open.set()
        elif fix is None:
            return
        elif frame.kind == "position":
            self.positions.setdefault((fix.device_id, fix.t), now)
        elif frame.kind.startswith("incident.") and self._is_decision(frame.data):
            self.decisions.setdefault((fix.device_id, fix.t), now)

    def _is_decision(self, told: Told) -> bool:
        return told.kind == "proximity" and told.level in WORSE
