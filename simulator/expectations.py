"""Whether a scenario ended as its author said it must.

Pure. What the system did, live or in a replay, is read from the wire as `Happening`s; each
expectation is judged against them with the truth of the story, never with the system's own rules.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import msgspec

from domain.transition import SEVERITY, Level
from simulator.packaged import palmers_green
from simulator.scenario import Expectation, Scenario
from simulator.stage import moments_of, tracks_of
from simulator.story import StoryClock

#: How long after the story's end its last messages may still be on their way.
LAST_WORDS: Final = timedelta(seconds=10)
_RANKS: Final[Mapping[str, int]] = {str(level): rank for level, rank in SEVERITY.items()}
_MOMENTS: Final[Mapping[str, str]] = {
    "start": "the start",
    "end": "the end of the story",
    "line": "crossing the line",
    "outside": "leaving for good",
    "edge": "entering the zone",
    "strap": "cutting the strap",
    "lose_network": "losing the network",
    "lose_network.ends": "finding the network again",
    "lose_gps": "losing the satellites",
    "lose_gps.ends": "finding the satellites again",
}


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """Something the system said.

    Attributes:
        at: When it was decided, by the system.
        subject: What it is about: one order and condition, or one person's screen.
        reason: The system's own word for the rule that fired.
        eased: Whether it is less than what was last said of the same subject.
    """

    at: datetime
    kind: str
    level: str | None
    priority: str | None = None
    reason: str = ""
    subject: str = ""
    on: str = "record"
    eased: bool = False

    @property
    def rank(self) -> int:
        """How bad it is; -1 for what cannot be compared."""
        return -1 if self.level is None else _rank(self.level)


def _rank(level: str) -> int:
    return _RANKS.get(level, -1)


class Verdict(StrEnum):
    """How an expectation stands."""

    OPEN = "open"
    MET = "met"
    MISSED = "missed"


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """How an expectation stands.

    Attributes:
        says: The expectation, as its author says it.
        found: What was found, as a clause with its full stop; empty where there is nothing to say.
    """

    verdict: Verdict
    says: str
    found: str = ""

    @property
    def text(self) -> str:
        """Expectation and finding, as sentences."""
        return f"{self.says} {self.found[:1].upper()}{self.found[1:]}".rstrip()


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """When something is expected: round the instant of a true moment. None: it never comes."""

    moment_at: datetime | None
    begin_at: datetime
    until_at: datetime


def happening_of_row(row: Mapping[str, Any]) -> Happening:
    """Read a row of a replay."""
    return Happening(
        at=datetime.fromisoformat(row["at"]),
        kind=row["kind"],
        level=row["after"],
        priority=row["priority"],
        reason=row.get("reason") or "",
        subject=f"{row['order_id']}/{row['condition_id']}/{row['kind']}",
    )


def happening_of_event(frame: Mapping[str, Any]) -> Happening | None:
    """Read an event of the console's websocket; None for what is no incident."""
    if not str(frame.get("kind", "")).startswith("incident."):
        return None
    told: Mapping[str, Any] = frame["data"]
    return Happening(
        at=datetime.fromisoformat(told.get("decided_at") or frame["at"]),
        kind=told["kind"],
        level=told.get("level"),
        priority=told.get("priority"),
        reason=told.get("reason") or "",
        subject=f"{told.get('order_id')}/{told.get('condition_id')}/{told['kind']}",
    )


def happening_of_alert(frame: Mapping[str, Any]) -> Happening | None:
    """Read an event of her screen's websocket; None for what is no alert."""
    if frame.get("kind") != "alert":
        return None
    told: Mapping[str, Any] = frame["data"]
    return Happening(
        at=datetime.fromisoformat(told.get("decided_at") or frame["at"]),
        kind="alert",
        level=told["level"],
        subject="her_screen",
        on="her_screen",
    )


def windows_of(scenario: Scenario, *, seed: int, clock: StoryClock) -> list[Window]:
    """Return when each expectation of a scenario is due, from the truth of this seed."""
    moments = moments_of(scenario, tracks_of(scenario, palmers_green(), seed))
    return [_window(one, moments, clock) for one in scenario.expect]


def _window(expected: Expectation, moments: Mapping[str, float], clock: StoryClock) -> Window:
    moment_s = moments.get(expected.moment)
    after_s, until_s = expected.between_s
    moment_at = None if moment_s is None else clock.instant(moment_s)
    round_at = moment_at or clock.start_at
    return Window(
        moment_at=moment_at,
        begin_at=round_at + timedelta(seconds=after_s),
        until_at=round_at + timedelta(seconds=until_s),
    )


def judge(
    expected: Expectation,
    window: Window,
    happenings: Sequence[Happening],
    *,
    now: datetime,
    final: bool,
) -> Judgement:
    """Return how an expectation stands at `now`.

    `final` says that nothing more will come: what is forbidden did not happen, what is missing
    will not.
    """
    if window.moment_at is None:
        found = f"the story never came to {_moment(expected)}."
        return Judgement(verdict=Verdict.MISSED, says=expected.says, found=found)
    about = [
        one
        for one in with_easing(happenings)
        if one.on == expected.on and one.kind == expected.kind
    ]
    if expected.forbids:
        return _judge_forbidden(expected, window, about, over=final or now > window.until_at)
    return _judge_wanted(expected, window, about, now=now, final=final)


