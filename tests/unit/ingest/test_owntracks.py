"""OwnTracks messages, as their apps write them."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.order import Protocol
from domain.reading import Fix, FixState, Presence, Quarantined, Reason, Rejection
from ingest.outcome import Outcome
from ingest.register import Register
from tests.unit.ingest.builders import PHONE, Ingest, a_device, a_message

SCHEMA_TESTS = Path(__file__).parents[2] / "data" / "owntracks"
TOPIC = f"owntracks/{PHONE.device_id}/pixel"


def _decoded(payload: bytes, received_at: datetime, topic: str = TOPIC) -> list[Outcome]:
    return Ingest().outcomes(a_message(payload, topic, received_at))


def _schema_test(name: str) -> bytes:
    return (SCHEMA_TESTS / name).read_bytes()


def test_a_location_is_a_fix_in_our_units() -> None:
    """A real message of the iOS app gives its place, radius, charge and instant."""
    received_at = datetime.fromtimestamp(1701258670, UTC)
    (fix,) = _decoded(_schema_test("location-sk.json"), received_at)

    assert isinstance(fix, Fix)
    assert (71.215592, 3.767957) == (fix.position.latitude_deg, fix.position.longitude_deg)
    assert (35.0, 40.0, 80) == (fix.accuracy_m, fix.altitude_m, fix.battery_percent)
    assert datetime.fromtimestamp(1701258666, UTC) == fix.fixed_at
    assert FixState.ACCEPTED is fix.state


def test_speed_arrives_in_metres_per_second() -> None:
    """`vel` is km/h."""
    body = {"_type": "location", "lat": 48.85833, "lon": 2.29513, "tst": 1497349316, "vel": 36}
    received_at = datetime.fromtimestamp(1497349317, UTC)
    (fix,) = _decoded(json.dumps(body).encode(), received_at)

    assert isinstance(fix, Fix)
    assert fix.speed_mps is not None
    assert abs(fix.speed_mps - 10.0) < 1e-9


def test_a_tracker_that_knows_no_accuracy_is_unsure_not_perfect() -> None:
    """`acc` -1, as a real hardware tracker sends it, is an unknown radius."""
    (fix,) = _decoded(_schema_test("l2.json"), datetime.fromtimestamp(1698947580, UTC))

    assert isinstance(fix, Fix)
    assert fix.accuracy_m is None


def test_a_last_will_says_the_phone_is_gone() -> None:
    """The app's last will is a presence, with or without its instant."""
    (gone,) = _decoded(_schema_test("lwt-notst.json"), datetime(2026, 1, 1, tzinfo=UTC))

    assert isinstance(gone, Presence)
    assert gone.online is False


@pytest.mark.parametrize("name", ["e.json", "e-nobase64.json"])
def test_what_is_encrypted_is_set_aside(name: str) -> None:
    """Without the key nobody can say what it said; the bytes are kept."""
    (outcome,) = _decoded(_schema_test(name), datetime(2026, 1, 1, tzinfo=UTC))

    assert isinstance(outcome, Quarantined)
    assert Reason.ENCRYPTED is outcome.reason


@pytest.mark.parametrize(
    ("name", "reason", "field"),
    [
        ("location-lat-missing.json", Reason.MISSING_FIELD, "lat"),
        ("object-empty.json", Reason.MISSING_FIELD, "_type"),
        ("card-vw.json", Reason.UNSUPPORTED_TYPE, "_type"),
        ("status.json", Reason.UNSUPPORTED_TYPE, "_type"),
        ("steps-nohave.json", Reason.UNSUPPORTED_TYPE, "_type"),
        ("transition.json", Reason.UNSUPPORTED_TYPE, "_type"),
        ("waypoint-circular.json", Reason.UNSUPPORTED_TYPE, "_type"),
        ("cmd-setWaypoints.json", Reason.UNSUPPORTED_TYPE, "_type"),
        ("tours-request.json", Reason.UNSUPPORTED_TYPE, "_type"),
    ],
)
def test_what_is_no_location_is_kept_and_decides_nothing(
    name: str, reason: Reason, field: str
) -> None:
    """Messages about the app itself, and broken ones, are rejections with a reason."""
    (outcome,) = _decoded(_schema_test(name), datetime(2026, 1, 1, tzinfo=UTC))

    assert isinstance(outcome, Rejection)
    assert (reason, field) == (outcome.reason, outcome.field)


@pytest.mark.parametrize("path", sorted(SCHEMA_TESTS.glob("*.json")), ids=lambda path: path.name)
def test_every_message_of_the_schema_tests_has_an_outcome(path: Path) -> None:
    """None of the published test messages, valid or not, is lost or breaks the decoder."""
    outcomes = _decoded(path.read_bytes(), datetime(2026, 1, 1, tzinfo=UTC))

    assert path.name == "array-empty.json" or 1 == len(outcomes)
    assert [] == [
        outcome
        for outcome in outcomes
        if isinstance(outcome, Quarantined) and outcome.reason is Reason.DECODER_FAILED
    ]


def test_a_sender_is_known_by_its_id_first_and_by_its_external_name_second() -> None:
    """`owntracks/{id}/…` names the device; "user/device" maps any other topic."""
    received_at = datetime.fromtimestamp(1701258670, UTC)
    mapped = _decoded(_schema_test("location-sk.json"), received_at, "owntracks/alice/pixel")
    event = _decoded(_schema_test("location-sk.json"), received_at, f"{TOPIC}/event")
    unknown = _decoded(_schema_test("location-sk.json"), received_at, "owntracks/bob/pixel")

    assert [PHONE.device_id] == [fix.device_id for fix in mapped if isinstance(fix, Fix)]
    assert [PHONE.device_id] == [fix.device_id for fix in event if isinstance(fix, Fix)]
    assert [Reason.UNKNOWN_DEVICE] == [
        item.reason for item in unknown if isinstance(item, Quarantined)
    ]


def test_a_device_speaks_the_protocol_it_was_registered_with() -> None:
    """A tag of ours that writes where OwnTracks writes is set aside."""
    ingest = Ingest(Register([a_device("phone-1", Protocol.KEEPCLEAR)]))
    (outcome,) = ingest.outcomes(a_message(_schema_test("location-sk.json"), TOPIC))

    assert isinstance(outcome, Quarantined)
    assert Reason.WRONG_TOPIC_FOR_DEVICE is outcome.reason


def test_commands_on_their_way_down_are_not_reports() -> None:
    """What the server tells a phone comes back on its own subscription, and is nothing."""
    ingest = Ingest()
    admitted = ingest.admit(a_message(b'{"_type": "cmd"}', f"{TOPIC}/cmd"))

    assert ((), False) == (admitted.outcomes, admitted.kept)


def test_the_same_location_twice_is_one_fix() -> None:
    """An app without numbers is known by its instant and body."""
    ingest = Ingest()
    received_at = datetime.fromtimestamp(1701258670, UTC)
    message = a_message(_schema_test("location-sk.json"), TOPIC, received_at)
    again = a_message(_schema_test("location-sk.json"), TOPIC, received_at + timedelta(seconds=5))

    assert 1 == len(ingest.outcomes(message, again))
