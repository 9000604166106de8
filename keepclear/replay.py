"""`keepclear replay`: decide a recorded capture again, offline, on the capture's own clock.

The same screening, the same engine and the same policy as live; only the clock differs: it is
the `received_at` of each line. Silence is noticed to ten minutes past the last line. The same
capture gives the same bytes on every machine.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Final, TypeVar, cast

import msgspec

from alerts.policy import rule
from domain.errors import KeepclearError
from domain.order import Device, Order
from domain.reading import Quarantined, RawMessage, Rejection
from domain.transition import DeviceChanged, Fact, OrderChanged, Tick, Transition
from geofence.engine import Engine
from ingest.admission import Admission, Memory, read
from ingest.outcome import positioned
from ingest.register import Register
from mobile_api.problems import DocumentError
from mobile_api.schemas import device_from_document, order_from_document, person_from_document
from runtime.wire import InstantError, parse_rfc3339, rfc3339

#: How long after the last line silence is still noticed (`INTERFACES` 5).
AFTER_THE_END: Final = timedelta(minutes=10)
T = TypeVar("T")


class ReplayError(KeepclearError):
    """The capture or its orders cannot be read."""


class FixRow(msgspec.Struct, frozen=True, kw_only=True):
    """The fix that brought a row about."""

    device_id: str
    t: str


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One decision, as `INTERFACES` 5 writes it; the order of fields is the order on the line."""

    at: str
    since: str
    order_id: str
    condition_id: str | None
    kind: str
    priority: str | None
    before: str | None
    after: str
    nearest_m: float | None
    central_m: float | None
    uncertainty_m: float | None
    ttc_s: float | None
    reason: str
    proven: bool
    retrospective: bool
    fix: FixRow | None


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a capture."""

    received_at: str
    topic: str
    payload: msgspec.Raw


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """`ORDERS.json`."""

    people: list[object]
    devices: list[object]
    orders: list[object]


class Cast(msgspec.Struct, frozen=True, kw_only=True):
    """Who and what a capture is decided for."""

    devices: tuple[Device, ...]
    orders: tuple[Order, ...]


def replay(capture: Path, orders: Path) -> Iterator[bytes]:
    """Yield one JSON line for each decision, sorted by instant, order, condition and kind.

    Raises:
        ReplayError: Naming the file, and the line or the place in it, that cannot be read.
    """
    decided = list(decide(messages_of(capture), cast_of(orders)))
    decided.sort(key=_by_instant)
    encode = msgspec.json.Encoder().encode
    return (encode(row_of(transition)) + b"\n" for transition in decided)


def decide(messages: Iterator[RawMessage], parts: Cast) -> Iterator[Transition]:
    """Yield what the engine says of `messages`, in the order it says it."""
    engine, memory, numbers = Engine(), Memory(), count(1)
    register = Register(parts.devices)
    now: datetime | None = None
    for number, message in zip(numbers, messages, strict=False):
        if now is None:
            for change in _register_changes(parts, message.received_at):
                yield from engine.step(change, message.received_at)
        now = message.received_at if now is None else max(now, message.received_at)
        for fact in _facts_of(message, register, memory, number):
            yield from engine.step(fact, now)
    if now is not None:
        end = now + AFTER_THE_END
        yield from engine.step(Tick(received_at=end), end)


def _register_changes(parts: Cast, at: datetime) -> Iterator[Fact]:
    numbers = count(1)
    for device in parts.devices:
        yield DeviceChanged(change_id=next(numbers), received_at=at, device=device)
    for order in parts.orders:
        yield OrderChanged(change_id=next(numbers), received_at=at, order=order)


def _facts_of(
    message: RawMessage, register: Register, memory: Memory, number: int
) -> Iterator[Fact]:
    """Yield the facts of one message, screened and sequenced as the live system does."""
    admission = Admission(memory)
    admitted = admission.admit(read(message, register))
    memory.update(admission.changes)
    yield Tick(received_at=message.received_at)
    for outcome in admitted.outcomes:
        if not isinstance(outcome, Rejection | Quarantined):
            yield cast("Fact", positioned(outcome, number))


def row_of(transition: Transition) -> Row:
    """Return the row of a transition, with the priority that officers are paged with."""
    fix = transition.fix
    return Row(
        at=rfc3339(transition.at),
        since=rfc3339(transition.since),
        order_id=transition.order_id,
        condition_id=transition.condition_id,
        kind=transition.subject,
        priority=rule(transition).priority,
        before=transition.before,
        after=transition.after,
        nearest_m=transition.nearest_m,
        central_m=transition.central_m,
        uncertainty_m=transition.uncertainty_m,
        ttc_s=transition.ttc_s,
        reason=transition.reason,
        proven=transition.proven,
        retrospective=transition.retrospective,
        fix=None if fix is None else FixRow(device_id=fix.device_id, t=rfc3339(fix.fixed_at)),
    )


def _by_instant(transition: Transition) -> tuple[str, str, str, str]:
    return (
        rfc3339(transition.at),
        transition.order_id,
        transition.condition_id or "",
        transition.subject,
    )


def cast_of(path: Path) -> Cast:
    """Return the people, devices and orders of an `ORDERS.json`.

    Raises:
        ReplayError: Naming each fault and its place.
    """
    try:
        document = msgspec.json.decode(path.read_bytes(), type=Document)
    except OSError as error:
        raise ReplayError(f"{path}: {error.strerror}") from None
    except msgspec.DecodeError as error:
        raise ReplayError(f"{path}: {error}") from None
    new_id = _ids()
    _read_each(path, "people", document.people, person_from_document, new_id)
    return Cast(
        devices=_read_each(path, "devices", document.devices, device_from_document, new_id),
        orders=_read_each(path, "orders", document.orders, order_from_document, new_id),
    )


def _ids() -> Callable[[str], str]:
    """Return a giver of ids for what the file left unnamed: the same file, the same ids."""
    numbers = count(1)
    return lambda prefix: f"{prefix}-{next(numbers)}"


def _read_each(
    path: Path,
    part: str,
    documents: list[object],
    reader: Callable[[object, Callable[[str], str]], T],
    new_id: Callable[[str], str],
) -> tuple[T, ...]:
    read: list[T] = []
    for index, document in enumerate(documents):
        try:
            read.append(reader(document, new_id))
        except DocumentError as error:
            raise ReplayError(f"{path}: {part}[{index}]: {error}") from None
    return tuple(read)


def messages_of(path: Path) -> Iterator[RawMessage]:
    """Yield the messages of a capture.

    Raises:
        ReplayError: Naming the first line that cannot be read.
    """
    decoder = msgspec.json.Decoder(Line)
    try:
        with path.open("rb") as lines:
            for number, text in enumerate(lines, start=1):
                if text.strip():
                    yield _message_of(text, decoder, f"{path}:{number}")
    except OSError as error:
        raise ReplayError(f"{path}: {error.strerror}") from None


def _message_of(text: bytes, decoder: "msgspec.json.Decoder[Line]", where: str) -> RawMessage:
    try:
        line = decoder.decode(text)
        received_at = parse_rfc3339(line.received_at)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ReplayError(f"{where}: {error}") from None
    except InstantError as error:
        raise ReplayError(f"{where}: received_at: {error}") from None
    return RawMessage(
        topic=line.topic, payload=_payload_of(bytes(line.payload)), received_at=received_at
    )


def _payload_of(raw: bytes) -> bytes:
    """Return the bytes that arrived: a JSON string stands for a payload that was not JSON."""
    if raw.startswith(b'"'):
        return cast("str", msgspec.json.decode(raw)).encode()
    return raw
