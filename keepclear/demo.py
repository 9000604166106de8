"""`keepclear demo`: `serve`, a seeded case, and simulated devices that act it out.

What it shows is real: the devices publish over the real broker, the case is registered over the
real API, and whoever opens the links sees what an officer and a protected person would see.
"""

import asyncio
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.panel import Panel

from domain.errors import KeepclearError
from keepclear.house import House
from keepclear.serve import serve
from mobile_api import admin
from runtime.clock import utc_now
from runtime.ids import new_id
from runtime.settings import Settings
from runtime.supervise import Beat, Room, first_of
from simulator.client import Door, DoorError
from simulator.device import rfc3339
from simulator.mqtt import Broker
from simulator.scenario import Scenario, named
from simulator.show import Cast, play, register

#: The demonstration's login. Its password is drawn anew each time, and printed.
LOGIN: Final = "operator"
PROGRAM: Final = "demonstration"

#: A link that is tried out tomorrow should still work.
_ENROLMENT_S: Final = 86_400.0
_SESSION_S: Final = 43_200.0
_GLANCE_S: Final = 1.0


class DemoAddressError(KeepclearError):
    """The demonstration has a printed password and listens on a loopback address only."""


async def demo(scenario: str, *, speed: float, seed: int) -> None:
    """Run `serve` with a case in it, and print how to look at it.

    Raises:
        KeepclearError: The address is not this machine's own, or something is taken.
    """
    settings = Settings(enrolment_s=_ENROLMENT_S, session_idle_s=_SESSION_S)
    if not _loopback(settings.http_host) or not _loopback(settings.mqtt_host):
        raise DemoAddressError
    story = named(scenario)

    def guests(house: House) -> Sequence[Room]:
        return [Room(name="demo", run=Demonstration(house, story, speed=speed, seed=seed).run)]

    await serve(settings, guests)


class Demonstration:
    """The room in which the story is acted out."""

    def __init__(self, house: House, scenario: Scenario, *, speed: float, seed: int) -> None:
        """Act `scenario` out in `house`."""
        self._house = house
        self._scenario = scenario
        self._speed = speed
        self._seed = seed

    async def run(self, beat: Beat) -> None:
        """Register the case, print the links, and play until asked to stop."""
        while not self._house.readiness().ready and not beat.stopping.is_set():
            beat()
            await first_of(beat.stopping.wait(), timeout_s=_GLANCE_S)
        cast, link = await self._registered()
        self._print(link, await self._login())
        settings = self._house.settings
        broker = Broker(host=settings.mqtt_host, port=settings.mqtt_port)
        async with asyncio.TaskGroup() as group:
            playing = group.create_task(
                play(self._scenario, cast.devices, broker, seed=self._seed, speed=self._speed)
            )
            while not beat.stopping.is_set() and not playing.done():
                beat()
                await first_of(beat.stopping.wait(), timeout_s=_GLANCE_S)
            playing.cancel()

    async def _registered(self) -> tuple[Cast, str]:
        """Register the case as an administrator's program would; return her phone's link, too."""
        records = self._house.records
        token = await admin.create_token(records, "administrator", PROGRAM, utc_now)
        door = Door(self._house.settings.base_url, token=token)
        await self._end_former(door)
        cast = await register(self._scenario, door, speed=self._speed)
        self._note.write_text(cast.order_id)
        assert self._scenario.protected is not None
        enrolment = await door.post(f"/people/{cast.people[self._scenario.protected]}/enrolment")
        return cast, enrolment["url"]

    async def _login(self) -> str:
        """Return a new password of the demonstration's officer."""
        password = "-".join(new_id("")[-4:] for _ in range(3))
        records = self._house.records
        try:
            await admin.create_account(records, "operator", LOGIN, password, utc_now)
        except admin.AccountError:  # There from an earlier demonstration, whose password ends.
            await admin.renew_password(records, LOGIN, password, utc_now)
        return password

    @property
    def _note(self) -> Path:
        return self._house.settings.data_dir / "demo-order"

    async def _end_former(self, door: Door) -> None:
        """End the order of an earlier demonstration, whose devices are silent now."""
        if not self._note.exists():
            return
        try:
            await door.patch(
                f"/orders/{self._note.read_text()}", {"valid_until": rfc3339(utc_now())}
            )
        except DoorError:
            self._note.unlink()

    def _print(self, link: str, password: str) -> None:
        settings = self._house.settings
        lasts = f"{self._scenario.lasts_s / self._speed / 60:.0f} minutes"
        Console().print(
            Panel(
                f"[bold]{self._scenario.title}[/bold] is being played; it lasts {lasts}.\n"
                f"{' '.join(self._scenario.story.split())}\n\n"
                f"Police console   {settings.base_url}/console\n"
                f"                 name [bold]{LOGIN}[/bold], password [bold]{password}[/bold]\n"
                f"Her phone        {link}\n\n"
                "Test data only. Ctrl-C ends it.",
                title="Keepclear",
                expand=False,
            )
        )


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
