"""A login by hand: is there a broker, and does it know this account?"""

import asyncio
import struct
from enum import StrEnum
from typing import Final

from runtime.broker.login import BrokerLogin

_DISCONNECT: Final = b"\xe0\x00"
#: MQTT 3.1.1, user name, password, clean session, keep-alive 10 s.
_HEADER: Final = b"\x00\x04MQTT\x04\xc2\x00\x0a"


class Answer(StrEnum):
    """What came of a login."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    SILENT = "silent"


async def try_login(login: BrokerLogin, patience_s: float = 1.0) -> Answer:
    """Log in once and leave.

    Args:
        login: Where and as whom, without TLS.
        patience_s: How long to wait for an answer.
    """
    try:
        async with asyncio.timeout(patience_s):
            return await _converse(login)
    except (OSError, EOFError, TimeoutError):
        return Answer.SILENT


async def _converse(login: BrokerLogin) -> Answer:
    """Send CONNECT and read CONNACK."""
    reader, writer = await asyncio.open_connection(login.host, login.port)
    try:
        writer.write(_connect(login))
        answer = await reader.readexactly(4)
        writer.write(_DISCONNECT)
        return Answer.ACCEPTED if answer[3] == 0 else Answer.REFUSED
    finally:
        writer.close()


def _connect(login: BrokerLogin) -> bytes:
    """Return the CONNECT packet."""
    texts = (login.username, login.username, login.password)
    body = _HEADER + b"".join(_string(text) for text in texts)
    return b"\x10" + _length(len(body)) + body


def _string(text: str) -> bytes:
    """Return a string as MQTT writes it."""
    octets = text.encode()
    return struct.pack("!H", len(octets)) + octets


def _length(number: int) -> bytes:
    """Return a length as MQTT writes it: seven bits at a time, the least first."""
    octets = bytearray()
    while number > 127:
        octets.append(number % 128 | 128)
        number //= 128
    octets.append(number)
    return bytes(octets)
