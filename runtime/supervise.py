"""Rooms kept alive: started, listened to, restarted, drained.

A room is an `async def run(beat)`. It builds what it needs, calls `beat()` at least once in its
`silence_max`, and returns soon after `beat.stopping` is set. If it raises, or returns unasked, or
falls silent, it is ended and begun anew after a bounded pause; the record makes that harmless.

At the end rooms are asked to stop one after the other, in the order they were given, so that what
the first has taken in still passes through those that follow. Whoever is not done by the deadline
is cancelled.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

import msgspec

from domain.errors import KeepclearError
from runtime.clock import monotonic
from runtime.log import logger

_log = logger("runtime.supervise")

_PAUSE_FIRST_S: Final = 0.1
_PAUSE_MAX_S: Final = 5.0
#: A room that lived so long starts again with the shortest pause.
_STEADY_S: Final = 60.0
#: How long a cancelled room may take to let go.
_GRACE_S: Final = 3.0
#: Never look at a room more often than that.
_GLANCE_S: Final = 0.01


class RoomStuckError(KeepclearError):
    """A room does not end even when it is cancelled; the process has to."""


class Beat:
    """What a room is given: a way to say that it lives, and to learn that it should stop."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """Count silence on `clock`, in seconds."""
        self._clock = clock
        self._last = clock()
        #: Set once, when the room should finish what it has and return.
        self.stopping = asyncio.Event()

    def __call__(self) -> None:
        """Say that the room lives and gets on."""
        self._last = self._clock()

    @property
    def age_s(self) -> float:
        """Seconds since the room last spoke."""
        return self._clock() - self._last


Run = Callable[[Beat], Awaitable[None]]


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the program that lives on its own.

    Attributes:
        name: Constant word for logs and metrics.
        run: Begins a life; called anew for each, so nothing of the last one survives.
        silence_max: Silence that counts as hanging.
    """

    name: str
    run: Run
    silence_max: timedelta = timedelta(seconds=20)


class RoomState(StrEnum):
    """Where a room is."""

    RUNNING = "running"
    RESTARTING = "restarting"
    STOPPING = "stopping"
    STOPPED = "stopped"


class RoomHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How a room is.

    Attributes:
        beat_age_s: Seconds since it last spoke.
        restarts: Lives after the first.
    """

    state: RoomState
    beat_age_s: float
    restarts: int

    @property
    def well(self) -> bool:
        """Whether the room is at work."""
        return self.state is RoomState.RUNNING


class _Kept:
    """A room, and what became of it."""

    def __init__(self, room: Room, clock: Callable[[], float]) -> None:
        self.room = room
        self.word = room.name
        self.beat = Beat(clock)
        self.state = RoomState.RESTARTING
        self.restarts = 0
        self.ended = asyncio.Event()

    @property
    def patience_s(self) -> float:
        """Seconds for which the present silence may still go on."""
        return self.room.silence_max.total_seconds() - self.beat.age_s

    def ask_to_stop(self) -> None:
        """Let the room finish."""
        if self.state is RoomState.RUNNING:
            self.state = RoomState.STOPPING
        self.beat.stopping.set()


class Supervisor:
    """Keeps rooms alive until it is told to stop."""

    def __init__(
        self,
        rooms: Sequence[Room],
        *,
        drain: timedelta = timedelta(seconds=8),
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Keep `rooms`; at the end give them `drain` in all to finish, in this order."""
        assert len({room.name for room in rooms}) == len(rooms)
        self._kept = [_Kept(room, clock) for room in rooms]
        self._drain_s = drain.total_seconds()
        self._clock = clock
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()

    def health(self) -> Mapping[str, RoomHealth]:
        """Return how each room is, by name."""
        return {
            kept.room.name: RoomHealth(
                state=kept.state, beat_age_s=kept.beat.age_s, restarts=kept.restarts
            )
            for kept in self._kept
        }

    def stop(self) -> None:
        """Begin to drain; a second call does not wait for anybody."""
        if self._stop.is_set():
            self._hurry.set()
        self._stop.set()

    async def run(self, *, signals: bool = True) -> None:
        """Keep every room alive until `stop`, or SIGTERM or SIGINT where `signals` is true.

        Raises:
            RoomStuckError: A room would not end. The process should.
        """
        loop = asyncio.get_running_loop()
        watched = (signal.SIGTERM, signal.SIGINT) if signals else ()
        for number in watched:
            loop.add_signal_handler(number, self.stop)
        try:
            async with asyncio.TaskGroup() as group:
                keepers = {group.create_task(self._keep(kept)): kept for kept in self._kept}
                group.create_task(self._drain(keepers))
        except* RoomStuckError as stuck:
            raise RoomStuckError from stuck
        finally:
            for number in watched:
                loop.remove_signal_handler(number)

    async def _keep(self, kept: _Kept) -> None:
        """Give a room one life after the other."""
        pause_s = _PAUSE_FIRST_S
        try:
            while not kept.beat.stopping.is_set():
                began = self._clock()
                await self._live(kept)
                if kept.beat.stopping.is_set():
                    break
                kept.restarts += 1
                kept.state = RoomState.RESTARTING
                pause_s = _PAUSE_FIRST_S if self._clock() - began > _STEADY_S else pause_s
                with suppress(TimeoutError):
                    await asyncio.wait_for(kept.beat.stopping.wait(), pause_s)
                pause_s = min(2 * pause_s, _PAUSE_MAX_S)
        finally:
            kept.state = RoomState.STOPPED
            kept.ended.set()

    async def _live(self, kept: _Kept) -> None:
        """Let a room live once: until it ends, crashes or falls silent."""
        kept.beat()
        kept.state = RoomState.RUNNING
        _log.info("room_started", room=kept.word, restarts=kept.restarts)
        life = asyncio.create_task(_begin(kept), name=kept.room.name)
        try:
            while not life.done():
                await asyncio.wait({life}, timeout=max(_GLANCE_S, kept.patience_s))
                if not life.done() and self._hangs(kept):
                    break
        finally:
            await _let_go(life, kept.word)
        _tell_end(life, kept)

    def _hangs(self, kept: _Kept) -> bool:
        """Return whether a room that should be at work has been silent for too long."""
        if kept.patience_s > 0:
            return False
        if kept.beat.stopping.is_set():
            # While it drains the deadline alone counts.
            kept.beat()
            return False
        _log.error("room_hung", room=kept.word, silent_s=kept.beat.age_s)
        return True

    async def _drain(self, keepers: Mapping["asyncio.Task[None]", _Kept]) -> None:
        """Wait for the end, then ask each room to stop in turn, and cancel who does not."""
        await self._stop.wait()
        _log.info("drain_began", rooms=len(keepers))
        deadline = self._clock() + self._drain_s
        for left, (keeper, kept) in zip(range(len(keepers), 0, -1), keepers.items(), strict=True):
            kept.ask_to_stop()
            share_s = max(0.0, (deadline - self._clock()) / left)
            if not await self._ended(kept, share_s):
                _log.warning("room_cancelled", room=kept.word)
                keeper.cancel()
                await kept.ended.wait()
        _log.info("drain_ended")

    async def _ended(self, kept: _Kept, share_s: float) -> bool:
        """Return whether a room ends within its share of the deadline, and nobody hurries us."""
        await first_of(self._hurry.wait(), kept.ended.wait(), timeout_s=share_s)
        return kept.ended.is_set()


async def first_of(*waits: Coroutine[Any, Any, object], timeout_s: float) -> None:
    """Return when one of `waits` is over, or after `timeout_s`; the others are cancelled."""
    tasks = {asyncio.create_task(wait) for wait in waits}
    try:
        await asyncio.wait(tasks, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


async def _begin(kept: _Kept) -> None:
    """Begin a life; building the room is part of it, so that failing there is a crash too."""
    await kept.room.run(kept.beat)


async def _let_go(life: "asyncio.Task[None]", word: str) -> None:
    """Make sure that a life is over.

    Raises:
        RoomStuckError: It is not, even though it was cancelled.
    """
    if life.done():
        return
    life.cancel()
    await asyncio.wait({life}, timeout=_GRACE_S)
    if not life.done():
        _log.critical("room_stuck", room=word)
        raise RoomStuckError


def _tell_end(life: "asyncio.Task[None]", kept: _Kept) -> None:
    """Log how a life ended."""
    error = None if life.cancelled() else life.exception()
    if error is not None:
        _log.error("room_crashed", room=kept.word, exc_info=error)
    elif not kept.beat.stopping.is_set():
        _log.error("room_ended_early", room=kept.word)
