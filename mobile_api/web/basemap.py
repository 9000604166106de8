"""Reduce street data to what drawing a map needs: class, name and shape.

A maintenance tool, never run by the program:
`python -m mobile_api.web.basemap EDGES_OR_AREAS.geojson.gz... --out map/london.geojson.gz`.
Edges of one road are joined into long lines, so that a name is written along a street and not
on each stump of it; coordinates keep five decimals (1.1 m). The result is a changed copy of
OpenStreetMap data and stays under the ODbL (`map/SOURCES.md`).
"""

import argparse
import gzip
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

Feature = dict[str, Any]
Line = list[list[float]]

#: What a street is to whoever reads the map; what is not listed is not drawn.
CLASSES = {
    "motorway": "major",
    "motorway_link": "major",
    "trunk": "major",
    "trunk_link": "major",
    "primary": "major",
    "primary_link": "major",
    "secondary": "middle",
    "secondary_link": "middle",
    "tertiary": "middle",
    "tertiary_link": "middle",
    "residential": "street",
    "unclassified": "street",
    "living_street": "street",
    "pedestrian": "street",
    "service": "service",
    "track": "path",
    "footway": "path",
    "cycleway": "path",
    "path": "path",
    "steps": "path",
}
AREAS = {
    "building": "building",
    "landuse=grass": "green",
    "natural=wood": "green",
    "landuse=recreation_ground": "green",
    "natural=water": "water",
}
DECIMALS = 5


def reduced(features: Iterable[Feature]) -> list[Feature]:
    """Return the drawable features: areas first, then joined streets, paths before major roads."""
    areas: list[Feature] = []
    roads: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for feature in features:
        properties, geometry = feature["properties"], feature["geometry"]
        if geometry["type"] == "LineString" and properties.get("highway") in CLASSES:
            key = (CLASSES[properties["highway"]], properties.get("name") or "")
            roads[key].append(_rounded(geometry["coordinates"]))
        elif properties.get("kind") in AREAS:
            rings = _rounded_rings(geometry)
            areas.append(_feature(AREAS[properties["kind"]], "", geometry["type"], rings))
    return areas + list(_streets(roads))


def _streets(roads: dict[tuple[str, str], list[Line]]) -> Iterator[Feature]:
    order = {"path": 0, "service": 1, "street": 2, "middle": 3, "major": 4}
    for (kind, name), lines in sorted(roads.items(), key=lambda item: (order[item[0][0]], item[0])):
        joined = _joined(lines)
        if name:
            for line in joined:
                yield _feature(kind, name, "LineString", line)
        else:
            yield _feature(kind, "", "MultiLineString", joined)


def _joined(lines: list[Line]) -> list[Line]:
    """Join lines end to end wherever exactly two of them meet."""
    ends: dict[tuple[float, float], list[int]] = defaultdict(list)
    for index, line in enumerate(lines):
        ends[tuple(line[0])].append(index)  # type: ignore[index]
        ends[tuple(line[-1])].append(index)  # type: ignore[index]
    left = dict(enumerate(lines))
    result: list[Line] = []
    while left:
        _, line = left.popitem()
        result.append(_grown(_grown(line, left, ends)[::-1], left, ends))
    return result


def _grown(line: Line, left: dict[int, Line], ends: dict[Any, list[int]]) -> Line:
    """Extend a line at its far end as long as one line, and one only, goes on from there."""
    while True:
        meeting = ends[tuple(line[-1])]
        following = [index for index in meeting if index in left]
        if len(meeting) > 2 or len(following) != 1:
            return line
        more = left.pop(following[0])
        line = line + (more if more[0] == line[-1] else more[::-1])[1:]


def _feature(kind: str, name: str, geometry: str, coordinates: object) -> Feature:
    properties = {"class": kind, "name": name} if name else {"class": kind}
    shape = {"type": geometry, "coordinates": coordinates}
    return {"type": "Feature", "properties": properties, "geometry": shape}


def _rounded(line: Line) -> Line:
    return [[round(lon, DECIMALS), round(lat, DECIMALS)] for lon, lat, *_ in line]


def _rounded_rings(geometry: dict[str, Any]) -> list[Any]:
    if geometry["type"] == "Polygon":
        return [_rounded(ring) for ring in geometry["coordinates"]]
    return [[_rounded(ring) for ring in polygon] for polygon in geometry["coordinates"]]


def main() -> None:
    """Write the base map of the files named, with the credit its licence asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sources", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    features: list[Feature] = []
    for source in chosen.sources:
        features += json.loads(gzip.decompress(source.read_bytes()))["features"]
    collection = {
        "type": "FeatureCollection",
        "attribution": "© OpenStreetMap contributors, ODbL 1.0",
        "features": reduced(features),
    }
    text = json.dumps(collection, ensure_ascii=False, separators=(",", ":"))
    # A fixed time in the header: the same data gives the same bytes.
    chosen.out.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))


if __name__ == "__main__":
    main()
