"""A native tag: it measures, numbers, stores, sends, and forgets only what is acknowledged.

Pure: no socket and no clock. A shell (or a test) tells it what was measured and what arrived, and
asks what is due. The promise is the tag's half of "nothing acknowledged is lost": a message leaves
the store only when the server says that it is committed, or, in a full store, when it is the
oldest fix; then later fixes carry `oldest`, so that the server stops waiting for the gap.
A message's bytes never change, so a second sending is recognisably the same.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

import msgspec

from domain.position import Position

BATCH_MESSAGES_MOST: Final = 500
BATCH_BYTES_MOST: Final = 64 * 1024
STORE_MOST: Final = 20_000
RESEND_AFTER: Final = timedelta(seconds=30)


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What a device publishes, at QoS 1.

    Attributes:
        receipts: The device's own names of what is inside; the broker's acknowledgement of the
            message is reported with them.
    """

    topic: str
    payload: bytes
    retain: bool = False
    receipts: tuple[int, ...] = ()


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """What the receiver says: a place, the radius it claims, and its motion."""

    position: Position
    claim_m: float
    speed_mps: float
    course_deg: float


class Cadence(msgspec.Struct, frozen=True, kw_only=True):
    """How often a device measures, in seconds of the story: while moving, and while still."""

    moving_s: float = 15.0
    still_s: float = 60.0

    def due(self, *, last_s: float | None, story_s: float, moving: bool) -> bool:
        """Return whether a measurement is due; beginning to move brings the next one forward."""
        if last_s is None:
            return True
        return story_s - last_s >= (self.moving_s if moving else self.still_s)


class Unit(Protocol):
    """What the simulator needs of any device."""

    def will(self, now: datetime) -> Message:
        """Return what the broker is to say when this device falls silent."""
        ...

    def greeting(self, now: datetime) -> list[Message]:
        """Return what the device says first on every connection."""
        ...

    def subscriptions(self) -> list[str]:
        """Return the topics the device listens to."""
        ...

    def measured(self, now: datetime, measurement: Measurement, battery: int) -> None:
        """Keep a fix."""
        ...

    def happened(self, now: datetime, event: str, measurement: Measurement | None) -> None:
        """Keep an event, if this kind of device has such."""
        ...

    def connected(self) -> None:
        """Take everything still held as unsent: the last connection may have lost it."""
        ...

    def due(self, now: datetime) -> list[Message]:
        """Return what is to be published now."""
        ...

    def arrived(self, topic: str, payload: bytes) -> list[Message]:
        """Take what the server sent; return the answer, if it wants one."""
        ...

    def published(self, message: Message) -> None:
        """Take the broker's acknowledgement of a message."""
        ...

    @property
    def held(self) -> int:
        """How many messages are still kept."""
        ...


class Acknowledgement(msgspec.Struct, frozen=True, kw_only=True):
    """`kc/v1/{device_id}/ack`: everything up to `seq` and in `ranges` (both ends) is committed."""

    boot: int
    seq: int
    ranges: tuple[tuple[int, int], ...] = ()

    def covers(self, boot: int, seq: int) -> bool:
        """Return whether a message is among the committed ones."""
        if boot != self.boot:
            return False
        return seq <= self.seq or any(low <= seq <= high for low, high in self.ranges)


class _Kept(msgspec.Struct, kw_only=True):
    """A message in the store, and when it was last sent."""

    boot: int
    seq: int
    event: bool
    payload: bytes
    sent_at: datetime | None = None


