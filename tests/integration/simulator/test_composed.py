"""Simulated devices against the real program: a tag, an ordinary phone, one command, one status."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from simulator.runner import orders_path
from tests.system.program import Program

pytestmark = pytest.mark.integration


@pytest.fixture
async def program(tmp_path: Path) -> AsyncIterator[Program]:
    """Run `keepclear serve` on its own record."""
    running = Program(data_dir=tmp_path / "var")
    try:
        yield await running.start()
    finally:
        running.stop()


async def test_a_scenario_passes_on_the_real_program(program: Program, tmp_path: Path) -> None:
    """`sim run` succeeds, and the capture it writes is decided the same way by `replay`."""
    capture = tmp_path / "cut.jsonl"
    said = program.run("sim", "run", "strap_cut", "--speed", "30", "--capture", str(capture))
    rows = [
        json.loads(line)
        for line in program.run(
            "replay", str(capture), "--orders", str(orders_path(capture))
        ).splitlines()
    ]

    assert "Scenario passed: Strap cut, seed 7, speed 30." in said
    assert ("tamper", "P1") in {(row["kind"], row["priority"]) for row in rows}


async def test_ordinary_phones_pass_on_the_real_program(program: Program) -> None:
    """Two OwnTracks phones over the broker alarm officers and her own screen."""
    said = program.run("sim", "run", "two_owntracks_phones", "--speed", "30")

    assert "✓ Her screen says that he is close." in said
    assert "Scenario passed: Two OwnTracks phones, seed 7, speed 30." in said
