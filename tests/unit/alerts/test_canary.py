"""What beats prove, and where the path is broken when they do not come through."""

from datetime import timedelta

from alerts.canary import HOPS, Canary, Hop
from alerts.rehearsal import HANDSET, ORDER, TAG, claims, devices, order, people
from domain.ids import is_canary
from tests.unit.alerts.builders import at


def _canary() -> Canary:
    return Canary(period=timedelta(seconds=10), age_max=timedelta(seconds=20))


def _pass(canary: Canary, seconds: float, *hops: Hop) -> None:
    assert canary.due(at(seconds)) is not None
    for hop in hops:
        canary.reach(hop, at(seconds + 0.1))


def test_nothing_is_proven_before_a_beat_came_through() -> None:
    """Until the first beat is through nobody is called protected, and nothing is blamed."""
    verdict = _canary().verdict(at(0))

    assert (False, False, ()) == (verdict.ready, verdict.proven, verdict.broken)


def test_a_beat_that_came_through_proves_the_path_for_a_while() -> None:
    """Ready to the last instant of twenty seconds, and not one longer."""
    canary = _canary()
    _pass(canary, 0, *HOPS)

    assert canary.verdict(at(20.1)).ready
    assert not canary.verdict(at(20.11)).ready
    assert canary.verdict(at(20.11)).proven


def test_beats_alternate_and_keep_their_pace() -> None:
    """Near and far in turn, twice a period, never two at once."""
    canary = _canary()
    near = [
        beat.near for beat in (canary.due(at(second)) for second in range(21)) if beat is not None
    ]

    assert [True, False, True, False, True] == near


def test_the_first_hop_not_passed_is_named() -> None:
    """A beat that stops after the broker says that ingest is broken, until one comes through."""
    canary = _canary()
    _pass(canary, 0, Hop.RECORDS, Hop.BROKER)

    assert (Hop.INGEST,) == canary.verdict(at(5)).broken

    _pass(canary, 5, *HOPS)
    assert () == canary.verdict(at(6)).broken


def test_one_lost_beat_does_not_cry_wolf() -> None:
    """While the last proof is young enough, a single missing beat changes nothing."""
    canary = _canary()
    _pass(canary, 0, *HOPS)
    _pass(canary, 5)
    _pass(canary, 10)

    assert canary.verdict(at(12)).ready


def test_the_whole_cast_is_recognised_as_synthetic() -> None:
    """Everyone and everything of the case has the prefix by which it is hidden."""
    ids = [
        *(person.person_id for person in people()),
        *(device.device_id for device in devices()),
        order().order_id,
        *(condition.condition_id for condition in order().conditions),
    ]

    assert [] == [identity for identity in ids if not is_canary(identity)]
    assert {ORDER, TAG, HANDSET} <= set(ids)


def test_near_and_far_differ() -> None:
    """The tag stands elsewhere in a far beat; her handset stays where it is."""
    canary = _canary()
    near, far = canary.due(at(0)), canary.due(at(5))
    assert near is not None
    assert far is not None

    (hers_near, his_near), (hers_far, his_far) = claims(near), claims(far)

    assert (hers_near[1].lat, hers_near[1].lon) == (hers_far[1].lat, hers_far[1].lon)
    assert his_near[1].lat != his_far[1].lat