def rfc3339(instant: datetime) -> str:
    """Write an instant as the wire does: UTC, milliseconds, `Z`."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Tag:
    """A tag that speaks the native protocol."""

    def __init__(
        self, device_id: str, *, boot: int = 1, first_seq: int = 1, store_most: int = STORE_MOST
    ) -> None:
        self._below = f"kc/v1/{device_id}"
        self._boot = boot
        self._next_seq = first_seq
        self._store_most = store_most
        self._store: dict[tuple[int, int], _Kept] = {}
        self._dropped = False

    @property
    def held(self) -> int:
        """How many messages are not acknowledged yet."""
        return len(self._store)

    def held_identities(self) -> list[tuple[int, int]]:
        """Return (boot, seq) of every message that is not acknowledged yet, oldest first."""
        return list(self._store)

    def will(self, now: datetime) -> Message:  # noqa: ARG002 -- the native will tells no time
        """Return the last will: offline."""
        return Message(topic=f"{self._below}/online", payload=b"0", retain=True)

    def greeting(self, now: datetime) -> list[Message]:  # noqa: ARG002 -- see `will`
        """Return the birth message: online."""
        return [Message(topic=f"{self._below}/online", payload=b"1", retain=True)]

    def subscriptions(self) -> list[str]:
        """Return the two topics a tag may listen to."""
        return [f"{self._below}/ack", f"{self._below}/cmd"]

    def reboot(self) -> None:
        """Count a new boot; what is stored keeps the numbers it has."""
        self._boot += 1
        self._next_seq = 1
        self._dropped = False

    def measured(self, now: datetime, measurement: Measurement, battery: int) -> None:
        """Number and store a fix."""
        fields = {"t": rfc3339(now), **_place(measurement), "batt": battery}
        if measurement.speed_mps > 0.0:
            fields["cog"] = round(measurement.course_deg) % 360
        self._keep({**fields, "src": "gnss"}, event=False)

    def happened(self, now: datetime, event: str, measurement: Measurement | None) -> None:
        """Number and store an event."""
        place = {} if measurement is None else _place(measurement)
        place.pop("spd", None)
        self._keep({"t": rfc3339(now), "type": event, **place}, event=True)

    def _keep(self, fields: dict[str, object], *, event: bool) -> None:
        seq = self._next_seq
        self._next_seq += 1
        if len(self._store) >= self._store_most:
            self._drop_oldest_fix()
        if self._dropped:
            held = (kept.seq for kept in self._store.values() if kept.boot == self._boot)
            fields["oldest"] = min(held, default=seq)
        payload = msgspec.json.encode({"boot": self._boot, "seq": seq, **fields})
        self._store[self._boot, seq] = _Kept(boot=self._boot, seq=seq, event=event, payload=payload)

    def _drop_oldest_fix(self) -> None:
        """Make room; events are never dropped for a fix."""
        oldest = next((key for key, kept in self._store.items() if not kept.event), None)
        if oldest is not None:
            del self._store[oldest]
            self._dropped = True

    def connected(self) -> None:
        """Take everything held as unsent."""
        for kept in self._store.values():
            kept.sent_at = None

    def due(self, now: datetime) -> list[Message]:
        """Return what was never sent, or sent long ago and not acknowledged, oldest first."""
        ready = [
            kept
            for kept in self._store.values()
            if kept.sent_at is None or now - kept.sent_at >= RESEND_AFTER
        ]
        for kept in ready:
            kept.sent_at = now
        return [self._message(batch) for batch in _batches(ready)]

    def _message(self, batch: list[_Kept]) -> Message:
        bodies = [kept.payload for kept in batch]
        return Message(
            topic=f"{self._below}/{'event' if batch[0].event else 'fix'}",
            payload=bodies[0] if len(bodies) == 1 else b"[" + b",".join(bodies) + b"]",
        )

    def arrived(self, topic: str, payload: bytes) -> list[Message]:
        """Forget what the server has committed; answer a command."""
        if topic == f"{self._below}/ack":
            self._forget(msgspec.json.decode(payload, type=Acknowledgement).covers)
            return []
        if topic == f"{self._below}/cmd":
            command = msgspec.json.decode(payload, type=dict[str, object])
            answer = msgspec.json.encode({"id": command.get("id"), "ok": True})
            return [Message(topic=f"{self._below}/cmd/ack", payload=answer)]
        return []

    def _forget(self, committed: Callable[[int, int], bool]) -> None:
        for key in [key for key in self._store if committed(*key)]:
            del self._store[key]

    def published(self, message: Message) -> None:
        """Ignore the broker's acknowledgement: only the server's own frees the store."""


def _place(measurement: Measurement) -> dict[str, object]:
    return {
        "lat": round(measurement.position.latitude_deg, 7),
        "lon": round(measurement.position.longitude_deg, 7),
        "acc": round(measurement.claim_m, 1),
        "spd": round(measurement.speed_mps, 1),
    }


def _batches(ready: Iterable[_Kept]) -> Iterator[list[_Kept]]:
    """Group fixes into arrays within the protocol's bounds; an event goes alone."""
    batch: list[_Kept] = []
    size = 0
    for kept in ready:
        cost = len(kept.payload) + 1
        full = len(batch) == BATCH_MESSAGES_MOST or size + cost > BATCH_BYTES_MOST - 1
        if batch and (full or kept.event or batch[0].event):
            yield batch
            batch, size = [], 0
        batch.append(kept)
        size += cost
    if batch:
        yield batch
