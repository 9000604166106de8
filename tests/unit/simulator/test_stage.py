"""Devices on stage suffer their faults: no satellites, doubled messages, a jump, no broker."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from domain.position import Position
from simulator.capture import committed
from simulator.device import Message
from simulator.earth import metres_between
from simulator.faults import Fault, FaultKind
from simulator.packaged import palmers_green
from simulator.scenario import named
from simulator.stage import Performer, performers_of, tracks_of
from simulator.story import StoryClock

CLOCK = StoryClock(start_at=datetime(2026, 11, 22, 14, 0, tzinfo=UTC))


def a_tag(*faults: Fault) -> Performer:
    """Return the standing tag of the cut strap, with other faults."""
    scenario = msgspec.structs.replace(named("strap_cut"), faults=faults)
    tracks = tracks_of(scenario, palmers_green(), 7)
    performers = performers_of(
        scenario, tracks, seed=7, identities={"tag": "tag", "phone": "phone"}, topics={}
    )
    return performers["tag"]


def fault(kind: FaultKind, **figures: Any) -> Fault:
    """Return a fault of the tag in its first two minutes."""
    return Fault(kind=kind, device="tag", from_s=0.0, until_s=120.0, **figures)


def published(tag: Performer, *, connected: bool = True) -> list[Message]:
    """Return what the tag publishes in its first two minutes, each committed at once."""
    messages: list[Message] = []
    for second in range(121):
        sent = tag.advance(float(second), CLOCK, connected=connected)
        for message in sent:
            for topic, payload in committed(message):
                tag.unit.arrived(topic, payload)
        messages.extend(sent)
    return messages


def test_without_satellites_there_are_events_and_no_fixes() -> None:
    """The tag says that it lost its fix and that it has one again, and reports none between."""
    bodies = [
        json.loads(message.payload) for message in published(a_tag(fault(FaultKind.LOSE_GPS)))
    ]

    assert [body.get("type", "fix") for body in bodies] == ["gnss_lost", "gnss_restored", "fix"]


def test_duplicates_are_the_same_bytes_twice() -> None:
    """Every message is sent twice, unchanged, while the fault lasts."""
    messages = published(a_tag(fault(FaultKind.DUPLICATES)))

    assert messages[0] == messages[1]
    assert messages[2] == messages[3]
    assert len(messages) == 5


def test_a_jump_shows_in_what_is_reported() -> None:
    """The first fix after a jump is two kilometres from the last one before it."""
    told = [
        Position(latitude_deg=body["lat"], longitude_deg=body["lon"])
        for message in published(a_tag(fault(FaultKind.JUMP, east_m=2_000.0)))
        for body in [json.loads(message.payload)]
    ]

    assert metres_between(told[1], told[2]) == pytest.approx(2_000.0, abs=300.0)


def test_without_a_broker_everything_is_kept() -> None:
    """A tag that cannot connect measures on, and sends all of it in order when it can."""
    tag = a_tag()
    silent = published(tag, connected=False)
    [array] = tag.advance(121.0, CLOCK)

    assert [] == silent
    assert [1, 2, 3] == [one["seq"] for one in json.loads(array.payload)]
