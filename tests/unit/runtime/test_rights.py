"""Rights: what each kind of account may do, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.order import DeviceKind, Protocol
from runtime.broker.rights import (
    Account,
    AccountKind,
    Action,
    Right,
    account_kind,
    may_publish,
    may_receive,
    may_subscribe,
    rights_of,
)

LEVELS = st.sampled_from(
    ["kc", "v1", "tag-1", "tag-2", "fix", "ack", "cmd", "$SYS", "", "owntracks"]
)
TOPICS = st.lists(LEVELS, min_size=1, max_size=6).map("/".join)
FILTERS = st.lists(LEVELS | st.just("+"), min_size=1, max_size=6).flatmap(
    lambda levels: st.sampled_from(["/".join(levels), "/".join([*levels, "#"])])
)


def rights(kind: AccountKind, username: str = "tag-1") -> tuple[Right, ...]:
    """Return the rights of an account of a kind."""
    return rights_of(Account(username=username, kind=kind))


def test_a_native_device_speaks_on_four_topics_and_hears_its_own() -> None:
    """The rights are the ones the interface publishes."""
    assert (
        Right(Action.PUBLISH, "kc/v1/tag-1/fix"),
        Right(Action.PUBLISH, "kc/v1/tag-1/event"),
        Right(Action.PUBLISH, "kc/v1/tag-1/online"),
        Right(Action.PUBLISH, "kc/v1/tag-1/cmd/ack"),
        Right(Action.SUBSCRIBE, "kc/v1/tag-1/#"),
    ) == rights(AccountKind.NATIVE)


@pytest.mark.parametrize(
    ("kind", "topic", "allowed"),
    [
        (AccountKind.NATIVE, "kc/v1/tag-1/fix", True),
        (AccountKind.NATIVE, "kc/v1/tag-1/cmd/ack", True),
        (AccountKind.NATIVE, "kc/v1/tag-1/cmd", False),
        (AccountKind.NATIVE, "kc/v1/tag-1/ack", False),
        (AccountKind.NATIVE, "kc/v1/tag-1", False),
        (AccountKind.NATIVE, "kc/v1/tag-1/fix/", False),
        (AccountKind.NATIVE, "kc/v1/tag-11/fix", False),
        (AccountKind.NATIVE, "kc/v1/+/fix", False),
        (AccountKind.NATIVE, "owntracks/tag-1/a", False),
        (AccountKind.OWNTRACKS, "owntracks/tag-1", True),
        (AccountKind.OWNTRACKS, "owntracks/tag-1/phone/event", True),
        (AccountKind.OWNTRACKS, "owntracks/tag-2/phone", False),
        (AccountKind.OWNTRACKS, "kc/v1/tag-1/fix", False),
        (AccountKind.GATEWAY, "traccar/positions", True),
        (AccountKind.GATEWAY, "traccar/positions/x", False),
        (AccountKind.GATEWAY, "kc/v1/tag-1/fix", False),
        (AccountKind.OWN, "kc/v1/tag-1/ack", True),
        (AccountKind.OWN, "$SYS/broker/load", False),
        (AccountKind.PROBE, "kc/v1/tag-1/fix", False),
    ],
)
def test_who_may_publish_where(kind: AccountKind, topic: str, *, allowed: bool) -> None:
    """A device speaks for itself alone; a gateway on its one topic; we anywhere but $SYS."""
    assert allowed is may_publish(rights(kind), topic)


@pytest.mark.parametrize(
    ("kind", "wanted", "allowed"),
    [
        (AccountKind.NATIVE, "kc/v1/tag-1/#", True),
        (AccountKind.NATIVE, "kc/v1/tag-1/ack", True),
        (AccountKind.NATIVE, "kc/v1/+/cmd", True),
        (AccountKind.NATIVE, "#", True),
        (AccountKind.NATIVE, "kc/v1/tag-2/#", False),
        (AccountKind.NATIVE, "kc/v1", False),
        (AccountKind.NATIVE, "$SYS/#", False),
        (AccountKind.OWNTRACKS, "owntracks/+/+", True),
        (AccountKind.OWNTRACKS, "kc/v1/#", False),
        (AccountKind.GATEWAY, "#", False),
        (AccountKind.PROBE, "#", False),
        (AccountKind.OWN, "$SYS/#", True),
    ],
)
def test_a_subscription_must_be_able_to_bring_something(
    kind: AccountKind, wanted: str, *, allowed: bool
) -> None:
    """A wide filter is taken, as apps ask for one; one that can bring nothing is refused."""
    assert allowed is may_subscribe(rights(kind), wanted)


@given(TOPICS)
def test_a_device_never_touches_what_is_not_below_its_id(topic: str) -> None:
    """Whatever the topic, publishing and receiving need the device's own id in it."""
    own = rights(AccountKind.NATIVE)

    assert topic.startswith("kc/v1/tag-1/") or not may_publish(own, topic)
    assert f"{topic}/".startswith("kc/v1/tag-1/") or not may_receive(own, topic)


@given(FILTERS, TOPICS)
def test_a_refused_subscription_could_have_brought_nothing(wanted: str, topic: str) -> None:
    """Refusing a filter never keeps a message from whom it was for."""
    own = rights(AccountKind.NATIVE)
    matches = may_receive((Right(Action.SUBSCRIBE, wanted),), topic)

    assert may_subscribe(own, wanted) or not (matches and may_receive(own, topic))


def test_devices_that_use_mqtt_have_an_account() -> None:
    """The register's kind and protocol say how a device logs in, or that it does not."""
    assert AccountKind.NATIVE is account_kind(DeviceKind.TAG, Protocol.KEEPCLEAR)
    assert AccountKind.OWNTRACKS is account_kind(DeviceKind.HANDSET, Protocol.OWNTRACKS)
    assert AccountKind.GATEWAY is account_kind(DeviceKind.GATEWAY, Protocol.TRACCAR)
    assert account_kind(DeviceKind.HANDSET, Protocol.OSMAND) is None
    assert account_kind(DeviceKind.HANDSET, Protocol.APP) is None
