"""What a human asked the alerts room to do. The API records it; alerts carries it out."""

from datetime import datetime
from enum import StrEnum

import msgspec

from domain.ids import CommandId, IncidentId, PersonId
from domain.position import Position


class CommandType(StrEnum):
    """The acts a human can take on an incident, or start one with."""

    ACKNOWLEDGE = "acknowledge"
    ASSIGN = "assign"
    NOTE = "note"
    RESOLVE = "resolve"
    SOS = "sos"
    SAFE = "safe"
    RECEIVED = "received"
    SEEN = "seen"


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One act. `command_id` makes sending it twice have one effect.

    Attributes:
        actor: Account id of the officer, `person:{id}` for her phone, or `system`.
        person_id: The protected person concerned, for SOS, safe, received and seen.
        alert_id: For received and seen.
        owner: For assign: the account that takes the incident.
    """

    command_id: CommandId
    command_type: CommandType
    actor: str
    at: datetime
    received_at: datetime
    incident_id: IncidentId | None = None
    person_id: PersonId | None = None
    alert_id: str | None = None
    note: str | None = None
    outcome: str | None = None
    owner: str | None = None
    position: Position | None = None
    accuracy_m: float | None = None


class CommandResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a command: done, or refused with a constant word."""

    command_id: CommandId
    accepted: bool
    reason: str = ""
    incident_id: IncidentId | None = None
