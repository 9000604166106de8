"""What every record must do, whichever database is behind it."""

import asyncio
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, func, insert, select
from sqlalchemy.exc import OperationalError

from records.database import Records, RecordsError, RecordsInUseError
from records.tables import consumers, metadata, raw_messages

AT = datetime(2026, 11, 22, 14, 2, 7, 120000, tzinfo=UTC)


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[Records]:
    """Give an open, empty record."""
    opened = Records(f"sqlite:///{tmp_path / 'record.db'}")
    await opened.open()
    yield opened
    await opened.close()


def keep(topic: str) -> "Keep":
    """Return work that keeps one raw message and returns its number."""
    return Keep(topic)


class Keep:
    """Work that keeps one raw message."""

    def __init__(self, topic: str) -> None:
        """Remember the topic to keep."""
        self.row = {
            "topic": topic,
            "payload": b"{}",
            "sha256": "",
            "received_at": AT,
            "retained": False,
        }

    def __call__(self, connection: Connection) -> int:
        """Insert the row."""
        key = connection.execute(insert(raw_messages).values(self.row)).inserted_primary_key
        assert key is not None
        return int(key[0])


def count(connection: Connection) -> int:
    """Return how many raw messages are kept."""
    return connection.execute(select(func.count()).select_from(raw_messages)).scalar_one()


async def test_what_was_written_is_read(records: Records):
    """A reader sees a row, to the microsecond, as soon as its write has returned."""
    await records.write(keep("a"))

    rows = await records.read(lambda c: c.execute(select(raw_messages)).all())

    assert [("a", AT)] == [(row.topic, row.received_at) for row in rows]


async def test_numbers_rise_in_order_of_asking(records: Records):
    """Work is done in the order in which it was asked for, though it shares commits."""
    numbers = await asyncio.gather(*[records.write(keep(str(i))) for i in range(300)])

    assert list(range(1, 301)) == numbers


async def test_a_full_disk_fails_everyone_in_the_commit(records: Records):
    """When SQLite undoes the whole transaction, nobody in it is told that their work is kept."""
    most = "PRAGMA max_page_count="
    pages = await records.write(lambda c: c.exec_driver_sql("PRAGMA page_count").scalar_one())
    await records.write(lambda c: c.exec_driver_sql(f"{most}{pages + 20}").scalar_one())
    go = threading.Event()

    def hold(connection: Connection) -> None:
        del connection
        go.wait(10.0)

    def swell(connection: Connection) -> None:
        row = {**Keep("big").row, "payload": bytes(1_000_000)}
        connection.execute(insert(raw_messages).values(row))

    works = [hold, keep("before"), swell, keep("after")]
    writes = asyncio.gather(*map(records.write, works), return_exceptions=True)
    await asyncio.sleep(0)  # Everyone has asked; the writer is held, so they share a commit.
    go.set()
    outcomes = await writes

    kept = await records.read(lambda c: set(c.execute(select(raw_messages.c.topic)).scalars()))
    told = {
        topic
        for topic, outcome in zip(("before", "after"), (outcomes[1], outcomes[3]), strict=True)
        if not isinstance(outcome, BaseException)
    }
    assert told == kept
    assert isinstance(outcomes[1], RecordsError)


async def test_failing_work_fails_alone(records: Records):
    """One piece of work that raises undoes itself and leaves its neighbours' commit standing."""

    def fail(connection: Connection) -> None:
        keep("lost")(connection)
        message = "on purpose"
        raise LookupError(message)

    outcomes = await asyncio.gather(
        records.write(keep("a")),
        records.write(fail),
        records.write(keep("b")),
        return_exceptions=True,
    )

    assert [False, True, False] == [isinstance(outcome, LookupError) for outcome in outcomes]
    assert 2 == await records.read(count)


async def test_a_reader_cannot_write(records: Records):
    """Whatever a reader tries, the record refuses to change."""
    with pytest.raises(OperationalError):
        await records.read(lambda c: c.execute(insert(consumers).values(name="x", mark=1)))


async def test_a_second_opener_is_refused(records: Records, tmp_path: Path):
    """Two processes on one SQLite record is refused at once, in plain words."""
    del records
    second = Records(f"sqlite:///{tmp_path / 'record.db'}")

    with pytest.raises(RecordsInUseError, match="Another process holds this record"):
        await second.open()


async def test_commits_reach_the_disk(records: Records):
    """The writer fsyncs every commit (synchronous=FULL is 2) into a write-ahead log."""
    modes = await records.write(
        lambda c: (
            c.exec_driver_sql("PRAGMA journal_mode").scalar_one(),
            c.exec_driver_sql("PRAGMA synchronous").scalar_one(),
        )
    )

    assert ("wal", 2) == modes


async def test_migrations_make_the_tables_we_declare(records: Records):
    """After all migrations nothing differs between the schema and `records.tables`."""
    differences = await records.write(
        lambda c: compare_metadata(MigrationContext.configure(c), metadata)
    )

    assert [] == differences


def test_a_returned_write_survives_a_kill(tmp_path: Path):
    """Every write that returned before `kill -9` is there afterwards."""
    program = textwrap.dedent("""
        import asyncio, sys
        from records.database import Records
        from tests.contract.test_records import keep

        async def main():
            records = Records(f"sqlite:///{sys.argv[1]}")
            await records.open()
            while True:
                print(await records.write(keep("x")), flush=True)

        asyncio.run(main())
    """)
    path = tmp_path / "record.db"
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True, cwd=root
    ) as child:
        assert child.stdout is not None
        promised = 0
        for line in child.stdout:
            promised = int(line)
            if promised >= 50:
                break
        child.send_signal(signal.SIGKILL)

    async def kept() -> int:
        records = Records(f"sqlite:///{path}")
        await records.open()
        number = await records.read(count)
        await records.close()
        return number

    assert promised <= asyncio.run(kept())
