"""A mosquitto of its own for each test of simulated devices."""

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.clock import monotonic
from simulator.mqtt import Broker
from tests.requires import mosquitto_or_skip


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """Run a mosquitto that lets everybody in."""
    program = mosquitto_or_skip()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    configuration = tmp_path / "mosquitto.conf"
    configuration.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    process = subprocess.Popen(
        [program, "-c", str(configuration)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until = monotonic() + 10.0
        while not _answers(port):
            assert monotonic() < until, "mosquitto did not start"
        yield Broker(host="127.0.0.1", port=port)
    finally:
        process.terminate()
        process.wait(10)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0
