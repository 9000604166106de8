"""How wrong a position is, and how wrong its own account of that is.

Pure. The figures are `TABLE`, measured on phones of two makes against known routes (MobilityNet,
2019-20; see `data/SOURCES.md`). For each make and each range of *claimed* accuracy it gives the
50th, 95th and 99th percentile of the true error, how often the error was within the claim, and
how many fixes fell in the range.

**The fit.** Two independent first-order Gauss-Markov processes (zero mean, unit variance,
correlation time `memory_s` = 90 s, the middle of the measured 60 to 120 s) give a direction and a
Rayleigh radius. The radius's probability is sent through the quantile function of the range
(a Gaussian copula), so the measured percentiles hold by construction at any sampling interval,
tails included, while neighbouring fixes share their error as real ones do. With g = -ln(1 - u):
below the median the error is Rayleigh, p50 * sqrt(g / ln 2); above it ln(error) is linear in g
through p95 and p99 and beyond, to at most `TAIL_MOST` times p99. A third process, slower
(`sky_memory_s`), draws the range with the shares of the profile: a phone keeps to one kind of
reception for minutes, then changes. The claim is the error that the measured share "within the
claim" stays under, spread by 20 % and kept inside its range: small claims come out over-confident,
as measured (an Android that claims 6 m is within it one time in six).

Drawn 100,000 times a minute apart, p50, p95 and p99 of every range come out within 1, 4 and 1 % of
the table, and the share within the claim within 0.02 of it (0.06 for iOS 10-30 m). The share within
three times the claim was not fitted; it comes out within 0.04 but for Android <= 10 m (0.78,
measured 0.65) and > 200 m (0.74, measured 0.89).

No such table exists for an ankle tag. `TAG` is our assumption: Android's three best ranges at
55, 35 and 10 %. `ANDROID_MEASURED` and `IOS_MEASURED` keep the measured shares, tunnels and hours
indoors included; `ANDROID` and `IOS` are the same phones under the sky.
"""

import math
from collections.abc import Mapping
from random import Random
from statistics import NormalDist
from types import MappingProxyType
from typing import Final

import msgspec

TAIL_MOST: Final = 4.0
CLAIM_SPREAD: Final = 0.2
_NORMAL: Final = NormalDist()
_LN2: Final = math.log(2.0)
_G95: Final = -math.log(0.05)
_G99: Final = -math.log(0.01)


class Range(msgspec.Struct, frozen=True, kw_only=True):
    """Fixes of one make that claim an accuracy in one range.

    Attributes:
        claim_m: The range of the claim: above the first, up to the second.
        p50_m: Median of the true error; `p95_m` and `p99_m` likewise.
        within_claim: Share of true errors that are no larger than the claim.
        count: How many fixes were measured.
    """

    claim_m: tuple[float, float]
    p50_m: float
    p95_m: float
    p99_m: float
    within_claim: float
    count: int

    def error_m(self, share: float) -> float:
        """Return the error that `share` (0 to under 1) of the fixes stay within, metres."""
        return self._error_at(-math.log1p(-share))

    def _error_at(self, g: float) -> float:
        if g <= _LN2:
            return self.p50_m * math.sqrt(g / _LN2)
        if g <= _G95:
            part = (g - _LN2) / (_G95 - _LN2)
            return self.p50_m * (self.p95_m / self.p50_m) ** part
        part = (g - _G95) / (_G99 - _G95)
        return min(self.p95_m * (self.p99_m / self.p95_m) ** part, TAIL_MOST * self.p99_m)

    def error_for_radius_m(self, radius: float) -> float:
        """Return the error whose probability is that of a Rayleigh `radius` (unit normals)."""
        return self._error_at(radius * radius / 2.0)

    def typical_claim_m(self) -> float:
        """Return the claim that the measured share of errors stays within, kept in the range."""
        low_m, high_m = self.claim_m
        return min(max(self.error_m(self.within_claim), low_m), high_m)


def _range(claim: tuple[float, float], figures: tuple[float, ...], count: int) -> Range:
    p50_m, p95_m, p99_m, within = figures
    return Range(
        claim_m=claim, p50_m=p50_m, p95_m=p95_m, p99_m=p99_m, within_claim=within, count=count
    )


