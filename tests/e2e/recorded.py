"""Real traces as tests read them: rows, distances, and the messages an app would have sent."""

import csv
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pyproj import Geod

FOLDER = Path(__file__).parents[1] / "data"
TRACES = FOLDER / "traces"
EARTH = Geod(ellps="WGS84")
RAISED = ("breach", "contact")
HER_ACCURACY_M = 5.0

Place = tuple[float, float]
Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """One row of a trace."""

    fixed_at: datetime
    written_at: datetime
    place: Place
    accuracy_m: float | None

    def owntracks(self, shift: timedelta) -> Json:
        """Return it as the app would send it, `shift` later: whole seconds, whole metres."""
        body: Json = {
            "_type": "location",
            "tst": math.floor((self.fixed_at + shift).timestamp()),
            "lat": self.place[0],
            "lon": self.place[1],
            "conn": "m",
            "t": "t",
            "tid": "sc",
        }
        return body if self.accuracy_m is None else body | {"acc": int(self.accuracy_m)}


def recorded(name: str) -> list[Recorded]:
    """Return the rows of a trace, in order of arrival."""
    with (TRACES / name).open(encoding="utf-8") as file:
        return [
            Recorded(
                fixed_at=datetime.fromisoformat(row["t"]),
                written_at=datetime.fromisoformat(row["t_recv"]),
                place=(float(row["lat"]), float(row["lon"])),
                accuracy_m=float(row["accuracy_m"]) if row["accuracy_m"] else None,
            )
            for row in csv.DictReader(file)
        ]


def apart_m(one: Place, other: Place) -> float:
    """Return the geodesic distance of two places."""
    return float(EARTH.inv(one[1], one[0], other[1], other[0])[2])


def written(instant: datetime) -> str:
    """Return an instant as it leaves the system."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def order(wearer_id: str, protected_ids: list[str], **distances: float) -> Json:
    """Return an order over everybody in `protected_ids`."""
    return {
        "type": "restraining_order",
        "reference": "T1",
        "wearer_id": wearer_id,
        "valid_from": "2019-01-01T00:00:00Z",
        "valid_until": "2100-01-01T00:00:00Z",
        "timezone": "Europe/London",
        "conditions": [
            {"type": "proximity", "protected_id": protected_id} | distances
            for protected_id in protected_ids
        ],
    }
