"""What the engine remembers, subject by subject. Values only; `snapshot` turns them into bytes."""

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from domain.ids import ConditionId, DeviceId, OrderId, ReadingId
from domain.order import Device, Order
from domain.transition import Level, Subject
from geofence.geodesy import Offset
from geofence.leaving import Streak
from geofence.track import STILL_MPS, Place, Sighting

#: Closing in more slowly than a slow walk is no approach.
CLOSING_MPS: Final = 1.0


class Contact(StrEnum):
    """Whether a device reports."""

    REPORTING = "reporting"
    LATE = "late"
    SILENT = "silent"


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """Something is the matter with a device, and under which order that was said.

    Attributes:
        order_id: None while no order was in force to say it under.
    """

    level: Level
    reason: str
    since: datetime
    order_id: OrderId | None = None


class DeviceState(msgspec.Struct, frozen=True, kw_only=True, tag="device"):
    """One device: who carries it, where it was, whether it reports, what is the matter.

    Attributes:
        registered_at: When it came to its present carrier.
        heard_at: When anything last arrived from it; None before the first time.
        watched_since: Since when an order in force has named its carrier; None while none does.
        places: Its last places of the present carrier, oldest first.
        velocity_mps: How it moves by them, metres a second east and north.
        online: What the broker last said of its connection.
        moved: It said that it moved, and has not said where to.
        sos_id: The SOS last passed on, so that hearing it again is not a second cry.
    """

    device: Device
    registered_at: datetime
    heard_at: datetime | None = None
    watched_since: datetime | None = None
    places: tuple[Place, ...] = ()
    velocity_mps: Offset = (0.0, 0.0)
    contact: Contact = Contact.REPORTING
    online: bool | None = None
    charging: bool = False
    moved: bool = False
    troubles: dict[Subject, Trouble] = {}
    sos_id: ReadingId | None = None
    deadline: datetime | None = None

    @property
    def device_id(self) -> DeviceId:
        """Return the device's id."""
        return self.device.device_id

    def troubled(self, *subjects: Subject) -> bool:
        """Return whether any of `subjects` is the matter."""
        return any(subject in self.troubles for subject in subjects)

    def sighting(self) -> Sighting | None:
        """Return what can be measured of it; None if it never said where it was."""
        if not self.places or self.device.revoked_at is not None:
            return None
        east, north = self.velocity_mps
        stands = east * east + north * north < STILL_MPS * STILL_MPS
        return Sighting(
            device_id=self.device.device_id,
            interval=self.device.interval,
            places=self.places,
            heard_at=self.heard_at or self.places[-1].received_at,
            velocity_mps=self.velocity_mps,
            resting=self.charging or (stands and not self.moved),
        )


class ConditionState(msgspec.Struct, frozen=True, kw_only=True, tag="condition"):
    """One condition of an order: its level, and what it takes to leave it.

    Attributes:
        level: None until it was evaluated for the first time.
        known: The last level that was not `unknown`.
        in_force_since: When order and schedule last began to hold; None while they do not.
        streaks: For each ring, the good fixes in a row beyond it.
        eased_at: When, by the data, the level last fell: what lies before was judged already.
        nearest_m: As last measured.
        near: He is near, or could be there within a quarter of an hour.
        close: He was last seen within the warning distance.
        closing_mps: How fast they closed in on each other.
        fresh: Everyone's report was as young as it should be.
    """

    order_id: OrderId
    condition_id: ConditionId
    level: Level | None = None
    known: Level = Level.CLEAR
    in_force_since: datetime | None = None
    streaks: dict[Level, Streak] = {}
    eased_at: datetime | None = None
    nearest_m: float | None = None
    near: bool = False
    close: bool = False
    closing_mps: float = 0.0
    fresh: bool = False
    deadline: datetime | None = None

    @property
    def worrying(self) -> bool:
        """Return whether things stood at `warning` or worse, or were getting worse."""
        return self.known is not Level.CLEAR or self.closing_mps >= CLOSING_MPS

    @property
    def pressing(self) -> bool:
        """Return whether a device that falls silent now falls silent near her."""
        return self.close or (self.near and self.worrying)


class OrderState(msgspec.Struct, frozen=True, kw_only=True, tag="order"):
    """One order as last changed; `deadline` is its next beginning or end."""

    order: Order
    change_id: int
    deadline: datetime | None = None


class ClockState(msgspec.Struct, frozen=True, kw_only=True, tag="clock"):
    """The engine's clock, which never runs back, and the last register change it followed."""

    at: datetime
    change_id: int = 0


State = DeviceState | ConditionState | OrderState | ClockState
