"""What callers send to the register: the shape of people, devices and orders. Pure."""

from functools import cache
from typing import Annotated, Final, Literal, Self
from zoneinfo import available_timezones

from pydantic import AliasChoices, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from domain.order import (
    BUFFER_M_DEFAULT,
    OrderType,
    Weekday,
    contact_m_default,
    warning_m_default,
)
from mobile_api.fields import (
    Body,
    DeviceInstant,
    Distance,
    Flag,
    Hour,
    Identifier,
    Instant,
    Language,
    Latitude,
    Lenient,
    Longitude,
    Name,
    Number,
    Prose,
    RequestId,
    Short,
    Telephone,
)

Role = Literal["wearer", "protected"]
Days = Annotated[tuple[Weekday, ...], Field(min_length=1, max_length=7)]

CONDITIONS_MAX: Final = 100
WINDOWS_MAX: Final = 100
CORRIDOR_M_MOST: Final = 1_000.0


@cache
def _zones() -> frozenset[str]:
    """Return the time zones a clock can be read in."""
    return frozenset(available_timezones())


class PersonIn(Body):
    """Somebody an order will name."""

    role: Role
    name: Name
    phone: Telephone | None = None
    language: Language = "en"


class DeviceIn(Body):
    """Something that reports."""

    id: Identifier | None = None
    kind: Literal["tag", "handset", "gateway"]
    protocol: Literal["keepclear", "owntracks", "traccar", "osmand"] = "keepclear"
    external_id: Short | None = Field(default=None, min_length=1)
    person_id: Identifier | None = None
    interval_s: Annotated[Number, Field(ge=1.0, le=3600.0)] = 60.0

    @model_validator(mode="after")
    def _carried(self) -> Self:
        """A gateway is nobody's; everything else is somebody's."""
        if (self.kind == "gateway") is not (self.person_id is None):
            raise PydanticCustomError("person_id", "person_id goes with all but a gateway")
        return self


class WindowIn(Body):
    """A weekly window; `to` before `from` runs past midnight."""

    days: Days = tuple(Weekday)
    since: Hour = Field(alias="from")
    until: Hour = Field(alias="to")

    @model_validator(mode="after")
    def _long(self) -> Self:
        """A window that ends when it begins could be never or always: refuse to guess."""
        if self.since == self.until:
            raise PydanticCustomError("window", "from and to must differ")
        return self


class CorridorIn(Body):
    """A passage through a zone, `width_m` wide, in its window if it names one."""

    geometry: dict[str, object]
    width_m: Annotated[Number, Field(gt=0.0, le=CORRIDOR_M_MOST)]
    days: Days | None = None
    since: Hour | None = Field(default=None, alias="from")
    until: Hour | None = Field(default=None, alias="to")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """Half a window is not a window."""
        if (self.since is None) is not (self.until is None):
            raise PydanticCustomError("window", "from and to go together")
        if self.since is None and self.days is not None:
            raise PydanticCustomError("window", "days need from and to")
        if self.since is not None and self.since == self.until:
            raise PydanticCustomError("window", "from and to must differ")
        return self


Schedule = Annotated[tuple[WindowIn, ...], Field(max_length=WINDOWS_MAX)]


class ProximityIn(Body):
    """Keep away from a person."""

    type: Literal["proximity"]
    id: Identifier | None = None
    protected_id: Identifier
    alert_m: Distance
    warning_m: Annotated[Number, Field(gt=0.0, le=200_000.0)] | None = None
    contact_m: Annotated[Number, Field(gt=0.0, le=50_000.0)] | None = None

    @property
    def rings_m(self) -> tuple[float, float, float]:
        """Contact, alert and warning distance, with their defaults."""
        contact = contact_m_default(self.alert_m) if self.contact_m is None else self.contact_m
        warning = warning_m_default(self.alert_m) if self.warning_m is None else self.warning_m
        return contact, self.alert_m, warning

    @model_validator(mode="after")
    def _nested(self) -> Self:
        """Keep the rings inside each other."""
        contact, alert, warning = self.rings_m
        if not contact < alert < warning:
            raise PydanticCustomError("rings", "contact_m < alert_m < warning_m must hold")
        return self


