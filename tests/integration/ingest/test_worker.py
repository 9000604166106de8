"""The room between a real broker and a real record: what devices see of it."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, cast

import pytest

from domain.reading import Fix, RawMessage
from ingest.worker import FACTS, Ingest, IngestBusyError
from records.tables import presences, quarantine
from runtime.broker.credential import credential_of
from runtime.broker.embedded import EmbeddedBroker
from runtime.broker.login import BrokerLogin
from runtime.broker.rights import AccountKind
from runtime.clock import utc_now
from runtime.settings import Settings
from runtime.streams import MemoryStreams, Stream
from runtime.supervise import Beat
from tests.integration.ingest.house import House, a_house, living
from tests.integration.runtime.brokers import (
    SECRET,
    Client,
    Kind,
    a_broker,
    eventually,
    settings_for,
    until,
)

pytestmark = pytest.mark.integration

EVERYBODY = [
    credential_of("tag-1", AccountKind.NATIVE, SECRET),
    credential_of("tag-2", AccountKind.NATIVE, SECRET),
    credential_of("phone-1", AccountKind.OWNTRACKS, SECRET),
]
NOBODY = BrokerLogin(host="127.0.0.1", port=1, username="keepclear.ingest", password="")


@pytest.fixture(params=["mosquitto", "amqtt"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Give the settings of each broker in turn."""
    return settings_for(cast("Kind", request.param), tmp_path)


@pytest.fixture
async def broker(settings: Settings) -> AsyncIterator[EmbeddedBroker]:
    """Give a broker that knows the register's devices."""
    async with a_broker(settings) as made:
        await made.start(EVERYBODY)
        yield made


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Give a house on an empty record."""
    async with a_house(tmp_path) as made:
        yield made


def _fix(**given: object) -> bytes:
    body = {"t": utc_now().isoformat(), "lat": 51.6, "lon": -0.1, "acc": 8.0, **given}
    return json.dumps(body).encode()


async def _device(settings: Settings, device_id: str = "tag-1") -> Client:
    """Return a device that is connected and listens for its acknowledgements."""
    client = Client(settings)
    assert await client.connect(device_id)
    if device_id.startswith("tag"):
        await client.subscribe(f"kc/v1/{device_id}/ack")
    return client


def _told(client: Client) -> list[Any]:
    return [json.loads(payload) for _, payload in client.received]


async def test_a_fix_is_committed_and_then_acknowledged_to_its_device(
    broker: EmbeddedBroker, settings: Settings, house: House
) -> None:
    """A report becomes a row, an entry of the stream, and an `ack` with what is missing."""
    async with _listening(house.ingest(broker.login("ingest"))):
        with closing(await _device(settings)) as tag:
            assert await tag.publish("kc/v1/tag-1/fix", _fix(boot=3, seq=5))
            await until(lambda: {"boot": 3, "seq": 5, "ranges": []} in _told(tag))
            assert await tag.publish("kc/v1/tag-1/fix", _fix(boot=3, seq=9))
            await until(lambda: {"boot": 3, "seq": 5, "ranges": [[9, 9]]} in _told(tag))

    assert [5, 9] == [row.seq for row in await house.rows()]
    assert [5, 9] == [fact.seq for fact in await house.facts() if isinstance(fact, Fix)]


@asynccontextmanager
async def _listening(room: Ingest) -> AsyncGenerator[None]:
    """Let a room live, once the broker hands it what is published."""
    async with living(room):
        await until(lambda: room.listening)
        yield


async def test_owntracks_is_committed(
    broker: EmbeddedBroker, settings: Settings, house: House
) -> None:
    """A phone with somebody else's app is admitted like a tag."""
    body = {"_type": "location", "lat": 51.6, "lon": -0.1, "tst": int(utc_now().timestamp())}
    async with _listening(house.ingest(broker.login("ingest"))):
        with closing(await _device(settings, "phone-1")) as phone:
            await phone.publish("owntracks/phone-1/pixel", json.dumps(body).encode())

            async def committed() -> bool:
                return "phone-1" in {row.device_id for row in await house.rows()}

            await eventually(committed)


async def test_twenty_poison_messages_do_not_hold_up_a_good_one(
    broker: EmbeddedBroker, settings: Settings, house: House
) -> None:
    """Poison is set aside and acknowledged; what follows it is committed at once."""
    async with _listening(house.ingest(broker.login("ingest"))):
        with closing(await _device(settings)) as tag:
            for number in range(20):
                await tag.publish("kc/v1/tag-1/fix", b"\xff poison %d" % number)
            await tag.publish("kc/v1/tag-1/fix", _fix(boot=1, seq=1))
            await until(lambda: {"boot": 1, "seq": 1, "ranges": []} in _told(tag))

    assert 20 == len(await house.rows(quarantine))


