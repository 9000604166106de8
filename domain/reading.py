"""What a device says, before and after it is trusted.

`RawMessage` is what arrived. A codec turns it into *reports*: the device's own claims, in SI
units. Screening and sequencing turn a report into a `Fix`, a `DeviceEvent`, a `Presence`, or a
`Rejection`; bytes that no codec can read become a `Quarantined`. All of them are kept.
"""

from datetime import datetime
from enum import StrEnum

import msgspec

from domain.ids import DeviceId, PersonId, ReadingId
from domain.position import Position


class Source(StrEnum):
    """The mechanism behind a position."""

    GNSS = "gnss"
    WIFI = "wifi"
    CELL = "cell"
    RF = "rf"


class EventType(StrEnum):
    """What a device can say besides where it is (`INTERFACES` 2.1)."""

    STRAP_TAMPER = "strap_tamper"
    STRAP_RESTORED = "strap_restored"
    CASE_TAMPER = "case_tamper"
    BATTERY_LOW = "battery_low"
    BATTERY_CRITICAL = "battery_critical"
    CHARGING_STARTED = "charging_started"
    CHARGING_STOPPED = "charging_stopped"
    GNSS_LOST = "gnss_lost"
    GNSS_RESTORED = "gnss_restored"
    JAMMING = "jamming"
    TETHER_LOST = "tether_lost"
    TETHER_RESTORED = "tether_restored"
    MOTION_WITHOUT_FIX = "motion_without_fix"
    SHUTDOWN = "shutdown"
    SOS = "sos"


class FixState(StrEnum):
    """How far a fix is trusted."""

    #: Decides: may raise and may clear.
    ACCEPTED = "accepted"
    #: Suspect: kept as evidence; may raise, never clears.
    HELD = "held"
    #: Older than a fix of the same device that was evaluated before it.
    LATE = "late"


class Reason(StrEnum):
    """Why a message, or an item of one, was not taken at its word."""

    EMPTY = "empty"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    TOO_DEEP = "too_deep"
    TOO_LARGE = "too_large"
    WRONG_SHAPE = "wrong_shape"
    UNKNOWN_TOPIC = "unknown_topic"
    UNKNOWN_DEVICE = "unknown_device"
    WRONG_TOPIC_FOR_DEVICE = "wrong_topic_for_device"
    REVOKED_DEVICE = "revoked_device"
    DUPLICATE_KEY = "duplicate_key"
    MISSING_FIELD = "missing_field"
    WRONG_TYPE = "wrong_type"
    NOT_FINITE = "not_finite"
    OUT_OF_RANGE = "out_of_range"
    NULL_ISLAND = "null_island"
    TIME_WITHOUT_ZONE = "time_without_zone"
    TIME_UNREADABLE = "time_unreadable"
    TIME_SCALE = "time_scale"
    FROM_THE_FUTURE = "from_the_future"
    CLOCK_FAULT = "clock_fault"
    RETAINED = "retained"
    DUPLICATE = "duplicate"
    REPLAYED = "replayed"
    EQUIVOCATION = "equivocation"
    FLOODING = "flooding"
    UNSUPPORTED_TYPE = "unsupported_type"
    ENCRYPTED = "encrypted"
    DECODER_FAILED = "decoder_failed"


class RawMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One MQTT message (or HTTP body) as it arrived.

    Attributes:
        topic: The MQTT topic; an HTTP body carries the topic its app would have used.
        payload: The bytes, unchanged. Never logged.
        received_at: When this system received it (UTC).
        retained: True if the broker stored it: never live.
    """

    topic: str
    payload: bytes
    received_at: datetime
    retained: bool = False


class FixReport(msgspec.Struct, frozen=True, kw_only=True, tag="fix_report"):
    """A device's claim to have been somewhere.

    Attributes:
        fixed_at: The instant of the fix by the device's clock (UTC).
        accuracy_m: Radius claimed for 68 %; None is unknown, never perfect.
        boot: Boot counter, with `seq` the device's own identity of the message.
        seq: Counter since boot over fixes and events.
        oldest: Lowest `seq` of this boot that the device still holds.
        body_hash: Hex SHA-256 of the item's canonical bytes: tells a repeat from a contradiction.
    """

    fixed_at: datetime
    position: Position
    body_hash: str
    accuracy_m: float | None = None
    boot: int | None = None
    seq: int | None = None
    oldest: int | None = None
    speed_mps: float | None = None
    course_deg: float | None = None
    altitude_m: float | None = None
    satellites: int | None = None
    battery_percent: int | None = None
    source: Source = Source.GNSS


class EventReport(msgspec.Struct, frozen=True, kw_only=True, tag="event_report"):
    """A device's claim that something happened to it."""

    occurred_at: datetime
    event_type: EventType
    body_hash: str
    boot: int | None = None
    seq: int | None = None
    oldest: int | None = None
    position: Position | None = None
    accuracy_m: float | None = None


class PresenceReport(msgspec.Struct, frozen=True, kw_only=True, tag="presence_report"):
    """A device (or the broker on its behalf, by its last will) saying whether it is connected."""

    online: bool


Report = FixReport | EventReport | PresenceReport


class Fix(msgspec.Struct, frozen=True, kw_only=True, tag="fix"):
    """A position of a device that is trusted as far as `state` says.

    Attributes:
        reading_id: Derived from device, boot, seq and body: the same message twice is one reading.
        log_position: 1024 x number of the raw message + index within it; orders all readings.
        fixed_at: Instant of the fix (UTC), corrected if the device's clock was at fault.
        received_at: Instant of arrival (UTC).
        accuracy_m: Claimed 68 % radius in metres; None is unknown.
        reason: Why it is not simply accepted; None if it is.
    """

    reading_id: ReadingId
    log_position: int
    device_id: DeviceId
    person_id: PersonId
    fixed_at: datetime
    received_at: datetime
    position: Position
    state: FixState = FixState.ACCEPTED
    reason: Reason | None = None
    accuracy_m: float | None = None
    boot: int | None = None
    seq: int | None = None
    speed_mps: float | None = None
    course_deg: float | None = None
    altitude_m: float | None = None
    satellites: int | None = None
    battery_percent: int | None = None
    source: Source = Source.GNSS


class DeviceEvent(msgspec.Struct, frozen=True, kw_only=True, tag="device_event"):
    """Something that happened to a device, by its own account. A filter never drops one."""

    reading_id: ReadingId
    log_position: int
    device_id: DeviceId
    person_id: PersonId
    occurred_at: datetime
    received_at: datetime
    event_type: EventType
    boot: int | None = None
    seq: int | None = None
    position: Position | None = None
    accuracy_m: float | None = None


class Presence(msgspec.Struct, frozen=True, kw_only=True, tag="presence"):
    """Whether a device is connected to the broker."""

    reading_id: ReadingId
    log_position: int
    device_id: DeviceId
    person_id: PersonId
    received_at: datetime
    online: bool


class Rejection(msgspec.Struct, frozen=True, kw_only=True, tag="rejection"):
    """A readable report that is kept but decides nothing, and why."""

    reading_id: ReadingId
    log_position: int
    device_id: DeviceId
    received_at: datetime
    reason: Reason
    person_id: PersonId | None = None
    claimed_at: datetime | None = None
    boot: int | None = None
    seq: int | None = None
    field: str | None = None


class Quarantined(msgspec.Struct, frozen=True, kw_only=True, tag="quarantined"):
    """A message, or an item of one, that no codec could read. The raw bytes are kept."""

    log_position: int
    topic: str
    received_at: datetime
    reason: Reason
    device_id: DeviceId | None = None
    field: str | None = None


Reading = Fix | DeviceEvent | Presence
