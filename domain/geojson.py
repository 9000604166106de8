"""GeoJSON geometries to and from our areas. The only place where longitude comes first.

Pure. Shape is read here (RFC 7946); whether a ring crosses itself is for the register to judge.
"""

from collections.abc import Sequence
from typing import cast

from domain.errors import KeepclearError
from domain.order import Area, Circle, Line, Polygon, PolygonPart
from domain.position import Position


class GeometryError(KeepclearError):
    """The geometry is not one that Keepclear understands."""


def area_of(geometry: object, radius_m: float | None = None) -> Area:
    """Return the area a GeoJSON `Polygon`, `MultiPolygon`, or `Point` with `radius_m`, describes.

    Raises:
        GeometryError: Naming the fault and where it is, never its coordinates.
    """
    kind, coordinates = _split(geometry)
    if kind == "Point":
        if radius_m is None:
            message = "a Point needs radius_m"
            raise GeometryError(message)
        return Circle(centre=_position(coordinates, "coordinates"), radius_m=radius_m)
    if radius_m is not None:
        message = "radius_m goes with a Point only"
        raise GeometryError(message)
    if kind == "Polygon":
        return Polygon(parts=(_part(coordinates, "coordinates"),))
    if kind == "MultiPolygon":
        parts = _items(coordinates, "coordinates")
        if not parts:
            message = "a MultiPolygon needs at least one polygon"
            raise GeometryError(message)
        return Polygon(
            parts=tuple(_part(part, f"coordinates[{i}]") for i, part in enumerate(parts))
        )
    message = "the geometry must be a Polygon, a MultiPolygon, or a Point with radius_m"
    raise GeometryError(message)


def line_of(geometry: object) -> Line:
    """Return the line a GeoJSON `LineString` describes.

    Raises:
        GeometryError: If it is anything else or has fewer than two positions.
    """
    kind, coordinates = _split(geometry)
    places = _items(coordinates, "coordinates")
    if kind != "LineString" or len(places) < 2:
        message = "a corridor needs a LineString of two positions or more"
        raise GeometryError(message)
    return Line(
        positions=tuple(_position(place, f"coordinates[{i}]") for i, place in enumerate(places))
    )


def geometry_of(shape: Area | Line) -> dict[str, object]:
    """Return `shape` as a GeoJSON geometry; a circle is a `Point`, its radius goes beside it."""
    match shape:
        case Circle():
            return {"type": "Point", "coordinates": _pair(shape.centre)}
        case Line():
            return {"type": "LineString", "coordinates": [_pair(p) for p in shape.positions]}
        case Polygon():
            parts = [
                [[_pair(p) for p in ring] for ring in (part.shell, *part.holes)]
                for part in shape.parts
            ]
            if len(parts) == 1:
                return {"type": "Polygon", "coordinates": parts[0]}
            return {"type": "MultiPolygon", "coordinates": parts}


def _pair(position: Position) -> list[float]:
    return [position.longitude_deg, position.latitude_deg]


def _split(geometry: object) -> tuple[object, object]:
    if not isinstance(geometry, dict):
        message = "the geometry must be a GeoJSON object"
        raise GeometryError(message)
    members = cast("dict[str, object]", geometry)
    return members.get("type"), members.get("coordinates")


def _items(value: object, where: str) -> Sequence[object]:
    if not isinstance(value, list | tuple):
        message = f"{where} must be a list"
        raise GeometryError(message)
    return cast("Sequence[object]", value)


def _part(rings: object, where: str) -> PolygonPart:
    read = [_ring(ring, f"{where}[{i}]") for i, ring in enumerate(_items(rings, where))]
    if not read:
        message = f"{where} needs a ring"
        raise GeometryError(message)
    return PolygonPart(shell=read[0], holes=tuple(read[1:]))


def _ring(ring: object, where: str) -> tuple[Position, ...]:
    places = tuple(_position(place, f"{where}[{i}]") for i, place in enumerate(_items(ring, where)))
    if len(places) < 4:
        message = f"{where} needs four positions or more"
        raise GeometryError(message)
    if places[0] != places[-1]:
        message = f"{where} is not closed: its last position must equal its first"
        raise GeometryError(message)
    return places


def _position(place: object, where: str) -> Position:
    numbers = _items(place, where)
    if len(numbers) < 2 or not all(
        isinstance(number, int | float) and not isinstance(number, bool) for number in numbers[:2]
    ):
        message = f"{where} must be [longitude, latitude]"
        raise GeometryError(message)
    longitude, latitude = (float(cast("float", number)) for number in numbers[:2])
    if not (-180.0 <= longitude <= 180.0 and -90.0 <= latitude <= 90.0):
        message = f"{where} is off the globe (longitude comes first)"
        raise GeometryError(message)
    return Position(latitude_deg=latitude, longitude_deg=longitude)
