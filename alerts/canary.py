"""The synthetic case that proves the whole path, beat by beat. Pure.

Each beat is a real fix of a synthetic tag, near its protected person or far from her in turn, so
that each one must come out at the other end as an alert on her live connection. The hops it passes
are noted; the first one it did not pass is where the path is broken.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec


class Hop(StrEnum):
    """The stations of the path, in order."""

    #: A write came back committed.
    RECORDS = "records"
    #: The broker took the fix.
    BROKER = "broker"
    #: It was admitted and committed.
    INGEST = "ingest"
    #: It was evaluated, and a transition is in the record.
    ENGINE = "engine"
    #: The incident and the notice are in the record.
    ALERTS = "alerts"
    #: Her connection was handed the alert.
    LIVE = "live"


HOPS: Final = tuple(Hop)


class Beat(msgspec.Struct, frozen=True, kw_only=True):
    """One round of the canary."""

    number: int
    near: bool
    sent_at: datetime
    reached: frozenset[Hop] = frozenset()


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a message published now would be decided and delivered.

    Attributes:
        ready: A beat has come through in time.
        proven: One has come through at all since this process began.
        broken: Which hops the path is broken at; empty when ready, or before a beat was due.
        since: When the last beat came through; None if none has.
    """

    ready: bool
    proven: bool
    broken: tuple[Hop, ...] = ()
    since: datetime | None = None


#: What there is to say before the canary has begun.
UNPROVEN: Final = Verdict(ready=False, proven=False)


class Canary:
    """The beats so far, and what they prove."""

    def __init__(self, period: timedelta, age_max: timedelta) -> None:
        """Beat twice a `period`; be ready while the last beat through is at most `age_max` old."""
        self._step = period / 2
        self._age_max = age_max
        self._beat: Beat | None = None
        self._missed: Beat | None = None
        self._through_at: datetime | None = None

    def due(self, now: datetime) -> Beat | None:
        """Return the beat to send at `now`, or None while the last one has its time."""
        last = self._beat
        if last is not None and now - last.sent_at < self._step:
            return None
        if last is not None and Hop.LIVE not in last.reached:
            self._missed = last
        self._beat = Beat(
            number=1 if last is None else last.number + 1,
            near=last is None or not last.near,
            sent_at=now,
        )
        return self._beat

    def reach(self, hop: Hop, now: datetime) -> None:
        """Note that the present beat has come as far as `hop`."""
        if self._beat is None:
            return
        self._beat = msgspec.structs.replace(self._beat, reached=self._beat.reached | {hop})
        if hop is Hop.LIVE:
            self._through_at = now
            self._missed = None

    def verdict(self, now: datetime) -> Verdict:
        """Return what the beats prove at `now`."""
        through = self._through_at
        if through is not None and now - through <= self._age_max:
            return Verdict(ready=True, proven=True, since=through)
        return Verdict(
            ready=False, proven=through is not None, broken=self._broken(now), since=through
        )

    def _broken(self, now: datetime) -> tuple[Hop, ...]:
        late = self._beat is not None and now - self._beat.sent_at >= self._step
        stuck = self._beat if late else self._missed
        if stuck is None:
            return ()
        return tuple(hop for hop in HOPS if hop not in stuck.reached)[:1]
