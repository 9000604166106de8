"""The course of one measurement: connect a load, set it off, watch a console, put it together."""

import asyncio
import math
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
import psutil

from keepclear.bench import figures, plan
from keepclear.bench.costs import Meter
from keepclear.bench.load import Assignment, Login, Record, instant
from keepclear.bench.program import HOST, Program, ProgramError
from keepclear.bench.screen import FixKey, Screen
from runtime.clock import monotonic, utc_now

#: From the word to the first fix: enough for the word to arrive.
LEAD_S: Final = 1.0
#: How long we look for what is late after the last fix.
DRAIN_S: Final = 15.0
OPEN_S: Final = 30.0
#: A load that neither finishes nor fails by then is ended.
OVERTIME_S: Final = 30.0

Say = Callable[[str, float], None]


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """What a measurement stands on: a running program with everything registered in it."""

    program: Program
    token: str
    logins: tuple[Login, ...]
    acks: bool


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """The instant of the start, by both clocks."""

    monotonic_s: float
    wall_ms: int


async def measure(ground: Ground, load: plan.Load, boot: int, say: Say) -> figures.Figures:
    """Play `load` and return what came of it.

    Args:
        ground: Where.
        load: What.
        boot: Boot counter of the devices; a higher one each time on the same ground.
        say: Told where we are, as words and as a part of one.

    Raises:
        ProgramError: The load or the program failed.
    """
    screen = Screen(ground.program.http_port, ground.token)
    out = ground.program.data_dir / f"load-{boot}.msgpack"
    say("connecting", 0.0)
    child = await _launch(ground, load, boot, out)
    try:
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(screen.watch())
            await asyncio.wait_for(screen.open.wait(), OPEN_S)
            meter, start = await _play(ground, load, child, say)
            record = await _record(child, out)
            await _settle(screen, _expected(ground, load, start))
            watching.cancel()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    return _figures(ground, load, Seen(start=start, record=record, screen=screen, meter=meter))


async def _launch(ground: Ground, load: plan.Load, boot: int, out: Path) -> Process:
    assignment = Assignment(
        host=HOST,
        port=ground.program.mqtt_port,
        load=load,
        logins=ground.logins,
        boot=boot,
        acks=ground.acks,
        drain_s=DRAIN_S,
        out=str(out),
    )
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "keepclear.bench.load", stdin=PIPE, stdout=PIPE
    )
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(msgspec.json.encode(assignment) + b"\n")
    if b"connected\n" != await child.stdout.readline():
        await child.wait()
        raise ProgramError(f"the devices cannot connect\n{ground.program.tail()}")
    return child


async def _play(ground: Ground, load: plan.Load, child: Process, say: Say) -> tuple[Meter, Start]:
    """Set the load off and count costs while it is measured."""
    assert child.stdin is not None
    start = Start(
        monotonic_s=monotonic() + LEAD_S,
        wall_ms=math.floor((utc_now().timestamp() + LEAD_S) * 1000.0),
    )
    child.stdin.write(f"start {start.monotonic_s!r} {start.wall_ms}\n".encode())
    say("warming up", 0.0)
    await _until(start.monotonic_s + load.warm_up_s)
    meter = Meter(
        {
            "serve": [ground.program.serve],
            "broker": ground.program.brokers,
            "load": [psutil.Process(child.pid)],
            "console": [psutil.Process()],
        }
    )
    for second in range(math.ceil(load.seconds)):
        say("measuring", second / load.seconds)
        await _until(start.monotonic_s + load.warm_up_s + min(second + 1, load.seconds))
        meter.look()
    say("waiting for what is late", 1.0)
    return meter, start


async def _until(instant_s: float) -> None:
    await asyncio.sleep(max(0.0, instant_s - monotonic()))


async def _record(child: Process, out: Path) -> Record:
    async with asyncio.timeout(DRAIN_S + OVERTIME_S):
        code = await child.wait()
    if code != 0:
        raise ProgramError(f"the load ended with status {code}")
    return msgspec.msgpack.decode(await asyncio.to_thread(out.read_bytes), type=Record)


async def _settle(screen: Screen, expected: dict[FixKey, float]) -> None:
    """Wait until the console has seen everything, or nothing new for a while."""
    seen, until = -1, monotonic() + DRAIN_S
    while len(expected.keys() - screen.positions.keys()) and monotonic() < until:
        if len(screen.positions) > seen:
            seen, until = len(screen.positions), monotonic() + DRAIN_S / 3.0
        await asyncio.sleep(0.1)


def _expected(ground: Ground, load: plan.Load, start: Start) -> dict[FixKey, float]:
    """Return when each measured fix of a tag is due, by the clock that only runs forward."""
    return {
        (ground.logins[shot.device].username, instant(start.wall_ms + shot.due_ms)): (
            start.monotonic_s + shot.due_ms / 1000.0
        )
        for shot in plan.shots(load)
        if plan.is_tag(shot.device) and shot.due_ms / 1000.0 >= load.warm_up_s
    }


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was noted of one measurement."""

    start: Start
    record: Record
    screen: Screen
    meter: Meter


def _figures(ground: Ground, load: plan.Load, seen: Seen) -> figures.Figures:
    due_s = [shot.due_ms / 1000.0 for shot in plan.shots(load)]
    first, last = load.warm_up_s, load.length_s
    acked = seen.record.acked
    expected = _expected(ground, load, seen.start)
    arrived = seen.screen.positions
    return figures.Figures(
        broker=ground.program.broker,
        devices=load.devices,
        seconds=load.seconds,
        seed=load.seed,
        offered_per_s=sum(1 for due in due_s if due >= first) / load.seconds,
        committed_per_s=(
            figures.committed_between(acked, first, last) / load.seconds if ground.acks else None
        ),
        backlog=figures.behind(acked, due_s, first, last) if ground.acks else 0,
        to_console=figures.latency(
            arrived[key] - due if key in arrived else None for key, due in expected.items()
        ),
        to_decision=_decisions(ground, load, seen.screen, expected),
        to_committed=figures.since_due(acked, due_s, first) if ground.acks else None,
        to_puback=figures.since_due(seen.record.puback, due_s, first),
        load_late=figures.since_due(seen.record.sent, due_s, first),
        costs=seen.meter.costs(load.seconds),
        reconnects=seen.screen.reconnects,
        disconnects=seen.record.disconnects,
    )


def _decisions(
    ground: Ground, load: plan.Load, screen: Screen, expected: dict[FixKey, float]
) -> figures.Latency:
    """Return how long decisions took; an approach nobody was told of never came."""
    told = {key: at for key, at in screen.decisions.items() if key in expected}
    decided = {device_id for device_id, _ in screen.decisions}
    tags = enumerate(plan.paths(load)[: 2 * load.approaches])
    approaching = [
        ground.logins[device].username
        for device, path in tags
        if plan.surely_told_s(load, path) is not None
    ]
    untold = [device_id for device_id in approaching if device_id not in decided]
    return figures.latency(
        [*(at - expected[key] for key, at in told.items()), *(None,) * len(untold)]
    )
