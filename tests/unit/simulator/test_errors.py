"""Simulated receivers are wrong as measured: how far, how often, how long, how confident."""

import math
from itertools import pairwise
from random import Random

import pytest

from simulator.errors import (
    ANDROID_MEASURED,
    TABLE,
    TAG,
    Drift,
    PositionError,
    Profile,
    Range,
    Receiver,
)

RANGES = [
    pytest.param(one, id=f"{make}-{one.claim_m[1]:g}") for make in TABLE for one in TABLE[make]
]
DRAWS = 20_000


def drawn(profile: Profile, *, every_s: float, count: int) -> list[PositionError]:
    """Return errors of one receiver at a steady rate."""
    receiver = Receiver(profile, Random(11))
    return [receiver.error_at(index * every_s) for index in range(count)]


def size_m(error: PositionError) -> float:
    """Return how far a fix is off."""
    return math.hypot(error.east_m, error.north_m)


@pytest.mark.parametrize("measured", RANGES)
def test_quantiles_are_the_measured_ones(measured: Range) -> None:
    """Half, 95 % and 99 % of the errors of a range stay within the measured metres."""
    errors = sorted(
        size_m(one)
        for one in drawn(Profile(ranges=(measured,), shares=(1.0,)), every_s=600.0, count=DRAWS)
    )

    assert errors[DRAWS // 2] == pytest.approx(measured.p50_m, rel=0.05)
    assert errors[DRAWS * 95 // 100] == pytest.approx(measured.p95_m, rel=0.15)
    assert errors[DRAWS * 99 // 100] == pytest.approx(measured.p99_m, rel=0.25)


@pytest.mark.parametrize("measured", RANGES)
def test_claims_are_as_over_confident_as_measured(measured: Range) -> None:
    """The share of errors within the claim is the measured one, and claims stay in their range."""
    errors = drawn(Profile(ranges=(measured,), shares=(1.0,)), every_s=600.0, count=DRAWS)
    within = sum(size_m(one) <= one.claim_m for one in errors) / DRAWS

    assert within == pytest.approx(measured.within_claim, abs=0.08)
    assert all(measured.claim_m[0] <= one.claim_m <= measured.claim_m[1] for one in errors)


def test_neighbouring_fixes_share_their_error() -> None:
    """Fixes 15 s apart are much alike, fixes ten minutes apart are not."""

    def alike(every_s: float) -> float:
        drift = Drift(90.0, Random(5))
        values = [drift.at(index * every_s) for index in range(20_000)]
        pairs = pairwise(values)
        return sum(one * other for one, other in pairs) / sum(one * one for one in values)

    assert alike(15.0) == pytest.approx(math.exp(-15.0 / 90.0), abs=0.03)
    assert alike(600.0) == pytest.approx(0.0, abs=0.03)


def test_ranges_come_with_the_shares_of_the_profile() -> None:
    """A profile claims each range as often as it was measured."""
    errors = drawn(ANDROID_MEASURED, every_s=3_600.0, count=DRAWS)
    small = sum(one.claim_m <= 10.0 for one in errors) / DRAWS

    assert small == pytest.approx(474 / 1_893, abs=0.03)


def test_a_tag_under_the_sky_never_claims_what_it_never_has() -> None:
    """The tag's profile stays below 65 m claimed."""
    assert max(one.claim_m for one in drawn(TAG, every_s=60.0, count=2_000)) <= 65.0


def test_an_error_of_nothing_is_possible() -> None:
    """The quantile function begins at zero and is not afraid of it."""
    measured = TABLE["ios"][0]

    assert measured.error_m(0.0) == 0.0
    assert measured.error_m(0.5) == pytest.approx(measured.p50_m)
    assert measured.error_m(1.0 - 1e-15) <= 4.0 * measured.p99_m
