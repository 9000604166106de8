"""A capture is what devices published, in order of arrival, and the cast beside it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from simulator.capture import capture_of, line_of
from simulator.device import Message
from simulator.scenario import catalogue, named

START_AT = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)


def lines_of(name: str, seed: int = 7) -> list[dict[str, Any]]:
    """Return the lines of a scenario's capture, read."""
    _, lines = capture_of(named(name), seed, START_AT)
    return [json.loads(line) for line in lines]


def instant(text: str) -> datetime:
    """Read an instant of the wire."""
    return datetime.fromisoformat(text)


@pytest.mark.parametrize("name", list(catalogue()))
def test_lines_are_in_order_of_arrival(name: str) -> None:
    """No line is received before the one above it, and each has the three fields."""
    lines = lines_of(name)

    assert len(lines) > 10
    assert all(line.keys() == {"received_at", "topic", "payload"} for line in lines)
    received = [instant(line["received_at"]) for line in lines]
    assert received == sorted(received)


def test_a_fix_is_received_after_it_was_measured() -> None:
    """Every fix arrives a little later than its own time, never before it."""
    for line in lines_of("approach_on_foot"):
        if line["topic"].endswith("/fix"):
            late = instant(line["received_at"]) - instant(line["payload"]["t"])
            assert timedelta(0) < late < timedelta(seconds=6)


def test_a_tag_reports_every_15_seconds_while_walking() -> None:
    """The first minute of an approach has four fixes of the tag and one of her phone."""
    early = [
        line["topic"]
        for line in lines_of("approach_on_foot")
        if instant(line["received_at"]) < START_AT + timedelta(seconds=59)
    ]

    assert early.count("kc/v1/tag/fix") == 4
    assert early.count("kc/v1/phone/fix") == 1


def test_a_lost_network_is_silence_then_an_array() -> None:
    """Nothing of the tag arrives in the gap but its will; what it stored comes in one array."""
    gone = START_AT + timedelta(seconds=120), START_AT + timedelta(seconds=300)
    lines = [
        line for line in lines_of("loses_signal_near_her") if line["topic"].startswith("kc/v1/tag/")
    ]
    inside = [
        line
        for line in lines
        if gone[0] + timedelta(seconds=6) <= instant(line["received_at"]) < gone[1]
    ]
    after = next(line for line in lines if isinstance(line["payload"], list))

    assert [("kc/v1/tag/online", 0)] == [(line["topic"], line["payload"]) for line in inside]
    assert instant(after["received_at"]) >= gone[1]
    assert len(after["payload"]) >= 9


def test_a_cut_strap_is_an_event_at_its_second() -> None:
    """The event carries the instant at which the strap was cut."""
    [event] = [line for line in lines_of("strap_cut") if line["topic"].endswith("/event")]

    assert event["payload"]["type"] == "strap_tamper"
    assert instant(event["payload"]["t"]) == START_AT + timedelta(seconds=100)


def test_two_phones_speak_only_owntracks() -> None:
    """Their topics are those of their user names, and no native message is among them."""
    assert {line["topic"] for line in lines_of("two_owntracks_phones")} == {
        "owntracks/his_phone/phone",
        "owntracks/her_phone/phone",
    }


def test_the_orders_name_everything_the_capture_speaks_of() -> None:
    """People, devices and conditions have ids, and the references between them hold."""
    orders, _ = capture_of(named("approach_on_foot"), 7, START_AT)
    people = {person["id"] for person in orders["people"]}
    [order] = orders["orders"]

    assert people == {"wearer", "protected"}
    assert {device["person_id"] for device in orders["devices"]} == people
    assert order["wearer_id"] == "wearer"
    assert order["conditions"] == [
        {
            "id": "condition-1",
            "type": "proximity",
            "protected_id": "protected",
            "alert_m": 500.0,
            "warning_m": 1_000.0,
        }
    ]
    assert instant(order["valid_from"]) < START_AT < instant(order["valid_until"])


def test_a_zone_is_written_longitude_first() -> None:
    """The circle of a forbidden zone is a GeoJSON point with a radius."""
    orders, _ = capture_of(named("forbidden_zone"), 7, START_AT)

    assert orders["orders"][0]["conditions"] == [
        {
            "id": "condition-1",
            "type": "exclusion_zone",
            "name": "School",
            "geometry": {"type": "Point", "coordinates": [-0.1226, 51.6095]},
            "radius_m": 200.0,
        }
    ]


def test_what_is_no_json_is_a_string() -> None:
    """A payload that cannot be read is kept as text."""
    line = json.loads(line_of(START_AT, Message(topic="t", payload=b"\xffno json")))

    assert line == {
        "received_at": "2026-11-22T14:00:00.000Z",
        "topic": "t",
        "payload": "\ufffdno json",
    }
