"""`keepclear replay` as a program: the same bytes every time, and faults named where they are."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from simulator.capture import capture_of
from simulator.scenario import named

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
START = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """Give a capture of an approach, with its orders beside it."""
    orders, lines = capture_of(named("approach_on_foot"), 7, START)
    path = tmp_path / "capture.jsonl"
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    (tmp_path / "orders.json").write_bytes(msgspec.json.encode(orders))
    return path


def run(capture: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run `keepclear replay` on a capture in a process of its own."""
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "keepclear",
            "replay",
            str(capture),
            "--orders",
            str(capture.with_name("orders.json")),
            *arguments,
        ],
        cwd=ROOT,
        capture_output=True,
        timeout=60.0,
        check=False,
    )


def test_the_same_capture_gives_the_same_bytes(capture: Path, tmp_path: Path):
    """Two processes decide a capture to the same bytes, on standard output and in a file."""
    first = run(capture)
    second = run(capture, "--out", str(tmp_path / "rows.jsonl"))

    assert (0, 0) == (first.returncode, second.returncode)
    assert first.stdout == (tmp_path / "rows.jsonl").read_bytes()
    assert first.stdout.count(b"\n") > 3


def test_rows_are_as_the_interface_says(capture: Path):
    """Each row has the fields of the interface, sorted by instant; a condition's first has no
    `before`.
    """  # noqa: D205 - one promise.
    rows = [json.loads(line) for line in run(capture).stdout.splitlines()]

    fields = (
        "at since order_id condition_id kind priority before after nearest_m central_m "
        "uncertainty_m ttc_s reason proven retrospective fix"
    )
    assert {tuple(fields.split())} == {tuple(row) for row in rows}
    assert sorted(row["at"] for row in rows) == [row["at"] for row in rows]
    proximity = [row for row in rows if row["kind"] == "proximity"]
    assert [None] == [row["before"] for row in proximity[:1]]
    assert None not in [row["before"] for row in proximity[1:]]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        pytest.param(b"{nonsense", b"capture.jsonl:1", id="not JSON"),
        pytest.param(
            b'{"received_at":"yesterday","topic":"a","payload":1}', b"received_at", id="time"
        ),
        pytest.param(b'{"topic":"a","payload":1}', b"received_at", id="field missing"),
    ],
)
def test_a_bad_line_is_named(capture: Path, line: bytes, fault: bytes):
    """A capture line that cannot be read ends with status 2 and says which line it is."""
    capture.write_bytes(line + b"\n")

    done = run(capture)

    assert 2 == done.returncode
    assert fault in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_bad_order_is_named(capture: Path):
    """An order that cannot be meant ends with status 2 and says which one and what is wrong."""
    orders = capture.with_name("orders.json")
    document = json.loads(orders.read_bytes())
    document["orders"][0]["conditions"][0]["alert_m"] = 3_000_000
    orders.write_text(json.dumps(document))

    done = run(capture)

    assert 2 == done.returncode
    assert b"orders[0]" in done.stderr
    assert b"alert_m" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_missing_file_is_named(capture: Path):
    """A file that is not there is named in one line."""
    capture.unlink()

    done = run(capture)

    assert (2, 1) == (done.returncode, done.stderr.count(b"\n"))
    assert b"capture.jsonl" in done.stderr
