"""What the amqtt child is told, and how it recognises who logs in. Pure."""

import hmac
from collections.abc import Iterable
from typing import Final

import msgspec

from runtime.broker.credential import Credential
from runtime.broker.rights import Account, Right, rights_of
from runtime.ids import secret_hash

#: File names in the broker's directory.
LISTENER: Final = "listener.json"
ACCOUNTS: Final = "accounts.json"


class Listener(msgspec.Struct, frozen=True, kw_only=True):
    """Where the child listens."""

    host: str
    port: int


class _Known(Account, frozen=True, kw_only=True):
    """An account and the hash of its secret."""

    secret_sha256: str


class Accounts:
    """Everybody who may log in, with his rights worked out once."""

    def __init__(self, text: bytes) -> None:
        """Read what `accounts_of` wrote."""
        known = msgspec.json.decode(text, type=list[_Known])
        self._known = {one.username: one for one in known}
        self._rights = {one.username: rights_of(one) for one in known}

    def recognises(self, username: str | None, secret: str | None) -> bool:
        """Return whether this is the secret of that account."""
        return self.keeps(username, secret_hash(secret or ""))

    def keeps(self, username: str | None, secret_sha256: str | None) -> bool:
        """Return whether this is the hash of that account's secret."""
        known = self._known.get(username or "")
        hashed = secret_sha256 or ""
        return known is not None and hmac.compare_digest(hashed, known.secret_sha256)

    def rights(self, username: str | None) -> tuple[Right, ...]:
        """Return what an account may do; nothing, if it is not known any more."""
        return self._rights.get(username or "", ())


def accounts_of(credentials: Iterable[Credential]) -> str:
    """Return the child's account file."""
    known = [
        _Known(username=one.username, kind=one.kind, secret_sha256=one.secret_sha256)
        for one in credentials
    ]
    return msgspec.json.encode(known).decode()
