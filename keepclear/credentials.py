"""What brokers must know of the register. Pure."""

from collections.abc import Iterable

from records.register import Credential as Registered
from runtime.broker.credential import Credential
from runtime.broker.rights import account_kind


def credentials_of(registered: Iterable[Registered]) -> list[Credential]:
    """Return the credentials of every registered device that has business with a broker."""
    found: list[Credential] = []
    for one in registered:
        kind = account_kind(one.device.kind, one.device.protocol)
        if kind is not None and one.broker_hash is not None:
            found.append(
                Credential(
                    username=one.device.device_id,
                    kind=kind,
                    secret_sha256=one.secret_sha256,
                    mosquitto_hash=one.broker_hash,
                )
            )
    return found
