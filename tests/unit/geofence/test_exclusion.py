"""The zone machines: inside, near, crossed, left."""

from datetime import time
from itertools import product

from domain.order import ExclusionZone, InclusionZone, Weekday, Window
from domain.transition import Level
from geofence.engine import Engine
from geofence.exclusion import TRANSITIONS, Finding
from tests.unit.geofence.scenes import (
    PHONE,
    TAG,
    ZONE,
    a_disc,
    a_fix,
    a_tick,
    a_zone,
    an_order,
    instant,
    levels,
    of,
    register,
    run,
)

LEVELS = (Level.CLEAR, Level.WARNING, Level.BREACH, Level.UNKNOWN)


def seen(zone: ExclusionZone | InclusionZone, *places: tuple[float, float, float]) -> list[Level]:
    """Return the levels a zone went through as the tag reported (seconds, east, north)."""
    fixes = [a_fix(TAG, seconds, east, north) for seconds, east, north in places]
    return [row.after for row in of(run(Engine(), [*register(an_order(zone)), *fixes]), ZONE)]


def test_table_is_total() -> None:
    """Every level a zone can have answers every finding."""
    assert set(product(LEVELS, Finding)) == set(TRANSITIONS)


def test_outside_near_inside() -> None:
    """Far is clear, within the buffer is a warning, inside is a breach."""
    assert [Level.CLEAR, Level.WARNING, Level.BREACH] == seen(
        a_zone(), (0, 900, 200), (60, 480, 200), (120, 200, 200)
    )


def test_already_inside_when_the_order_is_made() -> None:
    """An order is judged against the last known place at once, before any new fix."""
    engine = Engine()
    run(engine, [*register(), a_fix(TAG, 0, 200, 200)])
    change = register(an_order(a_zone()), at_s=30)[-1]
    rows = run(engine, [change])
    assert [(None, Level.BREACH)] == levels(of(rows, ZONE))
    assert instant(30) == rows[0].at


def test_a_zone_entered_while_she_is_known_to_be_elsewhere() -> None:
    """Only a fresh place of hers, clear of the zone and its buffer, says that she is not there."""
    told: list[bool] = []
    inside, far, in_buffer = (
        [a_fix(PHONE, 0, 200, 200)],
        [a_fix(PHONE, 0, 5_000)],
        [a_fix(PHONE, 0, 490)],
    )
    for hers in ([], inside, far, in_buffer):
        facts = [*register(an_order(a_zone())), *hers, a_fix(TAG, 1, 200, 200)]
        told += [row.elsewhere for row in run(Engine(), facts) if row.after is Level.BREACH]
    assert [False, False, True, False] == told


def test_crossing_between_two_fixes() -> None:
    """Two fixes on either side of a zone mean a way through it, dated by interpolation."""
    facts = [*register(an_order(a_zone())), a_fix(TAG, 0, -400, 200), a_fix(TAG, 60, 800, 200)]
    rows = of(run(Engine(), facts), ZONE)
    assert [(None, Level.CLEAR), (Level.CLEAR, Level.BREACH)] == levels(rows)
    assert "crossed" == rows[-1].reason
    assert 20 == round((rows[-1].since - instant(0)).total_seconds())


def test_a_leap_nobody_could_make_is_no_crossing() -> None:
    """Between places no one could have travelled between there is no way to judge."""
    assert [Level.CLEAR] == seen(a_zone(), (0, -20_000, 200), (60, 20_000, 200))


def test_leaving_a_zone_takes_margin_fixes_and_time() -> None:
    """Out of the area is a warning, out of the buffer is clear, each only after 120 s."""
    out = [(60.0 + 60 * n, 460.0, 200.0) for n in range(3)]
    away = [(240.0 + 60 * n, 900.0, 200.0) for n in range(3)]
    assert [Level.BREACH, Level.CLEAR] == seen(a_zone(), (0, 200, 200), *out, *away)


def test_a_circle_is_measured_from_its_centre() -> None:
    """A circular zone is entered at its radius, and its border is inside."""
    zone = a_zone(area=a_disc(0, 0, 300), buffer_m=100.0)
    assert [Level.CLEAR, Level.WARNING, Level.BREACH] == seen(
        zone, (0, 900, 0), (60, 400, 0), (120, 310, 0)
    )


def test_inclusion_zone_is_breached_outside() -> None:
    """Inside is clear, outside beyond doubt is a breach."""
    zone = InclusionZone(condition_id=ZONE, area=a_disc(0, 0, 100))
    assert [Level.CLEAR, Level.BREACH] == seen(zone, (0, 10, 0), (60, 400, 0))


def test_silence_makes_a_zone_unknown() -> None:
    """A tag lost outside a zone that it could have reached unseen is unknown."""
    facts = [*register(an_order(a_zone())), a_fix(TAG, 0, 1500, 200), a_tick(600)]
    rows = of(run(Engine(), facts), ZONE)
    assert [(None, Level.CLEAR), (Level.CLEAR, Level.UNKNOWN)] == levels(rows)


def test_a_zone_crossed_just_after_it_began_to_hold_was_crossed() -> None:
    """The part of his way on which the schedule held counts, though he set out before."""
    hours = (Window(days=tuple(Weekday), since=time(12, 5), until=time(13)),)
    zone = a_zone(schedule=hours)
    assert [Level.CLEAR, Level.BREACH] == seen(zone, (290, -500, 200), (350, 1000, 200))


def test_a_zone_crossed_before_it_began_to_hold_was_not_crossed() -> None:
    """What he did before the schedule held is not held against him."""
    hours = (Window(days=tuple(Weekday), since=time(12, 5), until=time(13)),)
    zone = a_zone(schedule=hours)
    assert [Level.CLEAR] == seen(zone, (240, -600, 200), (310, 1500, 200))
