"""The embedded broker, for real: both of them, with plain clients.

A publish that is refused is still acknowledged, so what counts is what is delivered. To know that
something was not delivered, a message that may pass follows it on the same connection.
"""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path
from typing import cast

import psutil
import pytest

from runtime.broker.child import BrokerBusyError
from runtime.broker.choice import choose
from runtime.broker.credential import Credential, credential_of
from runtime.broker.embedded import BrokerStartError, EmbeddedBroker
from runtime.broker.probe import Answer, try_login
from runtime.broker.rights import AccountKind
from runtime.settings import Settings
from runtime.supervise import Room, Supervisor
from tests.integration.runtime.brokers import (
    SECRET,
    Client,
    Kind,
    a_broker,
    admits,
    eventually,
    settings_for,
    until,
)

pytestmark = pytest.mark.integration

TAG = credential_of("tag-1", AccountKind.NATIVE, SECRET)
OTHER = credential_of("tag-2", AccountKind.NATIVE, SECRET)
PHONE = credential_of("phone-1", AccountKind.OWNTRACKS, SECRET)
GATEWAY = credential_of("gate-1", AccountKind.GATEWAY, SECRET)
EVERYBODY = [TAG, OTHER, PHONE, GATEWAY]


@pytest.fixture(params=["mosquitto", "amqtt"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Give the settings of each broker in turn."""
    return settings_for(cast("Kind", request.param), tmp_path)


@pytest.fixture
async def broker(settings: Settings) -> AsyncGenerator[EmbeddedBroker]:
    """Give a broker that knows everybody."""
    async with a_broker(settings) as made:
        await made.start(EVERYBODY)
        yield made


async def listener(broker: EmbeddedBroker, settings: Settings) -> Client:
    """Return one of our own parts, which receives everything."""
    client = Client(settings)
    login = broker.login("ingest")
    assert await client.connect(login.username, login.password)
    await client.subscribe("#")
    return client


async def test_who_is_known_gets_in(broker: EmbeddedBroker, settings: Settings) -> None:
    """A device with its secret logs in, and what it publishes arrives."""
    assert broker.alive
    with closing(await listener(broker, settings)) as ingest, closing(Client(settings)) as tag:
        assert await tag.connect("tag-1")
        assert await tag.publish("kc/v1/tag-1/fix", b'{"seq":1}')
        await until(lambda: bool(ingest.received))

        assert [("kc/v1/tag-1/fix", b'{"seq":1}')] == ingest.received


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("tag-1", "wrong"),
        ("tag-1", ""),
        ("tag-9", SECRET),
        ("", SECRET),
        ("keepclear.ingest", SECRET),
        (None, None),
    ],
)
async def test_who_is_not_known_stays_out(
    broker: EmbeddedBroker, settings: Settings, username: str | None, password: str | None
) -> None:
    """A wrong secret, an unknown name, no name: refused."""
    assert not await admits(settings, username, password)


@pytest.mark.parametrize(
    ("username", "own", "foreign"),
    [
        ("tag-1", "kc/v1/tag-1/event", "kc/v1/tag-2/fix"),
        ("tag-1", "kc/v1/tag-1/cmd/ack", "kc/v1/tag-1/cmd"),
        ("tag-1", "kc/v1/tag-1/online", "kc/v1/tag-1/ack"),
        ("tag-1", "kc/v1/tag-1/fix", "kc/v1/tag-1/fix/more"),
        ("tag-1", "kc/v1/tag-1/fix", "owntracks/tag-1/x"),
        ("tag-1", "kc/v1/tag-1/fix", "traccar/positions"),
        ("phone-1", "owntracks/phone-1/any/event", "owntracks/phone-2/any"),
        ("phone-1", "owntracks/phone-1/any", "kc/v1/phone-1/fix"),
        ("gate-1", "traccar/positions", "kc/v1/tag-1/fix"),
    ],
)
async def test_nobody_speaks_for_another(
    broker: EmbeddedBroker, settings: Settings, username: str, own: str, foreign: str
) -> None:
    """What is published outside one's own topics reaches nobody."""
    with closing(await listener(broker, settings)) as ingest, closing(Client(settings)) as device:
        await device.connect(username)
        await device.publish(foreign)
        await device.publish(own)
        await until(lambda: bool(ingest.received))

        assert [own] == [topic for topic, _ in ingest.received]


@pytest.mark.parametrize("wanted", ["#", "kc/#", "kc/v1/tag-2/ack", "kc/v1/+/ack", "+/+/+/+"])
async def test_nobody_listens_to_another(
    broker: EmbeddedBroker, settings: Settings, wanted: str
) -> None:
    """Whatever a device subscribes, it receives only what is below its own id."""
    with closing(await listener(broker, settings)) as server, closing(Client(settings)) as tag:
        await tag.connect("tag-1")
        await tag.subscribe(wanted)
        await tag.subscribe("kc/v1/tag-1/cmd")
        for topic in ("kc/v1/tag-2/ack", "kc/v1/tag-2/fix", "owntracks/phone-1/x"):
            await server.publish(topic)
        await server.publish("kc/v1/tag-1/cmd")
        await until(lambda: bool(tag.received))

        assert {"kc/v1/tag-1/cmd"} == {topic for topic, _ in tag.received}


async def test_a_will_cannot_speak_for_another(broker: EmbeddedBroker, settings: Settings) -> None:
    """A last will obeys the same rights as a living device."""
    with closing(await listener(broker, settings)) as ingest:
        forger = Client(settings)
        forger.will("kc/v1/tag-2/fix")
        if await forger.connect("tag-1"):
            forger.close(rudely=True)
        honest = Client(settings)
        honest.will("kc/v1/tag-1/online")
        assert await honest.connect("tag-1")
        honest.close(rudely=True)
        await until(lambda: bool(ingest.received))

        assert [("kc/v1/tag-1/online", b"gone")] == ingest.received


async def test_a_client_id_takes_nothing_over(broker: EmbeddedBroker, settings: Settings) -> None:
    """Clients of different accounts live side by side under one client id, as all do here."""
    with closing(Client(settings)) as one, closing(Client(settings)) as other:
        assert await one.connect("tag-1")
        assert await other.connect("tag-2")
        assert not await admits(settings, "tag-1", "wrong")

        assert await one.publish("kc/v1/tag-1/fix")
        assert await other.publish("kc/v1/tag-2/fix")


async def test_a_new_session_takes_over_the_old(broker: EmbeddedBroker, settings: Settings) -> None:
    """A device that logs in again replaces its former self."""
    with closing(Client(settings)) as old, closing(Client(settings)) as new:
        assert await old.connect("tag-1")
        assert await new.connect("tag-1")

        assert await old.lost()
        assert await new.publish("kc/v1/tag-1/fix")


async def test_long_messages_are_not_delivered(broker: EmbeddedBroker, settings: Settings) -> None:
    """64 KiB pass; a megabyte reaches nobody, and the broker lives on."""
    with closing(await listener(broker, settings)) as ingest, closing(Client(settings)) as tag:
        await tag.connect("tag-1")
        await tag.publish("kc/v1/tag-1/event", b"x" * 1_048_576)
        with closing(Client(settings)) as other:
            await other.connect("tag-2")
            assert await other.publish("kc/v1/tag-2/fix", b"x" * 65_536)
            await until(lambda: bool(ingest.received))

        assert [65_536] == [len(payload) for _, payload in ingest.received]


async def test_new_credentials_work_at_once(broker: EmbeddedBroker, settings: Settings) -> None:
    """When `reload` returns a new device can log in, and nobody else was disturbed."""
    with closing(Client(settings)) as tag, closing(Client(settings)) as fresh:
        assert await tag.connect("tag-1")
        assert not await admits(settings, "tag-3", "t" * 43)
        await broker.reload([*EVERYBODY, credential_of("tag-3", AccountKind.NATIVE, "t" * 43)])

        assert await fresh.connect("tag-3", "t" * 43)
        assert await tag.publish("kc/v1/tag-1/fix")


async def test_many_reloads_in_a_row_all_count(broker: EmbeddedBroker, settings: Settings) -> None:
    """Every one of a burst of registrations is in force when its own `reload` returns."""

    def device(number: int) -> Credential:
        return credential_of(f"tag-{number}", AccountKind.NATIVE, SECRET)

    for count in range(10, 15):
        await broker.reload([device(number) for number in range(10, count + 1)])
        login = broker.login("ingest")
        new = type(login)(
            host=login.host, port=login.port, username=f"tag-{count}", password=SECRET
        )

        assert Answer.ACCEPTED is await try_login(new)


async def test_a_revoked_device_is_cut_off(broker: EmbeddedBroker, settings: Settings) -> None:
    """A credential that is gone ends its session as well as its logins."""
    with closing(Client(settings)) as tag, closing(Client(settings)) as other:
        assert await tag.connect("tag-1")
        assert await other.connect("tag-2")
        await broker.reload([OTHER])

        assert await tag.lost()
        assert not await admits(settings, "tag-1")
        assert await other.publish("kc/v1/tag-2/fix")


async def test_a_changed_secret_ends_the_old_one(
    broker: EmbeddedBroker, settings: Settings
) -> None:
    """A device that got a new secret is not to be reached with the old."""
    await broker.reload([credential_of("tag-1", AccountKind.NATIVE, "n" * 43)])

    assert not await admits(settings, "tag-1", SECRET)
    with closing(Client(settings)) as tag:
        assert await tag.connect("tag-1", "n" * 43)


async def test_a_killed_broker_is_revived(broker: EmbeddedBroker, settings: Settings) -> None:
    """The broker dies, and within seconds another one knows the same credentials."""
    supervisor = Supervisor([Room(name="broker", run=broker.run)])
    async with asyncio.TaskGroup() as group:
        group.create_task(supervisor.run(signals=False))
        first = broker.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await until(lambda: broker.pid not in {None, first})
        await eventually(lambda: admits(settings, "tag-1"))
        supervisor.stop()


async def test_a_frozen_broker_is_replaced(broker: EmbeddedBroker, settings: Settings) -> None:
    """A broker that lives and does not answer is no broker."""
    first = broker.pid
    assert first is not None
    os.kill(first, signal.SIGSTOP)
    supervisor = Supervisor([Room(name="broker", run=broker.run)])
    async with asyncio.TaskGroup() as group:
        group.create_task(supervisor.run(signals=False))
        await until(lambda: broker.pid not in {None, first}, patience_s=30)
        await eventually(lambda: admits(settings, "tag-1"))
        supervisor.stop()

    assert not psutil.pid_exists(first)


async def test_stopping_leaves_nothing(settings: Settings) -> None:
    """After `stop` there is no process, and the port and the directory are free again."""
    async with a_broker(settings) as broker:
        await broker.start(EVERYBODY)
        pid = broker.pid
        await broker.stop()
        await broker.stop()

        assert pid is not None
        assert not psutil.pid_exists(pid)
    async with a_broker(settings) as again:
        await again.start(EVERYBODY)

        assert await admits(settings, "tag-1")


async def test_one_directory_has_one_owner(broker: EmbeddedBroker, settings: Settings) -> None:
    """A second keepclear on the same data directory is refused and harms nothing."""
    async with a_broker(settings) as second:
        with pytest.raises(BrokerBusyError):
            await second.start(EVERYBODY)

    assert await admits(settings, "tag-1")


async def test_a_taken_port_is_named(settings: Settings) -> None:
    """Where another program listens, ours says that it did not start."""
    server = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", settings.mqtt_port)
    async with server, a_broker(settings) as broker:
        with pytest.raises(BrokerStartError):
            await broker.start(EVERYBODY)

        assert not broker.alive


async def test_secrets_are_readable_by_nobody_else(
    broker: EmbeddedBroker, settings: Settings
) -> None:
    """The files that tell the broker about accounts belong to us alone, and hold no secret."""
    files = [path for path in settings.broker_dir.iterdir() if path.is_file()]

    assert choose(settings).kind == broker.kind
    assert [] == [path.name for path in files if path.stat().st_mode & 0o077]
    assert [] == [path.name for path in files if SECRET.encode() in path.read_bytes()]
    assert 0o700 == settings.broker_dir.stat().st_mode & 0o777
