"""Domain types to bytes and back, and instants to text and back. Pure.

Every body begins with one byte that names its format, so that a reader of tomorrow can tell what
a writer of today meant; msgpack follows.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final, TypeVar

import msgspec

from domain.errors import KeepclearError

#: The first byte of every body: msgpack of our types, first edition.
FORMAT: Final = b"\x01"

T = TypeVar("T")

_ENCODER: Final = msgspec.msgpack.Encoder()
_INSTANT: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}):([0-9]{2})(?:\.([0-9]{1,18}))?"
    r"([Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)


class WireError(KeepclearError):
    """These bytes are not what was expected on this wire."""


class InstantError(WireError):
    """This text is not an RFC 3339 instant with an offset."""


def encode(value: object) -> bytes:
    """Return `value` as bytes that `decode` reads."""
    return FORMAT + _ENCODER.encode(value)


def decode(body: bytes, expected: type[T]) -> T:
    """Return the `expected` value that `encode` wrote into `body`.

    Raises:
        WireError: It is another format, another type, or damaged. The content is not quoted.
    """
    if body[:1] != FORMAT:
        raise WireError("a body of an unknown format")
    try:
        return _decoder(expected).decode(memoryview(body)[1:])
    except (msgspec.DecodeError, UnicodeDecodeError):
        # From None: the reason may quote the content, and content may be a name or a place.
        raise WireError(f"a body that is no {expected!r}") from None


def rfc3339(instant: datetime) -> str:
    """Return `instant` (aware) in UTC with milliseconds, cut and not rounded, and `Z`."""
    assert instant.tzinfo is not None
    text = instant.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z"


def parse_rfc3339(text: str) -> datetime:
    """Return the instant `text` names, aware, UTC, cut to microseconds.

    A leap second is read as the second after it, which is how every clock of ours counts it.

    Raises:
        InstantError: It is no RFC 3339 instant, has no offset, or lies outside years 1 to 9999.
    """
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise InstantError
    day, minute, second, fraction, offset = match.groups()
    leap = second == "60"
    micros = (fraction or "").ljust(6, "0")[:6]
    zone = "+00:00" if offset in "Zz" else offset
    try:
        instant = datetime.fromisoformat(
            f"{day}T{minute}:{'59' if leap else second}.{micros}{zone}"
        )
        instant = instant.astimezone(UTC) + timedelta(seconds=int(leap))
    except (ValueError, OverflowError):
        raise InstantError from None
    if leap and not _is_midnight(instant):
        raise InstantError
    return instant


def _is_midnight(instant: datetime) -> bool:
    """Return whether `instant` lies in the first second of a UTC day, after a leap second."""
    return (instant.hour, instant.minute, instant.second) == (0, 0, 0)


@cache
def _decoder(expected: type[T]) -> "msgspec.msgpack.Decoder[T]":
    """Return the one decoder of a type; making one costs more than using it."""
    return msgspec.msgpack.Decoder(expected)
