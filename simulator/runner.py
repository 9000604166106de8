"""Playing a scenario against a running Keepclear, and saying whether it ended as it must.

Shell. `run` registers a cast over HTTP, plays every device over MQTT in real time, watches the
console's websocket and hers as an ordinary program would, and returns the exit status. `play`
drives the devices of a cast that is already registered; the demonstration uses it.
"""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, Final, cast

import msgspec
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from domain.errors import KeepclearError
from runtime.clock import utc_now
from simulator.capture import capture_of
from simulator.client import Door, DoorError, Watch
from simulator.device import rfc3339
from simulator.expectations import Judgement, Verdict, windows_of
from simulator.jury import Jury, type_of_echo
from simulator.mqtt import Broker
from simulator.packaged import palmers_green
from simulator.scenario import Scenario, named
from simulator.show import TURN_S, Show, ShowError, play, register
from simulator.stage import fastest_mps, screen_of, tracks_of
from simulator.story import StoryClock, bearable_speed

__all__ = ["orders_path", "play", "run", "write_capture"]

WATCH_WITHIN_S: Final = 20.0
SCREEN_RETRY_S: Final = 1.0


async def run(  # noqa: PLR0913 -- they are the options of `keepclear sim run`
    scenario_name: str | Scenario,
    *,
    http_url: str,
    token: str,
    broker_host: str,
    broker_port: int,
    speed: float = 1.0,
    seed: int = 7,
    capture_path: Path | None = None,
    echo: type_of_echo = print,
    console_token: str | None = None,
) -> int:
    """Play a scenario against a running system; return 1 if it did not end as it must.

    Args:
        scenario_name: A packaged scenario, by name or title; or one of your own.
        http_url: Where the system answers.
        token: An administrator's: registers the cast.
        broker_host: Where devices connect.
        broker_port: Where devices connect.
        speed: How much faster than life the story is told; lowered if people would fly.
        seed: Repeats every pace, error and delay.
        capture_path: Where to keep what devices published; the cast goes beside it.
        echo: Told every line for the person who watches.
        console_token: An operator's, to watch the console; the administrator's if not given.

    Raises:
        DoorError: The server refused a call.
        ShowError: A device was not let in.
    """
    scenario = named(scenario_name) if isinstance(scenario_name, str) else scenario_name
    told = bearable_speed(speed, fastest_mps(tracks_of(scenario, palmers_green(), seed)))
    if told < speed:
        echo(f"Speed {speed:g} would make people fly; telling it at {told:g}.")
    cast = await register(scenario, Door(http_url, token=token), speed=told)
    jury = Jury(scenario, cast.order_id, echo)
    show = Show(
        scenario,
        cast.devices,
        Broker(host=broker_host, port=broker_port),
        seed=seed,
        speed=told,
    )
    watches = [Watch(Door(http_url, token=console_token or token), "/live/console", jury.console)]
    phone: Door | None = None
    if cast.phone_cookie is not None:
        phone = Door(http_url, cookie=cast.phone_cookie)
        watches.append(Watch(phone, "/live/victim", jury.screen))
    try:
        judged = await _performed(scenario, show, jury, watches, phone=phone, echo=echo, seed=seed)
    except BaseExceptionGroup as group:
        raise _first(group) from group
    await _end_order(Door(http_url, token=token), cast.order_id, echo)
    if capture_path is not None:
        _write(capture_path, show.lines, cast.documents)
        echo(f"Captured {len(show.lines)} messages.")
    return _concluded(scenario, judged, seed=seed, speed=told, echo=echo)


async def _performed(
    scenario: Scenario,
    show: Show,
    jury: Jury,
    watches: list[Watch],
    *,
    phone: Door | None,
    echo: type_of_echo,
    seed: int,
) -> list[Judgement]:
    """Play to the end of the story and of what is waited for, watching all the while."""
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
        tasks = [group.create_task(watch.run()) for watch in watches]
        stack.push_async_callback(show.end)
        await _ready(watches)
        await show.begin()
        jury.begins(show.clock, windows_of(scenario, seed=seed, clock=show.clock))
        began = rfc3339(show.clock.start_at)
        echo(f"{scenario.title}, seed {seed}, speed {show.clock.speed:g}, began {began}.")
        if phone is not None:
            tasks.append(group.create_task(_reporting(scenario, phone, show.clock, seed=seed)))
        judged = await _told(scenario, show, jury)
        for task in tasks:
            task.cancel()
    return judged


async def _reporting(scenario: Scenario, phone: Door, clock: StoryClock, *, seed: int) -> None:
    """Let her page send where her phone is, until cancelled."""
    screen = screen_of(scenario, tracks_of(scenario, palmers_green(), seed), seed=seed)
    assert screen is not None
    while True:
        for message in screen.advance(clock.story_s(utc_now()), clock):
            try:
                await phone.post(message.topic, msgspec.Raw(message.payload))
            except DoorError as error:
                if not error.final:
                    screen.unit.connected()
                    await asyncio.sleep(SCREEN_RETRY_S)
                    continue
            screen.unit.published(message)
        await asyncio.sleep(TURN_S)


async def _ready(watches: list[Watch]) -> None:
    try:
        async with asyncio.timeout(WATCH_WITHIN_S):
            for watch in watches:
                await watch.ready.wait()
    except TimeoutError:
        raise ShowError(f"No snapshot on a websocket within {WATCH_WITHIN_S:.0f} s.") from None


def _first(error: BaseException) -> BaseException:
    """Return the error that explains a group: one of ours, if there is one."""
    while isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        ours = cast("BaseExceptionGroup[BaseException] | None", group.subgroup(KeepclearError))
        error = (ours or group).exceptions[0]
    return error


async def _told(scenario: Scenario, show: Show, jury: Jury) -> list[Judgement]:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, transient=True) as progress:
        bar = progress.add_task(scenario.title, total=scenario.lasts_s)
        while True:
            story_s = show.turn()
            progress.update(bar, completed=min(story_s, scenario.lasts_s))
            judged = jury.judge(utc_now())
            if story_s >= scenario.lasts_s and not jury.waits(judged):
                return jury.judge(utc_now(), final=True)
            await asyncio.sleep(TURN_S)


async def _end_order(door: Door, order_id: str, echo: type_of_echo) -> None:
    """End the order, so that devices which fall silent now page nobody."""
    try:
        await door.patch(f"/orders/{order_id}", {"valid_until": rfc3339(utc_now())})
    except DoorError as error:
        echo(f"The order is still in force. {error}")


def _concluded(
    scenario: Scenario,
    judged: list[Judgement],
    *,
    seed: int,
    speed: float,
    echo: type_of_echo,
) -> int:
    missed = [one for one in judged if one.verdict is not Verdict.MET]
    for one in missed:
        echo(f"Scenario failed: {one.found}")
    if not missed:
        echo(f"Scenario passed: {scenario.title}, seed {seed}, speed {speed:g}.")
    return 1 if missed else 0


def write_capture(scenario_name: str, *, seed: int, start_at: datetime, path: Path) -> int:
    """Write a scenario's capture without any network; return how many messages it has."""
    documents, lines = capture_of(named(scenario_name), seed, start_at)
    _write(path, lines, documents)
    return len(lines)


def orders_path(capture: Path) -> Path:
    """Return where the ORDERS.json beside a capture is."""
    return capture.with_name(f"{capture.name}.orders.json")


def _write(path: Path, lines: list[bytes], documents: Mapping[str, Any]) -> None:
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    text = msgspec.json.format(msgspec.json.encode(documents), indent=2)
    orders_path(path).write_bytes(text + b"\n")
