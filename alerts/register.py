"""What the alerts room has to know of the register: whose order, whose device. Pure.

No name and no address is in it: nothing decided here needs one.
"""

from collections.abc import Iterable
from datetime import datetime

from domain.ids import DeviceId, OrderId, PersonId
from domain.order import Device, DeviceKind, ExclusionZone, Order, Proximity


class Register:
    """Orders and devices as they stood when it was read."""

    def __init__(self, orders: Iterable[Order] = (), devices: Iterable[Device] = ()) -> None:
        """Index what was read."""
        self.orders: dict[OrderId, Order] = {order.order_id: order for order in orders}
        self.devices: dict[DeviceId, Device] = {device.device_id: device for device in devices}
        self.wearers: frozenset[PersonId] = frozenset(
            order.wearer_id for order in self.orders.values()
        )
        self._protecting: dict[PersonId, list[Order]] = {}
        for order_id in sorted(self.orders):
            for person_id in protected_by(self.orders[order_id]):
                self._protecting.setdefault(person_id, []).append(self.orders[order_id])
        self._carried: dict[PersonId, list[Device]] = {}
        for device in self.devices.values():
            if device.person_id is not None:
                self._carried.setdefault(device.person_id, []).append(device)

    def protecting(self, person_id: PersonId, at: datetime) -> tuple[Order, ...]:
        """Return the orders in force at `at` that protect the person, in order of id."""
        orders = self._protecting.get(person_id, ())
        return tuple(order for order in orders if order.in_force(at))

    def protected(self) -> frozenset[PersonId]:
        """Return everyone whom some order protects."""
        return frozenset(person for order in self.orders.values() for person in protected_by(order))

    def changed(self, orders: Iterable[Order], devices: Iterable[Device]) -> "Register":
        """Return the register after some orders and devices were made or edited."""
        return Register(
            {**self.orders, **{one.order_id: one for one in orders}}.values(),
            {**self.devices, **{one.device_id: one for one in devices}}.values(),
        )

    def of_person(self, person_id: PersonId, kind: DeviceKind) -> tuple[Device, ...]:
        """Return the person's devices of one kind that still have credentials."""
        return tuple(
            device
            for device in self._carried.get(person_id, ())
            if device.kind is kind and device.revoked_at is None
        )


def protected_by(order: Order) -> frozenset[PersonId]:
    """Return whom `order` protects."""
    return frozenset(
        condition.protected_id
        for condition in order.conditions
        if isinstance(condition, Proximity | ExclusionZone) and condition.protected_id is not None
    )
