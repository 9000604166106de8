"""What callers are told of the register: domain values as documents of `INTERFACES` 3. Pure."""

from domain.geojson import geometry_of
from domain.order import (
    Circle,
    Condition,
    Corridor,
    Device,
    ExclusionZone,
    InclusionZone,
    Order,
    Person,
    Protocol,
    Proximity,
    Window,
)
from runtime.wire import rfc3339

Document = dict[str, object]


def person_document(person: Person) -> Document:
    """Return a person as the register shows them to whoever keeps it."""
    return {
        "id": person.person_id,
        "role": person.role.value,
        "name": person.name,
        "phone": person.phone,
        "language": person.language,
    }


def device_document(device: Device) -> Document:
    """Return a device. Its secret is not part of it."""
    return {
        "id": device.device_id,
        "kind": device.kind.value,
        "protocol": device.protocol.value,
        "person_id": device.person_id,
        "external_id": device.external_id,
        "interval_s": device.interval.total_seconds(),
        "revoked_at": None if device.revoked_at is None else rfc3339(device.revoked_at),
    }


def topic_of(device: Device) -> str | None:
    """Return the topic a device publishes its positions to; None if it does not use MQTT."""
    match device.protocol:
        case Protocol.KEEPCLEAR:
            return f"kc/v1/{device.device_id}/fix"
        case Protocol.OWNTRACKS:
            return f"owntracks/{device.device_id}/{device.device_id}"
        case Protocol.TRACCAR:
            return "traccar/positions"
        case Protocol.OSMAND | Protocol.APP:
            return None


def order_document(order: Order) -> Document:
    """Return an order, with the ids of its conditions and every default filled in."""
    return {
        "id": order.order_id,
        "type": order.order_type.value,
        "reference": order.reference,
        "wearer_id": order.wearer_id,
        "valid_from": rfc3339(order.valid_from),
        "valid_until": rfc3339(order.valid_until),
        "timezone": order.timezone,
        "conditions": [condition_document(condition) for condition in order.conditions],
        "show_trend": order.show_trend,
        "show_direction": order.show_direction,
        "revision": order.revision,
        "warnings": warnings_of(order),
    }


def condition_document(condition: Condition) -> Document:
    """Return one condition."""
    match condition:
        case Proximity():
            return {
                "id": condition.condition_id,
                "type": "proximity",
                "protected_id": condition.protected_id,
                "alert_m": condition.alert_m,
                "warning_m": condition.warning_m,
                "contact_m": condition.contact_m,
            }
        case ExclusionZone():
            return {
                **_zone(condition, "exclusion_zone"),
                "protected_id": condition.protected_id,
                "buffer_m": condition.buffer_m,
                "corridors": [_corridor(corridor) for corridor in condition.corridors],
            }
        case InclusionZone():
            return _zone(condition, "inclusion_zone")


def warnings_of(order: Order) -> list[str]:
    """Return what is allowed but seldom meant: a radius that the error of GPS would fill."""
    return [
        f"{condition.condition_id}: alert_m is within the error of satellite positions"
        for condition in order.conditions
        if isinstance(condition, Proximity) and condition.alert_m < 50.0
    ]


def _zone(zone: ExclusionZone | InclusionZone, kind: str) -> Document:
    document: Document = {
        "id": zone.condition_id,
        "type": kind,
        "name": zone.name,
        "geometry": geometry_of(zone.area),
        "disclosed": zone.disclosed,
        "schedule": [_window(window) for window in zone.schedule],
    }
    if isinstance(zone.area, Circle):
        document["radius_m"] = zone.area.radius_m
    return document


def _corridor(corridor: Corridor) -> Document:
    window = {} if corridor.window is None else _window(corridor.window)
    return {"geometry": geometry_of(corridor.line), "width_m": corridor.width_m, **window}


def _window(window: Window) -> Document:
    return {
        "days": [day.value for day in window.days],
        "from": window.since.isoformat(timespec="minutes"),
        "to": window.until.isoformat(timespec="minutes"),
    }
