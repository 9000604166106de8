"""How far a person is from a zone, and whether the way between two fixes led through it.

Pure. Each zone is drawn once on a flat map of its own (`Ground`), so a zone over the antimeridian
is one small shape like any other, whether it came cut in two or as a ring that jumps. Distances
are signed: positive outside, negative inside, and zero, the border itself, is inside. A circle
is not drawn at all: it is measured from its centre on the ellipsoid.
"""

import math
from datetime import datetime, timedelta
from typing import Final

import msgspec
import shapely
from shapely.geometry import LineString, Point
from shapely.geometry.base import BaseGeometry
from shapely.ops import nearest_points

from domain.ids import DeviceId
from domain.order import Area, Circle, Corridor, Polygon
from domain.position import Position
from geofence.geodesy import Frame, Offset, round_m
from geofence.track import Place, Sighting, reach_m

#: Edges are straight in longitude and latitude (RFC 7946); pieces this short lie on our map too,
#: to within a centimetre.
EDGE_PIECE_M: Final = 500.0
#: Cuts at the antimeridian and repeated corners are welded on this grid.
WELD_M: Final = 0.001


class Clearance(msgspec.Struct, frozen=True, kw_only=True):
    """How far someone is, and could be, from an area, metres; negative is inside.

    Attributes:
        nearest_m: From the edge of his position to the area, never below zero.
        central_m: From his reported place: positive outside, negative inside.
        farthest_m: From the far edge of his position: negative when he is inside for certain.
        uncertainty_m: His error radius.
        could_be_m: `nearest_m` if silence was used for coming nearer.
        could_be_out_m: `farthest_m` if silence was used for going away.
        fresh: The report is as young as it should be.
        excused: He is in a corridor that is open.
        between: True if this was measured on the way between two reports.
        began_at: For `between`: when he entered, interpolated; None if he did not enter.
    """

    nearest_m: float
    central_m: float
    farthest_m: float
    uncertainty_m: float
    could_be_m: float
    could_be_out_m: float
    fresh: bool
    wearer_device: DeviceId
    excused: bool = False
    between: bool = False
    began_at: datetime | None = None


class Ground:
    """One area, drawn and ready to be measured against."""

    __slots__ = ("_border", "_circle_m", "_frame", "_shape")

    def __init__(self, area: Area) -> None:
        """Draw `area` on a map of its own."""
        if isinstance(area, Circle):
            self._frame = Frame(area.centre)
            self._circle_m: float | None = area.radius_m
            self._shape: BaseGeometry = Point(0.0, 0.0)
            self._border = self._shape.boundary
            return
        self._frame = Frame(area.parts[0].shell[0])
        self._circle_m = None
        self._shape = _drawn(area, self._frame)
        self._border = self._shape.boundary
        shapely.prepare(self._shape)
        shapely.prepare(self._border)

    def signed_m(self, position: Position) -> float:
        """Return the distance from the border, metres: negative inside, zero on it."""
        east, north = self._frame.offset_m(position)
        if self._circle_m is not None:
            return math.hypot(east, north) - self._circle_m
        spot = Point(east, north)
        metres = self._border.distance(spot)
        return -metres if self._shape.covers(spot) else metres

    def passed_m(self, start: Position, end: Position) -> tuple[float, float]:
        """Return how near the straight way from `start` to `end` came, and where on it.

        Returns:
            Metres from the area (0.0 if the way touches it), and the share of the way at which
            it entered, or else came nearest.
        """
        first, second = self._frame.offset_m(start), self._frame.offset_m(end)
        if first == second:
            return max(0.0, self.signed_m(start)), 0.0
        if self._circle_m is not None:
            return _passed_circle(first, second, self._circle_m)
        way = LineString([first, second])
        within = way.intersection(self._shape)
        if not within.is_empty:
            return 0.0, Point(first).distance(within) / way.length
        closest, _ = nearest_points(way, self._shape)
        return way.distance(self._shape), way.project(closest) / way.length


class Passage:
    """One corridor, drawn. Only his reported place counts, not his error radius."""

    __slots__ = ("_frame", "_half_width_m", "_line")

    def __init__(self, corridor: Corridor) -> None:
        """Draw `corridor` on a map of its own."""
        self._frame = Frame(corridor.line.positions[0])
        self._line = LineString([self._frame.offset_m(p) for p in corridor.line.positions])
        self._half_width_m = corridor.width_m / 2.0

    def holds(self, position: Position) -> bool:
        """Return whether `position` lies in the corridor, its edge included."""
        spot = Point(self._frame.offset_m(position))
        return round_m(self._line.distance(spot)) <= self._half_width_m


