"""A record that knows two tags and a phone, and the ingest room on it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection, Table, select

from domain.order import Device, Person, PersonRole, Protocol
from domain.reading import Reading
from ingest.worker import FACTS, Ingest
from ingest.worker.commit import Committer
from records import register
from records.database import Records
from records.tables import fixes
from runtime import wire
from runtime.broker.login import BrokerLogin
from runtime.metrics import Metrics
from runtime.settings import Settings
from runtime.streams import MemoryStreams, Streams
from runtime.supervise import Beat
from tests.unit.ingest.builders import WEARER, a_device

#: `wire.decode` takes a union, which is no `type` to a checker.
READING = cast("type[Reading]", Reading)
AT = datetime(2026, 11, 1, tzinfo=UTC)
TAG_1 = a_device("tag-1")
TAG_2 = a_device("tag-2")
PHONE = a_device("phone-1", Protocol.OWNTRACKS)


class House:
    """What a test can reach: the record, the streams, and what is in them."""

    def __init__(self, records: Records) -> None:
        """Stand on an open record."""
        self.records = records
        self.streams: Streams = MemoryStreams(10_000)
        self.metrics = Metrics()

    async def know(self, *devices: Device) -> None:
        """Register devices."""

        def write(connection: Connection) -> None:
            for device in devices:
                register.add_device(connection, device, AT, secret_sha256=None)
                register.record_change(
                    connection, "device_changed", device.device_id, AT, lambda _: b""
                )

        await self.records.write(write)

    async def rows(self, table: Table = fixes) -> list[Any]:
        """Return the rows of a table in the order of the log."""
        return await self.records.read(
            lambda connection: list(connection.execute(select(table).order_by(*table.primary_key)))
        )

    async def facts(self) -> list[Reading]:
        """Return what the stream has been given since it was last asked."""
        stream = self.streams.open(FACTS)
        entries = await stream.read("test", 10_000, timedelta(seconds=0.01))
        await stream.acknowledge("test", [entry.entry_id for entry in entries])
        return [wire.decode(entry.body, READING) for entry in entries]

    async def committer(self) -> Committer:
        """Return a committer that remembers nothing, as after a restart."""
        made = Committer(self.records, self.streams.open(FACTS), self.metrics, Beat())
        await made.follow_register()
        return made

    def ingest(self, login: BrokerLogin, streams: Streams | None = None) -> Ingest:
        """Return the room."""
        return Ingest(
            records=self.records,
            streams=streams or self.streams,
            login=login,
            settings=Settings(),
            metrics=self.metrics,
        )


@asynccontextmanager
async def a_house(directory: Path) -> AsyncGenerator[House]:
    """Give a house whose register knows two tags and a phone."""
    records = Records(f"sqlite:///{directory / 'record.sqlite3'}")
    await records.open()
    try:
        house = House(records)
        wearer = Person(person_id=WEARER, role=PersonRole.WEARER, name="A Name")
        await records.write(lambda connection: register.add_person(connection, wearer, AT))
        await house.know(TAG_1, TAG_2, PHONE)
        await house.streams.open(FACTS).unacknowledged("test")
        yield house
    finally:
        await records.close()


@asynccontextmanager
async def living(room: Ingest) -> AsyncGenerator[Beat]:
    """Let a room live while the test goes on, and end it in good order."""
    beat = Beat()
    async with asyncio.TaskGroup() as group:
        group.create_task(room.run(beat))
        try:
            yield beat
        finally:
            beat.stopping.set()
