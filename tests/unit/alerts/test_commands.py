"""What an act does to an incident, and when it is refused."""

import pytest

from alerts.commands import Acted, Refusal, act, call_for_help, say_safe
from alerts.incident import Change
from domain.command import CommandType
from domain.incident import Incident, IncidentState, Priority
from domain.transition import Subject
from tests.unit.alerts.builders import HER, ORDER, a_command, an_incident, at


def _act(incident: Incident, command_type: CommandType, seconds: float = 1, **fields: str) -> Acted:
    return act(incident, a_command(command_type, seconds, **fields), at(seconds))


def test_acknowledging_takes_the_incident() -> None:
    """Whoever acknowledges first owns the incident, and the instant is kept."""
    acted = _act(an_incident(), CommandType.ACKNOWLEDGE)

    assert acted.accepted
    assert (IncidentState.ACKNOWLEDGED, "officer-1", at(1)) == (
        acted.incident.state,
        acted.incident.owner,
        acted.incident.acknowledged_at,
    )


def test_two_officers_acknowledge_and_one_owns() -> None:
    """Both acknowledgements are recorded, the first officer stays the owner."""
    first = _act(an_incident(), CommandType.ACKNOWLEDGE)

    second = _act(first.incident, CommandType.ACKNOWLEDGE, 1, actor="officer-2")

    assert (True, Refusal.ALREADY_ACKNOWLEDGED, Change.NONE) == (
        second.accepted,
        second.reason,
        second.change,
    )
    assert "officer-1" == second.incident.owner
    assert ["officer-2"] == [entry.actor for entry in second.entries]


def test_taking_it_oneself_acknowledges() -> None:
    """An officer who assigns an open incident to themself has answered it."""
    acted = _act(an_incident(), CommandType.ASSIGN, owner="officer-1")

    assert (IncidentState.ACKNOWLEDGED, "officer-1", at(1)) == (
        acted.incident.state,
        acted.incident.owner,
        acted.incident.assigned_at,
    )


def test_giving_it_to_another_is_not_their_answer() -> None:
    """Assigning to somebody else leaves the incident open until they answer."""
    acted = _act(an_incident(), CommandType.ASSIGN, owner="officer-2")

    assert (IncidentState.OPEN, "officer-2") == (acted.incident.state, acted.incident.owner)


@pytest.mark.parametrize("outcome", [None, "", "  "])
def test_resolving_asks_for_an_outcome(outcome: str | None) -> None:
    """Nobody closes a case without saying how it ended."""
    incident = an_incident()

    acted = act(incident, a_command(CommandType.RESOLVE, outcome=outcome), at(1))

    assert (False, Refusal.OUTCOME_REQUIRED, incident, ()) == (
        acted.accepted,
        acted.reason,
        acted.incident,
        acted.entries,
    )


def test_a_resolved_incident_takes_notes_only() -> None:
    """After the end a note is still kept; everything else is refused and changes nothing."""
    resolved = _act(an_incident(), CommandType.RESOLVE, outcome="attended").incident

    note = _act(resolved, CommandType.NOTE, 2, note="statement taken")
    refused = {
        _act(resolved, act_type, 2, outcome="again", owner="officer-2").reason
        for act_type in (CommandType.ACKNOWLEDGE, CommandType.ASSIGN, CommandType.RESOLVE)
    }

    assert (True, resolved) == (note.accepted, note.incident)
    assert {Refusal.RESOLVED} == refused


def test_a_note_says_something() -> None:
    """An empty note is refused."""
    assert Refusal.NOTE_REQUIRED is _act(an_incident(), CommandType.NOTE, note=" ").reason


def test_sos_opens_a_p1() -> None:
    """Her call for help is a P1 of kind sos, under the order her officers know."""
    command = a_command(CommandType.SOS, actor=f"person:{HER}", person_id=HER)

    incident = call_for_help(None, command, ORDER, at(1)).incident

    assert (Subject.SOS, Priority.P1, IncidentState.OPEN, ORDER, HER) == (
        incident.subject,
        incident.priority,
        incident.state,
        incident.order_id,
        incident.protected_id,
    )


def test_sos_again_opens_the_same_incident_again() -> None:
    """A second call while the first was acknowledged opens it again, and makes no second one."""
    command = a_command(CommandType.SOS, person_id=HER)
    first = call_for_help(None, command, ORDER, at(1)).incident
    taken = _act(first, CommandType.ACKNOWLEDGE, 2).incident

    again = call_for_help(taken, a_command(CommandType.SOS, 3, person_id=HER), ORDER, at(3))

    assert (first.incident_id, IncidentState.OPEN, Change.REOPENED) == (
        again.incident.incident_id,
        again.incident.state,
        again.change,
    )


def test_safe_is_her_word_and_no_resolution() -> None:
    """Saying she is safe is kept on the incident; only an officer closes it."""
    command = a_command(CommandType.SAFE, actor=f"person:{HER}", person_id=HER)

    said = say_safe(an_incident(), command, at(9))

    assert (at(9), IncidentState.OPEN) == (said.incident.safe_at, said.incident.state)