def clearance(ground: Ground, wearer: Sighting, at: datetime, grace: timedelta) -> Clearance:
    """Measure how far a device of the wearer is, and could be, from an area at `at`."""
    place = wearer.last
    central_m = ground.signed_m(place.position)
    gone_m = reach_m(wearer, at, grace)
    nearest_m = max(0.0, central_m - place.radius_m)
    return Clearance(
        nearest_m=round_m(nearest_m),
        central_m=round_m(central_m),
        farthest_m=round_m(central_m + place.radius_m),
        uncertainty_m=round_m(place.radius_m),
        could_be_m=round_m(max(0.0, nearest_m - gone_m)),
        could_be_out_m=round_m(central_m + place.radius_m + gone_m),
        fresh=wearer.fresh(at, grace),
        wearer_device=wearer.device_id,
    )


def on_the_way(
    ground: Ground, wearer: Sighting, now: Clearance, after: datetime | None
) -> Clearance:
    """Return the nearest he came to the area since his last report but one, if nearer than now.

    Args:
        ground: The area.
        wearer: His device.
        now: What its newest report alone says.
        after: What he did before this instant does not count; the rest of the way does.
    """
    if len(wearer.places) < 2:
        return now
    first, second = wearer.places[-2:]
    if not second.joined or (after is not None and second.fixed_at <= after):
        return now
    if after is not None and first.fixed_at < after:
        first = _halfway(first, second, after)
    central_m, share = ground.passed_m(first.position, second.position)
    radius_m = max(first.radius_m, second.radius_m)
    nearest_m = round_m(max(0.0, central_m - radius_m))
    if share == 0.0:
        return now
    crossed = round_m(central_m) == 0.0 and now.central_m > 0.0
    if not crossed and nearest_m >= now.nearest_m:
        return msgspec.structs.replace(now, began_at=_entry(first, second, share, central_m))
    return msgspec.structs.replace(
        now,
        nearest_m=nearest_m,
        central_m=round_m(central_m),
        farthest_m=round_m(central_m + radius_m),
        uncertainty_m=round_m(radius_m),
        between=True,
        began_at=_entry(first, second, share, central_m),
    )


def _halfway(first: Place, second: Place, at: datetime) -> Place:
    """Return where he was at `at` on the straight way from `first` to `second`."""
    share = (at - first.fixed_at) / (second.fixed_at - first.fixed_at)
    return msgspec.structs.replace(
        first,
        fixed_at=at,
        position=_along_edge(first.position, second.position, share),
        radius_m=max(first.radius_m, second.radius_m),
    )


def _entry(first: Place, second: Place, share: float, central_m: float) -> datetime | None:
    """Return when he entered on the way from `first` to `second`, if he did so on the way."""
    if round_m(central_m) > 0.0 or share == 0.0:
        return None
    return first.fixed_at + share * (second.fixed_at - first.fixed_at)


def _passed_circle(first: Offset, second: Offset, radius_m: float) -> tuple[float, float]:
    (x, y), (dx, dy) = first, (second[0] - first[0], second[1] - first[1])
    squared, half = dx * dx + dy * dy, x * dx + y * dy
    outside = x * x + y * y - radius_m * radius_m
    if outside <= 0.0:
        return 0.0, 0.0
    root = half * half - squared * outside
    if root >= 0.0:
        entry = (-half - math.sqrt(root)) / squared
        if 0.0 <= entry <= 1.0:
            return 0.0, entry
    share = min(1.0, max(0.0, -half / squared))
    return math.hypot(x + share * dx, y + share * dy) - radius_m, share


def _drawn(area: Polygon, frame: Frame) -> BaseGeometry:
    parts = [
        shapely.make_valid(
            shapely.Polygon(_ring(part.shell, frame), [_ring(hole, frame) for hole in part.holes])
        )
        for part in area.parts
    ]
    return shapely.union_all(parts, grid_size=WELD_M)


def _ring(ring: tuple[Position, ...], frame: Frame) -> list[Offset]:
    """Return a ring on the flat map, its long edges in pieces."""
    corners = [frame.offset_m(position) for position in ring]
    drawn: list[Offset] = [corners[0]]
    for number in range(1, len(ring)):
        length_m = math.dist(corners[number - 1], corners[number])
        pieces = math.ceil(length_m / EDGE_PIECE_M)
        drawn.extend(
            frame.offset_m(_along_edge(ring[number - 1], ring[number], piece / pieces))
            for piece in range(1, pieces)
        )
        drawn.append(corners[number])
    return drawn


def _along_edge(start: Position, end: Position, share: float) -> Position:
    """Return the place at `share` of an edge, straight in longitude and latitude."""
    across = (end.longitude_deg - start.longitude_deg + 180.0) % 360.0 - 180.0
    longitude = start.longitude_deg + share * across
    return Position(
        latitude_deg=start.latitude_deg + share * (end.latitude_deg - start.latitude_deg),
        longitude_deg=(longitude + 180.0) % 360.0 - 180.0,
    )
