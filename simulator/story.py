"""Between the story and the clock on the wall: what a second of a scenario is in real time.

Pure. At speed 1 they are the same. At speed N everybody moves N times as fast, devices report N
times as often and say so when they are registered, and faults last an Nth; so each fix is exactly
where it would have been at speed 1, one fix after the other, and its time stamp is the present.
What the system under test promises in real seconds (a silence noticed, a level left after two
minutes) is not made faster: expectations keep their real allowance after the story's moment.

People must stay people: `bearable_speed` keeps the fastest of them below `FASTEST_MPS`, because a
system that disbelieves a tag at 400 km/h is right.
"""

import math
from datetime import datetime, timedelta
from typing import Final

import msgspec

#: Nobody moves faster in real time than this, metres a second (216 km/h).
FASTEST_MPS: Final = 60.0


class StoryClock(msgspec.Struct, frozen=True, kw_only=True):
    """When a story began, and how fast it is told."""

    start_at: datetime
    speed: float = 1.0

    def __post_init__(self) -> None:
        """A story goes forward."""
        assert self.speed > 0.0

    def instant(self, story_s: float) -> datetime:
        """Return the real instant of a second of the story, to the millisecond."""
        return self.start_at + timedelta(milliseconds=round(1_000.0 * story_s / self.speed))

    def story_s(self, instant: datetime) -> float:
        """Return the second of the story at a real instant."""
        return (instant - self.start_at).total_seconds() * self.speed

    def interval_s(self, story_s: float) -> int:
        """Return the reporting interval to register for one of `story_s`: whole, at least 1."""
        return max(1, math.ceil(story_s / self.speed))


def bearable_speed(wished: float, fastest_mps: float) -> float:
    """Return `wished`, or the tenth that keeps somebody who moves at `fastest_mps` believable."""
    if fastest_mps <= 0.0:
        return wished
    bearable = math.floor(10.0 * FASTEST_MPS / fastest_mps) / 10.0
    return min(wished, max(1.0, bearable))
