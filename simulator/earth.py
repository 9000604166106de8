"""The little geometry a simulated world needs: metres and degrees on WGS 84.

Pure. It is the simulator's own on purpose: truth must not be measured with the ruler of the
system under test. Ellipsoidal mid-latitude formulas, good to 3 cm at 20 km, away from the poles
and the antimeridian, where no simulated person walks.
"""

import math
from typing import Final

from domain.position import Position

SEMI_MAJOR_M: Final = 6_378_137.0
ECCENTRICITY_SQUARED: Final = 6.694_379_990_14e-3


def _metres_per_degree(latitude_deg: float) -> tuple[float, float]:
    """Return the lengths of a degree of latitude and of longitude at a latitude, metres."""
    sine = math.sin(math.radians(latitude_deg))
    root = math.sqrt(1.0 - ECCENTRICITY_SQUARED * sine * sine)
    meridian_m = SEMI_MAJOR_M * (1.0 - ECCENTRICITY_SQUARED) / root**3
    normal_m = SEMI_MAJOR_M / root
    degree = math.pi / 180.0
    return meridian_m * degree, normal_m * math.cos(math.radians(latitude_deg)) * degree


def offset_m(origin: Position, to: Position) -> tuple[float, float]:
    """Return how far east and north of `origin` the place `to` lies, metres."""
    north_deg, east_deg = _metres_per_degree((origin.latitude_deg + to.latitude_deg) / 2.0)
    return (
        (to.longitude_deg - origin.longitude_deg) * east_deg,
        (to.latitude_deg - origin.latitude_deg) * north_deg,
    )


def metres_between(one: Position, other: Position) -> float:
    """Return the distance of two places, metres."""
    return math.hypot(*offset_m(one, other))


def moved(origin: Position, east_m: float, north_m: float) -> Position:
    """Return the place `east_m` east and `north_m` north of `origin`."""
    per_latitude, _ = _metres_per_degree(origin.latitude_deg)
    latitude_deg = origin.latitude_deg + north_m / per_latitude
    _, per_longitude = _metres_per_degree((origin.latitude_deg + latitude_deg) / 2.0)
    return Position(
        latitude_deg=latitude_deg, longitude_deg=origin.longitude_deg + east_m / per_longitude
    )


def between(one: Position, other: Position, share: float) -> Position:
    """Return the place a `share` (0 to 1) of the way from `one` to `other`."""
    return Position(
        latitude_deg=one.latitude_deg + share * (other.latitude_deg - one.latitude_deg),
        longitude_deg=one.longitude_deg + share * (other.longitude_deg - one.longitude_deg),
    )


def course_deg(one: Position, other: Position) -> float:
    """Return the course from `one` to `other`, degrees clockwise from north, 0 to under 360."""
    east_m, north_m = offset_m(one, other)
    return math.degrees(math.atan2(east_m, north_m)) % 360.0