class ExclusionZoneIn(Body):
    """Stay out of an area."""

    type: Literal["exclusion_zone"]
    id: Identifier | None = None
    name: Short = ""
    protected_id: Identifier | None = None
    geometry: dict[str, object]
    radius_m: Distance | None = None
    buffer_m: Annotated[Number, Field(ge=0.0, le=50_000.0)] = BUFFER_M_DEFAULT
    disclosed: Flag = False
    schedule: Schedule = ()
    corridors: Annotated[tuple[CorridorIn, ...], Field(max_length=WINDOWS_MAX)] = ()


class InclusionZoneIn(Body):
    """Stay inside an area, while the schedule holds."""

    type: Literal["inclusion_zone"]
    id: Identifier | None = None
    name: Short = ""
    geometry: dict[str, object]
    radius_m: Distance | None = None
    disclosed: Flag = False
    schedule: Schedule = ()


ConditionIn = Annotated[
    ProximityIn | ExclusionZoneIn | InclusionZoneIn, Field(discriminator="type")
]


class OrderIn(Body):
    """What the court imposed."""

    type: OrderType
    reference: Name
    wearer_id: Identifier
    valid_from: Instant
    valid_until: Instant
    timezone: Short = "Europe/London"
    conditions: Annotated[tuple[ConditionIn, ...], Field(min_length=1, max_length=CONDITIONS_MAX)]
    show_trend: Flag = True
    show_direction: Flag = False

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        """Refuse a time zone nobody can read a clock in."""
        if value not in _zones():
            raise PydanticCustomError("timezone", "must be an IANA time zone")
        return value

    @model_validator(mode="after")
    def _lasting(self) -> Self:
        """An order ends after it begins."""
        if self.valid_until <= self.valid_from:
            raise PydanticCustomError("validity", "valid_until must be after valid_from")
        return self


class PersonFile(PersonIn):
    """A person in a file, with the file's own id; a name is not needed to decide anything."""

    id: Identifier | None = None
    name: Short = ""


class DeviceFile(DeviceIn):
    """A device in a file; it may be the handset of her own page."""

    protocol: Literal["keepclear", "owntracks", "traccar", "osmand", "app"] = "keepclear"  # pyright: ignore[reportIncompatibleVariableOverride]


class OrderFile(OrderIn):
    """An order in a file, with the file's own id."""

    id: Identifier | None = None


class EnrolIn(Body):
    """The code a phone is set up with."""

    code: Annotated[str, Field(min_length=1, max_length=40)]


class PositionIn(Body):
    """Where her phone is. `at` may also be called `t`, as devices call it."""

    id: RequestId | None = None
    at: DeviceInstant = Field(validation_alias=AliasChoices("at", "t"))
    lat: Latitude
    lon: Longitude
    acc: Annotated[Number, Field(gt=0.0, le=1_000_000.0)] | None = None


class CallIn(Body):
    """A call for help, or word that she is safe: nothing it holds can make it fail.

    Whatever of it cannot be read is left out, because a call for help must not be refused for
    what was added to it.
    """

    id: Lenient[RequestId | None] = None
    at: Lenient[DeviceInstant | None] = None
    lat: Lenient[Latitude | None] = None
    lon: Lenient[Longitude | None] = None
    acc: Lenient[Annotated[Number, Field(gt=0.0, le=1_000_000.0)] | None] = None
    wish: Lenient[Short | None] = None
    note: Lenient[Prose | None] = None


class OfficersIn(Body):
    """Whose own case an order is."""

    officers: Annotated[tuple[Identifier, ...], Field(max_length=200)]


class AccountIn(Body):
    """A login for a person of the service."""

    role: Literal["administrator", "supervisor", "operator", "officer", "auditor"]
    name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9 ._@-]+$")]
    password: Annotated[str, Field(min_length=8, max_length=1000)]


class ActIn(Body):
    """What an officer says about an incident. Each act needs less than all of it."""

    note: Prose | None = None
    outcome: Short | None = None
    owner: Identifier | None = None
