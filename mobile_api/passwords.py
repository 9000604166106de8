"""Passwords of people: argon2id, off the event loop, the same time for a name nobody has."""

import asyncio
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER = PasswordHasher()


async def hashed(password: str) -> str:
    """Return what is kept of a password."""
    return await asyncio.to_thread(_HASHER.hash, password)


async def fits(kept: str | None, password: str) -> bool:
    """Return whether a password is the one kept. Without one it takes as long, and is not."""
    found = await asyncio.to_thread(_fits, kept or _nobodys(), password)
    return found and kept is not None


def _fits(kept: str, password: str) -> bool:
    try:
        return _HASHER.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys() -> str:
    return _HASHER.hash("nobody has this password")
