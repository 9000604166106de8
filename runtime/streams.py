"""Streams: how rooms wake each other. A stream is a wire; the record is the truth.

The contract, which tests/contract/test_streams.py holds every implementation to:

* A group receives, in order, whatever is appended after it was opened. The first `unacknowledged`
  or `read` of a group opens it. A reader therefore opens its group first and then catches up from
  the record: nothing falls between.
* An entry that was read stays with its group until it is acknowledged, and `unacknowledged` gives
  it again, oldest first, to whoever comes back after a crash. One reader per group at a time.
* A stream is bounded. When a group holds the most entries allowed, `append` waits until that
  group acknowledges. With no group nobody is waited for and nothing is kept.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Protocol

import msgspec

from domain.errors import KeepclearError
from runtime.settings import Settings


class StreamsError(KeepclearError):
    """Streams between processes are not part of this edition; unset KEEPCLEAR_REDIS_URL."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing read from a stream.

    Attributes:
        entry_id: What `acknowledge` wants; unique in its stream.
        body: Bytes of `runtime.wire`.
    """

    entry_id: str
    body: bytes


class Stream(Protocol):
    """An ordered, bounded wire with groups of readers."""

    async def append(self, bodies: Sequence[bytes]) -> None:
        """Append `bodies` in order, waiting while a group is full."""
        ...

    async def read(self, group: str, max_count: int, wait: timedelta) -> list[Entry]:
        """Return up to `max_count` unread entries, waiting up to `wait` for the first.

        Whatever else is there is taken along without waiting. Empty when nothing came in time.
        """
        ...

    async def acknowledge(self, group: str, entry_ids: Iterable[str]) -> None:
        """Let `group` forget entries it has finished with; unknown ids are ignored."""
        ...

    async def unacknowledged(self, group: str) -> list[Entry]:
        """Return what `group` was given and never acknowledged, oldest first; opens the group."""
        ...

    async def depth(self, group: str) -> int:
        """Return how many entries `group` holds, read or not."""
        ...


class Streams(Protocol):
    """Where streams come from."""

    def open(self, name: str) -> Stream:
        """Return the stream of that name, the same one each time."""
        ...


class _Group:
    """What one group has yet to read, and has yet to acknowledge."""

    def __init__(self) -> None:
        self.unread: deque[Entry] = deque()
        self.pending: dict[str, Entry] = {}

    def __len__(self) -> int:
        """Count every entry held."""
        return len(self.unread) + len(self.pending)

    def take(self, max_count: int) -> list[Entry]:
        """Move up to `max_count` entries from unread to pending and return them."""
        taken = [self.unread.popleft() for _ in range(min(max_count, len(self.unread)))]
        self.pending.update((entry.entry_id, entry) for entry in taken)
        return taken


class MemoryStream:
    """A stream inside the process, on one event loop. Its order is the order of `append`."""

    def __init__(self, entries_max: int) -> None:
        """Hold at most `entries_max` entries for a group."""
        assert entries_max > 0
        self._entries_max = entries_max
        self._groups: dict[str, _Group] = {}
        self._appended = 0
        self._changed = asyncio.Condition()
        self._turn = asyncio.Lock()

    async def append(self, bodies: Sequence[bytes]) -> None:
        """Append `bodies` in order; two callers never interleave."""
        async with self._turn, self._changed:
            rest = deque(bodies)
            while rest:
                await self._changed.wait_for(lambda: self._room() > 0)
                for _ in range(min(self._room(), len(rest))):
                    self._hand_out(rest.popleft())
                self._changed.notify_all()

    async def read(self, group: str, max_count: int, wait: timedelta) -> list[Entry]:
        """Return up to `max_count` unread entries, waiting up to `wait` for the first."""
        held = self._opened(group)
        if not held.unread:
            await self._await_entry(held, wait)
        return held.take(max_count)

    async def acknowledge(self, group: str, entry_ids: Iterable[str]) -> None:
        """Let `group` forget entries it has finished with."""
        held = self._opened(group)
        async with self._changed:
            for entry_id in entry_ids:
                held.pending.pop(entry_id, None)
            self._changed.notify_all()

    async def unacknowledged(self, group: str) -> list[Entry]:
        """Return what `group` was given and never acknowledged, oldest first."""
        return list(self._opened(group).pending.values())

    async def depth(self, group: str) -> int:
        """Return how many entries `group` holds, read or not."""
        return len(self._opened(group))

    def _opened(self, group: str) -> _Group:
        """Return the group, opened if nobody asked for it before."""
        return self._groups.setdefault(group, _Group())

    def _room(self) -> int:
        """Return how many entries the fullest group can still take."""
        fullest = max(map(len, self._groups.values()), default=0)
        return self._entries_max - fullest

    def _hand_out(self, body: bytes) -> None:
        """Give one body to every group."""
        self._appended += 1
        entry = Entry(entry_id=str(self._appended), body=body)
        for held in self._groups.values():
            held.unread.append(entry)

    async def _await_entry(self, held: _Group, wait: timedelta) -> None:
        """Return when `held` has something unread, or `wait` is over."""
        try:
            async with asyncio.timeout(wait.total_seconds()), self._changed:
                await self._changed.wait_for(lambda: bool(held.unread))
        except TimeoutError:
            return


class MemoryStreams:
    """The streams of one process."""

    def __init__(self, entries_max: int) -> None:
        """Let each stream hold at most `entries_max` entries for a group."""
        self._entries_max = entries_max
        self._streams: dict[str, MemoryStream] = {}

    def open(self, name: str) -> Stream:
        """Return the stream of that name, the same one each time."""
        if name not in self._streams:
            self._streams[name] = MemoryStream(self._entries_max)
        return self._streams[name]


def streams_of(settings: Settings) -> Streams:
    """Return the streams the settings ask for.

    Raises:
        StreamsError: They ask for Redis, which is not built yet.
    """
    if settings.redis_url is not None:
        raise StreamsError
    return MemoryStreams(settings.stream_entries_max)
