"""Which codec a topic belongs to, and what device it names.

Pure. A codec knows one vendor's words and turns them into reports in SI units; nothing behind it
ever sees a vendor's field. A bug in a codec costs the message that met it, never the room.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Final

import msgspec

from domain.order import Protocol
from domain.reading import RawMessage, Reason
from ingest.codecs import native, owntracks
from ingest.codecs.items import Item
from ingest.payload import Fault

Codec = Callable[[RawMessage], tuple[Item, ...]]


class Dialect(StrEnum):
    """What a topic says its message is written in."""

    NATIVE_FIX = "native_fix"
    NATIVE_EVENT = "native_event"
    NATIVE_ONLINE = "native_online"
    NATIVE_COMMAND_ACK = "native_command_ack"
    OWNTRACKS = "owntracks"
    DOWNLINK = "downlink"


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """Where a topic leads.

    Attributes:
        device: What the topic names as the sender; the broker lets nobody else write there.
        external: The name another system gives the sender ("user/device").
        protocols: What the sender must be registered as.
    """

    dialect: Dialect
    device: str
    external: str | None = None
    protocols: frozenset[Protocol]


#: Her page in a browser has no protocol of its own; what it sends is written in the native one.
_NATIVE: Final = frozenset({Protocol.KEEPCLEAR, Protocol.APP})
_OWNTRACKS: Final = frozenset({Protocol.OWNTRACKS})

_NATIVE_LEAVES: Final = {
    "fix": Dialect.NATIVE_FIX,
    "event": Dialect.NATIVE_EVENT,
    "online": Dialect.NATIVE_ONLINE,
    "cmd/ack": Dialect.NATIVE_COMMAND_ACK,
    "cmd": Dialect.DOWNLINK,
    "ack": Dialect.DOWNLINK,
}

_CODECS: Final[dict[Dialect, Codec]] = {
    Dialect.NATIVE_FIX: native.decode_fixes,
    Dialect.NATIVE_EVENT: native.decode_events,
    Dialect.NATIVE_ONLINE: native.decode_online,
    Dialect.NATIVE_COMMAND_ACK: native.decode_command_ack,
    Dialect.OWNTRACKS: owntracks.decode,
}


def route(topic: str) -> Route | None:
    """Return where `topic` leads, or None if nothing of ours is said there."""
    levels = topic.split("/")
    match levels:
        case ["kc", "v1", device, *leaf] if device:
            dialect = _NATIVE_LEAVES.get("/".join(leaf))
            if dialect is None:
                return None
            return Route(dialect=dialect, device=device, protocols=_NATIVE)
        case ["owntracks", user, device, *leaf] if user and device:
            return Route(
                dialect=Dialect.DOWNLINK if leaf[:1] == ["cmd"] else Dialect.OWNTRACKS,
                device=user,
                external=f"{user}/{device}",
                protocols=_OWNTRACKS,
            )
        case _:
            return None


def decode(dialect: Dialect, message: RawMessage) -> tuple[Item, ...]:
    """Return what `message` says, item by item in its own order."""
    codec = _CODECS.get(dialect)
    if codec is None:
        return ()
    try:
        return codec(message)
    except Exception:  # noqa: BLE001 - a codec's bug must cost one message, never the room
        return (Fault(reason=Reason.DECODER_FAILED),)
