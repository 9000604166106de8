"""The subscription's promises that need no broker."""

from typing import Any

import pytest
from paho.mqtt.client import ConnectFlags, MQTTMessage
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from ingest.delivery import Delivery
from ingest.mqtt import SUBSCRIPTIONS, Subscription
from runtime.broker.login import BrokerLogin

LOGIN = BrokerLogin(host="127.0.0.1", port=1, username="keepclear.ingest", password="")
ACCEPTED = ReasonCode(PacketTypes.CONNACK, identifier=0)
GRANTED = ReasonCode(PacketTypes.SUBACK, identifier=1)


class _Client:
    """Remembers what it was asked to send."""

    def __init__(self) -> None:
        self.acknowledged: list[tuple[int, int]] = []
        self.subscribed: list[Any] = []

    def ack(self, mid: int, qos: int) -> None:
        self.acknowledged.append((mid, qos))

    def subscribe(self, topics: Any) -> None:
        self.subscribed.append(topics)

    def reconnect_delay_set(self, **_pauses: float) -> None:
        pass


class _Line:
    """A subscription on a line that a test holds the other end of."""

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self.client = _Client()
        self.subscription: Any = Subscription(LOGIN, self.deliveries.append)
        self.subscription._client = self.client

    def connect(self, *, session_present: bool) -> None:
        flags = ConnectFlags(session_present=session_present)
        self.subscription._on_connect(self.client, None, flags, ACCEPTED, None)
        if self.client.subscribed and not self.subscription.listening:
            self.subscription._on_subscribe(self.client, None, 1, [GRANTED], None)

    def receive(self, mid: int, topic: bytes = b"kc/v1/tag-1/fix", qos: int = 1) -> Delivery:
        message = MQTTMessage(mid=mid, topic=topic)
        message.payload = b"{}"
        message.qos = qos
        self.subscription._on_message(self.client, None, message)
        return self.deliveries[-1]


def test_an_acknowledgement_belongs_to_its_connection() -> None:
    """After a reconnection an old packet number is not acknowledged: it may be another message."""
    line = _Line()
    line.connect(session_present=False)
    before = line.receive(7)
    line.connect(session_present=False)
    after = line.receive(7)
    before.settle()

    assert [] == line.client.acknowledged
    after.settle()
    assert [(7, 1)] == line.client.acknowledged


def test_qos_0_is_taken_and_not_acknowledged() -> None:
    """M38: a tag that sends at most once is heard like any other."""
    line = _Line()
    line.connect(session_present=False)
    line.receive(0, qos=0).settle()

    assert [] == line.client.acknowledged


@pytest.mark.parametrize(("session_present", "times"), [(True, 1), (False, 2)])
def test_a_session_that_stands_is_not_subscribed_again(
    session_present: bool,  # noqa: FBT001 - a case of the table above
    times: int,
) -> None:
    """Subscribing makes the broker repeat all it stored, so it is done once a session."""
    line = _Line()
    line.connect(session_present=True)
    line.connect(session_present=session_present)

    assert [[(topic, 1) for topic in SUBSCRIPTIONS]] * times == line.client.subscribed


def test_a_topic_that_is_no_text_is_a_delivery_like_any_other() -> None:
    """Even such a message reaches the quarantine."""
    line = _Line()
    line.connect(session_present=False)

    assert "\N{REPLACEMENT CHARACTER}" == line.receive(1, topic=b"\xff").message.topic


def test_nobody_is_told_that_we_listen_before_the_broker_agreed() -> None:
    """Readiness waits for the answer to the subscription, and ends with the connection."""
    line = _Line()
    flags = ConnectFlags(session_present=False)
    line.subscription._on_connect(line.client, None, flags, ACCEPTED, None)
    connected = line.subscription.listening
    line.subscription._on_subscribe(line.client, None, 1, [GRANTED], None)
    granted = line.subscription.listening
    line.subscription._on_disconnect(line.client, None, None, ACCEPTED, None)

    assert (False, True, False) == (connected, granted, line.subscription.listening)
