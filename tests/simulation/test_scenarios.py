"""Every packaged scenario, decided by the real engine, ends as the scenario says it must."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from keepclear.replay import replay
from simulator.capture import capture_of
from simulator.expectations import unmet
from simulator.scenario import catalogue, named

START = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)


def decided(name: str, seed: int, folder: Path) -> list[dict[str, Any]]:
    """Return what the engine decides of a scenario played with `seed`."""
    orders, lines = capture_of(named(name), seed, START)
    capture, document = folder / "capture.jsonl", folder / "orders.json"
    capture.write_bytes(b"".join(line + b"\n" for line in lines))
    document.write_bytes(msgspec.json.encode(orders))
    return [msgspec.json.decode(row) for row in replay(capture, document)]


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_a_scenario_ends_as_it_says(name: str, seed: int, tmp_path: Path):
    """Whatever the seed draws of paces, errors and delays, the stated ending comes true."""
    for drawn in (7, seed):
        rows = decided(name, drawn, tmp_path)

        failed = unmet(named(name), rows, seed=drawn, start_at=START)

        assert [] == failed, f"seed {drawn}"


def test_an_ending_that_does_not_come_is_noticed(tmp_path: Path):
    """The judge of endings does not pass a record in which nothing was decided."""
    del tmp_path
    silent = [name for name in catalogue() if not unmet(named(name), [], seed=7, start_at=START)]

    assert ["stays_away"] == silent
