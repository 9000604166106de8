"""Changes of the register, written so that the engine and ingest can follow them.

Shell. The change is part of the transaction that makes it. The stream `register` only wakes its
readers: what changed stands in the record.
"""

import asyncio
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from domain.order import Device, ExclusionZone, Order, Proximity
from domain.transition import DeviceChanged, OrderChanged
from mobile_api.deps import Deps
from records import register
from runtime import wire

#: Name of the stream whose entries say "look at the register again".
STREAM: Final = "register"
WAKE_S: Final = 1.0


def protected_by(order: Order) -> list[str]:
    """Return the ids of everyone an order protects."""
    named = {
        condition.protected_id
        for condition in order.conditions
        if isinstance(condition, Proximity | ExclusionZone) and condition.protected_id is not None
    }
    return sorted(named)


def put_order(connection: Connection, order: Order, at: datetime) -> None:
    """Write an order, or its next revision, and the change it is."""
    register.put_order(connection, order, wire.encode(order), at, protected_by(order))
    register.record_change(
        connection,
        "order_changed",
        order.order_id,
        at,
        lambda number: wire.encode(OrderChanged(change_id=number, received_at=at, order=order)),
    )


def device_changed(connection: Connection, device: Device, at: datetime) -> None:
    """Write that a device was registered, re-assigned or revoked."""
    register.record_change(
        connection,
        "device_changed",
        device.device_id,
        at,
        lambda number: wire.encode(DeviceChanged(change_id=number, received_at=at, device=device)),
    )


async def wake(deps: Deps) -> None:
    """Wake whoever follows the register. If they are too busy to be woken, they will find it."""
    try:
        async with asyncio.timeout(WAKE_S):
            await deps.streams.open(STREAM).append([wire.encode(STREAM)])
    except TimeoutError:
        return
