"""The oracle: an ending that was promised and did not come is said in a plain sentence."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from simulator.expectations import (
    Happening,
    Verdict,
    Window,
    happening_of_alert,
    happening_of_event,
    judge,
    unmet,
    windows_of,
)
from simulator.scenario import Expectation, named
from simulator.story import StoryClock

START_AT = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
LINE_AT = START_AT + timedelta(seconds=100)
PAGED = Expectation(
    says="Officers are paged.",
    at_least="breach",
    priority="P1",
    moment="line",
    between_s=(-60.0, 30.0),
)


def window(expected: Expectation) -> Window:
    """Return the window of an expectation about the line."""
    after_s, until_s = expected.between_s
    return Window(
        moment_at=LINE_AT,
        begin_at=LINE_AT + timedelta(seconds=after_s),
        until_at=LINE_AT + timedelta(seconds=until_s),
    )


def at(offset_s: float, level: str, priority: str | None = None, **fields: Any) -> Happening:
    """Return what the system said, `offset_s` seconds after the line was crossed."""
    return Happening(
        at=LINE_AT + timedelta(seconds=offset_s),
        kind="proximity",
        level=level,
        priority=priority,
        **fields,
    )


def verdict(expected: Expectation, *happenings: Happening, now_s: float = 45.0) -> Verdict:
    """Return how an expectation stands while the story still runs."""
    now = LINE_AT + timedelta(seconds=now_s)
    return judge(expected, window(expected), happenings, now=now, final=False).verdict


def test_what_comes_in_time_is_met() -> None:
    """A breach in the window is met, and so is the worse level."""
    assert verdict(PAGED, at(10.0, "breach", "P1")) is Verdict.MET
    assert verdict(PAGED, at(-20.0, "contact", "P1")) is Verdict.MET


def test_what_may_still_come_is_open() -> None:
    """Before the window closes nothing is missed."""
    assert verdict(PAGED, now_s=29.0) is Verdict.OPEN


@pytest.mark.parametrize(
    "said",
    [
        at(10.0, "warning", "P2"),
        at(10.0, "breach", "P2"),
        at(10.0, "unknown", "P1"),
        at(31.0, "breach", "P1"),
        at(-61.0, "breach", "P1"),
        at(10.0, "breach", "P1", on="her_screen"),
    ],
)
def test_too_little_too_late_or_elsewhere_is_missed(said: Happening) -> None:
    """A lower level, a lower priority, another instant or another screen does not count."""
    assert verdict(PAGED, said) is Verdict.MISSED


def test_a_miss_says_what_was_expected_and_what_came() -> None:
    """The sentence names priority, allowance, moment, and how long nothing came."""
    now = LINE_AT + timedelta(seconds=45)
    missed = judge(PAGED, window(PAGED), [], now=now, final=False)

    assert missed.text == (
        "Officers are paged. Expected P1 proximity breach or worse within 30 s of crossing the "
        "line, got none after 45 s."
    )


def test_what_comes_late_is_told_with_its_lateness() -> None:
    """A breach after the allowance is missed, and the sentence says how late it was."""
    now = LINE_AT + timedelta(seconds=45)
    missed = judge(PAGED, window(PAGED), [at(40.0, "breach", "P1")], now=now, final=False)

    assert missed.text.endswith("got it 40 s after crossing the line.")


def test_what_must_never_happen_is_judged_at_the_end() -> None:
    """A forbidden level is missed at once when it comes, and met only when all is over."""
    never = Expectation(says="No breach.", never="breach", between_s=(-60.0, 600.0))

    assert verdict(never, at(0.0, "warning")) is Verdict.OPEN
    assert verdict(never, at(0.0, "contact")) is Verdict.MISSED
    assert verdict(never, at(0.0, "unknown"), now_s=601.0) is Verdict.MET


def test_unknown_and_any_can_be_forbidden() -> None:
    """`unknown` forbids only that, `any` everything but `clear`."""
    unknown = Expectation(says="Known.", never="unknown")
    nothing = Expectation(says="Quiet.", never="any")

    assert verdict(unknown, at(0.0, "contact")) is Verdict.OPEN
    assert verdict(unknown, at(0.0, "unknown")) is Verdict.MISSED
    assert verdict(nothing, at(0.0, "clear")) is Verdict.OPEN
    assert verdict(nothing, at(0.0, "warning")) is Verdict.MISSED


def test_one_alarm_may_worsen_and_hold_through_silence() -> None:
    """Breach, contact, unknown, breach is one alarm; a second rise from warning is another."""
    once = Expectation(says="Once.", at_least="breach", at_most=1)
    levels = ["warning", "breach", "contact", "unknown", "breach"]
    first = [at(float(index), level) for index, level in enumerate(levels)]

    assert verdict(once, *first) is Verdict.OPEN
    assert verdict(once, *first, at(6.0, "warning"), at(7.0, "breach")) is Verdict.MISSED


def test_easing_is_coming_down_and_not_beginning_there() -> None:
    """A first warning is no easing; a warning after a breach is, and so is what is less."""
    eases = Expectation(says="Eases.", eases_to="warning", between_s=(-60.0, 30.0))

    assert verdict(eases, at(-50.0, "warning"), at(0.0, "breach")) is Verdict.MISSED
    assert verdict(eases, at(-50.0, "breach"), at(0.0, "warning")) is Verdict.MET
    silent = (at(-50.0, "breach"), at(-40.0, "unknown"), at(0.0, "clear"))
    assert verdict(eases, *silent) is Verdict.MET
    other = (at(-50.0, "breach", subject="one"), at(0.0, "warning", subject="other"))
    assert verdict(eases, *other) is Verdict.MISSED


def test_a_moment_that_never_came_is_a_miss() -> None:
    """A story that does not reach its own moment proves nothing and says so."""
    never = Window(moment_at=None, begin_at=START_AT, until_at=START_AT)
    judged = judge(PAGED, never, [at(0.0, "breach", "P1")], now=LINE_AT, final=True)

    assert judged.verdict is Verdict.MISSED
    assert "never came to crossing the line" in judged.text


def row(at_s: float, kind: str, after: str, priority: str | None) -> dict[str, Any]:
    """Return a row of a replay."""
    return {
        "at": (START_AT + timedelta(seconds=at_s)).isoformat(),
        "kind": kind,
        "after": after,
        "priority": priority,
        "order_id": "order-1",
        "condition_id": None,
    }


def test_a_replay_that_says_nothing_leaves_all_wanted_things_unmet() -> None:
    """Silence is not success."""
    missed = unmet(named("strap_cut"), [], seed=7, start_at=START_AT)

    assert len(missed) == 1
    assert "P1 tamper" in missed[0]


def test_a_replay_that_does_what_is_expected_leaves_nothing_unmet() -> None:
    """Tamper near her, paged as P1 after the cut, is the whole ending of that story."""
    rows = [row(100.6, "tamper", "unknown", "P1"), row(101.0, "proximity", "warning", "P2")]

    assert [] == unmet(named("strap_cut"), rows, seed=7, start_at=START_AT)


def test_the_consoles_and_her_own_events_are_read() -> None:
    """Incidents and alerts become happenings; other frames are not about the ending."""
    incident = {
        "kind": "incident.opened",
        "at": "2026-11-22T14:01:50.000Z",
        "data": {"kind": "proximity", "level": "breach", "priority": "P1", "decided_at": None},
    }
    alert = {
        "kind": "alert",
        "at": "2026-11-22T14:01:50.000Z",
        "data": {"level": "breach", "decided_at": "2026-11-22T14:01:49.000Z"},
    }
    read = happening_of_event(incident)
    told = happening_of_alert(alert)

    assert read is not None
    assert (read.level, read.priority, read.on) == ("breach", "P1", "record")
    assert told is not None
    assert (told.kind, told.on) == ("alert", "her_screen")
    assert happening_of_event({"kind": "position", "data": {}}) is None
    assert happening_of_alert({"kind": "help.state", "data": {}}) is None


def test_allowances_are_real_seconds_at_any_speed() -> None:
    """At speed 10 the moment comes ten times as early and the allowance is as long as ever."""
    scenario = named("strap_cut")
    clock = StoryClock(start_at=START_AT, speed=10.0)
    cut = windows_of(scenario, seed=7, clock=clock)[0]

    assert cut.moment_at == START_AT + timedelta(seconds=10)
    assert cut.until_at == START_AT + timedelta(seconds=40)
