"""The pair machine: its table, its rings, and what it takes to leave them."""

from itertools import product

from domain.reading import FixState
from domain.transition import SEVERITY, Level
from geofence.engine import Engine
from geofence.proximity import TRANSITIONS, Finding, ring
from tests.unit.geofence.scenes import (
    PAIR,
    PHONE,
    TAG,
    a_fix,
    a_pair,
    a_tick,
    an_order,
    instant,
    levels,
    of,
    register,
    run,
)

RAISING = {
    Finding.WITHIN_WARNING: Level.WARNING,
    Finding.WITHIN_ALERT: Level.BREACH,
    Finding.WITHIN_CONTACT: Level.CONTACT,
}


def test_table_is_total() -> None:
    """Every level answers every finding: nothing can leave a pair undecided."""
    assert set(product(Level, Finding)) == set(TRANSITIONS)


def test_raising_findings_never_lower_a_level() -> None:
    """A finding within a ring leads to that ring's level, or leaves a worse one standing."""
    for (level, finding), after in TRANSITIONS.items():
        if finding in RAISING:
            floor = RAISING[finding]
            expected = level if SEVERITY.get(level, -1) > SEVERITY[floor] else floor
            assert expected == after


def test_silence_never_lowers_breach_or_contact() -> None:
    """Breach and contact hold through silence; clear and warning become unknown."""
    assert TRANSITIONS[Level.BREACH, Finding.LOST] is Level.BREACH
    assert TRANSITIONS[Level.CONTACT, Finding.LOST] is Level.CONTACT
    assert TRANSITIONS[Level.CLEAR, Finding.LOST] is Level.UNKNOWN
    assert TRANSITIONS[Level.WARNING, Finding.LOST] is Level.UNKNOWN


def test_zero_is_contact() -> None:
    """No distance at all is the nearest distance there is."""
    assert ring(0.0, a_pair()) is Finding.WITHIN_CONTACT


def test_each_ring_holds_its_border() -> None:
    """A distance equal to a ring's own is within it."""
    pair = a_pair()
    assert ring(300.0, pair) is Finding.WITHIN_CONTACT
    assert ring(300.01, pair) is Finding.WITHIN_ALERT
    assert ring(1000.0, pair) is Finding.WITHIN_ALERT
    assert ring(1000.01, pair) is Finding.WITHIN_WARNING
    assert ring(2000.0, pair) is Finding.WITHIN_WARNING
    assert ring(2000.01, pair) is Finding.OUTSIDE


def test_same_place_is_contact() -> None:
    """Two devices in one place are in contact, from the first pair of fixes."""
    rows = run(Engine(), [*register(an_order()), a_fix(TAG, 0, 0), a_fix(PHONE, 1, 0)])
    assert [(None, Level.CONTACT)] == levels(of(rows, PAIR))
    assert 0.0 == rows[-1].central_m
    assert 0.0 == rows[-1].nearest_m


def test_first_row_of_a_condition_has_no_before() -> None:
    """The first evaluation is a row of its own, even when all is clear."""
    rows = run(Engine(), [*register(an_order()), a_fix(TAG, 0, 9000), a_fix(PHONE, 1, 0)])
    assert [(None, Level.CLEAR)] == levels(of(rows, PAIR))


def test_leaving_takes_three_fixes_and_two_minutes_beyond_the_margin() -> None:
    """A breach ends with the third good fix beyond its margin, 120 s after the first."""
    facts = [*register(an_order()), a_fix(PHONE, 0, 0), a_fix(TAG, 1, 900)]
    facts += [a_fix(TAG, 61, 1600), a_fix(PHONE, 62, 0), a_fix(TAG, 121, 1600)]
    facts += [a_fix(PHONE, 122, 0), a_fix(TAG, 181, 1600)]
    rows = of(run(Engine(), facts), PAIR)
    assert [(None, Level.BREACH), (Level.BREACH, Level.WARNING)] == levels(rows)
    assert instant(181) == rows[-1].at
    assert instant(61) == rows[-1].since


def test_a_fix_back_inside_starts_the_count_again() -> None:
    """Good fixes must be in a row: one within the margin breaks the streak."""
    facts = [*register(an_order()), a_fix(PHONE, 0, 0), a_fix(TAG, 1, 900)]
    metres = [1600, 1600, 1120, 1600, 1600]
    for n, east in enumerate(metres):
        facts += [a_fix(TAG, 61 + 60 * n, east), a_fix(PHONE, 62 + 60 * n, 0)]
    assert [(None, Level.BREACH)] == levels(of(run(Engine(), facts), PAIR))


