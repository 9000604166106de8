"""The same seed is the same story, and everybody stays on the roads."""

from datetime import UTC, datetime
from itertools import pairwise
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.capture import capture_of
from simulator.earth import metres_between
from simulator.motion import going
from simulator.network import Mode
from simulator.packaged import palmers_green
from simulator.scenario import catalogue, named

START_AT = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
SEEDS = st.integers(min_value=0, max_value=2**32 - 1)


@settings(max_examples=15)
@given(seed=SEEDS, name=st.sampled_from(list(catalogue())))
def test_the_same_seed_gives_the_same_bytes(seed: int, name: str) -> None:
    """A capture is a function of scenario, seed and start."""
    assert capture_of(named(name), seed, START_AT) == capture_of(named(name), seed, START_AT)


@given(seed=SEEDS)
def test_another_seed_is_another_story(seed: int) -> None:
    """Seeds matter: paces, errors and delays differ."""
    scenario = named("strap_cut")

    assert capture_of(scenario, seed, START_AT)[1] != capture_of(scenario, seed + 1, START_AT)[1]


@given(seed=SEEDS, mode=st.sampled_from(Mode))
def test_everybody_stays_on_the_way_and_gets_there(seed: int, mode: Mode) -> None:
    """Between any two places there is a way, and a track never leaves it or goes back."""
    roads, chance = palmers_green(), Random(seed)
    start, goal = chance.choice(roads.nodes(mode)), chance.choice(roads.nodes(mode))
    route = roads.route(mode, start, goal)
    track = going(mode, route, chance)

    assert track.positions[0] == roads.position(mode, start)
    assert metres_between(track.positions[-1], roads.position(mode, goal)) < 0.01
    walked = sum(metres_between(one, other) for one, other in pairwise(track.positions))
    assert abs(walked - route.length_m) < 0.01 + 1e-6 * route.length_m


@given(seed=SEEDS)
def test_nobody_is_thrown_about(seed: int) -> None:
    """From one second to the next nobody moves farther than the fastest road allows."""
    roads, chance = palmers_green(), Random(seed)
    nodes = roads.nodes(Mode.CAR)
    track = going(Mode.CAR, roads.route(Mode.CAR, chance.choice(nodes), nodes[0]), chance)
    steps = [track.position_at(float(second)) for second in range(int(track.ends_s) + 2)]

    assert all(metres_between(one, other) <= 23.0 for one, other in pairwise(steps))
