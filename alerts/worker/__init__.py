"""The alerts room: from transitions, commands and answers to what people are told.

Shell. Streams only wake it; what it takes in it reads from the record, beyond its mark, so nothing
is missed and nothing is taken twice. What a batch leaves behind is written in one transaction
together with the mark; only then is it published. After a failure the room begins anew from the
record, because a desk that is ahead of the record must not be believed.
"""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from alerts.answers import Answer
from alerts.canary import Hop
from alerts.effects import Effects
from alerts.live.hub import CONSOLE
from alerts.live.views import device_data
from alerts.office import Office
from alerts.worker.intake import BATCH_MAX, Intake, gather
from alerts.worker.opening import open_office
from alerts.worker.writing import write
from domain.command import CommandResult
from domain.ids import is_canary
from domain.reading import Reading
from records.database import Records
from runtime.clock import utc_now
from runtime.log import logger
from runtime.metrics import Metrics
from runtime.streams import Stream, Streams
from runtime.supervise import Beat
from runtime.wire import decode, encode

#: Streams this room reads, and the one it writes.
TRANSITIONS: Final = "transitions"
COMMANDS: Final = "commands"
ANSWERS: Final = "answers"
FACTS: Final = "facts"
REGISTER: Final = "register"
COMMAND_RESULTS: Final = "command_results"
GROUP: Final = "alerts"

_PATIENCE: Final = timedelta(seconds=1)
_ENTRIES_MAX: Final = 500
_AT_ONCE: Final = 50

_log = logger("alerts.worker")


