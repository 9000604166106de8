"""The runner needs nothing but the published interface, and its exit status is the truth."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from simulator.client import DoorError
from simulator.mqtt import Broker
from simulator.runner import orders_path, run, write_capture
from simulator.scenario import Scenario, named
from tests.integration.simulator.stand_in import StandIn, served
from tests.integration.simulator.subscriber import Subscriber

pytestmark = pytest.mark.integration


def a_cut_strap() -> Scenario:
    """Return the story of the cut strap, with little patience."""
    scenario = named("strap_cut")
    expect = tuple(
        msgspec.structs.replace(one, between_s=(0.0, 5.0)) if one.kind == "tamper" else one
        for one in scenario.expect
    )
    return msgspec.structs.replace(scenario, expect=expect)


async def judged(
    broker: Broker, *, deaf: bool, capture: Path | None = None, token: str | None = None
) -> tuple[int, list[str], StandIn]:
    """Run the cut strap thirty times as fast against a stand-in."""
    said: list[str] = []
    subscriber = Subscriber(broker)
    stand_in = StandIn(subscriber, deaf=deaf)
    try:
        with served(stand_in.app) as url:
            exit_code = await run(
                a_cut_strap(),
                http_url=url,
                token=token or "good",
                broker_host=broker.host,
                broker_port=broker.port,
                speed=30.0,
                seed=7,
                capture_path=capture,
                echo=said.append,
            )
    finally:
        await asyncio.to_thread(subscriber.close)
    return exit_code, said, stand_in


async def test_an_ending_as_promised_is_success(broker: Broker, tmp_path: Path) -> None:
    """When officers are paged as the scenario says, the status is 0 and a tick stands there."""
    capture = tmp_path / "cut.jsonl"
    exit_code, said, stand_in = await judged(broker, deaf=False, capture=capture)

    assert exit_code == 0
    assert any(line.startswith("✓ Officers are paged when the strap is cut") for line in said)
    assert said[-1] == "Scenario passed: Strap cut, seed 7, speed 30."
    assert {"type": "received", "alert_id": "alert-1"} in stand_in.answers
    assert stand_in.calls[-1][0].startswith("PATCH orders/")
    positions = [body["id"] for path, body in stand_in.calls if path == "victim/position"]
    assert len(positions) >= 3
    assert len(positions) == len(set(positions))
    lines = [json.loads(line) for line in capture.read_text().splitlines()]
    orders = json.loads(orders_path(capture).read_text())
    ids = {device["id"] for device in orders["devices"]}
    assert {line["topic"].split("/")[2] for line in lines} == ids
    assert any(line["payload"] == 1 for line in lines)


async def test_an_ending_that_does_not_come_is_a_failure(broker: Broker) -> None:
    """When nobody is paged, the status is 1 and the last line says what was expected."""
    exit_code, said, _ = await judged(broker, deaf=True)

    assert exit_code == 1
    assert said[-1].startswith(
        "Scenario failed: expected P1 tamper within 5 s of cutting the strap, got none after 5 s"
    )


async def test_a_refused_token_is_said(broker: Broker) -> None:
    """Whoever has no right to register a cast is told so, without a trace of the token."""
    with pytest.raises(DoorError, match="POST /people was refused: 401"):
        await judged(broker, deaf=False, token="bad")


def test_a_capture_needs_no_network(tmp_path: Path) -> None:
    """Offline, a capture and its orders are written at once."""
    path = tmp_path / "approach.jsonl"
    count = write_capture(
        "approach_on_foot", seed=7, start_at=datetime(2026, 11, 22, 14, 0, tzinfo=UTC), path=path
    )

    assert count == len(path.read_text().splitlines()) > 90
    assert json.loads(orders_path(path).read_text())["orders"][0]["id"] == "order-1"
