"""Documents of the register: what can be meant, what cannot, and how it is said."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.order import Circle, ExclusionZone, Polygon, Proximity
from mobile_api.answers import order_document
from mobile_api.problems import DocumentError, TooLargeError
from mobile_api.schemas import (
    device_from_document,
    order_from_document,
    person_from_document,
    refuse_past,
)

SQUARE = [[-0.10, 51.60], [-0.09, 51.60], [-0.09, 51.61], [-0.10, 51.61], [-0.10, 51.60]]
HOLE = [[-0.098, 51.602], [-0.096, 51.602], [-0.096, 51.604], [-0.098, 51.604], [-0.098, 51.602]]
FAR_HOLE = [[lon + 1.0, lat] for lon, lat in HOLE]


def ids() -> Callable[[str], str]:
    """Return a source of ids that counts."""
    numbers = count(1)

    def following(kind: str) -> str:
        return f"{kind}-{next(numbers)}"

    return following


def order(*conditions: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return an order's document."""
    return {
        "type": "bail",
        "reference": "B1",
        "wearer_id": "w",
        "valid_from": "2026-11-01T00:00:00Z",
        "valid_until": "2027-11-01T00:00:00+01:00",
        "timezone": "Europe/London",
        "conditions": list(conditions)
        or [{"type": "proximity", "protected_id": "p", "alert_m": 500}],
        **more,
    }


def zone(geometry: object, **more: Any) -> dict[str, Any]:
    """Return an exclusion zone's document."""
    return {"type": "exclusion_zone", "geometry": geometry, **more}


def polygon(*rings: list[list[float]]) -> dict[str, Any]:
    """Return a GeoJSON polygon."""
    return {"type": "Polygon", "coordinates": list(rings)}


def fault(document: object) -> str:
    """Return what is said of a document that cannot be meant."""
    with pytest.raises(DocumentError) as raised:
        order_from_document(document, ids())
    return str(raised.value)


def test_defaults_are_those_of_the_design():
    """Warning is twice the alert distance, contact the smaller of 300 m and 0.3 of it."""
    read = order_from_document(order(), ids())

    condition = read.conditions[0]
    assert isinstance(condition, Proximity)
    assert (150.0, 500.0, 1000.0) == (condition.contact_m, condition.alert_m, condition.warning_m)


def test_a_files_ids_are_kept():
    """ORDERS.json chooses its own ids, and those it leaves out are made."""
    named = order_from_document({**order(), "id": "o"}, ids())
    proximity = {"type": "proximity", "id": "c", "protected_id": "p", "alert_m": 500}
    condition = order_from_document(order(proximity), ids())

    assert ("o", "condition-1") == (named.order_id, named.conditions[0].condition_id)
    assert ("order-1", "c") == (condition.order_id, condition.conditions[0].condition_id)


@pytest.mark.parametrize(
    ("geometry", "said"),
    [
        (polygon(SQUARE[:2]), "needs four positions"),
        (polygon(SQUARE[:4]), "not closed"),
        (polygon([SQUARE[i] for i in (0, 2, 1, 3, 0)]), "edge 0 and edge 2 cross"),
        (polygon([[0, 0], [0, 1], [0, 2], [0, 0]]), "lie on one line"),
        (polygon([[0, 0], [0, 1], [0, 0], [0, 1], [0, 0]]), "fewer than three"),
        (polygon(SQUARE, FAR_HOLE), "hole lies outside shell"),
        (polygon([[0, 80], [90, 80], [180, 80], [-90, 80], [0, 80]]), "round a pole"),
        ({"type": "MultiPolygon", "coordinates": []}, "at least one polygon"),
        ({"type": "Point", "coordinates": [0, 0]}, "needs radius_m"),
        ({"type": "Point", "coordinates": [0, float("nan")]}, "radius_m"),
        (polygon([[0, 91], [1, 0], [1, 1], [0, 91]]), "off the globe"),
        (polygon([[10**400, 1], [1, 0], [1, 1], [10**400, 1]]), "beyond reason"),
        ({"type": "Polygon", "coordinates": "x"}, "must be a list"),
        ({"type": "LineString", "coordinates": SQUARE}, "must be a Polygon"),
        ({}, "must be a Polygon"),
    ],
)
def test_an_area_that_cannot_be_meant_is_named(geometry: object, said: str):
    """A fault of a zone is named by ring and edge, with its place in the document."""
    told = fault(order(zone(geometry)))

    assert said in told
    assert told.startswith("/conditions/0/geometry: ")
    assert "51.6" not in told


@pytest.mark.parametrize("radius_m", [0, -5, float("nan"), float("inf"), 9.99, 40_000_000, "300"])
def test_a_radius_is_a_sane_number_of_metres(radius_m: object):
    """A radius of nothing, of less, of more than a city, or no number at all is refused."""
    point = {"type": "Point", "coordinates": [-0.1, 51.6]}

    assert "/conditions/0/radius_m" in fault(order(zone(point, radius_m=radius_m)))


def test_a_circle_is_a_point_with_a_radius():
    """A point with a radius is a circle, with longitude first on the wire only."""
    point = {"type": "Point", "coordinates": [-0.1, 51.6]}
    read = order_from_document(order(zone(point, radius_m=300)), ids())

    condition = read.conditions[0]
    assert isinstance(condition, ExclusionZone)
    assert isinstance(condition.area, Circle)
    assert (51.6, -0.1) == (
        condition.area.centre.latitude_deg,
        condition.area.centre.longitude_deg,
    )


def test_too_many_corners_are_too_large():
    """A zone of more corners than the limit is refused before anything is made of it."""
    ring = [[i * 1e-5, 51.0] for i in range(10_001)]

    with pytest.raises(TooLargeError):
        order_from_document(order(zone(polygon(ring))), ids())