class Alerts:
    """The room. `run` is one life of it; the office outlives them."""

    def __init__(
        self,
        *,
        records: Records,
        streams: Streams,
        office: Office,
        metrics: Metrics,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """Carry out what `records` holds, and tell it through `office`."""
        self._records = records
        self._streams = streams
        self._office = office
        self._metrics = metrics
        self._clock = clock
        self._woken = asyncio.Event()
        self._answers: list[Answer] = []
        self._mark = 0
        self._change_id = 0

    async def run(self, beat: Beat) -> None:
        """Live until `beat.stopping`: catch up, then go on as things come."""
        await self._open_groups()
        self._mark, self._change_id = await open_office(self._records, self._office, self._clock())
        async with asyncio.TaskGroup() as group:
            beside = [
                group.create_task(self._listen(TRANSITIONS)),
                group.create_task(self._listen(COMMANDS)),
                group.create_task(self._listen(REGISTER)),
                group.create_task(self._hear_answers()),
                group.create_task(self._hear_facts()),
                group.create_task(self._hear_end(beat)),
            ]
            await self._work(beat)
            for task in beside:
                task.cancel()

    async def _open_groups(self) -> None:
        for name in (TRANSITIONS, COMMANDS, REGISTER, ANSWERS, FACTS):
            await self._streams.open(name).unacknowledged(GROUP)

    async def _work(self, beat: Beat) -> None:
        """Go round at every wake-up, and at every whole second."""
        ticked_at = datetime.min.replace(tzinfo=self._clock().tzinfo)
        self._woken.set()
        while not beat.stopping.is_set():
            beat()
            now = self._clock()
            second = now.replace(microsecond=0)
            tick = second if second > ticked_at else None
            ticked_at = second
            full = await self._round(now, tick)
            if not full:
                await self._rest()

    async def _rest(self) -> None:
        """Wait until something comes, at most until the next whole second."""
        rest_s = 1.0 - self._clock().microsecond / 1e6
        try:
            async with asyncio.timeout(rest_s):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _round(self, now: datetime, tick: datetime | None) -> bool:
        """Take in what there is, write what follows, publish it; return whether there is more."""
        self._woken.clear()
        answers = self._answers[:BATCH_MAX]
        mark, change_id = self._mark, self._change_id
        standing = frozenset(one.incident_id for one in self._office.desk.standing())
        intake = await self._records.read(
            lambda connection: gather(connection, mark, change_id, answers, standing)
        )
        self._take_in(intake, answers, now, tick)
        effects = self._office.desk.collect()
        if effects or intake.mark != mark:
            await self._records.write(lambda connection: write(connection, effects, intake.mark))
        self._mark = intake.mark
        del self._answers[: len(answers)]
        self._publish(effects, intake)
        await self._tell_results(effects.results)
        if tick is not None:
            self._office.refresh(now)
        return intake.full or bool(self._answers)

    def _take_in(
        self, intake: Intake, answers: Iterable[Answer], now: datetime, tick: datetime | None
    ) -> None:
        """Let the desk decide, in a fixed order: the register, the engine, people, the clock."""
        desk = self._office.desk
        if intake.changed:
            self._office.renew(self._office.register.changed(intake.orders, intake.devices))
            self._change_id = intake.change_id
        for transition in intake.transitions:
            desk.take(transition)
            device = self._office.board.take_transition(transition)
            if device is not None:
                desk.report(device_data(device, now), device.person_id, now)
        for command in intake.commands:
            desk.carry_out(command, intake.named, now)
        for given in answers:
            desk.answered(given, intake.outstanding.get(given.alert_id))
        if tick is not None:
            desk.tick(tick)
            for device in self._office.board.tick(tick):
                desk.report(device_data(device, tick), device.person_id, tick)

    def _publish(self, effects: Effects, intake: Intake) -> None:
        canary = [one for one in intake.transitions if is_canary(one.order_id)]
        if canary:
            self._office.canary.reach(Hop.ENGINE, self._clock())
        if any(is_canary(one) for one in effects.incidents):
            self._office.canary.reach(Hop.ALERTS, self._clock())
        self._office.published(effects.events)
        self._office.relocate()
        self._count(effects)

    def _count(self, effects: Effects) -> None:
        for event in effects.events:
            if event.recipient == CONSOLE and event.kind == "incident.opened":
                kind = str(msgspec.json.decode(event.body)["kind"])
                self._metrics.incidents_opened.labels(kind).inc()
        for delivery in effects.deliveries:
            if not is_canary(delivery.alert_id):
                self._metrics.deliveries.labels(delivery.channel, delivery.outcome.value).inc()

    async def _tell_results(self, results: list[CommandResult]) -> None:
        if results:
            bodies = [encode(result) for result in results]
            await self._streams.open(COMMAND_RESULTS).append(bodies)
        asked = [one for one in results if not is_canary(one.command_id)]
        if asked:
            _log.info("commands_carried_out", count=len(asked))

    async def _hear_end(self, beat: Beat) -> None:
        await beat.stopping.wait()
        self._woken.set()

    async def _listen(self, name: str) -> None:
        """Let a stream wake the room. What it says is in the record."""
        stream = self._streams.open(name)
        while True:
            if await _read(stream):
                self._woken.set()

    async def _hear_answers(self) -> None:
        stream = self._streams.open(ANSWERS)
        while True:
            bodies = await _read(stream)
            self._answers.extend(decode(body, Answer) for body in bodies)
            if bodies:
                self._woken.set()

    async def _hear_facts(self) -> None:
        """Show readings that are in the record: positions, and that a device was heard."""
        stream = self._streams.open(FACTS)
        while True:
            for number, body in enumerate(await _read(stream), 1):
                if number % _AT_ONCE == 0:
                    await asyncio.sleep(0)  # Let the sockets send before their queues are full.
                reading = decode_reading(body)
                if is_canary(reading.device_id):
                    self._office.canary.reach(Hop.INGEST, self._clock())
                changed = self._office.take_reading(reading)
                if changed is not None:
                    now = self._clock()
                    self._office.desk.report(device_data(changed, now), changed.person_id, now)
                    self._woken.set()


def decode_reading(body: bytes) -> Reading:
    """Return the reading that ingest appended to its stream."""
    union: Any = Reading
    reading: Reading = decode(body, union)
    return reading


async def _read(stream: Stream) -> list[bytes]:
    """Return what a stream has, waiting a little for the first, and acknowledge it."""
    entries = await stream.read(GROUP, _ENTRIES_MAX, _PATIENCE)
    await stream.acknowledge(GROUP, [entry.entry_id for entry in entries])
    return [entry.body for entry in entries]
