"""The broker subscription: QoS 1, a session that outlives us, acknowledged by hand.

Shell. paho runs in a thread of its own; what it receives is handed on as deliveries, and nothing
is acknowledged to the broker before its delivery is settled. An acknowledgement belongs to the
connection on which its message came: after a reconnection the broker sends again whatever it
was not told about, and packet numbers may mean other messages.
"""

import ssl
from collections.abc import Callable
from functools import partial
from secrets import SystemRandom
from typing import Any, Final, cast

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from domain.reading import RawMessage
from ingest.delivery import Delivery
from runtime.broker.login import BrokerLogin
from runtime.clock import utc_now
from runtime.log import logger

SUBSCRIPTIONS: Final = (
    "kc/v1/+/fix",
    "kc/v1/+/event",
    "kc/v1/+/online",
    "kc/v1/+/cmd/ack",
    "owntracks/#",
)
KEEPALIVE_S: Final = 30
#: The first pause before connecting again, and the longest; both are drawn anew each time.
PAUSE_S: Final = (0.2, 1.0)
PAUSE_MAX_S: Final = (4.0, 6.0)

_log = logger("ingest.mqtt")


class Subscription:
    """What the broker has for us, one delivery after another."""

    def __init__(self, login: BrokerLogin, deliver: Callable[[Delivery], None]) -> None:
        """Prepare to hand on what arrives to `deliver`, which is called in another thread."""
        self._login = login
        self._deliver = deliver
        self._connection = 0
        self._subscribed = False
        self._listening = False
        self._chance = SystemRandom()
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=login.username,
            clean_session=False,
            protocol=MQTTProtocolVersion.MQTTv311,
            manual_ack=True,
        )
        self._client.username_pw_set(login.username, login.password)
        if login.tls:
            cast("Any", self._client).tls_set_context(ssl.create_default_context())
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._draw_pauses()

    @property
    def listening(self) -> bool:
        """Whether the broker hands us now what is published."""
        return self._listening

    def open(self) -> None:
        """Connect, and keep connecting, in the background."""
        self._client.connect_async(self._login.host, self._login.port, keepalive=KEEPALIVE_S)
        self._client.loop_start()

    def close(self) -> None:
        """Disconnect once all acknowledgements have left. The session stays with the broker."""
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, payload: bytes) -> None:
        """Send at most once: what is lost is asked for again by the device's next message."""
        self._client.publish(topic, payload, qos=0)

    def _draw_pauses(self) -> None:
        self._client.reconnect_delay_set(
            min_delay=self._chance.uniform(*PAUSE_S),  # pyright: ignore[reportArgumentType]
            max_delay=self._chance.uniform(*PAUSE_MAX_S),  # pyright: ignore[reportArgumentType]
        )

    def _on_connect(
        self,
        client: Client,
        _userdata: Any,
        flags: ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._connection += 1
        if reason.is_failure:
            _log.error("broker_refused", reason=reason.getName())
            return
        self._draw_pauses()
        _log.info("broker_connected", session_present=flags.session_present)
        # Subscribing anew makes the broker repeat everything it stored for everyone.
        if flags.session_present and self._subscribed:
            self._listening = True
        else:
            client.subscribe([(topic, 1) for topic in SUBSCRIPTIONS])

    def _on_subscribe(
        self,
        _client: Client,
        _userdata: Any,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        refused = [reason.getName() for reason in reasons if reason.is_failure]
        self._subscribed = self._listening = not refused
        if refused:
            _log.error("subscription_refused", reasons=refused)

    def _on_disconnect(
        self,
        _client: Client,
        _userdata: Any,
        _flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._connection += 1
        self._listening = False
        if reason.is_failure:
            _log.warning("broker_lost", reason=reason.getName())

    def _on_message(self, _client: Client, _userdata: Any, message: MQTTMessage) -> None:
        settle = partial(self._acknowledge, self._connection, message.mid, message.qos)
        raw = RawMessage(
            topic=_topic(message),
            payload=bytes(message.payload),
            received_at=utc_now(),
            retained=message.retain,
        )
        # Failing means silence: the broker sends again when the next session begins.
        self._deliver(Delivery(message=raw, settle=settle, fail=_nothing))

    def _acknowledge(self, connection: int, mid: int, qos: int) -> None:
        if qos > 0 and connection == self._connection:
            self._client.ack(mid, qos)


def _topic(message: MQTTMessage) -> str:
    """Return the topic; one that is no text is a topic that nobody registered."""
    try:
        return message.topic
    except UnicodeDecodeError:
        return "\N{REPLACEMENT CHARACTER}"


def _nothing() -> None:
    """Leave it to the broker."""
