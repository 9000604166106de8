"""Where deliveries wait: filled by the broker's thread, emptied by the event loop.

Shell. Bounded: when too much waits in all, the thread that brings more waits, and with it the
broker, which is the better place to wait in.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Condition

from ingest.delivery import Delivery, lane_of
from ingest.lanes import Lanes


class Inbox:
    """Deliveries waiting to be admitted, in fair lanes."""

    def __init__(self, lane_length_max: int, length_max: int) -> None:
        """Hold `length_max` deliveries; `lane_length_max` of one device once half are there."""
        self._lanes = Lanes[Delivery](lane_length_max, crowded_at=length_max // 2)
        self._length_max = length_max
        self._changed = Condition()
        self._closed = False
        self._wake: Callable[[], object] | None = None

    def __len__(self) -> int:
        """Count the deliveries waiting."""
        return len(self._lanes)

    def put(self, delivery: Delivery) -> None:
        """Let a delivery wait; itself waits for room. For threads, never for the event loop."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or len(self._lanes) < self._length_max)
            if self._closed:
                delivery.fail()
                return
            self._put(delivery)

    def offer(self, delivery: Delivery) -> bool:
        """Let a delivery wait if there is room at once; return whether there was."""
        with self._changed:
            if self._closed or len(self._lanes) >= self._length_max:
                return False
            self._put(delivery)
            return True

    def take(self, length_max: int) -> tuple[list[Delivery], list[Delivery]]:
        """Return deliveries to admit, and deliveries to set aside as a flood."""
        with self._changed:
            taken = self._lanes.take(length_max)
            flood = self._lanes.take_flood(length_max)
            self._changed.notify_all()
        return taken, flood

    async def wait(self, patience_s: float) -> None:
        """Return when something waits, or after `patience_s`."""
        loop = asyncio.get_running_loop()
        woken = asyncio.Event()
        with self._changed:
            if len(self._lanes) > 0:
                return
            self._wake = partial(loop.call_soon_threadsafe, woken.set)
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), patience_s)
        finally:
            with self._changed:
                self._wake = None

    def close(self) -> None:
        """Let nobody in any more, and nobody wait at the door; fail what is inside."""
        with self._changed:
            self._closed = True
            left = [*self._lanes.take(len(self._lanes)), *self._lanes.take_flood(len(self._lanes))]
            self._changed.notify_all()
        for delivery in left:
            delivery.fail()

    def _put(self, delivery: Delivery) -> None:
        self._lanes.put(lane_of(delivery.message.topic), delivery)
        if self._wake is not None:
            self._wake()
            self._wake = None
