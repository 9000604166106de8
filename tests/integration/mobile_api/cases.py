"""A case in the record, and an alerts room that carries out commands by the real rules."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
from sqlalchemy import Connection, insert

from alerts.commands import OFFICER_ACTS, act, call_for_help, say_safe
from domain.command import Command, CommandResult, CommandType
from domain.ids import AlertId, ConditionId, DeviceId, IncidentId, OrderId, PersonId
from domain.incident import AlertLevel, Incident, IncidentState, Notice, Priority
from domain.order import (
    Device,
    DeviceKind,
    Order,
    OrderType,
    Person,
    PersonRole,
    Protocol,
    Proximity,
)
from domain.transition import Level, Subject
from mobile_api import changes
from records import commands, incidents, register
from records.tables import fixes
from runtime import wire
from tests.integration.mobile_api.house import House, a_person, an_order, good

PLACE = (51.61712, -0.10791)


async def a_case(house: House, admin: httpx.AsyncClient, mark: str = "one") -> dict[str, str]:
    """Register a case with an open incident, an alert and a position; return its ids."""
    wearer = await a_person(admin, "wearer", f"Wearer {mark}")
    protected = await a_person(admin, "protected", f"Protected {mark}")
    order = good(await admin.post("/orders", json=an_order(wearer, protected)))
    tag = good(await admin.post("/devices", json={"kind": "tag", "person_id": wearer}))
    ids = {
        "wearer": wearer,
        "protected": protected,
        "order": order["id"],
        "condition": order["conditions"][0]["id"],
        "device": tag["id"],
        "incident": f"incident-{mark}",
        "alert": f"alert-{mark}",
    }
    await house.records.write(lambda c: _write(c, house, ids))
    return ids


def _write(connection: Connection, house: House, ids: dict[str, str]) -> None:
    incident = Incident(
        incident_id=IncidentId(ids["incident"]),
        state=IncidentState.OPEN,
        priority=Priority.P1,
        subject=Subject.PROXIMITY,
        level=Level.BREACH,
        worst=Level.BREACH,
        order_id=OrderId(ids["order"]),
        condition_id=ConditionId(ids["condition"]),
        wearer_id=PersonId(ids["wearer"]),
        protected_id=PersonId(ids["protected"]),
        opened_at=house.now,
        changed_at=house.now,
        nearest_m=612.34,
    )
    incidents.put_incident(connection, incident, wire.encode(incident))
    notice = Notice(
        alert_id=AlertId(ids["alert"]),
        incident_id=incident.incident_id,
        person_id=PersonId(ids["protected"]),
        level=AlertLevel.BREACH,
        band="near",
        steps=("leave",),
        decided_at=house.now,
    )
    incidents.add_notice(connection, notice, wire.encode(notice))
    add_fix(connection, house, ids["device"], ids["wearer"], 1)


def add_fix(
    connection: Connection, house: House, device_id: str, person_id: str, number: int
) -> None:
    """Write an accepted fix, `number` seconds later than the clock's start of the test."""
    row: dict[str, Any] = {
        "log_position": 1024 * number + hash_of(device_id),
        "reading_id": f"reading-{device_id}-{number}",
        "device_id": device_id,
        "person_id": person_id,
        "boot": 1,
        "seq": number,
        "received_at": house.now,
        "fixed_at": house.now,
        "latitude_deg": PLACE[0],
        "longitude_deg": PLACE[1],
        "accuracy_m": 8.5,
        "source": "gnss",
        "state": "accepted",
    }
    connection.execute(insert(fixes).values(row))


def hash_of(text: str) -> int:
    """Return a number under a million million that `text` always gives, divisible by 1024."""
    return (sum(ord(letter) * 31**place for place, letter in enumerate(text)) % 10**9) * 2**20


@asynccontextmanager
async def alerts_room(house: House) -> AsyncGenerator[None]:
    """Carry out commands meanwhile."""
    async with asyncio.TaskGroup() as group:
        working = group.create_task(_work(house))
        try:
            yield
        finally:
            working.cancel()


async def _work(house: House) -> None:
    while True:
        await house.records.write(lambda c: _carry_out_all(c, house))
        await asyncio.sleep(0.005)


def _carry_out_all(connection: Connection, house: House) -> None:
    for body in commands.pending_bodies(connection, 100):
        command = wire.decode(body, Command)
        result = _carry_out(connection, house, command)
        commands.finish_command(connection, command.command_id, wire.encode(result))


def _carry_out(connection: Connection, house: House, command: Command) -> CommandResult:
    if command.command_type in OFFICER_ACTS:
        known = incidents.incident_body(connection, command.incident_id or "")
        assert known is not None
        done = act(wire.decode(known, Incident), command, house.now)
    elif command.command_type is CommandType.SOS:
        done = call_for_help(None, command, None, house.now)
    else:
        known = incidents.list_incident_bodies(connection, incidents.IncidentFilter())[0]
        done = say_safe(wire.decode(known, Incident), command, house.now)
    incidents.put_incident(connection, done.incident, wire.encode(done.incident))
    incidents.add_entries(connection, done.entries)
    return CommandResult(
        command_id=command.command_id,
        accepted=done.accepted,
        reason=done.reason.value,
        incident_id=done.incident.incident_id,
    )


async def a_phone(house: House, admin: httpx.AsyncClient, person_id: str) -> httpx.AsyncClient:
    """Enrol a phone for a protected person and return a client with its cookie."""
    code = good(await admin.post(f"/people/{person_id}/enrolment", json={}))["code"]
    phone = house.client()
    good(await phone.post("/enrol", json={"code": code}))
    return phone


async def a_synthetic_case(house: House) -> dict[str, str]:
    """Write the synthetic case as the program does, past the door; return its ids."""
    ids = {
        name: f"canary-{name}"
        for name in ("wearer", "protected", "order", "device", "incident", "alert")
    }
    await house.records.write(lambda c: _write_synthetic(c, house, ids))
    return {**ids, "spare_order": ids["order"], "account": "canary-account", "condition": ""}


def _write_synthetic(connection: Connection, house: House, ids: dict[str, str]) -> None:
    for side in PersonRole:
        person = Person(person_id=PersonId(ids[side.value]), role=side, name="Canary")
        register.add_person(connection, person, house.now)
    device = Device(
        device_id=DeviceId(ids["device"]),
        kind=DeviceKind.TAG,
        protocol=Protocol.KEEPCLEAR,
        person_id=PersonId(ids["wearer"]),
    )
    register.add_device(connection, device, house.now, secret_sha256=None)
    order = Order(
        order_id=OrderId(ids["order"]),
        order_type=OrderType.OTHER,
        reference="canary-order",
        wearer_id=PersonId(ids["wearer"]),
        valid_from=house.now,
        valid_until=house.now + timedelta(days=1),
        timezone="UTC",
        conditions=(
            Proximity(
                condition_id=ConditionId("canary-condition"),
                protected_id=PersonId(ids["protected"]),
                alert_m=1000.0,
                warning_m=2000.0,
                contact_m=300.0,
            ),
        ),
    )
    changes.put_order(connection, order, house.now)
    _write(connection, house, {**ids, "condition": "canary-condition"})
