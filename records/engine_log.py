"""Queries of the engine: its state, the order in which it evaluated, and what it decided.

Written by the engine alone, all of one round in one transaction. Bodies are given and returned as
bytes; the record does not judge them. What was committed by ingest and not yet evaluated can
always be found here, so losing a stream loses nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, Table, and_, bindparam, delete, func, insert, select

from domain.ids import DeviceId, PersonId, ReadingId
from domain.position import Position
from domain.reading import (
    DeviceEvent,
    EventType,
    Fix,
    FixState,
    Presence,
    Reading,
    Reason,
    Source,
)
from records.tables import (
    consumers,
    device_events,
    engine_state,
    evaluations,
    fixes,
    presences,
    transitions,
)


class EvaluationRow(msgspec.Struct, frozen=True, kw_only=True):
    """One fact taken in by the engine.

    Attributes:
        kind: The fact's tag: `fix`, `device_event`, `presence`, `order_changed` and so on.
        ref: Id of the reading, or number of the register change.
        at: The engine's clock then.
    """

    kind: str
    ref: str
    at: datetime


class TransitionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One transition; `body` is the whole of it."""

    transition_id: str
    at: datetime
    order_id: str
    body: bytes


def states(connection: Connection, shard: int) -> list[tuple[str, bytes]]:
    """Return the engine's state, subject by subject."""
    table = engine_state.c
    rows = connection.execute(
        select(table.subject, table.body).where(table.shard == shard).order_by(table.subject)
    )
    return [(row.subject, row.body) for row in rows]


def put_states(connection: Connection, shard: int, rows: Sequence[tuple[str, bytes]]) -> None:
    """Write states in place of what they were."""
    if not rows:
        return
    connection.execute(
        delete(engine_state).where(
            engine_state.c.shard == shard, engine_state.c.subject == bindparam("old_subject")
        ),
        [{"old_subject": subject} for subject, _ in rows],
    )
    connection.execute(
        insert(engine_state),
        [{"shard": shard, "subject": subject, "body": body} for subject, body in rows],
    )


def add_evaluations(
    connection: Connection, shard: int, first: int, rows: Sequence[EvaluationRow]
) -> None:
    """Write in which order facts were taken in, numbering them from `first`."""
    if rows:
        connection.execute(
            insert(evaluations),
            [
                {"shard": shard, "ordinal": ordinal, **msgspec.structs.asdict(row)}
                for ordinal, row in enumerate(rows, start=first)
            ],
        )


def add_transitions(connection: Connection, rows: Sequence[TransitionRow]) -> None:
    """Write what was decided, in order."""
    if rows:
        connection.execute(insert(transitions), [msgspec.structs.asdict(row) for row in rows])


def last_ordinal(connection: Connection, shard: int) -> int:
    """Return the number of the latest evaluation; 0 if there was none."""
    newest = select(func.max(evaluations.c.ordinal)).where(evaluations.c.shard == shard)
    return connection.execute(newest).scalar_one() or 0


def mark(connection: Connection, shard: int) -> int:
    """Return the place in the log up to which everything is known to have been evaluated."""
    found = select(consumers.c.mark).where(consumers.c.name == _name(shard))
    return connection.execute(found).scalar_one_or_none() or 0


def put_mark(connection: Connection, shard: int, position: int) -> None:
    """Write up to which place in the log everything has been evaluated."""
    connection.execute(delete(consumers).where(consumers.c.name == _name(shard)))
    connection.execute(insert(consumers).values(name=_name(shard), mark=position))


def evaluated_after(connection: Connection, shard: int, position: int) -> set[int]:
    """Return the places after `position` in the log whose readings have been evaluated."""
    found: set[int] = set()
    for table, kind in _READINGS:
        rows = connection.execute(
            select(table.c.log_position)
            .join(evaluations, _evaluated(table, kind, shard))
            .where(table.c.log_position > position)
        )
        found.update(rows.scalars())
    return found


def unevaluated_after(
    connection: Connection, shard: int, position: int, limit: int
) -> list[Reading]:
    """Return the first readings after `position` in the log that were never evaluated."""
    found: list[Reading] = []
    for table, kind in _READINGS:
        rows = connection.execute(_missing(table, kind, shard, position).limit(limit))
        found += [_reading(kind, row) for row in rows]
    return sorted(found, key=lambda reading: reading.log_position)[:limit]


def newest_position(connection: Connection) -> int:
    """Return the last place in the log that holds a reading; 0 if there is none."""
    newest = [
        connection.execute(select(func.max(table.c.log_position))).scalar_one() or 0
        for table, _ in _READINGS
    ]
    return max(newest)


_READINGS: tuple[tuple[Table, str], ...] = (
    (fixes, "fix"),
    (device_events, "device_event"),
    (presences, "presence"),
)


def _name(shard: int) -> str:
    return f"engine:{shard}"


def _evaluated(table: Table, kind: str, shard: int) -> Any:
    return and_(
        evaluations.c.shard == shard,
        evaluations.c.kind == kind,
        evaluations.c.ref == table.c.reading_id,
    )


def _missing(table: Table, kind: str, shard: int, position: int) -> Select[Any]:
    return (
        select(table)
        .where(
            table.c.log_position > position,
            ~select(evaluations.c.ordinal).where(_evaluated(table, kind, shard)).exists(),
        )
        .order_by(table.c.log_position)
    )


def _reading(kind: str, row: Any) -> Reading:
    """Return the reading a row holds."""
    if kind == "fix":
        return _fix(row)
    if kind == "presence":
        return Presence(
            reading_id=ReadingId(row.reading_id),
            log_position=row.log_position,
            device_id=DeviceId(row.device_id),
            person_id=PersonId(row.person_id),
            received_at=row.received_at,
            online=row.online,
        )
    return DeviceEvent(
        reading_id=ReadingId(row.reading_id),
        log_position=row.log_position,
        device_id=DeviceId(row.device_id),
        person_id=PersonId(row.person_id),
        occurred_at=row.occurred_at,
        received_at=row.received_at,
        event_type=EventType(row.event_type),
        boot=row.boot,
        seq=row.seq,
        position=_position(row),
        accuracy_m=row.accuracy_m,
    )


def _fix(row: Any) -> Fix:
    position = _position(row)
    assert position is not None
    return Fix(
        reading_id=ReadingId(row.reading_id),
        log_position=row.log_position,
        device_id=DeviceId(row.device_id),
        person_id=PersonId(row.person_id),
        fixed_at=row.fixed_at,
        received_at=row.received_at,
        position=position,
        state=FixState(row.state),
        reason=None if row.reason is None else Reason(row.reason),
        accuracy_m=row.accuracy_m,
        boot=row.boot,
        seq=row.seq,
        speed_mps=row.speed_mps,
        course_deg=row.course_deg,
        altitude_m=row.altitude_m,
        satellites=row.satellites,
        battery_percent=row.battery_percent,
        source=Source(row.source),
    )


def _position(row: Any) -> Position | None:
    if row.latitude_deg is None:
        return None
    return Position(latitude_deg=row.latitude_deg, longitude_deg=row.longitude_deg)
