"""Scenarios can be found and read, and their truth is what their story says."""

import pytest

from simulator.packaged import palmers_green
from simulator.scenario import UnknownScenarioError, catalogue, named
from simulator.stage import fastest_mps, moments_of, tracks_of

SEEDS = (1, 2, 7)


def moments(name: str, seed: int) -> dict[str, float]:
    """Return when things truly happen in a scenario."""
    scenario = named(name)
    return moments_of(scenario, tracks_of(scenario, palmers_green(), seed))


def test_every_promised_scenario_is_there() -> None:
    """The catalogue has the six stories and the zone."""
    assert catalogue() == {
        "approach_on_foot": "Approach on foot",
        "drive_by": "Drive-by",
        "forbidden_zone": "Forbidden zone",
        "loses_signal_near_her": "Loses signal near her",
        "stays_away": "Stays away",
        "strap_cut": "Strap cut",
        "two_owntracks_phones": "Two OwnTracks phones",
    }


@pytest.mark.parametrize("name", ["approach-on-foot", "Approach on foot", "approach_on_foot.toml"])
def test_a_scenario_is_found_however_it_is_written(name: str) -> None:
    """Case, spaces and hyphens do not matter, and a title is a name."""
    assert named(name).name == "approach_on_foot"


def test_an_unknown_scenario_is_named_with_the_known_ones() -> None:
    """Whoever mistypes a name is told which there are."""
    with pytest.raises(UnknownScenarioError, match="approach_on_foot"):
        named("approach on wheels")


@pytest.mark.parametrize("name", list(catalogue()))
def test_every_moment_that_is_expected_truly_comes(name: str) -> None:
    """Whatever the seed, each expectation's moment is in the story."""
    scenario = named(name)

    for seed in SEEDS:
        known = moments(name, seed)
        assert {one.moment for one in scenario.expect} <= known.keys()
        assert all(0.0 <= at_s <= scenario.lasts_s for at_s in known.values())


@pytest.mark.parametrize("seed", SEEDS)
def test_an_approach_reaches_the_line_soon(seed: int) -> None:
    """Whoever watches sees the line crossed within two and a half minutes."""
    assert 60.0 <= moments("approach_on_foot", seed)["line"] <= 150.0
    assert moments("two_owntracks_phones", seed)["line"] <= 150.0


@pytest.mark.parametrize("name", ["stays_away", "strap_cut", "loses_signal_near_her"])
def test_whoever_should_stay_out_never_comes_within_the_line(name: str) -> None:
    """In the stories without a breach the true distance never falls to the line."""
    assert all("line" not in moments(name, seed) for seed in SEEDS)


def test_nobody_is_faster_than_people_are() -> None:
    """Walkers stay below 2 m/s, drivers below a town's limit."""
    for name in catalogue():
        tracks = tracks_of(named(name), palmers_green(), 1)
        assert fastest_mps(tracks) <= (22.0 if name == "drive_by" else 2.0)
