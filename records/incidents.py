"""Queries of incidents, their history, notices, deliveries and the ledger.

Written by the alerts room alone, in one transaction with the mark of what it has read. Bodies are
given and returned as bytes (`runtime.wire`). Lists leave the synthetic case out.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, func, insert, or_, select, update

from domain.ids import CANARY_PREFIX, IncidentId
from domain.incident import Incident, IncidentState, Notice, TimelineEntry
from domain.transition import Level
from records.tables import consumers, deliveries, incidents, ledger, notices, timeline, transitions


class IncidentFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which incidents to list.

    Attributes:
        order_ids: Only those of these orders; None is no limit. Empty lists nothing.
        after: Of the page before: when its last incident was opened, and its id.
    """

    state: str | None = None
    priority: str | None = None
    order_ids: frozenset[str] | None = None
    after: tuple[datetime, str] | None = None
    limit: int = 100


class NoticeRow(msgspec.Struct, frozen=True, kw_only=True):
    """A notice and what became of it. `body` is a `Notice`, as bytes of `runtime.wire`."""

    alert_id: str
    incident_id: str
    person_id: str
    level: str
    decided_at: datetime
    delivered_at: datetime | None
    received_at: datetime | None
    seen_at: datetime | None
    body: bytes


class DeliveryRow(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to reach somebody, or one answer."""

    alert_id: str
    audience: str
    channel: str
    at: datetime
    outcome: str
    reason: str | None = None


class TransitionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A transition and its place in the order in which they were written."""

    position: int
    body: bytes


def put_incident(connection: Connection, incident: Incident, body: bytes) -> None:
    """Write an incident as it stands."""
    columns = {
        "order_id": incident.order_id,
        "condition_id": incident.condition_id,
        "subject": incident.subject.value,
        "wearer_id": incident.wearer_id,
        "protected_id": incident.protected_id,
        "device_id": incident.device_id,
        "state": incident.state.value,
        "priority": incident.priority.value,
        "level": incident.level.value,
        "opened_at": incident.opened_at,
        "changed_at": incident.changed_at,
        "body": body,
    }
    here = incidents.c.incident_id == incident.incident_id
    if connection.execute(update(incidents).where(here).values(columns)).rowcount == 0:
        connection.execute(insert(incidents).values(incident_id=incident.incident_id, **columns))


def incident_body(connection: Connection, incident_id: str) -> bytes | None:
    """Return the incident of that id, as bytes, or None."""
    return connection.execute(
        select(incidents.c.body).where(incidents.c.incident_id == incident_id)
    ).scalar_one_or_none()


def unresolved_bodies(connection: Connection, *, canary: bool) -> list[bytes]:
    """Return every unresolved incident, oldest first, with or without the synthetic case's."""
    query = (
        select(incidents.c.body)
        .where(incidents.c.state != IncidentState.RESOLVED.value)
        .order_by(incidents.c.opened_at, incidents.c.incident_id)
    )
    if not canary:
        query = query.where(_not_canary(incidents.c.incident_id))
    return list(connection.execute(query).scalars())


def list_incident_bodies(connection: Connection, wanted: IncidentFilter) -> list[bytes]:
    """Return a page of incidents, newest first."""
    terms = [_not_canary(incidents.c.incident_id)]
    if wanted.state is not None:
        terms.append(incidents.c.state == wanted.state)
    if wanted.priority is not None:
        terms.append(incidents.c.priority == wanted.priority)
    if wanted.order_ids is not None:
        terms.append(incidents.c.order_id.in_(sorted(wanted.order_ids)))
    if wanted.after is not None:
        opened_at, incident_id = wanted.after
        same = and_(incidents.c.opened_at == opened_at, incidents.c.incident_id < incident_id)
        terms.append(or_(incidents.c.opened_at < opened_at, same))
    query = (
        select(incidents.c.body)
        .where(*terms)
        .order_by(incidents.c.opened_at.desc(), incidents.c.incident_id.desc())
        .limit(wanted.limit)
    )
    return list(connection.execute(query).scalars())


class TroubleRow(msgspec.Struct, frozen=True, kw_only=True):
    """The latest incident of a device and a kind, if its level says that it still stands.

    Attributes:
        resolved: Nothing that came afterwards changed its level: `transitions_since` tells.
    """

    device_id: str
    subject: str
    order_id: str | None
    opened_at: datetime
    resolved: bool


def troubled_devices(connection: Connection) -> list[TroubleRow]:
    """Return every device's latest incident of a kind that still stands by its level.

    An incident may be resolved while the device is still in trouble.
    """
    latest = (
        select(
            incidents.c.device_id,
            incidents.c.subject,
            func.max(incidents.c.changed_at).label("changed_at"),
        )
        .where(incidents.c.device_id.is_not(None), incidents.c.condition_id.is_(None))
        .group_by(incidents.c.device_id, incidents.c.subject)
        .subquery()
    )
    rows = connection.execute(
        select(
            incidents.c.device_id,
            incidents.c.subject,
            incidents.c.order_id,
            incidents.c.opened_at,
            incidents.c.state,
        )
        .join(
            latest,
            and_(
                incidents.c.device_id == latest.c.device_id,
                incidents.c.subject == latest.c.subject,
                incidents.c.changed_at == latest.c.changed_at,
            ),
        )
        .where(incidents.c.level != Level.CLEAR.value)
        .distinct()
    )
    return [
        TroubleRow(
            device_id=row.device_id,
            subject=row.subject,
            order_id=row.order_id,
            opened_at=row.opened_at,
            resolved=row.state == IncidentState.RESOLVED.value,
        )
        for row in rows
    ]


def transitions_since(connection: Connection, order_id: str, at: datetime) -> list[bytes]:
    """Return the transitions of an order from an instant on, in order, as bytes."""
    rows = connection.execute(
        select(transitions.c.body)
        .where(transitions.c.order_id == order_id, transitions.c.at >= at)
        .order_by(transitions.c.position)
    )
    return list(rows.scalars())


def add_entries(connection: Connection, entries: Iterable[TimelineEntry]) -> None:
    """Append lines to the histories of incidents."""
    rows = [msgspec.structs.asdict(entry) for entry in entries]
    if rows:
        connection.execute(insert(timeline), rows)


def timeline_of(connection: Connection, incident_id: str) -> list[TimelineEntry]:
    """Return an incident's history, in order."""
    rows = connection.execute(
        select(timeline).where(timeline.c.incident_id == incident_id).order_by(timeline.c.entry_id)
    )
    return [
        TimelineEntry(
            incident_id=IncidentId(row.incident_id),
            at=row.at,
            kind=row.kind,
            actor=row.actor,
            level=None if row.level is None else Level(row.level),
            note=row.note,
            reason=row.reason,
        )
        for row in rows
    ]


def add_notice(connection: Connection, given: Notice, body: bytes) -> None:
    """Write a notice. One that is there already, because it is shown again, stays as it is."""
    if notice(connection, given.alert_id) is not None:
        return
    connection.execute(
        insert(notices).values(
            alert_id=given.alert_id,
            incident_id=given.incident_id,
            person_id=given.person_id,
            level=given.level.value,
            decided_at=given.decided_at,
            body=body,
        )
    )


def notice(connection: Connection, alert_id: str) -> NoticeRow | None:
    """Return a notice and what became of it, or None."""
    row = connection.execute(select(notices).where(notices.c.alert_id == alert_id)).one_or_none()
    return None if row is None else _notice(row)


def notices_of(connection: Connection, incident_id: str) -> list[NoticeRow]:
    """Return what was told of an incident, oldest first."""
    rows = connection.execute(
        select(notices)
        .where(notices.c.incident_id == incident_id)
        .order_by(notices.c.decided_at, notices.c.alert_id)
    )
    return [_notice(row) for row in rows]


def newest_notices(connection: Connection) -> list[NoticeRow]:
    """Return the newest notice of each unresolved incident: what an answer is awaited to."""
    unresolved = (
        select(notices.c.incident_id, func.max(notices.c.decided_at).label("decided_at"))
        .join(incidents, incidents.c.incident_id == notices.c.incident_id)
        .where(incidents.c.state != IncidentState.RESOLVED.value)
        .group_by(notices.c.incident_id)
        .subquery()
    )
    rows = connection.execute(
        select(notices)
        .join(
            unresolved,
            and_(
                notices.c.incident_id == unresolved.c.incident_id,
                notices.c.decided_at == unresolved.c.decided_at,
            ),
        )
        .order_by(notices.c.alert_id)
    )
    return [_notice(row) for row in rows]


def put_answers(
    connection: Connection, alert_id: str, answered_at: Mapping[str, datetime | None]
) -> None:
    """Write when an alert was delivered, received and seen; the first of each stays."""
    for column, at in answered_at.items():
        if at is not None:
            field = notices.c[column]
            connection.execute(
                update(notices)
                .where(notices.c.alert_id == alert_id, field.is_(None))
                .values({column: at})
            )


def add_deliveries(connection: Connection, rows: Iterable[DeliveryRow]) -> None:
    """Append attempts and answers."""
    given = [msgspec.structs.asdict(row) for row in rows]
    if given:
        connection.execute(insert(deliveries), given)


def deliveries_of(connection: Connection, alert_id: str) -> list[DeliveryRow]:
    """Return what became of an alert, in order."""
    rows = connection.execute(
        select(deliveries)
        .where(deliveries.c.alert_id == alert_id)
        .order_by(deliveries.c.delivery_id)
    )
    return [
        DeliveryRow(
            alert_id=row.alert_id,
            audience=row.audience,
            channel=row.channel,
            at=row.at,
            outcome=row.outcome,
            reason=row.reason,
        )
        for row in rows
    ]


def add_ledger(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Append decisions: `at`, `subject`, `ref`, `decision`, `reason` each."""
    if rows:
        connection.execute(insert(ledger), list(rows))


def transitions_after(connection: Connection, position: int, limit: int) -> list[TransitionRow]:
    """Return the transitions written after `position`, in order. 0 gives them from the first."""
    rows = connection.execute(
        select(transitions.c.position, transitions.c.body)
        .where(transitions.c.position > position)
        .order_by(transitions.c.position)
        .limit(limit)
    )
    return [TransitionRow(position=row.position, body=row.body) for row in rows]


def mark(connection: Connection, name: str) -> int:
    """Return how far a consumer has come; 0 if it has not begun."""
    found = connection.execute(
        select(consumers.c.mark).where(consumers.c.name == name)
    ).scalar_one_or_none()
    return 0 if found is None else int(found)


def put_mark(connection: Connection, name: str, position: int) -> None:
    """Write how far a consumer has come."""
    here = consumers.c.name == name
    if connection.execute(update(consumers).where(here).values(mark=position)).rowcount == 0:
        connection.execute(insert(consumers).values(name=name, mark=position))


def _not_canary(column: ColumnElement[str]) -> ColumnElement[bool]:
    return ~column.startswith(CANARY_PREFIX, autoescape=True)


def _notice(row: Any) -> NoticeRow:
    return NoticeRow(
        alert_id=row.alert_id,
        incident_id=row.incident_id,
        person_id=row.person_id,
        level=row.level,
        decided_at=row.decided_at,
        delivered_at=row.delivered_at,
        received_at=row.received_at,
        seen_at=row.seen_at,
        body=row.body,
    )
