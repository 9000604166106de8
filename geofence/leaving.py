"""What it takes to leave a level: farther out than going in, for long enough, on enough fixes.

Pure. Jitter on the edge of a ring cannot open and close an incident once a second, because the
way out is wider than the way in and no single fix leads out.
"""

from datetime import datetime

import msgspec

from domain.order import Leaving


class Streak(msgspec.Struct, frozen=True, kw_only=True):
    """Good, fresh fixes in a row that all lay beyond a ring and its margin."""

    fixes: int
    since: datetime
    until: datetime


def beyond(metres: float, ring_m: float, leaving: Leaving) -> bool:
    """Return whether a distance is past a ring by more than the margin."""
    return metres > ring_m + max(leaving.margin_m, leaving.margin_share * ring_m)


def lengthened(streak: Streak | None, fixed_at: datetime) -> Streak:
    """Return the streak with one more fix, made at `fixed_at`."""
    if streak is None:
        return Streak(fixes=1, since=fixed_at, until=fixed_at)
    return Streak(
        fixes=streak.fixes + 1,
        since=min(streak.since, fixed_at),
        until=max(streak.until, fixed_at),
    )


def suffices(streak: Streak | None, leaving: Leaving) -> bool:
    """Return whether a streak is enough to leave its ring."""
    return (
        streak is not None
        and streak.fixes >= leaving.fixes
        and streak.until - streak.since >= leaving.after
    )
