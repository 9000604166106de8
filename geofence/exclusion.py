"""The zone machines: staying out of an area, and staying inside one.

Pure. A measured clearance comes in, the next level comes out. `TRANSITIONS` is the specification
of both, because they are one sentence with the sides exchanged: docs/states/exclusion.mmd is drawn
from it, and the tests walk all of it.

Staying out: nearest plausible distance zero, the border itself, or a way between two fixes that
led through the area is a *breach*; within the buffer is a *warning*.

Staying inside, while its schedule holds: outside even by the nearest plausible distance is a
*breach*; a reported place outside that may yet be inside is a *warning*.

Both leave a level slowly and hold a *breach* through silence, as the pair machine does.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from domain.order import ExclusionZone, InclusionZone
from domain.transition import Level
from geofence.clearance import Clearance
from geofence.leaving import Streak, beyond, suffices


class Finding(StrEnum):
    """What one measurement, or the lack of one, says about a zone."""

    #: As forbidden as it can be: inside an exclusion zone, outside an inclusion zone.
    WRONG_SIDE = "wrong_side"
    #: Near to it: within the buffer of the one, perhaps still inside the other.
    NEAR = "near"
    #: Neither.
    RIGHT_SIDE = "right_side"
    #: Enough good fixes in a row were off the wrong side and its margin.
    LEFT_WRONG_SIDE = "left_wrong_side"
    #: Enough good fixes in a row were beyond the warning band too.
    LEFT_NEAR = "left_near"
    #: Where he is is not known, and he could be on the wrong side.
    LOST = "lost"


TRANSITIONS: Final[Mapping[tuple[Level, Finding], Level]] = MappingProxyType(
    {
        (Level.CLEAR, Finding.RIGHT_SIDE): Level.CLEAR,
        (Level.CLEAR, Finding.NEAR): Level.WARNING,
        (Level.CLEAR, Finding.WRONG_SIDE): Level.BREACH,
        (Level.CLEAR, Finding.LEFT_NEAR): Level.CLEAR,
        (Level.CLEAR, Finding.LEFT_WRONG_SIDE): Level.CLEAR,
        (Level.CLEAR, Finding.LOST): Level.UNKNOWN,
        (Level.WARNING, Finding.RIGHT_SIDE): Level.WARNING,
        (Level.WARNING, Finding.NEAR): Level.WARNING,
        (Level.WARNING, Finding.WRONG_SIDE): Level.BREACH,
        (Level.WARNING, Finding.LEFT_NEAR): Level.CLEAR,
        (Level.WARNING, Finding.LEFT_WRONG_SIDE): Level.WARNING,
        (Level.WARNING, Finding.LOST): Level.UNKNOWN,
        (Level.BREACH, Finding.RIGHT_SIDE): Level.BREACH,
        (Level.BREACH, Finding.NEAR): Level.BREACH,
        (Level.BREACH, Finding.WRONG_SIDE): Level.BREACH,
        (Level.BREACH, Finding.LEFT_NEAR): Level.CLEAR,
        (Level.BREACH, Finding.LEFT_WRONG_SIDE): Level.WARNING,
        (Level.BREACH, Finding.LOST): Level.BREACH,
        (Level.UNKNOWN, Finding.RIGHT_SIDE): Level.CLEAR,
        (Level.UNKNOWN, Finding.NEAR): Level.WARNING,
        (Level.UNKNOWN, Finding.WRONG_SIDE): Level.BREACH,
        (Level.UNKNOWN, Finding.LEFT_NEAR): Level.CLEAR,
        (Level.UNKNOWN, Finding.LEFT_WRONG_SIDE): Level.UNKNOWN,
        (Level.UNKNOWN, Finding.LOST): Level.UNKNOWN,
    }
)


def advance(level: Level, findings: Sequence[Finding]) -> Level:
    """Return the level that follows `level` once `findings` are taken in, in their order."""
    for finding in findings:
        level = TRANSITIONS[level, finding]
    return level


def side(measured: Clearance, zone: ExclusionZone | InclusionZone) -> Finding:
    """Return which side of a zone a measurement is on."""
    if isinstance(zone, InclusionZone):
        if measured.nearest_m > 0.0:
            return Finding.WRONG_SIDE
        return Finding.NEAR if measured.central_m > 0.0 else Finding.RIGHT_SIDE
    if measured.excused:
        return Finding.RIGHT_SIDE
    if measured.nearest_m <= 0.0:
        return Finding.WRONG_SIDE
    return Finding.NEAR if measured.nearest_m <= zone.buffer_m else Finding.RIGHT_SIDE


def rings_m(zone: ExclusionZone) -> dict[Level, float]:
    """Return the distance from the border at which each level begins, metres."""
    return {Level.WARNING: zone.buffer_m, Level.BREACH: 0.0}


def beyond_rings(
    measured: Clearance, zone: ExclusionZone | InclusionZone, metres: float
) -> frozenset[Level]:
    """Return the levels that someone `metres` off an exclusion zone is clear of, margin included.

    A corridor excuses. For staying inside, a reported place inside is enough.
    """
    if isinstance(zone, InclusionZone):
        inside = measured.central_m <= 0.0 and measured.fresh
        return frozenset((Level.WARNING, Level.BREACH)) if inside else frozenset()
    if measured.excused:
        return frozenset((Level.WARNING, Level.BREACH)) if measured.fresh else frozenset()
    return frozenset(
        level for level, ring_m in rings_m(zone).items() if beyond(metres, ring_m, zone.leaving)
    )


def left(
    streaks: Mapping[Level, Streak], zone: ExclusionZone | InclusionZone
) -> tuple[Finding, ...]:
    """Return the widest band that has been left for good, if any."""
    for level, finding in (
        (Level.WARNING, Finding.LEFT_NEAR),
        (Level.BREACH, Finding.LEFT_WRONG_SIDE),
    ):
        if suffices(streaks.get(level), zone.leaving):
            return (finding,)
    return ()


def lost(measured: Clearance | None, zone: ExclusionZone | InclusionZone) -> tuple[Finding, ...]:
    """Return that he is lost, if nothing is known or he could be on the wrong side."""
    if measured is None:
        return (Finding.LOST,)
    if isinstance(zone, InclusionZone):
        overdue = not measured.fresh and measured.could_be_out_m > 0.0
        return (Finding.LOST,) if overdue else ()
    return (Finding.LOST,) if measured.could_be_m <= 0.0 and not measured.excused else ()


def proven(measured: Clearance, zone: ExclusionZone | InclusionZone) -> bool:
    """Return whether he is on the wrong side for certain, errors and age counted."""
    if isinstance(zone, InclusionZone):
        return measured.nearest_m > 0.0 and measured.fresh
    return measured.farthest_m <= 0.0
