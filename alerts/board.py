"""The board of devices: which reports, which is late, which is in trouble. Pure.

Trouble (silence, no position, tamper …) is the engine's decision and comes by transition; being
late is seen here, by ticks, from the interval the device promised.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from alerts.policy import DEVICE_SUBJECTS
from alerts.register import Register
from domain.ids import DeviceId, PersonId, is_canary
from domain.order import Device, DeviceKind
from domain.reading import Fix, FixState, Reading
from domain.transition import Level, Subject, Transition

#: How long after its interval a device is called late.
LATE_AFTER: Final = timedelta(seconds=10)


class DeviceState(StrEnum):
    """How a device is doing, in one word."""

    #: Registered, and not heard of yet.
    WAITING = "waiting"
    REPORTING = "reporting"
    LATE = "late"
    SILENT = "silent"
    #: It reports, but not where it is.
    NO_POSITION = "no_position"
    TAMPERED = "tampered"
    JAMMED = "jammed"
    UNTETHERED = "untethered"
    OFF = "off"


class DeviceView(msgspec.Struct, frozen=True, kw_only=True):
    """A device as the board shows it.

    Attributes:
        since: Since when it has been in this state; None before it was ever heard.
        heard_at: When anything last arrived from it.
        last_fix_at: Instant of its newest live fix.
    """

    device_id: DeviceId
    person_id: PersonId | None
    kind: DeviceKind
    interval: timedelta
    state: DeviceState = DeviceState.WAITING
    since: datetime | None = None
    heard_at: datetime | None = None
    last_fix_at: datetime | None = None
    battery_percent: int | None = None
    troubles: frozenset[Subject] = frozenset()


#: The word for a device in trouble; the first that applies is shown.
_TROUBLES: Final[tuple[tuple[Subject, DeviceState], ...]] = (
    (Subject.TAMPER, DeviceState.TAMPERED),
    (Subject.JAMMING, DeviceState.JAMMED),
    (Subject.SHUTDOWN, DeviceState.OFF),
    (Subject.CONTACT_LOSS, DeviceState.SILENT),
    (Subject.LOCATION_LOSS, DeviceState.NO_POSITION),
    (Subject.TETHER, DeviceState.UNTETHERED),
)


class Board:
    """All devices that still have credentials, and how they are doing."""

    def __init__(self, register: Register) -> None:
        """Begin with every device of the register waiting."""
        self._devices: dict[DeviceId, DeviceView] = {}
        self.renew(register)

    def renew(self, register: Register) -> None:
        """Follow the register: new devices are added, revoked ones leave."""
        standing = (one for one in register.devices.values() if _shown(one))
        self._devices = {
            device.device_id: msgspec.structs.replace(
                self._devices.get(device.device_id, _fresh(device)),
                person_id=device.person_id,
                interval=device.interval,
            )
            for device in standing
        }

    def restore(self, fixes: Iterable[Fix], troubles: Iterable[tuple[DeviceId, Subject]]) -> None:
        """Recall, after a restart, each device's last live fix and what troubled it."""
        for fix in fixes:
            self.take_reading(fix)
        for device_id, subject in troubles:
            device = self._devices.get(device_id)
            if device is not None:
                self._put(device, device.heard_at, troubles=device.troubles | {subject})

    def take_reading(self, reading: Reading) -> DeviceView | None:
        """Note that a device was heard; return it if its state changed by that."""
        device = self._devices.get(reading.device_id)
        if device is None:
            return None
        if device.heard_at is None or reading.received_at > device.heard_at:
            device = msgspec.structs.replace(device, heard_at=reading.received_at)
        if isinstance(reading, Fix) and reading.state is FixState.ACCEPTED:
            device = _with_fix(device, reading)
        return self._put(device, reading.received_at)

    def take_transition(self, transition: Transition) -> DeviceView | None:
        """Note what the engine decided about a device; return it if its state changed by that."""
        device = self._devices.get(transition.device_id or DeviceId(""))
        if device is None or transition.subject not in DEVICE_SUBJECTS:
            return None
        subject = frozenset({transition.subject})
        clear = transition.after is Level.CLEAR
        troubles = device.troubles - subject if clear else device.troubles | subject
        return self._put(device, transition.at, troubles=troubles)

    def tick(self, now: datetime) -> list[DeviceView]:
        """Return the devices whose state changed because time has passed."""
        changed = (self._put(device, now) for device in tuple(self._devices.values()))
        return [device for device in changed if device is not None]

    def device(self, device_id: DeviceId) -> DeviceView | None:
        """Return one device, or None if it is not on the board."""
        return self._devices.get(device_id)

    def listed(self) -> list[DeviceView]:
        """Return the devices officers may be shown: the synthetic case is not among them."""
        return [one for one in self._devices.values() if not is_canary(one.device_id)]

    def _put(
        self,
        device: DeviceView,
        now: datetime | None,
        *,
        troubles: frozenset[Subject] | None = None,
    ) -> DeviceView | None:
        if troubles is not None:
            device = msgspec.structs.replace(device, troubles=troubles)
        before = self._devices[device.device_id].state
        after = device.state if now is None else _state_of(device, now)
        if after is not before:
            device = msgspec.structs.replace(device, state=after, since=now)
        self._devices[device.device_id] = device
        return None if after is before else device


def overdue(device: DeviceView, now: datetime, grace: timedelta) -> bool:
    """Return whether nothing came from the device for its interval and `grace`."""
    return device.heard_at is None or now - device.heard_at > device.interval + grace


def _state_of(device: DeviceView, now: datetime) -> DeviceState:
    for subject, state in _TROUBLES:
        if subject in device.troubles:
            return state
    if device.heard_at is None:
        return DeviceState.WAITING
    return DeviceState.LATE if overdue(device, now, LATE_AFTER) else DeviceState.REPORTING


def _with_fix(device: DeviceView, fix: Fix) -> DeviceView:
    if device.last_fix_at is not None and fix.fixed_at < device.last_fix_at:
        return device
    battery = device.battery_percent if fix.battery_percent is None else fix.battery_percent
    return msgspec.structs.replace(device, last_fix_at=fix.fixed_at, battery_percent=battery)


def _shown(device: Device) -> bool:
    return device.revoked_at is None and device.kind is not DeviceKind.GATEWAY


def _fresh(device: Device) -> DeviceView:
    return DeviceView(
        device_id=device.device_id,
        person_id=device.person_id,
        kind=device.kind,
        interval=device.interval,
    )