async def test_a_last_will_is_a_fact(
    broker: EmbeddedBroker, settings: Settings, house: House
) -> None:
    """What the broker says on behalf of a device that vanished is committed."""
    async with _listening(house.ingest(broker.login("ingest"))):
        with closing(await _device(settings)) as tag:
            await tag.publish("kc/v1/tag-1/online", b"1")
            await tag.publish("kc/v1/tag-1/online", b"0")

            async def gone() -> bool:
                return [True, False] == [row.online for row in await house.rows(presences)]

            await eventually(gone)


class _Broken:
    """A stream that dies once, after the commit and before the PUBACK."""

    def __init__(self, inner: Stream) -> None:
        self._inner = inner
        self.deaths = 1

    async def append(self, bodies: Sequence[bytes]) -> None:
        """Die, or pass on."""
        if self.deaths:
            self.deaths -= 1
            raise RuntimeError
        await self._inner.append(bodies)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class _BrokenStreams(MemoryStreams):
    """Streams of which `facts` dies once."""

    def __init__(self, inner: Stream) -> None:
        super().__init__(100)
        self._facts = _Broken(inner)

    def open(self, name: str) -> Stream:
        """Return the stream of that name."""
        return cast("Stream", self._facts) if name == FACTS else super().open(name)


@pytest.mark.parametrize("settings", ["mosquitto"], indirect=True)
async def test_dying_between_commit_and_puback_doubles_nothing(
    broker: EmbeddedBroker, settings: Settings, house: House
) -> None:
    """F4: what was committed and not acknowledged comes again, and has no second effect."""
    login = broker.login("ingest")
    async with _listening(house.ingest(login)):
        pass
    broken = _BrokenStreams(house.streams.open(FACTS))
    with closing(await _device(settings)) as tag:
        await tag.publish("kc/v1/tag-1/fix", _fix(boot=1, seq=1))
        with pytest.raises(ExceptionGroup):
            await _until_it_dies(house.ingest(login, broken))
        assert 1 == len(await house.rows())
        assert [] == _told(tag)
        async with _listening(house.ingest(login)):
            await until(lambda: {"boot": 1, "seq": 1, "ranges": []} in _told(tag))

    assert 1 == len(await house.rows())


async def _until_it_dies(room: Ingest) -> None:
    async with asyncio.timeout(10.0):
        await room.run(Beat())


@pytest.mark.parametrize("settings", ["mosquitto"], indirect=True)
async def test_what_was_sent_while_ingest_was_away_is_committed(
    broker: EmbeddedBroker, settings: Settings, house: House
) -> None:
    """The session outlives the room: the broker keeps what comes meanwhile."""
    login = broker.login("ingest")
    async with _listening(house.ingest(login)):
        pass
    with closing(await _device(settings)) as tag:
        for seq in range(1, 101):
            await tag.publish("kc/v1/tag-1/fix", _fix(boot=1, seq=seq))
        async with _listening(house.ingest(login)):
            await until(lambda: {"boot": 1, "seq": 100, "ranges": []} in _told(tag))

    assert list(range(1, 101)) == [row.seq for row in await house.rows() if row.boot == 1]


async def test_a_message_that_came_by_another_door_is_committed(house: House) -> None:
    """Her page hands its positions in directly, and waits for the commit; no broker is needed."""
    room = house.ingest(NOBODY)
    message = RawMessage(topic="kc/v1/tag-1/fix", payload=_fix(), received_at=utc_now())
    with pytest.raises(IngestBusyError):
        await room.submit(message)
    async with living(room):

        async def submitted() -> bool:
            try:
                await room.submit(message)
            except IngestBusyError:
                return False
            return True

        await eventually(submitted)

    assert 1 == len(await house.rows())


@pytest.mark.parametrize("settings", ["mosquitto", "amqtt"], indirect=True)
async def test_a_killed_broker_is_found_again(
    broker: EmbeddedBroker, settings: Settings, house: House
) -> None:
    """F1: when the broker comes back ingest listens again, without being told."""
    room = house.ingest(broker.login("ingest"))
    async with _listening(room):
        assert broker.pid is not None
        os.kill(broker.pid, signal.SIGKILL)
        await until(lambda: not room.listening)
        async with _watched(broker):
            await until(lambda: room.listening)
            with closing(await _device(settings)) as tag:
                await tag.publish("kc/v1/tag-1/fix", _fix(boot=1, seq=1))
                await until(lambda: {"boot": 1, "seq": 1, "ranges": []} in _told(tag))


@asynccontextmanager
async def _watched(broker: EmbeddedBroker) -> AsyncGenerator[None]:
    """Revive the broker, and let it live."""
    beat = Beat()
    async with asyncio.TaskGroup() as group:
        group.create_task(broker.run(beat))
        try:
            yield
        finally:
            beat.stopping.set()
