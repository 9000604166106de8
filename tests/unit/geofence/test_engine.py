"""The engine as a whole: deadlines, restarts, orders that end."""

import pytest

from domain.ids import OrderId
from domain.reading import EventType
from domain.transition import Fact, Level, OrderChanged, Transition
from geofence import conditions
from geofence.engine import Engine
from geofence.rows import Cause
from geofence.state import ConditionState
from geofence.watchlist import Watchlist
from tests.unit.geofence.scenes import (
    ORDER,
    PAIR,
    PHONE,
    TAG,
    a_fix,
    a_pair,
    a_tick,
    a_zone,
    an_event,
    an_order,
    instant,
    levels,
    of,
    register,
    run,
)


def a_story() -> list[Fact]:
    """Return an approach, a silence and a strap cut."""
    facts = register(an_order(a_pair(), a_zone()))
    for minute in range(20):
        facts.append(a_fix(TAG, 60 * minute, 4000 - 200 * minute))
        facts.append(a_fix(PHONE, 60 * minute + 20, 0))
    facts.append(an_event(TAG, 1230, EventType.STRAP_TAMPER))
    facts.append(a_fix(PHONE, 1260, 0))
    facts.append(a_tick(1800))
    return facts


def test_the_tick_grid_does_not_matter() -> None:
    """Asking the clock every second or never gives the same transitions."""
    dense: list[Fact] = [a_tick(second) for second in range(1801)]
    both = sorted([*a_story(), *dense], key=lambda fact: fact.received_at)
    assert run(Engine(), a_story()) == run(Engine(), both)


def test_the_same_facts_give_the_same_bytes_of_state() -> None:
    """Two engines told the same are the same."""
    one, two = Engine(), Engine()
    run(one, a_story())
    run(two, a_story())
    assert one.changed() == two.changed()


def test_a_restart_at_any_point_changes_nothing() -> None:
    """An engine restored from what it had written goes on exactly as it would have."""
    story = a_story()
    whole = run(Engine(), story)
    for cut in range(len(story)):
        engine = Engine()
        rows = run(engine, story[:cut])
        rows += run(Engine.restore(engine.changed()), story[cut:])
        assert whole == rows


def test_an_order_that_ends_lets_go() -> None:
    """When an order ends, what stood under it is clear, and says why."""
    order = an_order(valid_until=instant(100))
    facts = [*register(order), a_fix(PHONE, 0, 0), a_fix(TAG, 1, 500), a_tick(200)]
    rows = of(run(Engine(), facts), PAIR)
    assert [(None, Level.BREACH), (Level.BREACH, Level.CLEAR)] == levels(rows)
    assert "order_ended" == rows[-1].reason
    assert instant(100) == rows[-1].at


def test_an_order_that_begins_is_judged_at_its_first_instant() -> None:
    """Whoever is too near when an order begins is in breach at that instant."""
    order = an_order(valid_from=instant(50))
    facts = [*register(order), a_fix(PHONE, 0, 0), a_fix(TAG, 1, 500), a_tick(60)]
    rows = of(run(Engine(), facts), PAIR)
    assert [(instant(50), Level.BREACH)] == [(row.at, row.after) for row in rows]


def test_an_edited_order_is_judged_at_once() -> None:
    """A wider distance is in force with the edit, not with the next fix."""
    engine = Engine()
    run(engine, [*register(an_order()), a_fix(PHONE, 0, 0), a_fix(TAG, 1, 3000)])
    wider = an_order(a_pair(alert_m=4000.0, warning_m=8000.0), revision=2)
    rows = engine.step(OrderChanged(change_id=9, received_at=instant(30), order=wider), instant(30))
    assert [(Level.CLEAR, Level.BREACH)] == levels(rows)


def test_a_condition_that_cannot_be_judged_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a fix or the clock asks, a fault in one condition leaves all others watched."""
    whole = conditions.judge

    def brittle(
        watchlist: Watchlist, state: ConditionState, cause: Cause
    ) -> tuple[ConditionState, Transition | None]:
        if state.order_id == "bad" and state.level is not None:
            raise ArithmeticError
        return whole(watchlist, state, cause)

    monkeypatch.setattr(conditions, "judge", brittle)
    bad = an_order(order_id=OrderId("bad"), valid_until=instant(30))
    engine = Engine()
    facts = [*register(bad, an_order()), a_fix(PHONE, 1, 0), a_fix(TAG, 2, 5000), a_tick(40)]
    rows = run(engine, [*facts, a_fix(TAG, 42, 100)])
    assert Level.CONTACT is [row for row in rows if row.order_id == ORDER][-1].after
    assert {("bad", PAIR)} == {watch for watch, _ in engine.faults()}
