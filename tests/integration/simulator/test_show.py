"""Simulated devices on a real broker: they log in, speak, hear, vanish and come back."""

import asyncio
import json
import socket
from collections.abc import Callable

import pytest

from runtime.clock import monotonic
from simulator.mqtt import Broker, Login
from simulator.scenario import named
from simulator.show import Show, ShowError
from tests.integration.simulator.subscriber import Subscriber

pytestmark = pytest.mark.integration

TAG = Login(identity="tag-7", username="tag-7", password="secret")
PHONE = Login(identity="phone-7", username="phone-7", password="secret")
CAST = {"tag": TAG, "phone": PHONE}


async def played(show: Show, until: Callable[[float], bool], *, within_s: float = 30.0) -> None:
    """Give turns until something is true of the story's second."""
    deadline = monotonic() + within_s
    while not until(show.turn()):
        assert monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.02)


async def test_a_tag_greets_reports_and_forgets_what_is_committed(broker: Broker) -> None:
    """Presence comes first, then fixes; an acknowledgement from the server empties the store."""
    server = Subscriber(broker)
    show = Show(named("stays_away"), CAST, broker, seed=7, speed=100.0)
    try:
        await show.begin()
        await played(show, lambda story_s: story_s > 150.0 and show.held == 0)
    finally:
        await show.end()
        server.close()

    assert server.topics().index("kc/v1/tag-7/online") < server.topics().index("kc/v1/tag-7/fix")
    assert server.topics().count("kc/v1/tag-7/fix") >= 7
    assert server.topics().count("kc/v1/phone-7/fix") >= 3
    assert len(show.lines) >= 10


async def test_without_acknowledgement_nothing_is_forgotten(broker: Broker) -> None:
    """The broker's own receipt is not enough for a tag."""
    server = Subscriber(broker, acknowledges=False)
    show = Show(named("stays_away"), CAST, broker, seed=7, speed=30.0)
    try:
        await show.begin()
        await played(show, lambda story_s: story_s > 100.0)
        held = show.held
    finally:
        await show.end()
        server.close()

    fixes = sum(topic.endswith("/fix") for topic in server.topics())
    assert held == fixes > 0


async def test_a_lost_network_is_silence_and_then_everything(broker: Broker) -> None:
    """While the radio is gone nothing comes; afterwards the stored fixes come in one array."""
    server = Subscriber(broker)
    show = Show(named("loses_signal_near_her"), CAST, broker, seed=7, speed=60.0)
    try:
        await show.begin()
        await played(show, lambda story_s: story_s > 150.0)
        before = server.topics().count("kc/v1/tag-7/fix")
        await played(show, lambda story_s: story_s > 290.0)
        during = server.topics().count("kc/v1/tag-7/fix")
        await played(show, lambda story_s: story_s > 330.0 and show.held == 0)
    finally:
        await show.end()
        server.close()

    arrays = [json.loads(payload) for _, payload in server.heard if payload.startswith(b"[")]
    numbers = [one["seq"] for array in arrays for one in array]
    assert before == during
    assert len(numbers) >= 8
    assert numbers == sorted(set(numbers))


async def test_an_owntracks_phone_is_content_with_the_brokers_receipt(broker: Broker) -> None:
    """Its messages reach its own topic and leave its queue with the PUBACK."""
    server = Subscriber(broker)
    login = Login(identity="his-1", username="his-1", password="x", topic="owntracks/his-1/phone")
    other = Login(identity="her-1", username="her-1", password="x")
    cast = {"his_phone": login, "her_phone": other}
    show = Show(named("two_owntracks_phones"), cast, broker, seed=7, speed=30.0)
    try:
        await show.begin()
        await played(show, lambda story_s: story_s > 90.0 and show.held == 0)
    finally:
        await show.end()
        server.close()

    assert {"owntracks/his-1/phone", "owntracks/her-1/phone"} <= set(server.topics())


async def test_a_broker_that_is_not_there_is_said() -> None:
    """Whoever starts a scenario without a broker is told so."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    show = Show(named("strap_cut"), CAST, Broker(host="127.0.0.1", port=port), seed=7)
    try:
        with pytest.raises(ShowError, match="did not answer"):
            await show.begin(within_s=1.0)
    finally:
        await show.end()
