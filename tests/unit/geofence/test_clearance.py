"""Distances from areas: holes, islands, circles, and the antimeridian."""

import pytest

from domain.order import Circle, Polygon, PolygonPart
from domain.position import Position
from geofence.clearance import Ground
from geofence.geodesy import Frame, distance_m
from tests.unit.geofence.scenes import a_disc, a_square, place


def ring(*corners: tuple[float, float]) -> tuple[Position, ...]:
    """Return a closed ring of latitudes and longitudes."""
    closed = (*corners, corners[0])
    return tuple(Position(latitude_deg=lat, longitude_deg=lon) for lat, lon in closed)


def polygon(*rings: tuple[Position, ...]) -> Polygon:
    """Return one shell with holes."""
    return Polygon(parts=(PolygonPart(shell=rings[0], holes=rings[1:]),))


@pytest.mark.parametrize(
    ("east_m", "north_m", "metres"),
    [
        (-50.0, 200.0, 50.0),
        (200.0, 200.0, -200.0),
        (390.0, 200.0, -10.0),
        (400.0, 200.0, 0.0),
        (430.0, 440.0, 50.0),
    ],
)
def test_square(east_m: float, north_m: float, metres: float) -> None:
    """Outside is positive, inside is negative, the border is zero."""
    ground = Ground(a_square(0.0, 0.0, 400.0))
    assert ground.signed_m(place(east_m, north_m)) == pytest.approx(metres, abs=0.05)


def test_a_hole_is_outside() -> None:
    """The hole in a zone is no part of it, and its rim is a border."""
    outer, inner = a_square(0, 0, 400).parts[0].shell, a_square(100, 100, 200).parts[0].shell
    ground = Ground(Polygon(parts=(PolygonPart(shell=outer, holes=(inner,)),)))
    assert ground.signed_m(place(200, 200)) == pytest.approx(100.0, abs=0.05)
    assert ground.signed_m(place(50, 200)) == pytest.approx(-50.0, abs=0.05)


def test_each_island_counts() -> None:
    """Of several parts the nearest one counts."""
    parts = (*a_square(0, 0, 100).parts, *a_square(1000, 0, 100).parts)
    ground = Ground(Polygon(parts=parts))
    assert ground.signed_m(place(950, 50)) == pytest.approx(50.0, abs=0.05)
    assert ground.signed_m(place(1050, 50)) == pytest.approx(-50.0, abs=0.05)


def test_a_circle_is_exact() -> None:
    """A circle is its centre and its radius, on the ellipsoid."""
    disc = a_disc(0, 0, 300)
    assert isinstance(disc, Circle)
    there = place(1234, -567)
    expected = distance_m(disc.centre, there) - 300.0
    assert Ground(disc).signed_m(there) == pytest.approx(expected, abs=0.001)


def test_a_zone_over_the_antimeridian_is_the_small_one() -> None:
    """A ring that jumps, and the same cut in two, are 0.2 degrees wide and alike."""
    jumping = Ground(polygon(ring((10.0, 179.9), (10.0, -179.9), (10.2, -179.9), (10.2, 179.9))))
    east = PolygonPart(shell=ring((10.0, 179.9), (10.0, 180.0), (10.2, 180.0), (10.2, 179.9)))
    west = PolygonPart(shell=ring((10.0, -180.0), (10.0, -179.9), (10.2, -179.9), (10.2, -180.0)))
    cut = Ground(Polygon(parts=(east, west)))
    for latitude, longitude in [(10.1, 180.0), (10.1, 179.95), (10.1, -179.8), (10.1, 0.0)]:
        there = Position(latitude_deg=latitude, longitude_deg=longitude)
        assert cut.signed_m(there) == pytest.approx(jumping.signed_m(there), abs=0.01)
    assert jumping.signed_m(Position(latitude_deg=10.1, longitude_deg=180.0)) < -5_000
    assert jumping.signed_m(Position(latitude_deg=10.1, longitude_deg=0.0)) > 1_000_000


def test_long_edges_are_straight_in_degrees() -> None:
    """The middle of a 50 km edge along a parallel lies on the parallel."""
    wide = Ground(polygon(ring((51.0, -0.4), (51.0, 0.4), (51.2, 0.4), (51.2, -0.4))))
    assert abs(wide.signed_m(Position(latitude_deg=51.0, longitude_deg=0.0))) < 0.02


def test_a_way_through_is_entered_where_it_enters() -> None:
    """Of a way across a square, a third lies before it."""
    ground = Ground(a_square(0.0, 0.0, 400.0))
    metres, share = ground.passed_m(place(-400, 200), place(800, 200))
    assert 0.0 == metres
    assert share == pytest.approx(1 / 3, abs=0.001)


@pytest.mark.parametrize("area", [a_square(0.0, 0.0, 400.0), a_disc(200.0, 200.0, 200.0)])
def test_a_way_past_comes_nearest_where_it_does(area: Polygon | Circle) -> None:
    """A way that passes at fifty metres passes at fifty metres, in its middle."""
    metres, share = Ground(area).passed_m(place(-450, 450), place(850, 450))
    assert metres == pytest.approx(50.0, abs=0.05)
    assert 0.3 < share < 0.7


def test_frames_agree_about_a_place() -> None:
    """However a place is looked at, it is one place."""
    here, there = place(0, 0), place(300, 400)
    east, north = Frame(here).offset_m(there)
    assert (east, north) == (pytest.approx(300, abs=0.1), pytest.approx(400, abs=0.1))
