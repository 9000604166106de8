"""The jury: it hears what the system says about one order, and judges a scenario's ending by it.

Pure. Frames of the console's websocket and of hers go in as they come; lines for the person who
watches come out through `echo`.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from simulator.expectations import (
    Happening,
    Judgement,
    Verdict,
    Window,
    happening_of_alert,
    happening_of_event,
    judge,
)
from simulator.scenario import Scenario
from simulator.story import StoryClock

type_of_echo = Callable[[str], None]


class Jury:
    """Judges one scenario. It hears from the first snapshot on, and judges once the story runs."""

    def __init__(self, scenario: Scenario, order_id: str, echo: type_of_echo) -> None:
        self._scenario = scenario
        self._order_id = order_id
        self._echo = echo
        self._heard: list[Happening] = []
        self._announced: set[int] = set()
        self._clock: StoryClock | None = None
        self._windows: list[Window] = []

    def begins(self, clock: StoryClock, windows: list[Window]) -> None:
        """Take note that the story has begun, and when each expectation is due."""
        self._clock = clock
        self._windows = windows

    def console(self, frame: Mapping[str, Any]) -> None:
        """Hear a frame of the console's websocket."""
        if frame.get("type") == "event" and frame["data"].get("order_id") == self._order_id:
            self._keep(happening_of_event(frame))

    def screen(self, frame: Mapping[str, Any]) -> dict[str, Any] | None:
        """Hear a frame of her websocket; return what her phone answers by itself."""
        if frame.get("type") != "event":
            return None
        happening = happening_of_alert(frame)
        self._keep(happening)
        alert_id = frame["data"].get("alert_id")
        if happening is None or alert_id is None:
            return None
        return {"type": "received", "alert_id": alert_id}

    def _keep(self, happening: Happening | None) -> None:
        if happening is None:
            return
        self._heard.append(happening)
        said = (happening.on.replace("_", " "), happening.kind, happening.level, happening.priority)
        words = " ".join(word for word in (*said, happening.reason) if word)
        self._echo(f"  {self._since(happening.at)} {words}")

    def _since(self, at: datetime) -> str:
        if self._clock is None:
            return "before the story:"
        return f"{(at - self._clock.start_at).total_seconds():+7.1f} s"

    def judge(self, now: datetime, *, final: bool = False) -> list[Judgement]:
        """Judge every expectation; say once of each what became of it."""
        judged = [
            judge(expected, window, self._heard, now=now, final=final)
            for expected, window in zip(self._scenario.expect, self._windows, strict=True)
        ]
        for index, one in enumerate(judged):
            if one.verdict is not Verdict.OPEN and index not in self._announced:
                self._announced.add(index)
                self._echo(f"{'✓' if one.verdict is Verdict.MET else '✗'} {one.text}")
        return judged

    def waits(self, judged: list[Judgement]) -> bool:
        """Return whether something that must still come has not."""
        return any(
            one.verdict is Verdict.OPEN and not expected.forbids
            for one, expected in zip(judged, self._scenario.expect, strict=True)
        )
