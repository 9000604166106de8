"""Registers the people, devices and orders of a load, over the public API, on one connection."""

import math
from collections.abc import Iterator
from datetime import datetime, timedelta

from keepclear.bench import plan
from keepclear.bench.load import Login
from keepclear.bench.program import Door


def register(door: Door, load: plan.Load, rate_least: float, now: datetime) -> Iterator[Login]:
    """Register everything, a pair at a time, and yield what each device logs in with.

    Args:
        door: An administrator's.
        load: How many devices.
        rate_least: The lowest rate at which they will publish; their interval is told so that
            nobody is called late.
        now: The present instant.
    """
    interval_s = max(1, math.ceil(load.devices / rate_least))
    for pair in range(load.devices // 2):
        wearer = _person(door, "wearer", pair)
        protected = _person(door, "protected", pair)
        yield _device(door, "tag", wearer, interval_s)
        yield _device(door, "handset", protected, interval_s)
        _order(door, wearer, protected, pair, now)


def _person(door: Door, role: str, pair: int) -> str:
    return door.post("/people", {"role": role, "name": f"Benchmark {role} {pair}"})["id"]


def _device(door: Door, kind: str, person_id: str, interval_s: int) -> Login:
    made = door.post(
        "/devices",
        {
            "kind": kind,
            "protocol": "keepclear",
            "person_id": person_id,
            "interval_s": min(interval_s, 3600),
        },
    )
    return Login(username=made["mqtt"]["username"], password=made["mqtt"]["password"])


def _order(door: Door, wearer_id: str, protected_id: str, pair: int, now: datetime) -> None:
    condition = {"type": "proximity", "protected_id": protected_id, "alert_m": plan.ALERT_M}
    door.post(
        "/orders",
        {
            "type": "other",
            "reference": f"B{pair}",
            "wearer_id": wearer_id,
            "valid_from": (now - timedelta(days=1)).isoformat(),
            "valid_until": (now + timedelta(days=1)).isoformat(),
            "timezone": "Europe/London",
            "conditions": [condition],
        },
    )
