"""The alerts room on a real record and real sockets, fed by hand where other rooms would."""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from sqlalchemy import Connection, insert
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from alerts.canary import Canary
from alerts.live.asgi import Live, serve_console, serve_protected
from alerts.live.hub import Hub, Sees, sees_all
from alerts.office import Office
from alerts.worker import ANSWERS, COMMANDS, FACTS, TRANSITIONS, Alerts
from domain.command import Command, CommandResult
from domain.ids import DeviceId, PersonId
from domain.order import Device, DeviceKind, Order, Person, PersonRole, Protocol
from domain.reading import Fix
from domain.transition import Transition
from records import commands as command_records
from records import register as register_records
from records import tables
from records.database import Records
from runtime.clock import utc_now
from runtime.metrics import Metrics
from runtime.streams import MemoryStreams
from runtime.supervise import Beat
from runtime.wire import decode, encode
from tests.unit.alerts.builders import HER, TAG, WEARER, an_order

HANDSET = DeviceId("handset-1")
PATIENCE_S = 5.0


class AlertsRoom:
    """The room running, and ways to feed it and to listen to it."""

    def __init__(self, path: Path) -> None:
        """Keep the record in `path`."""
        self.records = Records(f"sqlite:///{path / 'record.db'}")
        self.streams = MemoryStreams(10_000)
        self.office = Office(Hub(256), Canary(timedelta(seconds=10), timedelta(seconds=20)))
        self.sees: Sees = sees_all
        self.url = ""
        self._beat = Beat()
        self._life: asyncio.Task[None] | None = None

    @property
    def live(self) -> Live:
        """Return what sessions are served with."""
        return Live(
            records=self.records,
            office=self.office,
            answers=self.streams.open(ANSWERS),
            heartbeat=timedelta(milliseconds=200),
        )

    def begin(self) -> None:
        """Begin a life of the room."""
        self._beat = Beat()
        room = Alerts(
            records=self.records, streams=self.streams, office=self.office, metrics=Metrics()
        )
        self._life = asyncio.get_running_loop().create_task(room.run(self._beat))

    async def end(self) -> None:
        """Ask the room to stop, and wait until it has."""
        assert self._life is not None
        self._beat.stopping.set()
        await asyncio.wait_for(self._life, PATIENCE_S)

    async def kill(self) -> None:
        """End the room in the middle of whatever it does."""
        assert self._life is not None
        self._life.cancel()
        await asyncio.wait({self._life}, timeout=PATIENCE_S)

    async def register(self, order: Order) -> None:
        """Write an order, its people and their devices."""

        def work(connection: Connection) -> None:
            now = utc_now()
            for person_id, role in ((WEARER, PersonRole.WEARER), (HER, PersonRole.PROTECTED)):
                person = Person(person_id=person_id, role=role, name="Name Nobody Must See")
                register_records.add_person(connection, person, now)
            for device_id, kind, person_id in (
                (TAG, DeviceKind.TAG, WEARER),
                (HANDSET, DeviceKind.HANDSET, HER),
            ):
                device = Device(
                    device_id=device_id,
                    kind=kind,
                    protocol=Protocol.KEEPCLEAR,
                    person_id=person_id,
                )
                register_records.add_device(connection, device, now, secret_sha256=None)
            register_records.put_order(connection, order, encode(order), now, [HER])

        await self.records.write(work)

    async def decide(self, *transitions: Transition) -> None:
        """Do what the engine does: write transitions, then wake the room."""
        rows = [
            {
                "transition_id": one.transition_id,
                "at": one.at,
                "order_id": one.order_id,
                "body": encode(one),
            }
            for one in transitions
        ]
        await self.records.write(lambda c: c.execute(insert(tables.transitions), rows))
        await self.streams.open(TRANSITIONS).append([b"" for _ in rows])

    async def ask(self, command: Command) -> CommandResult:
        """Do what the API does: write a command, wake the room, await the result."""
        body = encode(command)
        at = command.received_at
        await self.records.write(
            lambda c: command_records.add_command(c, command.command_id, at, body)
        )
        await self.streams.open(COMMANDS).append([body])
        async with asyncio.timeout(PATIENCE_S):
            while True:
                row = await self.records.read(
                    lambda c: command_records.command(c, command.command_id)
                )
                if row is not None and row.result is not None:
                    return decode(row.result, CommandResult)
                await asyncio.sleep(0.005)

    async def report(self, *fixes: Fix) -> None:
        """Do what ingest does after a commit: append to the facts."""
        await self.streams.open(FACTS).append([encode(one) for one in fixes])

    async def _console(self, websocket: WebSocket) -> None:
        await websocket.accept()
        await serve_console(self.live, websocket, principal="account:1", sees=self.sees)

    async def _victim(self, websocket: WebSocket) -> None:
        await websocket.accept()
        person = PersonId(websocket.query_params.get("person", HER))
        await serve_protected(self.live, websocket, principal=f"phone:{person}", person_id=person)

    @asynccontextmanager
    async def served(self) -> AsyncGenerator[None]:
        """Serve both websockets on a free port of this machine."""
        app = Starlette(
            routes=[
                WebSocketRoute("/console", self._console),
                WebSocketRoute("/victim", self._victim),
            ]
        )
        server = uvicorn.Server(
            uvicorn.Config(app, port=0, log_config=None, ws="websockets-sansio", lifespan="off")
        )
        task = asyncio.get_running_loop().create_task(server.serve())
        for _ in range(1000):
            if server.started:
                break
            await asyncio.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        self.url = f"ws://127.0.0.1:{port}"
        try:
            yield
        finally:
            server.should_exit = True
            await task


