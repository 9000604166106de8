"""The cast of a scenario in the words of the HTTP interface: people, devices and the order.

Pure. The same bodies register a cast with a live system and make the ORDERS.json beside a capture.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from simulator.device import rfc3339
from simulator.scenario import ProximityTerm, Scenario, Term
from simulator.story import StoryClock

#: An order is in force from a day before the story to a year after it.
VALID_BEFORE: Final = timedelta(days=1)
VALID_AFTER: Final = timedelta(days=365)

type_of_body = dict[str, Any]


def person_body(scenario: Scenario, name: str) -> type_of_body:
    """Return the body of `POST /people`."""
    actor = scenario.people[name]
    return {"role": actor.role, "name": actor.name, "language": "en"}


def device_body(scenario: Scenario, name: str, person_id: str, clock: StoryClock) -> type_of_body:
    """Return the body of `POST /devices`."""
    carried = scenario.devices[name]
    return {
        "kind": carried.kind,
        "protocol": carried.protocol,
        "person_id": person_id,
        "interval_s": clock.interval_s(carried.interval_s),
    }


def order_body(scenario: Scenario, people: Mapping[str, str], start_at: datetime) -> type_of_body:
    """Return the body of `POST /orders`; `people` are ids by the scenario's names for them."""
    return {
        "type": scenario.order_type,
        "reference": f"SIM-{scenario.name.upper()}",
        "wearer_id": people[scenario.wearer],
        "valid_from": rfc3339(start_at - VALID_BEFORE),
        "valid_until": rfc3339(start_at + VALID_AFTER),
        "timezone": "Europe/London",
        "conditions": [_condition(scenario, term, people) for term in scenario.conditions],
    }


def _condition(scenario: Scenario, term: Term, people: Mapping[str, str]) -> type_of_body:
    if isinstance(term, ProximityTerm):
        optional = {"warning_m": term.warning_m, "contact_m": term.contact_m}
        body: type_of_body = {
            "type": "proximity",
            "protected_id": people[term.protected],
            "alert_m": term.alert_m,
        }
    else:
        latitude_deg, longitude_deg = scenario.places[term.around]
        protected = None if term.protected is None else people[term.protected]
        optional = {"buffer_m": term.buffer_m, "protected_id": protected}
        body = {
            "type": "exclusion_zone",
            "name": term.name,
            "geometry": {"type": "Point", "coordinates": [longitude_deg, latitude_deg]},
            "radius_m": term.radius_m,
        }
    return body | {key: value for key, value in optional.items() if value is not None}


def orders_document(scenario: Scenario, clock: StoryClock) -> type_of_body:
    """Return the ORDERS.json of a capture: the file's names are its ids."""
    people = {name: name for name in scenario.people}
    order = order_body(scenario, people, clock.start_at)
    conditions = [
        {"id": f"condition-{index}", **condition}
        for index, condition in enumerate(order["conditions"], start=1)
    ]
    return {
        "people": [{"id": name, **person_body(scenario, name)} for name in scenario.people],
        "devices": [
            {"id": name, **device_body(scenario, name, scenario.devices[name].carried_by, clock)}
            for name in scenario.devices
        ],
        "orders": [{"id": "order-1", **order, "conditions": conditions}],
    }
