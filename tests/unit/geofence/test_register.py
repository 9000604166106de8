"""What the register changes under the engine: devices, corridors, schedules, orders."""

from datetime import UTC, datetime, time

import msgspec

from domain.ids import DeviceId, PersonId
from domain.order import Corridor, Line, Weekday, Window
from domain.reading import EventType
from domain.transition import DeviceChanged, Fact, Level, OrderChanged, Subject
from geofence.engine import Engine
from tests.unit.geofence.scenes import (
    PAIR,
    PHONE,
    TAG,
    ZONE,
    a_device,
    a_fix,
    a_tick,
    a_zone,
    an_event,
    an_order,
    instant,
    levels,
    of,
    place,
    register,
    run,
)

SPARE = DeviceId("spare")


def device_changed(change_id: int, seconds: float, **changes: object) -> DeviceChanged:
    """Return the tag as it is registered from then on."""
    device = msgspec.structs.replace(a_device(TAG), **changes)
    return DeviceChanged(change_id=change_id, received_at=instant(seconds), device=device)


def test_a_device_in_other_hands_has_no_past() -> None:
    """Where a tag was on somebody else's ankle says nothing of its new carrier."""
    engine = Engine()
    run(engine, [*register(an_order()), a_fix(PHONE, 0, 0), a_fix(TAG, 1, 500)])
    other = PersonId("somebody else")
    rows = of(run(engine, [device_changed(9, 30, person_id=other)]), PAIR)
    assert [] == rows
    rows = of(run(engine, [a_fix(PHONE, 60, 0), a_tick(200)]), PAIR)
    assert [] == rows  # A breach holds while nothing is known.


def test_a_revoked_device_is_not_silent() -> None:
    """Taking a silent tag out of service ends its silence, with a reason."""
    engine = Engine()
    run(engine, [*register(an_order()), a_fix(TAG, 0, 60_000), a_tick(120)])
    rows = run(engine, [device_changed(9, 130, revoked_at=instant(130))])
    silent = [row for row in rows if row.subject is Subject.CONTACT_LOSS]
    assert [(Level.UNKNOWN, Level.CLEAR)] == levels(silent)
    assert "device_withdrawn" == silent[0].reason


def test_a_device_the_register_never_spoke_of_still_counts() -> None:
    """A fix of a tag that is not registered yet is decided all the same."""
    facts: list[Fact] = [
        OrderChanged(change_id=1, received_at=instant(-1), order=an_order()),
        a_fix(PHONE, 0, 0),
        a_fix(TAG, 1, 500),
    ]
    assert [(None, Level.BREACH)] == levels(of(run(Engine(), facts), PAIR))


def test_any_of_his_devices_raises_and_all_must_clear() -> None:
    """A second tag near her is a breach; the first one's distance does not end it."""
    spare = a_device(SPARE)
    facts = register(an_order())
    facts.append(DeviceChanged(change_id=9, received_at=instant(-1), device=spare))
    facts += [a_fix(PHONE, 0, 0), a_fix(TAG, 1, 5000), a_fix(SPARE, 2, 500)]
    for minute in range(1, 6):
        facts += [a_fix(PHONE, 60 * minute, 0), a_fix(TAG, 60 * minute + 1, 5000)]
        facts.append(a_fix(SPARE, 60 * minute + 2, 500))
    rows = of(run(Engine(), facts), PAIR)
    assert [(None, Level.CLEAR), (Level.CLEAR, Level.BREACH)] == levels(rows)


def test_a_spare_that_fell_silent_does_not_hold_a_breach_for_ever() -> None:
    """Once a tag left behind is stale, the one that reports speaks alone."""
    facts = register(an_order())
    facts.append(DeviceChanged(change_id=9, received_at=instant(-1), device=a_device(SPARE)))
    facts += [a_fix(PHONE, 0, 0), a_fix(TAG, 1, 500), a_fix(SPARE, 2, 500)]
    for minute in range(1, 8):
        facts += [a_fix(PHONE, 60 * minute, 0), a_fix(TAG, 60 * minute + 1, 500 + 700 * minute)]
    rows = of(run(Engine(), facts), PAIR)
    assert Level.CLEAR is rows[-1].after


def test_a_corridor_excuses_while_it_is_open() -> None:
    """Inside a zone but in its open corridor is no breach; when it closes, it is."""
    window = Window(days=(Weekday.MON,), since=time(11), until=time(12, 10))
    corridor = Corridor(
        line=Line(positions=(place(-500, 200), place(900, 200))), width_m=60.0, window=window
    )
    facts: list[Fact] = [*register(an_order(a_zone(corridors=(corridor,))))]
    facts += [a_fix(TAG, 0, -900, 200), a_fix(TAG, 60, 100, 215)]
    facts += [a_fix(TAG, 60 * minute, 200, 210) for minute in range(2, 10)]
    rows = of(run(Engine(), [*facts, a_tick(610)]), ZONE)
    assert [(None, Level.CLEAR), (Level.CLEAR, Level.BREACH)] == levels(rows)
    assert instant(600) == rows[-1].at


def test_a_zone_holds_in_its_hours_only() -> None:
    """Inside a zone before its hours is nothing; at their first instant it is a breach."""
    hours = (Window(days=(Weekday.MON,), since=time(12, 5), until=time(12, 15)),)
    facts: list[Fact] = [*register(an_order(a_zone(schedule=hours)))]
    facts += [a_fix(TAG, 60 * minute, 200, 200) for minute in range(20)]
    rows = of(run(Engine(), facts), ZONE)
    assert [(None, Level.BREACH), (Level.BREACH, Level.CLEAR)] == levels(rows)
    assert [instant(300), instant(900)] == [row.at for row in rows]


def test_trouble_before_an_order_is_said_when_it_begins() -> None:
    """A strap cut before the order began is said under it, at its first instant."""
    order = an_order(valid_from=instant(100))
    facts = [*register(order), an_event(TAG, 5, EventType.STRAP_TAMPER), a_tick(100)]
    rows = [row for row in run(Engine(), facts) if row.subject is Subject.TAMPER]
    assert [(instant(100), instant(5))] == [(row.at, row.since) for row in rows]


def test_a_removed_condition_lets_go() -> None:
    """A condition that an edit took out of its order is clear, and says why."""
    engine = Engine()
    run(engine, [*register(an_order()), a_fix(PHONE, 0, 0), a_fix(TAG, 1, 500)])
    edited = an_order(a_zone(), revision=2)
    change = OrderChanged(change_id=9, received_at=instant(30), order=edited)
    rows = of(engine.step(change, instant(30)), PAIR)
    assert [(Level.BREACH, Level.CLEAR)] == levels(rows)
    assert "condition_removed" == rows[0].reason


def test_summer_time_moves_a_schedule_with_the_wall_clock() -> None:
    """A zone of eight to nine in London begins at seven by UTC in July."""
    hours = (Window(days=(Weekday.MON,), since=time(8), until=time(9)),)
    start = datetime(2026, 7, 6, 6, 59, tzinfo=UTC)
    order = an_order(
        a_zone(schedule=hours),
        valid_from=datetime(2026, 7, 1, tzinfo=UTC),
        valid_until=datetime(2026, 8, 1, tzinfo=UTC),
    )
    shift = (start - instant(0)).total_seconds()
    facts = [*register(order, at_s=shift), a_fix(TAG, shift + 1, 200, 200)]
    facts += [a_tick(shift + 120)]
    rows = of(run(Engine(), facts), ZONE)
    assert [datetime(2026, 7, 6, 7, tzinfo=UTC)] == [row.at for row in rows]
