"""Metres between places, anywhere on the WGS 84 ellipsoid.

Pure. Both ends are turned into earth-centred coordinates, the straight chord between them is
measured, and the chord is bent back into the arc it spans. There is no meridian to wrap and no
pole to fear: 179.9999 and -179.9999 are neighbours because their points are.

Against the exact geodesic the error stays under 1 mm at 20 km and under 2 cm at 100 km; over
thousands of kilometres it is under 0.6 %, where only "far" matters.
"""

import math
from typing import Final

from domain.position import Position

SEMI_MAJOR_M: Final = 6_378_137.0
FLATTENING: Final = 1.0 / 298.257223563
ECCENTRICITY_SQUARED: Final = FLATTENING * (2.0 - FLATTENING)

Cartesian = tuple[float, float, float]
Offset = tuple[float, float]


def round_m(metres: float) -> float:
    """Return `metres` to the centimetre: every comparison is made on this grid.

    Two machines whose sines differ in the last bit still decide alike. Never negative zero.
    """
    return round(metres, 2) + 0.0


def distance_m(first: Position, second: Position) -> float:
    """Return the length of the shortest way over the ellipsoid, metres."""
    ax, ay, az = _cartesian(first.latitude_deg, first.longitude_deg)
    bx, by, bz = _cartesian(second.latitude_deg, second.longitude_deg)
    chord_m = math.sqrt((bx - ax) ** 2 + (by - ay) ** 2 + (bz - az) ** 2)
    middle_deg = (first.latitude_deg + second.latitude_deg) / 2.0
    return _arc_m(chord_m, _mean_radius_m(middle_deg))


class Frame:
    """A flat map round one place: metres east and north of it.

    Azimuthal equidistant: distance and direction from the origin are true. Between two places
    `s` metres from it, lengths are true to s squared over six earth radii squared: 2 mm in a
    kilometre at 20 km.
    """

    __slots__ = ("_east", "_north", "_origin", "_radius_m", "position")

    def __init__(self, position: Position) -> None:
        """Lay the map's origin on `position`."""
        latitude, longitude = (
            math.radians(position.latitude_deg),
            math.radians(position.longitude_deg),
        )
        sin_lat, cos_lat = math.sin(latitude), math.cos(latitude)
        sin_lon, cos_lon = math.sin(longitude), math.cos(longitude)
        self.position = position
        self._origin = _cartesian(position.latitude_deg, position.longitude_deg)
        self._east = (-sin_lon, cos_lon)
        self._north = (-sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat)
        self._radius_m = _mean_radius_m(position.latitude_deg)

    def offset_m(self, position: Position) -> Offset:
        """Return how far `position` lies east and north of the origin, metres."""
        px, py, pz = _cartesian(position.latitude_deg, position.longitude_deg)
        ox, oy, oz = self._origin
        dx, dy, dz = px - ox, py - oy, pz - oz
        east = self._east[0] * dx + self._east[1] * dy
        north = self._north[0] * dx + self._north[1] * dy + self._north[2] * dz
        flat = math.hypot(east, north)
        if flat == 0.0:
            return (0.0, 0.0)
        stretch = _arc_m(math.sqrt(dx * dx + dy * dy + dz * dz), self._radius_m) / flat
        return (east * stretch, north * stretch)


def velocity_mps(speed_mps: float, course_deg: float) -> Offset:
    """Return a speed over ground as metres a second east and north; course 0 is north."""
    course = math.radians(course_deg)
    return (speed_mps * math.sin(course), speed_mps * math.cos(course))


def _cartesian(latitude_deg: float, longitude_deg: float) -> Cartesian:
    latitude, longitude = math.radians(latitude_deg), math.radians(longitude_deg)
    sin_lat, cos_lat = math.sin(latitude), math.cos(latitude)
    prime = SEMI_MAJOR_M / math.sqrt(1.0 - ECCENTRICITY_SQUARED * sin_lat * sin_lat)
    return (
        prime * cos_lat * math.cos(longitude),
        prime * cos_lat * math.sin(longitude),
        prime * (1.0 - ECCENTRICITY_SQUARED) * sin_lat,
    )


def _mean_radius_m(latitude_deg: float) -> float:
    """Return the Gaussian mean of the two radii of curvature at a latitude, metres."""
    sine = math.sin(math.radians(latitude_deg))
    return (
        SEMI_MAJOR_M
        * math.sqrt(1.0 - ECCENTRICITY_SQUARED)
        / (1.0 - ECCENTRICITY_SQUARED * sine * sine)
    )


def _arc_m(chord_m: float, radius_m: float) -> float:
    return 2.0 * radius_m * math.asin(min(1.0, chord_m / (2.0 * radius_m)))
