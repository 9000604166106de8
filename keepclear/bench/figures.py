"""What a measurement says: exact percentiles over everything that was due, nothing trimmed. Pure.

What never happened counts as infinitely late: a system that loses a hundredth of its messages has
no p99, and the figures say so instead of leaving the lost ones out.
"""

import math
from collections.abc import Iterable, Sequence

import msgspec

#: What `load.Record` writes for what did not happen.
NEVER = -1.0


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """How long something took, seconds; None where it never came.

    Attributes:
        count: What was due.
        missing: How many of them never came while we looked.
    """

    count: int
    missing: int
    p50: float | None
    p99: float | None
    p99_9: float | None
    worst: float | None


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What one process used while we measured.

    Attributes:
        cpu_s: Seconds of processor time, user and system.
        cores: The same, as processors kept busy.
        memory_bytes: Highest resident size seen.
    """

    cpu_s: float
    cores: float
    memory_bytes: int


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """One measurement.

    Attributes:
        offered_per_s: Fixes due, a second.
        committed_per_s: Fixes that the application acknowledged in the measured time, a second.
        backlog: Fixes due in the measured time and not acknowledged a second after its end.
        to_console: From the scheduled instant to the console's `position` event; tags only.
        to_decision: From the scheduled instant of a fix that worsened things to the incident event.
        to_committed: From the scheduled instant to the application's `ack`; all devices.
        to_puback: From the scheduled instant to the broker's PUBACK; all devices.
        load_late: How late the load itself published.
        reconnects: How often the server closed the console's socket.
        disconnects: How many devices the broker dropped.
    """

    broker: str
    devices: int
    seconds: float
    seed: int
    offered_per_s: float
    committed_per_s: float | None
    backlog: int
    to_console: Latency
    to_decision: Latency
    to_committed: Latency | None
    to_puback: Latency
    load_late: Latency
    costs: dict[str, Cost]
    reconnects: int
    disconnects: int


def latency(seconds: Iterable[float | None]) -> Latency:
    """Return the figures of what took so many `seconds`; None never came."""
    taken = sorted(math.inf if one is None else one for one in seconds)
    missing = sum(1 for one in taken if math.isinf(one))
    return Latency(
        count=len(taken),
        missing=missing,
        p50=_at(taken, 0.5),
        p99=_at(taken, 0.99),
        p99_9=_at(taken, 0.999),
        worst=_at(taken, 1.0),
    )


def _at(ordered: Sequence[float], part: float) -> float | None:
    """Return the nearest-rank percentile: the least value that so large a part is not above."""
    if not ordered:
        return None
    found = ordered[max(0, math.ceil(part * len(ordered)) - 1)]
    return None if math.isinf(found) else found


def since_due(happened: Sequence[float], due_s: Sequence[float], first_s: float) -> Latency:
    """Return how long after they were due things happened, for all due at `first_s` or later."""
    return latency(
        None if at == NEVER else at - due
        for at, due in zip(happened, due_s, strict=True)
        if due >= first_s
    )


def committed_between(acked: Sequence[float], first_s: float, last_s: float) -> int:
    """Return how many fixes were acknowledged from `first_s` up to, not including, `last_s`."""
    return sum(1 for at in acked if at != NEVER and first_s <= at < last_s)


def behind(acked: Sequence[float], due_s: Sequence[float], first_s: float, last_s: float) -> int:
    """Return how many fixes due in this time were not acknowledged a second after its end."""
    return sum(
        1
        for at, due in zip(acked, due_s, strict=True)
        if first_s <= due < last_s and (at == NEVER or at > last_s + 1.0)
    )
