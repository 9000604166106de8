"""The tag's half of the protocol: numbered, stored, batched, resent, forgotten when committed."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from domain.position import Position
from simulator.device import BATCH_BYTES_MOST, Cadence, Measurement, Message, Tag

NOW = datetime(2026, 11, 22, 14, 2, 7, 120_000, tzinfo=UTC)
MEASURED = Measurement(
    position=Position(latitude_deg=51.61712, longitude_deg=-0.10791),
    claim_m=8.5,
    speed_mps=1.3,
    course_deg=210.2,
)


def a_tag(count: int = 0, **options: Any) -> Tag:
    """Return a tag that has stored `count` fixes a second apart."""
    tag = Tag("tag-7", **options)
    for index in range(count):
        tag.measured(NOW + timedelta(seconds=index), MEASURED, 71)
    return tag


def acknowledge(tag: Tag, seq: int, *ranges: tuple[int, int], boot: int = 1) -> None:
    """Let the server say what it has committed."""
    body = {"boot": boot, "seq": seq, "ranges": ranges}
    tag.arrived("kc/v1/tag-7/ack", json.dumps(body).encode())


def numbers(messages: list[Message]) -> list[int]:
    """Return the sequence numbers inside messages, in order."""
    numbered: list[int] = []
    for message in messages:
        array = message.payload.startswith(b"[")
        body = json.loads(message.payload if array else b"[" + message.payload + b"]")
        numbered.extend(one["seq"] for one in cast("list[dict[str, int]]", body))
    return numbered


def test_a_fix_is_what_the_interface_says() -> None:
    """One fix is one object with the names and units of the native protocol."""
    [message] = a_tag(1, boot=3, first_seq=1841).due(NOW)

    assert message.topic == "kc/v1/tag-7/fix"
    assert json.loads(message.payload) == {
        "boot": 3,
        "seq": 1841,
        "t": "2026-11-22T14:02:07.120Z",
        "lat": 51.61712,
        "lon": -0.10791,
        "acc": 8.5,
        "spd": 1.3,
        "cog": 210,
        "src": "gnss",
        "batt": 71,
    }


def test_an_event_shares_the_counter_and_goes_alone() -> None:
    """An event is numbered with the fixes and never inside their array."""
    tag = a_tag(2)
    tag.happened(NOW, "strap_tamper", None)
    tag.measured(NOW, MEASURED, 71)
    messages = tag.due(NOW)

    assert ["fix", "event", "fix"] == [one.topic.rpartition("/")[2] for one in messages]
    assert [1, 2, 3, 4] == numbers(messages)
    assert json.loads(messages[1].payload)["type"] == "strap_tamper"


def test_what_is_sent_is_not_sent_again_at_once() -> None:
    """A message waits for its acknowledgement before it is sent again."""
    tag = a_tag(1)
    tag.due(NOW)

    assert [] == tag.due(NOW + timedelta(seconds=29))
    assert [1] == numbers(tag.due(NOW + timedelta(seconds=30)))


def test_a_reconnection_sends_all_that_is_held_with_the_same_bytes() -> None:
    """After a lost connection everything not acknowledged is sent again, unchanged."""
    tag = a_tag(1)
    first = tag.due(NOW)
    tag.connected()

    assert first == tag.due(NOW)


def test_an_acknowledgement_frees_all_below_it_and_its_islands() -> None:
    """Up to `seq` and in `ranges`, both ends included, is committed; the gaps are kept."""
    tag = a_tag(10)
    acknowledge(tag, 3, (5, 6), (9, 9))
    tag.connected()

    assert [4, 7, 8, 10] == numbers(tag.due(NOW))


def test_another_boots_acknowledgement_frees_nothing() -> None:
    """Each boot is acknowledged on its own, before and after."""
    tag = a_tag(2)
    tag.reboot()
    tag.measured(NOW, MEASURED, 71)
    acknowledge(tag, 5, boot=2)

    assert [(1, 1), (1, 2)] == tag.held_identities()
    acknowledge(tag, 2, boot=1)
    assert tag.held == 0


def test_the_brokers_receipt_frees_nothing() -> None:
    """Only the server's own acknowledgement lets a tag forget."""
    tag = a_tag(1)
    for message in tag.due(NOW):
        tag.published(message)

    assert tag.held == 1


def test_a_long_absence_goes_out_in_bounded_arrays() -> None:
    """No array has more than 500 fixes or 64 KiB, and none is lost or doubled."""
    messages = a_tag(1_201).due(NOW)

    assert list(range(1, 1_202)) == numbers(messages)
    assert all(len(message.payload) <= BATCH_BYTES_MOST for message in messages)
    assert all(len(numbers([message])) <= 500 for message in messages)


def test_a_full_store_drops_its_oldest_fix_and_says_so() -> None:
    """A full store keeps events, gives up its oldest fix, and later fixes carry `oldest`."""
    tag = Tag("tag-7", store_most=2)
    tag.happened(NOW, "sos", None)
    tag.measured(NOW, MEASURED, 71)
    tag.measured(NOW, MEASURED, 71)
    messages = tag.due(NOW)

    assert [1, 3] == numbers(messages)
    assert json.loads(messages[1].payload)["oldest"] == 1


def test_a_command_is_answered() -> None:
    """A tag says that it has taken a command, by its id."""
    [answer] = a_tag().arrived("kc/v1/tag-7/cmd", b'{"id": "c-1", "type": "locate"}')

    assert answer == Message(topic="kc/v1/tag-7/cmd/ack", payload=b'{"id":"c-1","ok":true}')


def test_presence_is_retained() -> None:
    """Birth and will say 1 and 0 on a retained topic."""
    tag = a_tag()

    assert [Message(topic="kc/v1/tag-7/online", payload=b"1", retain=True)] == tag.greeting(NOW)
    assert tag.will(NOW) == Message(topic="kc/v1/tag-7/online", payload=b"0", retain=True)


@pytest.mark.parametrize(
    ("since_s", "moving", "expected"),
    [(14.0, True, False), (15.0, True, True), (59.0, False, False), (60.0, False, True)],
)
def test_a_tag_measures_often_while_moving(*, since_s: float, moving: bool, expected: bool) -> None:
    """Every 15 s while moving, every 60 s while still, and at once when switched on."""
    assert expected == Cadence().due(last_s=0.0, story_s=since_s, moving=moving)
    assert Cadence().due(last_s=None, story_s=0.0, moving=moving)
