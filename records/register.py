"""Queries of the register: who, with what, under which order, and every change of it in order.

Bodies are given and returned as bytes (`runtime.wire`), because the record does not judge them.
A change's body is an `OrderChanged`, `DeviceChanged` or `TamperCleared`, its kind that type's tag.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from domain.ids import DeviceId, OrderId, PersonId
from domain.order import Device, DeviceKind, Order, Person, PersonRole, Protocol
from records.tables import (
    devices,
    order_officers,
    order_people,
    orders,
    people,
    register_changes,
)


class RegisterChange(msgspec.Struct, frozen=True, kw_only=True):
    """One change of the register as the engine and ingest follow it.

    Attributes:
        change_id: Rises by one change after another.
        kind: `order_changed`, `device_changed` or `tamper_cleared`: the tag of what `body` holds.
        ref: Id of the order or device.
        body: The fact, as bytes of `runtime.wire`.
    """

    change_id: int
    kind: str
    ref: str
    at: datetime
    body: bytes


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """What a broker needs to let one device in. The secret itself is not kept anywhere."""

    device: Device
    secret_sha256: str
    broker_hash: str | None


def add_person(connection: Connection, person: Person, at: datetime) -> None:
    """Write a person."""
    connection.execute(
        insert(people).values(
            person_id=person.person_id,
            role=person.role.value,
            name=person.name,
            phone=person.phone,
            language=person.language,
            created_at=at,
        )
    )


def person(connection: Connection, person_id: str) -> Person | None:
    """Return the person of that id, or None."""
    row = connection.execute(select(people).where(people.c.person_id == person_id)).one_or_none()
    if row is None:
        return None
    return Person(
        person_id=PersonId(row.person_id),
        role=PersonRole(row.role),
        name=row.name,
        phone=row.phone,
        language=row.language,
    )


def add_device(
    connection: Connection,
    device: Device,
    at: datetime,
    *,
    secret_sha256: str | None,
    broker_hash: str | None = None,
) -> None:
    """Write a device with the hashes of its secret, if it has one."""
    connection.execute(
        insert(devices).values(
            device_id=device.device_id,
            kind=device.kind.value,
            protocol=device.protocol.value,
            person_id=device.person_id,
            external_id=device.external_id,
            interval_s=device.interval.total_seconds(),
            simulated=device.simulated,
            secret_sha256=secret_sha256,
            broker_hash=broker_hash,
            created_at=at,
            revoked_at=device.revoked_at,
        )
    )


def device(connection: Connection, device_id: str) -> Device | None:
    """Return the device of that id, revoked or not, or None."""
    row = connection.execute(select(devices).where(devices.c.device_id == device_id)).one_or_none()
    return None if row is None else device_of_row(row)


def device_with_external_id(connection: Connection, external_id: str) -> Device | None:
    """Return the device that other systems call `external_id`, or None."""
    row = connection.execute(
        select(devices).where(devices.c.external_id == external_id)
    ).one_or_none()
    return None if row is None else device_of_row(row)


def all_devices(connection: Connection) -> list[Device]:
    """Return every device, revoked ones and the synthetic case's included."""
    return [device_of_row(row) for row in connection.execute(select(devices))]


def devices_of(connection: Connection, person_id: str) -> list[Device]:
    """Return the devices of one person, revoked ones included."""
    rows = connection.execute(select(devices).where(devices.c.person_id == person_id))
    return [device_of_row(row) for row in rows]


def revoke_device(connection: Connection, device_id: str, at: datetime) -> None:
    """End a device's credentials. What it sent before stays."""
    connection.execute(
        update(devices)
        .where(devices.c.device_id == device_id, devices.c.revoked_at.is_(None))
        .values(revoked_at=at)
    )


def credentials(connection: Connection) -> list[Credential]:
    """Return what brokers must know: every device that has a secret and is not revoked."""
    rows = connection.execute(
        select(devices).where(devices.c.revoked_at.is_(None), devices.c.secret_sha256.is_not(None))
    )
    return [
        Credential(
            device=device_of_row(row),
            secret_sha256=row.secret_sha256,
            broker_hash=row.broker_hash,
        )
        for row in rows
    ]


def secret_sha256(connection: Connection, device_id: str) -> str | None:
    """Return the hash of a device's secret, or None if it has none or is revoked."""
    return connection.execute(
        select(devices.c.secret_sha256).where(
            devices.c.device_id == device_id, devices.c.revoked_at.is_(None)
        )
    ).scalar_one_or_none()


