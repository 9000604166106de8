"""The roads: one-way streets hold, everybody can get home, and ways are the best ones."""

import json
from itertools import pairwise

import pytest

from domain.position import Position
from simulator.earth import metres_between
from simulator.network import Mode, Network, NoWayError, read_network
from simulator.packaged import palmers_green

DEGREE_M = 69_100.0


def edge(tail: int, head: int, **properties: object) -> dict[str, object]:
    """Return an edge between nodes that stand in a row, 0.001 degrees of longitude apart."""
    known: dict[str, object] = {
        "u": tail,
        "v": head,
        "speed_kmh": 36.0,
        "oneway": 0,
        "car": True,
        "foot": True,
        "length_m": abs(head - tail) * DEGREE_M / 1_000.0,
    }
    line = [[tail / 1_000.0, 51.6], [head / 1_000.0, 51.6]]
    return {"properties": known | properties, "geometry": {"coordinates": line}}


def network(*edges: dict[str, object]) -> Network:
    """Return a network of these edges alone."""
    return read_network(json.dumps({"features": edges}).encode())


def test_a_driver_obeys_a_one_way_street() -> None:
    """Against the arrow a car goes round, and a walker does not."""
    roads = network(
        edge(1, 2, oneway=1),
        edge(2, 3),
        edge(3, 1, length_m=500.0),
    )

    assert roads.route(Mode.CAR, 1, 2).positions[-1] == roads.position(Mode.CAR, 2)
    assert len(roads.route(Mode.CAR, 2, 1).positions) == 3
    assert len(roads.route(Mode.FOOT, 2, 1).positions) == 2


def test_an_arrow_may_point_back() -> None:
    """`oneway` of -1 allows only the way from the second node to the first."""
    roads = network(edge(1, 2, oneway=-1), edge(2, 3), edge(3, 1))

    assert len(roads.route(Mode.CAR, 1, 2).positions) == 3
    assert len(roads.route(Mode.CAR, 2, 1).positions) == 2


def test_a_walker_takes_the_short_way_and_a_driver_the_quick_one() -> None:
    """A slow direct street is for walkers, a fast detour for drivers."""
    roads = network(
        edge(1, 3, speed_kmh=5.0, length_m=140.0),
        edge(1, 2, speed_kmh=90.0, length_m=200.0),
        edge(2, 3, speed_kmh=90.0, length_m=200.0),
    )

    assert len(roads.route(Mode.FOOT, 1, 3).positions) == 2
    assert len(roads.route(Mode.CAR, 1, 3).positions) == 3


def test_an_island_is_left_out() -> None:
    """Only the largest part in which everybody reaches everybody is kept."""
    roads = network(edge(1, 2), edge(2, 3), edge(7, 8))

    assert [1, 2, 3] == roads.nodes(Mode.FOOT)
    assert roads.nearest(Mode.FOOT, Position(latitude_deg=51.6, longitude_deg=0.008)) == 3
    with pytest.raises(NoWayError):
        roads.route(Mode.FOOT, 1, 8)


def test_a_dead_end_of_one_way_streets_is_left_out() -> None:
    """A car is never sent where it cannot come back from."""
    roads = network(edge(1, 2), edge(2, 3), edge(3, 4, oneway=1))

    assert [1, 2, 3] == roads.nodes(Mode.CAR)
    assert [1, 2, 3, 4] == roads.nodes(Mode.FOOT)


def test_a_place_along_a_way_is_held_at_its_ends() -> None:
    """Before the beginning is the beginning, after the end is the end, halfway is between."""
    route = network(edge(1, 2), edge(2, 3)).route(Mode.FOOT, 1, 3)

    assert route.position_at(-5.0) == route.positions[0]
    assert route.position_at(route.length_m + 5.0) == route.positions[-1]
    half = route.position_at(route.length_m / 2.0)
    assert half.longitude_deg == pytest.approx(0.002, abs=1e-9)


def test_the_packaged_town_is_whole() -> None:
    """Palmers Green has thousands of corners, one part, and lengths that fit its lines."""
    roads = palmers_green()

    assert len(roads.nodes(Mode.FOOT)) > 5_000
    assert len(roads.nodes(Mode.CAR)) > 2_300
    start, goal = roads.nodes(Mode.CAR)[0], roads.nodes(Mode.CAR)[-1]
    route = roads.route(Mode.CAR, start, goal)
    stretches = [metres_between(one, other) for one, other in pairwise(route.positions)]
    assert sum(stretches) == pytest.approx(route.length_m)
    assert len(route.speeds_mps) == len(stretches)
    assert len(route.junctions) == len(route.positions)
