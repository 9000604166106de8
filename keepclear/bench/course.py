"""The order of a benchmark: for each broker start a program, register, measure, perhaps again."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import msgspec
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from keepclear.bench import plan
from keepclear.bench.figures import Figures
from keepclear.bench.knee import STEP, STEPS_MAX, knee, overloaded
from keepclear.bench.load import Login
from keepclear.bench.program import READY_S, Door, Program, ProgramError
from keepclear.bench.register import register
from keepclear.bench.report import Report, machine
from keepclear.bench.run import Ground, measure
from runtime.clock import monotonic, utc_now

#: Parts of all pairs that approach while we measure, and that live near each other.
APPROACHING: Final = 0.04
NEAR: Final = 0.02
#: A search for the knee begins at this part of the rated load.
FIRST_STEP: Final = 0.5


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be measured. Rates are fixes per second, by broker."""

    brokers: tuple[str, ...]
    rates: dict[str, float]
    devices: int
    warm_up_s: float
    seconds: float
    stepped: bool
    acks: bool
    seed: int

    def load(self, rate: float) -> plan.Load:
        """Return the load at a rate; everybody publishes at least once while warming up."""
        pairs = self.devices // 2
        return plan.Load(
            seed=self.seed,
            devices=self.devices,
            rate=rate,
            warm_up_s=max(self.warm_up_s, 1.2 * self.devices / rate),
            seconds=self.seconds,
            approaches=min(pairs, max(1, round(APPROACHING * pairs))),
            near=round(NEAR * pairs),
        )


async def run(wanted: Wanted, console: Console) -> Report:
    """Measure everything that is wanted, showing how far it is."""
    at, here = utc_now(), machine()
    measured: list[Figures] = []
    for broker in wanted.brokers:
        with _progress(console) as progress, Program(broker) as program:
            ground = await _prepare(program, wanted, progress)
            measured += await _measure(ground, wanted, progress)
    return Report(
        at=at.isoformat(timespec="seconds"),
        machine=here,
        measured=measured,
        knees={
            broker: knee([one for one in measured if one.broker == broker])
            for broker in (wanted.brokers if wanted.stepped else ())
        },
    )


@contextmanager
def _progress(console: Console) -> Generator[Progress]:
    columns = (
        TextColumn("{task.description:<44}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, refresh_per_second=2, transient=True) as progress:
        yield progress


async def _prepare(program: Program, wanted: Wanted, progress: Progress) -> Ground:
    """Wait for the program and register everything in it."""
    starting = progress.add_task(f"{program.broker}: starting", total=None)
    until = monotonic() + READY_S
    while not await asyncio.to_thread(program.ready):
        if monotonic() > until:
            raise ProgramError(f"serve is not ready\n{program.tail()}")
        await asyncio.sleep(0.2)
    program.remember_family()
    token = await asyncio.to_thread(program.token, "administrator")
    watcher = await asyncio.to_thread(program.token, "operator")
    progress.remove_task(starting)
    logins = await asyncio.to_thread(_register, program, token, wanted, progress)
    return Ground(program=program, token=watcher, logins=logins, acks=wanted.acks)


def _register(
    program: Program, token: str, wanted: Wanted, progress: Progress
) -> tuple[Login, ...]:
    task = progress.add_task(f"{program.broker}: registering devices", total=wanted.devices)
    door = Door(program.http_port, token)
    rate_least = wanted.rates[program.broker] * (FIRST_STEP if wanted.stepped else 1.0)
    logins: list[Login] = []
    for login in register(door, wanted.load(rate_least), rate_least, utc_now()):
        logins.append(login)
        progress.advance(task)
    door.close()
    return tuple(logins)


async def _measure(ground: Ground, wanted: Wanted, progress: Progress) -> list[Figures]:
    """Return one measurement, or one a step until a step is too much."""
    broker = ground.program.broker
    rate = wanted.rates[broker]
    task = progress.add_task(broker, total=100)
    if not wanted.stepped:
        return [await _step(ground, wanted.load(rate), 1, progress, task)]
    steps: list[Figures] = []
    rate *= FIRST_STEP
    for boot in range(1, STEPS_MAX + 1):
        steps.append(await _step(ground, wanted.load(rate), boot, progress, task))
        if overloaded(steps[-1]) is not None:
            break
        rate *= STEP
    return steps


async def _step(
    ground: Ground, load: plan.Load, boot: int, progress: Progress, task: TaskID
) -> Figures:
    def say(words: str, part: float) -> None:
        progress.update(
            task,
            description=f"{ground.program.broker}, {load.rate:,.0f} fixes/s: {words}",
            completed=round(100.0 * part),
        )

    return await measure(ground, load, boot, say)
