"""The supervisor: rooms are restarted, hung ones ended, all of them drained in order."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import pairwise

import pytest

from domain.errors import KeepclearError
from runtime.supervise import Beat, Room, RoomState, RoomStuckError, Supervisor
from tests.unit.runtime.virtual import loop_time, run_virtually

Run = Callable[[Beat], Awaitable[None]]


class PlantedError(KeepclearError):
    """Planted by a test."""


async def obedient(beat: Beat) -> None:
    """Live quietly, beat every second, stop when asked."""
    while not beat.stopping.is_set():
        beat()
        await pause(beat, 1.0)


async def pause(beat: Beat, seconds: float) -> None:
    """Wait, but not longer than until the room should stop."""
    try:
        async with asyncio.timeout(seconds):
            await beat.stopping.wait()
    except TimeoutError:
        return


def supervisor(*rooms: Room, drain_s: float = 10) -> Supervisor:
    """Return a supervisor on the loop's own time."""
    return Supervisor(rooms, drain=timedelta(seconds=drain_s), clock=loop_time)


def room(run: Run, name: str = "engine", silence_s: float = 5) -> Room:
    """Return a room."""
    return Room(name=name, run=run, silence_max=timedelta(seconds=silence_s))


async def run_for(kept: Supervisor, seconds: float) -> None:
    """Run the supervisor and stop it after a while."""
    asyncio.get_running_loop().call_later(seconds, kept.stop)
    await kept.run(signals=False)


def test_a_crashed_room_begins_a_new_life() -> None:
    """A room that raises is started again from its beginning, and the count says so."""
    lives: list[float] = []

    async def crash_twice(beat: Beat) -> None:
        lives.append(loop_time())
        if len(lives) < 3:
            raise PlantedError
        await obedient(beat)

    async def scene() -> tuple[int, RoomState]:
        kept = supervisor(room(crash_twice))
        await run_for(kept, 30)
        health = kept.health()["engine"]
        return health.restarts, health.state

    assert (2, RoomState.STOPPED) == run_virtually(scene())
    assert [0.0, 0.1, 0.3] == [round(life, 3) for life in lives]


def test_pauses_grow_to_a_bound() -> None:
    """A room that crashes at once is retried ever more slowly, but at least every 5 s."""
    lives: list[float] = []

    async def crash(_beat: Beat) -> None:
        lives.append(loop_time())
        raise PlantedError

    run_virtually(run_for_rooms(60, room(crash)))
    gaps = [round(later - sooner, 3) for sooner, later in pairwise(lives)]

    assert [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0] == gaps[:8]
    assert 5.0 == max(gaps)


async def run_for_rooms(seconds: float, *rooms: Room) -> None:
    """Supervise some rooms for a while."""
    await run_for(supervisor(*rooms), seconds)


def test_a_room_that_lived_long_restarts_quickly() -> None:
    """Past crashes are forgiven after a minute of steady life."""
    lives: list[float] = []

    async def crash_late(beat: Beat) -> None:
        lives.append(loop_time())
        for _ in range(70):
            beat()
            await pause(beat, 1.0)
        raise PlantedError

    run_virtually(run_for_rooms(300, room(crash_late)))

    assert [0.0, 70.1, 140.2, 210.3, 280.4] == [round(life, 3) for life in lives]


def test_a_room_that_returns_unasked_is_restarted() -> None:
    """Nobody leaves on his own: a room that ends is a room that is missing."""
    lives: list[float] = []

    async def leave(_beat: Beat) -> None:
        lives.append(loop_time())

    run_virtually(run_for_rooms(1, room(leave)))

    assert len(lives) > 2


def test_a_silent_room_is_ended_and_restarted() -> None:
    """A room whose beat is older than its limit is taken for hung."""
    lives: list[float] = []

    async def hang(_beat: Beat) -> None:
        lives.append(loop_time())
        await asyncio.Event().wait()

    run_virtually(run_for_rooms(12, room(hang, silence_s=5)))

    assert [0.0, 5.1, 10.3] == [round(life, 1) for life in lives]


