"""What comes back about an alert: written to her connection, received by her phone, seen. Pure.

A device answers by itself, a human by a touch, and the two are never mixed up. An answer to an
alert nobody gave, or to somebody else's, changes nothing and is kept in the ledger.
"""

from datetime import datetime

import msgspec

from alerts.effects import About, Effects, about
from alerts.escalation import Outstanding
from alerts.ledger import Decision, LedgerEntry, Reason
from alerts.telling import record
from domain.ids import AlertId, PersonId
from domain.incident import Incident


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer as it crosses from a connection to the desk.

    Attributes:
        decision: `delivered`, `received` or `seen`.
        person_id: Whose connection it came over: the only person it can speak for.
    """

    alert_id: AlertId
    person_id: PersonId
    decision: Decision
    at: datetime


_FIELDS = {
    Decision.DELIVERED: "delivered_at",
    Decision.RECEIVED: "received_at",
    Decision.SEEN: "seen_at",
}
_REASONS = {
    Decision.DELIVERED: Reason.SENT,
    Decision.RECEIVED: Reason.BY_PHONE,
    Decision.SEEN: Reason.BY_HUMAN,
}


def answer(
    effects: Effects, given: Answer, known: Outstanding | None, incident: Incident | None
) -> Outstanding | None:
    """Record an answer; return the alert as it is answered now, or None if nothing changed."""
    if known is None:
        _ignore(effects, given, Reason.UNKNOWN_ALERT)
        return None
    if known.person_id != given.person_id:
        _ignore(effects, given, Reason.FOREIGN_ALERT)
        return None
    field = _FIELDS[given.decision]
    if getattr(known, field) is not None:
        return None
    after = msgspec.structs.replace(known, **{field: given.at})
    effects.answers[given.alert_id] = after
    concerned = About(person_id=known.person_id) if incident is None else about(incident)
    reason = _REASONS[given.decision]
    record(effects, after, concerned, given.decision, reason=reason, at=given.at)
    return after


def _ignore(effects: Effects, given: Answer, reason: Reason) -> None:
    effects.decide(
        LedgerEntry(
            at=given.at,
            subject=given.alert_id,
            ref=given.person_id,
            decision=Decision.IGNORE,
            reason=reason,
        )
    )
