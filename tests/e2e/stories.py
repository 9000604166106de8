"""What the fake server says in the pages' tests: alerts, incidents, positions."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.e2e.fake_live import Fake, written

Frame = dict[str, Any]


def ago(seconds: float = 0.0) -> str:
    """Return the instant `seconds` before now, as the wire writes it."""
    now = datetime.now(UTC)  # noqa: TID251 - the browser's clock is the real one.
    return written(now - timedelta(seconds=seconds))


def an_alert(level: str = "breach", **changes: Any) -> Frame:
    """Return her alert."""
    waiting = {"state": "waiting", "text_key": "help.waiting", "at": ago()}
    return {
        "alert_id": f"alert-{level}",
        "level": level,
        "band": "close",
        "trend": None,
        "direction": None,
        "steps": [],
        "help": {"incident_id": "incident-1", "alert_id": f"alert-{level}", **waiting},
        "decided_at": ago(2),
        **changes,
    }


def a_protection(*, protected: bool = True, reason: str = "all_well", age_s: float = 1) -> Frame:
    """Return what she is told of her protection."""
    return {"protected": protected, "reason": reason, "checked_at": ago(age_s)}


def her_server(alert: Frame | None = None, protection: Frame | None = None) -> Fake:
    """Return a server that knows one protected person."""
    snapshot = {
        "alert": alert,
        "help": None if alert is None else alert["help"],
        "protection": protection or a_protection(),
    }
    return Fake(snapshots={"victim": snapshot, "console": {}})


def an_incident(identity: str = "incident-1", **changes: Any) -> Frame:
    """Return an incident as lists show it."""
    return {
        "id": identity,
        "state": "open",
        "priority": "P1",
        "kind": "proximity",
        "level": "breach",
        "order_id": "order-1",
        "condition_id": "condition-1",
        "opened_at": ago(20),
        "wearer_id": "person-w",
        "protected_id": "person-p",
        "owner": None,
        "nearest_m": 292.1,
        "central_m": 387.2,
        "uncertainty_m": 95.1,
        "ttc_s": None,
        "reason": "within_alert",
        "proven": False,
        "retrospective": False,
        "fix": {"device_id": "tag-1", "t": ago(9), "received_at": ago(8)},
        **changes,
    }


def a_position(person: str, device: str, lat: float, lon: float, age_s: float = 5) -> Frame:
    """Return the data of a `position` event."""
    fix = {"device_id": device, "t": ago(age_s), "received_at": ago(age_s)}
    return {
        "person_id": person,
        "device_id": device,
        "lat": lat,
        "lon": lon,
        "accuracy_m": 40.0,
        "fix": fix,
    }


ORDER: Frame = {
    "id": "order-1",
    "reference": "T20261234",
    "conditions": [
        {
            "id": "condition-1",
            "type": "proximity",
            "protected_id": "person-p",
            "alert_m": 500,
            "warning_m": 1000,
        },
        {
            "id": "condition-2",
            "type": "exclusion_zone",
            "name": "School",
            "geometry": {"type": "Point", "coordinates": [-0.107, 51.6195]},
            "radius_m": 220,
            "buffer_m": 100,
        },
    ],
}
DEVICES: list[Frame] = [
    {"device_id": "tag-1", "person_id": "person-w", "kind": "tag", "state": "reporting"},
    {"device_id": "tag-2", "person_id": "person-v", "kind": "tag", "state": "late"},
    {"device_id": "app-1", "person_id": "person-p", "kind": "handset", "state": "reporting"},
]


def the_desk(*incidents: Frame) -> Fake:
    """Return a server whose console shows `incidents`."""
    snapshot: Frame = {
        "incidents": list(incidents),
        "devices": DEVICES,
        "system": {"ready": True, "broken": [], "at": ago()},
    }
    fake = Fake(snapshots={"victim": {}, "console": snapshot})
    fake.answers["session"] = {
        "account_id": "account-1",
        "name": "PC Okoye",
        "role": "operator",
        "csrf_token": "fake",
    }
    fake.answers["orders/order-1"] = ORDER
    for incident in incidents:
        keep_incident(fake, incident)
    return fake


def keep_incident(fake: Fake, incident: Frame) -> None:
    """Let the server answer for an incident as it stands, with a first line of history."""
    opened = {"at": incident["opened_at"], "kind": "opened", "actor": "engine", "level": "breach"}
    history = [{**opened, "note": None, "reason": "within_alert"}]
    fake.answers[f"incidents/{incident['id']}"] = {"timeline": history, **incident}
