"""From messages to readings: decode, screen, sequence, in the one order that decides everything.

Pure. `read` turns a message into a device's claims. An `Admission` then takes messages in the
order of their arrival and turns the claims into what is kept of them: readings, rejections,
quarantine. It works on a copy of the memory: what it would change is taken over only once the
record has it, so a commit that fails leaves no trace.

Items of one message are taken in the order of their instants, whatever order the device wrote
them in: an array read backwards must not make its own fixes late.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from domain.ids import DeviceId, ReadingId
from domain.order import Device
from domain.reading import (
    EventReport,
    FixReport,
    FixState,
    Presence,
    PresenceReport,
    Quarantined,
    RawMessage,
    Reason,
    Rejection,
)
from ingest import sequence
from ingest.codecs import Dialect, Route, decode, route
from ingest.codecs.items import Item
from ingest.outcome import Outcome, Sender
from ingest.payload import Fault
from ingest.register import Register
from ingest.screen import Screened, event_instant, screen_fix, screen_origin
from ingest.sequence import SeqSet, Verdict

Boot = tuple[DeviceId, int]


class Decoded(msgspec.Struct, frozen=True, kw_only=True):
    """A message and what its sender claims by it.

    Attributes:
        device: The sender; None if nobody registered is named.
        refusal: Why the message as a whole says nothing.
        ours: True for our own words coming back (a command, an ack): nothing is kept.
    """

    message: RawMessage
    device: Device | None = None
    items: tuple[Item, ...] = ()
    refusal: Reason | None = None
    ours: bool = False


class Admitted(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of one message.

    Attributes:
        outcomes: In order, numbered from 0; see `outcome.positioned`.
        kept: Whether the raw bytes are kept: not if the message only repeats what is there.
        repeats: How many items were there before.
    """

    message: RawMessage
    device_id: DeviceId | None = None
    outcomes: tuple[Outcome, ...] = ()
    kept: bool = True
    repeats: int = 0


class Memory:
    """What admission remembers of devices between messages.

    Attributes:
        newest: Instant of the newest accepted fix, by device.
        sequences: Committed numbers, by device and boot.
        online: Whether a device is connected, by device.
        known: Arrival of readings that a repeat would have to be compared with.
    """

    def __init__(self) -> None:
        """Remember nothing."""
        self.newest: dict[DeviceId, datetime] = {}
        self.sequences: dict[Boot, SeqSet] = {}
        self.online: dict[DeviceId, bool] = {}
        self.known: dict[ReadingId, datetime] = {}

    def update(self, other: "Memory") -> None:
        """Take over what `other` remembers."""
        self.newest.update(other.newest)
        self.sequences.update(other.sequences)
        self.online.update(other.online)
        self.known.update(other.known)


def identify(message: RawMessage, register: Register) -> Decoded:
    """Return who sent `message`, without reading it."""
    return _identified(message, register)[0]


def read(message: RawMessage, register: Register) -> Decoded:
    """Return what `message` claims, and who claims it."""
    sender, way = _identified(message, register)
    if way is None or sender.refusal is not None or sender.ours:
        return sender
    return msgspec.structs.replace(sender, items=decode(way.dialect, message))


def _identified(message: RawMessage, register: Register) -> tuple[Decoded, Route | None]:
    way = route(message.topic)
    if way is None:
        return Decoded(message=message, refusal=Reason.UNKNOWN_TOPIC), None
    if way.dialect is Dialect.DOWNLINK:
        return Decoded(message=message, ours=True), way
    device = register.sender(way)
    refusal = None
    if device is None:
        refusal = Reason.UNKNOWN_DEVICE
    elif device.protocol not in way.protocols or device.person_id is None:
        refusal = Reason.WRONG_TOPIC_FOR_DEVICE
    return Decoded(message=message, device=device, refusal=refusal), way


def identities(decoded: Decoded, committed: Mapping[Boot, SeqSet]) -> Iterable[ReadingId]:
    """Yield the identity of every report that may be a repeat of one in the record.

    That is one whose number was committed before, and any that has no number.
    """
    if decoded.device is None:
        return
    for item in decoded.items:
        if isinstance(item, FixReport | EventReport):
            device_id = decoded.device.device_id
            held = None if item.boot is None else committed.get((device_id, item.boot))
            if item.seq is None or (held is not None and item.seq in held):
                yield sequence.reading_id(device_id, item)


