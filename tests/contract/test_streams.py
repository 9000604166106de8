"""What every stream promises, whoever carries it.

An implementation joins by a subclass of `StreamContract` with its own `streams` fixture.
"""

import asyncio
from datetime import timedelta

import pytest

from runtime.streams import Entry, MemoryStreams, Streams

NO_WAIT = timedelta(0)
PATIENCE = timedelta(seconds=5)
ENTRIES_MAX = 4


def bodies(entries: list[Entry]) -> list[bytes]:
    """Return what the entries say, in order."""
    return [entry.body for entry in entries]


class StreamContract:
    """The promises. `streams` holds at most `ENTRIES_MAX` entries for a group."""

    async def test_a_name_is_one_stream(self, streams: Streams) -> None:
        """Whoever opens a name meets everyone else who opened it."""
        await streams.open("facts").read("engine", 1, NO_WAIT)
        await streams.open("facts").append([b"a"])

        assert [b"a"] == bodies(await streams.open("facts").read("engine", 9, NO_WAIT))
        assert [] == await streams.open("other").read("engine", 9, NO_WAIT)

    async def test_entries_arrive_in_the_order_of_appending(self, streams: Streams) -> None:
        """A group receives what was appended after it was opened, in order, once."""
        stream = streams.open("facts")
        assert [] == await stream.unacknowledged("engine")
        await stream.append([b"a", b"b"])
        await stream.append([b"c"])

        assert [b"a", b"b", b"c"] == bodies(await stream.read("engine", 9, NO_WAIT))
        assert [] == await stream.read("engine", 9, NO_WAIT)

    async def test_a_read_takes_no_more_than_asked(self, streams: Streams) -> None:
        """A reader names the most it can carry, and gets the rest next time."""
        stream = streams.open("facts")
        await stream.unacknowledged("engine")
        await stream.append([b"a", b"b", b"c"])

        assert [b"a", b"b"] == bodies(await stream.read("engine", 2, NO_WAIT))
        assert [b"c"] == bodies(await stream.read("engine", 2, NO_WAIT))

    async def test_groups_do_not_take_from_each_other(self, streams: Streams) -> None:
        """Each group receives everything."""
        stream = streams.open("facts")
        await stream.unacknowledged("engine")
        await stream.unacknowledged("mirror")
        await stream.append([b"a"])

        assert [b"a"] == bodies(await stream.read("engine", 9, NO_WAIT))
        assert [b"a"] == bodies(await stream.read("mirror", 9, NO_WAIT))

    async def test_a_reader_wakes_for_the_first_entry(self, streams: Streams) -> None:
        """A waiting reader gets an entry as soon as there is one."""
        stream = streams.open("facts")
        await stream.unacknowledged("engine")
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(stream.read("engine", 9, PATIENCE))
            group.create_task(stream.append([b"a"]))

        assert [b"a"] == bodies(reading.result())

    async def test_unacknowledged_entries_come_again(self, streams: Streams) -> None:
        """What was read and not acknowledged is given again, oldest first, until it is."""
        stream = streams.open("facts")
        await stream.unacknowledged("engine")
        await stream.append([b"a", b"b", b"c"])
        read = await stream.read("engine", 3, NO_WAIT)
        await stream.acknowledge("engine", [read[1].entry_id])

        again = await streams.open("facts").unacknowledged("engine")
        assert [read[0], read[2]] == again

        await stream.acknowledge("engine", [entry.entry_id for entry in again])
        assert [] == await stream.unacknowledged("engine")

    async def test_acknowledging_twice_or_wrongly_changes_nothing(self, streams: Streams) -> None:
        """A repeated or foreign acknowledgement is ignored."""
        stream = streams.open("facts")
        await stream.unacknowledged("engine")
        await stream.append([b"a", b"b"])
        first, second = await stream.read("engine", 2, NO_WAIT)
        await stream.acknowledge("engine", [first.entry_id, first.entry_id])
        await stream.acknowledge("engine", [first.entry_id, "0"])

        assert [second] == await stream.unacknowledged("engine")

    async def test_unread_entries_are_not_unacknowledged(self, streams: Streams) -> None:
        """Only what a reader was given can be owed; the rest is still to be read."""
        stream = streams.open("facts")
        await stream.unacknowledged("engine")
        await stream.append([b"a"])

        assert [] == await stream.unacknowledged("engine")
        assert 1 == await stream.depth("engine")
        assert [b"a"] == bodies(await stream.read("engine", 9, NO_WAIT))
        assert 1 == await stream.depth("engine")

    async def test_a_full_stream_makes_writers_wait(self, streams: Streams) -> None:
        """A writer waits while a group is full, and goes on when it acknowledges; none is lost."""
        stream = streams.open("facts")
        await stream.unacknowledged("engine")
        numbers = [b"%d" % number for number in range(3 * ENTRIES_MAX)]
        seen: list[bytes] = []
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(stream.append(numbers))
            while len(seen) < len(numbers):
                entries = await stream.read("engine", 3, PATIENCE)
                assert ENTRIES_MAX >= await stream.depth("engine")
                assert entries == await stream.unacknowledged("engine")
                assert writing.done() or len(seen) < len(numbers)
                seen += bodies(entries)
                await stream.acknowledge("engine", [entry.entry_id for entry in entries])

        assert numbers == seen

    async def test_reading_makes_no_room(self, streams: Streams) -> None:
        """Only an acknowledgement makes room: what is being worked on counts as held."""
        stream = streams.open("facts")
        await stream.unacknowledged("engine")
        await stream.append([b"x"] * ENTRIES_MAX)
        await stream.read("engine", ENTRIES_MAX, NO_WAIT)

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await stream.append([b"y"])

    async def test_writers_do_not_interleave(self, streams: Streams) -> None:
        """What one call appends stays together and in order, however long it had to wait."""
        stream = streams.open("facts")
        await stream.unacknowledged("engine")
        seen: list[bytes] = []
        async with asyncio.TaskGroup() as group:
            group.create_task(stream.append([b"a"] * (ENTRIES_MAX + 2)))
            group.create_task(stream.append([b"b"] * (ENTRIES_MAX + 2)))
            while len(seen) < 2 * (ENTRIES_MAX + 2):
                entries = await stream.read("engine", 1, PATIENCE)
                seen += bodies(entries)
                await stream.acknowledge("engine", [entry.entry_id for entry in entries])

        assert [b"a"] * (ENTRIES_MAX + 2) + [b"b"] * (ENTRIES_MAX + 2) == seen

    async def test_nobody_waits_for_nobody(self, streams: Streams) -> None:
        """A stream without a group accepts everything; a late group starts with what follows."""
        stream = streams.open("facts")
        await stream.append([b"x"] * (2 * ENTRIES_MAX))
        await stream.unacknowledged("engine")
        await stream.append([b"a"])

        assert [b"a"] == bodies(await stream.read("engine", 9, NO_WAIT))


class TestMemoryStreams(StreamContract):
    """Streams inside one process."""

    @pytest.fixture
    def streams(self) -> Streams:
        """Give streams that hold little, so that they are soon full."""
        return MemoryStreams(ENTRIES_MAX)
