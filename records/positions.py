"""Queries of where people were: the last position, and a track with what was not believed.

Only `mobile_api.access` may lead here, and only after the look-up is in the audit.
"""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import (
    Connection,
    Select,
    and_,
    func,
    literal,
    null,
    or_,
    select,
    tuple_,
    union_all,
)

from domain.position import Position
from domain.reading import FixState
from records.tables import fixes, rejections

REJECTED = "rejected"


class TrackPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One reading of one device of a person.

    Attributes:
        fixed_at: By the device's clock; for a rejection what it claimed, else its arrival.
        position: None for a rejection, whose place decides nothing and is kept as raw bytes only.
        state: `accepted`, `held`, `late`, or `rejected`.
    """

    log_position: int
    device_id: str
    fixed_at: datetime
    received_at: datetime
    state: str
    position: Position | None = None
    accuracy_m: float | None = None
    source: str | None = None
    boot: int | None = None
    seq: int | None = None
    reason: str | None = None


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """How far a reader of a track has come."""

    fixed_at: datetime
    log_position: int


def last_position(connection: Connection, person_id: str) -> TrackPoint | None:
    """Return the newest position of a person that is believed, or None if there never was one."""
    row = connection.execute(
        _believed()
        .where(fixes.c.person_id == person_id, fixes.c.state == FixState.ACCEPTED.value)
        .order_by(fixes.c.fixed_at.desc(), fixes.c.log_position.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else _point(row)


def track(
    connection: Connection,
    person_id: str,
    since: datetime,
    until: datetime,
    *,
    after: Mark | None,
    limit: int,
) -> list[TrackPoint]:
    """Return what a person's devices said in `since <= t < until`, in order of `t`."""
    claimed = func.coalesce(rejections.c.claimed_at, rejections.c.received_at)
    both = union_all(
        _believed().where(
            fixes.c.person_id == person_id,
            fixes.c.fixed_at >= since,
            fixes.c.fixed_at < until,
        ),
        _refused().where(
            rejections.c.person_id == person_id,
            or_(
                and_(claimed >= since, claimed < until),
                and_(rejections.c.received_at >= since, rejections.c.received_at < until),
            ),
        ),
    ).subquery()
    query = select(both).order_by(both.c.fixed_at, both.c.log_position).limit(limit)
    if after is not None:
        query = query.where(
            tuple_(both.c.fixed_at, both.c.log_position)
            > tuple_(literal(after.fixed_at, fixes.c.fixed_at.type), literal(after.log_position))
        )
    return [_point(row) for row in connection.execute(query)]


def _believed() -> Select[*tuple[Any, ...]]:
    return select(
        fixes.c.log_position,
        fixes.c.device_id,
        fixes.c.fixed_at,
        fixes.c.received_at,
        fixes.c.state,
        fixes.c.latitude_deg,
        fixes.c.longitude_deg,
        fixes.c.accuracy_m,
        fixes.c.source,
        fixes.c.boot,
        fixes.c.seq,
        fixes.c.reason,
    )


def _refused() -> Select[*tuple[Any, ...]]:
    claimed = func.coalesce(rejections.c.claimed_at, rejections.c.received_at)
    return select(
        rejections.c.log_position,
        rejections.c.device_id,
        claimed.label("fixed_at"),
        rejections.c.received_at,
        literal(REJECTED).label("state"),
        null().label("latitude_deg"),
        null().label("longitude_deg"),
        null().label("accuracy_m"),
        null().label("source"),
        rejections.c.boot,
        rejections.c.seq,
        rejections.c.reason,
    )


def _point(row: Any) -> TrackPoint:
    """Return the reading a row holds."""
    place = None
    if row.latitude_deg is not None:
        place = Position(latitude_deg=row.latitude_deg, longitude_deg=row.longitude_deg)
    return TrackPoint(
        log_position=row.log_position,
        device_id=row.device_id,
        fixed_at=row.fixed_at,
        received_at=row.received_at,
        state=row.state,
        position=place,
        accuracy_m=row.accuracy_m,
        source=row.source,
        boot=row.boot,
        seq=row.seq,
        reason=row.reason,
    )
