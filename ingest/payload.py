"""The one door for JSON from outside: bytes in, plain values out, or a `Fault` that says why not.

Pure. Python's parser is too kind for evidence, so the door is strict where kindness would hide
something: text must be UTF-8, nesting is measured before anything recurses, an object that names
a key twice is marked `Ambiguous`, and a number that cannot be finite arrives as a non-finite
float, which every reader of numbers refuses. So one bad number costs its own field or item, never
the 499 good fixes beside it.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final, cast

import msgspec

from domain.reading import Reason

#: The native protocol's limit for one message; the broker refuses more than 70,000 anyway.
PAYLOAD_BYTES_MAX: Final = 65_536
DEPTH_MAX: Final = 16
#: Longer whole numbers become floats: no field of ours needs them, and 400 digits are infinite.
DIGITS_MAX: Final = 18

_STRING: Final = re.compile(rb'"(?:[^"\\]|\\[\s\S])*"')
_BRACKET: Final = re.compile(rb"[\[\]{}]")


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Why a message, or an item of one, says nothing usable.

    Attributes:
        field: Name of the vendor's field at fault, never its value.
        readable: True if the item was an object: it is kept as a `Rejection`, else as quarantine.
        boot: Identity of the item as far as it could be read, so that it is acknowledged.
        seq: See `boot`.
        oldest: See `boot`.
        claimed_at: The item's own instant, if that could be read.
        body_hash: As in reports; None if there is no object.
    """

    reason: Reason
    field: str | None = None
    readable: bool = False
    boot: int | None = None
    seq: int | None = None
    oldest: int | None = None
    claimed_at: datetime | None = None
    body_hash: str | None = None


class Ambiguous(dict[str, object]):
    """An object that named a key twice: nobody can know which value was meant."""


def parse(payload: bytes) -> object:
    """Return the JSON value in `payload`, or a `Fault`.

    Objects are dicts with each key once (or `Ambiguous`), whole numbers are ints of at most 18
    digits, all other numbers floats that may be infinite or NaN.
    """
    if not payload.strip():
        return Fault(reason=Reason.EMPTY)
    if len(payload) > PAYLOAD_BYTES_MAX:
        return Fault(reason=Reason.TOO_LARGE)
    try:
        text = payload.decode("utf-8")
    except UnicodeDecodeError:
        return Fault(reason=Reason.NOT_UTF8)
    if _too_deep(payload):
        return Fault(reason=Reason.TOO_DEEP)
    try:
        value = cast("object", _DECODER.decode(text))
        if "\\u" in text:
            # A lone surrogate is no character, and nothing that holds one can be stored.
            msgspec.json.encode(value)
    except UnicodeEncodeError:
        return Fault(reason=Reason.NOT_UTF8)
    except ValueError:
        return Fault(reason=Reason.NOT_JSON)
    return value


def body_hash(item: Mapping[str, object]) -> str:
    """Return the hex SHA-256 of what `item` says, whatever the order of its keys.

    `oldest` is left out: it describes the device's memory when it sent, so the same reading sent
    again may carry another one.
    """
    said = {key: value for key, value in item.items() if key != "oldest"}
    return hashlib.sha256(msgspec.json.encode(said, order="sorted")).hexdigest()


def _too_deep(payload: bytes) -> bool:
    """Return whether brackets nest deeper than `DEPTH_MAX`, without parsing."""
    if payload.count(b"[") + payload.count(b"{") <= DEPTH_MAX:
        return False
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub(b"", payload)):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > DEPTH_MAX:
            return True
    return False


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else Ambiguous(found)


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= DIGITS_MAX else float(digits)


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_whole,
    # NaN and Infinity are not JSON, but Python reads them; so does a device's printf write them.
    parse_constant=float,
)
