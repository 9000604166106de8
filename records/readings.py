"""Queries of what arrived: raw messages, readings, rejections, quarantine, committed numbers.

Written by ingest alone, a batch of messages in one transaction. The committed numbers of a boot
are bytes that ingest gives and gets back; the record does not judge them.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec
from sqlalchemy import Connection, Table, and_, bindparam, delete, func, insert, or_, select

from domain.ids import DeviceId, ReadingId
from domain.position import Position
from domain.reading import (
    DeviceEvent,
    Fix,
    Presence,
    Quarantined,
    RawMessage,
    Reading,
    Rejection,
)
from records.tables import (
    device_events,
    device_sequences,
    fixes,
    presences,
    quarantine,
    raw_messages,
    register_changes,
    rejections,
)

T = TypeVar("T")

#: Values one statement may ask for; both databases take more.
_ASKED_MAX: Final = 500


class SequenceRow(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of one boot of a device.

    Attributes:
        boot: The device's boot counter; -1 for what devices without counters sent.
        contiguous: Highest committed number with no gap below it.
        islands: The committed numbers, as ingest writes them.
        newest_fixed_at: Instant of the newest accepted fix of the device when this was written.
    """

    device_id: DeviceId
    boot: int
    contiguous: int
    islands: bytes
    newest_fixed_at: datetime | None = None


def add_raw_messages(
    connection: Connection, messages: Sequence[tuple[RawMessage, DeviceId | None]]
) -> list[int]:
    """Keep messages as they arrived, with their hash; return their numbers, in order."""
    if not messages:
        return []
    rows = [
        {
            "topic": message.topic,
            "payload": message.payload,
            "sha256": hashlib.sha256(message.payload).hexdigest(),
            "received_at": message.received_at,
            "retained": message.retained,
            "device_id": device_id,
        }
        for message, device_id in messages
    ]
    numbered = insert(raw_messages).returning(raw_messages.c.raw_id, sort_by_parameter_order=True)
    return list(connection.execute(numbered, rows).scalars())


def add_outcomes(
    connection: Connection, outcomes: Iterable[Reading | Rejection | Quarantined]
) -> None:
    """Keep readings, rejections and quarantine, each in its table."""
    rows: dict[str, tuple[Table, list[dict[str, Any]]]] = {}
    for outcome in outcomes:
        table, row = _row(outcome)
        rows.setdefault(table.name, (table, []))[1].append(row)
    for table, found in rows.values():
        connection.execute(insert(table), found)


def put_sequences(connection: Connection, rows: Sequence[SequenceRow]) -> None:
    """Write what is remembered of boots, in place of what was."""
    if not rows:
        return
    connection.execute(
        delete(device_sequences).where(
            device_sequences.c.device_id == bindparam("old_device_id"),
            device_sequences.c.boot == bindparam("old_boot"),
        ),
        [{"old_device_id": row.device_id, "old_boot": row.boot} for row in rows],
    )
    connection.execute(insert(device_sequences), [msgspec.structs.asdict(row) for row in rows])


def sequences(connection: Connection, boots: Iterable[tuple[DeviceId, int]]) -> list[SequenceRow]:
    """Return what is remembered of these boots."""
    table = device_sequences.c
    found: list[SequenceRow] = []
    for asked in _portions(boots):
        these = (
            and_(table.device_id == device_id, table.boot == boot) for device_id, boot in asked
        )
        for row in connection.execute(select(device_sequences).where(or_(*these))):
            found.append(
                SequenceRow(
                    device_id=row.device_id,
                    boot=row.boot,
                    contiguous=row.contiguous,
                    islands=row.islands,
                    newest_fixed_at=row.newest_fixed_at,
                )
            )
    return found


def newest_fixes(
    connection: Connection, device_ids: Iterable[DeviceId]
) -> dict[DeviceId, datetime]:
    """Return the instant of the newest accepted fix of each device that ever had one."""
    table = device_sequences.c
    newest = func.max(table.newest_fixed_at)
    found: dict[DeviceId, datetime] = {}
    for asked in _portions(device_ids):
        rows = connection.execute(
            select(table.device_id, newest)
            .where(table.device_id.in_(asked), table.newest_fixed_at.is_not(None))
            .group_by(table.device_id)
        )
        found.update((device_id, at) for device_id, at in rows)
    return found


def known_since(
    connection: Connection, reading_ids: Iterable[ReadingId]
) -> dict[ReadingId, datetime]:
    """Return when each of these fixes and events was received, of those that were."""
    found: dict[ReadingId, datetime] = {}
    for asked in _portions(reading_ids):
        for table in (fixes, device_events):
            rows = connection.execute(
                select(table.c.reading_id, table.c.received_at).where(table.c.reading_id.in_(asked))
            )
            found.update((reading_id, at) for reading_id, at in rows)
    return found


def last_change_id(connection: Connection) -> int:
    """Return the number of the register's latest change; 0 if there is none."""
    return connection.execute(select(func.max(register_changes.c.change_id))).scalar_one() or 0


def _portions(values: Iterable[T]) -> Iterator[list[T]]:
    """Yield `values`, each once, in lists that one statement may ask for."""
    asked = list(dict.fromkeys(values))
    for start in range(0, len(asked), _ASKED_MAX):
        yield asked[start : start + _ASKED_MAX]


def _row(outcome: Reading | Rejection | Quarantined) -> tuple[Table, dict[str, Any]]:
    """Return the table an outcome is kept in, and its row."""
    row = msgspec.structs.asdict(outcome)
    match outcome:
        case Fix():
            _spread(row)
            return fixes, row
        case DeviceEvent():
            _spread(row)
            return device_events, row
        case Presence():
            return presences, row
        case Rejection():
            return rejections, row
        case Quarantined():
            return quarantine, row


def _spread(row: dict[str, Any]) -> None:
    """Put the two coordinates of a position in its place."""
    position = row.pop("position")
    assert position is None or isinstance(position, Position)
    row["latitude_deg"] = None if position is None else position.latitude_deg
    row["longitude_deg"] = None if position is None else position.longitude_deg
