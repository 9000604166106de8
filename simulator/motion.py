"""How people move: a track is where somebody is, how fast and which way, at any second of a story.

Pure. Walkers keep a pace that wanders about their own mean and pause at crossings; drivers keep
below what the road allows, brake for bends and junctions and sometimes stop there. Between two
points of a track speed is constant, so truth is exact at every instant, not only at fixes.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import pairwise
from random import Random
from typing import Final

import msgspec

from domain.position import Position
from simulator.earth import between, course_deg, metres_between
from simulator.network import Mode, Route

#: Tracks are cut into pieces of at most this length, metres.
PIECE_M: Final = 10.0

WALK_MEAN_MPS: Final = 1.3
WALK_SPREAD_MPS: Final = 0.1
WALK_LEAST_MPS: Final = 0.7
WALK_MOST_MPS: Final = 1.9
#: How much of its deviation from the mean a walker's pace keeps from piece to piece.
WALK_MEMORY: Final = 0.9
WALK_PAUSE_SHARE: Final = 0.08
WALK_PAUSE_MEAN_S: Final = 6.0
WALK_PAUSE_MOST_S: Final = 20.0

DRIVE_SHARE_OF_LIMIT: Final = 0.85
DRIVE_ACCELERATION_MPS2: Final = 1.5
DRIVE_BRAKING_MPS2: Final = 2.5
DRIVE_BEND_MPS: Final = 6.0
DRIVE_BEND_DEG: Final = 45.0
DRIVE_STOP_SHARE: Final = 0.08
DRIVE_STOP_S: Final = (3.0, 20.0)
DRIVE_LEAST_MPS: Final = 1.0

#: Slower than this is standing still, metres a second.
STILL_MPS: Final = 0.3


class Motion(msgspec.Struct, frozen=True, kw_only=True):
    """Where somebody truly is at an instant, and how they move.

    Attributes:
        course_deg: Degrees clockwise from north; the last one while standing.
    """

    position: Position
    speed_mps: float
    course_deg: float

    @property
    def moving(self) -> bool:
        """Whether a motion sensor would say so."""
        return self.speed_mps >= STILL_MPS


class Track(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's true movement. Before its first instant and after its last they stand.

    Attributes:
        instants_s: Seconds of the story, never falling.
        positions: Where they are at each.
    """

    instants_s: tuple[float, ...]
    positions: tuple[Position, ...]

    def __post_init__(self) -> None:
        """A track has a place for each instant, and time does not run back."""
        assert len(self.instants_s) == len(self.positions) > 0
        assert all(one <= other for one, other in pairwise(self.instants_s))

    @property
    def ends_s(self) -> float:
        """The instant after which nothing moves."""
        return self.instants_s[-1]

    def position_at(self, story_s: float) -> Position:
        """Return the true place at an instant of the story."""
        return self.at(story_s).position

    def at(self, story_s: float) -> Motion:
        """Return place, speed and course at an instant of the story."""
        index = bisect_right(self.instants_s, story_s) - 1
        if index < 0:
            return Motion(position=self.positions[0], speed_mps=0.0, course_deg=0.0)
        if index >= len(self.instants_s) - 1:
            return Motion(
                position=self.positions[-1], speed_mps=0.0, course_deg=self._course(index)
            )
        begin_s, end_s = self.instants_s[index], self.instants_s[index + 1]
        one, other = self.positions[index], self.positions[index + 1]
        return Motion(
            position=between(one, other, (story_s - begin_s) / (end_s - begin_s)),
            speed_mps=metres_between(one, other) / (end_s - begin_s),
            course_deg=self._course(index + 1),
        )

    def _course(self, index: int) -> float:
        """Return the course of the last piece with a length that ends at or before `index`."""
        for later in range(index, 0, -1):
            if self.positions[later - 1] != self.positions[later]:
                return course_deg(self.positions[later - 1], self.positions[later])
        return 0.0

    def then(self, other: "Track") -> "Track":
        """Return this track followed by another, which begins when this one ends."""
        begin_s = self.ends_s - other.instants_s[0]
        return Track(
            instants_s=(*self.instants_s, *(begin_s + at_s for at_s in other.instants_s)),
            positions=(*self.positions, *other.positions),
        )

    def begun_at(self, from_s: float) -> "Track":
        """Return the track as if the story had begun at `from_s`: what went before is gone."""
        later = [
            (at_s - from_s, position)
            for at_s, position in zip(self.instants_s, self.positions, strict=True)
            if at_s > from_s
        ]
        return Track(
            instants_s=(0.0, *(at_s for at_s, _ in later)),
            positions=(self.position_at(from_s), *(position for _, position in later)),
        )


def first_instant(
    within: Callable[[float], bool], *, from_s: float, until_s: float, step_s: float = 0.5
) -> float | None:
    """Return the first instant of a grid in `from_s`..`until_s` at which `within` is true."""
    for index in range(int((until_s - from_s) / step_s) + 1):
        if within(from_s + index * step_s):
            return from_s + index * step_s
    return None


