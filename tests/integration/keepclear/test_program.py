"""The program's command line: what it refuses, and what it says of itself."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]


def run(*arguments: str, optimised: bool = False) -> subprocess.CompletedProcess[str]:
    """Run `keepclear` in a process of its own."""
    python = [sys.executable, *(["-O"] if optimised else [])]
    return subprocess.run(
        [*python, "-m", "keepclear", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60.0,
        check=False,
    )


def test_it_refuses_to_run_without_its_assertions():
    """Assertions are part of the safety case, so `python -O` is refused in plain words."""
    done = run("settings", optimised=True)

    assert 1 == done.returncode
    assert "python -O" in done.stderr


def test_every_setting_is_printed_with_its_meaning():
    """`keepclear settings` names the settings other programs rely on."""
    printed = run("settings").stdout

    for name in ("HTTP_PORT", "MQTT_PORT", "BROKER", "DATA_DIR", "DATABASE_URL", "REDIS_URL"):
        assert f"KEEPCLEAR_{name}" in printed


def test_an_unknown_role_is_one_line(tmp_path: Path):
    """An expected error is one line on standard error and status 1, without a traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "keepclear", "token", "create", "--role", "king", "--name", "x"],
        cwd=ROOT,
        env={"KEEPCLEAR_DATA_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60.0,
        check=False,
    )

    assert 1 == done.returncode
    assert "the role is one of" in done.stderr
    assert "Traceback" not in done.stderr
