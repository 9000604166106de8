"""The OwnTracks phone speaks as the app does and keeps what the broker has not taken."""

import json
from datetime import UTC, datetime

from domain.position import Position
from simulator.device import Measurement
from simulator.owntracks import OwnTracksPhone

NOW = datetime(2026, 11, 22, 14, 2, 7, 620_000, tzinfo=UTC)
MEASURED = Measurement(
    position=Position(latitude_deg=51.61712, longitude_deg=-0.10791),
    claim_m=8.5,
    speed_mps=10.0,
    course_deg=359.7,
)


def a_phone() -> OwnTracksPhone:
    """Return a phone with one location waiting."""
    phone = OwnTracksPhone("owntracks/her/phone", tracker_id="hp")
    phone.measured(NOW, MEASURED, 64)
    return phone


def test_a_location_has_the_apps_fields_and_units() -> None:
    """Whole seconds, whole metres, km/h, and a course below 360."""
    [message] = a_phone().due(NOW)
    body = json.loads(message.payload)

    assert message.topic == "owntracks/her/phone"
    assert body["_type"] == "location"
    assert (body["tst"], body["acc"], body["vel"], body["cog"]) == (1_795_356_127, 8, 36, 0)
    assert (body["lat"], body["lon"], body["batt"]) == (51.61712, -0.10791, 64)


def test_it_keeps_a_message_until_the_broker_has_it() -> None:
    """Without a receipt a message is sent again on the next connection; with one it is gone."""
    phone = a_phone()
    first = phone.due(NOW)
    phone.connected()
    again = phone.due(NOW)
    phone.published(again[0])

    assert first == again
    assert phone.held == 0


def test_its_will_tells_when_it_connected() -> None:
    """The last will is an `lwt` with the instant of the connection."""
    body = json.loads(a_phone().will(NOW).payload)

    assert body == {"_type": "lwt", "tst": 1_795_356_127}
    assert [] == a_phone().greeting(NOW)
