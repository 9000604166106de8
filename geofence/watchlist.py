"""Who is watched for whom: which conditions a person's fix can touch, and with which devices.

Pure. The index is exact: a condition is looked at when one of the two people it names reports,
or its own deadline falls, and at no other time.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

from domain.ids import ConditionId, DeviceId, OrderId, PersonId
from domain.order import Condition, ExclusionZone, InclusionZone, Order, Proximity
from domain.transition import LATCHED
from geofence.clearance import Ground, Passage
from geofence.state import ConditionState, DeviceState, OrderState

Watch = tuple[OrderId, ConditionId]


class Watchlist:
    """Every order, condition and device, found by the people they concern."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.devices: dict[DeviceId, DeviceState] = {}
        self.orders: dict[OrderId, OrderState] = {}
        self.states: dict[Watch, ConditionState] = {}
        self.conditions: dict[Watch, Condition] = {}
        self._by_person: dict[PersonId, list[Watch]] = {}
        self._orders_of: dict[PersonId, set[OrderId]] = {}
        self._carried: dict[PersonId, list[DeviceId]] = {}
        self._ground: dict[Watch, Ground] = {}
        self._passages: dict[Watch, tuple[Passage, ...]] = {}
        self._edges: dict[Watch, tuple[datetime, datetime | None]] = {}

    def put_device(self, state: DeviceState) -> None:
        """Keep a device, and under whom it is found."""
        previous = self.devices.get(state.device_id)
        self.devices[state.device_id] = state
        if previous is not None and previous.device.person_id == state.device.person_id:
            return
        if previous is not None and previous.device.person_id is not None:
            self._carried[previous.device.person_id].remove(state.device_id)
        if state.device.person_id is not None:
            carried = self._carried.setdefault(state.device.person_id, [])
            carried.append(state.device_id)
            carried.sort()

    def put_order(self, state: OrderState) -> None:
        """Keep an order in place of its former self, and draw its zones when next asked."""
        former = self.orders.get(state.order.order_id)
        self.orders[state.order.order_id] = state
        if former is not None and former.order == state.order:
            return
        if former is not None:
            self._forget(former.order)
        order = state.order
        for person_id in parties(order):
            self._orders_of.setdefault(person_id, set()).add(order.order_id)
        for condition in order.conditions:
            watch = (order.order_id, condition.condition_id)
            self.conditions[watch] = condition
            for person_id in sorted(_named(order, condition)):
                watches = self._by_person.setdefault(person_id, [])
                watches.append(watch)
                watches.sort()

    def touching(self, person_id: PersonId) -> tuple[Watch, ...]:
        """Return the conditions that a fix of this person can touch, in a fixed order."""
        return tuple(self._by_person.get(person_id, ()))

    def carried_by(self, person_id: PersonId) -> Iterator[DeviceState]:
        """Yield the person's devices that are not revoked, in a fixed order."""
        for device_id in self._carried.get(person_id, ()):
            state = self.devices[device_id]
            if state.device.revoked_at is None:
                yield state

    def orders_naming(self, person_id: PersonId, at: datetime) -> list[Order]:
        """Return the orders in force that name the person: as wearer first, then by id."""
        named = sorted(self._orders_of.get(person_id, ()))
        held = [self.orders[order_id].order for order_id in named]
        in_force = [order for order in held if order.in_force(at)]
        return sorted(in_force, key=lambda order: order.wearer_id != person_id)

    def last_order_naming(self, person_id: PersonId) -> Order | None:
        """Return the order naming the person that ends last, in force or not."""
        held = [self.orders[order_id].order for order_id in self._orders_of.get(person_id, ())]
        return max(held, key=lambda order: (order.valid_until, order.order_id), default=None)

    def ground(self, watch: Watch) -> Ground:
        """Return the drawn area of a zone."""
        if watch not in self._ground:
            zone = self.conditions[watch]
            assert not isinstance(zone, Proximity)
            self._ground[watch] = Ground(zone.area)
        return self._ground[watch]

    def passages(self, watch: Watch) -> tuple[Passage, ...]:
        """Return the drawn corridors of a zone, in the order's order."""
        if watch not in self._passages:
            zone = self.conditions[watch]
            assert isinstance(zone, ExclusionZone)
            self._passages[watch] = tuple(Passage(corridor) for corridor in zone.corridors)
        return self._passages[watch]

    def edge(
        self, watch: Watch, at: datetime, find: Callable[[], datetime | None]
    ) -> datetime | None:
        """Return what `find` says of the next edge after `at`, asked only when one was passed."""
        if watch in self._edges:
            asked_at, edge = self._edges[watch]
            if asked_at <= at and (edge is None or at < edge):
                return edge
        edge = find()
        self._edges[watch] = (at, edge)
        return edge

    def near(self, person_id: PersonId) -> bool:
        """Return whether the person is, or could soon be, where an order wants nobody near."""
        return any(self.states[watch].near for watch in self._watched(person_id))

    def pressing(self, person_id: PersonId) -> bool:
        """Return whether the person, should he fall silent now, would do so near her."""
        return any(self.states[watch].pressing for watch in self._watched(person_id))

    def urgent(self, person_id: PersonId) -> bool:
        """Return whether losing this person now must page someone: the budget of `unknown`.

        He could be there within a quarter of an hour, *and* things already stood badly, or were
        getting worse, or his device has been interfered with.
        """
        return any(
            self.urgent_condition(self.states[watch], person_id)
            for watch in self._watched(person_id)
        )

    def urgent_condition(self, state: ConditionState, person_id: PersonId) -> bool:
        """Return whether losing the person now must page someone for this condition's sake."""
        return state.near and (state.worrying or self._interfered(person_id))

    def _interfered(self, person_id: PersonId) -> bool:
        return any(device.troubled(*LATCHED) for device in self.carried_by(person_id))

    def _watched(self, person_id: PersonId) -> Iterator[Watch]:
        for watch in self._by_person.get(person_id, ()):
            if watch in self.states and self.states[watch].in_force_since is not None:
                yield watch

    def _forget(self, order: Order) -> None:
        for person_id in parties(order):
            self._orders_of[person_id].discard(order.order_id)
        for condition in order.conditions:
            watch = (order.order_id, condition.condition_id)
            del self.conditions[watch]
            self._ground.pop(watch, None)
            self._passages.pop(watch, None)
            self._edges.pop(watch, None)
            for person_id in _named(order, condition):
                self._by_person[person_id].remove(watch)


def parties(order: Order) -> set[PersonId]:
    """Return everyone an order names: the wearer, and all it protects."""
    protected = {
        condition.protected_id
        for condition in order.conditions
        if not isinstance(condition, InclusionZone) and condition.protected_id is not None
    }
    return {order.wearer_id, *protected}


def _named(order: Order, condition: Condition) -> set[PersonId]:
    """Return whom a condition concerns: the wearer, and whom it keeps him from."""
    if isinstance(condition, Proximity):
        return {order.wearer_id, condition.protected_id}
    return {order.wearer_id}