def boots(decoded: Decoded) -> Iterable[Boot]:
    """Yield every device and boot whose numbers a message carries."""
    if decoded.device is not None:
        for item in decoded.items:
            if not isinstance(item, PresenceReport) and item.boot is not None:
                yield decoded.device.device_id, item.boot


def quarantine(decoded: Decoded, reason: Reason) -> Admitted:
    """Return a message that is set aside as a whole."""
    device_id = None if decoded.device is None else decoded.device.device_id
    outcome = Quarantined(
        log_position=0,
        topic=decoded.message.topic,
        received_at=decoded.message.received_at,
        reason=reason,
        device_id=device_id,
    )
    return Admitted(message=decoded.message, device_id=device_id, outcomes=(outcome,))


class Admission:
    """Messages being admitted, in the order of their arrival.

    Attributes:
        changes: What is to be remembered once the record has it.
        touched: Devices and boots whose numbers were committed (again), to be acknowledged.
    """

    def __init__(self, memory: Memory) -> None:
        """Build on `memory` without changing it."""
        self._memory = memory
        self.changes = Memory()
        self.touched: set[Boot] = set()

    def admit(self, decoded: Decoded) -> Admitted:
        """Return what is kept of one message."""
        if decoded.ours:
            return Admitted(message=decoded.message, kept=False)
        if decoded.refusal is not None or decoded.device is None:
            return quarantine(decoded, decoded.refusal or Reason.UNKNOWN_DEVICE)
        return _Message(self, decoded.message, decoded.device).admit(decoded.items)

    def newest(self, device_id: DeviceId) -> datetime | None:
        """Return the instant of the newest accepted fix of a device."""
        return self.changes.newest.get(device_id) or self._memory.newest.get(device_id)

    def sequence(self, boot: Boot) -> SeqSet | None:
        """Return the committed numbers of a boot."""
        return self.changes.sequences.get(boot) or self._memory.sequences.get(boot)

    def online(self, device_id: DeviceId) -> bool | None:
        """Return whether a device was last said to be connected."""
        return self.changes.online.get(device_id, self._memory.online.get(device_id))

    def known_since(self, reading_id: ReadingId) -> datetime | None:
        """Return when a reading was received before."""
        return self.changes.known.get(reading_id) or self._memory.known.get(reading_id)

    def commit_number(self, device_id: DeviceId, item: FixReport | EventReport | Fault) -> None:
        """Count the number of `item` as committed, whatever became of it."""
        if item.boot is None or item.seq is None:
            return
        boot = (device_id, item.boot)
        held = self.sequence(boot)
        now_held = sequence.commit(held, item.seq, item.oldest)
        if now_held != held:
            self.changes.sequences[boot] = now_held
        self.touched.add(boot)


