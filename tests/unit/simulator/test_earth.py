"""The simulator's own ruler, against an independent geodesic."""

import pytest
from pyproj import Geod

from domain.position import Position
from simulator.earth import course_deg, metres_between, moved

HERE = Position(latitude_deg=51.6165, longitude_deg=-0.1190)


@pytest.mark.parametrize(("east_m", "north_m"), [(0.0, 1.0), (300.0, -400.0), (-9_000.0, 12_000.0)])
def test_distances_agree_with_a_geodesic(east_m: float, north_m: float) -> None:
    """A distance in the simulator's town is right to 3 cm."""
    there = moved(HERE, east_m, north_m)
    _, _, expected_m = Geod(ellps="WGS84").inv(
        HERE.longitude_deg, HERE.latitude_deg, there.longitude_deg, there.latitude_deg
    )

    assert metres_between(HERE, there) == pytest.approx(expected_m, abs=0.03)
    assert pytest.approx((east_m**2 + north_m**2) ** 0.5, rel=1e-4, abs=0.01) == expected_m


def test_a_course_is_clockwise_from_north() -> None:
    """East is 90 degrees, and north is 0 and not 360."""
    assert course_deg(HERE, moved(HERE, 100.0, 0.0)) == pytest.approx(90.0, abs=0.01)
    assert course_deg(HERE, moved(HERE, 0.0, 100.0)) == pytest.approx(0.0, abs=0.01)
    assert course_deg(HERE, moved(HERE, -100.0, 0.0)) == pytest.approx(270.0, abs=0.01)
