"""What a broker must know of someone who may log in; never the secret itself."""

import secrets

from runtime.broker.passwords import mosquitto_hash
from runtime.broker.rights import DEVICE_NAME, OWN_PREFIX, Account, AccountKind
from runtime.ids import secret_hash


class Credential(Account, frozen=True, kw_only=True):
    """An account and two hashes of its secret, one for each broker.

    Attributes:
        secret_sha256: SHA-256 in hexadecimal, as `runtime.ids.secret_hash` gives it.
        mosquitto_hash: As mosquitto wants it; made once, when the secret is.
    """

    secret_sha256: str
    mosquitto_hash: str

    def __post_init__(self) -> None:
        """Keep names out that could say more than one thing in a broker's files."""
        own = self.kind in {AccountKind.OWN, AccountKind.PROBE}
        assert own == self.username.startswith(OWN_PREFIX)
        assert DEVICE_NAME.fullmatch(self.username.removeprefix(OWN_PREFIX)) is not None

    def __repr__(self) -> str:
        """Name the account and not its hashes."""
        return f"Credential({self.username}, {self.kind})"


def broker_hash(secret: str) -> str:
    """Return the mosquitto hash of a new secret, with fresh salt; keep it with the device."""
    return mosquitto_hash(secret, secrets.token_bytes(12))


def credential_of(username: str, kind: AccountKind, secret: str) -> Credential:
    """Return the credential of a secret that has just been made."""
    return Credential(
        username=username,
        kind=kind,
        secret_sha256=secret_hash(secret),
        mosquitto_hash=broker_hash(secret),
    )
