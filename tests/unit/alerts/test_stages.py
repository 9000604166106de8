"""Why she was told, and why she was not: every stop has its reason."""

from typing import Any

import msgspec
import pytest

from alerts.audience import AlertBody, HelpBody, alert_body, help_of, notice_of, told_level
from alerts.commands import act, call_for_help
from alerts.ledger import Decision, Reason
from alerts.stages import News, Outcome, decide, screen_of
from domain.command import CommandType
from domain.incident import AlertLevel, Incident
from domain.order import Order
from domain.transition import Level, Subject
from tests.unit.alerts.builders import (
    HER,
    ORDER,
    ZONE,
    a_command,
    a_transition,
    an_incident,
    an_order,
    at,
    of_device,
)

ORDERS: dict[Any, Order] = {ORDER: an_order()}


def _tell(incident: Incident, *others: Incident, before: tuple[Incident, ...] = ()) -> Outcome:
    """Return what she is told of `incident` beside `others`, after `before` was on her screen."""
    return decide(
        News(
            incident=incident,
            standing=(incident, *others),
            shown=screen_of(before, ORDERS),
            orders=ORDERS,
        )
    )


def _zone(level: Level, seconds: float = 0, **fields: Any) -> Incident:
    return an_incident(
        a_transition(level, seconds, subject=Subject.EXCLUSION_ZONE, condition_id=ZONE, **fields)
    )


@pytest.mark.parametrize(
    ("incident", "reason"),
    [
        (_zone(Level.BREACH, protected_id=None), Reason.NOT_ABOUT_HER),
        (an_incident(of_device(Subject.TAMPER, protected_id=HER)), Reason.FOR_OFFICERS),
        (an_incident(of_device(Subject.BATTERY, protected_id=HER)), Reason.FOR_OFFICERS),
        (an_incident(a_transition(Level.UNKNOWN)), Reason.TIMED_TASK),
        (an_incident(a_transition(Level.BREACH, retrospective=True)), Reason.LATE_NEWS),
    ],
    ids=["not hers", "tamper", "battery", "timed task", "late news"],
)
def test_what_stops_and_why(incident: Incident, reason: Reason) -> None:
    """Tamper, batteries, tasks and late news are for officers; the ledger says which it was."""
    outcome = _tell(incident)

    assert (Decision.SUPPRESS, reason, None) == (outcome.decision, outcome.reason, outcome.notice)


@pytest.mark.parametrize(
    ("level", "told"),
    [
        (Level.WARNING, AlertLevel.WARNING),
        (Level.BREACH, AlertLevel.BREACH),
        (Level.CONTACT, AlertLevel.CONTACT),
    ],
)
def test_what_concerns_her_is_told(level: Level, told: AlertLevel) -> None:
    """Each level of a pair reaches her screen as itself."""
    outcome = _tell(an_incident(a_transition(level)))

    assert outcome.notice is not None
    assert (Decision.TELL, Reason.LEVEL, told) == (
        outcome.decision,
        outcome.reason,
        outcome.notice.level,
    )


def test_a_warning_does_not_hide_a_contact() -> None:
    """While something worse is on her screen, less is not shown in its place."""
    contact = an_incident(a_transition(Level.CONTACT))

    outcome = _tell(_zone(Level.WARNING, 5), contact, before=(contact,))

    assert (Decision.SUPPRESS, Reason.WORSE_STANDS) == (outcome.decision, outcome.reason)


def test_what_still_stands_comes_back() -> None:
    """When the worse of two is over, the other one is shown again, not an all-clear."""
    zone = _zone(Level.WARNING)
    contact = an_incident(a_transition(Level.CONTACT, 1))
    over = an_incident(
        a_transition(Level.CONTACT, 1), a_transition(Level.CLEAR, 300, before=Level.CONTACT)
    )

    outcome = _tell(over, zone, before=(contact, zone))

    assert outcome.notice is not None
    assert (Reason.STILL_STANDS, AlertLevel.WARNING) == (outcome.reason, outcome.notice.level)


def test_the_same_level_is_told_once() -> None:
    """New evidence for the same level is no new alert."""
    incident = an_incident(a_transition(Level.BREACH, reason="predicted"))
    proven = an_incident(
        a_transition(Level.BREACH, reason="predicted"),
        a_transition(Level.BREACH, 9, before=Level.BREACH, proven=True),
    )

    outcome = _tell(proven, before=(incident,))

    assert (Decision.DEDUPE, Reason.SAME_ALERT) == (outcome.decision, outcome.reason)


