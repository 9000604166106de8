"""What is measured of a condition at an instant: every device that counts, the worst first.

Pure. A person may carry several devices. Those that report in time all count; when none does, the
one that said something last stands for the person. Any of them raises, all of them must be
beyond for a level to fall.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from domain.ids import DeviceId, PersonId
from domain.order import ExclusionZone, InclusionZone, Order, Proximity
from domain.reading import Fix, FixState
from geofence.clearance import Clearance, Ground, clearance, on_the_way
from geofence.contact import GRACE, GRACE_NEAR
from geofence.geodesy import round_m
from geofence.schedule import in_window
from geofence.separation import (
    Separation,
    closest_between,
    entered_at,
    instant_on,
    legs,
    separation,
)
from geofence.state import ConditionState
from geofence.track import Sighting, place_of
from geofence.watchlist import Watch, Watchlist


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """Who is looked at, when, and with what patience.

    Attributes:
        fix: The fix that made the engine look, if one did.
        since: What began earlier than this was judged already, or was not forbidden.
        seen: Who speaks for whom, once it was asked.
    """

    watchlist: Watchlist
    watch: Watch
    order: Order
    at: datetime
    grace: timedelta
    since: datetime
    fix: Fix | None = None
    seen: dict[PersonId, list[Sighting]] = msgspec.field(default_factory=dict)


def scene_of(watchlist: Watchlist, state: ConditionState, at: datetime, fix: Fix | None) -> Scene:
    """Return the scene of one condition that is in force at `at`."""
    since = state.in_force_since or at
    if state.eased_at is not None:
        since = max(since, state.eased_at)
    return Scene(
        watchlist=watchlist,
        watch=(state.order_id, state.condition_id),
        order=watchlist.orders[state.order_id].order,
        at=at,
        grace=GRACE_NEAR if state.pressing else GRACE,
        since=since,
        fix=fix,
    )


def later(scene: Scene, at: datetime) -> Scene:
    """Return the same scene at another instant, should nobody report until then."""
    return msgspec.structs.replace(scene, at=at, fix=None, seen={})


def sightings(scene: Scene, person_id: PersonId) -> list[Sighting]:
    """Return the devices that speak for a person: all that are fresh, else the latest.

    The fix at hand speaks alone for its own carrier if it is suspect, because a suspect fix is
    never remembered.
    """
    if person_id not in scene.seen:
        scene.seen[person_id] = _speaking(scene, person_id)
    return scene.seen[person_id]


def apart(scene: Scene, condition: Proximity) -> list[Separation]:
    """Return how far apart the two people are by every pair of devices, the nearest first."""
    measured = [
        _with_way(scene, his, hers)
        for his in sightings(scene, scene.order.wearer_id)
        for hers in sightings(scene, condition.protected_id)
    ]
    return sorted(measured, key=lambda one: (one.nearest_m, one.central_m))


def off(scene: Scene, zone: ExclusionZone | InclusionZone) -> list[Clearance]:
    """Return how far the wearer is from a zone by every device, the worst first."""
    ground = scene.watchlist.ground(scene.watch)
    measured = [
        _off_one(scene, zone, ground, his) for his in sightings(scene, scene.order.wearer_id)
    ]
    if isinstance(zone, InclusionZone):
        return sorted(measured, key=lambda one: (-one.nearest_m, -one.central_m))
    return sorted(measured, key=lambda one: (one.excused, one.nearest_m, one.central_m))


def elsewhere(scene: Scene, zone: ExclusionZone) -> bool:
    """Return whether the person a zone is for is known to be outside it and its buffer.

    Known means that every device that speaks for her is fresh and says so, errors counted: she is
    told quietly of a zone that is entered without her only where there is no doubt.
    """
    if zone.protected_id is None:
        return False
    ground = scene.watchlist.ground(scene.watch)
    hers = [
        clearance(ground, one, scene.at, scene.grace) for one in sightings(scene, zone.protected_id)
    ]
    return bool(hers) and all(one.fresh and one.could_be_m > zone.buffer_m for one in hers)


def met_at(scene: Scene, condition: Proximity, within_m: float) -> datetime | None:
    """Return when, since the last report, the two first came within `within_m`, interpolated."""
    instants: list[datetime] = []
    for his in sightings(scene, scene.order.wearer_id):
        for hers in sightings(scene, condition.protected_id):
            mover = _mover(scene, (his, hers))
            if mover is None or len(mover.places) < 2 or mover.places[-2].fixed_at < scene.since:
                continue
            entered = entered_at(legs(mover, hers if mover is his else his), within_m)
            if entered is not None:
                instants.append(entered)
    return min(instants, default=None)


def stale_at(scene: Scene, people: Sequence[PersonId]) -> datetime | None:
    """Return the next instant at which one of the devices that speak falls overdue."""
    due = [
        instant
        for person_id in people
        for one in sightings(scene, person_id)
        if (instant := one.stale_at(scene.grace)) > scene.at
    ]
    return min(due, default=None)


def people_of(order: Order, condition: Proximity | ExclusionZone | InclusionZone) -> list[PersonId]:
    """Return whose places a condition is measured by."""
    if isinstance(condition, Proximity):
        return [order.wearer_id, condition.protected_id]
    return [order.wearer_id]


def _speaking(scene: Scene, person_id: PersonId) -> list[Sighting]:
    fix = scene.fix
    if fix is not None and fix.person_id == person_id and fix.state is FixState.HELD:
        return _suspected(scene, fix)
    seen = [
        sighting
        for device in scene.watchlist.carried_by(person_id)
        if (sighting := device.sighting()) is not None
    ]
    fresh = [one for one in seen if one.fresh(scene.at, scene.grace)]
    if fresh or not seen:
        return fresh
    return [max(seen, key=lambda one: (one.last.fixed_at, one.device_id))]


def _with_way(scene: Scene, his: Sighting, hers: Sighting) -> Separation:
    """Return the separation now, or on the way since the last report if that was nearer."""
    now = separation(his, hers, scene.at, scene.grace)
    mover = _mover(scene, (his, hers))
    if mover is None or len(mover.places) < 2 or mover.places[-2].fixed_at < scene.since:
        return now
    passed = closest_between(mover, hers if mover is his else his)
    if passed is None:
        return now
    apart_m, leg, share = passed
    nearest_m = round_m(max(0.0, apart_m - leg.uncertainty_m))
    if nearest_m >= now.nearest_m or instant_on(leg, share) <= mover.places[-2].fixed_at:
        return now
    return msgspec.structs.replace(
        now,
        nearest_m=nearest_m,
        central_m=round_m(apart_m),
        farthest_m=round_m(apart_m + leg.uncertainty_m),
        uncertainty_m=round_m(leg.uncertainty_m),
        between=True,
        began_at=instant_on(leg, share),
    )


def _off_one(
    scene: Scene, zone: ExclusionZone | InclusionZone, ground: Ground, his: Sighting
) -> Clearance:
    now = clearance(ground, his, scene.at, scene.grace)
    if isinstance(zone, InclusionZone):
        return now
    excused = [_excused(scene, zone, his, number) for number in range(len(his.places))[-2:]]
    if excused[-1]:
        return msgspec.structs.replace(now, excused=True)
    if any(excused) or _mover(scene, (his,)) is None:
        return now
    return on_the_way(ground, his, now, scene.since)


def _excused(scene: Scene, zone: ExclusionZone, his: Sighting, number: int) -> bool:
    """Return whether a place of his lies in a corridor that was open then."""
    if not zone.corridors:
        return False
    place = his.places[number]
    return any(
        passage.holds(place.position)
        and in_window(
            () if corridor.window is None else (corridor.window,),
            place.fixed_at if number < len(his.places) - 1 else scene.at,
            scene.order.timezone,
        )
        for corridor, passage in zip(
            zone.corridors, scene.watchlist.passages(scene.watch), strict=True
        )
    )


def _mover(scene: Scene, seen: Sequence[Sighting]) -> Sighting | None:
    """Return the device whose new fix is being judged; None if none of these has one."""
    fix = scene.fix
    if fix is None or fix.state is FixState.HELD:
        return None
    return next((one for one in seen if one.device_id == fix.device_id), None)


def _suspected(scene: Scene, fix: Fix) -> list[Sighting]:
    """Return the sighting that a suspect fix alone would make."""
    device_id: DeviceId = fix.device_id
    device = scene.watchlist.devices[device_id].device
    return [
        Sighting(
            device_id=device_id,
            interval=device.interval,
            places=(place_of(fix),),
            heard_at=fix.received_at,
        )
    ]
