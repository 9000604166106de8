"""Where a device was lately: its places, how it moves, and how far it could have gone since.

Pure. A *place* is a fix that says where; its radius is the calibrated one (`errors`). A device
keeps its last few places, so that what happened between two reports can be looked into when the
other party's report arrives.
"""

import math
from datetime import datetime, timedelta
from typing import Final

import msgspec

from domain.ids import DeviceId, ReadingId
from domain.position import Position
from domain.reading import Fix
from geofence.errors import error_radius_m
from geofence.geodesy import Frame, Offset, distance_m, velocity_mps

#: Nobody on the ground or on rails covers more metres in a second (250 km/h).
FASTEST_MPS: Final = 70.0
#: The national speed limit on a motorway, 70 mph.
ROAD_MPS: Final = 31.3
#: A car in town, 30 mph: what "could arrive within a quarter of an hour" is reckoned with.
ARRIVAL_MPS: Final = 13.4
#: Slower than this is standing still.
STILL_MPS: Final = 0.5
#: How far someone strays who is at rest.
STILL_M: Final = 50.0
#: Between two places further apart in time than this (or two intervals) a straight line is a guess.
GAP_MOST: Final = timedelta(seconds=300)
#: As many places are kept in any case, and more while the track they make is shorter than
#: `GAP_MOST`: the other party's straight way is no longer than that.
PLACES_LEAST: Final = 12
PLACES_MOST: Final = 48
#: The newest places are all kept; of those before, one in so long a time is enough of a track.
PLACES_WHOLE: Final = 4
THINNED_TO: Final = timedelta(seconds=15)


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a device said it was, and how wrong that may be.

    Attributes:
        radius_m: What 95 % of such fixes keep, metres.
        joined: A straight line from the place before it is what plausibly happened.
    """

    reading_id: ReadingId
    fixed_at: datetime
    received_at: datetime
    position: Position
    radius_m: float
    speed_mps: float | None = None
    course_deg: float | None = None
    joined: bool = False


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """All that a measurement needs to know of one device of a person.

    Attributes:
        places: Oldest first, at least one.
        heard_at: When anything last arrived from it.
        velocity_mps: How it moves, metres a second east and north.
        resting: It charges, or nothing says that it moved.
    """

    device_id: DeviceId
    interval: timedelta
    places: tuple[Place, ...]
    heard_at: datetime
    velocity_mps: Offset = (0.0, 0.0)
    resting: bool = False

    @property
    def last(self) -> Place:
        """Return the newest place."""
        return self.places[-1]

    def fresh(self, at: datetime, grace: timedelta) -> bool:
        """Return whether the newest place is as young as it should be, give or take `grace`."""
        return at < self.stale_at(grace)

    def stale_at(self, grace: timedelta) -> datetime:
        """Return the first instant at which the newest place is overdue by more than `grace`."""
        return self.last.fixed_at + self.interval + grace

    def age_s(self, at: datetime) -> float:
        """Return the age of the newest place, as far as the expected interval accounts for it."""
        age = min(at - self.last.fixed_at, self.interval)
        return max(0.0, age.total_seconds())


def place_of(fix: Fix) -> Place:
    """Return what is remembered of a fix that says where."""
    return Place(
        reading_id=fix.reading_id,
        fixed_at=fix.fixed_at,
        received_at=fix.received_at,
        position=fix.position,
        radius_m=error_radius_m(fix.accuracy_m, fix.source),
        speed_mps=fix.speed_mps,
        course_deg=fix.course_deg,
    )


def appended(places: tuple[Place, ...], place: Place, interval: timedelta) -> tuple[Place, ...]:
    """Return a device's places with its newest one, as many as are kept.

    They reach back as far as the other party's way between two reports may be long, however often
    this device reports: two who met while only one of them was heard have met.
    """
    if places and leads_to(places[-1], place, interval):
        place = msgspec.structs.replace(place, joined=True)
    kept = (*_thinned(places, interval), place)
    first = 0
    while len(kept) - first > PLACES_LEAST and (
        len(kept) - first > PLACES_MOST or place.fixed_at - kept[first + 1].fixed_at >= GAP_MOST
    ):
        first += 1
    return kept[first:]


def _thinned(places: tuple[Place, ...], interval: timedelta) -> tuple[Place, ...]:
    """Return the places without the one that has just ceased to be new, if it can be spared."""
    number = len(places) - PLACES_WHOLE
    if number < 1:
        return places
    before, spare, after = places[number - 1 : number + 2]
    if after.fixed_at - before.fixed_at > THINNED_TO:
        return places
    if spare.fixed_at == after.fixed_at:
        # Two of one instant: no straight line joins them, but the later one may continue the track.
        after = msgspec.structs.replace(after, joined=leads_to(before, after, interval))
    elif not (spare.joined and after.joined):
        return places
    return (*places[:number], after, *places[number + 2 :])


def velocity(places: tuple[Place, ...]) -> Offset:
    """Return how a device moves by its newest places, metres a second east and north.

    Its own speed and course count first. Without them two places say it, less what their errors
    could have feigned: jitter of a device at rest is not motion.
    """
    last = places[-1]
    if last.speed_mps is not None and last.course_deg is not None:
        return velocity_mps(min(last.speed_mps, FASTEST_MPS), last.course_deg)
    if last.speed_mps is not None and last.speed_mps < STILL_MPS:
        return (0.0, 0.0)
    if not last.joined or len(places) < 2:
        return (0.0, 0.0)
    before = places[-2]
    elapsed_s = (last.fixed_at - before.fixed_at).total_seconds()
    east, north = Frame(before.position).offset_m(last.position)
    moved_m = math.hypot(east, north)
    real_m = moved_m - math.hypot(before.radius_m, last.radius_m)
    if real_m <= 0.0:
        return (0.0, 0.0)
    speed = real_m / elapsed_s if last.speed_mps is None else min(last.speed_mps, FASTEST_MPS)
    return (east / moved_m * speed, north / moved_m * speed)


def leads_to(first: Place, second: Place, interval: timedelta) -> bool:
    """Return whether a straight line between two places of a device is what plausibly happened."""
    gap = second.fixed_at - first.fixed_at
    if not timedelta(0) < gap <= max(GAP_MOST, 2 * interval):
        return False
    least_m = distance_m(first.position, second.position) - first.radius_m - second.radius_m
    return least_m <= FASTEST_MPS * gap.total_seconds()


def reach_m(sighting: Sighting, at: datetime, grace: timedelta) -> float:
    """Return how far from its newest place the device could be by `at`, metres.

    Nothing within the expected interval: that is what speed is for. Beyond it, a device that is
    still heard from has strayed if it rests, or driven; one in true silence may have gone as
    fast as anything goes.
    """
    if sighting.fresh(at, grace):
        return 0.0
    due_at = sighting.last.fixed_at + sighting.interval
    heard_until = max(due_at, min(at, sighting.heard_at + sighting.interval))
    heard_m = ROAD_MPS * (heard_until - due_at).total_seconds()
    if sighting.resting:
        heard_m = min(STILL_M, heard_m)
    return heard_m + FASTEST_MPS * (at - heard_until).total_seconds()
