"""The jury hears one order, answers as her phone would, and says each verdict once."""

from datetime import UTC, datetime, timedelta
from typing import Any

from simulator.expectations import Verdict, windows_of
from simulator.jury import Jury
from simulator.scenario import named
from simulator.story import StoryClock

START_AT = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
CLOCK = StoryClock(start_at=START_AT)


def incident(at_s: float, kind: str, level: str, order_id: str = "order-9") -> dict[str, Any]:
    """Return a frame of the console."""
    at = (START_AT + timedelta(seconds=at_s)).isoformat()
    return {
        "type": "event",
        "kind": "incident.opened",
        "at": at,
        "data": {
            "order_id": order_id,
            "condition_id": None,
            "kind": kind,
            "level": level,
            "priority": "P1",
            "decided_at": at,
        },
    }


def a_jury(said: list[str]) -> Jury:
    """Return a jury for the cut strap that writes down what it says."""
    scenario = named("strap_cut")
    jury = Jury(scenario, "order-9", said.append)
    jury.begins(CLOCK, windows_of(scenario, seed=7, clock=CLOCK))
    return jury


def test_a_verdict_is_said_once() -> None:
    """A tick appears when an expectation is met, and not again."""
    said: list[str] = []
    jury = a_jury(said)
    jury.console(incident(101.0, "tamper", "unknown"))
    jury.judge(START_AT + timedelta(seconds=102))
    judged = jury.judge(START_AT + timedelta(seconds=103))

    assert [one.verdict for one in judged] == [Verdict.MET, Verdict.OPEN]
    assert not jury.waits(judged)
    assert [line[:1] for line in said if line[:1] in "✓✗"] == ["✓"]


def test_another_order_is_none_of_its_business() -> None:
    """What happens to others on the same server does not count."""
    jury = a_jury([])
    jury.console(incident(101.0, "tamper", "unknown", order_id="order-1"))
    judged = jury.judge(START_AT + timedelta(seconds=102))

    assert jury.waits(judged)


def test_her_phone_says_by_itself_that_it_has_an_alert() -> None:
    """An alert is answered with `received`; nothing else is answered."""
    jury = a_jury([])
    alert = {
        "type": "event",
        "kind": "alert",
        "at": "2026-11-22T14:01:50.000Z",
        "data": {"alert_id": "alert-1", "level": "breach"},
    }

    assert jury.screen(alert) == {"type": "received", "alert_id": "alert-1"}
    assert jury.screen({"type": "heartbeat", "at": "2026-11-22T14:01:50.000Z"}) is None
    assert jury.screen({"type": "event", "kind": "help.state", "data": {}}) is None


def test_what_never_came_is_a_miss_at_the_end() -> None:
    """When nothing more will come, what is still wanted is missed and what is forbidden is met."""
    said: list[str] = []
    judged = a_jury(said).judge(START_AT + timedelta(seconds=110), final=True)

    assert [one.verdict for one in judged] == [Verdict.MISSED, Verdict.MET]
    assert said[0].startswith("✗ Officers are paged when the strap is cut near her. Expected P1")
