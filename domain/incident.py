"""The case an officer works, and what one audience is told about it."""

from datetime import datetime
from enum import StrEnum

import msgspec

from domain.ids import AlertId, ConditionId, DeviceId, IncidentId, OrderId, PersonId, TransitionId
from domain.transition import FixReference, Level, Subject


class Priority(StrEnum):
    """What officers are paged with."""

    P1 = "P1"
    P2 = "P2"
    P3 = "P3"


class IncidentState(StrEnum):
    """Where the case stands. Only a human resolves one."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """One condition's trouble, from the transition that opened it until a human resolves it.

    It worsens and eases; it is never one per fix.

    Attributes:
        level: As the latest transition left it; `clear` when it has eased.
        worst: The most severe level it has had.
        owner: Account id of the officer it is assigned to.
        acknowledged_level: What the acknowledgement covers: anything worse opens it again.
        assigned_at: When somebody was last named as the one who deals with it.
        level_by: The transition that brought the present level: what she was told last.
        level_at: When that was decided.
        safe_at: When she last said that she is safe.
        trend: "closer" or "away" by the latest transition, None if it says neither.
        elsewhere: True when a zone of hers is entered while she is known to be somewhere else.
    """

    incident_id: IncidentId
    state: IncidentState
    priority: Priority
    subject: Subject
    level: Level
    worst: Level
    order_id: OrderId | None
    opened_at: datetime
    changed_at: datetime
    condition_id: ConditionId | None = None
    wearer_id: PersonId | None = None
    protected_id: PersonId | None = None
    device_id: DeviceId | None = None
    owner: str | None = None
    acknowledged_at: datetime | None = None
    acknowledged_level: Level | None = None
    assigned_at: datetime | None = None
    resolved_at: datetime | None = None
    outcome: str | None = None
    transition_id: TransitionId | None = None
    level_by: TransitionId | None = None
    level_at: datetime | None = None
    nearest_m: float | None = None
    central_m: float | None = None
    uncertainty_m: float | None = None
    ttc_s: float | None = None
    reason: str = ""
    proven: bool = False
    retrospective: bool = False
    fix: FixReference | None = None
    safe_at: datetime | None = None
    trend: str | None = None
    elsewhere: bool = False


class TimelineEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an incident's history: a transition, an officer's act, a delivery."""

    incident_id: IncidentId
    at: datetime
    kind: str
    actor: str
    level: Level | None = None
    note: str | None = None
    reason: str | None = None


class AlertLevel(StrEnum):
    """What her screen shows."""

    WARNING = "warning"
    BREACH = "breach"
    CONTACT = "contact"
    UNKNOWN = "unknown"
    OVER = "over"


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """What one protected person is told of one change. Holds nothing of the wearer's place.

    Attributes:
        alert_id: Derived from incident, transition and recipient.
        band: Coarse distance in words, with hysteresis by being tied to levels.
        trend: "closer", "away" or None.
    """

    alert_id: AlertId
    incident_id: IncidentId
    person_id: PersonId
    level: AlertLevel
    band: str
    steps: tuple[str, ...]
    decided_at: datetime
    trend: str | None = None
    direction: str | None = None
    quiet: bool = False
    transition_id: TransitionId | None = None


class LiveEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a recipient's live stream, as the wire carries it.

    Attributes:
        recipient: `console` or `person:{person_id}`.
        ordinal: Counts per recipient from 1; the cursor is made of it.
        body: The event's data as JSON text.
        order_id: Whose case it belongs to, for officers who see only their own.
    """

    recipient: str
    ordinal: int
    at: datetime
    kind: str
    body: str
    order_id: OrderId | None = None
    person_id: PersonId | None = None
