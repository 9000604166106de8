"""The native protocol: `kc/v1/{device_id}/fix`, `event`, `online` and `cmd/ack`.

Pure. `INTERFACES` 2.1 is the specification. Unknown fields are ignored, bad extras are dropped
and the fix kept. An event is never lost for a bad instant or place: a cut strap with a broken
clock is still a cut strap, and then happened when it arrived.
"""

from datetime import datetime
from typing import Final

import msgspec

from domain.position import Position
from domain.reading import (
    EventReport,
    EventType,
    FixReport,
    PresenceReport,
    RawMessage,
    Reason,
    Source,
)
from ingest import fields
from ingest.codecs.items import Item, Object, read_items, refuse
from ingest.payload import Fault, body_hash, parse

_SOURCES: Final[dict[object, Source]] = {source.value: source for source in Source}
_EVENTS: Final[dict[object, EventType]] = {event.value: event for event in EventType}


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """What a device calls its message, complete or not at all."""

    boot: int | None
    seq: int | None
    oldest: int | None


def decode_fixes(message: RawMessage) -> tuple[Item, ...]:
    """Return the fixes of one object, or of an array of up to 500."""
    return read_items(message, _fix)


def decode_events(message: RawMessage) -> tuple[Item, ...]:
    """Return the event of one object; an array of them is understood, too."""
    return read_items(message, _event)


def decode_online(message: RawMessage) -> tuple[Item, ...]:
    """Return whether the device is connected: `1`, or its last will, `0`."""
    match message.payload.strip():
        case b"1":
            return (PresenceReport(online=True),)
        case b"0":
            return (PresenceReport(online=False),)
        case b"":
            return (Fault(reason=Reason.EMPTY),)
        case _:
            return (Fault(reason=Reason.WRONG_SHAPE),)


def decode_command_ack(message: RawMessage) -> tuple[Item, ...]:
    """Return nothing: the answer to a command is kept with the raw messages and moves nobody."""
    value = parse(message.payload)
    if isinstance(value, Fault):
        return (value,)
    return () if isinstance(value, dict) else (Fault(reason=Reason.WRONG_SHAPE),)


def _fix(item: Object, _received_at: datetime) -> Item:
    """Return the fix that `item` claims, or the first fault in `t`, `lat`, `lon`."""
    identity = _identity(item)
    fixed_at = fields.instant(item.get("t"))
    if isinstance(fixed_at, Reason):
        return _fault(item, identity, fixed_at, "t")
    latitude_deg = fields.coordinate(item.get("lat"), 90.0)
    if isinstance(latitude_deg, Reason):
        return _fault(item, identity, latitude_deg, "lat", fixed_at)
    longitude_deg = fields.coordinate(item.get("lon"), 180.0)
    if isinstance(longitude_deg, Reason):
        return _fault(item, identity, longitude_deg, "lon", fixed_at)
    return FixReport(
        fixed_at=fixed_at,
        position=Position(latitude_deg=latitude_deg, longitude_deg=longitude_deg),
        body_hash=body_hash(item),
        accuracy_m=fields.accuracy_m(item.get("acc")),
        boot=identity.boot,
        seq=identity.seq,
        oldest=identity.oldest,
        speed_mps=fields.speed_mps(item.get("spd")),
        course_deg=fields.course_deg(item.get("cog")),
        altitude_m=fields.altitude_m(item.get("alt")),
        satellites=fields.satellites(item.get("sats")),
        battery_percent=fields.battery_percent(item.get("batt")),
        source=_source(item.get("src")),
    )


def _event(item: Object, received_at: datetime) -> Item:
    """Return the event that `item` claims, or the fault in its `type`."""
    identity = _identity(item)
    occurred_at = fields.instant(item.get("t"))
    if isinstance(occurred_at, Reason):
        occurred_at = received_at
    claimed = item.get("type")
    event_type = _EVENTS.get(claimed) if isinstance(claimed, str) else None
    if event_type is None:
        return _fault(item, identity, _type_fault(claimed), "type", occurred_at)
    position = _position(item)
    return EventReport(
        occurred_at=occurred_at,
        event_type=event_type,
        body_hash=body_hash(item),
        boot=identity.boot,
        seq=identity.seq,
        oldest=identity.oldest,
        position=position,
        accuracy_m=None if position is None else fields.accuracy_m(item.get("acc")),
    )


def _type_fault(claimed: object) -> Reason:
    if claimed is None:
        return Reason.MISSING_FIELD
    return Reason.UNSUPPORTED_TYPE if isinstance(claimed, str) else Reason.WRONG_TYPE


def _position(item: Object) -> Position | None:
    latitude_deg = fields.coordinate(item.get("lat"), 90.0)
    longitude_deg = fields.coordinate(item.get("lon"), 180.0)
    if isinstance(latitude_deg, Reason) or isinstance(longitude_deg, Reason):
        return None
    return Position(latitude_deg=latitude_deg, longitude_deg=longitude_deg)


def _source(value: object) -> Source:
    return _SOURCES.get(value, Source.GNSS) if isinstance(value, str) else Source.GNSS


def _identity(item: Object) -> Identity:
    boot = fields.counter(item.get("boot"))
    seq = fields.counter(item.get("seq"))
    if boot is None or seq is None:
        return Identity(boot=None, seq=None, oldest=None)
    oldest = fields.counter(item.get("oldest"))
    # A device cannot hold as its oldest what it has not numbered yet.
    return Identity(boot=boot, seq=seq, oldest=None if oldest is None else min(oldest, seq))


def _fault(
    item: Object,
    identity: Identity,
    reason: Reason,
    field: str,
    claimed_at: datetime | None = None,
) -> Fault:
    return msgspec.structs.replace(
        refuse(item, reason, field, claimed_at),
        boot=identity.boot,
        seq=identity.seq,
        oldest=identity.oldest,
    )
