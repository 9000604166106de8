"""A real ride of 2019, decided offline at its own times, against its own reference trajectory."""

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from tests.e2e.recorded import (
    HER_ACCURACY_M,
    RAISED,
    Json,
    Place,
    apart_m,
    order,
    recorded,
    written,
)
from tests.system.program import ROOT

pytestmark = pytest.mark.e2e


def true_distances() -> list[tuple[datetime, float]]:
    """Return the true distance to where she stands, second by second."""
    rows = recorded("ebike_city_truth.csv")
    return [(row.fixed_at, apart_m(row.place, by_the_route())) for row in rows]


def by_the_route() -> Place:
    """Return a place on the true route, some minutes from either end."""
    rows = recorded("ebike_city_truth.csv")
    return rows[round(0.6 * len(rows))].place


def capture_lines() -> Iterator[Json]:
    """Yield the ride as OwnTracks sent it in 2019, and her handset's fixes beside it."""
    rows = recorded("ebike_city.csv")
    latitude, longitude = by_the_route()
    lines = [(row.written_at, "owntracks/bike/phone", row.owntracks(timedelta(0))) for row in rows]
    beats = range(0, math.ceil((rows[-1].written_at - rows[0].written_at).total_seconds()), 15)
    for seq, seconds in enumerate(beats, start=1):
        at = rows[0].written_at + timedelta(seconds=seconds)
        body = {"boot": 1, "seq": seq, "t": written(at), "lat": latitude, "lon": longitude}
        lines.append((at, "kc/v1/hers/fix", body | {"acc": HER_ACCURACY_M}))
    for at, topic, body in sorted(lines, key=lambda line: line[:2]):
        yield {"received_at": written(at), "topic": topic, "payload": body}


def registered() -> Json:
    """Return the `ORDERS.json` of the ride."""
    return {
        "people": [
            {"id": "him", "role": "wearer", "name": "A Wearer"},
            {"id": "her", "role": "protected", "name": "A Person"},
        ],
        "devices": [
            {"id": "bike", "kind": "tag", "protocol": "owntracks", "person_id": "him"}
            | {"interval_s": 15},
            {"id": "hers", "kind": "handset", "protocol": "keepclear", "person_id": "her"}
            | {"interval_s": 15},
        ],
        "orders": [order("him", ["her"], alert_m=500.0) | {"id": "order-1"}],
    }


def replayed(folder: Path, hash_seed: str) -> bytes:
    """Return what `keepclear replay` writes, in a process of its own."""
    out = folder / f"decided-{hash_seed}.jsonl"
    subprocess.run(
        [
            *(sys.executable, "-m", "keepclear", "replay", str(folder / "capture.jsonl")),
            *("--orders", str(folder / "orders.json"), "--out", str(out)),
        ],
        env=os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},  # noqa: TID251
        cwd=folder,
        timeout=100.0,
        check=True,
    )
    return out.read_bytes()


def first_within(truth: list[tuple[datetime, float]], metres: float) -> datetime:
    """Return when the true distance was first so small."""
    return next(at for at, distance in truth if distance <= metres)


def test_a_ride_of_2019_is_decided_again_as_the_truth_says(tmp_path: Path):
    """Offline, at its own times: in time, not too soon, dated as it was, twice the same bytes."""
    lines = "".join(json.dumps(line) + "\n" for line in capture_lines())
    (tmp_path / "capture.jsonl").write_text(lines, encoding="utf-8")
    (tmp_path / "orders.json").write_text(json.dumps(registered()), encoding="utf-8")
    truth = true_distances()

    decided = replayed(tmp_path, "1")

    assert decided == replayed(tmp_path, "2")
    rows = [cast("Json", json.loads(line)) for line in decided.splitlines()]
    pair = [row for row in rows if row["kind"] == "proximity"]
    breaches = [r for r in pair if r["after"] in RAISED and r["reason"] != "predicted"]
    first = breaches[0]
    grace = 2 * timedelta(seconds=15) + timedelta(seconds=15)
    assert datetime.fromisoformat(first["at"]) <= first_within(truth, 400.0) + grace
    assert datetime.fromisoformat(first["at"]) > first_within(truth, 750.0)
    assert datetime.fromisoformat(first["since"]) > first_within(truth, 750.0)
    crossing = datetime.fromisoformat(first["since"]) - first_within(truth, 500.0)
    assert abs(crossing) <= timedelta(seconds=45)
    assert "P1" == first["priority"]
    assert "contact" in {row["after"] for row in pair}
    assert "clear" in [row["after"] for row in pair[pair.index(breaches[-1]) :]]
    assert rows == sorted(
        rows, key=lambda r: (r["at"], r["order_id"], r["condition_id"] or "", r["kind"])
    )