def with_easing(happenings: Iterable[Happening]) -> list[Happening]:
    """Return the happenings in order of time, each marked if it eased what was said before."""
    ranks: dict[str, int] = {}
    marked: list[Happening] = []
    for one in sorted(happenings, key=lambda one: one.at):
        before = ranks.get(one.subject, -1)
        marked.append(msgspec.structs.replace(one, eased=-1 < one.rank < before))
        ranks[one.subject] = max(one.rank, before) if one.rank < 0 else one.rank
    return marked


def _judge_wanted(
    expected: Expectation,
    window: Window,
    about: Sequence[Happening],
    *,
    now: datetime,
    final: bool,
) -> Judgement:
    matching = sorted((one for one in about if _matches(expected, one)), key=lambda one: one.at)
    for one in matching:
        if window.begin_at <= one.at <= window.until_at:
            found = f"it came {_relative(one.at, window, expected)}."
            return Judgement(verdict=Verdict.MET, says=expected.says, found=found)
    if not final and now <= window.until_at:
        return Judgement(verdict=Verdict.OPEN, says=expected.says)
    found = f"expected {_wanted(expected)} {_allowance(expected)}, got "
    if matching:
        found += f"it {_relative(matching[-1].at, window, expected)}."
    else:
        assert window.moment_at is not None
        found += f"none after {(now - window.moment_at).total_seconds():.0f} s."
    return Judgement(verdict=Verdict.MISSED, says=expected.says, found=found)


def _judge_forbidden(
    expected: Expectation, window: Window, about: Sequence[Happening], *, over: bool
) -> Judgement:
    inside = [one for one in about if window.begin_at <= one.at <= window.until_at]
    if expected.never is not None:
        broken = [one for one in inside if _reaches(one, expected.never)]
        if broken:
            when = _relative(broken[0].at, window, expected)
            found = f"expected no {_forbidden(expected)}, got {broken[0].level} {when}."
            return Judgement(verdict=Verdict.MISSED, says=expected.says, found=found)
    if expected.at_most is not None:
        rises = _rises(inside, expected.at_least or "warning")
        if rises > expected.at_most:
            found = f"expected {_wanted(expected)} {expected.at_most} time at most, got {rises}."
            return Judgement(verdict=Verdict.MISSED, says=expected.says, found=found)
    return Judgement(verdict=Verdict.MET if over else Verdict.OPEN, says=expected.says)


def _matches(expected: Expectation, one: Happening) -> bool:
    if expected.at_least is not None and one.rank < _rank(expected.at_least):
        return False
    if expected.level is not None and one.level != expected.level:
        return False
    if expected.eases_to is not None and not (one.eased and one.rank <= _rank(expected.eases_to)):
        return False
    # "P1" < "P2" < "P3": at least this urgent.
    return expected.priority is None or (
        one.priority is not None and one.priority <= expected.priority
    )


def _reaches(one: Happening, level: str) -> bool:
    if level == "any":
        return one.level != Level.CLEAR
    return one.level == level if _rank(level) < 0 else one.rank >= _rank(level)


def _rises(happenings: Iterable[Happening], level: str) -> int:
    """Count how often anything rose to `level`; silence neither raises nor lowers."""
    ranks: dict[str, int] = {}
    rises = 0
    for one in happenings:
        if one.rank < 0:
            continue
        rises += one.rank >= _rank(level) > ranks.get(one.subject, 0)
        ranks[one.subject] = one.rank
    return rises


def _wanted(expected: Expectation) -> str:
    level = (
        expected.level
        or (expected.at_least and f"{expected.at_least} or worse")
        or (expected.eases_to and f"down to {expected.eases_to}")
    )
    words = [word for word in (expected.priority, expected.kind, level) if word]
    return " ".join(words)


def _forbidden(expected: Expectation) -> str:
    return expected.kind if expected.never == "any" else f"{expected.kind} {expected.never}"


def _moment(expected: Expectation) -> str:
    return _MOMENTS.get(expected.moment, expected.moment.replace("_", " ").replace(".", " "))


def _allowance(expected: Expectation) -> str:
    return f"within {expected.between_s[1]:.0f} s of {_moment(expected)}"


def _relative(at: datetime, window: Window, expected: Expectation) -> str:
    assert window.moment_at is not None
    off_s = (at - window.moment_at).total_seconds()
    return f"{abs(off_s):.0f} s {'after' if off_s >= 0.0 else 'before'} {_moment(expected)}"


def unmet(
    scenario: Scenario, rows: Sequence[Mapping[str, Any]], *, seed: int, start_at: datetime
) -> list[str]:
    """Return a sentence for each expectation that the rows of a replay do not meet.

    The rows are what `keepclear replay` wrote for `capture_of(scenario, seed, start_at)`. What is
    decided after the story's last message is the silence of the capture, and is not judged.
    """
    clock = StoryClock(start_at=start_at)
    end_at = clock.instant(scenario.lasts_s) + LAST_WORDS
    happenings = [one for one in map(happening_of_row, rows) if one.at <= end_at]
    judged = [
        judge(expected, window, happenings, now=end_at, final=True)
        for expected, window in zip(
            scenario.expect, windows_of(scenario, seed=seed, clock=clock), strict=True
        )
        if expected.on == "record"
    ]
    return [one.text for one in judged if one.verdict is not Verdict.MET]
