"""As much of MQTT 3.1.1 as a load needs, as bytes. Pure.

OASIS MQTT 3.1.1, chapters 2 and 3. QoS 1 out, QoS 0 in.
"""

from collections.abc import Iterator
from typing import Final

CONNACK: Final = 2
PUBLISH: Final = 3
PUBACK: Final = 4
SUBACK: Final = 9

PINGREQ: Final = b"\xc0\x00"
DISCONNECT: Final = b"\xe0\x00"

#: Highest packet id; 0 is not one.
PACKET_ID_MAX: Final = 65_535
_CLEAN_SESSION: Final = 0x02
_WITH_LOGIN: Final = 0xC0


def connect(username: str, password: str, keepalive_s: int) -> bytes:
    """Return a CONNECT with a clean session; the client id is the user name."""
    variable = _text("MQTT") + bytes((4, _CLEAN_SESSION | _WITH_LOGIN))
    variable += keepalive_s.to_bytes(2, "big")
    return _packet(0x10, variable + _text(username) + _text(username) + _text(password))


def subscribe(pattern: str, packet_id: int) -> bytes:
    """Return a SUBSCRIBE to one pattern at QoS 0."""
    return _packet(0x82, packet_id.to_bytes(2, "big") + _text(pattern) + b"\x00")


def publish(topic: bytes, payload: bytes, packet_id: int) -> bytes:
    """Return a PUBLISH at QoS 1; `topic` is as `topic_bytes` gives it."""
    return _packet(0x32, topic + packet_id.to_bytes(2, "big") + payload)


def topic_bytes(topic: str) -> bytes:
    """Return a topic as PUBLISH carries it."""
    return _text(topic)


def packet_id_of(body: bytes) -> int:
    """Return the packet id that a PUBACK or SUBACK begins with."""
    return int.from_bytes(body[:2], "big")


def payload_of(body: bytes) -> bytes:
    """Return the payload of a PUBLISH that came at QoS 0."""
    return body[2 + int.from_bytes(body[:2], "big") :]


class Reader:
    """Cuts a stream of bytes into packets."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._held = b""

    def feed(self, received: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield the type and the body of every packet that is whole."""
        held = self._held + received if self._held else received
        start = 0
        while (span := _span(held, start)) is not None:
            first, after = span
            yield held[start] >> 4, held[first:after]
            start = after
        self._held = held[start:]


def _span(held: bytes, start: int) -> tuple[int, int] | None:
    """Return where the body of the packet at `start` begins and ends, if it is all there."""
    length = 0
    for place in range(4):
        index = start + 1 + place
        if index >= len(held):
            return None
        length |= (held[index] & 0x7F) << (7 * place)
        if held[index] < 0x80:
            after = index + 1 + length
            return (index + 1, after) if after <= len(held) else None
    raise ValueError("a packet's length has more than four digits")


def _packet(head: int, body: bytes) -> bytes:
    length, digits = len(body), bytearray()
    while True:
        length, digit = divmod(length, 128)
        digits.append(digit | (0x80 if length else 0))
        if not length:
            return bytes((head,)) + bytes(digits) + body


def _text(text: str) -> bytes:
    encoded = text.encode()
    return len(encoded).to_bytes(2, "big") + encoded
