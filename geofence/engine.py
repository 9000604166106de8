"""The engine: facts in, transitions out.

Pure. `Engine.step` takes one fact and the instant, lets every stored deadline that has come by
then fall at its own instant and in order, and then takes in the fact. It reads no clock, so a
live run and a replay of the same facts give the same transitions, and how often the clock is
asked makes no difference.
"""

import heapq
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from domain.ids import DeviceId, PersonId
from domain.order import Device, DeviceKind, Order, Protocol
from domain.reading import DeviceEvent, Fix, FixState, Presence
from domain.transition import (
    LATCHED,
    DeviceChanged,
    Fact,
    OrderChanged,
    TamperCleared,
    Tick,
    Transition,
)
from geofence import conditions, contact, devices, snapshot
from geofence.errors import tells_place
from geofence.rows import Cause, Occasion
from geofence.state import ClockState, ConditionState, DeviceState, OrderState, State
from geofence.watchlist import Watch, Watchlist, parties

#: Before any fact.
BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
#: A fix older than this (or two intervals) on arrival is late: evidence, not news.
LATE_AFTER: Final = timedelta(seconds=180)


class Engine:
    """Everything that is decided about wearers, from one ordered series of facts."""

    def __init__(self) -> None:
        """Begin with an empty register at the beginning of time."""
        self._watchlist = Watchlist()
        self._clock = ClockState(at=BEGINNING)
        self._subjects: dict[str, State] = {}
        self._heap: list[tuple[datetime, str]] = []
        self._armed: dict[str, datetime] = {}
        self._changed: dict[str, State] = {}
        self._faults: list[tuple[Watch, Exception]] = []

    @property
    def clock(self) -> datetime:
        """Return the engine's clock: the latest instant it was told. It never runs back."""
        return self._clock.at

    @property
    def followed(self) -> int:
        """Return the number of the last register change taken in."""
        return self._clock.change_id

    def knows(self, device_id: DeviceId) -> bool:
        """Return whether anything was ever said of a device, by the register or by itself."""
        return device_id in self._watchlist.devices

    def skip(self, change_id: int) -> None:
        """Go on as if a register change had been taken in; it cannot be."""
        self._follow(change_id)

    def faults(self) -> tuple[tuple[Watch, Exception], ...]:
        """Return which conditions could not be judged since this was last asked, and why."""
        faults, self._faults = tuple(self._faults), []
        return faults

    def step(self, fact: Fact, now: datetime) -> tuple[Transition, ...]:
        """Take in one fact at `now`, and return what changed, in the order in which it did."""
        rows: list[Transition] = []
        self._let_fall(max(now, self._clock.at), rows)
        self._turn(max(now, self._clock.at))
        match fact:
            case Fix():
                self._take_fix(fact, rows)
            case DeviceEvent():
                self._take_event(fact, rows)
            case Presence():
                self._take_presence(fact, rows)
            case OrderChanged():
                self._take_order(fact, rows)
            case DeviceChanged():
                self._take_device(fact, rows)
            case TamperCleared():
                self._take_cleared(fact, rows)
            case Tick():
                pass
        return tuple(rows)

    def changed(self) -> tuple[tuple[str, bytes], ...]:
        """Return every state that changed since this was last asked: subject and bytes."""
        rows = [(subject, snapshot.freeze(state)) for subject, state in self._changed.items()]
        self._changed = {}
        return tuple(sorted(rows))

    @classmethod
    def restore(cls, rows: Iterable[tuple[str, bytes]]) -> "Engine":
        """Return an engine that goes on exactly where the one that gave `rows` stood."""
        engine = cls()
        states = [snapshot.thaw(body) for _, body in sorted(rows)]
        for state in sorted(states, key=_load_order):
            engine._keep(state)
        engine._changed = {}
        return engine

    def _let_fall(self, until: datetime, rows: list[Transition]) -> None:
        """Let every deadline up to `until` fall, in order, each at its own instant."""
        while self._heap and self._heap[0][0] <= until:
            due, subject = heapq.heappop(self._heap)
            if self._armed.get(subject) != due:
                continue
            del self._armed[subject]
            deadline = self._deadline_of(subject)
            if deadline is not None and deadline > due:
                self._arm(subject, deadline)
            elif deadline is not None:
                self._turn(max(due, self._clock.at))
                self._fall(subject, f"deadline:{due.isoformat()}", rows)

    def _fall(self, subject: str, ref: str, rows: list[Transition]) -> None:
        """Look at one subject because its deadline has come."""
        cause = Cause(occasion=Occasion.CLOCK, ref=ref, at=self._clock.at)
        state = self._subjects[subject]
        match state:
            case DeviceState():
                self._settle(devices.overdue(self._watchlist, state, cause), rows)
            case ConditionState():
                self._judge((state.order_id, state.condition_id), cause, rows)
            case OrderState():
                self._keep(_armed_order(state, self._clock.at))
                self._watch_devices(parties(state.order), cause, rows)
            case ClockState():
                pass

    def _take_fix(self, fix: Fix, rows: list[Transition]) -> None:
        """Take in a fix: it always proves life, and if it decides, what it touches is judged."""
        cause = Cause(occasion=Occasion.FIX, ref=fix.reading_id, at=self._clock.at, fix=fix)
        state = self._device(fix.device_id, fix.person_id)
        late = _is_late(fix, state)
        self._settle(devices.heard(self._watchlist, state, cause, fix.received_at), rows)
        if late or fix.person_id != state.device.person_id:
            return
        if fix.state is FixState.ACCEPTED:
            state = self._watchlist.devices[fix.device_id]
            self._settle(devices.fixed(self._watchlist, state, cause, fix), rows)
        if tells_place(fix):
            for watch in self._watchlist.touching(fix.person_id):
                self._judge(watch, cause, rows)

    def _take_event(self, event: DeviceEvent, rows: list[Transition]) -> None:
        cause = Cause(occasion=Occasion.CHANGE, ref=event.reading_id, at=self._clock.at)
        state = self._device(event.device_id, event.person_id)
        self._settle(devices.heard(self._watchlist, state, cause, event.received_at), rows)
        state = self._watchlist.devices[event.device_id]
        self._settle(devices.said(self._watchlist, state, cause, event), rows)

    def _take_presence(self, presence: Presence, rows: list[Transition]) -> None:
        """Take in a connection made or lost; a lost one is no word from the device itself."""
        cause = Cause(occasion=Occasion.CHANGE, ref=presence.reading_id, at=self._clock.at)
        state = self._device(presence.device_id, presence.person_id)
        state = msgspec.structs.replace(state, online=presence.online)
        if not presence.online:
            self._keep(state)
            return
        self._settle(devices.heard(self._watchlist, state, cause, presence.received_at), rows)

    def _take_order(self, fact: OrderChanged, rows: list[Transition]) -> None:
        """Take in an order as it stands now, and judge it at once: he may be inside already."""
        self._follow(fact.change_id)
        cause = Cause(occasion=Occasion.CHANGE, ref=f"change:{fact.change_id}", at=self._clock.at)
        order = fact.order
        former = self._watchlist.orders.get(order.order_id)
        named = parties(order)
        if former is not None:
            named |= parties(former.order)
            self._lift_removed(former.order, order, cause, rows)
        state = OrderState(order=order, change_id=fact.change_id)
        self._keep(_armed_order(state, self._clock.at))
        for condition in order.conditions:
            watch = (order.order_id, condition.condition_id)
            known = self._watchlist.states.get(watch)
            if known is None:
                known = ConditionState(order_id=watch[0], condition_id=watch[1])
            self._keep(msgspec.structs.replace(known, streaks={}))
            self._judge(watch, cause, rows)
        self._watch_devices(named, cause, rows)

    def _lift_removed(
        self, former: Order, order: Order, cause: Cause, rows: list[Transition]
    ) -> None:
        kept = {condition.condition_id for condition in order.conditions}
        for condition in former.conditions:
            state = self._watchlist.states.get((former.order_id, condition.condition_id))
            if condition.condition_id not in kept and state is not None:
                state, row = conditions.lift(state, former, condition, cause, "condition_removed")
                self._keep(state)
                rows.extend(() if row is None else (row,))

    def _take_device(self, fact: DeviceChanged, rows: list[Transition]) -> None:
        """Take in a device as registered now. In other hands it has no past."""
        self._follow(fact.change_id)
        cause = Cause(occasion=Occasion.CHANGE, ref=f"change:{fact.change_id}", at=self._clock.at)
        former = self._watchlist.devices.get(fact.device.device_id)
        named = {fact.device.person_id} if fact.device.person_id is not None else set[PersonId]()
        if former is None:
            state = DeviceState(device=fact.device, registered_at=self._clock.at)
        else:
            if former.device.person_id is not None:
                named.add(former.device.person_id)
            moved = former.device.person_id != fact.device.person_id
            if moved or fact.device.revoked_at is not None:
                closed = devices.let_go(self._watchlist, former, cause)
                self._settle(closed, rows)
                former = closed[0]
            state = msgspec.structs.replace(former, device=fact.device)
            if moved:
                state = DeviceState(device=fact.device, registered_at=self._clock.at)
        self._keep(state)
        self._watch_devices(named, cause, rows)
        for person_id in sorted(named):
            for watch in self._watchlist.touching(person_id):
                self._judge(watch, cause, rows)

    def _take_cleared(self, fact: TamperCleared, rows: list[Transition]) -> None:
        self._follow(fact.change_id)
        cause = Cause(occasion=Occasion.CHANGE, ref=f"change:{fact.change_id}", at=self._clock.at)
        for subject in LATCHED if fact.subject is None else (fact.subject,):
            state = self._watchlist.devices.get(fact.device_id)
            if state is not None:
                closed = devices.close(self._watchlist, state, cause, subject, "cleared")
                self._settle(closed, rows)

    def _judge(self, watch: Watch, cause: Cause, rows: list[Transition]) -> None:
        try:
            state, row = conditions.judge(self._watchlist, self._watchlist.states[watch], cause)
        except Exception as error:  # noqa: BLE001 - one that cannot be judged hides no other
            self._faults.append((watch, error))
            return
        self._keep(state)
        rows.extend(() if row is None else (row,))

    def _watch_devices(
        self, people: Iterable[PersonId], cause: Cause, rows: list[Transition]
    ) -> None:
        """Begin or cease to count the silence of the devices these people carry."""
        for person_id in sorted(people):
            for state in list(self._watchlist.carried_by(person_id)):
                self._settle(devices.watched(self._watchlist, state, cause), rows)

    def _settle(self, outcome: devices.Outcome, rows: list[Transition]) -> None:
        """Keep what became of a device, with its next deadline, and note what was said."""
        state, said = outcome
        due = contact.deadline(state, self._clock.at)
        self._keep(state if due == state.deadline else msgspec.structs.replace(state, deadline=due))
        rows.extend(said)

    def _device(self, device_id: DeviceId, person_id: PersonId) -> DeviceState:
        """Return a device's state; one the register never spoke of is a tag of its carrier's."""
        state = self._watchlist.devices.get(device_id)
        if state is not None:
            return state
        unheard = Device(
            device_id=device_id,
            kind=DeviceKind.TAG,
            protocol=Protocol.KEEPCLEAR,
            person_id=person_id,
        )
        cause = Cause(occasion=Occasion.CHANGE, ref=f"unregistered:{device_id}", at=self._clock.at)
        self._keep(DeviceState(device=unheard, registered_at=self._clock.at))
        self._watch_devices((person_id,), cause, [])
        return self._watchlist.devices[device_id]

    def _turn(self, at: datetime) -> None:
        if at != self._clock.at:
            self._keep(msgspec.structs.replace(self._clock, at=at))

    def _follow(self, change_id: int) -> None:
        if change_id > self._clock.change_id:
            self._keep(msgspec.structs.replace(self._clock, change_id=change_id))

    def _keep(self, state: State) -> None:
        """Keep a state where it is looked up, note that it changed, and arm its deadline."""
        subject = snapshot.subject_of(state)
        self._subjects[subject] = state
        self._changed[subject] = state
        match state:
            case DeviceState():
                self._watchlist.put_device(state)
            case OrderState():
                self._watchlist.put_order(state)
            case ConditionState():
                self._watchlist.states[state.order_id, state.condition_id] = state
            case ClockState():
                self._clock = state
                return
        if state.deadline is not None:
            self._arm(subject, state.deadline)

    def _arm(self, subject: str, deadline: datetime) -> None:
        """See to it that `subject` is looked at by `deadline`; an earlier look re-arms itself."""
        armed = self._armed.get(subject)
        if armed is None or deadline < armed:
            self._armed[subject] = deadline
            heapq.heappush(self._heap, (deadline, subject))

    def _deadline_of(self, subject: str) -> datetime | None:
        state = self._subjects[subject]
        return None if isinstance(state, ClockState) else state.deadline


def _load_order(state: State) -> int:
    """Return which kinds of state are put back first: a condition needs its order."""
    return (ClockState, DeviceState, OrderState, ConditionState).index(type(state))


def _armed_order(state: OrderState, at: datetime) -> OrderState:
    edges = (state.order.valid_from, state.order.valid_until)
    return msgspec.structs.replace(state, deadline=min((e for e in edges if e > at), default=None))


def _is_late(fix: Fix, state: DeviceState) -> bool:
    """Return whether a fix comes too late to say anything of the present."""
    if fix.state is FixState.LATE:
        return True
    if state.places and fix.fixed_at < state.places[-1].fixed_at:
        return True
    if any(place.reading_id == fix.reading_id for place in state.places):
        return True
    return fix.received_at - fix.fixed_at > max(LATE_AFTER, 2 * state.device.interval)
