"""What a device's facts change about the device itself: contact, tamper, battery, and the like.

Pure. Rows are said under an order in force that names the carrier (where she is the protected
person, one that protects her). While there is none the trouble is remembered, and said as soon as
one begins.
"""

from datetime import datetime

import msgspec

from domain.order import Order
from domain.reading import DeviceEvent, EventType, Fix
from domain.transition import LATCHED, Level, Subject, Transition
from geofence import contact
from geofence.contact import Sign
from geofence.errors import tells_place
from geofence.rows import Cause, Change, device_row
from geofence.state import Contact, DeviceState, Trouble
from geofence.track import appended, place_of, velocity
from geofence.watchlist import Watchlist

Outcome = tuple[DeviceState, list[Transition]]

SILENT = "silent"


def heard(watchlist: Watchlist, state: DeviceState, cause: Cause, at: datetime) -> Outcome:
    """Return a device that has just been heard of at `at`: it reports, whatever it said."""
    state = msgspec.structs.replace(
        state,
        heard_at=max(at, state.heard_at or at),
        contact=contact.TRANSITIONS[state.contact, Sign.HEARD],
    )
    return close(watchlist, state, cause, Subject.CONTACT_LOSS, "heard_again")


def overdue(watchlist: Watchlist, state: DeviceState, cause: Cause) -> Outcome:
    """Return a device whose deadline has come: late, or silent, or not even late."""
    found = contact.sign(state, cause.at, near=_pressing(watchlist, state))
    advanced = contact.TRANSITIONS[state.contact, found] if found is not Sign.HEARD else None
    if advanced is None or advanced is state.contact:
        return state, []
    state = msgspec.structs.replace(state, contact=advanced)
    if advanced is not Contact.SILENT:
        return state, []
    trouble = Trouble(level=Level.UNKNOWN, reason=SILENT, since=cause.at)
    return raise_(watchlist, state, cause, Subject.CONTACT_LOSS, trouble)


def said(watchlist: Watchlist, state: DeviceState, cause: Cause, event: DeviceEvent) -> Outcome:
    """Return a device after an event of its own account."""
    state = _noted(state, event)
    if event.event_type in contact.CLOSES:
        subject = contact.CLOSES[event.event_type]
        return close(watchlist, state, cause, subject, str(event.event_type))
    if event.event_type not in contact.RAISES or _superseded(state, event):
        return state, []
    subject, level = contact.RAISES[event.event_type]
    trouble = Trouble(level=level, reason=str(event.event_type), since=event.occurred_at)
    if subject is Subject.SOS:
        return _cried(watchlist, state, cause, event)
    return raise_(watchlist, state, cause, subject, trouble)


def raise_(
    watchlist: Watchlist, state: DeviceState, cause: Cause, subject: Subject, trouble: Trouble
) -> Outcome:
    """Return a device that something is the matter with; said once, until it is closed."""
    standing = state.troubles.get(subject)
    if standing is not None and not _worse(standing, trouble):
        return state, []
    order = _order_for(watchlist, state, cause.at)
    trouble = msgspec.structs.replace(trouble, order_id=order.order_id if order else None)
    state = msgspec.structs.replace(state, troubles={**state.troubles, subject: trouble})
    if order is None:
        return state, []
    before = standing.level if standing is not None else Level.CLEAR
    return state, [_raised(watchlist, state, cause, order, (subject, before, trouble))]


def close(
    watchlist: Watchlist, state: DeviceState, cause: Cause, subject: Subject, reason: str
) -> Outcome:
    """Return a device that something is no longer the matter with."""
    standing = state.troubles.get(subject)
    if standing is None:
        return state, []
    rest = {key: value for key, value in state.troubles.items() if key is not subject}
    state = msgspec.structs.replace(state, troubles=rest)
    said_under = watchlist.orders.get(standing.order_id) if standing.order_id else None
    if said_under is None:
        return state, []
    change = Change(
        subject=subject,
        before=standing.level,
        after=Level.CLEAR,
        reason=reason,
        since=cause.at,
        near=_near(watchlist, state),
    )
    return state, [device_row(change, cause, order=said_under.order, state=state)]


def watched(watchlist: Watchlist, state: DeviceState, cause: Cause) -> Outcome:
    """Return a device once more, now that an order that names its carrier has begun or ended."""
    order = _order_for(watchlist, state, cause.at)
    if order is None:
        state = msgspec.structs.replace(state, watched_since=None, contact=Contact.REPORTING)
        return close(watchlist, state, cause, Subject.CONTACT_LOSS, "order_ended")
    if state.watched_since is None:
        state = msgspec.structs.replace(state, watched_since=cause.at)
    rows: list[Transition] = []
    for subject, trouble in state.troubles.items():
        if trouble.order_id is None:
            said_now = msgspec.structs.replace(trouble, order_id=order.order_id)
            troubles = {**state.troubles, subject: said_now}
            state = msgspec.structs.replace(state, troubles=troubles)
            rows.append(_raised(watchlist, state, cause, order, (subject, Level.CLEAR, said_now)))
    return state, rows


