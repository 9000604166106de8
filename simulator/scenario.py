"""A scenario: a cast, an order, where everybody goes, what goes wrong, and how it must end.

Pure. A scenario is a TOML file in `scenarios/`. Its ending is stated by its author in terms of
what truly happens (`Expectation.moment`), never computed with the rules of the system under test.
Names of people and devices are the file's own; ids are given when it is played.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from domain.errors import KeepclearError
from simulator.device import Cadence
from simulator.faults import Fault
from simulator.network import Mode
from simulator.packaged import scenario_texts


class UnknownScenarioError(KeepclearError):
    """There is no scenario of that name."""


class Move(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing a person does: go somewhere, or stay for a while.

    Attributes:
        by: How they go; they take the best way of the network.
        to: The place they go to.
        stay_s: How long they stay instead of going.
    """

    by: Mode = Mode.FOOT
    to: str | None = None
    stay_s: float = 0.0


class Actor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person in the story.

    Attributes:
        starts_at: The place where they are at first.
        begin_within_m: The story begins at the instant they first come this near to the place
            `begin_near`, so that nobody waits for a long way to be walked.
    """

    role: Literal["wearer", "protected"]
    name: str
    starts_at: str
    moves: tuple[Move, ...] = ()
    begin_near: str | None = None
    begin_within_m: float | None = None


class Carried(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A device that somebody carries.

    Attributes:
        receiver: The name of an error profile.
        interval_s: The longest time between two reports, as registered.
        battery: Percent at the beginning.
    """

    carried_by: str
    kind: Literal["tag", "handset"]
    protocol: Literal["keepclear", "owntracks"] = "keepclear"
    receiver: str = "tag"
    interval_s: float = 60.0
    moving_s: float = 15.0
    still_s: float = 60.0
    battery: int = 80

    @property
    def cadence(self) -> Cadence:
        """How often it measures."""
        return Cadence(moving_s=self.moving_s, still_s=self.still_s)


class ProximityTerm(
    msgspec.Struct, frozen=True, kw_only=True, tag="proximity", forbid_unknown_fields=True
):
    """He must keep this far from her."""

    protected: str
    alert_m: float
    warning_m: float | None = None
    contact_m: float | None = None


class ZoneTerm(
    msgspec.Struct, frozen=True, kw_only=True, tag="exclusion_zone", forbid_unknown_fields=True
):
    """He must keep out of a circle round a place."""

    name: str
    around: str
    radius_m: float
    protected: str | None = None
    buffer_m: float | None = None


Term = ProximityTerm | ZoneTerm


#: Levels as the wire writes them; `over` is how her screen says that an alert has ended.
type_of_level = Literal["clear", "warning", "breach", "contact", "unknown", "over"]


class Expectation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that must happen, or must not.

    Attributes:
        says: The expectation as a sentence for the person who watches.
        kind: What the event is about, as the wire names it.
        at_least: It must reach this level or a worse one.
        level: It must be exactly this level.
        eases_to: It must come down to this level or a lesser one, from a worse one.
        never: It must not reach this level or a worse one; `unknown` means just that, `any`
            everything but `clear`.
        at_most: How often it may rise to `at_least`.
        priority: Officers must be paged at least this urgently.
        on: `record` (the console, or the rows of a replay) or `her_screen` (only live).
        moment: Of the truth: `start`, `line` (first true distance of `alert_m` or less), `outside`
            (truly farther than 1.3 x `alert_m` for good), `edge` (first truly inside a zone), or
            the name of a fault, with `.ends` for its end.
        between_s: From and until when, in seconds after the moment. Real seconds: they are an
            allowance for the system, not part of the story.
    """

    says: str
    kind: str = "proximity"
    at_least: type_of_level | None = None
    level: type_of_level | None = None
    eases_to: type_of_level | None = None
    never: type_of_level | Literal["any"] | None = None
    at_most: int | None = None
    priority: Literal["P1", "P2", "P3"] | None = None
    on: Literal["record", "her_screen"] = "record"
    moment: str = "start"
    between_s: tuple[float, float] = (-3_600.0, 3_600.0)

    @property
    def forbids(self) -> bool:
        """Whether it says what must not happen, so that it can only be judged at the end."""
        return self.never is not None or self.at_most is not None


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A story and its expected ending.

    Attributes:
        lasts_s: Until when people move and faults happen; devices report on until all is judged.
        places: Named places, latitude and longitude; people begin and end at the nearest node.
        order_type: The legal kind of the order.
    """

    title: str
    story: str
    lasts_s: float
    places: dict[str, tuple[float, float]]
    people: dict[str, Actor]
    devices: dict[str, Carried]
    conditions: tuple[Term, ...]
    expect: tuple[Expectation, ...]
    order_type: str = "restraining_order"
    faults: tuple[Fault, ...] = ()
    name: str = ""

    def __post_init__(self) -> None:
        """Every name that is used is the name of something."""
        assert all(device.carried_by in self.people for device in self.devices.values())
        assert all(fault.device in self.devices for fault in self.faults)
        assert all(self.places.keys() >= _places_of(actor) for actor in self.people.values())
        assert sum(actor.role == "wearer" for actor in self.people.values()) == 1

    @property
    def wearer(self) -> str:
        """The name of the one who wears the tag."""
        return next(name for name, actor in self.people.items() if actor.role == "wearer")

    @property
    def protected(self) -> str | None:
        """The name of the first protected person, if there is one."""
        return next((name for name, one in self.people.items() if one.role == "protected"), None)


def _places_of(actor: Actor) -> set[str]:
    named = {actor.starts_at, actor.begin_near, *(move.to for move in actor.moves)}
    return {name for name in named if name is not None}


def parse(text: str, *, name: str) -> Scenario:
    """Read a scenario from TOML.

    Raises:
        msgspec.ValidationError: A field is missing, unknown or of another type.
    """
    found = msgspec.toml.decode(text, type=Scenario)
    return msgspec.structs.replace(found, name=name)


def named(name: str) -> Scenario:
    """Return a packaged scenario by its name or title; case, spaces and hyphens do not matter.

    Raises:
        UnknownScenarioError: There is none; the message lists those there are.
    """
    wanted = _plain(name)
    for known, text in scenario_texts().items():
        scenario = parse(text, name=known)
        if wanted in {known, _plain(scenario.title)}:
            return scenario
    names = ", ".join(scenario_texts())
    raise UnknownScenarioError(f"There is no scenario of that name. Known are: {names}.")


def catalogue() -> Mapping[str, str]:
    """Return the title of every packaged scenario by its name."""
    return {name: parse(text, name=name).title for name, text in scenario_texts().items()}


def _plain(name: str) -> str:
    return name.strip().lower().removesuffix(".toml").replace("-", "_").replace(" ", "_")
