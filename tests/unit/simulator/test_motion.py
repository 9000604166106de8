"""Walkers walk, drivers brake, and a track is truth at every instant."""

from random import Random

import pytest

from domain.position import Position
from simulator.earth import metres_between, moved
from simulator.motion import Track, first_instant, going, standing
from simulator.network import Mode, Route

HERE = Position(latitude_deg=51.6165, longitude_deg=-0.1190)


def straight(length_m: float, *, limit_mps: float = 13.4) -> Route:
    """Return a straight way to the east without junctions."""
    return Route(
        positions=(HERE, moved(HERE, length_m, 0.0)),
        speeds_mps=(limit_mps,),
        junctions=(False, False),
    )


def test_a_walker_keeps_a_walking_pace() -> None:
    """A kilometre takes between nine and nineteen minutes and no second of it is a run."""
    track = going(Mode.FOOT, straight(1_000.0), Random(3))

    assert 540.0 <= track.ends_s <= 1_140.0
    assert all(track.at(second).speed_mps <= 1.95 for second in range(int(track.ends_s)))


def test_a_driver_starts_and_stops_at_rest_below_the_limit() -> None:
    """A car accelerates from rest, stays below the limit and brakes to its end."""
    track = going(Mode.CAR, straight(1_000.0), Random(3))

    assert track.at(0.5).speed_mps < 6.0
    assert max(track.at(second).speed_mps for second in range(200)) <= 13.4
    assert track.at(track.ends_s - 0.2).speed_mps < 6.0
    assert track.at(track.ends_s + 10.0).speed_mps == 0.0


def test_a_driver_slows_for_a_bend() -> None:
    """At a right angle no car is faster than a bend allows."""
    corner = moved(HERE, 300.0, 0.0)
    route = Route(
        positions=(HERE, corner, moved(corner, 0.0, 300.0)),
        speeds_mps=(13.4, 13.4),
        junctions=(False, False, False),
    )
    track = going(Mode.CAR, route, Random(3))
    at_corner = min(
        (metres_between(track.position_at(second / 4), corner), second / 4)
        for second in range(int(track.ends_s * 4))
    )[1]

    assert track.at(at_corner).speed_mps < 8.0


def test_a_course_outlives_the_movement() -> None:
    """Somebody who stands still has the course they came with; at first they have none."""
    track = going(Mode.FOOT, straight(50.0), Random(3))

    assert track.at(-1.0).speed_mps == 0.0
    assert track.at(track.ends_s + 60.0).course_deg == pytest.approx(90.0, abs=0.1)


def test_tracks_follow_each_other() -> None:
    """What comes next begins where and when the last one ended."""
    there = straight(100.0).positions[-1]
    first = going(Mode.FOOT, straight(100.0), Random(3))
    track = first.then(standing(there, 30.0))

    assert track.ends_s == pytest.approx(first.ends_s + 30.0)
    assert metres_between(track.position_at(first.ends_s + 15.0), there) < 0.01


def test_a_story_may_begin_in_the_middle() -> None:
    """What went before the beginning is gone; what comes after it is not moved."""
    whole = going(Mode.FOOT, straight(200.0), Random(3))
    later = whole.begun_at(40.0)

    assert metres_between(whole.position_at(70.0), later.position_at(30.0)) < 0.01
    assert later.ends_s == pytest.approx(whole.ends_s - 40.0)


def test_an_instant_that_never_comes_is_none() -> None:
    """The first instant is on the grid, and none is none, not zero."""
    assert first_instant(lambda at_s: at_s >= 3.2, from_s=0.0, until_s=10.0) == 3.5
    assert first_instant(lambda _: True, from_s=0.0, until_s=10.0) == 0.0
    assert first_instant(lambda _: False, from_s=0.0, until_s=10.0) is None


def test_time_does_not_run_back() -> None:
    """A track whose instants fall is refused."""
    with pytest.raises(AssertionError):
        Track(instants_s=(1.0, 0.0), positions=(HERE, HERE))
