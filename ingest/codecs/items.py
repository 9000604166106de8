"""What every JSON codec does before it reads a field: from a message to its single objects.

Pure. A message holds one object or an array of up to 500; each is read on its own, so one bad
item costs nothing but itself.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, cast

from domain.reading import RawMessage, Reason, Report
from ingest.payload import Ambiguous, Fault, body_hash, parse

ITEMS_MAX: Final = 500

Item = Report | Fault
Object = Mapping[str, object]
Reader = Callable[[Object, datetime], Item]


def read_items(message: RawMessage, read: Reader) -> tuple[Item, ...]:
    """Return what `read` makes of each object in `message`, in the message's own order."""
    value = parse(message.payload)
    if isinstance(value, Fault):
        return (value,)
    if not isinstance(value, list):
        return (_read(value, message.received_at, read),)
    found = cast("list[object]", value)
    if len(found) > ITEMS_MAX:
        return (Fault(reason=Reason.TOO_LARGE),)
    return tuple(_read(item, message.received_at, read) for item in found)


def refuse(item: Object, reason: Reason, field: str, claimed_at: datetime | None = None) -> Fault:
    """Return the fault of an object whose `field` cannot be used."""
    return Fault(
        reason=reason,
        field=field,
        readable=True,
        claimed_at=claimed_at,
        body_hash=body_hash(item),
    )


def _read(item: object, received_at: datetime, read: Reader) -> Item:
    if not isinstance(item, dict):
        return Fault(reason=Reason.WRONG_SHAPE)
    found = cast("dict[str, object]", item)
    if isinstance(item, Ambiguous):
        return Fault(reason=Reason.DUPLICATE_KEY, readable=True, body_hash=body_hash(found))
    return read(found, received_at)
