"""Devices and screens as plain clients: paho for a tag, websockets for a screen."""

import asyncio
import json
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self, cast

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.system.program import Program, until

Message = dict[str, Any]


@dataclass
class Tag:
    """A native device: publishes fixes, keeps what is not acknowledged, counts its own messages."""

    username: str
    password: str
    boot: int = 1
    seq: int = 0
    sent: dict[int, Message] = field(default_factory=dict[int, Message])
    acknowledged: set[int] = field(default_factory=set[int])
    commands: list[Message] = field(default_factory=list[Message])
    connected: threading.Event = field(default_factory=threading.Event)
    gone: threading.Event = field(default_factory=threading.Event)
    client: mqtt.Client | None = None

    def connect(self, port: int) -> Self:
        """Connect to the broker with a persistent session, and wait for it."""
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=self.username, clean_session=False
        )
        client.username_pw_set(self.username, self.password)
        client.reconnect_delay_set(min_delay=1, max_delay=1)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.will_set(f"kc/v1/{self.username}/online", "0", qos=1, retain=True)
        client.connect("127.0.0.1", port, keepalive=30)
        client.loop_start()
        self.client = client
        assert self.connected.wait(10.0), "the broker accepts the device"
        return self

    def _on_connect(
        self, client: mqtt.Client, _data: object, _given: object, reason: Any, _properties: object
    ) -> None:
        if reason.is_failure:
            return
        client.subscribe(f"kc/v1/{self.username}/#", qos=1)
        client.publish(f"kc/v1/{self.username}/online", "1", qos=1, retain=True)
        self.gone.clear()
        self.connected.set()

    def _on_disconnect(self, *_arguments: object) -> None:
        self.connected.clear()
        self.gone.set()

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        if message.topic.endswith("/ack"):
            body = json.loads(message.payload)
            if body["boot"] == self.boot:
                spans = [(0, body["seq"]), *(tuple(r) for r in body["ranges"])]
                self.acknowledged |= {s for s in self.sent if any(a <= s <= b for a, b in spans)}
        elif message.topic.endswith("/cmd"):
            self.commands.append(json.loads(message.payload))

    def fix(self, latitude: float, longitude: float, at: datetime, **more: Any) -> int:
        """Publish a fix and return its `seq`."""
        return self.publish(
            "fix", {"t": at.isoformat(), "lat": latitude, "lon": longitude, "acc": 5.0} | more
        )

    def event(self, event_type: str, at: datetime) -> int:
        """Publish an event and return its `seq`."""
        return self.publish("event", {"t": at.isoformat(), "type": event_type})

    def publish(self, topic: str, body: Message) -> int:
        """Publish `body` with the next counter; it is kept until acknowledged."""
        self.seq += 1
        self.sent[self.seq] = {"topic": topic} | body
        self._send(self.seq)
        return self.seq

    def _send(self, seq: int) -> None:
        body = {"boot": self.boot, "seq": seq} | self.sent[seq]
        topic = body.pop("topic")
        self.raw(f"kc/v1/{self.username}/{topic}", json.dumps(body).encode())

    def resend(self) -> None:
        """Send again whatever is not acknowledged, oldest first."""
        for seq in sorted(set(self.sent) - self.acknowledged):
            self._send(seq)

    def raw(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish any bytes to any topic."""
        assert self.client is not None
        self.client.publish(topic, payload, qos=1, retain=retain)

    async def all_acknowledged(self, seconds: float = 10.0) -> None:
        """Wait until the server has acknowledged every message."""

        async def done() -> bool:
            return set(self.sent) == self.acknowledged

        await until(done, seconds, "every message is acknowledged by the application")

    def close(self) -> None:
        """Disconnect, and wait until that is done: a socket left open is a warning later."""
        if self.client is not None:
            self.client.disconnect()
            self.gone.wait(5.0)
            self.client.loop_stop()


class Screen:
    """A websocket client that keeps every frame and its arrival by the loop's clock."""

    def __init__(self, socket: ClientConnection) -> None:
        """Wrap an open socket."""
        self.socket = socket
        self.frames: list[tuple[float, Message]] = []
        self._reader = asyncio.get_running_loop().create_task(self._read())

    @classmethod
    async def open(cls, program: Program, kind: str, ticket: str, after: str | None = None) -> Self:
        """Open the `console` or `victim` socket with a ticket, resuming `after` a cursor."""
        socket = await connect(
            f"ws://127.0.0.1:{program.http_port}/api/v1/live/{kind}",
            subprotocols=[Subprotocol("keepclear.v1"), Subprotocol(f"ticket.{ticket}")],
        )
        screen = cls(socket)
        if after is not None:
            await screen.send({"type": "resume", "after": after})
        else:
            await screen.first(lambda f: f["type"] == "snapshot", "a snapshot comes first")
        return screen

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        async for text in self.socket:
            self.frames.append((loop.time(), cast("Message", json.loads(text))))

    async def send(self, frame: Message) -> None:
        """Send one frame."""
        await self.socket.send(json.dumps(frame))

    def events(self, kind: str) -> list[Message]:
        """Return the data of every event of `kind` so far."""
        return [f["data"] for _, f in self.frames if f["type"] == "event" and f["kind"] == kind]

    @property
    def cursor(self) -> str | None:
        """The newest cursor it has seen."""
        return next((f["cursor"] for _, f in reversed(self.frames) if "cursor" in f), None)

    async def first(
        self, wanted: Callable[[Message], bool], promise: str, seconds: float = 10.0
    ) -> Message:
        """Wait for the first frame that is `wanted` and return it."""

        async def seen() -> bool:
            return any(wanted(frame) for _, frame in self.frames)

        await until(seen, seconds, promise)
        return next(frame for _, frame in self.frames if wanted(frame))

    async def event(
        self, kind: str, promise: str, seconds: float = 10.0, /, **expected: object
    ) -> Message:
        """Wait for the first event of `kind` whose data has all `expected` members."""
        frame = await self.first(
            lambda f: (
                f["type"] == "event"
                and f["kind"] == kind
                and all(f["data"].get(k) == v for k, v in expected.items())
            ),
            promise,
            seconds,
        )
        return cast("Message", frame["data"])

    async def close(self) -> None:
        """Close the socket and read what was still on its way."""
        await self.socket.close()
        with suppress(ConnectionClosed):
            await self._reader
