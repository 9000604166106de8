"""What is kept of a secret so that a broker can recognise it. Pure.

Secrets are 256 bits of chance, made by `runtime.ids.new_secret`. There is nothing to guess, so one
round is enough; more would only cost the broker time at every login and reload.
"""

import base64
import hashlib
from typing import Final

_ROUNDS: Final = 1


def mosquitto_hash(secret: str, salt: bytes) -> str:
    """Return the hash of `secret` in mosquitto's `$7$` format: PBKDF2 with HMAC-SHA-512."""
    assert len(salt) >= 8
    digest = hashlib.pbkdf2_hmac("sha512", secret.encode(), salt, _ROUNDS, dklen=64)
    return f"$7${_ROUNDS}${_text(salt)}${_text(digest)}"


def _text(octets: bytes) -> str:
    """Return base 64."""
    return base64.b64encode(octets).decode()
