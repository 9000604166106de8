"""An incident as an officer reads it: with its history, its people, and what reached her."""

from datetime import datetime

import msgspec
from sqlalchemy import Connection

from alerts.live.views import incident_item
from domain.incident import Incident, TimelineEntry
from domain.order import ExclusionZone, InclusionZone, Order
from mobile_api.answers import Document
from records import access, incidents, register
from records.incidents import NoticeRow
from runtime import wire
from runtime.wire import rfc3339


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """What is read of an incident at once.

    Attributes:
        names: Of accounts and people, by id.
    """

    incident: Incident
    timeline: tuple[TimelineEntry, ...]
    notices: tuple[NoticeRow, ...]
    order: Order | None
    names: dict[str, str]

    def __repr__(self) -> str:
        """Identify the case without its people."""
        return f"Case({self.incident.incident_id})"


def case_of(connection: Connection, incident: Incident) -> Case:
    """Return all that an officer reads of an incident."""
    timeline = incidents.timeline_of(connection, incident.incident_id)
    body = None
    if incident.order_id is not None:
        body = register.order_body(connection, incident.order_id)
    return Case(
        incident=incident,
        timeline=tuple(timeline),
        notices=tuple(incidents.notices_of(connection, incident.incident_id)),
        order=None if body is None else wire.decode(body, Order),
        names=_names(connection, incident, timeline),
    )


def case_document(case: Case) -> Document:
    """Return an incident with its history, as `GET /incidents/{id}` shows it."""
    incident = case.incident
    owner = None if incident.owner is None else case.names.get(incident.owner)
    return {
        **incident_item(incident),
        "owner_name": owner,
        "wearer_name": case.names.get(incident.wearer_id or ""),
        "protected_name": case.names.get(incident.protected_id or ""),
        "reference": None if case.order is None else case.order.reference,
        "condition_name": _condition_name(case),
        "her_phone": _her_phone(case.notices),
        "timeline": [_line(entry, case.names) for entry in case.timeline],
    }


def _line(entry: TimelineEntry, names: dict[str, str]) -> Document:
    return {
        "at": rfc3339(entry.at),
        "kind": entry.kind,
        "actor": entry.actor,
        "actor_name": names.get(entry.actor),
        "level": None if entry.level is None else entry.level.value,
        "note": entry.note,
        "reason": entry.reason,
    }


def _names(
    connection: Connection, incident: Incident, timeline: list[TimelineEntry]
) -> dict[str, str]:
    """Return the names of the people and accounts that an incident and its history name."""
    names: dict[str, str] = {}
    for person_id in {incident.wearer_id, incident.protected_id} - {None}:
        person = register.person(connection, str(person_id))
        if person is not None:
            names[person.person_id] = person.name
    for account_id in {incident.owner, *(entry.actor for entry in timeline)} - {None}:
        account = access.account(connection, str(account_id))
        if account is not None:
            names[account.account_id] = account.name
    return names


def _condition_name(case: Case) -> str | None:
    """Return what the order calls the zone an incident is about."""
    if case.order is None:
        return None
    for condition in case.order.conditions:
        named = isinstance(condition, ExclusionZone | InclusionZone)
        if named and condition.condition_id == case.incident.condition_id:
            return condition.name or None
    return None


def _her_phone(notices: tuple[NoticeRow, ...]) -> Document | None:
    """Return what became of the newest alert she was given; None if she was given none."""
    if not notices:
        return None
    newest = notices[-1]
    return {
        "alert_id": newest.alert_id,
        "told_at": _instant(newest.delivered_at),
        "received_at": _instant(newest.received_at),
        "seen_at": _instant(newest.seen_at),
    }


def _instant(instant: datetime | None) -> str | None:
    return None if instant is None else rfc3339(instant)
