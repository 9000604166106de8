"""When a schedule holds, by the wall clock of the order's own place.

Pure. A window belongs to the day it begins on; one that ends before it begins runs past midnight.
The wall clock decides through both clock changes: an hour that comes twice is in force twice, an
hour that is skipped never comes. No schedule at all means always.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from domain.order import Weekday, Window

DAYS = tuple(Weekday)
#: A week and a day, twice: the window of one week may be the hour that a clock change skips.
LOOK_AHEAD_DAYS = 16


def in_window(schedule: Sequence[Window], at: datetime, timezone: str) -> bool:
    """Return whether `schedule` holds at `at`: from a window's first instant, before its last."""
    if not schedule:
        return True
    wall = at.astimezone(ZoneInfo(timezone))
    today = DAYS[wall.weekday()]
    yesterday = DAYS[wall.weekday() - 1]
    now = wall.time()
    return any(_covers(window, today, yesterday, now) for window in schedule)


def next_edge(schedule: Sequence[Window], after: datetime, timezone: str) -> datetime | None:
    """Return the first instant after `after` at which `schedule` begins or ceases to hold.

    Returns:
        The instant (UTC), or None if it always holds or never does.
    """
    holds = in_window(schedule, after, timezone)
    candidates = sorted(set(_wall_edges(schedule, after, timezone)))
    for edge in candidates:
        if edge > after and in_window(schedule, edge, timezone) != holds:
            return edge
    return None


def _covers(window: Window, today: Weekday, yesterday: Weekday, now: time) -> bool:
    if window.since < window.until:
        return today in window.days and window.since <= now < window.until
    return (today in window.days and now >= window.since) or (
        yesterday in window.days and now < window.until
    )


def _wall_edges(schedule: Sequence[Window], after: datetime, timezone: str) -> Iterator[datetime]:
    """Yield every instant near `after` at which the wall clock shows an edge, or jumps."""
    zone = ZoneInfo(timezone)
    first = after.astimezone(zone).date() - timedelta(days=1)
    for ahead in range(LOOK_AHEAD_DAYS):
        day = first + timedelta(days=ahead)
        for window in schedule:
            for edge in (window.since, window.until):
                for fold in (0, 1):
                    yield datetime.combine(day, edge.replace(fold=fold), zone).astimezone(UTC)
        yield from _clock_change(datetime.combine(day, time(), zone), zone)


def _clock_change(midnight: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield the instant, to the second, at which the zone's offset changes on this day, if any."""
    low = midnight.astimezone(UTC)
    high = low + timedelta(days=1)
    offset = low.astimezone(zone).utcoffset()
    if high.astimezone(zone).utcoffset() == offset:
        return
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    yield high
