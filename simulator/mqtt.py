"""One device's MQTT connection: paho, a persistent session, QoS 1, and a radio that can vanish.

Shell. paho runs its own thread; what it hears is kept in a queue that the runner empties, so the
device itself is only ever touched by one thread. A lost network is not a goodbye: the socket stays
open and goes silent, and the broker finds out by itself, as with a real radio.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Final

import msgspec
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from simulator.device import Message, Unit

KEEPALIVE_S: Final = 30
QOS: Final = 1


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """What a device needs to connect.

    Attributes:
        identity: The id it is registered under.
        topic: Where it publishes, if it does not speak the native protocol.
    """

    identity: str
    username: str
    password: str
    topic: str = ""

    def __repr__(self) -> str:
        """Identify the device without its secret."""
        return f"Login({self.identity})"


class Broker(msgspec.Struct, frozen=True, kw_only=True):
    """Where devices connect."""

    host: str
    port: int


class Connected(msgspec.Struct, frozen=True):
    """The broker has let the device in."""


class Down(msgspec.Struct, frozen=True):
    """There is no connection (any more); `reason` is the broker's, if it refused one."""

    reason: str | None


class Taken(msgspec.Struct, frozen=True):
    """The broker has acknowledged a message."""

    packet: int


class Arrived(msgspec.Struct, frozen=True):
    """The server sent something."""

    topic: str
    payload: bytes


Event = Connected | Down | Taken | Arrived


class Connection:
    """The connection of one device."""

    def __init__(self, login: Login, broker: Broker, unit: Unit) -> None:
        self._login = login
        self._broker = broker
        self._unit = unit
        self._events: SimpleQueue[Event] = SimpleQueue()
        self._flying: dict[int, Message] = {}
        self._client: Client | None = None
        self._silent: Client | None = None
        self.up = False
        self.refused: str | None = None

    def open(self, now: datetime) -> None:
        """Begin to connect. A client of an earlier radio silence is taken over and let go."""
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._login.identity,
            clean_session=False,
            protocol=MQTTv311,
        )
        client.username_pw_set(self._login.username, self._login.password)
        will = self._unit.will(now)
        client.will_set(will.topic, will.payload, qos=QOS, retain=will.retain)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        self._flying.clear()
        self._client = client
        client.connect_async(self._broker.host, self._broker.port, keepalive=KEEPALIVE_S)
        client.loop_start()

    def go_silent(self) -> None:
        """Lose the network: the socket stays, nothing is said or heard any more."""
        if self._client is not None:
            # paho's thread takes up to a second to stop, and the other devices must not wait.
            Thread(target=self._client.loop_stop, daemon=True).start()
            # Kept alive: paho closes its socket, and the broker learns of it, when it is let go.
            self._silent, self._client = self._client, None
        self.up = False

    def close(self) -> None:
        """Say goodbye and stop. Blocks for a moment."""
        if self._client is not None:
            self._client.disconnect()
            self._client.loop_stop()
            self._client = None
        self._silent = None
        self.up = False

    @property
    def open_or_opening(self) -> bool:
        """Whether the device has a network, if not yet a broker."""
        return self._client is not None

    def publish(self, message: Message) -> None:
        """Send a message at QoS 1."""
        if self._client is not None:
            sent = self._client.publish(
                message.topic, message.payload, qos=QOS, retain=message.retain
            )
            self._flying[sent.mid] = message

    def take_turn(self, now: datetime) -> None:
        """Let the device know what the network has brought since the last turn."""
        for event in self._drained():
            if isinstance(event, Connected):
                self._greet(now)
            elif isinstance(event, Arrived):
                for answer in self._unit.arrived(event.topic, event.payload):
                    self.publish(answer)
            elif isinstance(event, Taken):
                if event.packet in self._flying:
                    self._unit.published(self._flying.pop(event.packet))
            else:
                self.up = False
                self.refused = event.reason

    def _greet(self, now: datetime) -> None:
        self.up = True
        self.refused = None
        self._unit.connected()
        for message in self._unit.greeting(now):
            self.publish(message)

    def _drained(self) -> Iterator[Event]:
        with suppress(Empty):
            while True:
                yield self._events.get_nowait()

    # Called by paho, in its thread.

    def _on_connect(
        self,
        client: Client,
        userdata: Any,  # noqa: ARG002 -- paho's signature
        flags: ConnectFlags,  # noqa: ARG002
        reason: ReasonCode,
        properties: Properties | None,  # noqa: ARG002
    ) -> None:
        if reason.is_failure:
            self._events.put(Down(str(reason)))
            return
        for topic in self._unit.subscriptions():
            client.subscribe(topic, qos=QOS)
        self._events.put(Connected())

    def _on_disconnect(
        self,
        client: Client,
        userdata: Any,  # noqa: ARG002
        flags: DisconnectFlags,  # noqa: ARG002
        reason: ReasonCode,  # noqa: ARG002
        properties: Properties | None,  # noqa: ARG002
    ) -> None:
        if client is self._client:
            self._events.put(Down(None))

    def _on_publish(
        self,
        client: Client,
        userdata: Any,  # noqa: ARG002
        packet: int,
        reason: ReasonCode,  # noqa: ARG002
        properties: Properties,  # noqa: ARG002
    ) -> None:
        if client is self._client:
            self._events.put(Taken(packet))

    def _on_message(self, client: Client, userdata: Any, message: MQTTMessage) -> None:  # noqa: ARG002
        self._events.put(Arrived(message.topic, bytes(message.payload)))
