"""The canary's shell: it publishes, listens and resolves, as a tag, a phone and an officer would.

It logs in to the real broker with credentials of its own, and subscribes to the hub as a live
phone does. What comes through is noted on `Canary`, from which readiness is read.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final, cast

import msgspec
from paho.mqtt.client import Client, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from sqlalchemy import Connection

from alerts import rehearsal
from alerts.audience import recipient_of
from alerts.canary import Beat as Round
from alerts.canary import Hop
from alerts.live.hub import Subscriber
from alerts.office import Office
from alerts.worker import COMMANDS, REGISTER
from domain.command import Command, CommandType
from domain.ids import CANARY_PREFIX, CommandId, DeviceId, is_canary
from domain.incident import Incident
from domain.order import Device
from domain.transition import DeviceChanged, Level, OrderChanged
from records import canary as canary_records
from records import commands as command_records
from records import incidents as incident_records
from records import register as register_records
from records.database import Records
from runtime.broker.login import BrokerLogin
from runtime.clock import utc_now
from runtime.ids import new_secret, secret_hash
from runtime.log import logger
from runtime.metrics import Metrics
from runtime.streams import Streams
from runtime.supervise import Beat
from runtime.wire import encode

#: How long what it leaves behind is kept.
KEEP: Final = timedelta(hours=1)
PRUNE_EVERY: Final = timedelta(minutes=5)
_GLANCE_S: Final = 0.25
_KEEPALIVE_S: Final = 15
_PRINCIPAL: Final = "canary"
_ACTOR: Final = "system"

_log = logger("alerts.canary")


class CanaryRoom:
    """The room that proves the path. `run` is one life of it."""

    def __init__(
        self,
        *,
        records: Records,
        streams: Streams,
        office: Office,
        metrics: Metrics,
        login: Callable[[DeviceId, str], BrokerLogin],
        broker_hash: Callable[[str], str],
        credentials_changed: Callable[[], Awaitable[None]],
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """Prove the path of this house.

        Args:
            records: Where the synthetic case is registered.
            streams: To wake whoever follows the register and the commands.
            office: Whose canary is fed, and whose hub is listened to.
            metrics: For the age of the last proof.
            login: How a device logs in to the broker with its secret.
            broker_hash: What the broker keeps of a secret.
            credentials_changed: Returns when the broker knows the register's credentials.
            clock: The wall clock.
        """
        self._records = records
        self._streams = streams
        self._office = office
        self._metrics = metrics
        self._login = login
        self._broker_hash = broker_hash
        self._credentials_changed = credentials_changed
        self._clock = clock
        self._pruned_at: datetime | None = None

    async def run(self, beat: Beat) -> None:
        """Live until `beat.stopping`: register the case, then let it happen again and again."""
        secrets = {device.device_id: new_secret() for device in rehearsal.devices()}
        await self._register(secrets)
        await self._credentials_changed()
        phones = [_Device(self._login(device_id, secret)) for device_id, secret in secrets.items()]
        devices = dict(zip(secrets, phones, strict=True))
        try:
            for device in phones:
                device.open()
            await self._go_on(beat, devices)
        finally:
            for device in phones:
                await asyncio.to_thread(device.close)

    async def _go_on(self, beat: Beat, devices: dict[DeviceId, "_Device"]) -> None:
        canary = self._office.canary
        woken = asyncio.Event()
        subscriber = self._subscribe(woken)
        try:
            while not beat.stopping.is_set():
                beat()
                now = self._clock()
                if subscriber.close_code is not None:
                    subscriber = self._subscribe(woken)
                due = canary.due(now)
                if due is not None:
                    await self._send(due, devices)
                await _pause(woken)
                await self._listen(subscriber)
                self._measure()
                await self._prune(now)
        finally:
            self._office.hub.unsubscribe(subscriber)

    def _subscribe(self, woken: asyncio.Event) -> Subscriber:
        recipient = recipient_of(rehearsal.PROTECTED)
        return self._office.hub.subscribe(recipient, _PRINCIPAL, woken.set)

    async def _send(self, due: Round, devices: dict[DeviceId, "_Device"]) -> None:
        """Publish what the devices of a beat say; note whether record and broker took it."""
        canary = self._office.canary
        await self._records.write(
            lambda connection: incident_records.put_mark(connection, "canary", due.number)
        )
        canary.reach(Hop.RECORDS, self._clock())
        if not all(device.connected for device in devices.values()):
            return
        for device_id, claim in rehearsal.claims(due):
            devices[device_id].publish(
                f"kc/v1/{device_id}/fix",
                msgspec.json.encode(claim),
                lambda: canary.reach(Hop.BROKER, self._clock()),
            )

    async def _listen(self, subscriber: Subscriber) -> None:
        """Note an alert that came through, and close what has eased."""
        if any(frame.kind == "alert" for frame in subscriber.take()):
            self._office.canary.reach(Hop.LIVE, self._clock())
        for incident in self._office.desk.standing():
            if is_canary(incident.incident_id) and incident.level is Level.CLEAR:
                await self._resolve(incident)

    async def _resolve(self, incident: Incident) -> None:
        now = self._clock()
        command = Command(
            command_id=CommandId(f"{CANARY_PREFIX}{incident.incident_id}"),
            command_type=CommandType.RESOLVE,
            actor=_ACTOR,
            at=now,
            received_at=now,
            incident_id=incident.incident_id,
            outcome="rehearsed",
        )
        body = encode(command)
        added = await self._records.write(
            lambda connection: command_records.add_command(
                connection, command.command_id, now, body
            )
        )
        if added:
            await self._streams.open(COMMANDS).append([body])

    def _measure(self) -> None:
        now = self._clock()
        since = self._office.verdict(now).since
        if since is not None:
            self._metrics.canary_age_seconds.set((now - since).total_seconds())

    async def _prune(self, now: datetime) -> None:
        if self._pruned_at is not None and now - self._pruned_at < PRUNE_EVERY:
            return
        self._pruned_at = now
        await self._records.write(lambda connection: canary_records.prune(connection, now - KEEP))

    async def _register(self, secrets: dict[DeviceId, str]) -> None:
        """Write the synthetic case into the register, unless it is there, with new secrets."""
        hashes = {
            device_id: (secret_hash(secret), self._broker_hash(secret))
            for device_id, secret in secrets.items()
        }
        now = self._clock()
        await self._records.write(lambda connection: _put_case(connection, hashes, now))
        await self._streams.open(REGISTER).append([encode(REGISTER)])


class _Device:
    """A device of the synthetic case, connected to the broker."""

    def __init__(self, login: BrokerLogin) -> None:
        self._login = login
        self._waiting: dict[int, Callable[[], None]] = {}
        self._loop = asyncio.get_running_loop()
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=login.username,
            protocol=MQTTProtocolVersion.MQTTv311,
        )
        self._client.username_pw_set(login.username, login.password)
        if login.tls:
            cast("Any", self._client).tls_set_context(ssl.create_default_context())
        self._client.reconnect_delay_set(min_delay=1, max_delay=2)
        self._client.on_publish = self._on_publish

    @property
    def connected(self) -> bool:
        """Whether the broker has let it in."""
        return self._client.is_connected()

    def open(self) -> None:
        """Connect, and keep connecting, in the background."""
        self._client.connect_async(self._login.host, self._login.port, keepalive=_KEEPALIVE_S)
        self._client.loop_start()

    def close(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, payload: bytes, taken: Callable[[], None]) -> None:
        """Publish; `taken` is called on our loop when the broker says that it has the message."""
        sent: MQTTMessageInfo = self._client.publish(topic, payload, qos=1)
        self._waiting = {sent.mid: taken}

    def _on_publish(self, _client: Client, _userdata: object, mid: int, *_rest: object) -> None:
        self._loop.call_soon_threadsafe(self._taken, mid)

    def _taken(self, mid: int) -> None:
        taken = self._waiting.pop(mid, None)
        if taken is not None:
            taken()


def _put_case(
    connection: Connection, hashes: dict[DeviceId, tuple[str, str]], now: datetime
) -> None:
    for person in rehearsal.people():
        if register_records.person(connection, person.person_id) is None:
            register_records.add_person(connection, person, now)
    for device in rehearsal.devices():
        _put_device(connection, device, hashes[device.device_id], now)
    order = rehearsal.order()
    body = encode(order)
    if register_records.order_body(connection, order.order_id) == body:
        return
    register_records.put_order(connection, order, body, now, [rehearsal.PROTECTED])
    register_records.record_change(
        connection,
        "order_changed",
        order.order_id,
        now,
        lambda number: encode(OrderChanged(change_id=number, received_at=now, order=order)),
    )


def _put_device(
    connection: Connection, device: Device, hashes: tuple[str, str], now: datetime
) -> None:
    sha256, broker_hash = hashes
    if register_records.device(connection, device.device_id) is not None:
        canary_records.put_secret(connection, device.device_id, sha256, broker_hash)
        return
    register_records.add_device(
        connection, device, now, secret_sha256=sha256, broker_hash=broker_hash
    )
    register_records.record_change(
        connection,
        "device_changed",
        device.device_id,
        now,
        lambda number: encode(DeviceChanged(change_id=number, received_at=now, device=device)),
    )


async def _pause(woken: asyncio.Event) -> None:
    """Wait until something came for her, or a little while."""
    woken.clear()
    try:
        async with asyncio.timeout(_GLANCE_S):
            await woken.wait()
    except TimeoutError:
        return