class _Message:
    """One message of a known sender on its way through."""

    def __init__(self, admission: Admission, message: RawMessage, device: Device) -> None:
        assert device.person_id is not None
        self._admission = admission
        self._message = message
        self._device_id = device.device_id
        self._sender = Sender(
            device_id=device.device_id, person_id=device.person_id, message=message
        )
        self._origin = screen_origin(device, message.received_at, retained=message.retained)
        self._outcomes: list[Outcome] = []

    def admit(self, items: tuple[Item, ...]) -> Admitted:
        """Return what is kept of the message."""
        several = len(items) > 1
        for index in self._order(items) if several else range(len(items)):
            outcome = self._outcome(items[index], f"[{index}]" if several else None)
            if outcome is not None:
                self._outcomes.append(outcome)
        return Admitted(
            message=self._message,
            device_id=self._device_id,
            outcomes=tuple(self._outcomes),
            kept=bool(self._outcomes) or not items,
            repeats=len(items) - len(self._outcomes),
        )

    def _order(self, items: tuple[Item, ...]) -> list[int]:
        """Return the indexes of `items` in the order they are taken."""
        at = self._message.received_at
        return sorted(range(len(items)), key=lambda index: _rank(items[index], index, at))

    @property
    def _position(self) -> int:
        return len(self._outcomes)

    def _outcome(self, item: Item, where: str | None) -> Outcome | None:
        """Return what is kept of an item; None if it repeats what is there."""
        match item:
            case Fault():
                return self._fault(item, where)
            case PresenceReport():
                return self._presence(item)
            case FixReport() | EventReport():
                if self._origin is not None:
                    return self._refused(item, self._origin)
                return self._report(item)

    def _fault(self, fault: Fault, where: str | None) -> Outcome | None:
        if not fault.readable or fault.body_hash is None:
            return self._sender.quarantined(self._position, fault, where)
        reason = self._origin or fault.reason
        reading_id = self._sender.derived_id(reason.value, fault.body_hash)
        if self._origin is None and fault.boot is not None and fault.seq is not None:
            held = self._admission.sequence((self._device_id, fault.boot))
            self._admission.commit_number(self._device_id, fault)
            if held is not None and fault.seq in held:
                return None
            reading_id = sequence.numbered_id(
                self._device_id, fault.boot, fault.seq, fault.body_hash
            )
        return self._sender.rejection(self._position, reading_id, reason, fault, where)

    def _presence(self, report: PresenceReport) -> Presence | None:
        unchanged = self._admission.online(self._device_id) is report.online
        if self._origin is Reason.REVOKED_DEVICE or (self._message.retained and unchanged):
            return None
        self._admission.changes.online[self._device_id] = report.online
        return self._sender.presence(self._position, report)

    def _refused(self, report: FixReport | EventReport, reason: Reason) -> Rejection | None:
        """Reject under another identity: the same report may yet come by an honest way."""
        reading_id = self._sender.derived_id(reason.value, report.body_hash)
        if self._admission.known_since(reading_id) is not None:
            return None
        self._admission.changes.known[reading_id] = self._message.received_at
        return self._sender.rejection(self._position, reading_id, reason, report)

    def _report(self, report: FixReport | EventReport) -> Outcome | None:
        reading_id = sequence.reading_id(self._device_id, report)
        known_since = self._admission.known_since(reading_id)
        verdict = sequence.judge(
            self._numbers(report),
            report,
            known_since=known_since,
            newest_fixed_at=self._admission.newest(self._device_id),
            received_at=self._message.received_at,
        )
        self._admission.commit_number(self._device_id, report)
        if known_since is not None:
            return self._repeat(report, reading_id, verdict)
        self._admission.changes.known[reading_id] = self._message.received_at
        if isinstance(report, EventReport):
            return self._sender.event(self._position, reading_id, report)
        screened = screen_fix(report, self._message.received_at)
        if isinstance(screened, Reason):
            # Rejections are not looked up by identity: a number seen before says as much.
            if verdict is not Verdict.NEW:
                return None
            return self._sender.rejection(self._position, reading_id, screened, report)
        placed = self._placed(screened, verdict)
        return self._sender.fix(self._position, reading_id, report, placed)

    def _numbers(self, report: FixReport | EventReport) -> SeqSet | None:
        """Return the committed numbers of the boot a report belongs to."""
        if report.boot is None:
            return None
        return self._admission.sequence((self._device_id, report.boot))

    def _repeat(
        self, report: FixReport | EventReport, reading_id: ReadingId, verdict: Verdict
    ) -> Rejection | None:
        """Note yesterday's packet; let a retry pass without a trace."""
        if verdict is not Verdict.REPLAYED:
            return None
        again = self._sender.derived_id(
            Reason.REPLAYED.value, reading_id, self._message.received_at.isoformat()
        )
        return self._sender.rejection(self._position, again, Reason.REPLAYED, report)

    def _placed(self, screened: Screened, verdict: Verdict) -> Screened:
        """Return how far a fix is trusted beside the others of its device."""
        if screened.state is FixState.HELD:
            return screened
        if verdict is not Verdict.NEW:
            return Screened(
                fixed_at=screened.fixed_at, state=FixState.HELD, reason=Reason(verdict.value)
            )
        newest = self._admission.newest(self._device_id)
        if newest is not None and screened.fixed_at < newest:
            return Screened(fixed_at=screened.fixed_at, state=FixState.LATE)
        self._admission.changes.newest[self._device_id] = screened.fixed_at
        return screened


def _rank(item: Item, index: int, received_at: datetime) -> tuple[bool, datetime, int, int]:
    """Return what items are ordered by: what can be read first, then instant, then number."""
    match item:
        case FixReport():
            screened = screen_fix(item, received_at)
            at = item.fixed_at if isinstance(screened, Reason) else screened.fixed_at
            return False, at, item.seq or 0, index
        case EventReport():
            return False, event_instant(item.occurred_at, received_at), item.seq or 0, index
        case _:
            return True, received_at, 0, index
