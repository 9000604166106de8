"""The inbox: wakes the loop, keeps its bounds, and lets nobody wait for ever."""

import asyncio
from threading import Thread

import pytest

from ingest.delivery import Delivery, lane_of
from ingest.worker.inbox import Inbox
from tests.unit.ingest.builders import a_message

FIX = "kc/v1/tag-1/fix"


def _delivery(failed: list[str] | None = None, topic: str = FIX) -> Delivery:
    return Delivery(
        message=a_message(topic=topic),
        settle=lambda: None,
        fail=lambda: (failed if failed is not None else []).append(topic),
    )


@pytest.mark.parametrize(
    ("topic", "lane"),
    [
        ("kc/v1/tag-1/fix", "tag-1"),
        ("kc/v1/tag-1/event", "kc/v1/tag-1/event"),
        ("kc/v1/tag-1/online", "kc/v1/tag-1/online"),
        ("owntracks/phone-1/pixel/event", "owntracks/phone-1"),
        ("nonsense", "nonsense"),
    ],
)
def test_events_never_wait_behind_positions(topic: str, lane: str) -> None:
    """A device's fixes have one lane; what else it says has another."""
    assert lane == lane_of(topic)


async def test_a_delivery_wakes_who_waits() -> None:
    """What a thread brings ends the wait at once."""
    inbox = Inbox(10, 10)
    waiting = asyncio.create_task(inbox.wait(60.0))  # noqa: TID251 - awaited below
    await asyncio.sleep(0)
    bringer = Thread(target=inbox.put, args=(_delivery(),))
    bringer.start()
    await asyncio.wait_for(waiting, 5.0)
    bringer.join()

    assert 1 == len(inbox)


async def test_waiting_ends_when_nothing_comes() -> None:
    """The wait has an end, so that the room can look around."""
    await asyncio.wait_for(Inbox(1, 1).wait(0.01), 5.0)


async def test_a_full_inbox_takes_nothing_that_cannot_wait() -> None:
    """Who may not block is turned away."""
    inbox = Inbox(10, 1)

    assert [True, False] == [inbox.offer(_delivery()) for _ in range(2)]


def test_who_brings_too_much_waits_until_there_is_room() -> None:
    """The thread that fills the inbox is held up, and goes on once something was taken."""
    inbox = Inbox(10, 1)
    inbox.put(_delivery())
    bringer = Thread(target=inbox.put, args=(_delivery(),), daemon=True)
    bringer.start()
    taken, _ = inbox.take(1)
    bringer.join(5.0)

    assert not bringer.is_alive()
    assert (1, 1) == (len(taken), len(inbox))


def test_closing_fails_what_waits_and_frees_who_waits() -> None:
    """At the end nobody is left believing that his message is on its way."""
    inbox = Inbox(10, 1)
    failed: list[str] = []
    inbox.put(_delivery(failed))
    bringer = Thread(target=inbox.put, args=(_delivery(failed),), daemon=True)
    bringer.start()
    inbox.close()
    bringer.join(5.0)

    assert not bringer.is_alive()
    assert [FIX, FIX] == failed
    assert not inbox.offer(_delivery())
