"""The canary through a real broker, real ingest and the real engine, to a live subscriber."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from alerts import rehearsal
from alerts.canary import Canary, Hop
from alerts.live.hub import CONSOLE, Hub
from alerts.office import Office
from alerts.worker import Alerts
from alerts.worker.canary import CanaryRoom
from domain.ids import DeviceId
from geofence.worker import EngineRoom
from ingest.worker import Ingest
from records import incidents as incident_records
from records import live as live_records
from records import register as register_records
from records import tables
from records.database import Records
from records.incidents import IncidentFilter
from runtime.broker.choice import choose
from runtime.broker.credential import Credential, broker_hash
from runtime.broker.embedded import EmbeddedBroker
from runtime.broker.login import BrokerLogin
from runtime.broker.rights import AccountKind
from runtime.clock import utc_now
from runtime.metrics import Metrics
from runtime.settings import Settings
from runtime.streams import MemoryStreams
from runtime.supervise import Beat
from tests.integration.runtime.brokers import free_port

pytestmark = pytest.mark.integration


class WholePath:
    """Every room from the broker to the hub."""

    def __init__(self, directory: Path) -> None:
        """Build the rooms on a free port and an empty record."""
        self.settings = Settings(data_dir=directory, mqtt_port=free_port())
        self.records = Records(f"sqlite:///{directory / 'record.db'}")
        self.streams = MemoryStreams(10_000)
        self.metrics = Metrics()
        self.broker = EmbeddedBroker(self.settings, choose(self.settings))
        canary = Canary(timedelta(seconds=1), timedelta(seconds=2))
        self.office = Office(Hub(256), canary)
        self._beats: dict[str, Beat] = {}
        self._lives: dict[str, asyncio.Task[None]] = {}

    def login(self, device_id: DeviceId, secret: str) -> BrokerLogin:
        """Return how a device logs in."""
        return BrokerLogin(
            host="127.0.0.1", port=self.settings.mqtt_port, username=device_id, password=secret
        )

    async def renew(self) -> None:
        """Let the broker know who may log in."""
        known = await self.records.read(register_records.credentials)
        await self.broker.reload(
            [
                Credential(
                    username=one.device.device_id,
                    kind=AccountKind.NATIVE,
                    secret_sha256=one.secret_sha256,
                    mosquitto_hash=one.broker_hash or "",
                )
                for one in known
            ]
        )

    def begin(self) -> None:
        """Begin a life of every room."""
        records, streams, metrics = self.records, self.streams, self.metrics
        rooms = {
            "ingest": Ingest(
                records=records,
                streams=streams,
                login=self.broker.login("ingest"),
                settings=self.settings,
                metrics=metrics,
            ),
            "engine": EngineRoom(records=records, streams=streams, metrics=metrics),
            "alerts": Alerts(records=records, streams=streams, office=self.office, metrics=metrics),
            "canary": CanaryRoom(
                records=records,
                streams=streams,
                office=self.office,
                metrics=metrics,
                login=self.login,
                broker_hash=broker_hash,
                credentials_changed=self.renew,
            ),
        }
        loop = asyncio.get_running_loop()
        for name, room in rooms.items():
            self._beats[name] = Beat()
            self._lives[name] = loop.create_task(room.run(self._beats[name]))

    async def stop(self, *names: str) -> None:
        """Stop some rooms, or all of them."""
        for name in names or tuple(self._lives):
            self._beats.pop(name).stopping.set()
            await asyncio.wait_for(self._lives.pop(name), 10)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds, at most ten seconds."""
        for _ in range(1000):
            if holds():
                return
            await asyncio.sleep(0.01)
        raise AssertionError(self.office.verdict(utc_now()))


@asynccontextmanager
async def whole_path(directory: Path) -> AsyncGenerator[WholePath]:
    """Give every room, running."""
    path = WholePath(directory)
    await path.records.open()
    await path.broker.start([])
    try:
        path.begin()
        yield path
        await path.stop()
    finally:
        await path.broker.stop()
        await path.records.close()


async def test_the_canary_goes_through_and_is_never_seen(tmp_path: Path) -> None:
    """It proves the path beat by beat, and no list, snapshot or console event shows it."""
    async with whole_path(tmp_path) as path:
        office = path.office
        await path.until(lambda: office.verdict(utc_now()).ready)
        assert await _resolved(path) > 1

        read = path.records.read
        assert office.verdict(utc_now()).ready
        assert [] == await read(lambda c: incident_records.unresolved_bodies(c, canary=False))
        assert [] == await read(
            lambda c: incident_records.list_incident_bodies(c, IncidentFilter())
        )
        assert [] == office.devices()
        assert 0 == await read(lambda c: live_records.head(c, CONSOLE))
        assert [] == await read(lambda c: c.execute(select(tables.ledger)).all())
        assert [] == await read(lambda c: c.execute(select(tables.deliveries)).all())


async def _resolved(path: WholePath) -> int:
    """Return how many incidents have been resolved, once there are two or time is up."""
    query = select(tables.incidents.c.state).where(tables.incidents.c.state == "resolved")
    count = 0
    for _ in range(500):
        count = len(await path.records.read(lambda c: c.execute(query).all()))
        if count > 1:
            break
        await asyncio.sleep(0.01)
    return count


@pytest.mark.parametrize(
    ("room", "hop"), [("ingest", Hop.INGEST), ("engine", Hop.ENGINE), ("alerts", Hop.INGEST)]
)
async def test_a_broken_hop_is_named(tmp_path: Path, room: str, hop: Hop) -> None:
    """When a room stops, readiness ends within its time and names where the path is broken.

    The alerts room is also the one that sees what ingest has admitted: without it nothing after
    the broker can be known.
    """
    async with whole_path(tmp_path) as path:
        await path.until(lambda: path.office.verdict(utc_now()).ready)
        await path.stop(room)

        await path.until(lambda: (hop,) == path.office.verdict(utc_now()).broken)

        assert not path.office.verdict(utc_now()).ready
        assert not path.office.protection(rehearsal.PROTECTED, utc_now()).protected


async def test_a_dead_broker_is_named(tmp_path: Path) -> None:
    """When the broker is gone, nobody is told that alerts work."""
    async with whole_path(tmp_path) as path:
        await path.until(lambda: path.office.verdict(utc_now()).ready)
        await path.broker.stop()

        await path.until(lambda: (Hop.BROKER,) == path.office.verdict(utc_now()).broken)
