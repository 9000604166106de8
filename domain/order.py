"""What a court imposed, on whom, for whom, and with which devices it is watched.

Distances are metres, instants UTC. Figures that the design calls defaults are fields here, so a
court, a policy or a test can set them; nothing in the engine hides a threshold.
"""

from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from domain.ids import ConditionId, DeviceId, OrderId, PersonId
from domain.position import Position

ALERT_M_LEAST: Final = 10.0
ALERT_M_MOST: Final = 50_000.0
BUFFER_M_DEFAULT: Final = 100.0


class PersonRole(StrEnum):
    """Which side of an order a person is on."""

    WEARER = "wearer"
    PROTECTED = "protected"


class DeviceKind(StrEnum):
    """What a device is."""

    TAG = "tag"
    HANDSET = "handset"
    GATEWAY = "gateway"


class Protocol(StrEnum):
    """What a device speaks. `app` is her page in a browser."""

    KEEPCLEAR = "keepclear"
    OWNTRACKS = "owntracks"
    TRACCAR = "traccar"
    OSMAND = "osmand"
    APP = "app"


class OrderType(StrEnum):
    """The legal kind of an order (`INTERFACES` 3.1)."""

    RESTRAINING_ORDER = "restraining_order"
    NON_MOLESTATION_ORDER = "non_molestation_order"
    SPO = "spo"
    DAPO = "dapo"
    BAIL = "bail"
    LICENCE = "licence"
    OTHER = "other"


class Weekday(StrEnum):
    """Days as the wire writes them, Monday first."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Someone an order names. Name and phone never appear in `repr`."""

    person_id: PersonId
    role: PersonRole
    name: str
    phone: str | None = None
    language: str = "en"

    def __repr__(self) -> str:
        """Identify the person by id and role alone."""
        return f"Person({self.person_id}, {self.role})"


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """Anything that reports.

    Attributes:
        person_id: Who carries it; None for a gateway.
        external_id: Its name at a gateway or in another app's topic ("user/device").
        interval: Longest expected time between two reports.
        revoked_at: When its credentials ended; None while they stand.
        simulated: True for a test device; a live system refuses it.
    """

    device_id: DeviceId
    kind: DeviceKind
    protocol: Protocol
    person_id: PersonId | None = None
    external_id: str | None = None
    interval: timedelta = timedelta(seconds=60)
    revoked_at: datetime | None = None
    simulated: bool = False


class Leaving(msgspec.Struct, frozen=True, kw_only=True):
    """What it takes to leave a level: farther than entering, for long enough, on enough fixes.

    Attributes:
        margin_m: Least extra separation, metres.
        margin_share: Extra separation as a share of the level's own distance; the larger counts.
        fixes: Good, fresh fixes in a row that must all be beyond.
        after: How long they must span.
    """

    margin_m: float = 50.0
    margin_share: float = 0.1
    fixes: int = 3
    after: timedelta = timedelta(seconds=120)


class Polygon(msgspec.Struct, frozen=True, kw_only=True, tag="polygon"):
    """An area: shells with their holes. One polygon, or several (a multipolygon).

    Rings are closed, their last position equals their first.
    """

    parts: tuple["PolygonPart", ...]


class PolygonPart(msgspec.Struct, frozen=True, kw_only=True):
    """One shell and the holes in it."""

    shell: tuple[Position, ...]
    holes: tuple[tuple[Position, ...], ...] = ()


class Circle(msgspec.Struct, frozen=True, kw_only=True, tag="circle"):
    """A disc: all within `radius_m` metres of `centre` on the ellipsoid."""

    centre: Position
    radius_m: float


class Line(msgspec.Struct, frozen=True, kw_only=True, tag="line"):
    """A path, for corridors."""

    positions: tuple[Position, ...]


Area = Polygon | Circle


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """A weekly window in the order's time zone; `until` before `since` runs past midnight."""

    days: tuple[Weekday, ...]
    since: time
    until: time


class Corridor(msgspec.Struct, frozen=True, kw_only=True):
    """A passage through a zone that is allowed in a window. `width_m` is the full width."""

    line: Line
    width_m: float
    window: Window | None = None


class Proximity(msgspec.Struct, frozen=True, kw_only=True, tag="proximity"):
    """Keep `alert_m` metres away from a person.

    Attributes:
        alert_m: A nearest plausible distance at or under this is a breach.
        warning_m: At or under this is a warning. Wider than `alert_m`.
        contact_m: At or under this is contact. Narrower than `alert_m`.
    """

    condition_id: ConditionId
    protected_id: PersonId
    alert_m: float
    warning_m: float
    contact_m: float
    leaving: Leaving = Leaving()

    def __post_init__(self) -> None:
        """Keep the rings nested, so that every distance falls between two of them."""
        assert 0.0 < self.contact_m < self.alert_m < self.warning_m


class ExclusionZone(msgspec.Struct, frozen=True, kw_only=True, tag="exclusion_zone"):
    """Stay out of an area.

    Attributes:
        protected_id: Whose zone it is; None tells officers only.
        buffer_m: Width of the warning band round the border, metres.
        disclosed: True if the wearer's own copy of the order names this zone.
        schedule: When it holds, in the order's time zone; empty is always.
    """

    condition_id: ConditionId
    area: Area
    name: str = ""
    protected_id: PersonId | None = None
    buffer_m: float = BUFFER_M_DEFAULT
    disclosed: bool = False
    schedule: tuple[Window, ...] = ()
    corridors: tuple[Corridor, ...] = ()
    leaving: Leaving = Leaving()

    def __repr__(self) -> str:
        """Identify the zone by id alone: its name and shape can lead to an address."""
        return f"ExclusionZone({self.condition_id})"


class InclusionZone(msgspec.Struct, frozen=True, kw_only=True, tag="inclusion_zone"):
    """Stay inside an area while the schedule holds (a curfew when it has one)."""

    condition_id: ConditionId
    area: Area
    name: str = ""
    disclosed: bool = False
    schedule: tuple[Window, ...] = ()
    leaving: Leaving = Leaving()

    def __repr__(self) -> str:
        """Identify the zone by id alone: its name and shape can lead to an address."""
        return f"InclusionZone({self.condition_id})"


Condition = Proximity | ExclusionZone | InclusionZone


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A court's order against one wearer, with its conditions.

    Attributes:
        timezone: IANA name; schedules are read in it.
        show_trend: Whether her screen may say "coming closer" or "moving away".
        show_direction: Whether her screen may name a coarse direction.
        revision: Counts edits; the HTTP ETag.
    """

    order_id: OrderId
    order_type: OrderType
    reference: str
    wearer_id: PersonId
    valid_from: datetime
    valid_until: datetime
    timezone: str
    conditions: tuple[Condition, ...]
    show_trend: bool = True
    show_direction: bool = False
    revision: int = 1

    def in_force(self, at: datetime) -> bool:
        """Return whether the order holds at `at`: from its first instant, before its last."""
        return self.valid_from <= at < self.valid_until


def contact_m_default(alert_m: float) -> float:
    """Return the contact distance an order has unless it says otherwise: 0.3 R, at most 300 m."""
    return min(300.0, 0.3 * alert_m)


def warning_m_default(alert_m: float) -> float:
    """Return the warning distance an order has unless it says otherwise: twice the alert's."""
    return 2.0 * alert_m
