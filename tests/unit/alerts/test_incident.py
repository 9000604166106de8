"""One incident a condition: opened, worsened, eased, opened again; never one a fix."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.commands import act
from alerts.incident import Change, apply, key_of, key_of_incident, rank
from alerts.policy import rule
from domain.command import CommandType
from domain.incident import Incident, IncidentState, Priority
from domain.transition import Level, Subject, Transition
from tests.unit.alerts.builders import (
    HER,
    a_command,
    a_transition,
    an_incident,
    at,
    of_device,
)


def _after(incident: Incident | None, transition: Transition) -> tuple[Incident | None, Change]:
    applied = apply(incident, transition, rule(transition))
    return applied.incident, applied.change


def test_a_first_clear_opens_nothing() -> None:
    """A condition that is clear when first looked at makes no case."""
    assert (None, Change.NONE) == _after(None, a_transition(Level.CLEAR, before=None))


def test_a_breach_opens_a_p1() -> None:
    """A breach opens one incident with the engine's evidence."""
    transition = a_transition(Level.BREACH, proven=True)

    incident = an_incident(transition)

    assert (IncidentState.OPEN, Priority.P1, Level.BREACH) == (
        incident.state,
        incident.priority,
        incident.level,
    )
    assert (420.0, 450.0, 30.0, True) == (
        incident.nearest_m,
        incident.central_m,
        incident.uncertainty_m,
        incident.proven,
    )
    assert transition.fix == incident.fix


def test_worsening_raises_and_easing_keeps_the_priority() -> None:
    """The level eases with him; the priority remembers how bad it was; only a human resolves."""
    incident = an_incident(
        a_transition(Level.WARNING),
        a_transition(Level.CONTACT, 10, before=Level.WARNING),
        a_transition(Level.CLEAR, 200, before=Level.CONTACT),
    )

    assert (Priority.P1, Level.CLEAR, Level.CONTACT, IncidentState.OPEN) == (
        incident.priority,
        incident.level,
        incident.worst,
        incident.state,
    )
    assert at(200) == incident.changed_at
    assert at(0) == incident.opened_at


def test_the_same_transition_twice_is_once() -> None:
    """A transition that comes again after a crash changes nothing and writes no history."""
    transition = a_transition()
    incident = an_incident(transition)

    applied = apply(incident, transition, rule(transition))

    assert (incident, Change.NONE, ()) == (applied.incident, applied.change, applied.entries)


def test_a_worse_event_opens_an_acknowledged_incident_again() -> None:
    """An acknowledged breach that becomes contact pages officers again; the owner stays."""
    taken = act(an_incident(), a_command(CommandType.ACKNOWLEDGE), at(1)).incident

    incident, change = _after(taken, a_transition(Level.CONTACT, 5, before=Level.BREACH))

    assert incident is not None
    assert (Change.REOPENED, IncidentState.OPEN, "officer-1") == (
        change,
        incident.state,
        incident.owner,
    )


def test_easing_does_not_open_an_acknowledged_incident_again() -> None:
    """What was acknowledged stays acknowledged while it eases, and back up to what it was."""
    taken = act(an_incident(), a_command(CommandType.ACKNOWLEDGE), at(1)).incident

    eased, eased_change = _after(taken, a_transition(Level.WARNING, 60, before=Level.BREACH))
    again, again_change = _after(eased, a_transition(Level.BREACH, 90, before=Level.WARNING))

    assert again is not None
    assert (Change.EASED, Change.WORSENED) == (eased_change, again_change)
    assert IncidentState.ACKNOWLEDGED is again.state


def test_a_new_approach_after_clear_pages_again() -> None:
    """Once he had gone, an acknowledgement is spent: coming back opens the incident again."""
    taken = act(an_incident(), a_command(CommandType.ACKNOWLEDGE), at(1)).incident
    gone, _ = _after(taken, a_transition(Level.CLEAR, 300, before=Level.BREACH))

    back, change = _after(gone, a_transition(Level.WARNING, 900, before=Level.CLEAR))

    assert back is not None
    assert (Change.REOPENED, IncidentState.OPEN) == (change, back.state)


def test_an_urgent_unknown_pages_an_acknowledged_task_again() -> None:
    """A task that becomes urgent is open again, whatever was acknowledged before."""
    task = an_incident(a_transition(Level.UNKNOWN))
    taken = act(task, a_command(CommandType.ACKNOWLEDGE), at(1)).incident

    urgent, change = _after(taken, a_transition(Level.UNKNOWN, 60, page=True, reason="closing"))

    assert urgent is not None
    assert (Change.REOPENED, Priority.P1) == (change, urgent.priority)


def test_late_news_is_noted_and_clears_nothing() -> None:
    """A late reading is history: what stands now stays."""
    incident = an_incident(a_transition(Level.BREACH))

    late, change = _after(incident, a_transition(Level.CLEAR, 30, retrospective=True))

    assert late is not None
    assert (Change.NOTED, Level.BREACH, False) == (change, late.level, late.retrospective)


def test_any_device_of_his_belongs_to_the_same_incident() -> None:
    """Two tags on one wearer raise one incident of a condition, not two."""
    assert key_of(a_transition()) == key_of(a_transition(device_id="tag-2"))


def test_silence_is_one_incident_a_device() -> None:
    """Two silent devices are two incidents, and neither is the tamper of one of them."""
    keys = {
        key_of(of_device(Subject.CONTACT_LOSS)),
        key_of(of_device(Subject.CONTACT_LOSS, device_id="tag-2")),
        key_of(of_device(Subject.TAMPER)),
    }

    assert 3 == len(keys)


def test_her_calls_for_help_are_one() -> None:
    """Her page and her handset calling at once are one incident."""
    one = of_device(Subject.SOS, protected_id=HER, device_id="handset-1")
    other = of_device(Subject.SOS, protected_id=HER, device_id="handset-2")

    assert key_of(one) == key_of(other)


@given(
    st.lists(
        st.tuples(st.sampled_from(Level), st.booleans()),
        min_size=1,
        max_size=30,
    )
)
def test_whatever_happens_there_is_one_incident_and_it_never_gets_less_urgent(
    story: list[tuple[Level, bool]],
) -> None:
    """Any story of one condition makes at most one incident, whose priority never falls."""
    incident: Incident | None = None
    before: Level | None = None
    seen: list[Incident] = []
    for number, (level, page) in enumerate(story):
        transition = a_transition(level, number, before=before, page=page)
        incident = apply(incident, transition, rule(transition)).incident
        before = level
        if incident is not None:
            assert key_of(transition) == key_of_incident(incident)
            seen.append(incident)

    assert 1 >= len({one.incident_id for one in seen})
    priorities = [one.priority for one in seen]
    assert sorted(priorities, reverse=True) == priorities
    assert sorted(seen, key=lambda one: rank(one.worst)) == seen
    if any(level is not Level.CLEAR for level, _ in story):
        assert seen


@pytest.mark.parametrize("level", [Level.WARNING, Level.BREACH, Level.CONTACT, Level.UNKNOWN])
def test_an_incident_id_comes_from_its_cause(level: Level) -> None:
    """Deciding the same record again gives the same incident, under the same id."""
    assert an_incident(a_transition(level)) == an_incident(a_transition(level))
