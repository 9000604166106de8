"""What officers' consoles are told of incidents, notices, devices and positions. Pure.

The names are those of INTERFACES 4 and 6. An incident looks the same in a list, in a snapshot and
in an event, but for the name of its id (`id` in lists, `incident_id` in events).
"""

from datetime import datetime

from alerts.audience import instant_text
from alerts.board import DeviceView
from domain.ids import AlertId, IncidentId
from domain.incident import Incident
from domain.reading import Fix
from domain.transition import FixReference

Data = dict[str, object]


def incident_data(incident: Incident) -> Data:
    """Return the data of an `incident.*` event."""
    return {
        "incident_id": incident.incident_id,
        "order_id": incident.order_id,
        "condition_id": incident.condition_id,
        "state": incident.state.value,
        "priority": incident.priority.value,
        "kind": incident.subject.value,
        "level": incident.level.value,
        "worst": incident.worst.value,
        "nearest_m": incident.nearest_m,
        "central_m": incident.central_m,
        "uncertainty_m": incident.uncertainty_m,
        "ttc_s": incident.ttc_s,
        "reason": incident.reason,
        "proven": incident.proven,
        "retrospective": incident.retrospective,
        "fix": None if incident.fix is None else _fix_reference(incident.fix),
        "decided_at": instant_text(incident.level_at or incident.changed_at),
        "opened_at": instant_text(incident.opened_at),
        "changed_at": instant_text(incident.changed_at),
        "acknowledged_at": _instant(incident.acknowledged_at),
        "resolved_at": _instant(incident.resolved_at),
        "safe_at": _instant(incident.safe_at),
        "owner": incident.owner,
        "outcome": incident.outcome,
        "wearer_id": incident.wearer_id,
        "protected_id": incident.protected_id,
        "device_id": incident.device_id,
    }


def incident_item(incident: Incident) -> Data:
    """Return the incident as lists and snapshots show it."""
    data = incident_data(incident)
    return {"id": data.pop("incident_id"), **data}


def notice_data(
    alert_id: AlertId, incident_id: IncidentId, channel: str, at: datetime, reason: str | None
) -> Data:
    """Return the data of a `notice.*` event about a protected person's alert."""
    data: Data = {
        "alert_id": alert_id,
        "incident_id": incident_id,
        "audience": "protected",
        "channel": channel,
        "at": instant_text(at),
    }
    if reason is not None:
        data["reason"] = reason
    return data


def device_item(device: DeviceView) -> Data:
    """Return a device as the console's snapshot shows it."""
    return {
        "device_id": device.device_id,
        "person_id": device.person_id,
        "kind": device.kind.value,
        "state": device.state.value,
        "since": _instant(device.since),
        "last_fix_at": _instant(device.last_fix_at),
        "battery": device.battery_percent,
    }


def device_data(device: DeviceView, at: datetime) -> Data:
    """Return the data of a `device.state` event."""
    return {
        "device_id": device.device_id,
        "person_id": device.person_id,
        "state": device.state.value,
        "since": instant_text(device.since or at),
    }


def position_data(fix: Fix) -> Data:
    """Return the data of a `position` event. The caller decides who may see it."""
    return {
        "person_id": fix.person_id,
        "device_id": fix.device_id,
        "lat": fix.position.latitude_deg,
        "lon": fix.position.longitude_deg,
        "accuracy_m": fix.accuracy_m,
        "fix": {
            "device_id": fix.device_id,
            "t": instant_text(fix.fixed_at),
            "received_at": instant_text(fix.received_at),
        },
    }


def _fix_reference(fix: FixReference) -> Data:
    return {
        "device_id": fix.device_id,
        "t": instant_text(fix.fixed_at),
        "received_at": instant_text(fix.received_at),
    }


def _instant(instant: datetime | None) -> str | None:
    return None if instant is None else instant_text(instant)
