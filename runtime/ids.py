"""Identities and secrets drawn by chance. Ids of consequences are derived: see `domain.ids`."""

import hashlib
import secrets
from datetime import UTC, datetime
from typing import Final

from runtime.clock import utc_now

#: Crockford's base 32, in lower case: no i, l, o or u to misread over a radio.
ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_RANDOM_BITS: Final = 80
_LENGTH: Final = 26
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def new_id(prefix: str) -> str:
    """Return `prefix-` and 26 characters: 48 bits of milliseconds, then 80 bits of chance.

    Ids of different milliseconds sort in the order they were made, and fit a device id.
    """
    elapsed = utc_now() - _EPOCH
    milliseconds = (elapsed.days * 86_400 + elapsed.seconds) * 1000 + elapsed.microseconds // 1000
    number = milliseconds << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
    digits = (ALPHABET[number >> shift & 31] for shift in range(5 * (_LENGTH - 1), -1, -5))
    return f"{prefix}-{''.join(digits)}"


def new_secret() -> str:
    """Return 256 bits of chance as 43 characters that are safe in a URL."""
    return secrets.token_urlsafe(32)


def secret_hash(secret: str) -> str:
    """Return the SHA-256 of `secret` in hexadecimal, which is all we keep of it.

    A plain hash is enough because the secret is 256 bits of chance: nothing can be guessed.
    """
    return hashlib.sha256(secret.encode()).hexdigest()
