"""Metres, against people who have measured them better."""

import math
from itertools import pairwise
from pathlib import Path

import pytest
from pyproj import Geod

from domain.position import Position
from geofence.geodesy import Frame, distance_m, round_m

DATA = Path(__file__).parents[2] / "data" / "geodesy"
GEOD = Geod(ellps="WGS84")


def at(latitude_deg: float, longitude_deg: float) -> Position:
    """Return a place."""
    return Position(latitude_deg=latitude_deg, longitude_deg=longitude_deg)


def rows(name: str) -> list[tuple[Position, Position, float]]:
    """Return the two ends and the true length of each line of a GeodTest file."""
    found: list[tuple[Position, Position, float]] = []
    for line in (DATA / name).read_text().splitlines():
        if not line.startswith("#"):
            numbers = [float(word) for word in line.split()]
            found.append((at(*numbers[0:2]), at(*numbers[3:5]), numbers[6]))
    return found


def test_short_lines_are_true_to_a_millimetre() -> None:
    """Up to 50 km our distance is the geodesic's."""
    short = rows("geodtest_short_distance.dat")
    assert 50 < len(short)
    for first, second, true_m in short:
        assert abs(distance_m(first, second) - true_m) < 0.001


def test_long_lines_are_true_to_six_in_a_thousand() -> None:
    """Round the world, over poles and to the antipode, nothing is far off."""
    for first, second, true_m in rows("geodtest_extreme.dat"):
        assert distance_m(first, second) == pytest.approx(true_m, rel=0.006)


@pytest.mark.parametrize("latitude_deg", [-89.9, -45.0, 0.0, 51.6, 60.9, 89.9])
@pytest.mark.parametrize("metres", [1.0, 300.0, 5_000.0, 50_000.0])
def test_a_frame_is_true_from_its_origin(latitude_deg: float, metres: float) -> None:
    """Distance and direction from a frame's origin are the geodesic's."""
    frame = Frame(at(latitude_deg, 179.99))
    for azimuth in range(0, 360, 45):
        longitude, latitude, _ = GEOD.fwd(179.99, latitude_deg, azimuth, metres)
        east, north = frame.offset_m(at(latitude, longitude))
        assert abs(math.hypot(east, north) - metres) < 0.001
        assert abs(east - metres * math.sin(math.radians(azimuth))) < 0.05
        assert abs(north - metres * math.cos(math.radians(azimuth))) < 0.05


def test_the_antimeridian_is_nowhere_special() -> None:
    """A tenth of a millidegree apart is eleven metres apart, on either side of 180."""
    assert 11.12 < distance_m(at(0.0, 179.99995), at(0.0, -179.99995)) < 11.14
    assert 0.0 == distance_m(at(10.0, 180.0), at(10.0, -180.0)) // 0.001


def test_rounding_knows_no_negative_zero() -> None:
    """A hair inside a border rounds to the border itself."""
    assert "0.0" == str(round_m(-0.004))
    assert 1.23 == round_m(1.2349)


#: Two cars that pass each other: the places of Tile38's roaming test (MIT), car 1 moving first.
CAR_1 = (
    -111.93669319152832,
    -111.93051338195801,
    -111.92416191101074,
    -111.91789627075195,
    -111.9111156463623,
    -111.90510749816895,
    -111.89746856689453,
)
CAR_2 = (
    -111.89746856689453,
    -111.90519332885742,
    -111.91154479980467,
    -111.91781044006346,
    -111.92416191101074,
    -111.93059921264648,
    -111.93660736083984,
)


def test_two_cars_are_as_far_apart_as_another_program_says() -> None:
    """Tile38's messages for its roaming cars, on a sphere, are ours within three in a thousand."""
    latitude = 33.414750027566235
    moves = [(CAR_1[0], CAR_2[0])]
    for (_, theirs), (mine, other) in pairwise(zip(CAR_1, CAR_2, strict=True)):
        moves += [(mine, theirs), (mine, other)]
    metres = [distance_m(at(latitude, one), at(latitude, two)) for one, two in moves]
    near = [apart for apart in metres if apart <= 1000.0]
    assert near == pytest.approx([589.512, 7.966, 621.377], rel=0.003)
    after = metres[metres.index(near[-1]) + 1]
    assert after == pytest.approx(1210.89, rel=0.003)
