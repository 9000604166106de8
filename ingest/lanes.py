"""Fair queues: one lane a device, taken from in turn, so that nobody waits for a chatterbox.

Pure. While there is room, a lane may be as long as it likes: a device that comes back after a
day without coverage has a lot to say. Once it is crowded, a lane beyond its share is flooding:
its oldest message is moved to the flood, to be set aside unread, and its newest is kept, because
now matters more than then.
"""

from collections import OrderedDict, deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Lanes(Generic[T]):
    """Messages waiting to be admitted, by device."""

    def __init__(self, lane_length_max: int, crowded_at: int = 0) -> None:
        """Let each device have `lane_length_max` messages waiting once `crowded_at` wait in all."""
        assert lane_length_max > 0
        self._lane_length_max = lane_length_max
        self._crowded_at = crowded_at
        self._lanes: OrderedDict[str, deque[T]] = OrderedDict()
        self._flood: deque[T] = deque()
        self._length = 0

    def __len__(self) -> int:
        """Count every message waiting, the flood included."""
        return self._length

    @property
    def flood_length(self) -> int:
        """How many messages wait to be set aside."""
        return len(self._flood)

    def put(self, lane: str, message: T) -> None:
        """Let `message` wait in its lane."""
        waiting = self._lanes.setdefault(lane, deque())
        waiting.append(message)
        self._length += 1
        if len(waiting) > self._lane_length_max and self._length > self._crowded_at:
            self._flood.append(waiting.popleft())

    def take(self, length_max: int) -> list[T]:
        """Return up to `length_max` messages: one of each lane in turn, each lane in order."""
        taken: list[T] = []
        while self._lanes and len(taken) < length_max:
            lane, waiting = self._lanes.popitem(last=False)
            taken.append(waiting.popleft())
            if waiting:
                self._lanes[lane] = waiting
        self._length -= len(taken)
        return taken

    def take_flood(self, length_max: int) -> list[T]:
        """Return up to `length_max` messages to be set aside unread, oldest first."""
        taken = [self._flood.popleft() for _ in range(min(length_max, len(self._flood)))]
        self._length -= len(taken)
        return taken