TABLE: Final[Mapping[str, tuple[Range, ...]]] = MappingProxyType(
    {
        "android": (
            _range((3.0, 10.0), (12.0, 35.0, 63.0, 0.16), 474),
            _range((10.0, 30.0), (19.0, 56.0, 111.0, 0.50), 669),
            _range((30.0, 65.0), (27.0, 97.0, 168.0, 0.71), 320),
            _range((65.0, 200.0), (49.0, 239.0, 1_875.0, 0.79), 212),
            _range((200.0, 4_000.0), (808.0, 23_867.0, 26_693.0, 0.39), 218),
        ),
        "ios": (
            _range((3.0, 10.0), (5.0, 26.0, 76.0, 0.72), 2_112),
            _range((10.0, 30.0), (31.0, 105.0, 260.0, 0.49), 412),
            _range((30.0, 65.0), (31.0, 100.0, 198.0, 0.84), 2_168),
            _range((65.0, 200.0), (68.0, 219.0, 618.0, 0.87), 682),
            _range((200.0, 4_000.0), (489.0, 3_159.0, 4_730.0, 0.89), 1_149),
        ),
    }
)


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of receiver in a kind of surroundings.

    Attributes:
        ranges: What it claims, and what such claims are worth.
        shares: How often it claims each; they need not sum to one.
        memory_s: Correlation time of the error.
        sky_memory_s: Correlation time of the claimed range.
    """

    ranges: tuple[Range, ...]
    shares: tuple[float, ...]
    memory_s: float = 90.0
    sky_memory_s: float = 180.0

    def range_at(self, share: float) -> Range:
        """Return the range that a number from 0 to 1 falls in, by the shares."""
        left = share * sum(self.shares)
        for candidate, weight in zip(self.ranges, self.shares, strict=True):
            left -= weight
            if left < 0.0:
                return candidate
        return self.ranges[-1]


def _measured(make: str) -> Profile:
    ranges = TABLE[make]
    return Profile(ranges=ranges, shares=tuple(float(one.count) for one in ranges))


def _outdoors(make: str, *shares: float) -> Profile:
    return Profile(ranges=TABLE[make][: len(shares)], shares=shares)


ANDROID_MEASURED: Final = _measured("android")
IOS_MEASURED: Final = _measured("ios")
ANDROID: Final = _outdoors("android", 0.45, 0.40, 0.15)
IOS: Final = _outdoors("ios", 0.65, 0.10, 0.25)
TAG: Final = _outdoors("android", 0.55, 0.35, 0.10)

PROFILES: Final[Mapping[str, Profile]] = MappingProxyType(
    {
        "tag": TAG,
        "android": ANDROID,
        "ios": IOS,
        "android_measured": ANDROID_MEASURED,
        "ios_measured": IOS_MEASURED,
    }
)


class PositionError(msgspec.Struct, frozen=True, kw_only=True):
    """One fix's error: how far it is off, and the radius in metres that the device claims."""

    east_m: float
    north_m: float
    claim_m: float


class Drift:
    """A first-order Gauss-Markov process of unit variance: it remembers, and it forgets."""

    def __init__(self, memory_s: float, chance: Random) -> None:
        self._memory_s = memory_s
        self._chance = chance
        self._at_s: float | None = None
        self._value = 0.0

    def at(self, story_s: float) -> float:
        """Return its value at an instant not before the last one asked for."""
        fresh = self._chance.gauss(0.0, 1.0)
        if self._at_s is None:
            self._value = fresh
        else:
            assert story_s >= self._at_s
            kept = math.exp(-(story_s - self._at_s) / self._memory_s)
            self._value = kept * self._value + math.sqrt(1.0 - kept * kept) * fresh
        self._at_s = story_s
        return self._value


class Receiver:
    """A positioning receiver: asked in order of time, it says how wrong it is."""

    def __init__(self, profile: Profile, chance: Random) -> None:
        self._profile = profile
        self._chance = chance
        self._east = Drift(profile.memory_s, chance)
        self._north = Drift(profile.memory_s, chance)
        self._sky = Drift(profile.sky_memory_s, chance)

    def error_at(self, story_s: float) -> PositionError:
        """Return the error of a fix at an instant not before the last one asked for."""
        east, north = self._east.at(story_s), self._north.at(story_s)
        found = self._profile.range_at(_NORMAL.cdf(self._sky.at(story_s)))
        radius = math.hypot(east, north)
        stretch = found.error_for_radius_m(radius) / radius if radius > 0.0 else 0.0
        return PositionError(
            east_m=east * stretch, north_m=north * stretch, claim_m=self._claim_m(found)
        )

    def _claim_m(self, found: Range) -> float:
        low_m, high_m = found.claim_m
        spread = math.exp(CLAIM_SPREAD * self._chance.gauss(0.0, 1.0))
        return min(max(found.typical_claim_m() * spread, low_m), high_m)
