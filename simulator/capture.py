"""Captures: what the devices of a scenario published, one MQTT message a line.

Pure. `capture_of` plays a scenario without any network as fast as the machine can: messages arrive
after a seeded delay, and a server that commits everything at once acknowledges them. The same
scenario, seed and start give the same bytes.
"""

from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Any, Final

import msgspec

from simulator.cast import orders_document
from simulator.device import Message, rfc3339
from simulator.packaged import palmers_green
from simulator.scenario import Scenario
from simulator.stage import Performer, performers_of, tracks_of
from simulator.story import StoryClock

STEP_S: Final = 1.0
#: How long a report takes to the broker, seconds: median, spread of its logarithm, most.
DELAY_MEDIAN_S: Final = 0.35
DELAY_SPREAD: Final = 0.5
DELAY_MOST_S: Final = 5.0
#: A broker speaks a silent client's last will after one and a half keep-alives.
KEEPALIVE: Final = timedelta(seconds=30)
WILL_AFTER: Final = 1.5 * KEEPALIVE

_encode = msgspec.json.Encoder(order="deterministic").encode


def line_of(received_at: datetime, message: Message) -> bytes:
    """Return one line of a capture, without its newline."""
    try:
        msgspec.json.decode(message.payload)
        payload = message.payload
    except msgspec.DecodeError:
        payload = _encode(message.payload.decode(errors="replace"))
    head = _encode({"received_at": rfc3339(received_at), "topic": message.topic})
    return head[:-1] + b',"payload":' + payload + b"}"


def capture_of(
    scenario: Scenario, seed: int, start_at: datetime, *, tail_s: float = 0.0
) -> tuple[dict[str, Any], list[bytes]]:
    """Play a scenario offline at speed 1.

    Args:
        scenario: The story.
        seed: Decides every pace, error and delay.
        start_at: The real instant of the story's first second, UTC.
        tail_s: How much longer than the story devices go on reporting.

    Returns:
        The ORDERS.json document, and the lines of the capture in order of arrival, each without
        its newline.
    """
    clock = StoryClock(start_at=start_at)
    performers = performers_of(
        scenario,
        tracks_of(scenario, palmers_green(), seed),
        seed=seed,
        identities={name: name for name in scenario.devices},
        topics={},
    )
    arrivals: list[tuple[datetime, int, bytes]] = []
    order = count()
    for name, performer in performers.items():
        link = _Link(performer, clock, Random(f"{seed}/{name}/link"))
        for step in range(int((scenario.lasts_s + tail_s) / STEP_S) + 1):
            arrivals.extend(
                (at, next(order), line_of(at, message)) for at, message in link.step(step * STEP_S)
            )
    return orders_document(scenario, clock), [line for _, _, line in sorted(arrivals)]


class _Link:
    """A device's way to the broker: delays, presence, and a server that commits at once."""

    def __init__(self, performer: Performer, clock: StoryClock, chance: Random) -> None:
        self._performer = performer
        self._clock = clock
        self._chance = chance
        self._online = False
        self._lost_at: datetime | None = None
        self._last_at = clock.start_at

    def step(self, story_s: float) -> list[tuple[datetime, Message]]:
        """Return what arrives of what is sent in this second, with its instant."""
        now = self._clock.instant(story_s)
        messages = self._performer.advance(story_s, self._clock)
        if not self._performer.reachable(story_s):
            return self._silent(now)
        if not self._online:
            self._online = True
            messages = [*self._performer.unit.greeting(now), *messages]
        self._lost_at = None
        arrived = [(self._arrival(now), message) for message in messages]
        for message in messages:
            self._acknowledge(message)
        return arrived

    def _silent(self, now: datetime) -> list[tuple[datetime, Message]]:
        self._lost_at = self._lost_at or now
        if self._online and now - self._lost_at >= WILL_AFTER:
            self._online = False
            return [(self._arrival(now), self._performer.unit.will(now))]
        return []

    def _arrival(self, now: datetime) -> datetime:
        """Return when something sent now arrives: one connection keeps its order."""
        wait_s = DELAY_MEDIAN_S * pow(2.718281828, DELAY_SPREAD * self._chance.gauss(0.0, 1.0))
        arrival = now + timedelta(milliseconds=round(1_000.0 * min(wait_s, DELAY_MOST_S)))
        self._last_at = max(self._last_at, arrival)
        return self._last_at

    def _acknowledge(self, message: Message) -> None:
        unit = self._performer.unit
        unit.published(message)
        for topic, payload in committed(message):
            unit.arrived(topic, payload)


class _Numbered(msgspec.Struct, frozen=True):
    boot: int
    seq: int


def committed(message: Message) -> list[tuple[str, bytes]]:
    """Return the acknowledgements (topic, payload) of a message, one a boot, as islands."""
    below, _, leaf = message.topic.rpartition("/")
    if not message.topic.startswith("kc/v1/") or leaf not in {"fix", "event"}:
        return []
    body = message.payload if message.payload.startswith(b"[") else b"[" + message.payload + b"]"
    islands: dict[int, list[list[int]]] = {}
    for one in msgspec.json.decode(body, type=list[_Numbered]):
        islands.setdefault(one.boot, []).append([one.seq, one.seq])
    return [
        (f"{below}/ack", msgspec.json.encode({"boot": boot, "seq": 0, "ranges": ranges}))
        for boot, ranges in islands.items()
    ]
