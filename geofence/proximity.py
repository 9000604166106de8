"""The pair machine: how two people move between clear, warning, breach, contact and unknown.

Pure. A measured separation comes in, the next level comes out, and every rule about a pair's
level is in this file. `TRANSITIONS` is the specification: docs/states/proximity.mmd is drawn from
it, and the tests walk all of it.

1. A pair is in *contact* when the nearest plausible distance is at or under `contact_m`, in
   *breach* at or under `alert_m`, in *warning* at or under `warning_m`. Zero is a distance.
2. Closer counts at once. Farther counts only when good, fresh fixes in a row have all been
   beyond the ring and its margin for long enough (`Leaving`).
3. When we cannot tell where they are, and they could have come within `alert_m`, *clear* and
   *warning* become *unknown*. *Breach* and *contact* hold: silence is no sign of going away.
4. *Unknown* ends with the next fresh fix that says where, and what that fix says counts at once.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from domain.order import Proximity
from domain.transition import Level
from geofence.leaving import Streak, beyond, suffices
from geofence.separation import Separation


class Finding(StrEnum):
    """What one measurement, or the lack of one, says about a pair."""

    #: The nearest plausible distance is at or under `contact_m`.
    WITHIN_CONTACT = "within_contact"
    #: It is at or under `alert_m`, and over `contact_m`.
    WITHIN_ALERT = "within_alert"
    #: It is at or under `warning_m`, and over `alert_m`.
    WITHIN_WARNING = "within_warning"
    #: It is over `warning_m`.
    OUTSIDE = "outside"
    #: Enough good fixes in a row were beyond `contact_m` and its margin.
    LEFT_CONTACT = "left_contact"
    #: Enough good fixes in a row were beyond `alert_m` and its margin.
    LEFT_ALERT = "left_alert"
    #: Enough good fixes in a row were beyond `warning_m` and its margin.
    LEFT_WARNING = "left_warning"
    #: Where they are is not known, and they could be within `alert_m`.
    LOST = "lost"


TRANSITIONS: Final[Mapping[tuple[Level, Finding], Level]] = MappingProxyType(
    {
        (Level.CLEAR, Finding.OUTSIDE): Level.CLEAR,
        (Level.CLEAR, Finding.WITHIN_WARNING): Level.WARNING,
        (Level.CLEAR, Finding.WITHIN_ALERT): Level.BREACH,
        (Level.CLEAR, Finding.WITHIN_CONTACT): Level.CONTACT,
        (Level.CLEAR, Finding.LEFT_WARNING): Level.CLEAR,
        (Level.CLEAR, Finding.LEFT_ALERT): Level.CLEAR,
        (Level.CLEAR, Finding.LEFT_CONTACT): Level.CLEAR,
        (Level.CLEAR, Finding.LOST): Level.UNKNOWN,
        (Level.WARNING, Finding.OUTSIDE): Level.WARNING,
        (Level.WARNING, Finding.WITHIN_WARNING): Level.WARNING,
        (Level.WARNING, Finding.WITHIN_ALERT): Level.BREACH,
        (Level.WARNING, Finding.WITHIN_CONTACT): Level.CONTACT,
        (Level.WARNING, Finding.LEFT_WARNING): Level.CLEAR,
        (Level.WARNING, Finding.LEFT_ALERT): Level.WARNING,
        (Level.WARNING, Finding.LEFT_CONTACT): Level.WARNING,
        (Level.WARNING, Finding.LOST): Level.UNKNOWN,
        (Level.BREACH, Finding.OUTSIDE): Level.BREACH,
        (Level.BREACH, Finding.WITHIN_WARNING): Level.BREACH,
        (Level.BREACH, Finding.WITHIN_ALERT): Level.BREACH,
        (Level.BREACH, Finding.WITHIN_CONTACT): Level.CONTACT,
        (Level.BREACH, Finding.LEFT_WARNING): Level.CLEAR,
        (Level.BREACH, Finding.LEFT_ALERT): Level.WARNING,
        (Level.BREACH, Finding.LEFT_CONTACT): Level.BREACH,
        (Level.BREACH, Finding.LOST): Level.BREACH,
        (Level.CONTACT, Finding.OUTSIDE): Level.CONTACT,
        (Level.CONTACT, Finding.WITHIN_WARNING): Level.CONTACT,
        (Level.CONTACT, Finding.WITHIN_ALERT): Level.CONTACT,
        (Level.CONTACT, Finding.WITHIN_CONTACT): Level.CONTACT,
        (Level.CONTACT, Finding.LEFT_WARNING): Level.CLEAR,
        (Level.CONTACT, Finding.LEFT_ALERT): Level.WARNING,
        (Level.CONTACT, Finding.LEFT_CONTACT): Level.BREACH,
        (Level.CONTACT, Finding.LOST): Level.CONTACT,
        (Level.UNKNOWN, Finding.OUTSIDE): Level.CLEAR,
        (Level.UNKNOWN, Finding.WITHIN_WARNING): Level.WARNING,
        (Level.UNKNOWN, Finding.WITHIN_ALERT): Level.BREACH,
        (Level.UNKNOWN, Finding.WITHIN_CONTACT): Level.CONTACT,
        (Level.UNKNOWN, Finding.LEFT_WARNING): Level.CLEAR,
        (Level.UNKNOWN, Finding.LEFT_ALERT): Level.UNKNOWN,
        (Level.UNKNOWN, Finding.LEFT_CONTACT): Level.UNKNOWN,
        (Level.UNKNOWN, Finding.LOST): Level.UNKNOWN,
    }
)


def advance(level: Level, findings: Sequence[Finding]) -> Level:
    """Return the level that follows `level` once `findings` are taken in, in their order."""
    for finding in findings:
        level = TRANSITIONS[level, finding]
    return level


def ring(nearest_m: float, condition: Proximity) -> Finding:
    """Return the ring in which a nearest plausible distance falls; each ring has its border."""
    if nearest_m <= condition.contact_m:
        return Finding.WITHIN_CONTACT
    if nearest_m <= condition.alert_m:
        return Finding.WITHIN_ALERT
    if nearest_m <= condition.warning_m:
        return Finding.WITHIN_WARNING
    return Finding.OUTSIDE


def rings_m(condition: Proximity) -> dict[Level, float]:
    """Return the distance at which each level begins, metres."""
    return {
        Level.WARNING: condition.warning_m,
        Level.BREACH: condition.alert_m,
        Level.CONTACT: condition.contact_m,
    }


def beyond_rings(metres: float, condition: Proximity) -> frozenset[Level]:
    """Return the levels whose ring and margin a distance is beyond."""
    return frozenset(
        level
        for level, ring_m in rings_m(condition).items()
        if beyond(metres, ring_m, condition.leaving)
    )


def left(streaks: Mapping[Level, Streak], condition: Proximity) -> tuple[Finding, ...]:
    """Return the widest ring that has been left for good, if any."""
    for level, finding in (
        (Level.WARNING, Finding.LEFT_WARNING),
        (Level.BREACH, Finding.LEFT_ALERT),
        (Level.CONTACT, Finding.LEFT_CONTACT),
    ):
        if suffices(streaks.get(level), condition.leaving):
            return (finding,)
    return ()


def lost(measured: Separation | None, condition: Proximity) -> tuple[Finding, ...]:
    """Return that the pair is lost, if nothing is known or they could be within `alert_m`."""
    if measured is None or measured.could_be_m <= condition.alert_m:
        return (Finding.LOST,)
    return ()


def proven(measured: Separation, condition: Proximity) -> bool:
    """Return whether even the farthest plausible distance is within `alert_m`."""
    return measured.farthest_m <= condition.alert_m