def standing(position: Position, for_s: float) -> Track:
    """Return a track of somebody who stays where they are."""
    return Track(instants_s=(0.0, for_s), positions=(position, position))


def going(mode: Mode, route: Route, chance: Random) -> Track:
    """Return a track along `route`, on foot or in a car."""
    return _walking(route, chance) if mode is Mode.FOOT else _driving(route, chance)


class _Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A straight bit of a route, at most `PIECE_M` long; `junction` is about where it ends."""

    end: Position
    length_m: float
    limit_mps: float
    turn_deg: float
    junction: bool


def _pieces(route: Route) -> list[_Piece]:
    pieces: list[_Piece] = []
    heading: float | None = None
    for index, (one, other) in enumerate(pairwise(route.positions)):
        length_m = metres_between(one, other)
        if length_m <= 0.0:
            continue
        course = course_deg(one, other)
        turn_deg = 0.0 if heading is None else abs((course - heading + 180.0) % 360.0 - 180.0)
        heading = course
        count = math.ceil(length_m / PIECE_M)
        pieces.extend(
            _Piece(
                end=between(one, other, (part + 1) / count),
                length_m=length_m / count,
                limit_mps=route.speeds_mps[index],
                turn_deg=turn_deg if part == 0 else 0.0,
                junction=part == count - 1 and route.junctions[index + 1],
            )
            for part in range(count)
        )
    return pieces


def _walking(route: Route, chance: Random) -> Track:
    mean_mps = WALK_MEAN_MPS + WALK_SPREAD_MPS * chance.gauss(0.0, 1.0)
    deviation, now_s = 0.0, 0.0
    instants, positions = [0.0], [route.positions[0]]
    for piece in _pieces(route):
        fresh = math.sqrt(1.0 - WALK_MEMORY**2) * WALK_SPREAD_MPS * chance.gauss(0.0, 1.0)
        deviation = WALK_MEMORY * deviation + fresh
        pace_mps = min(max(mean_mps + deviation, WALK_LEAST_MPS), WALK_MOST_MPS)
        now_s += piece.length_m / pace_mps
        instants.append(now_s)
        positions.append(piece.end)
        if piece.junction and chance.random() < WALK_PAUSE_SHARE:
            now_s += min(chance.expovariate(1.0 / WALK_PAUSE_MEAN_S), WALK_PAUSE_MOST_S)
            instants.append(now_s)
            positions.append(piece.end)
    return Track(instants_s=tuple(instants), positions=tuple(positions))


def _driving(route: Route, chance: Random) -> Track:
    pieces = _pieces(route)
    stops_s = [
        chance.uniform(*DRIVE_STOP_S)
        if piece.junction and chance.random() < DRIVE_STOP_SHARE
        else 0.0
        for piece in pieces
    ]
    speeds = _speeds_at_ends(pieces, stops_s)
    now_s = 0.0
    instants, positions = [0.0], [route.positions[0]]
    for index, piece in enumerate(pieces):
        mean_mps = max((speeds[index] + speeds[index + 1]) / 2.0, DRIVE_LEAST_MPS)
        now_s += piece.length_m / mean_mps
        instants.append(now_s)
        positions.append(piece.end)
        if stops_s[index] > 0.0:
            now_s += stops_s[index]
            instants.append(now_s)
            positions.append(piece.end)
    return Track(instants_s=tuple(instants), positions=tuple(positions))


def _speeds_at_ends(pieces: Sequence[_Piece], stops_s: Sequence[float]) -> list[float]:
    """Return the speed at the beginning of the way and at the end of each piece.

    First what road, bends and stops allow, then made reachable by accelerating (forward) and by
    braking (backward).
    """
    speeds = [0.0]
    for index, piece in enumerate(pieces):
        after = pieces[index + 1] if index + 1 < len(pieces) else None
        speeds.append(0.0 if stops_s[index] > 0.0 or after is None else _allowed(piece, after))
    for index, piece in enumerate(pieces):
        reached = math.sqrt(speeds[index] ** 2 + 2.0 * DRIVE_ACCELERATION_MPS2 * piece.length_m)
        speeds[index + 1] = min(speeds[index + 1], reached)
    for index in range(len(pieces) - 1, -1, -1):
        reach = 2.0 * DRIVE_BRAKING_MPS2 * pieces[index].length_m
        speeds[index] = min(speeds[index], math.sqrt(speeds[index + 1] ** 2 + reach))
    return speeds


def _allowed(piece: _Piece, after: _Piece) -> float:
    limit_mps = DRIVE_SHARE_OF_LIMIT * min(piece.limit_mps, after.limit_mps)
    return min(limit_mps, DRIVE_BEND_MPS) if after.turn_deg > DRIVE_BEND_DEG else limit_mps