def put_order(
    connection: Connection, order: Order, body: bytes, at: datetime, protected: Iterable[str]
) -> None:
    """Write an order, or its next revision, and whom it names."""
    columns = {
        "wearer_id": order.wearer_id,
        "reference": order.reference,
        "valid_from": order.valid_from,
        "valid_until": order.valid_until,
        "revision": order.revision,
        "body": body,
    }
    here = orders.c.order_id == order.order_id
    if connection.execute(update(orders).where(here).values(columns)).rowcount == 0:
        connection.execute(insert(orders).values(order_id=order.order_id, created_at=at, **columns))
    connection.execute(delete(order_people).where(order_people.c.order_id == order.order_id))
    named = sorted({order.wearer_id, *protected})
    connection.execute(
        insert(order_people), [{"order_id": order.order_id, "person_id": one} for one in named]
    )


def order_body(connection: Connection, order_id: str) -> bytes | None:
    """Return the bytes of the order of that id, or None."""
    return connection.execute(
        select(orders.c.body).where(orders.c.order_id == order_id)
    ).scalar_one_or_none()


def order_bodies(connection: Connection) -> list[bytes]:
    """Return the bytes of every order, oldest first."""
    return list(connection.execute(select(orders.c.body).order_by(orders.c.created_at)).scalars())


def orders_naming(connection: Connection, person_ids: Sequence[str]) -> list[OrderId]:
    """Return the ids of the orders that name any of these people."""
    found = connection.execute(
        select(order_people.c.order_id)
        .where(order_people.c.person_id.in_(person_ids))
        .distinct()
        .order_by(order_people.c.order_id)
    ).scalars()
    return [OrderId(one) for one in found]


def put_officers(connection: Connection, order_id: str, account_ids: Iterable[str]) -> None:
    """Say which officers work an order. Those not named no longer do."""
    connection.execute(delete(order_officers).where(order_officers.c.order_id == order_id))
    rows = [{"order_id": order_id, "account_id": one} for one in sorted(set(account_ids))]
    if rows:
        connection.execute(insert(order_officers), rows)


def officers_of(connection: Connection, order_id: str) -> list[str]:
    """Return the account ids of the officers who work an order."""
    return list(
        connection.execute(
            select(order_officers.c.account_id)
            .where(order_officers.c.order_id == order_id)
            .order_by(order_officers.c.account_id)
        ).scalars()
    )


def orders_of_officer(connection: Connection, account_id: str) -> frozenset[str]:
    """Return the ids of an officer's own cases."""
    return frozenset(
        connection.execute(
            select(order_officers.c.order_id).where(order_officers.c.account_id == account_id)
        ).scalars()
    )


def people_of_officer(connection: Connection, account_id: str) -> frozenset[str]:
    """Return the ids of everyone named in an officer's own cases."""
    return frozenset(
        connection.execute(
            select(order_people.c.person_id)
            .join(order_officers, order_officers.c.order_id == order_people.c.order_id)
            .where(order_officers.c.account_id == account_id)
        ).scalars()
    )


def record_change(
    connection: Connection, kind: str, ref: str, at: datetime, body_of: Callable[[int], bytes]
) -> int:
    """Write one change of the register and return its number, which `body_of` is given first."""
    key = connection.execute(
        insert(register_changes).values(kind=kind, ref=ref, at=at, body=b"")
    ).inserted_primary_key
    assert key is not None
    change_id = int(key[0])
    connection.execute(
        update(register_changes)
        .where(register_changes.c.change_id == change_id)
        .values(body=body_of(change_id))
    )
    return change_id


def changes_after(
    connection: Connection, change_id: int, limit: int = 1000
) -> list[RegisterChange]:
    """Return the changes after number `change_id`, in order. 0 gives them from the first."""
    rows = connection.execute(
        select(register_changes)
        .where(register_changes.c.change_id > change_id)
        .order_by(register_changes.c.change_id)
        .limit(limit)
    )
    return [
        RegisterChange(
            change_id=row.change_id, kind=row.kind, ref=row.ref, at=row.at, body=row.body
        )
        for row in rows
    ]


def device_of_row(row: Any) -> Device:
    """Return the device a row of `devices` holds."""
    return Device(
        device_id=DeviceId(row.device_id),
        kind=DeviceKind(row.kind),
        protocol=Protocol(row.protocol),
        person_id=None if row.person_id is None else PersonId(row.person_id),
        external_id=row.external_id,
        interval=timedelta(seconds=row.interval_s),
        revoked_at=row.revoked_at,
        simulated=row.simulated,
    )
