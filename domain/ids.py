"""Identities. Distinct types, always strings (JavaScript loses integers above 2**53).

Ids of consequences are derived from their causes, so deciding the same record again gives the
same ids and a second effect of the same cause collapses into the first.
"""

import base64
import hashlib
from typing import Final, NewType

PersonId = NewType("PersonId", str)
DeviceId = NewType("DeviceId", str)
OrderId = NewType("OrderId", str)
ConditionId = NewType("ConditionId", str)
ReadingId = NewType("ReadingId", str)
TransitionId = NewType("TransitionId", str)
IncidentId = NewType("IncidentId", str)
AlertId = NewType("AlertId", str)
CommandId = NewType("CommandId", str)

#: Ids of the synthetic case that proves the path. Hidden from lists, counts and exports.
CANARY_PREFIX: Final = "canary-"


def is_canary(identity: str) -> bool:
    """Return whether `identity` belongs to the synthetic case."""
    return identity.startswith(CANARY_PREFIX)


def derive(kind: str, *causes: str) -> str:
    """Return the id that `causes` always give, as `kind-` and 26 base32 characters (130 bits).

    Causes are length-prefixed before hashing, so ("ab", "c") and ("a", "bc") differ.
    """
    digest = hashlib.blake2b(digest_size=17)
    for cause in causes:
        encoded = cause.encode()
        digest.update(len(encoded).to_bytes(4, "big"))
        digest.update(encoded)
    text = base64.b32encode(digest.digest()).decode().lower().rstrip("=")
    return f"{kind}-{text[:26]}"
