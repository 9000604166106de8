"""Deadlines: what is due when nobody answers. Pure, and data.

The ladder of calls, desks and supervisors has its place here; for now one rung stands: when not
even her phone has answered an alert in time, officers see that she has not been reached.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

import msgspec

from alerts.ledger import Reason
from domain.ids import AlertId, IncidentId, PersonId
from domain.incident import AlertLevel

#: How long her phone may take to answer by itself before officers are told that it has not.
#: An alert that has ended needs no answer.
ANSWER_DUE: Mapping[AlertLevel, timedelta] = MappingProxyType(
    {
        AlertLevel.WARNING: timedelta(seconds=15),
        AlertLevel.BREACH: timedelta(seconds=15),
        AlertLevel.CONTACT: timedelta(seconds=15),
        AlertLevel.UNKNOWN: timedelta(seconds=15),
    }
)


class Outstanding(msgspec.Struct, frozen=True, kw_only=True):
    """An alert that was decided, and what became of it so far.

    Attributes:
        failed: Whether officers have been told that nobody answered.
    """

    alert_id: AlertId
    incident_id: IncidentId
    person_id: PersonId
    level: AlertLevel
    decided_at: datetime
    delivered_at: datetime | None = None
    received_at: datetime | None = None
    seen_at: datetime | None = None
    failed: bool = False


def answered(outstanding: Outstanding) -> bool:
    """Return whether her phone, or she herself, has answered."""
    return outstanding.received_at is not None or outstanding.seen_at is not None


def due(outstanding: Outstanding, now: datetime) -> Reason | None:
    """Return why officers must be told about `outstanding` at `now`, or None."""
    wait = ANSWER_DUE.get(outstanding.level)
    if wait is None or outstanding.failed or answered(outstanding):
        return None
    return Reason.NOT_RECEIVED if now - outstanding.decided_at >= wait else None
