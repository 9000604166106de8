"""The whole house in one process: every room built, wired together and kept alive.

This is the only place that knows them all. It decides nothing.
"""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import msgspec

from alerts.canary import Canary
from alerts.live.asgi import Live
from alerts.live.hub import Hub
from alerts.office import Office
from alerts.worker import ANSWERS, Alerts
from alerts.worker.canary import CanaryRoom
from domain.ids import DeviceId
from geofence.worker import EngineRoom
from ingest.worker import Ingest
from keepclear.credentials import credentials_of
from keepclear.pages import pages_on
from keepclear.screens import Screens
from keepclear.web import WebDoor
from mobile_api.admin import AdminDoor
from mobile_api.app import create_app
from mobile_api.deps import Deps, Readiness
from records import register
from records.database import Records
from runtime.broker.choice import choose
from runtime.broker.credential import broker_hash
from runtime.broker.embedded import EmbeddedBroker
from runtime.broker.login import BrokerLogin, login_of
from runtime.clock import utc_now
from runtime.metrics import Metrics
from runtime.settings import Settings
from runtime.streams import streams_of
from runtime.supervise import Room, Supervisor


class House:
    """Every room of one process. `opened` gives one that is ready for its rooms to run."""

    def __init__(self, settings: Settings) -> None:
        """Build what `settings` describe; nothing is opened or started."""
        self.settings = settings
        self.metrics = Metrics()
        self.records = Records(settings.database_address, on_commit=self._count_commit)
        self.streams = streams_of(settings)
        #: Who keeps the rooms alive, once they run: asked how they are.
        self.supervisor: Supervisor | None = None
        self.broker = _embedded(settings)
        period, age_max = settings.canary_period_s, settings.canary_age_max_s
        self.office = Office(
            Hub(settings.socket_events_max),
            Canary(timedelta(seconds=period), timedelta(seconds=age_max)),
        )
        self.ingest = Ingest(
            records=self.records,
            streams=self.streams,
            login=self._login("ingest"),
            settings=settings,
            metrics=self.metrics,
        )
        app = create_app(self._deps())
        pages_on(app, settings)
        self.door = WebDoor(app, settings)

    def rooms(self) -> list[Room]:
        """Return the rooms in the order they stop: from those that take in to those that tell."""
        silence_max = timedelta(seconds=self.settings.silence_max_s)
        engine = EngineRoom(records=self.records, streams=self.streams, metrics=self.metrics)
        alerts = Alerts(
            records=self.records, streams=self.streams, office=self.office, metrics=self.metrics
        )
        canary = CanaryRoom(
            records=self.records,
            streams=self.streams,
            office=self.office,
            metrics=self.metrics,
            login=self._device_login,
            broker_hash=broker_hash,
            credentials_changed=self.renew_credentials,
        )
        lives = {
            "canary": canary.run,
            "ingest": self.ingest.run,
            "engine": engine.run,
            "alerts": alerts.run,
            "web": self.door.run,
        }
        if self.broker is not None:
            lives["broker"] = self.broker.run
        return [Room(name=name, run=run, silence_max=silence_max) for name, run in lives.items()]

    async def renew_credentials(self) -> None:
        """Let the broker know who may log in now; return when it does."""
        if self.broker is not None:
            known = await self.records.read(register.credentials)
            await self.broker.reload(credentials_of(known))

    def readiness(self) -> Readiness:
        """Return whether a message published now would be decided and delivered."""
        verdict = self.office.verdict(utc_now())
        return Readiness(ready=verdict.ready, broken=verdict.broken, at=verdict.since)

    def measured(self) -> bytes:
        """Return every figure as Prometheus text; some are read off only now."""
        officers = self.office.hub.count_officers()
        phones = self.office.hub.count() - officers
        self.metrics.sockets.labels(audience="console").set(officers)
        self.metrics.sockets.labels(audience="protected").set(phones)
        if self.supervisor is not None:
            for name, health in self.supervisor.health().items():
                self.metrics.room_beat_age_seconds.labels(room=name).set(health.beat_age_s)
                self.metrics.room_restarts.labels(room=name).set(health.restarts)
        return self.metrics.render().encode()

    def _count_commit(self, shared: int) -> None:
        self.metrics.commits.inc()
        self.metrics.commit_group_size.observe(shared)

    def _deps(self) -> Deps:
        live = Live(
            records=self.records,
            office=self.office,
            answers=self.streams.open(ANSWERS),
            heartbeat=timedelta(seconds=self.settings.socket_heartbeat_s),
        )
        return Deps(
            settings=self.settings,
            records=self.records,
            streams=self.streams,
            now=utc_now,
            live=Screens(live),
            credentials_changed=self.renew_credentials,
            submit=self.ingest.submit,
            readiness=self.readiness,
            metrics=self.measured,
        )

    def _device_login(self, device_id: DeviceId, secret: str) -> BrokerLogin:
        """Return how a device of ours logs in: as any other would, at the same address."""
        ours = self._login("ingest")
        return msgspec.structs.replace(ours, username=device_id, password=secret)

    def _login(self, part: str) -> BrokerLogin:
        if self.broker is not None:
            return self.broker.login(part)
        assert self.settings.broker_url is not None
        return login_of(self.settings.broker_url.get_secret_value())


@asynccontextmanager
async def opened(settings: Settings) -> AsyncGenerator[House]:
    """Give a house whose addresses are taken, whose record is open and whose broker listens.

    Raises:
        KeepclearError: A port or the data directory is taken, or the broker does not start.
    """
    house = House(settings)
    async with AsyncExitStack() as stack:
        house.door.bind()
        stack.callback(house.door.close)
        await house.records.open()
        stack.push_async_callback(house.records.close)
        if house.broker is not None:
            known = await house.records.read(register.credentials)
            stack.push_async_callback(house.broker.stop)
            await house.broker.start(credentials_of(known))
        await stack.enter_async_context(AdminDoor(house.records, settings.admin_socket, utc_now))
        yield house


def _embedded(settings: Settings) -> EmbeddedBroker | None:
    return EmbeddedBroker(settings, choose(settings)) if settings.embedded_broker else None
