"""What a single report is worth before it is compared with any other: admit, hold or reject.

Pure. Screening knows the report, the instant it arrived and the device's registration; it knows
nothing of other fixes, so jumps and frozen positions are judged by the engine. The rule of all
of it: what is suspect may raise and may never clear, so it is *held*, not thrown away; a report
is rejected only if no honest device could have meant the present by it.

Clocks: a fix up to 30 s ahead of its arrival is normal. Beyond that, or where the clock was never
set or lost its GPS weeks, the place is still true and the instant is not: the fix is held and
dated by its arrival (a lost week count is put right instead). A held fix never makes a later one
late.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from domain.order import Device
from domain.position import Position
from domain.reading import FixReport, FixState, Reason

AHEAD_MAX: Final = timedelta(seconds=30)
#: No drifting clock is a year ahead: such an instant is another number, not a time.
FUTURE_MAX: Final = timedelta(days=366)
#: No device keeps its fixes for a year; an older instant is a clock that was never set.
STORED_MAX: Final = timedelta(days=366)
#: Before this no tag of ours existed; clocks that start at 1970, 1980 or 2000 end here.
UNSET_BEFORE: Final = datetime(2001, 1, 1, tzinfo=UTC)
#: GPS receivers count weeks to 1024 and start again.
WEEK_ROLLOVER: Final = timedelta(weeks=1024)
ROLLOVER_SLACK: Final = timedelta(days=1)
#: Nearer to (0, 0) than this is a receiver without a position, in the Gulf of Guinea.
NULL_ISLAND_DEG: Final = 1e-4


class Screened(msgspec.Struct, frozen=True, kw_only=True):
    """A fix that may be kept: how far it is trusted, why not further, and when it was.

    Attributes:
        fixed_at: The instant to decide with (UTC), put right where the clock was at fault.
    """

    fixed_at: datetime
    state: FixState = FixState.ACCEPTED
    reason: Reason | None = None


def screen_origin(device: Device, received_at: datetime, *, retained: bool) -> Reason | None:
    """Return why nothing that `device` says in this message counts, or None."""
    if device.revoked_at is not None and received_at >= device.revoked_at:
        return Reason.REVOKED_DEVICE
    # The broker stored it, for whoever comes: it was said at some time, not now.
    return Reason.RETAINED if retained else None


def screen_fix(report: FixReport, received_at: datetime) -> Screened | Reason:
    """Return how far a fix is trusted by itself, or why it is rejected."""
    ahead = report.fixed_at - received_at
    if ahead > FUTURE_MAX:
        return Reason.FROM_THE_FUTURE
    if ahead > AHEAD_MAX:
        return _held(received_at, Reason.CLOCK_FAULT)
    if abs(ahead + WEEK_ROLLOVER) <= ROLLOVER_SLACK:
        corrected = report.fixed_at + WEEK_ROLLOVER
        return _held(min(corrected, received_at), Reason.CLOCK_FAULT)
    if report.fixed_at < UNSET_BEFORE or -ahead > STORED_MAX:
        return _held(received_at, Reason.CLOCK_FAULT)
    if _is_null_island(report.position):
        return _held(report.fixed_at, Reason.NULL_ISLAND)
    return Screened(fixed_at=report.fixed_at)


def event_instant(claimed_at: datetime, received_at: datetime) -> datetime:
    """Return when an event happened: by the device's clock unless that is at fault."""
    ahead = claimed_at - received_at
    if abs(ahead + WEEK_ROLLOVER) <= ROLLOVER_SLACK:
        return min(claimed_at + WEEK_ROLLOVER, received_at)
    if ahead > AHEAD_MAX or -ahead > STORED_MAX or claimed_at < UNSET_BEFORE:
        return received_at
    return claimed_at


def _held(fixed_at: datetime, reason: Reason) -> Screened:
    return Screened(fixed_at=fixed_at, state=FixState.HELD, reason=reason)


def _is_null_island(position: Position) -> bool:
    return (
        abs(position.latitude_deg) < NULL_ISLAND_DEG
        and abs(position.longitude_deg) < NULL_ISLAND_DEG
    )
