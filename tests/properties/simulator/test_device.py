"""Whatever the network does: nothing committed is lost or resent, nothing is dropped unsaid."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from domain.position import Position
from simulator.device import BATCH_BYTES_MOST, BATCH_MESSAGES_MOST, Measurement, Tag

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
MEASURED = Measurement(
    position=Position(latitude_deg=51.6, longitude_deg=-0.1),
    claim_m=8.0,
    speed_mps=0.0,
    course_deg=0.0,
)


def bodies(payload: bytes) -> list[dict[str, Any]]:
    """Return what is in a message: one object, or those of an array."""
    text = payload if payload.startswith(b"[") else b"[" + payload + b"]"
    return cast("list[dict[str, Any]]", json.loads(text))


class World:
    """A tag, a server that commits what reaches it, and a network between them."""

    def __init__(self) -> None:
        self.tag = Tag("t")
        self.now = NOW
        self.made = 0
        self.committed: dict[int, set[int]] = {}
        self.acknowledged: set[tuple[int, int]] = set()

    def measure(self) -> None:
        """Let the tag measure."""
        self.made += 1
        self.tag.measured(self.now, MEASURED, 50)

    def event(self) -> None:
        """Let something happen to the tag."""
        self.made += 1
        self.tag.happened(self.now, "sos", None)

    def send(self) -> None:
        """Let what is due arrive and be committed; nothing acknowledged may be in it."""
        for message in self.tag.due(self.now):
            inside = {(one["boot"], one["seq"]) for one in bodies(message.payload)}
            assert not self.acknowledged & inside
            for boot, seq in inside:
                self.committed.setdefault(boot, set()).add(seq)

    def lose(self) -> None:
        """Let what is due be lost on the way."""
        self.tag.due(self.now)

    def acknowledge(self) -> None:
        """Tell the tag of each boot's messages: a count without a gap, and islands."""
        for boot, seqs in self.committed.items():
            base = next(seq for seq in count(0) if seq + 1 not in seqs)
            ranges = [[seq, seq] for seq in sorted(seqs) if seq > base]
            body = json.dumps({"boot": boot, "seq": base, "ranges": ranges})
            self.tag.arrived("kc/v1/t/ack", body.encode())
            self.acknowledged |= {(boot, seq) for seq in seqs}

    def reconnect(self) -> None:
        """Let the tag find the network again."""
        self.tag.connected()

    def reboot(self) -> None:
        """Switch the tag off and on."""
        self.tag.reboot()


STEPS = st.lists(
    st.sampled_from(
        [
            World.measure,
            World.event,
            World.send,
            World.lose,
            World.acknowledge,
            World.reconnect,
            World.reboot,
        ]
    ),
    max_size=120,
)


@given(steps=STEPS)
def test_nothing_is_lost_and_nothing_acknowledged_is_sent_again(
    steps: list[Callable[[World], None]],
) -> None:
    """After any history, a working link delivers all that was ever measured, each as needed."""
    world = World()
    for step in [*steps, World.reconnect, World.send, World.acknowledge]:
        world.now += timedelta(seconds=20)
        step(world)

    assert world.made == sum(len(seqs) for seqs in world.committed.values())
    assert world.tag.held == 0


@given(made=st.integers(min_value=0, max_value=1_300), every=st.integers(1, 400))
def test_arrays_keep_within_the_protocols_bounds(made: int, every: int) -> None:
    """No message is larger than allowed, and the order of what happened is kept."""
    tag = Tag("t")
    for index in range(made):
        if index % every == every - 1:
            tag.happened(NOW, "sos", None)
        else:
            tag.measured(NOW, MEASURED, 50)
    seen: list[int] = []
    for message in tag.due(NOW):
        inside = bodies(message.payload)
        assert len(message.payload) <= BATCH_BYTES_MOST
        assert len(inside) <= BATCH_MESSAGES_MOST
        assert message.topic.endswith("/event") == ("type" in inside[0])
        seen.extend(one["seq"] for one in inside)

    assert list(range(1, made + 1)) == seen