def test_a_room_that_beats_is_left_alone() -> None:
    """A room may live for ever as long as it speaks."""

    async def scene() -> int:
        kept = supervisor(room(obedient))
        await run_for(kept, 3600)
        return kept.health()["engine"].restarts

    assert 0 == run_virtually(scene())


def test_one_crash_does_not_touch_the_others() -> None:
    """Rooms live and die on their own."""

    async def crash(_beat: Beat) -> None:
        raise PlantedError

    async def scene() -> tuple[int, int]:
        kept = supervisor(room(crash, "ingest"), room(obedient, "engine"))
        await run_for(kept, 10)
        health = kept.health()
        return min(1, health["ingest"].restarts), health["engine"].restarts

    assert (1, 0) == run_virtually(scene())


def test_health_tells_what_is_so() -> None:
    """Health shows the state and the age of the last beat while rooms live."""

    async def scene() -> tuple[RoomState, float, bool]:
        kept = supervisor(room(obedient))
        async with asyncio.TaskGroup() as group:
            group.create_task(kept.run(signals=False))
            await asyncio.sleep(10.25)
            health = kept.health()["engine"]
            kept.stop()
        return health.state, health.beat_age_s, health.well

    state, age_s, well = run_virtually(scene())

    assert RoomState.RUNNING is state
    assert age_s <= 1.0
    assert well


def test_rooms_are_drained_in_order() -> None:
    """The next room is asked to stop only when the one before it has finished."""
    ended: list[tuple[str, float]] = []

    def finishing(name: str, seconds: float) -> Room:
        async def run(beat: Beat) -> None:
            while not beat.stopping.is_set():
                beat()
                await pause(beat, 1)
            await asyncio.sleep(seconds)
            ended.append((name, loop_time() - 10))

        return room(run, name)

    run_virtually(run_for_rooms(10, finishing("ingest", 2), finishing("engine", 1)))

    assert [("ingest", 2.0), ("engine", 3.0)] == ended


def test_the_drain_has_a_deadline() -> None:
    """Who does not finish in his share is cancelled, and gets to clean up."""
    cleaned: list[float] = []

    async def deaf(beat: Beat) -> None:
        try:
            while True:
                beat()
                await asyncio.sleep(1)
        finally:
            cleaned.append(loop_time())

    run_virtually(run_for_rooms(10, room(deaf, "a"), room(deaf, "b")))

    assert [15.0, 20.0] == cleaned


def test_a_second_call_does_not_wait() -> None:
    """Asking twice means now."""
    cleaned: list[float] = []

    async def deaf(beat: Beat) -> None:
        try:
            while True:
                beat()
                await asyncio.sleep(1)
        finally:
            cleaned.append(loop_time())

    async def scene() -> None:
        kept = supervisor(room(deaf))
        asyncio.get_running_loop().call_later(10.5, kept.stop)
        await run_for(kept, 10)

    run_virtually(scene())

    assert [10.5] == cleaned


def test_a_room_that_cannot_be_ended_ends_the_process() -> None:
    """If even cancelling fails there is nothing left but to start the process again."""

    async def scene() -> None:
        release = asyncio.Event()

        async def stubborn(_beat: Beat) -> None:
            while not release.is_set():
                try:
                    await release.wait()
                except asyncio.CancelledError:
                    continue

        kept = supervisor(room(stubborn), room(obedient, "api"))
        try:
            await run_for(kept, 60)
        finally:
            release.set()
            await asyncio.sleep(0)

    with pytest.raises(RoomStuckError):
        run_virtually(scene())


async def test_a_signal_drains() -> None:
    """SIGTERM is a request to finish."""
    kept = Supervisor([room(obedient)])
    asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGTERM)

    await kept.run()

    assert RoomState.STOPPED is kept.health()["engine"].state


def test_names_are_unique() -> None:
    """Two rooms of one name would hide each other's health."""
    with pytest.raises(AssertionError):
        Supervisor([room(obedient), room(obedient)])
