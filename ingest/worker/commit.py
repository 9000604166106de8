"""Messages into the record: admit a batch, commit it in one transaction, then tell the stream.

Shell. Nothing that a device did wrong stops a batch, and nothing that we did wrong stops the
room: a batch that cannot be written is taken message by message, and a message that cannot be
written even alone is set aside. Only a record that does not answer makes everybody wait.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError

from domain.ids import DeviceId, ReadingId
from domain.reading import Quarantined, RawMessage, Reason, Rejection
from ingest.admission import (
    Admission,
    Admitted,
    Boot,
    Decoded,
    Memory,
    boots,
    identify,
    identities,
    quarantine,
    read,
)
from ingest.outcome import Outcome, positioned
from ingest.register import Register
from ingest.sequence import SeqSet, acknowledgement
from records import readings
from records import register as devices
from records.database import Records, RecordsError
from records.readings import SequenceRow
from runtime import wire
from runtime.clock import utc_now
from runtime.log import logger
from runtime.metrics import RECEIVED_COMMITTED, Metrics
from runtime.streams import Stream
from runtime.supervise import Beat

#: What devices without counters are remembered under.
UNNUMBERED: Final = -1
#: Boots remembered before those used longest ago are left to the record.
BOOTS_MAX: Final = 100_000
_PAUSE_S: Final = (0.1, 2.0)

T = TypeVar("T")
_log = logger("ingest.commit")


class Acknowledgement(msgspec.Struct, frozen=True, kw_only=True):
    """What a device is told of one of its boots."""

    device_id: DeviceId
    payload: bytes


class _Written(msgspec.Struct, frozen=True, kw_only=True):
    """What is durable of a batch."""

    outcomes: list[Outcome]
    told: list[Acknowledgement]


class Committer:
    """Admits messages and commits what is kept of them. One per record, one call at a time."""

    def __init__(self, records: Records, facts: Stream, metrics: Metrics, beat: Beat) -> None:
        """Commit to `records`, then append readings to `facts`."""
        self._records = records
        self._facts = facts
        self._metrics = metrics
        self._beat = beat
        self._memory = Memory()
        self._met: set[DeviceId] = set()
        self._register = Register()
        self._change_id = -1

    async def follow_register(self) -> None:
        """Know the devices as the register has them now."""
        change_id = await self._records.read(readings.last_change_id)
        if change_id != self._change_id:
            self._register = Register(await self._records.read(devices.all_devices))
            self._change_id = change_id

    async def commit(
        self, messages: Sequence[RawMessage], flood: Sequence[RawMessage] = ()
    ) -> list[Acknowledgement]:
        """Return what devices are to be told once everything kept of `messages` is durable.

        Args:
            messages: In the order of their arrival.
            flood: To be set aside unread.
        """
        written = await self._written(messages, flood)
        bodies = [
            wire.encode(outcome)
            for outcome in written.outcomes
            if not isinstance(outcome, Rejection | Quarantined)
        ]
        if bodies:
            await self._facts.append(bodies)
        return written.told

    async def _written(
        self, messages: Sequence[RawMessage], flood: Sequence[RawMessage]
    ) -> _Written:
        try:
            return await self._once_up(partial(self._commit, messages, flood))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is in one of the messages
            _log.error("batch_failed", messages=len(messages), exc_info=error)
        outcomes: list[Outcome] = []
        told: list[Acknowledgement] = []
        for message in (*messages, *flood):
            written = await self._written_alone(message)
            outcomes += written.outcomes
            told += written.told
        return _Written(outcomes=outcomes, told=told)

    async def _written_alone(self, message: RawMessage) -> _Written:
        # What we remember may be what is wrong.
        self._memory = Memory()
        self._met.clear()
        try:
            return await self._once_up(partial(self._commit, [message], ()))
        except Exception as error:  # noqa: BLE001 - the message is kept, and the room goes on
            _log.error("message_failed", exc_info=error)
        aside = quarantine(identify(message, self._register), Reason.DECODER_FAILED)
        outcomes = await self._once_up(lambda: self._write([aside], ()))
        self._count([aside])
        return _Written(outcomes=outcomes, told=[])

    async def _once_up(self, work: Callable[[], Awaitable[T]]) -> T:
        """Return what `work` returns, however long the record takes to answer again."""
        pause_s, longest_s = _PAUSE_S
        while True:
            try:
                return await work()
            except (RecordsError, OperationalError, InterfaceError) as error:
                if self._beat.stopping.is_set():
                    raise
                _log.error("record_unavailable", exc_info=error)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._beat.stopping.wait(), pause_s)
            pause_s = min(2.0 * pause_s, longest_s)

    async def _commit(
        self, messages: Sequence[RawMessage], flood: Sequence[RawMessage]
    ) -> _Written:
        decoded = await self._read(messages)
        await self._recall(decoded)
        admission = Admission(self._memory)
        admitted = [admission.admit(message) for message in decoded]
        admitted += [
            quarantine(identify(message, self._register), Reason.FLOODING) for message in flood
        ]
        outcomes = await self._write(admitted, _rows(admission))
        self._remember(admission.changes)
        self._count(admitted)
        told = [
            Acknowledgement(device_id=boot[0], payload=acknowledgement(boot[1], held))
            for boot in sorted(admission.touched)
            if (held := admission.sequence(boot)) is not None
        ]
        return _Written(outcomes=outcomes, told=told)

    async def _read(self, messages: Sequence[RawMessage]) -> list[Decoded]:
        """Return what messages claim; a stranger makes us look at the register once more."""
        decoded = [read(message, self._register) for message in messages]
        if any(one.refusal is Reason.UNKNOWN_DEVICE for one in decoded):
            known = self._change_id
            await self.follow_register()
            if self._change_id != known:
                return [read(message, self._register) for message in messages]
        return decoded

    async def _recall(self, decoded: Iterable[Decoded]) -> None:
        """Bring to mind what the record knows of these devices, boots and readings."""
        memory = self._memory
        wanted = {boot for one in decoded for boot in boots(one)} - memory.sequences.keys()
        strangers = {one.device.device_id for one in decoded if one.device is not None} - self._met
        if wanted or strangers:
            rows, newest = await self._records.read(partial(_recalled, wanted, strangers))
            memory.newest.update(newest)
            self._met |= strangers
            for row in rows:
                held = wire.decode(row.islands, SeqSet)
                memory.sequences[row.device_id, row.boot] = held
        repeated = [
            reading_id for one in decoded for reading_id in identities(one, memory.sequences)
        ]
        memory.known.clear()
        if repeated:
            memory.known.update(await self._records.read(partial(_known_since, repeated)))

    async def _write(
        self, admitted: Sequence[Admitted], rows: Sequence[SequenceRow]
    ) -> list[Outcome]:
        """Return what was kept, at its place in the log, once it is durable."""
        kept = [one for one in admitted if one.kept]
        if not kept and not rows:
            return []
        return await self._records.write(partial(_insert, kept, rows))

    def _remember(self, changes: Memory) -> None:
        changes.known.clear()
        self._memory.update(changes)
        held = self._memory.sequences
        if len(held) > BOOTS_MAX:
            for boot in list(held)[: BOOTS_MAX // 2]:
                del held[boot]

    def _count(self, admitted: Iterable[Admitted]) -> None:
        now = utc_now()
        stage = self._metrics.stage_seconds.labels(stage=RECEIVED_COMMITTED)
        for one in admitted:
            stage.observe(max(0.0, (now - one.message.received_at).total_seconds()))
            if one.repeats:
                self._metrics.messages_duplicate.inc(one.repeats)
            for outcome in one.outcomes:
                if isinstance(outcome, Rejection):
                    self._metrics.readings_rejected.labels(reason=outcome.reason.value).inc()
                elif isinstance(outcome, Quarantined):
                    self._metrics.messages_quarantined.labels(reason=outcome.reason.value).inc()


def _recalled(
    wanted: Iterable[Boot], strangers: Iterable[DeviceId], connection: Connection
) -> tuple[list[SequenceRow], dict[DeviceId, datetime]]:
    return readings.sequences(connection, wanted), readings.newest_fixes(connection, strangers)


def _known_since(asked: Iterable[ReadingId], connection: Connection) -> dict[ReadingId, datetime]:
    return readings.known_since(connection, asked)


def _insert(
    kept: Sequence[Admitted], rows: Sequence[SequenceRow], connection: Connection
) -> list[Outcome]:
    """Write a batch and return its outcomes at their places in the log."""
    numbers = readings.add_raw_messages(connection, [(one.message, one.device_id) for one in kept])
    outcomes = [
        positioned(outcome, number)
        for one, number in zip(kept, numbers, strict=True)
        for outcome in one.outcomes
    ]
    readings.add_outcomes(connection, outcomes)
    readings.put_sequences(connection, rows)
    return outcomes


def _rows(admission: Admission) -> list[SequenceRow]:
    """Return what the record is to remember of what an admission changed."""
    rows = [
        SequenceRow(
            device_id=device_id,
            boot=boot,
            contiguous=held.contiguous,
            islands=wire.encode(held),
            newest_fixed_at=admission.newest(device_id),
        )
        for (device_id, boot), held in admission.changes.sequences.items()
    ]
    numbered = {row.device_id for row in rows}
    rows += [
        SequenceRow(
            device_id=device_id,
            boot=UNNUMBERED,
            contiguous=UNNUMBERED,
            islands=b"",
            newest_fixed_at=at,
        )
        for device_id, at in admission.changes.newest.items()
        if device_id not in numbered
    ]
    return rows
