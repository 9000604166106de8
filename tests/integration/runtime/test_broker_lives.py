"""Lives and deaths: a broker never outlives its keepclear, and keeps what it was given."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import cast

import psutil
import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from runtime.broker.choice import choose
from runtime.broker.credential import credential_of
from runtime.broker.embedded import EmbeddedBroker
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

ROOT = Path(__file__).parents[3]
TAG = credential_of("tag-1", AccountKind.NATIVE, SECRET)
STORE = credential_of("store-1", AccountKind.OWNTRACKS, SECRET)


@pytest.fixture(params=["mosquitto", "amqtt"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Give the settings of each broker in turn."""
    return settings_for(cast("Kind", request.param), tmp_path)


@asynccontextmanager
async def a_hostess(settings: Settings) -> AsyncGenerator[tuple[Process, int]]:
    """Give a separate program with its broker's pid; both are gone at the end."""
    program = ROOT / "tests" / "integration" / "runtime" / "hostess.py"
    arguments = (settings.broker, str(settings.data_dir), str(settings.mqtt_port))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(program), *arguments),
        stdout=PIPE,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": os.defpath},
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(20):
            yield process, int(await process.stdout.readline())
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_a_killed_program_leaves_no_broker(settings: Settings) -> None:
    """After `kill -9` of the program its broker is gone, and the port is free again."""
    async with a_hostess(settings) as (program, broker):
        assert psutil.pid_exists(broker)
        program.kill()
        await until(lambda: not psutil.pid_exists(broker))
    async with a_broker(settings) as again:
        await again.start([TAG])

        assert again.alive


async def test_a_left_over_broker_is_ended(settings: Settings) -> None:
    """A broker that a former life left behind makes room for the new one."""
    async with a_broker(settings) as former:
        await former.start([])
        left = former.pid
        assert left is not None
        held = vars(former)["_held"]
        # What remains after a death that the leash did not notice: no lock, a pid file, a broker.
        held.close()
        async with a_broker(settings) as later:
            await later.start([TAG])

            assert not running(left)
            assert await admits(settings, "tag-1")


def running(pid: int) -> bool:
    """Return whether a process lives; one that waits to be buried does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def test_a_stranger_is_not_ended(settings: Settings) -> None:
    """A pid file that names a process which is no broker of ours harms nobody."""
    settings.broker_dir.mkdir(parents=True, mode=0o700)
    (settings.broker_dir / "broker.pid").write_text(f"{os.getpid()}\n")
    async with a_broker(settings) as broker:
        await broker.start([TAG])

        assert broker.alive


async def test_ctrl_c_is_not_for_the_broker(settings: Settings) -> None:
    """An interrupt from the terminal reaches the program's group, and the broker is not in it."""
    async with a_broker(settings) as broker:
        await broker.start([TAG])
        assert broker.pid is not None

        assert os.getpgid(0) != os.getpgid(broker.pid)


async def test_a_reader_that_is_away_misses_nothing(settings: Settings) -> None:
    """More than mosquitto's default of 1,000 messages wait for a persistent session."""
    count = 1_200
    async with a_broker(settings) as broker:
        await broker.start([TAG])
        login = broker.login("ingest")
        away = Client(settings, persistent=True)
        assert await away.connect(login.username, login.password)
        await away.subscribe("kc/v1/+/fix")
        away.close()
        with closing(Client(settings)) as tag:
            assert await tag.connect("tag-1")
            for number in range(count - 1):
                tag.send("kc/v1/tag-1/fix", b"%d" % number)
            assert await tag.publish("kc/v1/tag-1/fix", b"%d" % (count - 1))
        with closing(Client(settings, persistent=True)) as back:
            assert await back.connect(login.username, login.password)
            await until(lambda: count == len(back.received))

            assert [b"%d" % number for number in range(count)] == [
                payload for _, payload in back.received
            ]


async def test_the_queue_survives_a_restart(tmp_path: Path) -> None:
    """What mosquitto holds for an absent reader is there again after an orderly restart."""
    settings = settings_for("mosquitto", tmp_path)
    async with a_broker(settings) as broker:
        await broker.start([TAG, STORE])
        with closing(Client(settings, persistent=True)) as away:
            assert await away.connect("store-1")
            await away.subscribe("owntracks/store-1/x")
        server, login = Client(settings), broker.login("ingest")
        assert await server.connect(login.username, login.password)
        assert await server.publish("owntracks/store-1/x", b"kept")
        server.close()
        await broker.stop()
    async with a_broker(settings) as again:
        await again.start([TAG, STORE])
        with closing(Client(settings, persistent=True)) as back:
            assert await back.connect("store-1")
            await until(lambda: bool(back.received))

            assert [("owntracks/store-1/x", b"kept")] == back.received


async def test_mosquitto_speaks_mqtt_5(tmp_path: Path) -> None:
    """A client of MQTT 5 is at home with mosquitto."""
    settings = settings_for("mosquitto", tmp_path)
    async with a_broker(settings) as broker:
        await broker.start([TAG])
        with closing(Client(settings, MQTTProtocolVersion.MQTTv5)) as modern:
            assert await modern.connect("tag-1")
            assert await modern.publish("kc/v1/tag-1/fix")


async def test_amqtt_refuses_mqtt_5(tmp_path: Path) -> None:
    """Amqtt speaks 3.1.1 only, and says so instead of leaving a client waiting."""
    settings = settings_for("amqtt", tmp_path)
    async with a_broker(settings) as broker:
        await broker.start([TAG])
        reader, writer = await asyncio.open_connection("127.0.0.1", settings.mqtt_port)
        writer.write(b"\x10\x12\x00\x04MQTT\x05\x02\x00\x0a\x00\x00\x05tag-1")
        answer = await asyncio.wait_for(reader.read(), timeout=5)
        writer.close()

        assert b"\x20\x03\x00\x84\x00" == answer


async def test_a_dead_broker_hears_of_new_devices_when_revived(settings: Settings) -> None:
    """Registering a device does not fail because the broker has just died."""
    async with a_broker(settings) as broker:
        await broker.start([])
        assert broker.pid is not None
        os.kill(broker.pid, signal.SIGKILL)
        await until(lambda: not broker.alive)
        await broker.reload([TAG])
        async with asyncio.TaskGroup() as group:
            supervisor = Supervisor([Room(name="broker", run=broker.run)])
            group.create_task(supervisor.run(signals=False))
            await until(lambda: broker.alive)
            await eventually(lambda: admits(settings, "tag-1"))
            supervisor.stop()


async def test_garbage_does_not_kill_it(settings: Settings) -> None:
    """Bytes that are no MQTT end their own connection alone."""
    async with a_broker(settings) as broker:
        await broker.start([TAG])
        for garbage in (b"GET / HTTP/1.1\r\n\r\n", b"\x10\xff\xff\xff\xff\x7f", os.urandom(4096)):
            _, writer = await asyncio.open_connection("127.0.0.1", settings.mqtt_port)
            writer.write(garbage)
            writer.close()
        with closing(Client(settings)) as tag:
            assert await tag.connect("tag-1")
            assert await tag.publish("kc/v1/tag-1/fix")


def test_brokers_are_told_apart(settings: Settings) -> None:
    """The object says which broker it is, for the line the program prints."""
    assert settings.broker == EmbeddedBroker(settings, choose(settings)).kind