def test_closing_what_stands_ends_it_on_her_screen() -> None:
    """An officer who closes a standing incident ends the alert; she is not left with it."""
    standing = an_incident()
    closed = act(standing, a_command(CommandType.RESOLVE, outcome="attended"), at(9)).incident

    outcome = decide(
        News(incident=closed, standing=(), shown=screen_of((standing,), ORDERS), orders=ORDERS)
    )

    assert outcome.notice is not None
    assert (Reason.CLOSED, AlertLevel.OVER) == (outcome.reason, outcome.notice.level)


def test_a_zone_of_hers_entered_while_she_is_elsewhere_is_quiet() -> None:
    """Officers are paged with P1; her screen warns, and does not cry."""
    incident = _zone(Level.BREACH, elsewhere=True)

    notice = notice_of(incident, None)

    assert (AlertLevel.WARNING, "at_your_place", True) == (
        notice.level,
        notice.band,
        notice.quiet,
    )


def test_an_urgent_unknown_is_told_and_a_task_is_not() -> None:
    """Not knowing reaches her only when it matters now, or after something was near."""
    assert AlertLevel.UNKNOWN is told_level(an_incident(a_transition(Level.UNKNOWN, page=True)))
    assert AlertLevel.UNKNOWN is told_level(
        an_incident(
            a_transition(Level.WARNING), a_transition(Level.UNKNOWN, 9, before=Level.WARNING)
        )
    )
    assert None is told_level(an_incident(a_transition(Level.UNKNOWN)))


@pytest.mark.parametrize(("show_trend", "trend"), [(True, "closer"), (False, None)])
def test_the_order_chooses_whether_she_sees_a_trend(*, show_trend: bool, trend: str | None) -> None:
    """A court may keep the trend from her screen; a direction is never there."""
    notice = notice_of(an_incident(), an_order(show_trend=show_trend))

    assert (trend, None) == (notice.trend, notice.direction)


def test_her_alert_has_room_for_nothing_else() -> None:
    """The allow-list is the interface, field by field: nothing of his could be put there."""
    assert ("alert_id", "level", "band", "trend", "direction", "steps", "help", "decided_at") == (
        tuple(AlertBody.__struct_fields__)
    )
    assert {"alert_id", "incident_id", "state", "text_key", "at"} == set(HelpBody.__struct_fields__)


def test_her_alert_as_it_leaves() -> None:
    """The event's data is what her page expects, and nothing in it measures anything."""
    incident = an_incident(a_transition(Level.CONTACT))
    notice = notice_of(incident, an_order())

    data = msgspec.to_builtins(alert_body(notice, help_of(incident, notice.alert_id)))

    assert {
        "alert_id": notice.alert_id,
        "level": "contact",
        "band": "very_close",
        "trend": "closer",
        "direction": None,
        "steps": ["go_inside_now", "call_999"],
        "help": {
            "incident_id": incident.incident_id,
            "state": "waiting",
            "text_key": "help.waiting",
            "at": "2026-11-22T14:00:00.000Z",
            "alert_id": notice.alert_id,
        },
        "decided_at": "2026-11-22T14:00:00.000Z",
    } == msgspec.json.decode(msgspec.json.encode(data))


def test_a_call_of_hers_has_words_of_its_own() -> None:
    """Her page tells an answer to her call from an answer to an alert by the key."""
    command = a_command(CommandType.SOS, person_id=HER)

    assert "sos.waiting" == help_of(call_for_help(None, command, ORDER, at(1)).incident).text_key


def test_help_follows_the_officer() -> None:
    """Waiting, acknowledged, assigned, closed: as officers act."""
    incident = an_incident()
    states = [help_of(incident).state.value]
    for command in (
        a_command(CommandType.ACKNOWLEDGE),
        a_command(CommandType.ASSIGN, owner="officer-2"),
        a_command(CommandType.RESOLVE, outcome="attended"),
    ):
        incident = act(incident, command, at(5)).incident
        states.append(help_of(incident).state.value)

    assert ["waiting", "acknowledged", "assigned", "closed"] == states
