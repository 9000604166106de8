"""What the engine is told (facts) and what it says (transitions)."""

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from domain.ids import ConditionId, DeviceId, OrderId, PersonId, TransitionId
from domain.order import Device, Order
from domain.reading import DeviceEvent, Fix, Presence


class Level(StrEnum):
    """How things stand: `clear < warning < breach < contact`, and `unknown` beside them."""

    CLEAR = "clear"
    WARNING = "warning"
    BREACH = "breach"
    CONTACT = "contact"
    UNKNOWN = "unknown"


#: Orders the levels that can be compared. `unknown` is beside them, not among them.
SEVERITY: dict[Level, int] = {
    Level.CLEAR: 0,
    Level.WARNING: 1,
    Level.BREACH: 2,
    Level.CONTACT: 3,
}


class Subject(StrEnum):
    """What a transition is about: the `kind` of `INTERFACES` 4 and 5."""

    PROXIMITY = "proximity"
    EXCLUSION_ZONE = "exclusion_zone"
    INCLUSION_ZONE = "inclusion_zone"
    CONTACT_LOSS = "contact_loss"
    LOCATION_LOSS = "location_loss"
    TAMPER = "tamper"
    JAMMING = "jamming"
    TETHER = "tether"
    BATTERY = "battery"
    SHUTDOWN = "shutdown"
    SOS = "sos"
    DURESS = "duress"


#: What a device cannot take back: it stands until a human closes it.
LATCHED: Final = (Subject.TAMPER, Subject.JAMMING, Subject.TETHER)


class OrderChanged(msgspec.Struct, frozen=True, kw_only=True, tag="order_changed"):
    """An order was made, edited or ended (its `valid_until` says when)."""

    change_id: int
    received_at: datetime
    order: Order


class DeviceChanged(msgspec.Struct, frozen=True, kw_only=True, tag="device_changed"):
    """A device was registered, re-assigned or revoked."""

    change_id: int
    received_at: datetime
    device: Device


class TamperCleared(msgspec.Struct, frozen=True, kw_only=True, tag="tamper_cleared"):
    """A human closed a latched condition of a device (tamper, jamming, tether).

    Attributes:
        subject: Which of them; None is all.
    """

    change_id: int
    received_at: datetime
    device_id: DeviceId
    subject: Subject | None = None


class Tick(msgspec.Struct, frozen=True, kw_only=True, tag="tick"):
    """The clock, as a fact: silence is noticed by it."""

    received_at: datetime


Fact = Fix | DeviceEvent | Presence | OrderChanged | DeviceChanged | TamperCleared | Tick


class FixReference(msgspec.Struct, frozen=True, kw_only=True):
    """Which fix brought something about."""

    device_id: DeviceId
    fixed_at: datetime
    received_at: datetime


class Transition(msgspec.Struct, frozen=True, kw_only=True, tag="transition"):
    """A state changed, when, why, and on what evidence. Replay gives the same bytes.

    Attributes:
        transition_id: Derived from what changed and its cause.
        at: When it was decided, by the engine's clock (UTC).
        since: When it began, by the data (UTC).
        condition_id: None for what concerns the device or the order as a whole.
        before: None the first time a condition is evaluated.
        nearest_m: Nearest plausible distance, metres, rounded to 1 cm; None if there is none.
        central_m: Distance between the reported places (zones: outside positive, inside negative).
        uncertainty_m: Half-width of the plausible interval round `central_m`.
        farthest_m: Farthest plausible distance.
        ttc_s: Time to contact in seconds; None if not closing or not known.
        reason: A constant word for the rule that fired.
        proven: True when even the farthest plausible distance is inside.
        near: True when the wearer is, or could soon be, near a protected person: what makes
            tamper or silence urgent.
        page: For `unknown`: whether officers are to be paged (else a timed task).
        elsewhere: For a zone of hers: she is known to be somewhere else.
    """

    transition_id: TransitionId
    at: datetime
    since: datetime
    order_id: OrderId
    wearer_id: PersonId
    subject: Subject
    after: Level
    reason: str
    before: Level | None = None
    condition_id: ConditionId | None = None
    protected_id: PersonId | None = None
    device_id: DeviceId | None = None
    nearest_m: float | None = None
    central_m: float | None = None
    farthest_m: float | None = None
    uncertainty_m: float | None = None
    could_be_m: float | None = None
    ttc_s: float | None = None
    proven: bool = False
    retrospective: bool = False
    near: bool = False
    page: bool = False
    elsewhere: bool = False
    fix: FixReference | None = None
