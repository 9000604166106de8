"""A scenario being played to a real broker, each device with a connection of its own.

Shell. `register` makes a cast in a running system over HTTP; `Show` plays a cast that exists.
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import msgspec

from domain.errors import KeepclearError
from runtime.clock import utc_now
from simulator.capture import line_of
from simulator.cast import device_body, order_body, person_body
from simulator.client import Door
from simulator.device import Message
from simulator.mqtt import Broker, Connection, Login
from simulator.packaged import palmers_green
from simulator.scenario import Scenario
from simulator.stage import Performer, performers_of, tracks_of
from simulator.story import StoryClock

#: How often devices get a turn, seconds of real time.
TURN_S: Final = 0.1
CONNECT_WITHIN_S: Final = 20.0


class ShowError(KeepclearError):
    """The devices of the scenario could not connect."""


class Cast(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario's people and devices as one server knows them, by the scenario's names.

    Attributes:
        documents: The answers of the register, as an ORDERS.json.
        phone_cookie: The cookie of the protected person's screen, if there is such a person.
    """

    people: Mapping[str, str]
    devices: Mapping[str, Login]
    order_id: str
    documents: Mapping[str, Any]
    phone_cookie: str | None = None

    def __repr__(self) -> str:
        """Identify the cast by its order."""
        return f"Cast({self.order_id})"


async def register(scenario: Scenario, door: Door, *, speed: float = 1.0) -> Cast:
    """Register a fresh cast with an administrator's token, and enrol her screen.

    Raises:
        DoorError: The server refused.
    """
    clock = StoryClock(start_at=utc_now(), speed=speed)
    people: dict[str, str] = {}
    documents: dict[str, list[Any]] = {"people": [], "devices": [], "orders": []}
    for name in scenario.people:
        body = person_body(scenario, name)
        people[name] = (await door.post("/people", body))["id"]
        documents["people"].append({"id": people[name], **body})
    devices: dict[str, Login] = {}
    for name, carried in scenario.devices.items():
        body = device_body(scenario, name, people[carried.carried_by], clock)
        answer = await door.post("/devices", body)
        devices[name] = login_of(answer)
        documents["devices"].append({"id": answer["id"], **body})
    order = await door.post("/orders", order_body(scenario, people, clock.start_at))
    documents["orders"].append(order)
    cookie: str | None = None
    if scenario.protected is not None:
        enrolment = await door.post(f"/people/{people[scenario.protected]}/enrolment")
        cookie = await door.enrol(enrolment["code"])
    return Cast(
        people=people,
        devices=devices,
        order_id=order["id"],
        documents=documents,
        phone_cookie=cookie,
    )


def login_of(answer: Mapping[str, Any]) -> Login:
    """Read what `POST /devices` answered."""
    mqtt: Mapping[str, Any] = answer["mqtt"]
    return Login(
        identity=answer["id"],
        username=mqtt["username"],
        password=mqtt["password"],
        topic=mqtt.get("topic") or "",
    )


class Show:
    """A scenario being played: its devices, each with its own connection."""

    def __init__(
        self,
        scenario: Scenario,
        devices: Mapping[str, Login],
        broker: Broker,
        *,
        seed: int,
        speed: float = 1.0,
    ) -> None:
        self._scenario = scenario
        self._performers = performers_of(
            scenario,
            tracks_of(scenario, palmers_green(), seed),
            seed=seed,
            identities={name: login.identity for name, login in devices.items()},
            topics={name: login.topic for name, login in devices.items()},
        )
        self._connections = {
            name: Connection(devices[name], broker, performer.unit)
            for name, performer in self._performers.items()
        }
        self._speed = speed
        #: What was published, in order: the lines of a capture.
        self.lines: list[bytes] = []
        #: Set when the story begins, once every device is connected.
        self.clock = StoryClock(start_at=utc_now(), speed=speed)

    @property
    def held(self) -> int:
        """How many messages the devices keep because nobody has acknowledged them."""
        return sum(performer.unit.held for performer in self._performers.values())

    async def begin(self, *, within_s: float = CONNECT_WITHIN_S) -> None:
        """Connect every device, then let the story begin.

        Raises:
            ShowError: One of them is not let in.
        """
        began_at = utc_now()
        for connection in self._connections.values():
            connection.open(began_at)
        while not all(connection.up for connection in self._connections.values()):
            if utc_now() - began_at > timedelta(seconds=within_s):
                raise ShowError(self._trouble())
            await asyncio.sleep(TURN_S)
            for connection in self._connections.values():
                connection.take_turn(utc_now())
        self.clock = StoryClock(start_at=utc_now(), speed=self._speed)
        for performer in self._performers.values():
            for message in performer.unit.greeting(self.clock.start_at):
                self.lines.append(line_of(self.clock.start_at, message))

    def _trouble(self) -> str:
        for connection in self._connections.values():
            if connection.refused is not None:
                return f"The broker refused a device: {connection.refused}."
        return "The broker did not answer."

    def turn(self) -> float:
        """Let every device live up to now; return the second of the story."""
        for name, performer in self._performers.items():
            self._perform(performer, self._connections[name])
        return self.clock.story_s(utc_now())

    def _perform(self, performer: Performer, connection: Connection) -> None:
        now = utc_now()
        story_s = self.clock.story_s(now)
        reachable = performer.reachable(story_s)
        if reachable and not connection.open_or_opening:
            connection.open(now)
        elif connection.open_or_opening and not reachable:
            connection.go_silent()
        connection.take_turn(now)
        for message in performer.advance(story_s, self.clock, connected=connection.up):
            self._publish(connection, message)

    def _publish(self, connection: Connection, message: Message) -> None:
        connection.publish(message)
        self.lines.append(line_of(utc_now(), message))

    async def end(self) -> None:
        """Disconnect every device."""
        for connection in self._connections.values():
            await asyncio.to_thread(connection.close)


async def play(
    scenario: Scenario,
    devices: Mapping[str, Login],
    broker: Broker,
    *,
    seed: int,
    speed: float = 1.0,
) -> None:
    """Play a scenario with devices that are registered already, until cancelled.

    When the story is over people stand where they are, and their devices go on reporting.

    Raises:
        ShowError: A device is not let in.
    """
    show = Show(scenario, devices, broker, seed=seed, speed=speed)
    try:
        await show.begin()
        while True:
            show.turn()
            await asyncio.sleep(TURN_S)
    finally:
        await show.end()
