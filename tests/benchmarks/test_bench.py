"""The benchmark itself, small: it measures a program of its own and leaves nothing behind."""

import json
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.requires import mosquitto_or_skip

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(240)]


@pytest.mark.parametrize("broker", ["mosquitto", "amqtt"])
def test_a_small_load_is_carried(broker: str, tmp_path: Path):
    """Twenty devices at ten fixes a second: all committed, all shown, every process ended."""
    if broker == "mosquitto":
        mosquitto_or_skip()
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    out = tmp_path / "figures.json"

    subprocess.run(
        [
            *(sys.executable, "-m", "keepclear", "bench", "--broker", broker, "--rate", "10"),
            *("--devices", "20", "--seconds", "8", "--json", str(out)),
        ],
        cwd=ROOT,
        timeout=200.0,
        check=True,
    )

    measured = json.loads(out.read_bytes())["measured"][0]
    assert (0, 0, 0) == (measured["backlog"], measured["disconnects"], measured["reconnects"])
    assert (0, 0) == (measured["to_console"]["missing"], measured["to_committed"]["missing"])
    assert 0.0 < measured["to_console"]["p50"] < 1.0
    assert measured["to_console"]["count"] > 30
    after = {child.pid for child in psutil.Process().children(recursive=True)}
    assert before == after
