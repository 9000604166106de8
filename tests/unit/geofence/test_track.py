"""How a device moves, and how far it could have gone."""

from datetime import timedelta

import pytest

from geofence.contact import GRACE
from geofence.track import (
    FASTEST_MPS,
    PLACES_MOST,
    ROAD_MPS,
    STILL_M,
    Place,
    Sighting,
    appended,
    place_of,
    reach_m,
    velocity,
)
from tests.unit.geofence.scenes import TAG, a_fix, instant

MINUTE = timedelta(seconds=60)


def a_track(*fixes: tuple[float, float]) -> tuple[Place, ...]:
    """Return places at (seconds, metres east)."""
    places: tuple[Place, ...] = ()
    for seconds, east_m in fixes:
        places = appended(places, place_of(a_fix(TAG, seconds, east_m)), MINUTE)
    return places


def a_sighting(heard_s: float = 0.0, *, resting: bool = False) -> Sighting:
    """Return a tag that was last fixed at noon, and heard of later."""
    return Sighting(
        device_id=TAG,
        interval=MINUTE,
        places=a_track((0.0, 0.0)),
        heard_at=instant(heard_s),
        resting=resting,
    )


def test_a_device_that_says_how_it_moves_is_believed() -> None:
    """Its own speed and course count before what two places say."""
    fix = a_fix(TAG, 60, 0, speed_mps=10.0, course_deg=90.0)
    east, north = velocity((*a_track((0, 0)), place_of(fix)))
    assert (10.0, 0.0) == (pytest.approx(east), pytest.approx(north, abs=1e-9))


def test_a_device_that_says_it_stands_stands() -> None:
    """A speed of nothing is a speed, and no speed has no course."""
    places = appended(a_track((0, 0)), place_of(a_fix(TAG, 60, 90, speed_mps=0.0)), MINUTE)
    assert (0.0, 0.0) == velocity(places)


def test_jitter_is_not_motion() -> None:
    """Two fixes within each other's error are one place."""
    assert (0.0, 0.0) == velocity(a_track((0, 0), (60, 30)))
    assert velocity(a_track((0, 0), (60, 600)))[0] > 8.0


def test_a_leap_is_not_motion() -> None:
    """What nobody could have covered gives no speed."""
    assert (0.0, 0.0) == velocity(a_track((0, 0), (60, 30_000)))


def test_nothing_is_added_within_the_interval() -> None:
    """A device that reports in time is where it says, give or take its speed."""
    assert 0.0 == reach_m(a_sighting(), instant(89), GRACE)


def test_true_silence_may_mean_the_fastest() -> None:
    """A minute past its interval without a word it may have gone as fast as anything goes."""
    assert 60 * FASTEST_MPS == reach_m(a_sighting(), instant(120), GRACE)


def test_a_device_still_heard_from_is_on_the_road_or_at_rest() -> None:
    """Heartbeats bound it by road speed, and by a stroll if nothing says that it moved."""
    assert 60 * ROAD_MPS == reach_m(a_sighting(100.0), instant(120), GRACE)
    assert STILL_M == reach_m(a_sighting(100.0, resting=True), instant(120), GRACE)


@pytest.mark.parametrize("every_s", [1, 5, 15, 60, 600])
def test_a_track_reaches_back_however_often_a_device_reports(every_s: int) -> None:
    """Places reach back five minutes, are never more than a few, and the newest are all there."""
    places = a_track(*((number * every_s, 10.0 * number) for number in range(2000)))
    assert len(places) <= PLACES_MOST
    assert timedelta(seconds=300) <= places[-1].fixed_at - places[0].fixed_at
    newest = [places[-1].fixed_at - place.fixed_at for place in places[-4:]]
    assert [timedelta(seconds=every_s * back) for back in (3, 2, 1, 0)] == newest
