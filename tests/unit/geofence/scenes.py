"""Facts for the engine's tests: one wearer, one protected person, a flat patch of London.

Places are given in metres east and north of a corner of Palmers Green; times in seconds after a
Monday noon.
"""

import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from domain.ids import ConditionId, DeviceId, OrderId, PersonId, ReadingId
from domain.order import (
    Circle,
    Condition,
    Device,
    DeviceKind,
    ExclusionZone,
    Order,
    OrderType,
    Polygon,
    PolygonPart,
    Protocol,
    Proximity,
)
from domain.position import Position
from domain.reading import DeviceEvent, EventType, Fix, FixState, Presence
from domain.transition import DeviceChanged, Fact, Level, OrderChanged, Tick, Transition
from geofence.engine import Engine

NOON: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)
CORNER: Final = (51.61, -0.11)
WEARER: Final = PersonId("wearer")
HER: Final = PersonId("her")
TAG: Final = DeviceId("tag")
PHONE: Final = DeviceId("phone")
ORDER: Final = OrderId("order")
PAIR: Final = ConditionId("pair")
ZONE: Final = ConditionId("zone")


def instant(seconds: float) -> datetime:
    """Return the instant `seconds` after noon."""
    return NOON + timedelta(seconds=seconds)


def place(east_m: float, north_m: float = 0.0) -> Position:
    """Return the place so many metres from the corner (good to a few centimetres)."""
    latitude = math.radians(CORNER[0])
    squash = 1.0 - 0.00669437999014 * math.sin(latitude) ** 2
    along = 6_378_137.0 * (1.0 - 0.00669437999014) / squash**1.5
    across = 6_378_137.0 / math.sqrt(squash) * math.cos(latitude)
    return Position(
        latitude_deg=CORNER[0] + math.degrees(north_m / along),
        longitude_deg=CORNER[1] + math.degrees(east_m / across),
    )


def a_fix(  # noqa: PLR0913 A fix has many parts, each with a plain default.
    device_id: DeviceId,
    seconds: float,
    east_m: float,
    north_m: float = 0.0,
    *,
    accuracy_m: float | None = 5.0,
    state: FixState = FixState.ACCEPTED,
    delay_s: float = 0.0,
    speed_mps: float | None = None,
    course_deg: float | None = None,
) -> Fix:
    """Return a fix of the tag or the phone."""
    return Fix(
        reading_id=ReadingId(f"{device_id}@{seconds}"),
        log_position=int(seconds * 1024),
        device_id=device_id,
        person_id=HER if device_id == PHONE else WEARER,
        fixed_at=instant(seconds),
        received_at=instant(seconds + delay_s),
        position=place(east_m, north_m),
        accuracy_m=accuracy_m,
        state=state,
        speed_mps=speed_mps,
        course_deg=course_deg,
    )


def an_event(device_id: DeviceId, seconds: float, event_type: EventType) -> DeviceEvent:
    """Return an event of the tag or the phone."""
    return DeviceEvent(
        reading_id=ReadingId(f"{device_id}!{seconds}"),
        log_position=int(seconds * 1024),
        device_id=device_id,
        person_id=HER if device_id == PHONE else WEARER,
        occurred_at=instant(seconds),
        received_at=instant(seconds),
        event_type=event_type,
    )


def a_presence(device_id: DeviceId, seconds: float, *, online: bool) -> Presence:
    """Return what the broker says of the tag's or the phone's connection."""
    return Presence(
        reading_id=ReadingId(f"{device_id}~{seconds}"),
        log_position=int(seconds * 1024),
        device_id=device_id,
        person_id=HER if device_id == PHONE else WEARER,
        received_at=instant(seconds),
        online=online,
    )


def a_pair(**changes: object) -> Proximity:
    """Return a pair condition of 1,000 m."""
    values: dict[str, object] = {
        "condition_id": PAIR,
        "protected_id": HER,
        "alert_m": 1000.0,
        "warning_m": 2000.0,
        "contact_m": 300.0,
    }
    return Proximity(**{**values, **changes})  # pyright: ignore[reportArgumentType]


def a_square(east_m: float, north_m: float, side_m: float) -> Polygon:
    """Return a square area with its south-west corner there."""
    corners = [(0.0, 0.0), (side_m, 0.0), (side_m, side_m), (0.0, side_m), (0.0, 0.0)]
    shell = tuple(place(east_m + east, north_m + north) for east, north in corners)
    return Polygon(parts=(PolygonPart(shell=shell),))


def a_zone(**changes: object) -> ExclusionZone:
    """Return an exclusion zone: a square of 400 m from the corner, with a buffer of 100 m."""
    values: dict[str, object] = {
        "condition_id": ZONE,
        "protected_id": HER,
        "area": a_square(0.0, 0.0, 400.0),
        "buffer_m": 100.0,
    }
    return ExclusionZone(**{**values, **changes})  # pyright: ignore[reportArgumentType]


def a_disc(east_m: float, north_m: float, radius_m: float) -> Circle:
    """Return a circular area."""
    return Circle(centre=place(east_m, north_m), radius_m=radius_m)


def an_order(*conditions: Condition, **changes: object) -> Order:
    """Return an order in force all of November, in London."""
    values: dict[str, object] = {
        "order_id": ORDER,
        "order_type": OrderType.RESTRAINING_ORDER,
        "reference": "T20261234",
        "wearer_id": WEARER,
        "valid_from": datetime(2026, 11, 1, tzinfo=UTC),
        "valid_until": datetime(2026, 12, 1, tzinfo=UTC),
        "timezone": "Europe/London",
        "conditions": conditions or (a_pair(),),
    }
    return Order(**{**values, **changes})  # pyright: ignore[reportArgumentType]


def a_device(device_id: DeviceId, interval_s: float = 60.0, **changes: object) -> Device:
    """Return the tag, or her phone."""
    values: dict[str, object] = {
        "device_id": device_id,
        "kind": DeviceKind.HANDSET if device_id == PHONE else DeviceKind.TAG,
        "protocol": Protocol.KEEPCLEAR,
        "person_id": HER if device_id == PHONE else WEARER,
        "interval": timedelta(seconds=interval_s),
    }
    return Device(**{**values, **changes})  # pyright: ignore[reportArgumentType]


def register(*orders: Order, interval_s: float = 60.0, at_s: float = -1.0) -> list[Fact]:
    """Return the facts that make the tag, the phone and the orders known."""
    at = instant(at_s)
    facts: list[Fact] = [
        DeviceChanged(change_id=1, received_at=at, device=a_device(TAG, interval_s)),
        DeviceChanged(change_id=2, received_at=at, device=a_device(PHONE, interval_s)),
    ]
    for number, order in enumerate(orders, start=3):
        facts.append(OrderChanged(change_id=number, received_at=at, order=order))
    return facts


def a_tick(seconds: float) -> Tick:
    """Return the clock at so many seconds after noon."""
    return Tick(received_at=instant(seconds))


def run(engine: Engine, facts: Iterable[Fact]) -> list[Transition]:
    """Step through `facts`, each at the instant it was received."""
    return [row for fact in facts for row in engine.step(fact, fact.received_at)]


def levels(rows: Iterable[Transition]) -> list[tuple[Level | None, Level]]:
    """Return what gave way to what."""
    return [(row.before, row.after) for row in rows]


def of(rows: Iterable[Transition], condition_id: ConditionId | None) -> list[Transition]:
    """Return the rows of one condition, or of the devices."""
    return [row for row in rows if row.condition_id == condition_id]
