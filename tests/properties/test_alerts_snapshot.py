"""A stale snapshot and the events after it make the fresh snapshot: nothing falls between.

Zulip's property. Any story of transitions, commands and answers is played at the desk; at a random
moment somebody takes a snapshot and from then on only applies events.
"""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from alerts.answers import Answer
from alerts.audience import help_of
from alerts.desk import Desk
from alerts.ledger import Decision
from alerts.live.screen import fold_all
from alerts.live.views import incident_item
from alerts.register import Register
from alerts.stages import screen_of
from domain.command import CommandType
from domain.ids import AlertId, CommandId, OrderId
from domain.incident import LiveEvent
from domain.transition import Level, Subject
from tests.unit.alerts.builders import (
    HER,
    ORDER,
    ZONE,
    a_command,
    a_transition,
    an_order,
    at,
    of_device,
)

Step = tuple[str, Any]

LEVELS = st.sampled_from(Level)
STEPS = st.one_of(
    st.tuples(st.just("pair"), LEVELS),
    st.tuples(st.just("zone"), LEVELS),
    st.tuples(st.just("other order"), LEVELS),
    st.tuples(st.just("tag"), st.sampled_from([Subject.CONTACT_LOSS, Subject.TAMPER])),
    st.tuples(st.sampled_from(["acknowledge", "assign", "resolve", "note"]), st.integers(0, 9)),
    st.tuples(st.sampled_from(["sos", "safe"]), st.none()),
    st.tuples(st.sampled_from(["received", "seen"]), st.integers(0, 9)),
    st.tuples(st.just("tick"), st.none()),
)


class Story:
    """A desk being told a story, and everything it ever emitted."""

    def __init__(self) -> None:
        """Begin with one order."""
        self.register = Register([an_order(), an_order(order_id=OrderId("order-2"))])
        self.desk = Desk(self.register)
        self.before: dict[str, Level] = {}
        self.events: list[LiveEvent] = []
        self.seconds = 0.0
        self.alerts: list[AlertId] = []

    def play(self, step: Step) -> None:
        """Play one step, collecting what is emitted."""
        self.seconds += 7.0
        name, what = step
        if name in {"pair", "zone", "other order"}:
            self._transition(name, what)
        elif name == "tag":
            self.desk.take(of_device(what, self.seconds))
        elif name == "tick":
            self.desk.tick(at(self.seconds))
        elif name in {"received", "seen"}:
            self._answer(name, what)
        else:
            self._command(name, what)
        effects = self.desk.collect()
        self.events.extend(effects.events)
        self.alerts.extend(notice.alert_id for notice in effects.notices)

    def _transition(self, name: str, level: Level) -> None:
        zone = name == "zone"
        self.desk.take(
            a_transition(
                level,
                self.seconds,
                before=self.before.get(name),
                subject=Subject.EXCLUSION_ZONE if zone else Subject.PROXIMITY,
                condition_id=ZONE if zone else "condition-1",
                order_id="order-2" if name == "other order" else ORDER,
                page=level is Level.UNKNOWN,
            )
        )
        self.before[name] = level

    def _answer(self, name: str, which: int) -> None:
        if self.alerts:
            given = Answer(
                alert_id=self.alerts[which % len(self.alerts)],
                person_id=HER,
                decision=Decision(name),
                at=at(self.seconds),
            )
            self.desk.answered(given, None)

    def _command(self, name: str, which: int | None) -> None:
        standing = self.desk.standing()
        incident_id = None
        if which is not None and standing:
            incident_id = standing[which % len(standing)].incident_id
        command = a_command(
            CommandType(name),
            self.seconds,
            command_id=CommandId(f"command-{self.seconds}"),
            incident_id=incident_id,
            person_id=HER,
            note="seen on the camera",
            outcome="attended",
            owner="officer-2",
        )
        self.desk.carry_out(command, {}, at(self.seconds))

    def console(self) -> dict[str, Any]:
        """Return a fresh snapshot of the console: its unresolved incidents, by id."""
        items = [json.loads(json.dumps(incident_item(one))) for one in self.desk.standing()]
        return {item["id"]: item for item in items}


def _apply(incidents: dict[str, Any], event: LiveEvent) -> None:
    """Do what a console does with an event."""
    data = json.loads(event.body)
    if event.kind == "incident.resolved":
        incidents.pop(data["incident_id"], None)
    elif event.kind.startswith("incident."):
        identity = data.pop("incident_id")
        incidents[identity] = {"id": identity, **data}


@given(st.lists(STEPS, max_size=40), st.integers(0, 40))
def test_the_console_misses_nothing(steps: list[Step], moment: int) -> None:
    """Events applied to a stale console snapshot give the fresh one."""
    story = Story()
    for step in steps[:moment]:
        story.play(step)
    snapshot = story.console()
    heard = len(story.events)
    for step in steps[moment:]:
        story.play(step)

    for event in story.events[heard:]:
        if event.recipient == "console":
            _apply(snapshot, event)

    assert story.console() == snapshot


@given(st.lists(STEPS, max_size=40))
def test_her_phone_shows_the_worst_that_stands(steps: list[Step]) -> None:
    """Her events, applied in order, leave her screen with the worst of what stands for her."""
    story = Story()
    for step in steps:
        story.play(step)
    hers = [one for one in story.events if one.recipient == f"person:{HER}"]

    screen = fold_all((event.kind, json.loads(event.body)) for event in hers)

    standing = tuple(one for one in story.desk.standing() if one.protected_id == HER)
    by_id = {one.incident_id: one for one in standing}
    notice = screen_of(standing, story.register.orders)
    shown = screen["alert"]
    assert (None if notice is None else notice.alert_id) == (shown and shown["alert_id"])
    if notice is not None:
        assert notice.level.value == shown["level"]
        assert help_of(by_id[notice.incident_id]).state.value == shown["help"]["state"]
    if screen["help"] is not None:
        source = by_id[screen["help"]["incident_id"]]
        assert help_of(source).state.value == screen["help"]["state"]


@given(st.lists(STEPS, max_size=40))
def test_numbers_have_no_gap(steps: list[Step]) -> None:
    """Each recipient's events are numbered 1, 2, 3 …, whatever happens to others."""
    story = Story()
    for step in steps:
        story.play(step)

    for recipient in ("console", f"person:{HER}"):
        numbers = [one.ordinal for one in story.events if one.recipient == recipient]
        assert list(range(1, len(numbers) + 1)) == numbers


@given(st.lists(STEPS, max_size=40), st.integers(0, 40))
def test_a_restart_changes_nothing(steps: list[Step], moment: int) -> None:
    """A desk rebuilt from what was written goes on exactly as the old one would have."""
    one, other = Story(), Story()
    for number, step in enumerate(steps):
        if number == moment:
            other.desk = Desk(
                other.register,
                standing=other.desk.standing(),
                outstanding=[],
                heads=other.desk.heads(),
            )
        one.play(step)
        other.play(step)

    said = [
        [(e.recipient, e.kind, e.body) for e in story.events if not e.kind.startswith("notice.")]
        for story in (one, other)
    ]
    assert said[0] == said[1]
