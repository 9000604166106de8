"""The device machine: whether a device reports, and what else is the matter with it.

Pure. Silence is noticed by a stored deadline, not by a message: a device is *late* when its
interval has passed without a word, and *silent* when ten more seconds have (near a protected
person) or thirty (elsewhere). Anything it says makes it *reporting* again.

Tamper, jamming and a lost tether latch: strap restored is not strap trusted, and only a human
closes them (a tether also closes when it is restored). A filter never drops an event.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from domain.order import Protocol
from domain.reading import EventType
from domain.transition import Level, Subject
from geofence.state import Contact, DeviceState

#: How long after its interval a silent device is given, near a protected person and elsewhere.
GRACE_NEAR: Final = timedelta(seconds=10)
GRACE: Final = timedelta(seconds=30)


class Sign(StrEnum):
    """What the clock, or an arrival, says about a device's contact."""

    HEARD = "heard"
    OVERDUE = "overdue"
    GIVEN_UP = "given_up"


TRANSITIONS: Final[Mapping[tuple[Contact, Sign], Contact]] = MappingProxyType(
    {
        (Contact.REPORTING, Sign.HEARD): Contact.REPORTING,
        (Contact.REPORTING, Sign.OVERDUE): Contact.LATE,
        (Contact.REPORTING, Sign.GIVEN_UP): Contact.SILENT,
        (Contact.LATE, Sign.HEARD): Contact.REPORTING,
        (Contact.LATE, Sign.OVERDUE): Contact.LATE,
        (Contact.LATE, Sign.GIVEN_UP): Contact.SILENT,
        (Contact.SILENT, Sign.HEARD): Contact.REPORTING,
        (Contact.SILENT, Sign.OVERDUE): Contact.SILENT,
        (Contact.SILENT, Sign.GIVEN_UP): Contact.SILENT,
    }
)

#: What an event raises: about what, and how high.
RAISES: Final[Mapping[EventType, tuple[Subject, Level]]] = MappingProxyType(
    {
        EventType.STRAP_TAMPER: (Subject.TAMPER, Level.WARNING),
        EventType.CASE_TAMPER: (Subject.TAMPER, Level.WARNING),
        EventType.JAMMING: (Subject.JAMMING, Level.WARNING),
        EventType.TETHER_LOST: (Subject.TETHER, Level.WARNING),
        EventType.BATTERY_LOW: (Subject.BATTERY, Level.WARNING),
        EventType.BATTERY_CRITICAL: (Subject.BATTERY, Level.WARNING),
        EventType.SHUTDOWN: (Subject.SHUTDOWN, Level.WARNING),
        EventType.GNSS_LOST: (Subject.LOCATION_LOSS, Level.UNKNOWN),
        EventType.SOS: (Subject.SOS, Level.BREACH),
    }
)

#: What an event closes. A restored strap is not here: a human closes tamper.
CLOSES: Final[Mapping[EventType, Subject]] = MappingProxyType(
    {
        EventType.TETHER_RESTORED: Subject.TETHER,
        EventType.CHARGING_STARTED: Subject.BATTERY,
        EventType.GNSS_RESTORED: Subject.LOCATION_LOSS,
    }
)


def silent_since(state: DeviceState) -> datetime | None:
    """Return from when its silence is counted; None while no order in force watches it.

    Her page in a browser promises no reports: it sleeps with the phone, and its silence says
    nothing. What is known of her place ages all the same.
    """
    promises = state.device.protocol is not Protocol.APP
    if state.watched_since is None or state.device.revoked_at is not None or not promises:
        return None
    return max(state.watched_since, state.heard_at or state.registered_at)


def sign(state: DeviceState, at: datetime, *, near: bool) -> Sign:
    """Return what the clock says about a device at `at`."""
    since = silent_since(state)
    if since is None:
        return Sign.HEARD
    quiet = at - since - state.device.interval
    if quiet >= (GRACE_NEAR if near else GRACE):
        return Sign.GIVEN_UP
    return Sign.OVERDUE if quiet >= timedelta(0) else Sign.HEARD


def deadline(state: DeviceState, at: datetime) -> datetime | None:
    """Return the next instant after `at` at which silence must be looked at again."""
    since = silent_since(state)
    if since is None or state.contact is Contact.SILENT:
        return None
    due = since + state.device.interval
    return next((t for t in (due, due + GRACE_NEAR, due + GRACE) if t > at), None)
