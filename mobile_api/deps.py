"""What the door is given when it is built: nothing is reached for, everything arrives here."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import msgspec
from fastapi import WebSocket
from starlette.requests import HTTPConnection

from domain.ids import OrderId, PersonId
from domain.reading import RawMessage
from records.database import Records
from runtime.settings import Settings
from runtime.streams import Streams


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a message published now would be decided and delivered, and if not, what is broken.

    Attributes:
        broken: The hops that do not work, as constant words; empty when ready.
        at: When it was last proved.
    """

    ready: bool
    broken: Sequence[str] = ()
    at: datetime | None = None


Sees = Callable[[OrderId | None, PersonId | None], bool]


class LiveScreens(Protocol):
    """Who serves a websocket once the door has let it in. Returns when the socket is closed."""

    async def console(
        self, socket: WebSocket, principal: str, sees: Sees, subprotocol: str | None
    ) -> None:
        """Accept `socket` and serve the console, with only what `sees` allows."""
        ...

    async def victim(
        self, socket: WebSocket, principal: str, person_id: PersonId, subprotocol: str | None
    ) -> None:
        """Accept `socket` and serve her screen to a protected person."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps:
    """Everything the door needs from the rest of the house.

    Attributes:
        now: The wall clock, aware UTC.
        credentials_changed: Returns when every broker knows the register's newest credentials.
        submit: Hands a message of her own page to ingest; returns once it is committed.
        readiness: What `/readyz` says.
        metrics: Prometheus text.
    """

    settings: Settings
    records: Records
    streams: Streams
    now: Callable[[], datetime]
    live: LiveScreens
    credentials_changed: Callable[[], Awaitable[None]]
    submit: Callable[[RawMessage], Awaitable[None]]
    readiness: Callable[[], Readiness]
    metrics: Callable[[], bytes]


def deps_of(connection: HTTPConnection) -> Deps:
    """Return what the application was built with."""
    deps = connection.app.state.deps
    assert isinstance(deps, Deps)
    return deps
