"""A real embedded broker on a free port, and plain MQTT clients to try it."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Event
from typing import Any, Literal

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from runtime.broker.choice import choose, find_mosquitto
from runtime.broker.embedded import EmbeddedBroker
from runtime.settings import Settings

Kind = Literal["mosquitto", "amqtt"]
PATIENCE_S = 10.0
SECRET = "s" * 43


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def settings_for(kind: Kind, directory: Path) -> Settings:
    """Return settings of a broker in a directory of its own."""
    if kind == "mosquitto" and find_mosquitto() is None:
        pytest.skip("mosquitto is not installed (apt-get install mosquitto)")
    return Settings(data_dir=directory, broker=kind, mqtt_port=free_port())


@asynccontextmanager
async def a_broker(settings: Settings) -> AsyncGenerator[EmbeddedBroker]:
    """Give a broker that is certainly stopped at the end."""
    broker = EmbeddedBroker(settings, choose(settings))
    try:
        yield broker
    finally:
        await broker.stop()


class Client:
    """A plain MQTT client that remembers what it was sent."""

    def __init__(
        self,
        settings: Settings,
        version: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv311,
        *,
        persistent: bool = False,
    ) -> None:
        """Prepare a client of the broker of `settings`."""
        self._port = settings.mqtt_port
        self._connected = Event()
        self._lost = Event()
        self._acknowledged: set[int] = set()
        self.refusals: list[str] = []
        self.received: list[tuple[str, bytes]] = []
        clean = None if version is MQTTProtocolVersion.MQTTv5 else not persistent
        self._paho = mqtt.Client(
            CallbackAPIVersion.VERSION2, "any", clean_session=clean, protocol=version
        )
        self._paho.on_connect = self._on_connect
        self._paho.on_disconnect = self._on_disconnect
        self._paho.on_message = self._on_message
        self._paho.on_subscribe = self._on_subscribe
        self._paho.on_publish = self._on_publish
        self._subscribed: set[int] = set()

    def will(self, topic: str) -> None:
        """Leave a last will."""
        self._paho.will_set(topic, b"gone", qos=1)

    async def connect(self, username: str | None, password: str | None = SECRET) -> bool:
        """Log in; return whether the broker agreed."""
        if username is not None:
            self._paho.username_pw_set(username, password)
        await asyncio.to_thread(self._paho.connect, "127.0.0.1", self._port, 30)
        self._paho.loop_start()
        await until(lambda: self._connected.is_set() or bool(self.refusals) or self._lost.is_set())
        return self._connected.is_set() and not self.refusals

    async def subscribe(self, topic: str) -> None:
        """Subscribe and wait for the answer, whatever it is."""
        _, mid = self._paho.subscribe(topic, qos=1)
        assert mid is not None
        await until(lambda: mid in self._subscribed)

    def send(self, topic: str, payload: bytes) -> None:
        """Publish with QoS 1 without waiting for the acknowledgement."""
        self._paho.publish(topic, payload, qos=1)

    async def publish(self, topic: str, payload: bytes = b"{}") -> bool:
        """Publish with QoS 1; return whether it was acknowledged before the connection was lost."""
        sent = self._paho.publish(topic, payload, qos=1)
        await until(lambda: sent.mid in self._acknowledged or self._lost.is_set())
        return sent.mid in self._acknowledged

    async def lost(self) -> bool:
        """Wait until the broker cuts us off."""
        await until(self._lost.is_set)
        return True

    def close(self, *, rudely: bool = False) -> None:
        """Leave, or vanish without a word, so that the will is published."""
        sock = self._paho.socket()
        if rudely and isinstance(sock, socket.socket):
            sock.shutdown(socket.SHUT_RDWR)
        self._paho.disconnect()
        self._paho.loop_stop()
        # Break the circle, so that paho closes its sockets itself, now.
        self._paho.on_connect = self._paho.on_disconnect = self._paho.on_message = None
        self._paho.on_subscribe = self._paho.on_publish = None

    def _on_connect(self, *told: Any) -> None:
        reason = told[3]
        if reason.is_failure:
            self.refusals.append(str(reason))
        else:
            self._connected.set()

    def _on_disconnect(self, *_told: Any) -> None:
        self._lost.set()

    def _on_message(self, _client: Any, _user: Any, message: mqtt.MQTTMessage) -> None:
        self.received.append((message.topic, bytes(message.payload)))

    def _on_subscribe(self, *told: Any) -> None:
        self._subscribed.add(told[2])

    def _on_publish(self, *told: Any) -> None:
        self._acknowledged.add(told[2])


async def admits(settings: Settings, username: str | None, password: str | None = SECRET) -> bool:
    """Return whether the broker lets someone in, who leaves at once."""
    client = Client(settings)
    try:
        return await client.connect(username, password)
    except OSError:
        return False
    finally:
        client.close()


async def until(true: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
    """Wait until something is so, and fail when it never is."""
    async with asyncio.timeout(patience_s):
        while not true():  # noqa: ASYNC110 - the other side is another process
            await asyncio.sleep(0.01)


async def eventually(true: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something that has to be asked for is so."""
    async with asyncio.timeout(PATIENCE_S):
        while not await true():  # noqa: ASYNC110 - the other side is another process
            await asyncio.sleep(0.02)
