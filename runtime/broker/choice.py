"""Which broker is embedded: mosquitto where it is installed, else amqtt, which comes by pip."""

import os
import shutil
from pathlib import Path
from typing import Final, Literal

import msgspec

from domain.errors import KeepclearError
from runtime.settings import Settings

#: Debian installs daemons where ordinary users do not look.
_ALSO: Final = ("/usr/sbin", "/usr/local/sbin", "/sbin", "/opt/homebrew/sbin")


class NoMosquittoError(KeepclearError):
    """KEEPCLEAR_BROKER asks for mosquitto, and there is none on the PATH."""


class BrokerChoice(msgspec.Struct, frozen=True, kw_only=True):
    """The broker that will run.

    Attributes:
        executable: The program; None for amqtt, which is a module of ours.
    """

    kind: Literal["mosquitto", "amqtt"]
    executable: Path | None = None


def choose(settings: Settings) -> BrokerChoice:
    """Return the broker the settings and this machine allow.

    Raises:
        NoMosquittoError: mosquitto was asked for by name and is not here.
    """
    if settings.broker == "amqtt":
        return BrokerChoice(kind="amqtt")
    found = find_mosquitto()
    if found is not None:
        return BrokerChoice(kind="mosquitto", executable=found)
    if settings.broker == "mosquitto":
        raise NoMosquittoError
    return BrokerChoice(kind="amqtt")


def find_mosquitto() -> Path | None:
    """Return the mosquitto of this machine, if it has one."""
    found = shutil.which("mosquitto", path=os.pathsep.join((*os.get_exec_path(), *_ALSO)))
    return Path(found).absolute() if found else None
