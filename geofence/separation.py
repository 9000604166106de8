"""How far apart two people could be, given what their devices said and when.

Pure. *Warn on the nearest plausible distance, accuse on the farthest.* Two fixes give the central
distance; their error radii, being independent, add in quadrature; the time since each fix shrinks
the nearest by the speed at which that side was closing. Beyond the expected interval the nearest
stays as it was and `could_be_m` goes on shrinking instead: that one may only say "unknown".
"""

import math
from datetime import datetime, timedelta

import msgspec

from domain.ids import DeviceId
from geofence.geodesy import Frame, Offset, round_m
from geofence.track import Place, Sighting, reach_m


class Separation(msgspec.Struct, frozen=True, kw_only=True):
    """How far apart a pair is and could be, metres, on the centimetre grid.

    Attributes:
        nearest_m: Nearest plausible distance, errors and age counted.
        central_m: Distance between the reported places.
        farthest_m: Farthest plausible distance.
        uncertainty_m: What the two error radii amount to together.
        could_be_m: How near they could be if silence was used for closing in.
        closing_mps: How fast either side moves along the line towards the other.
        fresh: Both reports are as young as they should be.
        between: True if this is the closest point between two reports, not a report's own.
        began_at: For `between`: when they were that close.
    """

    nearest_m: float
    central_m: float
    farthest_m: float
    uncertainty_m: float
    could_be_m: float
    closing_mps: float
    fresh: bool
    wearer_device: DeviceId
    between: bool = False
    began_at: datetime | None = None


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of time in which both moved straight: where she was, seen from him."""

    start_at: datetime
    end_at: datetime
    start: Offset
    end: Offset
    uncertainty_m: float


def separation(wearer: Sighting, protected: Sighting, at: datetime, grace: timedelta) -> Separation:
    """Measure how far apart two devices are and could be at `at`."""
    east, north = Frame(wearer.last.position).offset_m(protected.last.position)
    central_m = math.hypot(east, north)
    uncertainty_m = math.hypot(wearer.last.radius_m, protected.last.radius_m)
    his, hers = wearer.velocity_mps, protected.velocity_mps
    his_closing = _along(his, (east, north), central_m)
    her_closing = _along(hers, (-east, -north), central_m)
    his_age_s, her_age_s = wearer.age_s(at), protected.age_s(at)
    closed_m = max(0.0, his_closing) * his_age_s + max(0.0, her_closing) * her_age_s
    moved_m = math.hypot(*his) * his_age_s + math.hypot(*hers) * her_age_s
    nearest_m = max(0.0, central_m - uncertainty_m - closed_m)
    gone_m = reach_m(wearer, at, grace) + reach_m(protected, at, grace)
    return Separation(
        nearest_m=round_m(nearest_m),
        central_m=round_m(central_m),
        farthest_m=round_m(central_m + uncertainty_m + moved_m + gone_m),
        uncertainty_m=round_m(uncertainty_m),
        could_be_m=round_m(max(0.0, nearest_m - gone_m)),
        closing_mps=max(0.0, his_closing) + max(0.0, her_closing),
        fresh=wearer.fresh(at, grace) and protected.fresh(at, grace),
        wearer_device=wearer.device_id,
    )


def closest_between(mover: Sighting, other: Sighting) -> tuple[float, Leg, float] | None:
    """Return the closest the two came since the mover's last report but one.

    Both tracks are taken as straight between reports; a leap no one could make is no track.

    Returns:
        The distance in metres between the two tracks at that point, the leg it lies on, and the
        share of the leg that had passed; None if the mover's last step is no track.
    """
    best: tuple[float, Leg, float] | None = None
    for leg in legs(mover, other):
        share = _closest_share(leg.start, leg.end)
        apart_m = math.hypot(*_between(leg.start, leg.end, share))
        if best is None or apart_m - leg.uncertainty_m < best[0] - best[1].uncertainty_m:
            best = (apart_m, leg, share)
    return best


def legs(mover: Sighting, other: Sighting) -> list[Leg]:
    """Return the pieces of the mover's last step on which both moved straight."""
    if len(mover.places) < 2:
        return []
    first, second = mover.places[-2:]
    if not second.joined:
        return []
    turns = [p.fixed_at for p in other.places if first.fixed_at < p.fixed_at < second.fixed_at]
    instants = [first.fixed_at, *turns, second.fixed_at]
    frame = Frame(second.position)
    step = (frame.offset_m(first.position), (0.0, 0.0))
    spread_m = max(first.radius_m, second.radius_m)
    span_s = (second.fixed_at - first.fixed_at).total_seconds()
    spots: list[tuple[Offset, float]] = []
    for instant in instants:
        share = (instant - first.fixed_at).total_seconds() / span_s
        mine = _between(*step, share)
        theirs, radius_m = _where(other, instant, frame)
        spots.append(((theirs[0] - mine[0], theirs[1] - mine[1]), math.hypot(spread_m, radius_m)))
    return [
        Leg(
            start_at=instants[i],
            end_at=instants[i + 1],
            start=spots[i][0],
            end=spots[i + 1][0],
            uncertainty_m=max(spots[i][1], spots[i + 1][1]),
        )
        for i in range(len(instants) - 1)
    ]


