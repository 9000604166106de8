"""How to reach a broker: address and account, never printed with the secret."""

from typing import Final
from urllib.parse import unquote, urlsplit

import msgspec

from domain.errors import KeepclearError

_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}


class BrokerUrlError(KeepclearError):
    """KEEPCLEAR_BROKER_URL is not of the form mqtt[s]://user:password@host[:port]."""


class BrokerLogin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a broker is and as whom we log in.

    Attributes:
        tls: Whether the connection is encrypted.
    """

    host: str
    port: int
    username: str
    password: str
    tls: bool = False

    def __repr__(self) -> str:
        """Say where and who, never the password."""
        return f"BrokerLogin({self.username}@{self.host}:{self.port})"


def login_of(url: str) -> BrokerLogin:
    """Return what a broker's address says.

    Raises:
        BrokerUrlError: It is not an MQTT address with an account.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BrokerUrlError from None
    if parts.scheme not in _PORTS or not parts.hostname or not parts.username:
        raise BrokerUrlError
    return BrokerLogin(
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        username=unquote(parts.username),
        password=unquote(parts.password or ""),
        tls=parts.scheme == "mqtts",
    )