def fixed(watchlist: Watchlist, state: DeviceState, cause: Cause, fix: Fix) -> Outcome:
    """Return a device that has just made a fix that decides, in time."""
    state, rows = close(watchlist, state, cause, Subject.SHUTDOWN, "fix")
    if not tells_place(fix):
        return state, rows
    places = appended(state.places, place_of(fix), state.device.interval)
    state = msgspec.structs.replace(
        state, moved=False, places=places, velocity_mps=velocity(places)
    )
    state, found = close(watchlist, state, cause, Subject.LOCATION_LOSS, "fix")
    return state, rows + found


def let_go(watchlist: Watchlist, state: DeviceState, cause: Cause) -> Outcome:
    """Return a device that is taken out of service or out of these hands.

    What only a human may close stays open; the rest of its troubles end here.
    """
    rows: list[Transition] = []
    for subject in tuple(state.troubles):
        if subject not in LATCHED:
            state, closed = close(watchlist, state, cause, subject, "device_withdrawn")
            rows += closed
    return msgspec.structs.replace(state, watched_since=None, contact=Contact.REPORTING), rows


def _noted(state: DeviceState, event: DeviceEvent) -> DeviceState:
    match event.event_type:
        case EventType.CHARGING_STARTED:
            return msgspec.structs.replace(state, charging=True)
        case EventType.CHARGING_STOPPED:
            return msgspec.structs.replace(state, charging=False)
        case EventType.MOTION_WITHOUT_FIX:
            return msgspec.structs.replace(state, moved=True)
        case _:
            return state


def _superseded(state: DeviceState, event: DeviceEvent) -> bool:
    """Return whether a later fix already contradicts this event."""
    if event.event_type not in {EventType.GNSS_LOST, EventType.SHUTDOWN} or not state.places:
        return False
    return state.places[-1].fixed_at > event.occurred_at


def _cried(watchlist: Watchlist, state: DeviceState, cause: Cause, event: DeviceEvent) -> Outcome:
    """Return a cry for help: every one counts, none latches, and no date makes it void."""
    order = _order_for(watchlist, state, cause.at)
    if order is None and state.device.person_id is not None:
        order = watchlist.last_order_naming(state.device.person_id)
    if order is None or state.sos_id == event.reading_id:
        return state, []
    state = msgspec.structs.replace(state, sos_id=event.reading_id)
    trouble = Trouble(level=Level.BREACH, reason="sos", since=event.occurred_at)
    return state, [_raised(watchlist, state, cause, order, (Subject.SOS, Level.CLEAR, trouble))]


def _raised(
    watchlist: Watchlist,
    state: DeviceState,
    cause: Cause,
    order: Order,
    what: tuple[Subject, Level, Trouble],
) -> Transition:
    subject, before, trouble = what
    carrier = state.device.person_id
    unknown = trouble.level is Level.UNKNOWN
    change = Change(
        subject=subject,
        before=before,
        after=trouble.level,
        reason=trouble.reason,
        since=trouble.since,
        near=_pressing(watchlist, state) if unknown else _near(watchlist, state),
        page=unknown and carrier is not None and watchlist.urgent(carrier),
    )
    return device_row(change, cause, order=order, state=state)


def _worse(standing: Trouble, trouble: Trouble) -> bool:
    """Return whether a second word about the same thing adds to the first."""
    critical = str(EventType.BATTERY_CRITICAL)
    return trouble.reason == critical and standing.reason != critical


def _order_for(watchlist: Watchlist, state: DeviceState, at: datetime) -> Order | None:
    carrier = state.device.person_id
    if carrier is None or state.device.revoked_at is not None:
        return None
    return next(iter(watchlist.orders_naming(carrier, at)), None)


def _near(watchlist: Watchlist, state: DeviceState) -> bool:
    carrier = state.device.person_id
    return carrier is not None and watchlist.near(carrier)


def _pressing(watchlist: Watchlist, state: DeviceState) -> bool:
    """Return whether silence of this device is silence near her.

    Being a quarter of an hour away makes tamper urgent; most people live that near, and being
    indoors there is no emergency.
    """
    carrier = state.device.person_id
    return carrier is not None and (watchlist.pressing(carrier) or watchlist.urgent(carrier))
