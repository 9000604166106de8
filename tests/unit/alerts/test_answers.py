"""Answers: who may speak for whom about an alert."""

from datetime import UTC, datetime

import pytest

from alerts.answers import Answer, answer
from alerts.effects import Effects
from alerts.escalation import Outstanding
from alerts.ledger import Decision, Reason
from domain.ids import AlertId, IncidentId, PersonId
from domain.incident import AlertLevel

AT = datetime(2026, 11, 22, 14, 2, tzinfo=UTC)
HERS = Outstanding(
    alert_id=AlertId("alert"),
    incident_id=IncidentId("incident"),
    person_id=PersonId("her"),
    level=AlertLevel.BREACH,
    decided_at=AT,
)


def seen_by(person: str) -> Answer:
    """Return the answer of somebody who says to have seen the alert."""
    return Answer(alert_id=HERS.alert_id, person_id=PersonId(person), decision=Decision.SEEN, at=AT)


@pytest.mark.parametrize(
    ("known", "reason"), [(HERS, Reason.FOREIGN_ALERT), (None, Reason.UNKNOWN_ALERT)]
)
def test_nobody_speaks_for_another(known: Outstanding | None, reason: Reason):
    """`seen` for somebody else's alert, or for none, changes nothing and is in the ledger."""
    effects = Effects({})

    after = answer(effects, seen_by("a stranger"), known, None)

    assert (None, {}, []) == (after, effects.answers, effects.events)
    assert [(Decision.IGNORE, reason)] == [(e.decision, e.reason) for e in effects.ledger]


def test_she_speaks_for_herself():
    """Her own `seen` is taken, with its instant."""
    after = answer(Effects({}), seen_by("her"), HERS, None)

    assert after is not None
    assert AT == after.seen_at
