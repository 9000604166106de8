"""The devices, as one process: `python -m keepclear.bench.load`, told what to do on its stdin.

Its first line is an `Assignment`. When every device is connected it prints `connected`; the line
`start MONOTONIC WALL_MS` then sets it off. It publishes open loop, notes when each fix was sent,
acknowledged by the broker (PUBACK) and by the application (`ack`), writes a `Record` and ends.
If whoever started it goes away, so does it.
"""

import asyncio
import sys
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, cast

import msgspec

from keepclear.bench import packets, plan
from runtime.clock import monotonic

KEEPALIVE_S: Final = 30
CONNECT_S: Final = 60.0
#: Connections opened at once; a broker's listen queue is not what we measure.
CONNECT_TOGETHER: Final = 25
#: Fixes published in one go when the schedule is ahead of us.
LATE_TOGETHER: Final = 20
#: By how much timers may end early, and a little more.
TIMER_S: Final = 0.0015
#: What has not happened when we stop looking.
NEVER: Final = -1.0


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """What a device logs in with."""

    username: str
    password: str


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """What this process does.

    Attributes:
        boot: Boot counter of every device, so that each run has a count of its own.
        acks: Whether devices listen for the application's acknowledgement.
        drain_s: How long to wait after the last fix for acknowledgements.
        out: Where the `Record` is written.
    """

    host: str
    port: int
    load: plan.Load
    logins: tuple[Login, ...]
    boot: int
    acks: bool
    drain_s: float
    out: str


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """When things happened, in seconds after the start, for each shot in order of the schedule.

    `NEVER` stands for what did not happen while we looked.
    """

    sent: list[float]
    puback: list[float]
    acked: list[float]
    disconnects: int


class Ack(msgspec.Struct, frozen=True):
    """The application's acknowledgement (`INTERFACES` 2.1)."""

    boot: int
    seq: int
    ranges: tuple[tuple[int, int], ...] = ()

    def covers(self, seq: int) -> bool:
        """Return whether `seq` is committed."""
        return seq <= self.seq or any(first <= seq <= last for first, last in self.ranges)


class Ledger:
    """What is noted of every shot."""

    def __init__(self, length: int) -> None:
        """Begin with nothing having happened."""
        self.sent = [NEVER] * length
        self.puback = [NEVER] * length
        self.acked = [NEVER] * length
        self.disconnects = 0
        self.started = 0.0
        self.open = 0
        self.decode_ack: Final = msgspec.json.Decoder(Ack).decode

    def now(self) -> float:
        """Return seconds since the start."""
        return monotonic() - self.started


class Device(asyncio.Protocol):
    """One connection."""

    def __init__(self, login: Login, assignment: Assignment, ledger: Ledger) -> None:
        """Take what it needs to log in and where it notes things."""
        self.login = login
        self.topic = packets.topic_bytes(f"kc/v1/{login.username}/fix")
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._assignment = assignment
        self._ledger = ledger
        self._reader = packets.Reader()
        self._transport: asyncio.Transport | None = None
        self._seq = 0
        self._sent: dict[int, int] = {}
        self._unacknowledged: deque[tuple[int, int]] = deque()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Log in."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(
            packets.connect(self.login.username, self.login.password, KEEPALIVE_S)
        )

    def connection_lost(self, exc: Exception | None) -> None:
        """Count it: a device that is gone is no longer part of the load."""
        self._transport = None
        self._ledger.disconnects += 1
        if not self.ready.done():
            self.ready.set_exception(exc or ConnectionError("the broker hung up"))

    def data_received(self, data: bytes) -> None:
        """Note what the broker says."""
        for kind, body in self._reader.feed(data):
            if kind == packets.PUBACK:
                self._on_puback(packets.packet_id_of(body))
            elif kind == packets.PUBLISH:
                self._on_ack(packets.payload_of(body))
            elif kind == packets.CONNACK:
                self._on_connack(body[1])
            elif kind == packets.SUBACK:
                self._on_ready()

    def _on_connack(self, code: int) -> None:
        if code != 0:
            self.ready.set_exception(ConnectionError(f"the broker refused: {code}"))
        elif self._assignment.acks:
            self._write(packets.subscribe(f"kc/v1/{self.login.username}/ack", 1))
        else:
            self._on_ready()

    def _on_ready(self) -> None:
        if not self.ready.done():
            self.ready.set_result(None)

    def _on_puback(self, packet_id: int) -> None:
        shot = self._sent.pop(packet_id, None)
        if shot is not None:
            self._ledger.puback[shot] = self._ledger.now()

    def _on_ack(self, payload: bytes) -> None:
        ack = self._ledger.decode_ack(payload)
        if ack.boot != self._assignment.boot:
            return
        now, waiting = self._ledger.now(), self._unacknowledged
        while waiting and waiting[0][0] <= ack.seq:
            self._settle(waiting.popleft()[1], now)
        if ack.ranges:
            for one in [one for one in waiting if ack.covers(one[0])]:
                waiting.remove(one)
                self._settle(one[1], now)

    def _settle(self, shot: int, now: float) -> None:
        self._ledger.acked[shot] = now
        self._ledger.open -= 1

    def publish(self, shot: int, fix_t: str, place: tuple[float, float]) -> None:
        """Publish a fix now, whatever became of those before it."""
        self._seq += 1
        packet_id = (self._seq - 1) % packets.PACKET_ID_MAX + 1
        self._sent[packet_id] = shot
        if self._assignment.acks:
            self._unacknowledged.append((self._seq, shot))
            self._ledger.open += 1
        payload = (
            f'{{"boot":{self._assignment.boot},"seq":{self._seq},"t":"{fix_t}",'
            f'"lat":{place[0]:.6f},"lon":{place[1]:.6f},"acc":5.0,"spd":1.4,"batt":71}}'
        )
        self._write(packets.publish(self.topic, payload.encode(), packet_id))
        self._ledger.sent[shot] = self._ledger.now()

    def ping(self) -> None:
        """Tell the broker that we live."""
        self._write(packets.PINGREQ)

    def close(self) -> None:
        """Log out."""
        self._write(packets.DISCONNECT)
        if self._transport is not None:
            self._transport.close()

    def _write(self, packet: bytes) -> None:
        if self._transport is not None:
            self._transport.write(packet)


