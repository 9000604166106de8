"""Who is connected, and what waits for each of them. Pure: no socket, no clock, no lock.

Two sorts of event pass through. *Kept* events are in the record, counted per recipient, and can be
asked for again by cursor. *States* (a position, whether she is protected, whether the system is
ready) are worth only their latest value: they are not counted, the hub remembers the latest of
each, and whoever comes back is told it again. A protected person's position is thus never copied
into a second place in the record.

Every queue is bounded. Whoever does not keep up is let go and comes back by cursor.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final

import msgspec

from alerts.live.frames import cursor_of, event_frame
from domain.ids import OrderId, PersonId
from domain.incident import LiveEvent

#: Recipient of everything officers see.
CONSOLE: Final = "console"
#: How many connections one account or phone may hold; the oldest is let go for a new one.
SUBSCRIBERS_PER_PRINCIPAL_MAX: Final = 5

#: Close codes: come back later; not allowed any more; too many of you.
OVERFLOWED: Final = 1013
REVOKED: Final = 4401
SUPERSEDED: Final = 4408

Sees = Callable[[OrderId | None, PersonId | None], bool]


def sees_all(order_id: OrderId | None, person_id: PersonId | None) -> bool:
    """Return True: what a recipient's stream holds is all theirs to see."""
    del order_id, person_id
    return True


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One event on its way to the subscribers of its recipient.

    Attributes:
        text: The frame as it is sent; None for a state, which takes the connection's own cursor.
        body: The event's data as JSON text.
        ordinal: Its number; 0 for a state.
        key: What it is the state of; None for a kept event.
    """

    at: datetime
    kind: str
    body: str
    ordinal: int = 0
    text: str | None = None
    key: str | None = None
    order_id: OrderId | None = None
    person_id: PersonId | None = None


class Subscriber:
    """One connection: what waits for it, and why it is to be closed, if it is."""

    def __init__(
        self, recipient: str, principal: str, *, sees: Sees, wake: Callable[[], None], most: int
    ) -> None:
        """Begin with an empty queue of at most `most` frames."""
        self.recipient = recipient
        self.principal = principal
        self.sees = sees
        self.close_code: int | None = None
        self._waiting: deque[Frame] = deque()
        self._wake = wake
        self._most = most

    def offer(self, frame: Frame) -> None:
        """Queue a frame this subscriber may see, or give the subscriber up if it is too slow.

        Where there is no room left, a state makes way: a newer one of its sort will come. Kept
        events never make way.
        """
        if self.close_code is not None or not self.sees(frame.order_id, frame.person_id):
            return
        if len(self._waiting) >= self._most and not self._make_way():
            self.close(OVERFLOWED)
            return
        self._waiting.append(frame)
        self._wake()

    def _make_way(self) -> bool:
        for frame in self._waiting:
            if frame.key is not None:
                self._waiting.remove(frame)
                return True
        return False

    def take(self) -> list[Frame]:
        """Return what waits, oldest first, and forget it."""
        taken = list(self._waiting)
        self._waiting.clear()
        return taken

    def close(self, code: int) -> None:
        """Mark the connection to be closed; the first reason stays."""
        if self.close_code is None:
            self.close_code = code
            self._waiting.clear()
        self._wake()


class Hub:
    """All connections of this process."""

    def __init__(self, frames_max: int) -> None:
        """Let at most `frames_max` frames wait for one connection."""
        self._frames_max = frames_max
        self._subscribers: dict[str, list[Subscriber]] = {}
        self._held: dict[str, list[Subscriber]] = {}
        self._heads: dict[str, int] = {}
        self._states: dict[str, dict[str, Frame]] = {}
        self._continued = False

    def subscribe(
        self,
        recipient: str,
        principal: str,
        wake: Callable[[], None],
        sees: Sees = sees_all,
    ) -> Subscriber:
        """Return a new subscriber that is offered everything from now on.

        Args:
            recipient: Whose events: `console` or `person:{person_id}`.
            principal: Which account or phone it is, for its limit and for revocation.
            wake: Called when something waits or the connection is to be closed.
            sees: Whether this subscriber may see what belongs to an order and a person.
        """
        mine = self._held.get(principal, [])
        for oldest in mine[: max(0, len(mine) - SUBSCRIBERS_PER_PRINCIPAL_MAX + 1)]:
            self.unsubscribe(oldest)
            oldest.close(SUPERSEDED)
        subscriber = Subscriber(recipient, principal, sees=sees, wake=wake, most=self._frames_max)
        self._subscribers.setdefault(recipient, []).append(subscriber)
        self._held.setdefault(principal, []).append(subscriber)
        return subscriber

    def unsubscribe(self, subscriber: Subscriber) -> None:
        """Forget a subscriber; one that is not there is no mistake."""
        _leave(self._subscribers, subscriber.recipient, subscriber)
        _leave(self._held, subscriber.principal, subscriber)

    def count_officers(self) -> int:
        """Return how many of the open connections are officers'."""
        return len(self._subscribers.get(CONSOLE, ()))

    def publish(self, events: Iterable[LiveEvent]) -> None:
        """Offer kept events, which are already in the record, in the order of their numbers."""
        for event in events:
            assert event.ordinal > self._heads.get(event.recipient, 0)
            self._heads[event.recipient] = event.ordinal
            frame = frame_of(event)
            for subscriber in tuple(self._subscribers.get(event.recipient, ())):
                subscriber.offer(frame)

    def tell(self, state: LiveEvent, key: str) -> None:
        """Offer a state and remember it as the latest of its `key`; its number is ignored."""
        frame = Frame(
            key=key,
            at=state.at,
            kind=state.kind,
            body=state.body,
            order_id=state.order_id,
            person_id=state.person_id,
        )
        self._states.setdefault(state.recipient, {})[key] = frame
        for subscriber in tuple(self._subscribers.get(state.recipient, ())):
            subscriber.offer(frame)

    def forget(self, recipient: str, key: str) -> None:
        """Stop telling newcomers a state."""
        self._states.get(recipient, {}).pop(key, None)

    def state(self, recipient: str, key: str) -> str | None:
        """Return the data of the latest state of `key`, as JSON text."""
        frame = self._states.get(recipient, {}).get(key)
        return None if frame is None else frame.body

    def states(self, subscriber: Subscriber) -> list[Frame]:
        """Return the latest of every state this subscriber may see, as after all kept events."""
        known = self._states.get(subscriber.recipient, {})
        return [one for one in known.values() if subscriber.sees(one.order_id, one.person_id)]

    def connected(self) -> frozenset[PersonId]:
        """Return which people have a connection open."""
        return frozenset(
            PersonId(one.removeprefix("person:")) for one in self._subscribers if one != CONSOLE
        )

    def reaches(self, person_id: PersonId) -> bool:
        """Return whether the person has a connection open."""
        return f"person:{person_id}" in self._subscribers

    def continue_from(self, heads: Mapping[str, int]) -> None:
        """Take over the counts from the record: what is published next comes after them.

        Events in the record that were never published, because a life of the worker ended in
        between, would be missed by whoever is connected: they are let go and come back by cursor.
        """
        for recipient, ordinal in heads.items():
            missed = ordinal > self._heads.get(recipient, 0)
            self._heads[recipient] = max(ordinal, self._heads.get(recipient, 0))
            if missed and self._continued:
                for subscriber in tuple(self._subscribers.get(recipient, ())):
                    self.unsubscribe(subscriber)
                    subscriber.close(OVERFLOWED)
        self._continued = True

    def revoke(self, principal: str) -> int:
        """Close every connection of an account or phone; return how many there were."""
        closing = list(self._held.get(principal, ()))
        for subscriber in closing:
            self.unsubscribe(subscriber)
            subscriber.close(REVOKED)
        return len(closing)

    def count(self) -> int:
        """Return how many connections are open."""
        return sum(map(len, self._subscribers.values()))


def _leave(groups: dict[str, list[Subscriber]], name: str, subscriber: Subscriber) -> None:
    """Take a subscriber out of a group, and an empty group away."""
    group = groups.get(name, [])
    if subscriber in group:
        group.remove(subscriber)
    if not group:
        groups.pop(name, None)


def frame_of(event: LiveEvent) -> Frame:
    """Return a kept event as a frame."""
    cursor = cursor_of(event.recipient, event.ordinal)
    return Frame(
        text=event_frame(cursor, event.at, event.kind, event.body),
        at=event.at,
        kind=event.kind,
        body=event.body,
        ordinal=event.ordinal,
        order_id=event.order_id,
        person_id=event.person_id,
    )


def state_event(
    recipient: str, at: datetime, kind: str, body: str, person_id: PersonId | None = None
) -> LiveEvent:
    """Return a state for `Hub.tell`: an event without a number."""
    return LiveEvent(
        recipient=recipient, ordinal=0, at=at, kind=kind, body=body, person_id=person_id
    )
