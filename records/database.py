"""The record's door: one writer with group commit, readers that cannot write.

Shell. SQLite is opened in WAL mode with `synchronous=FULL`: when `write` returns, the data has
been fsynced. There is one writing connection per process and one process per SQLite record, held
by a lock beside the file: SQLite 3.7.0 to 3.51.2 can corrupt a WAL that two connections
checkpoint (sqlite.org/wal.html#walresetbug), and here only the writer ever does.

Work arriving while a commit is in flight shares the next one. Each piece of work runs in its own
savepoint, so that one failing piece undoes itself alone.
"""

import asyncio
import fcntl
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import SQLAlchemyError

from domain.errors import KeepclearError
from records.migrations.upgrade import upgrade

T = TypeVar("T")
Work = Callable[[Connection], T]

GROUP_LENGTH_MAX: Final = 256
READERS: Final = 4


class RecordsError(KeepclearError):
    """The record could not be read or written."""


class RecordsInUseError(RecordsError):
    """Another process holds this record. SQLite takes one; separate rooms need PostgreSQL."""


class _Job:
    """One piece of work waiting for its commit."""

    def __init__(self, work: Work[Any]) -> None:
        self.work = work
        self.outcome: Future[Any] = Future()
        self.value: Any = None


class Records:
    """The system of record. `open` it, `write` and `read` through it, `close` it."""

    def __init__(self, url: str, on_commit: Callable[[int], None] | None = None) -> None:
        """Prepare the record at `url`, `sqlite:///…` or `postgresql+psycopg://…`, unopened.

        Args:
            url: Where the record is.
            on_commit: Told after every group commit how many pieces of work shared it.
        """
        self._on_commit = on_commit
        self._url = make_url(url)
        self._sqlite = self._url.get_backend_name() == "sqlite"
        self._lock = (
            _FileLock(Path(cast("str", self._url.database) + ".lock")) if self._sqlite else None
        )
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="records-reader")
        self._writer = threading.Thread(target=self._write_all, name="records-writer", daemon=True)
        self._write_engine: Engine | None = None
        self._read_engine: Engine | None = None

    async def open(self) -> None:
        """Lock, migrate to the newest schema and start the writer.

        Raises:
            RecordsInUseError: If another process holds the SQLite record.
            RecordsError: If the record cannot be opened or migrated.
        """
        await asyncio.to_thread(self._open)

    def _open(self) -> None:
        if self._lock is not None:
            self._lock.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.take()
        try:
            self._write_engine = _engine(self._url, sqlite=self._sqlite, writes=True)
            upgrade(self._write_engine)
            self._read_engine = _engine(self._url, sqlite=self._sqlite, writes=False)
        except SQLAlchemyError as error:
            message = "the record cannot be opened"
            raise RecordsError(message) from error
        self._writer.start()

    async def write(self, work: Work[T]) -> T:
        """Run `work` in the writer's transaction; return its value once that is durable.

        Raises:
            RecordsError: If the commit failed; nothing of `work` is kept.
            Exception: Whatever `work` raised; its own savepoint is undone.
        """
        job = _Job(work)
        self._jobs.put(job)
        return cast("T", await asyncio.wrap_future(job.outcome))

    async def read(self, work: Work[T]) -> T:
        """Run `work` on a connection that cannot write, seeing all that is committed."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, work)

    def _read(self, work: Work[T]) -> T:
        assert self._read_engine is not None
        with self._read_engine.connect() as connection:
            return work(connection)

    async def close(self) -> None:
        """Finish what was asked, then close. Readers go first: the writer owns the checkpoint."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._readers.shutdown()
        if self._read_engine is not None:
            self._read_engine.dispose()
        if self._writer.is_alive():
            self._jobs.put(None)
            self._writer.join()
        if self._write_engine is not None:
            self._write_engine.dispose()
        if self._lock is not None:
            self._lock.release()

    def _write_all(self) -> None:
        assert self._write_engine is not None
        with self._write_engine.connect() as connection:
            while (job := self._jobs.get()) is not None:
                group, last = self._group(job)
                _commit_group(connection, group)
                if self._on_commit is not None:
                    self._on_commit(len(group))
                if last:
                    return

    def _group(self, first: _Job) -> tuple[list[_Job], bool]:
        """Return `first` and what else is waiting, and whether the end was asked for."""
        group = [first]
        while len(group) < GROUP_LENGTH_MAX:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            if job is None:
                return group, True
            group.append(job)
        return group, False


def _commit_group(connection: Connection, group: list[_Job]) -> None:
    """Run every job in its savepoint, commit once, then tell each caller."""
    done: list[_Job] = []
    try:
        with connection.begin():
            for job in group:
                if _run(connection, job):
                    done.append(job)
                _still_open(connection)
    except Exception as error:  # noqa: BLE001 - whatever it is, everyone who waits must hear of it
        failure = RecordsError("the record could not commit")
        failure.__cause__ = error
        for job in group:
            if job.outcome.running() or (
                not job.outcome.done() and job.outcome.set_running_or_notify_cancel()
            ):
                job.outcome.set_exception(failure)
        return
    for job in done:
        job.outcome.set_result(job.value)


def _run(connection: Connection, job: _Job) -> bool:
    """Run one job in a savepoint; a failing job undoes and reports itself alone."""
    if not job.outcome.set_running_or_notify_cancel():
        return False
    try:
        with connection.begin_nested():
            job.value = job.work(connection)
    except Exception as error:  # noqa: BLE001 - the caller gets it, whatever it is
        job.outcome.set_exception(error)
        return False
    return True


def _still_open(connection: Connection) -> None:
    """See that the shared transaction is still the one that was begun.

    When the disk is full SQLite may undo the whole transaction, not only the statement. A commit
    after that succeeds and keeps nothing, so whoever shares it must hear that it failed.

    Raises:
        RecordsError: The transaction was undone; nothing of the group is kept.
    """
    opened: Any = connection.connection.dbapi_connection
    if not getattr(opened, "in_transaction", True):
        message = "the record undid the transaction"
        raise RecordsError(message)


def _engine(url: Any, *, sqlite: bool, writes: bool) -> Engine:
    if not sqlite:
        return create_engine(url, pool_pre_ping=True, pool_size=1 if writes else READERS)
    engine = create_engine(
        url,
        pool_size=1 if writes else READERS,
        max_overflow=0,
        connect_args={"check_same_thread": False, "timeout": 10.0},
    )

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy begins and commits, not the driver.
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA query_only=OFF" if writes else "PRAGMA query_only=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


class _FileLock:
    """An advisory lock that the operating system drops with the process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: Any = None

    def take(self) -> None:
        """Take the lock or raise `RecordsInUseError` at once."""
        self._file = self.path.open("w")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._file.close()
            raise RecordsInUseError from error

    def release(self) -> None:
        """Let the lock go."""
        if self._file is not None:
            self._file.close()