def entered_at(pieces: list[Leg], within_m: float) -> datetime | None:
    """Return when the nearest plausible distance first came down to `within_m`.

    Returns:
        The instant, interpolated; None if it was that near from the start, or never.
    """
    for number, leg in enumerate(pieces):
        share = _share_within(leg, within_m + leg.uncertainty_m)
        if share is not None:
            if number == 0 and share == 0.0:
                return None
            return instant_on(leg, share)
    return None


def instant_on(leg: Leg, share: float) -> datetime:
    """Return the instant at which `share` of a leg had passed."""
    return leg.start_at + share * (leg.end_at - leg.start_at)


def _along(velocity_en: Offset, towards: Offset, length_m: float) -> float:
    """Return the part of a velocity that points `towards`, m/s."""
    if length_m == 0.0:
        return 0.0
    return (velocity_en[0] * towards[0] + velocity_en[1] * towards[1]) / length_m


def _where(sighting: Sighting, instant: datetime, frame: Frame) -> tuple[Offset, float]:
    """Return where the device was at `instant`, by its track, and how wrong that may be."""
    earlier: Place | None = None
    for place in sighting.places:
        if place.fixed_at == instant:
            return frame.offset_m(place.position), place.radius_m
        if place.fixed_at > instant:
            if earlier is None or not place.joined:
                break
            span_s = (place.fixed_at - earlier.fixed_at).total_seconds()
            share = (instant - earlier.fixed_at).total_seconds() / span_s
            start, end = frame.offset_m(earlier.position), frame.offset_m(place.position)
            return _between(start, end, share), max(earlier.radius_m, place.radius_m)
        earlier = place
    held = earlier or sighting.places[0]
    return frame.offset_m(held.position), held.radius_m


def _between(start: Offset, end: Offset, share: float) -> Offset:
    return (start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1]))


def _closest_share(start: Offset, end: Offset) -> float:
    """Return the share of the way from `start` to `end` that lies closest to the origin."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    squared = dx * dx + dy * dy
    if squared == 0.0:
        return 0.0
    return min(1.0, max(0.0, -(start[0] * dx + start[1] * dy) / squared))


def _share_within(leg: Leg, within_m: float) -> float | None:
    """Return the share of a leg after which its distance is first `within_m` or less."""
    (x, y), (dx, dy) = leg.start, (leg.end[0] - leg.start[0], leg.end[1] - leg.start[1])
    constant = x * x + y * y - within_m * within_m
    if constant <= 0.0:
        return 0.0
    squared, half = dx * dx + dy * dy, x * dx + y * dy
    root = half * half - squared * constant
    if squared == 0.0 or root < 0.0:
        return None
    share = (-half - math.sqrt(root)) / squared
    return share if 0.0 <= share <= 1.0 else None
