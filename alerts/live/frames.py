"""What crosses a live websocket, as text. Pure.

A cursor is opaque and belongs to one recipient: it is made of the recipient's own count of
events, marked so that one of another recipient, or of another edition, is simply unknown.
"""

import hashlib
from datetime import datetime
from typing import Final, Literal

import msgspec

from alerts.audience import instant_text
from domain.ids import AlertId

#: The longest frame a client may send, characters. Its frames are three short ones.
CLIENT_FRAME_LENGTH_MAX: Final = 1024

_ENCODER: Final = msgspec.json.Encoder()


class Resume(msgspec.Struct, frozen=True, tag="resume"):
    """A client that comes back says after which cursor it knows nothing."""

    after: str = ""


class Received(msgspec.Struct, frozen=True, tag="received"):
    """A device says by itself that an alert has arrived."""

    alert_id: AlertId


class Seen(msgspec.Struct, frozen=True, tag="seen"):
    """A human says that they have seen an alert."""

    alert_id: AlertId


ClientFrame = Resume | Received | Seen


class _AnyFrame(msgspec.Struct, frozen=True):
    type: str


class _Event(msgspec.Struct, frozen=True, kw_only=True):
    cursor: str
    at: str
    kind: str
    data: msgspec.Raw
    type: Literal["event"] = "event"


_CLIENT: Final[msgspec.json.Decoder[ClientFrame]] = msgspec.json.Decoder(ClientFrame)
_ANY: Final = msgspec.json.Decoder(_AnyFrame)


def parse(text: str) -> ClientFrame | None:
    """Return the client's frame, or None if it is one we do not know.

    Raises:
        ValueError: It is no frame at all; the message does not quote it.
    """
    try:
        return _CLIENT.decode(text)
    except msgspec.ValidationError:
        pass
    except msgspec.DecodeError:
        raise ValueError("not a JSON object") from None
    try:
        _ANY.decode(text)
    except msgspec.DecodeError:
        raise ValueError("a frame has a type") from None
    return None


def encode_body(body: object) -> str:
    """Return the data of an event as JSON text."""
    return _ENCODER.encode(body).decode()


def event_frame(cursor: str, at: datetime, kind: str, body: str) -> str:
    """Return the frame of an event whose data is the JSON text `body`."""
    frame = _Event(cursor=cursor, at=instant_text(at), kind=kind, data=msgspec.Raw(body.encode()))
    return _ENCODER.encode(frame).decode()


def snapshot_frame(cursor: str, content: dict[str, object]) -> str:
    """Return the frame a connection begins with."""
    return encode_body({"type": "snapshot", "cursor": cursor, **content})


def heartbeat_frame(at: datetime) -> str:
    """Return the frame that says we still live."""
    return encode_body({"type": "heartbeat", "at": instant_text(at)})


def cursor_of(recipient: str, ordinal: int) -> str:
    """Return the cursor after the recipient's event number `ordinal`; 0 is before the first."""
    return f"{_mark(recipient)}-{ordinal:x}"


def ordinal_of(recipient: str, cursor: str) -> int | None:
    """Return the number in a cursor of this recipient, or None if it is no such thing."""
    mark, _, number = cursor.partition("-")
    if mark != _mark(recipient) or not 1 <= len(number) <= 15:
        return None
    if any(letter not in "0123456789abcdef" for letter in number):
        return None
    return int(number, 16)


def _mark(recipient: str) -> str:
    return hashlib.blake2b(recipient.encode(), digest_size=4, person=b"kc-cursor-1").hexdigest()
