"""Queries of live events: what each recipient was told at once, counted, so nothing is missed."""

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Connection, func, insert, select

from domain.ids import DeviceId, OrderId, PersonId, ReadingId
from domain.incident import LiveEvent
from domain.position import Position
from domain.reading import Fix, FixState, Source
from records.tables import fixes, live_events, register_changes


def add_events(connection: Connection, events: Iterable[LiveEvent]) -> None:
    """Append events, numbered already."""
    rows = [msgspec.structs.asdict(event) for event in events]
    if rows:
        connection.execute(insert(live_events), rows)


def heads(connection: Connection) -> dict[str, int]:
    """Return the number of each recipient's newest event."""
    rows = connection.execute(
        select(live_events.c.recipient, func.max(live_events.c.ordinal)).group_by(
            live_events.c.recipient
        )
    )
    return {recipient: int(ordinal) for recipient, ordinal in rows}


def head(connection: Connection, recipient: str) -> int:
    """Return the number of a recipient's newest event; 0 if there is none."""
    newest = connection.execute(
        select(func.max(live_events.c.ordinal)).where(live_events.c.recipient == recipient)
    ).scalar_one()
    return 0 if newest is None else int(newest)


def oldest(connection: Connection, recipient: str) -> int | None:
    """Return the number of the oldest event still kept for a recipient, or None."""
    return connection.execute(
        select(func.min(live_events.c.ordinal)).where(live_events.c.recipient == recipient)
    ).scalar_one()


def events_after(
    connection: Connection, recipient: str, ordinal: int, limit: int
) -> list[LiveEvent]:
    """Return a recipient's events after number `ordinal`, in order."""
    rows = connection.execute(
        select(live_events)
        .where(live_events.c.recipient == recipient, live_events.c.ordinal > ordinal)
        .order_by(live_events.c.ordinal)
        .limit(limit)
    )
    return [_event(row) for row in rows]


def newest_of_kind(connection: Connection, recipient: str, kind: str) -> LiveEvent | None:
    """Return a recipient's newest event of one kind, or None."""
    row = connection.execute(
        select(live_events)
        .where(live_events.c.recipient == recipient, live_events.c.kind == kind)
        .order_by(live_events.c.ordinal.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else _event(row)


def _event(row: Any) -> LiveEvent:
    return LiveEvent(
        recipient=row.recipient,
        ordinal=row.ordinal,
        at=row.at,
        kind=row.kind,
        body=row.body,
        order_id=None if row.order_id is None else OrderId(row.order_id),
        person_id=None if row.person_id is None else PersonId(row.person_id),
    )


def last_change(connection: Connection) -> int:
    """Return the number of the register's newest change; 0 if there is none."""
    newest = connection.execute(select(func.max(register_changes.c.change_id))).scalar_one()
    return 0 if newest is None else int(newest)


def newest_fixes(connection: Connection, device_ids: Iterable[str]) -> list[Fix]:
    """Return the newest accepted fix of each device that has one."""
    found = [_newest_fix(connection, device_id) for device_id in device_ids]
    return [fix for fix in found if fix is not None]


def _newest_fix(connection: Connection, device_id: str) -> Fix | None:
    row = connection.execute(
        select(fixes)
        .where(fixes.c.device_id == device_id, fixes.c.state == FixState.ACCEPTED.value)
        .order_by(fixes.c.fixed_at.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    return Fix(
        reading_id=ReadingId(row.reading_id),
        log_position=row.log_position,
        device_id=DeviceId(row.device_id),
        person_id=PersonId(row.person_id),
        fixed_at=row.fixed_at,
        received_at=row.received_at,
        position=Position(latitude_deg=row.latitude_deg, longitude_deg=row.longitude_deg),
        accuracy_m=row.accuracy_m,
        battery_percent=row.battery_percent,
        source=Source(row.source),
    )