def test_a_suspect_fix_raises_and_never_clears() -> None:
    """A held fix may raise a level; held fixes far away do not end it."""
    facts = [*register(an_order()), a_fix(PHONE, 0, 0), a_fix(TAG, 1, 5000)]
    facts += [a_fix(TAG, 31, 500, state=FixState.HELD)]
    facts += [a_fix(TAG, 61 + 60 * n, 9000, state=FixState.HELD) for n in range(6)]
    rows = of(run(Engine(), facts), PAIR)
    assert [(None, Level.CLEAR), (Level.CLEAR, Level.BREACH)] == levels(rows)
    assert "suspect_fix" == rows[-1].reason


def test_late_fixes_decide_nothing() -> None:
    """A fix that ingest called late moves no level, however near it lies."""
    facts = [*register(an_order()), a_fix(PHONE, 0, 0), a_fix(TAG, 20, 5000)]
    facts += [a_fix(TAG, 15, 0, state=FixState.LATE, delay_s=10)]
    assert [(None, Level.CLEAR)] == levels(of(run(Engine(), facts), PAIR))


def test_silence_makes_a_near_clear_unknown_and_leaves_a_breach_alone() -> None:
    """What could have come within alert_m unseen is unknown; a breach stays a breach."""
    far = [*register(an_order()), a_fix(PHONE, 0, 0), a_fix(TAG, 1, 3000), a_tick(600)]
    near = [*register(an_order()), a_fix(PHONE, 0, 0), a_fix(TAG, 1, 900), a_tick(600)]
    assert [(None, Level.CLEAR), (Level.CLEAR, Level.UNKNOWN)] == levels(
        of(run(Engine(), far), PAIR)
    )
    assert [(None, Level.BREACH)] == levels(of(run(Engine(), near), PAIR))


def test_two_who_met_between_reports_met() -> None:
    """A drive past her between two reports is a contact, dated by interpolation."""
    facts = [*register(an_order()), a_fix(PHONE, 0, 0), a_fix(TAG, 1, -3000)]
    facts += [a_fix(PHONE, 58, 0), a_fix(TAG, 121, 3000)]
    rows = of(run(Engine(), facts), PAIR)
    assert Level.CONTACT is rows[-1].after
    assert "between_fixes" == rows[-1].reason
    assert 50 < (rows[-1].since - instant(0)).total_seconds() < 61


def test_no_position_at_all_is_said_after_a_decent_wait() -> None:
    """With nothing to measure by, the first row is unknown, once each device had its chance."""
    rows = of(run(Engine(), [*register(an_order()), a_tick(300)]), PAIR)
    assert [(None, Level.UNKNOWN)] == levels(rows)
    assert "no_position" == rows[0].reason
    assert instant(89) == rows[0].at


def test_fixes_before_a_breach_do_not_help_to_leave_it() -> None:
    """A breach that the clock foresaw is left by fixes made after it, not by those before."""
    east = [3000, 2700, 2400, 2100, 1800, 1800, 1800, 1800, 1800]
    facts = register(an_order())
    for minute, metres in enumerate(east):
        facts.append(a_fix(PHONE, 60 * minute, 0))
        speed = 15.0 if minute == 4 else 0.0
        facts.append(a_fix(TAG, 60 * minute + 1, metres, speed_mps=speed, course_deg=270.0))
    rows = of(run(Engine(), facts), PAIR)
    breach = next(row for row in rows if row.after is Level.BREACH)
    assert "closing_in" == breach.reason
    assert 120 <= (rows[-1].at - breach.at).total_seconds()
    assert (Level.BREACH, Level.WARNING) == levels(rows)[-1]


def test_a_meeting_counts_however_often_the_tag_reports() -> None:
    """He reports every second and passes her on her way between two reports: that is contact."""
    pair = a_pair(alert_m=100.0, warning_m=200.0, contact_m=30.0)
    facts = [*register(an_order(pair)), a_fix(PHONE, 0, 0)]
    facts += [a_fix(TAG, second, 250 + 25 * abs(second - 30)) for second in range(61)]
    rows = of(run(Engine(), [*facts, a_fix(PHONE, 61, 500)]), PAIR)
    assert Level.CONTACT is rows[-1].after
    assert "between_fixes" == rows[-1].reason
