"""Who may publish and subscribe what. Pure; both brokers are configured from here alone."""

import re
from enum import StrEnum
from typing import Final

import msgspec

from domain.order import DeviceKind, Protocol

#: Names that devices can have, and nobody else.
DEVICE_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
#: Our own accounts begin so; no device id can contain a dot.
OWN_PREFIX: Final = "keepclear."


class AccountKind(StrEnum):
    """What logs in."""

    NATIVE = "native"
    OWNTRACKS = "owntracks"
    GATEWAY = "gateway"
    #: A part of this program.
    OWN = "own"
    #: Only proves that credentials are in force; may do nothing.
    PROBE = "probe"


class Action(StrEnum):
    """What one can do with a topic."""

    PUBLISH = "publish"
    SUBSCRIBE = "subscribe"


class Right(msgspec.Struct, frozen=True):
    """Leave to do one thing with the topics that match a pattern (`+` and `#` as in MQTT)."""

    action: Action
    pattern: str


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Someone who may log in to the broker."""

    username: str
    kind: AccountKind


def account_kind(kind: DeviceKind, protocol: Protocol) -> AccountKind | None:
    """Return how such a device logs in, or None where it has no business with the broker."""
    if kind is DeviceKind.GATEWAY:
        return AccountKind.GATEWAY
    if protocol is Protocol.KEEPCLEAR:
        return AccountKind.NATIVE
    return AccountKind.OWNTRACKS if protocol is Protocol.OWNTRACKS else None


def rights_of(account: Account) -> tuple[Right, ...]:
    """Return all that `account` may do; whatever is not here is refused."""
    name = account.username
    match account.kind:
        case AccountKind.NATIVE:
            own = f"kc/v1/{name}"
            writable = (f"{own}/fix", f"{own}/event", f"{own}/online", f"{own}/cmd/ack")
            readable: tuple[str, ...] = (f"{own}/#",)
        case AccountKind.OWNTRACKS:
            writable = readable = (f"owntracks/{name}/#",)
        case AccountKind.GATEWAY:
            writable, readable = ("traccar/positions",), ()
        case AccountKind.OWN:
            writable, readable = ("#",), ("#", "$SYS/#")
        case AccountKind.PROBE:
            writable = readable = ()
    return (
        *(Right(Action.PUBLISH, pattern) for pattern in writable),
        *(Right(Action.SUBSCRIBE, pattern) for pattern in readable),
    )


def may_publish(rights: tuple[Right, ...], topic: str) -> bool:
    """Return whether one of `rights` lets `topic` be published."""
    return _allowed(rights, Action.PUBLISH, topic)


def may_receive(rights: tuple[Right, ...], topic: str) -> bool:
    """Return whether one of `rights` lets a message on `topic` be delivered."""
    return _allowed(rights, Action.SUBSCRIBE, topic)


def may_subscribe(rights: tuple[Right, ...], wanted: str) -> bool:
    """Return whether the subscription could bring anything that may be received.

    A filter wider than the right is accepted, as OwnTracks asks for one, and brings only what
    `may_receive` lets through.
    """
    readable = (right.pattern for right in rights if right.action is Action.SUBSCRIBE)
    return any(_overlap(pattern.split("/"), wanted.split("/")) for pattern in readable)


def _allowed(rights: tuple[Right, ...], action: Action, topic: str) -> bool:
    """Return whether a right to `action` covers a concrete topic."""
    levels = topic.split("/")
    return "+" not in levels and any(
        _overlap(right.pattern.split("/"), levels) for right in rights if right.action is action
    )


def _overlap(one: list[str], other: list[str]) -> bool:
    """Return whether some topic matches both patterns."""
    if _system(one) != _system(other):
        return False
    for mine, theirs in zip(one, other, strict=False):
        if "#" in (mine, theirs):
            return True
        if mine != theirs and "+" not in (mine, theirs):
            return False
    if len(one) == len(other):
        return True
    longer = max(one, other, key=len)
    # `a/#` matches `a` itself.
    return longer[min(len(one), len(other)) :] == ["#"]


def _system(levels: list[str]) -> bool:
    """Return whether a pattern speaks of the broker's own topics; wildcards never reach them."""
    return levels[0].startswith("$")
