"""Whether an area can be meant, and its tidy form. Pure.

Faults are named by ring and edge, never by coordinate: a zone's corner can be a front door. Rings
that jump over the antimeridian are read as the small area they mean (`INTERFACES` 6.13).
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, cast

import shapely
from shapely.validation import explain_validity

from domain.order import Area, Circle, Polygon, PolygonPart
from domain.position import Position

VERTICES_MAX: Final = 10_000

Ring = tuple[Position, ...]
Plane = list[tuple[float, float]]


def vertices_in(geometry: object) -> int:
    """Return how many positions a GeoJSON geometry holds, without believing anything about it."""
    members = cast("dict[str, object]", geometry) if isinstance(geometry, dict) else {}
    stack: list[object] = [members.get("coordinates")]
    count = 0
    while stack:
        found = stack.pop()
        if not isinstance(found, list):
            continue
        items = cast("list[object]", found)
        if items and not isinstance(items[0], list):
            count += 1
        else:
            stack.extend(items)
    return count


def fault_of(area: Area) -> str | None:
    """Return what is wrong with `area` in one sentence, or None if it can be meant."""
    if isinstance(area, Circle):
        return None
    for number, part in enumerate(area.parts):
        fault = _fault_of_part(part)
        if fault is not None:
            return fault if len(area.parts) == 1 else f"polygon {number}: {fault}"
    return None


def tidied(area: Area) -> Area:
    """Return `area` with shells counter-clockwise and holes clockwise (RFC 7946)."""
    if isinstance(area, Circle):
        return area
    return Polygon(
        parts=tuple(
            PolygonPart(
                shell=_turned(part.shell, anticlockwise=True),
                holes=tuple(_turned(hole, anticlockwise=False) for hole in part.holes),
            )
            for part in area.parts
        )
    )


def _fault_of_part(part: PolygonPart) -> str | None:
    """Return what is wrong with one shell and its holes."""
    rings = [unrolled(ring) for ring in (part.shell, *part.holes)]
    for number, ring in enumerate(rings):
        fault = _fault_of_ring(ring)
        if fault is not None:
            return f"{_ring_name(number)} {fault}"
    shell = rings[0]
    holes = [_beside(hole, shell) for hole in rings[1:]]
    polygon = shapely.Polygon(shell, holes)
    if not polygon.is_valid:
        return explain_validity(polygon).split("[")[0].strip().lower()
    return None


def _fault_of_ring(ring: Plane) -> str | None:
    """Return what is wrong with one closed ring, as the end of a sentence."""
    if ring[0] != ring[-1]:
        return "goes round a pole: cut it there"
    if len(set(ring)) < 3:
        return "has fewer than three different corners"
    if shapely.MultiPoint(ring).convex_hull.area == 0.0:
        return "has no area: its corners lie on one line"
    if not shapely.LinearRing(ring).is_simple:
        return _crossing(ring)
    return None


def _crossing(ring: Plane) -> str:
    """Return which two edges of a ring meet where they must not."""
    edges = [shapely.LineString(pair) for pair in pairwise(ring)]
    pairs = shapely.STRtree(edges).query(edges, predicate="crosses")
    crossings = sorted((int(a), int(b)) for a, b in pairs.T if a < b)
    if not crossings:
        return "touches or overlaps itself"
    first, second = crossings[0]
    return f"crosses itself: edge {first} and edge {second} cross"


def _ring_name(number: int) -> str:
    return "the outer ring" if number == 0 else f"hole {number - 1}"


def unrolled(ring: Sequence[Position]) -> Plane:
    """Return the ring as (longitude, latitude), each step the short way round the globe.

    Longitudes may run past 180. A ring round a pole does not come back to where it began.
    """
    plane = [(ring[0].longitude_deg, ring[0].latitude_deg)]
    for before, after in pairwise(ring):
        step = (after.longitude_deg - before.longitude_deg + 180.0) % 360.0 - 180.0
        plain = after.longitude_deg - before.longitude_deg
        # The plain difference is exact; the remainder is not, and would open closed rings.
        step = plain if abs(plain) < 180.0 else round(step, 9)
        plane.append((plane[-1][0] + step, after.latitude_deg))
    return _closed(plane)


def _closed(plane: Plane) -> Plane:
    """Return the ring with its last corner exactly on its first, where only rounding parts them."""
    if abs(plane[0][0] - plane[-1][0]) < 1e-6:
        return [*plane[:-1], plane[0]]
    return plane


def _beside(hole: Plane, shell: Plane) -> Plane:
    """Return the hole on the same turn of the globe as its shell."""
    turns = round((shell[0][0] - hole[0][0]) / 360.0)
    return [(longitude + 360.0 * turns, latitude) for longitude, latitude in hole]


def _turned(ring: Ring, *, anticlockwise: bool) -> Ring:
    """Return the ring running the way asked for."""
    plane = unrolled(ring)
    doubled = sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairwise(plane))
    return ring if (doubled > 0.0) is anticlockwise else ring[::-1]
