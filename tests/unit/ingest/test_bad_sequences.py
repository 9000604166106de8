"""The catalogue of bad input, M26 to M47: messages that are wrong beside others, and events."""

from datetime import timedelta

import pytest

from domain.reading import (
    DeviceEvent,
    EventType,
    Fix,
    FixState,
    Presence,
    Quarantined,
    Reason,
    Rejection,
)
from tests.unit.ingest.builders import NOW, TAG, Ingest, a_body, a_message, outcome_of, text_of

SECONDS = NOW.timestamp()


def test_m26_a_duplicate_has_no_second_effect() -> None:
    """The same message again leaves no trace, with a number or without."""
    for body in (a_body(boot=3, seq=7), a_body()):
        ingest = Ingest()
        first, again = ingest.admit(a_message(body)), ingest.admit(a_message(body))

        assert 1 == len(first.outcomes)
        assert ((), False, 1) == (again.outcomes, again.kept, again.repeats)


def test_m27_one_number_with_two_bodies_is_an_equivocation() -> None:
    """Both are kept; the second is held and says why."""
    ingest = Ingest()
    ingest.admit(a_message(a_body(boot=3, seq=7)))
    (second,) = ingest.outcomes(a_message(a_body(boot=3, seq=7, lat=51.7)))

    assert isinstance(second, Fix)
    assert (FixState.HELD, Reason.EQUIVOCATION) == (second.state, second.reason)


def test_m28_a_counter_may_begin_again_only_in_a_new_boot() -> None:
    """Number 0 of a new boot is fine; number 0 again in the same boot is held as a replay."""
    ingest = Ingest()
    for seq in range(3):
        ingest.admit(a_message(a_body(boot=3, seq=seq, t=SECONDS - 10 + seq)))
    later = SECONDS - 1
    new_boot = ingest.outcomes(a_message(a_body(boot=4, seq=0, t=later)))
    same_boot = ingest.outcomes(a_message(a_body(boot=3, seq=0, t=SECONDS)))

    assert [FixState.ACCEPTED] == [fix.state for fix in new_boot if isinstance(fix, Fix)]
    assert [(FixState.HELD, Reason.REPLAYED)] == [
        (fix.state, fix.reason) for fix in same_boot if isinstance(fix, Fix)
    ]


def test_m31_one_bad_item_costs_only_itself() -> None:
    """Of 500 items with one that is no object, 499 are fixes and one is set aside by its index."""
    items: list[object] = [a_body(seq=i, boot=1, t=SECONDS - 500 + i) for i in range(500)]
    items[17] = "not a fix"

    outcomes = Ingest().outcomes(a_message(items))

    assert 499 == sum(isinstance(outcome, Fix) for outcome in outcomes)
    assert ["[17]"] == [item.field for item in outcomes if isinstance(item, Quarantined)]
    assert list(range(500)) == [outcome.log_position for outcome in outcomes]


def test_m31_a_bad_field_in_a_batch_is_named() -> None:
    """A bad latitude among good fixes is a rejection that says where it was."""
    items: list[object] = [a_body(t=SECONDS - 2), a_body(lat=91), a_body(t=SECONDS - 3)]

    outcomes = Ingest().outcomes(a_message(items))

    assert ["[1].lat"] == [item.field for item in outcomes if isinstance(item, Rejection)]


def test_m30_a_message_holds_at_most_500_items() -> None:
    """One more than the protocol allows and the message is set aside whole."""
    outcome = outcome_of([a_body(t=SECONDS - i) for i in range(501)])

    assert isinstance(outcome, Quarantined)
    assert Reason.TOO_LARGE is outcome.reason


def test_m32_order_and_repeats_within_a_batch_change_nothing() -> None:
    """An array read backwards with every item twice gives what the sorted array gives."""
    items: list[object] = [a_body(boot=1, seq=i, t=SECONDS - 60 + i) for i in range(20)]

    assert Ingest().outcomes(a_message(items)) == Ingest().outcomes(
        a_message([*reversed(items), *items])
    )


@pytest.mark.parametrize("topic", ["fix", "event"])
def test_m37_a_retained_report_is_never_live(topic: str) -> None:
    """What the broker stored is rejected once, and does not stand in the way of the live one."""
    ingest = Ingest()
    body = a_body(boot=1, seq=1, type="sos")
    path = f"kc/v1/{TAG}/{topic}"

    stored = ingest.outcomes(
        a_message(body, path, retained=True), a_message(body, path, retained=True)
    )
    live = ingest.outcomes(a_message(body, path))

    assert [Reason.RETAINED] == [item.reason for item in stored if isinstance(item, Rejection)]
    assert 1 == len(stored)
    assert [True] == [isinstance(item, Fix | DeviceEvent) for item in live]


def test_m39_yesterdays_packet_is_noted_and_has_no_effect() -> None:
    """The same boot, number and body a day later is recorded as a replay, and nothing else."""
    ingest = Ingest()
    body = a_body(boot=1, seq=1)
    ingest.admit(a_message(body))
    (again,) = ingest.outcomes(a_message(body, received_at=NOW + timedelta(days=1)))

    assert isinstance(again, Rejection)
    assert Reason.REPLAYED is again.reason


def test_m41_a_last_will_says_the_device_is_gone() -> None:
    """The broker's 0 on behalf of a device is a presence."""
    (gone,) = Ingest().outcomes(a_message(b"0", f"kc/v1/{TAG}/online"))

    assert isinstance(gone, Presence)
    assert gone.online is False


@pytest.mark.parametrize(
    "extra",
    [
        pytest.param({}, id="M47"),
        pytest.param({"lat": "here", "lon": None}, id="M47-bad-place"),
        pytest.param({"t": None}, id="M47-no-instant"),
        pytest.param({"t": "2000-01-01T00:00:00Z"}, id="M47-unset-clock"),
        pytest.param({"t": SECONDS + 1e8}, id="M47-future"),
    ],
)
def test_a_cut_strap_is_never_filtered(extra: dict[str, object]) -> None:
    """A tamper event needs neither a place nor a working clock to count."""
    body = {"boot": 1, "seq": 4, "t": SECONDS, "type": "strap_tamper", **extra}
    (event,) = Ingest().outcomes(a_message(text_of(body), f"kc/v1/{TAG}/event"))

    assert isinstance(event, DeviceEvent)
    assert (EventType.STRAP_TAMPER, NOW, None) == (
        event.event_type,
        event.occurred_at,
        event.position,
    )