async def run(assignment: Assignment) -> None:
    """Connect, wait for the word, publish, wait for what is outstanding, write the record."""
    schedule = plan.shots(assignment.load)
    ledger = Ledger(len(schedule))
    devices = [Device(login, assignment, ledger) for login in assignment.logins]
    async with asyncio.timeout(CONNECT_S):
        for first in range(0, len(devices), CONNECT_TOGETHER):
            await _connect(devices[first : first + CONNECT_TOGETHER], assignment)
    print("connected", flush=True)
    word = (await asyncio.to_thread(sys.stdin.readline)).split()
    if word[:1] != ["start"]:
        return
    ledger.started = float(word[1])
    ledger.disconnects = 0
    async with asyncio.TaskGroup() as group:
        pings = group.create_task(_ping(devices))
        await _fire(schedule, devices, plan.paths(assignment.load), ledger, int(word[2]))
        await _drain(ledger, assignment)
        pings.cancel()
    record = Record(
        sent=ledger.sent,
        puback=ledger.puback,
        acked=ledger.acked,
        disconnects=ledger.disconnects,
    )
    await asyncio.to_thread(Path(assignment.out).write_bytes, msgspec.msgpack.encode(record))
    for device in devices:
        device.close()


async def _connect(devices: list[Device], assignment: Assignment) -> None:
    loop = asyncio.get_running_loop()
    for device in devices:
        await loop.create_connection(lambda one=device: one, assignment.host, assignment.port)
    await asyncio.gather(*(device.ready for device in devices))


async def _fire(
    schedule: list[plan.Shot],
    devices: list[Device],
    paths: list[plan.Path],
    ledger: Ledger,
    wall_ms: int,
) -> None:
    for number, shot in enumerate(schedule):
        due_s = shot.due_ms / 1000.0
        wait_s = due_s - ledger.now()
        # When we are behind, answers must still be read: a breath every few fixes.
        if wait_s > 0.0 or number % LATE_TOGETHER == 0:
            await asyncio.sleep(max(0.0, wait_s))
        if (
            ledger.now() < due_s
        ):  # A loop's timer may end early; a fix is never sent before it is due.
            await asyncio.sleep(TIMER_S)
        devices[shot.device].publish(
            number, instant(wall_ms + shot.due_ms), plan.place(paths[shot.device], due_s)
        )


def instant(wall_ms: int) -> str:
    """Return milliseconds since 1970 as fixes and events write instants."""
    seconds, milliseconds = divmod(wall_ms, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{milliseconds:03}Z"


async def _drain(ledger: Ledger, assignment: Assignment) -> None:
    """Wait until every fix is acknowledged, but not for ever."""
    until = assignment.load.length_s + assignment.drain_s
    while ledger.now() < until:
        outstanding = ledger.open if assignment.acks else ledger.puback.count(NEVER)
        if not outstanding:
            return
        await asyncio.sleep(0.05)


async def _ping(devices: list[Device]) -> None:
    while True:
        await asyncio.sleep(KEEPALIVE_S / 2)
        for device in devices:
            device.ping()


def main() -> None:
    """Read the assignment and carry it out."""
    assignment = msgspec.json.decode(sys.stdin.readline(), type=Assignment)
    try:
        import uvloop  # noqa: PLC0415 - not on every platform
    except ImportError:
        asyncio.run(run(assignment))
    else:
        uvloop.run(run(assignment))


if __name__ == "__main__":
    main()
