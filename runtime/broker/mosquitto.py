"""What mosquitto is told: its configuration, password file and access list. Pure.

Written for 2.0. Its defaults lose messages: 1,000 queued ones at most, and half an hour between
two looks at the disk. Ours are chosen in docs/adr; tests assert them against a running broker.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from runtime.broker.credential import Credential
from runtime.broker.rights import Action, Right, rights_of

#: Longest message accepted, bytes; 64 KiB of fixes and some air.
MESSAGE_BYTES_MAX: Final = 70_000
CONFIGURATION: Final = "mosquitto.conf"
PASSWORDS: Final = "passwords"
ACCESS: Final = "access"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where the broker listens and keeps its files.

    Attributes:
        directory: Absolute.
        system_user: Whom mosquitto shall run as when it is started by root. Were it to change
            users, the kernel would forget that it has to die with us.
    """

    host: str
    port: int
    directory: Path
    system_user: str


def configuration_of(place: Place) -> str:
    """Return mosquitto.conf."""
    return f"""\
# Written by keepclear at every start. Changes here are lost.
listener {place.port} {place.host}
allow_anonymous false
# One session a device: another device cannot take it over by choosing the same client id.
use_username_as_clientid true
set_tcp_nodelay true
password_file {place.directory / PASSWORDS}
acl_file {place.directory / ACCESS}

persistence true
persistence_location {place.directory}/
persistence_file queue.db
autosave_interval 30
autosave_on_changes false

max_queued_messages 1000000
max_queued_bytes 0
max_inflight_messages 0
message_size_limit {MESSAGE_BYTES_MAX}

user {place.system_user}
log_dest stderr
log_type error
log_type warning
connection_messages false
"""


def passwords_of(credentials: Iterable[Credential]) -> str:
    """Return the password file."""
    return "".join(f"{one.username}:{one.mosquitto_hash}\n" for one in credentials)


def access_of(credentials: Iterable[Credential]) -> str:
    """Return the access list: a user's rights below his name."""
    lines: list[str] = []
    for one in credentials:
        lines.append(f"user {one.username}")
        lines += [_topic_line(right) for right in rights_of(one)]
    return "\n".join(lines) + "\n"


def _topic_line(right: Right) -> str:
    """Return one right as mosquitto writes it."""
    verb = "write" if right.action is Action.PUBLISH else "read"
    return f"topic {verb} {right.pattern}"
