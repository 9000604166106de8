"""Her page's positions: each has an id, and none is forgotten before it is answered."""

import json
from datetime import UTC, datetime

from domain.position import Position
from simulator.app_phone import AppPhone
from simulator.device import Measurement
from simulator.packaged import palmers_green
from simulator.scenario import named
from simulator.stage import screen_of, tracks_of

NOW = datetime(2026, 11, 22, 14, 2, 7, tzinfo=UTC)
MEASURED = Measurement(
    position=Position(latitude_deg=51.61712, longitude_deg=-0.10791),
    claim_m=8.5,
    speed_mps=0.0,
    course_deg=0.0,
)


def test_a_position_is_sent_until_it_is_answered() -> None:
    """A call that failed is made again with the same id and body."""
    phone = AppPhone()
    phone.measured(NOW, MEASURED, 50)
    [first] = phone.due(NOW)
    phone.connected()
    [again] = phone.due(NOW)
    phone.published(again)

    assert first == again
    assert phone.held == 0
    assert json.loads(first.payload) == {
        "id": "position-1",
        "at": "2026-11-22T14:02:07.000Z",
        "lat": 51.61712,
        "lon": -0.10791,
        "acc": 8.5,
    }


def test_only_a_story_with_a_protected_person_has_her_screen() -> None:
    """A zone of nobody's has no phone to show it."""
    zone, pair = named("forbidden_zone"), named("strap_cut")

    assert screen_of(zone, tracks_of(zone, palmers_green(), 1), seed=1) is None
    assert screen_of(pair, tracks_of(pair, palmers_green(), 1), seed=1) is not None
