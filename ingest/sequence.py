"""Which messages of a device have been committed, and what it may forget.

Pure. A device numbers its messages (`seq`) since it booted (`boot`). Per boot, a `SeqSet` holds
every number that was committed, as ranges. From it come the `ack` the device waits for, and the
verdict on the next message. Numbers start anywhere: the first one seen opens the count, unless
the device says what the oldest one it still holds is; gaps below that are lost, and closed.
"""

from bisect import bisect_right
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from domain.ids import DeviceId, ReadingId, derive
from domain.reading import EventReport, FixReport

#: More holes than this in one boot and the oldest hole is given up as lost.
ISLANDS_MAX: Final = 256
#: A repeat within this time is a retry; after it, yesterday's packet was sent again.
REPLAY_AFTER: Final = timedelta(minutes=10)

Range = tuple[int, int]


class Verdict(StrEnum):
    """What a message is to its sequence."""

    NEW = "new"
    DUPLICATE = "duplicate"
    REPLAYED = "replayed"
    EQUIVOCATION = "equivocation"


class SeqSet(msgspec.Struct, frozen=True, kw_only=True):
    """The committed numbers of one boot.

    Attributes:
        opened: The count starts here: everything below is closed, committed or lost.
        declared: Whether the device itself said so (`oldest`).
        ranges: Committed numbers as disjoint, ascending, inclusive ranges with gaps between.
    """

    opened: int
    declared: bool = False
    ranges: tuple[Range, ...] = ()

    @property
    def contiguous(self) -> int:
        """The highest number with no gap below it; `opened` - 1 if there is none yet."""
        reached = self.opened - 1
        for first, last in self.ranges:
            if first > reached + 1:
                break
            reached = max(reached, last)
        return reached

    @property
    def highest(self) -> int:
        """The highest committed number; `opened` - 1 if there is none."""
        return self.ranges[-1][1] if self.ranges else self.opened - 1

    @property
    def islands(self) -> tuple[Range, ...]:
        """The committed ranges above the lowest gap."""
        reached = self.contiguous
        return tuple(found for found in self.ranges if found[0] > reached)

    def __contains__(self, seq: int) -> bool:
        """Return whether `seq` was committed."""
        index = bisect_right(self.ranges, (seq, seq)) - 1
        if index >= 0 and self.ranges[index][0] <= seq <= self.ranges[index][1]:
            return True
        return index + 1 < len(self.ranges) and self.ranges[index + 1][0] == seq


def commit(held: SeqSet | None, seq: int, oldest: int | None) -> SeqSet:
    """Return `held` with `seq` committed, and the gaps below `oldest` closed."""
    if held is None:
        opened = seq if oldest is None else min(oldest, seq)
        return SeqSet(opened=opened, declared=oldest is not None, ranges=((seq, seq),))
    opened, declared = _opened(held, oldest)
    ranges = _insert(held.ranges, seq)
    if len(ranges) > ISLANDS_MAX:
        ranges = ((ranges[0][0], ranges[1][1]), *ranges[2:])
    return SeqSet(opened=opened, declared=declared, ranges=ranges)


def _opened(held: SeqSet, oldest: int | None) -> tuple[int, bool]:
    """Return where the count starts once the device has named its `oldest`, and if it did."""
    if oldest is None:
        return held.opened, held.declared
    if not held.declared:
        # We guessed where it starts; the device knows, even if that reopens what we skipped.
        return oldest, True
    return max(held.opened, oldest), True


def _insert(ranges: tuple[Range, ...], seq: int) -> tuple[Range, ...]:
    if ranges and ranges[-1][1] + 1 == seq:  # The usual case: the next number.
        return (*ranges[:-1], (ranges[-1][0], seq))
    index = bisect_right(ranges, (seq, seq))
    before = ranges[index - 1] if index > 0 else None
    after = ranges[index] if index < len(ranges) else None
    first = last = seq
    start, end = index, index
    if before is not None and before[1] >= seq - 1:
        first, last, start = before[0], max(before[1], seq), index - 1
    if after is not None and after[0] <= seq + 1:
        last, end = max(last, after[1]), index + 1
    return (*ranges[:start], (first, last), *ranges[end:])


def reading_id(device_id: DeviceId, report: FixReport | EventReport) -> ReadingId:
    """Return the identity of a report: the same message twice is one reading.

    Devices that number their messages are told apart by boot, number and body; others by the
    instant they claim and the body.
    """
    if report.boot is not None and report.seq is not None:
        return numbered_id(device_id, report.boot, report.seq, report.body_hash)
    at = claimed_at(report).isoformat()
    return ReadingId(derive("reading", device_id, at, report.body_hash))


def numbered_id(device_id: DeviceId, boot: int, seq: int, body_hash: str) -> ReadingId:
    """Return the identity of a message that its device numbered."""
    return ReadingId(derive("reading", device_id, str(boot), str(seq), body_hash))


def judge(
    held: SeqSet | None,
    report: FixReport | EventReport,
    *,
    known_since: datetime | None,
    newest_fixed_at: datetime | None,
    received_at: datetime,
) -> Verdict:
    """Return what a report is, given what was committed before it.

    Args:
        held: The committed numbers of its boot.
        report: The report itself.
        known_since: When the same report was received before; None if it never was.
        newest_fixed_at: Instant of the newest accepted fix of its device.
        received_at: Instant of its arrival.
    """
    if known_since is not None:
        retried = received_at - known_since <= REPLAY_AFTER
        return Verdict.DUPLICATE if retried else Verdict.REPLAYED
    if held is None or report.seq is None or report.seq not in held:
        return Verdict.NEW
    # The number went back while time went on: the counter began again within one boot.
    if (
        newest_fixed_at is not None
        and claimed_at(report) > newest_fixed_at
        and report.seq < held.highest
    ):
        return Verdict.REPLAYED
    return Verdict.EQUIVOCATION


def claimed_at(report: FixReport | EventReport) -> datetime:
    """Return the instant a report claims, by its device's clock."""
    return report.fixed_at if isinstance(report, FixReport) else report.occurred_at


def acknowledgement(boot: int, held: SeqSet) -> bytes:
    """Return what a device is told: committed up to `seq`, and the islands in `ranges`."""
    return msgspec.json.encode({"boot": boot, "seq": held.contiguous, "ranges": held.islands})
