"""Who moves where, and who publishes when. Pure: one seed gives the same load everywhere.

Devices come in pairs under proximity orders: an even index is a tag, the next one the handset of
the person it must keep clear of. Most pairs are kilometres apart, a few live near each other, and
a few tags set out to approach while we measure.

The schedule is an open loop: when something is published does not depend on how fast anything
before it was answered. Instants are whole milliseconds, as fixes carry them, so that a fix's own
`t` says exactly when it was due.
"""

import math
from collections.abc import Iterator
from itertools import accumulate, takewhile
from random import Random
from typing import Final

import msgspec

ALERT_M: Final = 500.0
#: Where near pairs stand: inside `warning_m` (twice `ALERT_M`), outside `ALERT_M`.
NEAR_M: Final = 800.0
#: Where approaching tags wait: a little outside `warning_m`.
WAITING_M: Final = 1_200.0
APPROACH_MPS: Final = 20.0
#: Where approaching tags stop.
ARRIVED_M: Final = 120.0
FAR_M: Final = (4_000.0, 15_000.0)
#: Everybody else walks in a circle.
WALK_MPS: Final = 1.4
WALK_RADIUS_M: Final = 60.0
#: Part of its interval by which a device may be early or late.
JITTER: Final = 0.1

_METRES_PER_DEGREE: Final = 111_300.0
#: South-west corner and size, degrees: greater London.
_AREA: Final = (51.30, -0.50, 0.40, 0.80)


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of the system.

    Attributes:
        devices: Connections; tags and handsets, one each a pair.
        rate: Fixes per second of all devices together.
        warm_up_s: Published before anything is measured.
        seconds: Measured time.
        approaches: Pairs whose tag approaches while we measure.
        near: Pairs who live near each other.
    """

    seed: int
    devices: int
    rate: float
    warm_up_s: float
    seconds: float
    approaches: int
    near: int

    def __post_init__(self) -> None:
        """Keep every device in a pair and every pair in one group."""
        assert self.devices >= 2
        assert self.devices % 2 == 0
        assert self.rate > 0.0
        assert self.seconds > 0.0
        assert 0 <= self.approaches + self.near <= self.devices // 2

    @property
    def length_s(self) -> float:
        """From the first fix to the last."""
        return self.warm_up_s + self.seconds

    @property
    def interval_s(self) -> float:
        """Time between two fixes of one device."""
        return self.devices / self.rate


class Shot(msgspec.Struct, frozen=True):
    """One fix to be published: `due_ms` after the start, by the device of that index."""

    due_ms: int
    device: int


class Path(msgspec.Struct, frozen=True, kw_only=True):
    """How one device moves.

    Attributes:
        home: Latitude and longitude, degrees.
        phase: Where on its circle it begins, radians; None if it stands.
        sets_out_s: When it begins to approach; None if it does not.
    """

    home: tuple[float, float]
    phase: float | None = None
    sets_out_s: float | None = None


def is_tag(device: int) -> bool:
    """Return whether the device of that index is a wearer's tag."""
    return device % 2 == 0


def shots(load: Load) -> list[Shot]:
    """Return everything that is published, in order of time."""
    chance = Random(f"{load.seed}:shots")
    return sorted(
        (Shot(due_ms, device) for device in range(load.devices) for due_ms in _due(load, chance)),
        key=lambda shot: (shot.due_ms, shot.device),
    )


def _due(load: Load, chance: Random) -> Iterator[int]:
    """Yield when one device publishes: at its own phase, every interval, more or less."""
    interval = load.interval_s
    first = chance.random() * interval
    steps = accumulate(iter(lambda: interval, None), initial=first)
    wobble = JITTER * interval
    for due in takewhile(lambda due: due < load.length_s, steps):
        yield max(0, round(1000.0 * (due + chance.uniform(-wobble, wobble))))


def paths(load: Load) -> list[Path]:
    """Return how each device moves, by index."""
    chance = Random(f"{load.seed}:paths")
    found: list[Path] = []
    for pair in range(load.devices // 2):
        south, west, height, width = _AREA
        hers = (south + height * chance.random(), west + width * chance.random())
        if pair < load.approaches:
            wait = load.warm_up_s + load.seconds * 0.6 * pair / load.approaches
            tag = Path(home=_moved(hers, WAITING_M, 0.0), sets_out_s=wait)
            found += (tag, Path(home=hers))
        elif pair < load.approaches + load.near:
            found += (Path(home=_moved(hers, NEAR_M, 0.0)), Path(home=hers))
        else:
            away = _moved(hers, chance.uniform(*FAR_M), chance.uniform(0.0, math.tau))
            found += (
                Path(home=away, phase=chance.uniform(0.0, math.tau)),
                Path(home=hers, phase=chance.uniform(0.0, math.tau)),
            )
    return found


def place(path: Path, at_s: float) -> tuple[float, float]:
    """Return latitude and longitude `at_s` after the start, degrees."""
    if path.phase is not None:
        angle = path.phase + at_s * WALK_MPS / WALK_RADIUS_M
        return _moved(path.home, WALK_RADIUS_M, angle)
    if path.sets_out_s is not None and at_s > path.sets_out_s:
        gone = min(APPROACH_MPS * (at_s - path.sets_out_s), WAITING_M - ARRIVED_M)
        return _moved(path.home, -gone, 0.0)
    return path.home


def surely_told_s(load: Load, path: Path) -> float | None:
    """Return when an approaching tag has surely sent a fix from inside `warning_m`, or None.

    None, too, if that is not before the load ends.
    """
    if path.sets_out_s is None:
        return None
    inside_s = path.sets_out_s + (WAITING_M - 2.0 * ALERT_M) / APPROACH_MPS
    told_s = inside_s + (1.0 + 2.0 * JITTER) * load.interval_s
    return told_s if told_s < load.length_s else None


def _moved(place: tuple[float, float], metres: float, angle: float) -> tuple[float, float]:
    """Return a place so many metres away, `angle` radians clockwise from north; near enough."""
    latitude, longitude = place
    north = metres * math.cos(angle) / _METRES_PER_DEGREE
    east = metres * math.sin(angle) / (_METRES_PER_DEGREE * math.cos(math.radians(latitude)))
    return latitude + north, longitude + east
