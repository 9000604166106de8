"""Queues are bounded, states are told by their latest, cursors belong to one recipient."""

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from alerts.live.frames import cursor_of, ordinal_of, parse
from alerts.live.hub import CONSOLE, Hub, Subscriber, state_event
from domain.ids import OrderId, PersonId
from domain.incident import LiveEvent
from tests.unit.alerts.builders import HER, ORDER, at


def an_event(ordinal: int, recipient: str = CONSOLE, order_id: OrderId = ORDER) -> LiveEvent:
    """Return a kept event."""
    return LiveEvent(
        recipient=recipient,
        ordinal=ordinal,
        at=at(ordinal),
        kind="incident.changed",
        body="{}",
        order_id=order_id,
    )


def _nothing() -> None:
    """Wake nobody."""


def _subscribe(hub: Hub, principal: str = "account:1", recipient: str = CONSOLE) -> Subscriber:
    return hub.subscribe(recipient, principal, _nothing)


def test_events_come_in_order_to_their_recipient_alone() -> None:
    """Whoever subscribed gets every event of that recipient, in order, and no other's."""
    hub = Hub(10)
    console = _subscribe(hub)
    her = _subscribe(hub, "phone", f"person:{HER}")

    hub.publish([an_event(1), an_event(1, f"person:{HER}"), an_event(2)])

    assert [1, 2] == [frame.ordinal for frame in console.take()]
    assert [1] == [frame.ordinal for frame in her.take()]


def test_whoever_does_not_keep_up_is_let_go() -> None:
    """A full queue closes its own connection with 1013 and nobody else's."""
    hub = Hub(3)
    slow, quick = _subscribe(hub, "slow"), _subscribe(hub, "quick")
    for number in range(1, 5):
        hub.publish([an_event(number)])
        quick.take()

    assert (1013, None) == (slow.close_code, quick.close_code)
    assert [] == slow.take()


def test_a_flood_of_positions_costs_no_alert() -> None:
    """When a queue is full, states make way for one another and for kept events."""
    hub = Hub(3)
    console = _subscribe(hub)
    hub.publish([an_event(1)])
    for seconds in range(5):
        hub.tell(state_event(CONSOLE, at(seconds), "position", "{}"), f"tag-{seconds}")
    hub.publish([an_event(2)])

    assert None is console.close_code
    assert [1, 0, 2] == [frame.ordinal for frame in console.take()]


def test_states_are_told_by_their_latest() -> None:
    """A newcomer is told the latest of each state and none of those before it."""
    hub = Hub(10)
    for seconds, key in ((1, "tag-1"), (2, "tag-1"), (3, "tag-2")):
        hub.tell(state_event(CONSOLE, at(seconds), "position", f'{{"n":{seconds}}}'), key)

    newcomer = _subscribe(hub)

    assert [at(2), at(3)] == [frame.at for frame in hub.states(newcomer)]
    hub.forget(CONSOLE, "tag-2")
    assert [at(2)] == [frame.at for frame in hub.states(newcomer)]


def test_an_officer_is_offered_own_cases_only() -> None:
    """What a subscriber may not see never waits for them."""
    hub = Hub(10)
    officer = hub.subscribe(CONSOLE, "officer", _nothing, lambda order, _person: order == ORDER)

    hub.publish([an_event(1), an_event(2, order_id=OrderId("order-2"))])

    assert [1] == [frame.ordinal for frame in officer.take()]


def test_five_connections_a_principal() -> None:
    """A sixth connection closes the first, of the same principal alone."""
    hub = Hub(10)
    other = _subscribe(hub, "account:2")
    mine = [_subscribe(hub) for _ in range(6)]

    assert [4408, None, None, None, None, None] == [one.close_code for one in mine]
    assert None is other.close_code
    assert 6 == hub.count()


def test_revocation_closes_all_of_them() -> None:
    """Whoever may not look any more loses every connection."""
    hub = Hub(10)
    mine, other = _subscribe(hub), _subscribe(hub, "account:2")

    assert 1 == hub.revoke("account:1")
    assert (4401, None) == (mine.close_code, other.close_code)


def test_what_was_never_published_is_fetched_by_cursor() -> None:
    """Events written by a life that died before publishing make its listeners come back."""
    hub = Hub(10)
    hub.continue_from({CONSOLE: 4})
    console, her = _subscribe(hub), _subscribe(hub, "phone", f"person:{HER}")

    hub.continue_from({CONSOLE: 5, f"person:{HER}": 0})

    assert (1013, None) == (console.close_code, her.close_code)


def test_connected_people_are_known() -> None:
    """Who has a connection open is known until it closes."""
    hub = Hub(10)
    her = _subscribe(hub, "phone", f"person:{HER}")
    _subscribe(hub)

    assert frozenset({PersonId(HER)}) == hub.connected()
    hub.unsubscribe(her)
    hub.unsubscribe(her)
    assert frozenset() == hub.connected()


@given(st.integers(0, 2**48), st.text(max_size=20))
def test_cursors_round_trip_for_their_recipient(ordinal: int, recipient: str) -> None:
    """A cursor gives its number back to its recipient, and to nobody else."""
    cursor = cursor_of(recipient, ordinal)

    assert ordinal == ordinal_of(recipient, cursor)
    assert None is ordinal_of(f"{recipient}x", cursor)


@given(st.text(max_size=40))
def test_no_text_breaks_a_cursor_or_a_frame(text: str) -> None:
    """Whatever a client sends is read, ignored, or refused with a word."""
    assert ordinal_of(CONSOLE, text) is None
    with suppress(ValueError):
        assert parse(text) is None
