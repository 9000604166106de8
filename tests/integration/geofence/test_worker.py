"""The engine's room on a real record: nothing lost, nothing twice, whatever is repeated."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from domain.reading import Fix, Reading
from domain.transition import DeviceChanged, Fact, Level, OrderChanged, Transition
from geofence.engine import Engine
from geofence.worker import EngineRoom
from records import readings, register
from records.database import Records
from records.tables import evaluations, transitions
from runtime.metrics import Metrics
from runtime.streams import MemoryStreams
from runtime.supervise import Beat
from runtime.wire import decode, encode
from tests.unit.geofence.scenes import (
    NOON,
    PHONE,
    TAG,
    a_device,
    a_fix,
    a_pair,
    an_order,
    instant,
    levels,
)

pytestmark = pytest.mark.integration

PATIENCE = timedelta(seconds=10)


class Hands:
    """A clock that stands still unless it is turned."""

    def __init__(self) -> None:
        """Begin a minute after noon."""
        self.now = NOON + timedelta(seconds=60)

    def __call__(self) -> datetime:
        """Return the instant shown."""
        return self.now


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[Records]:
    """Give an open record that knows the tag, the phone and one order."""
    opened = Records(f"sqlite:///{tmp_path / 'record.db'}")
    await opened.open()
    await opened.write(_registered)
    yield opened
    await opened.close()


@pytest.fixture
def streams() -> MemoryStreams:
    """Give empty streams."""
    return MemoryStreams(1000)


def _registered(connection: Connection) -> None:
    at = instant(-10)
    for device in (a_device(TAG), a_device(PHONE)):
        register.record_change(
            connection,
            "device_changed",
            device.device_id,
            at,
            lambda n, device=device: encode(
                DeviceChanged(change_id=n, received_at=at, device=device)
            ),
        )
    register.record_change(
        connection,
        "order_changed",
        "order",
        at,
        lambda n: encode(OrderChanged(change_id=n, received_at=at, order=an_order())),
    )


async def commit(records: Records, facts: Sequence[Reading]) -> None:
    """Commit readings as ingest does."""
    await records.write(lambda connection: readings.add_outcomes(connection, facts))


@asynccontextmanager
async def room(records: Records, streams: MemoryStreams) -> AsyncGenerator[None]:
    """Give a running engine room, and end it in an orderly way."""
    beat = Beat()
    engine = EngineRoom(records=records, streams=streams, metrics=Metrics(), clock=Hands())
    async with asyncio.TaskGroup() as group:
        group.create_task(engine.run(beat))
        yield
        beat.stopping.set()


async def decided(streams: MemoryStreams, count: int) -> list[Transition]:
    """Return the next transitions that were told, waiting for as many as `count`."""
    stream = streams.open("transitions")
    found: list[Transition] = []
    async with asyncio.timeout(PATIENCE.total_seconds()):
        while len(found) < count:
            entries = await stream.read("test", count, PATIENCE)
            await stream.acknowledge("test", [entry.entry_id for entry in entries])
            found += [decode(entry.body, Transition) for entry in entries]
    return found


async def recorded(records: Records) -> list[Transition]:
    """Return what the record holds of decisions, in order."""
    rows = await records.read(
        lambda connection: list(
            connection.execute(
                select(transitions.c.body).order_by(transitions.c.position)
            ).scalars()
        )
    )
    return [decode(row, Transition) for row in rows]


async def test_a_fix_on_the_stream_becomes_a_recorded_transition(
    records: Records, streams: MemoryStreams
) -> None:
    """What ingest commits and tells is decided, recorded and told."""
    await streams.open("transitions").unacknowledged("test")
    facts = [a_fix(PHONE, 1, 0), a_fix(TAG, 2, 500)]
    async with room(records, streams):
        await commit(records, facts)
        await streams.open("facts").append([encode(fact) for fact in facts])
        told = await decided(streams, 1)
    assert [(None, Level.BREACH)] == levels(told)
    assert told == await recorded(records)


async def test_facts_no_stream_brought_are_found_in_the_record(
    records: Records, streams: MemoryStreams
) -> None:
    """Losing the stream loses nothing: a room that begins looks in the record."""
    await streams.open("transitions").unacknowledged("test")
    await commit(records, [a_fix(PHONE, 1, 0), a_fix(TAG, 2, 500)])
    async with room(records, streams):
        told = await decided(streams, 1)
    assert [(None, Level.BREACH)] == levels(told)


async def test_a_restart_decides_nothing_twice(records: Records, streams: MemoryStreams) -> None:
    """A second life takes up the state of the first, and repeated facts have no effect."""
    await streams.open("transitions").unacknowledged("test")
    first = [a_fix(PHONE, 1, 0), a_fix(TAG, 2, 500)]
    await commit(records, first)
    async with room(records, streams):
        await decided(streams, 1)
    second = [a_fix(TAG, 17, 200)]
    await commit(records, second)
    async with room(records, streams):
        await streams.open("facts").append([encode(fact) for fact in (*first, *second)])
        told = await decided(streams, 1)
    assert [(Level.BREACH, Level.CONTACT)] == levels(told)
    assert 2 == len(await recorded(records))
    refs = await records.read(
        lambda connection: list(
            connection.execute(select(evaluations.c.ref).order_by(evaluations.c.ordinal)).scalars()
        )
    )
    assert ["1", "2", "3", "phone@1", "tag@2", "tag@17"] == refs


async def test_a_change_of_the_register_is_decided_at_once(
    records: Records, streams: MemoryStreams
) -> None:
    """A new order is judged against the last known places without waiting for a fix."""
    await streams.open("transitions").unacknowledged("test")
    facts = [a_fix(PHONE, 1, 0), a_fix(TAG, 2, 5000)]
    await commit(records, facts)
    async with room(records, streams):
        assert [(None, Level.CLEAR)] == levels(await decided(streams, 1))
        wider = an_order(a_pair(alert_m=6000.0, warning_m=9000.0), revision=2)
        await records.write(
            lambda connection: register.record_change(
                connection,
                "order_changed",
                "order",
                instant(5),
                lambda n: encode(OrderChanged(change_id=n, received_at=instant(5), order=wider)),
            )
        )
        await streams.open("register").append([encode("register")])
        told = await decided(streams, 1)
    assert [(Level.CLEAR, Level.BREACH)] == levels(told)


async def test_a_fact_that_cannot_be_taken_in_is_set_aside(
    records: Records, streams: MemoryStreams, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One fact that breaks the engine stops nobody else from being watched."""
    await streams.open("transitions").unacknowledged("test")
    whole = Engine.step

    def brittle(self: Engine, fact: Fact, now: datetime) -> tuple[Transition, ...]:
        rows = whole(self, fact, now)
        assert not (isinstance(fact, Fix) and fact.reading_id == "tag@2")
        return rows

    monkeypatch.setattr(Engine, "step", brittle)
    facts = [a_fix(PHONE, 1, 0), a_fix(TAG, 2, 100), a_fix(TAG, 17, 500)]
    async with room(records, streams):
        await commit(records, facts)
        await streams.open("facts").append([encode(fact) for fact in facts])
        told = await decided(streams, 1)
    assert [(None, Level.BREACH)] == levels(told)
    assert told == await recorded(records)