@asynccontextmanager
async def running(path: Path, order: Order | None = None) -> AsyncGenerator[AlertsRoom]:
    """Give a running room with one order, served."""
    room = AlertsRoom(path)
    await room.records.open()
    try:
        await room.register(order or an_order(valid_until=utc_now() + timedelta(days=30)))
        async with room.served():
            room.begin()
            yield room
            await room.end()
    finally:
        await room.records.close()


class Client:
    """A websocket client that remembers its cursor, as her page and the console do."""

    def __init__(self, socket: ClientConnection) -> None:
        """Listen on `socket`."""
        self.socket = socket
        self.cursor = ""

    async def frame(self, kind: str | None = None) -> dict[str, Any]:
        """Return the next frame that is no heartbeat; with `kind`, the next event of it."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                frame: dict[str, Any] = json.loads(await self.socket.recv())
                self.cursor = frame.get("cursor", self.cursor)
                if frame["type"] == "heartbeat":
                    continue
                if kind is None or frame.get("kind", frame["type"]) == kind:
                    return frame

    async def data(self, kind: str) -> dict[str, Any]:
        """Return the data of the next event of `kind`."""
        data: dict[str, Any] = (await self.frame(kind))["data"]
        return data

    async def kinds(self, count: int, ignoring: Sequence[str] = ()) -> list[str]:
        """Return the kinds of the next `count` events, leaving some out."""
        found: list[str] = []
        while len(found) < count:
            frame = await self.frame()
            kind = frame.get("kind", frame["type"])
            if kind not in ignoring:
                found.append(kind)
        return found

    async def closed(self) -> int:
        """Return the code with which the server closes, whatever it still says before."""
        try:
            while True:
                await self.frame()
        except ConnectionClosed as closing:
            return 0 if closing.rcvd is None else closing.rcvd.code

    async def say(self, frame: object) -> None:
        """Send a frame."""
        await self.socket.send(msgspec.json.encode(frame).decode())


@asynccontextmanager
async def connected(
    room: AlertsRoom, path: str, *, resume: str | None = ""
) -> AsyncGenerator[Client]:
    """Give a client of `/console` or `/victim`; with `resume` None it says nothing at first."""
    async with connect(f"{room.url}{path}") as socket:
        client = Client(socket)
        if resume is not None:
            await client.say({"type": "resume", "after": resume})
        yield client
