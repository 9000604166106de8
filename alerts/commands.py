"""What an officer's or her own act does to an incident, or why it is refused. Pure.

Acknowledging twice is recorded twice and has one owner, the first. Resolving asks for an outcome.
Nothing here refuses a note: what somebody saw is worth keeping even after the case is closed.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

import msgspec

from alerts.incident import Change, incident_id_of
from domain.command import Command, CommandType
from domain.ids import OrderId
from domain.incident import Incident, IncidentState, Priority, TimelineEntry
from domain.transition import Level, Subject


class Refusal(StrEnum):
    """Why a command was not carried out, or what there is to say although it was."""

    NONE = ""
    UNKNOWN_INCIDENT = "unknown_incident"
    RESOLVED = "resolved"
    OUTCOME_REQUIRED = "outcome_required"
    NOTE_REQUIRED = "note_required"
    OWNER_REQUIRED = "owner_required"
    PERSON_REQUIRED = "person_required"
    #: Accepted and recorded; somebody else had acknowledged before and keeps the incident.
    ALREADY_ACKNOWLEDGED = "already_acknowledged"
    #: Accepted and recorded; there is no incident of hers that it could concern.
    NOTHING_OPEN = "nothing_open"


class Acted(msgspec.Struct, frozen=True, kw_only=True):
    """The incident afterwards and the lines for its history; or a refusal, and neither."""

    incident: Incident
    change: Change
    accepted: bool = True
    reason: Refusal = Refusal.NONE
    entries: tuple[TimelineEntry, ...] = ()


def act(incident: Incident, command: Command, now: datetime) -> Acted:
    """Return what an officer's `command` makes of `incident` at `now`."""
    if incident.state is IncidentState.RESOLVED and command.command_type is not CommandType.NOTE:
        return _refused(incident, Refusal.RESOLVED)
    return _ACTS[command.command_type](incident, command, now)


def call_for_help(
    incident: Incident | None, command: Command, order_id: OrderId | None, now: datetime
) -> Acted:
    """Return the incident that her SOS opens, or her unresolved one, open again.

    Args:
        incident: Her unresolved call for help, if there is one.
        command: Of type SOS; it names her.
        order_id: The order under which her officers know her, so that they see it.
        now: The instant of deciding.
    """
    assert command.person_id is not None
    if incident is not None:
        again = msgspec.structs.replace(
            incident,
            state=IncidentState.OPEN,
            acknowledged_level=None,
            assigned_at=None,
            changed_at=now,
        )
        change = Change.CHANGED if incident.state is IncidentState.OPEN else Change.REOPENED
        return _acted(again, command, now, change)
    opened = Incident(
        incident_id=incident_id_of(order_id, command.command_id),
        state=IncidentState.OPEN,
        priority=Priority.P1,
        subject=Subject.SOS,
        level=Level.CONTACT,
        worst=Level.CONTACT,
        order_id=order_id,
        opened_at=now,
        changed_at=now,
        protected_id=command.person_id,
        reason="sos",
    )
    return _acted(opened, command, now, Change.OPENED)


def say_safe(incident: Incident, command: Command, now: datetime) -> Acted:
    """Return `incident` with her word that she is safe. It does not resolve: a human must ask."""
    said = msgspec.structs.replace(incident, safe_at=now, changed_at=now)
    return _acted(said, command, now, Change.CHANGED)


def _acknowledge(incident: Incident, command: Command, now: datetime) -> Acted:
    if incident.state is IncidentState.ACKNOWLEDGED:
        return _acted(incident, command, now, Change.NONE, Refusal.ALREADY_ACKNOWLEDGED)
    taken = msgspec.structs.replace(
        incident,
        state=IncidentState.ACKNOWLEDGED,
        owner=incident.owner or command.actor,
        acknowledged_at=now,
        acknowledged_level=incident.level,
        changed_at=now,
    )
    return _acted(taken, command, now, Change.ACKNOWLEDGED)


def _assign(incident: Incident, command: Command, now: datetime) -> Acted:
    owner = command.owner or command.actor
    given = msgspec.structs.replace(incident, owner=owner, assigned_at=now, changed_at=now)
    if owner == command.actor and incident.state is IncidentState.OPEN:
        # Taking it is answering it; giving it to somebody else is not an answer from them.
        given = msgspec.structs.replace(
            given,
            state=IncidentState.ACKNOWLEDGED,
            acknowledged_at=now,
            acknowledged_level=incident.level,
        )
    return _acted(given, command, now, Change.ASSIGNED)


def _note(incident: Incident, command: Command, now: datetime) -> Acted:
    if not _said(command.note):
        return _refused(incident, Refusal.NOTE_REQUIRED)
    return _acted(incident, command, now, Change.NONE)


def _resolve(incident: Incident, command: Command, now: datetime) -> Acted:
    if not _said(command.outcome):
        return _refused(incident, Refusal.OUTCOME_REQUIRED)
    closed = msgspec.structs.replace(
        incident,
        state=IncidentState.RESOLVED,
        resolved_at=now,
        outcome=command.outcome,
        changed_at=now,
    )
    return _acted(closed, command, now, Change.RESOLVED)


_ACTS: Mapping[CommandType, Callable[[Incident, Command, datetime], Acted]] = MappingProxyType(
    {
        CommandType.ACKNOWLEDGE: _acknowledge,
        CommandType.ASSIGN: _assign,
        CommandType.NOTE: _note,
        CommandType.RESOLVE: _resolve,
    }
)

#: The acts that concern one incident, named by its id.
OFFICER_ACTS = frozenset(_ACTS)


def _said(text: str | None) -> bool:
    return text is not None and text.strip() != ""


def _acted(
    incident: Incident,
    command: Command,
    now: datetime,
    change: Change,
    reason: Refusal = Refusal.NONE,
) -> Acted:
    entry = TimelineEntry(
        incident_id=incident.incident_id,
        at=now,
        kind=command.command_type.value,
        actor=command.actor,
        level=incident.level,
        note=command.note,
        reason=command.outcome or command.owner or reason.value or None,
    )
    return Acted(incident=incident, change=change, reason=reason, entries=(entry,))


def _refused(incident: Incident, reason: Refusal) -> Acted:
    return Acted(incident=incident, change=Change.NONE, accepted=False, reason=reason)
