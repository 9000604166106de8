"""The engine's room: from admitted facts to recorded transitions.

Shell. For every round the order is: step, commit, acknowledge, tell. State, transitions and the
order of evaluation are one transaction, so a crash between any two of them repeats a round that
had no effect, or leaves nothing to repeat. The streams only hurry the room along: what ingest
committed and nobody evaluated is looked for in the record, at the start and every few seconds.
After a failed commit the room begins anew from the record, because an engine that is ahead of it
must not be believed.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection

from domain.errors import KeepclearError
from domain.ids import is_canary
from domain.reading import Fix, Reading
from domain.transition import Fact, Tick, Transition
from geofence.engine import Engine
from geofence.snapshot import CLOCK
from records import engine_log, register
from records.database import Records
from records.engine_log import EvaluationRow, TransitionRow
from runtime.clock import utc_now
from runtime.log import logger
from runtime.metrics import COMMITTED_DECIDED, Metrics
from runtime.streams import Entry, Streams
from runtime.supervise import Beat
from runtime.wire import decode, encode

#: Streams this room reads, and the one it writes.
FACTS: Final = "facts"
REGISTER: Final = "register"
TRANSITIONS: Final = "transitions"
GROUP: Final = "engine"
#: One engine watches everybody at first.
SHARD: Final = 0

#: Rounds are short, because other rooms may share this thread.
_BATCH_MAX: Final = 200
_SECOND: Final = timedelta(seconds=1)
#: How often the record is searched for what a stream may have lost.
_SWEEP_EVERY: Final = timedelta(seconds=5)


class PoisonedFactError(KeepclearError):
    """A fact could not be evaluated; it is set aside so that everyone else is still watched."""

    def __init__(self, kind: str, ref: str) -> None:
        """Name the fact by its kind and its reading or change."""
        super().__init__()
        self.kind = kind
        self.ref = ref


_READING: Any = Reading
_FACT: Any = Fact
#: Facts of the register; the rest are readings.
_CHANGES: Final = frozenset({"order_changed", "device_changed", "tamper_cleared"})

_log = logger("geofence.worker")


class _Round:
    """What one round took in and decided, until it is committed."""

    def __init__(self) -> None:
        self.evaluated: list[EvaluationRow] = []
        self.decided: list[Transition] = []
        self.positions: set[int] = set()
        self.fixes = 0
        self.mark: int | None = None

    def __bool__(self) -> bool:
        """Return whether there is anything to commit."""
        return bool(self.evaluated or self.decided or self.mark is not None)


class EngineRoom:
    """The room. `run` is one life of it, begun from the record."""

    def __init__(
        self,
        *,
        records: Records,
        streams: Streams,
        metrics: Metrics,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """Decide what `records` holds."""
        self._records = records
        self._facts = streams.open(FACTS)
        self._register = streams.open(REGISTER)
        self._transitions = streams.open(TRANSITIONS)
        self._metrics = metrics
        self._clock = clock
        self._turn = asyncio.Lock()
        self._begin_anew(Engine(), 0, 0, set())

    async def run(self, beat: Beat) -> None:
        """Live until `beat.stopping`: catch up with the record, then go on as facts come."""
        await self._catch_up(beat)
        async with asyncio.TaskGroup() as group:
            listening = group.create_task(self._listen(beat))
            while not beat.stopping.is_set():
                beat()
                await self._go_round(beat)
            while await self._go_round(beat, timedelta(0)):
                beat()
            listening.cancel()

    async def _catch_up(self, beat: Beat) -> None:
        """Take up the engine where the record left it, and evaluate what it has not seen."""
        pending = await self._facts.unacknowledged(GROUP)
        await self._register.unacknowledged(GROUP)
        await self._restore(beat)
        await self._facts.acknowledge(GROUP, [entry.entry_id for entry in pending])
        _log.info("engine_restored", evaluations=self._ordinal)

    async def _restore(self, beat: Beat) -> None:
        self._begin_anew(*await self._records.read(_load))
        swept = _BATCH_MAX
        while swept == _BATCH_MAX:
            beat()
            try:
                swept = await self._sweep()
            except PoisonedFactError as poisoned:
                await self._set_aside(poisoned)
                swept = _BATCH_MAX

    async def _set_aside(self, poisoned: PoisonedFactError) -> None:
        """Record that a fact was looked at to no effect, and forget what it did to the engine."""
        _log.error("fact_set_aside", kind=poisoned.kind, ref=poisoned.ref, exc_info=poisoned)
        self._begin_anew(*await self._records.read(_load))
        taken = _Round()
        taken.evaluated.append(
            EvaluationRow(kind=poisoned.kind, ref=poisoned.ref, at=self._engine.clock)
        )
        if poisoned.kind in _CHANGES:
            self._engine.skip(int(poisoned.ref))
        await self._commit(taken, (), self._clock())
        self._begin_anew(*await self._records.read(_load))

    def _begin_anew(self, engine: Engine, ordinal: int, mark: int, done: set[int]) -> None:
        self._engine = engine
        self._ordinal = ordinal
        self._mark = mark
        #: Places in the log beyond the mark that have been evaluated.
        self._done = done
        self._swept_at = self._ticked_at = self._clock().replace(microsecond=0)
        self._register_changed = True

    async def _go_round(self, beat: Beat, wait: timedelta | None = None) -> int:
        """Take in what there is, commit what follows, tell it; return how much there was."""
        if wait is None:
            wait = _SECOND - timedelta(microseconds=self._clock().microsecond)
        entries = await self._facts.read(GROUP, _BATCH_MAX, wait)
        async with self._turn:
            await self._take_in(beat, entries)
        return len(entries)

    async def _take_in(self, beat: Beat, entries: Sequence[Entry]) -> None:
        """Step, commit, acknowledge, tell."""
        began_at = self._clock()
        taken = _Round()
        readings: list[Reading] = [decode(entry.body, _READING) for entry in entries]
        try:
            await self._follow_register(taken, readings)
            self._evaluate(taken, readings)
        except PoisonedFactError as poisoned:
            await self._set_aside(poisoned)
            # What else this round took is still unevaluated in the record.
            await self._restore(beat)
            taken = _Round()
        if len(entries) < _BATCH_MAX:
            self._tick(taken)
        await self._commit(taken, entries, began_at)
        if self._clock() - self._swept_at >= _SWEEP_EVERY:
            await self._sweep()

    async def _sweep(self) -> int:
        """Evaluate what the record holds and no stream brought; return how much that was."""
        began_at = self._clock()
        mark = self._mark
        newest, missing = await self._records.read(partial(_missing, mark))
        taken = _Round()
        await self._follow_register(taken, missing)
        self._evaluate(taken, missing)
        if len(missing) < _BATCH_MAX and newest > mark:
            taken.mark = newest
        await self._commit(taken, (), began_at)
        self._swept_at = began_at
        return len(missing)

    async def _follow_register(self, taken: _Round, readings: Sequence[Reading]) -> None:
        """Take in changes of the register before any fact that may depend on them."""
        strangers = any(not self._engine.knows(reading.device_id) for reading in readings)
        if not self._register_changed and not strangers:
            return
        self._register_changed = False
        changes = await self._records.read(partial(_changes, self._engine.followed))
        for change in changes:
            self._step(taken, decode(change.body, _FACT), change.at, str(change.change_id))

    def _evaluate(self, taken: _Round, readings: Sequence[Reading]) -> None:
        """Step through readings in order, each once."""
        for reading in readings:
            place = reading.log_position
            if place <= self._mark or place in self._done or place in taken.positions:
                continue
            self._step(taken, reading, reading.received_at, reading.reading_id)
            taken.positions.add(place)
            taken.fixes += isinstance(reading, Fix)

    def _step(self, taken: _Round, fact: Fact, now: datetime, ref: str) -> None:
        """Let the engine take in one fact.

        Raises:
            PoisonedFactError: It cannot; what it has become must not be believed.
        """
        kind = str(fact.__struct_config__.tag)
        try:
            taken.decided += self._engine.step(fact, now)
        except Exception as error:
            raise PoisonedFactError(kind, ref) from error
        taken.evaluated.append(EvaluationRow(kind=kind, ref=ref, at=self._engine.clock))

    def _tick(self, taken: _Round) -> None:
        """Tell the engine the time at every whole second."""
        second = self._clock().replace(microsecond=0)
        if second > self._ticked_at:
            self._ticked_at = second
            taken.decided += self._engine.step(Tick(received_at=second), second)
            # A change that no stream spoke of is found within a second all the same.
            self._register_changed = True

    async def _commit(self, taken: _Round, entries: Sequence[Entry], began_at: datetime) -> None:
        """Make a round durable, then let its entries go, then tell what was decided."""
        for (order_id, condition_id), error in self._engine.faults():
            _log.error(
                "condition_not_judged",
                order_id=order_id,
                condition_id=condition_id,
                error=type(error).__name__,
            )
        states = self._engine.changed()
        if taken or any(subject != CLOCK for subject, _ in states):
            rows = [_row(transition) for transition in taken.decided]
            await self._records.write(
                partial(_write, taken, states=states, rows=rows, first=self._ordinal + 1)
            )
            self._ordinal += len(taken.evaluated)
            self._done |= taken.positions
            self._settle(taken.mark)
        if entries:
            await self._facts.acknowledge(GROUP, [entry.entry_id for entry in entries])
        if taken.decided:
            await self._transitions.append([encode(transition) for transition in taken.decided])
        self._count(taken, began_at)

    def _settle(self, mark: int | None) -> None:
        if mark is not None:
            self._mark = mark
            self._done = {place for place in self._done if place > mark}

    def _count(self, taken: _Round, began_at: datetime) -> None:
        if taken.fixes:
            self._metrics.fixes_evaluated.inc(taken.fixes)
            took = (self._clock() - began_at).total_seconds()
            self._metrics.stage_seconds.labels(stage=COMMITTED_DECIDED).observe(max(0.0, took))
        for transition in taken.decided:
            if is_canary(transition.order_id):
                continue
            self._metrics.transitions.labels(kind=transition.subject.value).inc()
            _log.info(
                "transition_decided",
                transition_id=transition.transition_id,
                order_id=transition.order_id,
                kind=transition.subject.value,
                before=None if transition.before is None else transition.before.value,
                after=transition.after.value,
                reason=transition.reason,
            )

    async def _listen(self, beat: Beat) -> None:
        """Take in a change of the register as soon as somebody speaks of it."""
        while True:
            entries = await self._register.read(GROUP, _BATCH_MAX, _SECOND)
            await self._register.acknowledge(GROUP, [entry.entry_id for entry in entries])
            if entries:
                async with self._turn:
                    self._register_changed = True
                    await self._take_in(beat, ())


def _load(connection: Connection) -> tuple[Engine, int, int, set[int]]:
    mark = engine_log.mark(connection, SHARD)
    return (
        Engine.restore(engine_log.states(connection, SHARD)),
        engine_log.last_ordinal(connection, SHARD),
        mark,
        engine_log.evaluated_after(connection, SHARD, mark),
    )


def _missing(mark: int, connection: Connection) -> tuple[int, list[Reading]]:
    newest = engine_log.newest_position(connection)
    return newest, engine_log.unevaluated_after(connection, SHARD, mark, _BATCH_MAX)


def _changes(followed: int, connection: Connection) -> list[register.RegisterChange]:
    return register.changes_after(connection, followed)


def _row(transition: Transition) -> TransitionRow:
    return TransitionRow(
        transition_id=transition.transition_id,
        at=transition.at,
        order_id=transition.order_id,
        body=encode(transition),
    )


def _write(
    taken: _Round,
    connection: Connection,
    *,
    states: Sequence[tuple[str, bytes]],
    rows: Sequence[TransitionRow],
    first: int,
) -> None:
    engine_log.put_states(connection, SHARD, states)
    engine_log.add_evaluations(connection, SHARD, first, taken.evaluated)
    engine_log.add_transitions(connection, rows)
    if taken.mark is not None:
        engine_log.put_mark(connection, SHARD, taken.mark)
