"""What is waiting for the desk, read from the record in one transaction. Shell."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from alerts.answers import Answer
from alerts.escalation import Outstanding
from domain.command import Command
from domain.ids import AlertId, IncidentId, PersonId
from domain.incident import AlertLevel, Incident
from domain.order import Device, Order
from domain.transition import DeviceChanged, OrderChanged, TamperCleared, Transition
from records import commands as command_records
from records import incidents as incident_records
from records import register as register_records
from records.incidents import NoticeRow
from runtime.wire import decode

#: Most of each kind taken in one round: one transaction stays short.
BATCH_MAX: Final = 500

_CHANGE: Any = OrderChanged | DeviceChanged | TamperCleared


class Intake(msgspec.Struct, frozen=True, kw_only=True):
    """One round's worth.

    Attributes:
        mark: How far the transitions reach.
        change_id: How far the register's changes reach.
        named: Resolved incidents that commands name.
        outstanding: The alerts that answers are about, by id, as far as there are such.
        full: Whether there may be more.
    """

    mark: int
    change_id: int
    transitions: Sequence[Transition]
    commands: Sequence[Command]
    orders: Sequence[Order]
    devices: Sequence[Device]
    named: dict[IncidentId, Incident]
    outstanding: dict[AlertId, Outstanding]
    full: bool

    @property
    def changed(self) -> bool:
        """Return whether the register has changed."""
        return bool(self.orders or self.devices)


def gather(
    connection: Connection,
    mark: int,
    change_id: int,
    answers: Iterable[Answer],
    standing: frozenset[IncidentId],
) -> Intake:
    """Return what came after `mark` and `change_id`, and what deciding it needs to know."""
    rows = incident_records.transitions_after(connection, mark, BATCH_MAX)
    bodies = command_records.pending_bodies(connection, BATCH_MAX)
    changes = register_records.changes_after(connection, change_id, BATCH_MAX)
    given = [decode(body, Command) for body in bodies]
    facts: list[Any] = [decode(change.body, _CHANGE) for change in changes]
    return Intake(
        mark=rows[-1].position if rows else mark,
        change_id=changes[-1].change_id if changes else change_id,
        transitions=[decode(row.body, Transition) for row in rows],
        commands=given,
        orders=[fact.order for fact in facts if isinstance(fact, OrderChanged)],
        devices=[fact.device for fact in facts if isinstance(fact, DeviceChanged)],
        named=_named(connection, given, standing),
        outstanding=_outstanding(connection, answers),
        full=BATCH_MAX in {len(rows), len(bodies), len(changes)},
    )


def outstanding_of(row: NoticeRow) -> Outstanding:
    """Return a notice as the desk follows it."""
    return Outstanding(
        alert_id=AlertId(row.alert_id),
        incident_id=IncidentId(row.incident_id),
        person_id=PersonId(row.person_id),
        level=AlertLevel(row.level),
        decided_at=row.decided_at,
        delivered_at=row.delivered_at,
        received_at=row.received_at,
        seen_at=row.seen_at,
    )


def _named(
    connection: Connection, given: Iterable[Command], standing: frozenset[IncidentId]
) -> dict[IncidentId, Incident]:
    named: dict[IncidentId, Incident] = {}
    for command in given:
        incident_id = command.incident_id
        if incident_id is None or incident_id in standing:
            continue
        body = incident_records.incident_body(connection, incident_id)
        if body is not None:
            named[incident_id] = decode(body, Incident)
    return named


def _outstanding(connection: Connection, answers: Iterable[Answer]) -> dict[AlertId, Outstanding]:
    asked = {answer.alert_id for answer in answers}
    rows = (incident_records.notice(connection, alert_id) for alert_id in sorted(asked))
    found = (outstanding_of(row) for row in rows if row is not None)
    return {one.alert_id: one for one in found}