def test_a_clockwise_shell_is_turned():
    """Whichever way round a zone was drawn, it is kept the way RFC 7946 asks."""
    drawn = order_from_document(order(zone(polygon(SQUARE[::-1], HOLE))), ids())
    proper = order_from_document(order(zone(polygon(SQUARE, HOLE[::-1]))), ids())

    assert proper.conditions[0] == drawn.conditions[0]


def test_a_ring_over_the_antimeridian_means_the_small_area():
    """A ring that jumps from 179.9 to -179.9 is taken as it was drawn, and is no fault."""
    ring = [[179.9, 10.0], [-179.9, 10.0], [-179.9, 10.1], [179.9, 10.1], [179.9, 10.0]]

    read = order_from_document(order(zone(polygon(ring))), ids())

    condition = read.conditions[0]
    assert isinstance(condition, ExclusionZone)
    assert isinstance(condition.area, Polygon)
    assert 5 == len(condition.area.parts[0].shell)


@pytest.mark.parametrize(
    "more",
    [
        {"timezone": "Mars/X"},
        {"timezone": "../../etc/passwd"},
        {"valid_until": "2026-10-01T00:00:00Z"},
        {"valid_until": "2027-11-01T00:00:00"},
        {"valid_until": 1_900_000_000},
        {"type": "curse"},
        {"conditions": []},
        {"conditions": [{"type": "haunting"}]},
        {"show_trend": "yes"},
        {"conditions": [{"type": "proximity", "protected_id": "p", "alert_m": 9}]},
        {"conditions": [{"type": "proximity", "protected_id": "p", "alert_m": 50_001}]},
        {"conditions": [{"type": "proximity", "protected_id": "p", "alert_m": True}]},
        {
            "conditions": [
                {"type": "proximity", "protected_id": "p", "alert_m": 500, "warning_m": 500}
            ]
        },
        {
            "conditions": [
                {"type": "proximity", "protected_id": "p", "alert_m": 500, "contact_m": 500}
            ]
        },
    ],
)
def test_an_order_that_cannot_be_meant_is_refused(more: dict[str, Any]):
    """Rings are nested, windows are windows, instants have offsets, kinds are known."""
    assert fault(order(**more))


@pytest.mark.parametrize(
    "window",
    [
        {"days": ["mon"], "from": "22:00", "to": "22:00"},
        {"days": [], "from": "22:00", "to": "06:00"},
        {"days": ["mon"], "from": "24:00", "to": "06:00"},
        {"days": ["mon"], "from": "22:00"},
        {"days": ["moon"], "from": "22:00", "to": "06:00"},
    ],
)
def test_a_window_is_neither_always_nor_never(window: dict[str, Any]):
    """A window that begins when it ends, or on no day, is refused instead of guessed at."""
    assert "/conditions/0/schedule/0" in fault(order(zone(polygon(SQUARE), schedule=[window])))


def test_a_window_may_run_past_midnight():
    """22:00 to 06:00 is a night."""
    night = {"days": ["tue", "mon"], "from": "22:00", "to": "06:00"}
    read = order_from_document(order(zone(polygon(SQUARE), schedule=[night])), ids())

    document = order_document(read)["conditions"]
    assert isinstance(document, list)
    assert [{"days": ["mon", "tue"], "from": "22:00", "to": "06:00"}] == document[0]["schedule"]


def test_an_order_read_back_is_the_same_order():
    """What we answer with, sent back, means the same."""
    corridor = {
        "geometry": {"type": "LineString", "coordinates": SQUARE[:2]},
        "width_m": 60,
        "days": ["mon"],
        "from": "08:00",
        "to": "08:30",
    }
    full = order(
        {"type": "proximity", "protected_id": "p", "alert_m": 500},
        zone(polygon(SQUARE, HOLE[::-1]), corridors=[corridor], protected_id="p", disclosed=True),
        {"type": "inclusion_zone", "geometry": polygon(SQUARE), "name": "Curfew"},
    )
    read = order_from_document(full, ids())

    assert read == order_from_document(order_document(read), ids())


def test_a_new_order_must_not_have_ended():
    """An order whose end lies in the past is refused when it is made; a file may replay one."""
    read = order_from_document(order(), ids())

    with pytest.raises(DocumentError):
        refuse_past(read, datetime(2028, 1, 1, tzinfo=UTC))


def test_people_and_devices_of_a_file():
    """A file's person needs no name; its device may be the handset of her own page."""
    person = person_from_document({"id": "p", "role": "protected"}, ids())
    device = device_from_document(
        {"id": "d", "kind": "handset", "protocol": "app", "person_id": "p"}, ids()
    )

    assert ("p", "", "en") == (person.person_id, person.name, person.language)
    assert ("d", 60.0) == (device.device_id, device.interval.total_seconds())


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["Polygon", "Point", "proximity", "exclusion_zone", "coordinates"]),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(
            st.sampled_from(
                ["type", "coordinates", "geometry", "conditions", "schedule", "radius_m", "x"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(geometry=st.dictionaries(st.sampled_from(["type", "coordinates"]), json_values))
def test_no_geometry_surprises_us(geometry: dict[str, Any]):
    """Whatever a geometry says, it is read or refused in words: nothing else ever happens."""
    with suppress(DocumentError):
        order_from_document(order(zone(geometry)), ids())


@given(document=json_values)
def test_no_document_surprises_us(document: object):
    """Whatever a document says, it is read or refused in words: nothing else ever happens."""
    for reader in (order_from_document, person_from_document, device_from_document):
        with suppress(DocumentError):
            reader(document, ids())
