"""A live websocket, once somebody has been let in. Shell.

The API authenticates, checks the Origin and accepts; then it hands the socket over. The session
subscribes first and reads the record afterwards, so an event is either in what was read or in the
queue, and never in neither. What the queue holds of what was read is dropped by its number.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, cast

import msgspec
from sqlalchemy import Connection
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from alerts.answers import Answer
from alerts.audience import recipient_of
from alerts.ledger import Decision
from alerts.live.frames import (
    CLIENT_FRAME_LENGTH_MAX,
    ClientFrame,
    Received,
    Resume,
    Seen,
    cursor_of,
    event_frame,
    heartbeat_frame,
    ordinal_of,
    parse,
    snapshot_frame,
)
from alerts.live.hub import CONSOLE, REVOKED, Frame, Sees, frame_of, sees_all
from alerts.live.screen import fold_all
from alerts.live.views import incident_item
from alerts.office import Office
from domain.errors import KeepclearError
from domain.ids import AlertId, OrderId, PersonId
from domain.incident import Incident, LiveEvent
from records import incidents as incident_records
from records import live as live_records
from records.database import Records, RecordsError
from runtime.clock import utc_now
from runtime.log import logger
from runtime.streams import Stream
from runtime.wire import decode, encode

_log = logger("alerts.live")

#: How long the server waits for `resume` before it sends a snapshot.
RESUME_WAIT: Final = timedelta(milliseconds=500)
#: How long one frame may take to leave; whoever does not read is let go.
SEND_MAX: Final = timedelta(seconds=8)
#: Missed events beyond this are told by a snapshot instead.
MISSED_EVENTS_MAX: Final = 1000
#: A client sends three short frames for each alert. More than this in a window is no client.
CLIENT_FRAMES_MAX: Final = 60
CLIENT_WINDOW: Final = timedelta(seconds=10)

_TOO_LONG: Final = 1009
_NOT_TEXT: Final = 1003
_TOO_MANY: Final = 1008
_BROKEN: Final = 1011
_SLOW: Final = 1013


class ClosingError(KeepclearError):
    """The connection is to be closed by us."""

    def __init__(self, code: int) -> None:
        """Say with which code."""
        super().__init__()
        self.code = code


#: Asked with every heartbeat: what this connection may see by now, or None if nothing any more.
Renew = Callable[[], Awaitable[Sees | None]]


class Live(msgspec.Struct, frozen=True, kw_only=True):
    """What every session needs.

    Attributes:
        answers: The stream on which answers go to the desk.
        heartbeat: Longest time between two frames that prove we live; at most 4 s.
    """

    records: Records
    office: Office
    answers: Stream
    heartbeat: timedelta = timedelta(seconds=3)
    clock: Callable[[], datetime] = utc_now


async def serve_console(
    live: Live, websocket: WebSocket, *, principal: str, sees: Sees, renew: Renew | None = None
) -> None:
    """Serve an officer's accepted websocket until it closes.

    Args:
        live: The room's parts.
        websocket: Accepted already.
        principal: The account; `live.office.hub.revoke(principal)` closes it with 4401 at once.
        sees: Whether this officer may see what belongs to an order and a person. Either may be
            None, where an event concerns no order, no person, or neither (`system.state`).
        renew: Asked with every heartbeat, so that what is taken away is gone within seconds.
    """
    await _Session(live, websocket, principal=principal, sees=sees, renew=renew).run()


async def serve_protected(
    live: Live,
    websocket: WebSocket,
    *,
    principal: str,
    person_id: PersonId,
    renew: Renew | None = None,
) -> None:
    """Serve a protected person's accepted websocket until it closes.

    Args:
        live: The room's parts.
        websocket: Accepted already.
        principal: The phone; `live.office.hub.revoke(principal)` closes it with 4401 at once.
        person_id: Who she is.
        renew: Asked with every heartbeat; None as its answer closes the connection with 4401.
    """
    await _Session(live, websocket, principal=principal, person_id=person_id, renew=renew).run()


class _Session:
    """One connection, from its first frame to its last."""

    def __init__(
        self,
        live: Live,
        websocket: WebSocket,
        *,
        principal: str,
        sees: Sees = sees_all,
        person_id: PersonId | None = None,
        renew: Renew | None = None,
    ) -> None:
        self._live = live
        self._renew = renew
        self._websocket = websocket
        self._person_id = person_id
        self._recipient = CONSOLE if person_id is None else recipient_of(person_id)
        self._awake = asyncio.Event()
        self._first: asyncio.Future[ClientFrame] = asyncio.get_running_loop().create_future()
        self._subscriber = live.office.hub.subscribe(
            self._recipient, principal, self._awake.set, sees
        )
        self._ordinal = 0
        self._heard: list[float] = []

    async def run(self) -> None:
        """Serve until either side closes."""
        code: int | None = None
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._read())
                group.create_task(self._write())
        except* ClosingError as closing:
            code = cast("ClosingError", closing.exceptions[0]).code
        except* WebSocketDisconnect:
            pass
        except* RecordsError:
            code = _BROKEN
        finally:
            self._live.office.hub.unsubscribe(self._subscriber)
            self._first.cancel()
        if code is not None:
            await self._close(code)

    async def _close(self, code: int) -> None:
        _log.info("socket_closed", code=code)
        connected = WebSocketState.CONNECTED
        if self._websocket.application_state is connected is self._websocket.client_state:
            await self._websocket.close(code)

    # What the client says.

    async def _read(self) -> None:
        while True:
            message = await self._websocket.receive()
            if message["type"] != "websocket.receive":
                raise WebSocketDisconnect(message.get("code", 1000))
            text = message.get("text")
            if text is None:
                raise ClosingError(_NOT_TEXT)
            if len(text) > CLIENT_FRAME_LENGTH_MAX:
                raise ClosingError(_TOO_LONG)
            self._count()
            await self._hear(text)

    def _count(self) -> None:
        now = asyncio.get_running_loop().time()
        since = now - CLIENT_WINDOW.total_seconds()
        self._heard = [*(at for at in self._heard if at > since), now]
        if len(self._heard) > CLIENT_FRAMES_MAX:
            raise ClosingError(_TOO_MANY)

    async def _hear(self, text: str) -> None:
        try:
            frame = parse(text)
        except ValueError:
            return
        if frame is None:
            return
        if not self._first.done():
            self._first.set_result(frame)
        if isinstance(frame, Received | Seen):
            decision = Decision.SEEN if isinstance(frame, Seen) else Decision.RECEIVED
            await self._answer(frame.alert_id, decision)

    async def _answer(self, alert_id: AlertId, decision: Decision) -> None:
        if self._person_id is None:
            return
        given = Answer(
            alert_id=alert_id,
            person_id=self._person_id,
            decision=decision,
            at=self._live.clock(),
        )
        await self._live.answers.append([encode(given)])

    # What the client is told.

    async def _write(self) -> None:
        await self._open()
        beat_s = self._live.heartbeat.total_seconds()
        loop = asyncio.get_running_loop()
        due = loop.time() + beat_s
        while True:
            self._awake.clear()
            if self._subscriber.close_code is not None:
                raise ClosingError(self._subscriber.close_code)
            await self._tell(self._subscriber.take())
            if loop.time() >= due:
                await self._beat()
                due = loop.time() + beat_s
            try:
                async with asyncio.timeout_at(due):
                    await self._awake.wait()
            except TimeoutError:
                continue

    async def _beat(self) -> None:
        """Prove that we live, and say what has become of readiness even if nobody else does."""
        if self._renew is not None:
            sees = await self._renew()
            if sees is None:
                raise ClosingError(REVOKED)
            self._subscriber.sees = sees
        now = self._live.clock()
        if self._person_id is None:
            self._live.office.refresh_system(now)
        else:
            self._live.office.refresh_person(self._person_id, now)
        await self._send(heartbeat_frame(now))

    async def _open(self) -> None:
        after = await self._resumed_after()
        missed = None
        if after is not None:
            missed = await self._live.records.read(
                lambda connection: _missed(connection, self._recipient, after)
            )
        if after is None or missed is None:
            await self._send_snapshot()
        else:
            self._ordinal = after
            sees = self._subscriber.sees
            frames = [frame_of(one) for one in missed if sees(one.order_id, one.person_id)]
            await self._tell(frames)
            self._ordinal = missed[-1].ordinal if missed else after
        if self._person_id is not None:
            self._live.office.refresh_person(self._person_id, self._live.clock())
        await self._tell(self._live.office.hub.states(self._subscriber))

    async def _resumed_after(self) -> int | None:
        try:
            async with asyncio.timeout(RESUME_WAIT.total_seconds()):
                frame = await asyncio.shield(self._first)
        except TimeoutError:
            self._first.cancel()
            return None
        return ordinal_of(self._recipient, frame.after) if isinstance(frame, Resume) else None

    async def _send_snapshot(self) -> None:
        now = self._live.clock()
        if self._person_id is None:
            ordinal, content = await self._live.records.read(self._console_content)
            seen = [one for person, one in self._live.office.device_items() if self._sees(person)]
            content |= {"devices": seen, "system": self._live.office.system_data(now)}
        else:
            ordinal, content = await self._live.records.read(self._her_content)
            content["protection"] = self._live.office.protection(self._person_id, now)
        self._ordinal = ordinal
        await self._send(snapshot_frame(cursor_of(self._recipient, ordinal), content))
        alert = content.get("alert")
        if alert is not None:
            shown = cast("dict[str, Any]", alert)
            await self._answer(AlertId(shown["alert_id"]), Decision.DELIVERED)

    def _sees(self, person_id: PersonId | None, order_id: OrderId | None = None) -> bool:
        return self._subscriber.sees(order_id, person_id)

    def _console_content(self, connection: Connection) -> tuple[int, dict[str, object]]:
        bodies = incident_records.unresolved_bodies(connection, canary=False)
        found = [decode(body, Incident) for body in bodies]
        items = [
            incident_item(one)
            for one in found
            if self._sees(one.protected_id or one.wearer_id, one.order_id)
        ]
        return live_records.head(connection, self._recipient), {"incidents": items}

    def _her_content(self, connection: Connection) -> tuple[int, dict[str, object]]:
        events = _told_last(connection, self._recipient)
        screen = fold_all((event.kind, json.loads(event.body)) for event in events)
        return live_records.head(connection, self._recipient), screen

    async def _tell(self, frames: Sequence[Frame]) -> None:
        for frame in frames:
            if frame.text is None:
                cursor = cursor_of(self._recipient, self._ordinal)
                await self._send(event_frame(cursor, frame.at, frame.kind, frame.body))
            elif frame.ordinal > self._ordinal:
                self._ordinal = frame.ordinal
                await self._send(frame.text)
                if frame.kind == "alert":
                    shown = json.loads(frame.body)
                    await self._answer(AlertId(shown["alert_id"]), Decision.DELIVERED)

    async def _send(self, text: str) -> None:
        try:
            async with asyncio.timeout(SEND_MAX.total_seconds()):
                await self._websocket.send_text(text)
        except TimeoutError:
            raise ClosingError(_SLOW) from None
        except RuntimeError:
            # Starlette's word for a socket that closed between two frames.
            raise WebSocketDisconnect from None


def _missed(connection: Connection, recipient: str, after: int) -> list[LiveEvent] | None:
    """Return what came after number `after`, or None if that cannot be said without a gap."""
    if after > live_records.head(connection, recipient):
        return None
    oldest = live_records.oldest(connection, recipient)
    if oldest is not None and after + 1 < oldest:
        return None
    events = live_records.events_after(connection, recipient, after, MISSED_EVENTS_MAX + 1)
    return None if len(events) > MISSED_EVENTS_MAX else events


def _told_last(connection: Connection, recipient: str) -> list[LiveEvent]:
    """Return the events of hers that her screen is the fold of."""
    alert = live_records.newest_of_kind(connection, recipient, "alert")
    if alert is not None:
        later = live_records.events_after(connection, recipient, alert.ordinal, MISSED_EVENTS_MAX)
        return [alert, *later]
    news = live_records.newest_of_kind(connection, recipient, "help.state")
    return [] if news is None else [news]
