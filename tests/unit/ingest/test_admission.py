"""Admission: who may speak, what is late, what is acknowledged."""

from datetime import timedelta

import pytest

from domain.order import Protocol
from domain.reading import Fix, FixState, Presence, Quarantined, Reason, Rejection
from ingest.admission import Admission, Memory, read
from ingest.outcome import positioned
from ingest.register import Register
from tests.unit.ingest.builders import (
    NOW,
    REGISTER,
    TAG,
    Ingest,
    a_body,
    a_device,
    a_message,
    text_of,
)

SECONDS = NOW.timestamp()


@pytest.mark.parametrize(
    ("topic", "reason"),
    [
        ("kc/v1/stranger/fix", Reason.UNKNOWN_DEVICE),
        ("kc/v1/tag-7/position", Reason.UNKNOWN_TOPIC),
        ("kc/v1//fix", Reason.UNKNOWN_TOPIC),
        ("kc/v2/tag-7/fix", Reason.UNKNOWN_TOPIC),
        ("$SYS/broker", Reason.UNKNOWN_TOPIC),
        ("traccar/positions", Reason.UNKNOWN_TOPIC),
    ],
)
def test_what_nobody_registered_says_is_set_aside(topic: str, reason: Reason) -> None:
    """Only the topics of registered devices are read."""
    (outcome,) = Ingest().outcomes(a_message(topic=topic))

    assert isinstance(outcome, Quarantined)
    assert reason is outcome.reason


def test_a_revoked_device_says_nothing_more() -> None:
    """From the instant of its revocation everything it says is rejected; before, it counted."""
    ingest = Ingest(Register([a_device(revoked_at=NOW)]))
    before = ingest.outcomes(a_message(received_at=NOW - timedelta(microseconds=1)))
    (after,) = ingest.outcomes(a_message(a_body(t=SECONDS)))

    assert [FixState.ACCEPTED] == [fix.state for fix in before if isinstance(fix, Fix)]
    assert isinstance(after, Rejection)
    assert Reason.REVOKED_DEVICE is after.reason


def test_a_gateway_has_no_place_of_its_own() -> None:
    """A device that nobody carries cannot report a position."""
    ingest = Ingest(Register([a_device(person_id=None)]))
    (outcome,) = ingest.outcomes(a_message())

    assert isinstance(outcome, Quarantined)
    assert Reason.WRONG_TOPIC_FOR_DEVICE is outcome.reason


def test_her_page_speaks_the_native_protocol() -> None:
    """A handset of protocol `app` is admitted where tags are."""
    ingest = Ingest(Register([a_device(protocol=Protocol.APP)]))

    assert [True] == [isinstance(item, Fix) for item in ingest.outcomes(a_message())]


def test_a_fix_older_than_the_newest_is_late() -> None:
    """Late is by the device's own instants; equal instants are not late."""
    ingest = Ingest()
    instants = (SECONDS - 5, SECONDS - 9, SECONDS - 5, SECONDS - 1)
    bodies = (a_body(t=at, alt=n) for n, at in enumerate(instants))

    states = [ingest.outcomes(a_message(body))[0] for body in bodies]

    assert ["accepted", "late", "accepted", "accepted"] == [
        fix.state.value for fix in states if isinstance(fix, Fix)
    ]


def test_a_message_that_cannot_be_committed_leaves_no_memory() -> None:
    """What an admission learns is forgotten unless it is taken over."""
    memory = Memory()
    body = a_body(boot=1, seq=1)
    for _ in range(2):
        admission = Admission(memory)
        admitted = admission.admit(read(a_message(body), REGISTER))

        assert 1 == len(admitted.outcomes)
        assert {(TAG, 1)} == admission.touched


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(a_body(lat=91), id="rejected"),
        pytest.param(a_body(t="9999-12-31T23:59:59Z"), id="from-the-future"),
        pytest.param(a_body(lat=0, lon=0), id="held"),
    ],
)
def test_what_is_rejected_counts_as_committed_and_is_kept_once(body: dict[str, object]) -> None:
    """A device is told to forget what was refused; sending it again has no second effect."""
    ingest = Ingest()
    message = a_message({**body, "boot": 2, "seq": 9})

    assert 1 == len(ingest.outcomes(message, message))
    assert 9 == ingest.memory.sequences[(TAG, 2)].contiguous


def test_resending_with_another_oldest_is_the_same_message() -> None:
    """`oldest` describes the device's memory and is no part of what it says."""
    ingest = Ingest()
    first = a_message(a_body(boot=1, seq=5, oldest=3))
    again = a_message(a_body(boot=1, seq=5, oldest=5))

    assert 1 == len(ingest.outcomes(first, again))


def test_events_and_fixes_share_one_count() -> None:
    """An event's number fills the gap between two fixes."""
    ingest = Ingest()
    ingest.admit(a_message(a_body(boot=1, seq=1)))
    ingest.admit(a_message(a_body(boot=1, seq=3)))
    event = {"boot": 1, "seq": 2, "t": SECONDS, "type": "battery_low"}
    ingest.admit(a_message(text_of(event), f"kc/v1/{TAG}/event"))

    assert 3 == ingest.memory.sequences[(TAG, 1)].contiguous


def test_an_unknown_kind_of_event_is_a_rejection() -> None:
    """What a newer tag may say is kept until somebody understands it."""
    event = {"boot": 1, "seq": 2, "t": SECONDS, "type": "teleported"}
    (outcome,) = Ingest().outcomes(a_message(text_of(event), f"kc/v1/{TAG}/event"))

    assert isinstance(outcome, Rejection)
    assert Reason.UNSUPPORTED_TYPE is outcome.reason


def test_a_stored_presence_counts_only_if_it_is_news() -> None:
    """On every connection the broker repeats what it stored; only a change is a fact."""
    ingest = Ingest()
    topic = f"kc/v1/{TAG}/online"
    outcomes = ingest.outcomes(
        a_message(b"1", topic, retained=True),
        a_message(b"1", topic, retained=True),
        a_message(b"0", topic, retained=True),
    )

    assert [True, False] == [item.online for item in outcomes if isinstance(item, Presence)]


def test_the_answer_to_a_command_is_kept_and_moves_nobody() -> None:
    """`cmd/ack` leaves the raw message and nothing else."""
    topic = f"kc/v1/{TAG}/cmd/ack"
    admitted = Ingest().admit(a_message(b'{"id": "c-1", "ok": true}', topic))

    assert ((), True) == (admitted.outcomes, admitted.kept)


def test_our_own_acknowledgements_are_not_reports() -> None:
    """What we publish to a device is not taken for what it says."""
    admitted = Ingest().admit(a_message(b"{}", f"kc/v1/{TAG}/ack"))

    assert ((), False) == (admitted.outcomes, admitted.kept)


def test_outcomes_take_their_place_in_the_log() -> None:
    """The position is the message's number and the rank within it."""
    outcomes = Ingest().outcomes(a_message([a_body(t=SECONDS - 2), a_body(t=SECONDS - 3)]))

    assert [7 * 1024, 7 * 1024 + 1] == [positioned(item, 7).log_position for item in outcomes]
    assert [SECONDS - 3, SECONDS - 2] == [
        item.fixed_at.timestamp() for item in outcomes if isinstance(item, Fix)
    ]
