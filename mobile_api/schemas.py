"""What callers send to the register, in our own terms. Pure.

One reader serves the HTTP door and `ORDERS.json` of `keepclear replay`; only where ids come from
differs. A document that cannot be meant raises `DocumentError`, which names each place.
"""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import TypeVar

from pydantic import ValidationError

from domain.geojson import GeometryError, area_of, line_of
from domain.ids import ConditionId, DeviceId, OrderId, PersonId
from domain.order import (
    Area,
    Condition,
    Corridor,
    Device,
    DeviceKind,
    ExclusionZone,
    InclusionZone,
    Order,
    Person,
    PersonRole,
    Protocol,
    Proximity,
    Weekday,
    Window,
)
from mobile_api.bodies import (
    CorridorIn,
    DeviceFile,
    DeviceIn,
    ExclusionZoneIn,
    InclusionZoneIn,
    OrderFile,
    OrderIn,
    PersonFile,
    PersonIn,
    ProximityIn,
    WindowIn,
)
from mobile_api.fields import Body
from mobile_api.problems import CONDITION_TAGS, DocumentError, Fault, TooLargeError, faults_of
from mobile_api.zones import VERTICES_MAX, fault_of, tidied, vertices_in

NewId = Callable[[str], str]
B = TypeVar("B", bound=Body)


def person_from_document(document: object, new_id: NewId) -> Person:
    """Return the person a document describes.

    Raises:
        DocumentError: Naming every fault and its place.
    """
    read = _read(PersonFile, document)
    return person_of(read, PersonId(read.id or new_id("person")))


def device_from_document(document: object, new_id: NewId) -> Device:
    """Return the device a document describes.

    Raises:
        DocumentError: Naming every fault and its place.
    """
    read = _read(DeviceFile, document)
    return device_of(read, DeviceId(read.id or new_id("device")))


def order_from_document(document: object, new_id: NewId) -> Order:
    """Return the order a document describes, with the document's own ids where it has them.

    Raises:
        DocumentError: Naming every fault and its place.
    """
    read = _read(OrderFile, document)
    order_id = OrderId(read.id or new_id("order"))
    ids = [condition.id or new_id("condition") for condition in read.conditions]
    return order_of(read, order_id, ids)


def person_of(read: PersonIn, person_id: PersonId) -> Person:
    """Return a person in our own terms."""
    return Person(
        person_id=person_id,
        role=PersonRole(read.role),
        name=read.name,
        phone=read.phone,
        language=read.language,
    )


def device_of(read: DeviceIn, device_id: DeviceId) -> Device:
    """Return a device in our own terms."""
    return Device(
        device_id=device_id,
        kind=DeviceKind(read.kind),
        protocol=Protocol(read.protocol),
        person_id=None if read.person_id is None else PersonId(read.person_id),
        external_id=read.external_id,
        interval=timedelta(seconds=read.interval_s),
    )


def order_of(
    read: OrderIn, order_id: OrderId, condition_ids: list[str], *, revision: int = 1
) -> Order:
    """Return an order in our own terms, its areas tidied.

    Raises:
        DocumentError: If an area cannot be meant, or two conditions have one id.
    """
    if len(set(condition_ids)) != len(condition_ids):
        raise DocumentError([Fault(pointer="/conditions", detail="two conditions have one id")])
    conditions = tuple(
        _condition_of(one, ConditionId(condition_id), f"/conditions/{number}")
        for number, (one, condition_id) in enumerate(
            zip(read.conditions, condition_ids, strict=True)
        )
    )
    return Order(
        order_id=order_id,
        order_type=read.type,
        reference=read.reference,
        wearer_id=PersonId(read.wearer_id),
        valid_from=read.valid_from,
        valid_until=read.valid_until,
        timezone=read.timezone,
        conditions=conditions,
        show_trend=read.show_trend,
        show_direction=read.show_direction,
        revision=revision,
    )


def refuse_past(order: Order, now: datetime) -> None:
    """Refuse a new order that has already ended.

    Raises:
        DocumentError: If it has.
    """
    if order.valid_until <= now:
        raise DocumentError([Fault(pointer="/valid_until", detail="lies in the past")])


def _read(model: type[B], document: object) -> B:
    """Return the document as `model`, or every fault in it."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise DocumentError(faults_of(error.errors(), CONDITION_TAGS)) from None


def _condition_of(
    read: ProximityIn | ExclusionZoneIn | InclusionZoneIn, condition_id: ConditionId, place: str
) -> Condition:
    """Return one condition in our own terms."""
    if isinstance(read, ProximityIn):
        contact_m, alert_m, warning_m = read.rings_m
        return Proximity(
            condition_id=condition_id,
            protected_id=PersonId(read.protected_id),
            alert_m=alert_m,
            warning_m=warning_m,
            contact_m=contact_m,
        )
    area = _area_of(read.geometry, read.radius_m, f"{place}/geometry")
    schedule = tuple(_window_of(window) for window in read.schedule)
    if isinstance(read, InclusionZoneIn):
        return InclusionZone(
            condition_id=condition_id,
            area=area,
            name=read.name,
            disclosed=read.disclosed,
            schedule=schedule,
        )
    return ExclusionZone(
        condition_id=condition_id,
        area=area,
        name=read.name,
        protected_id=None if read.protected_id is None else PersonId(read.protected_id),
        buffer_m=read.buffer_m,
        disclosed=read.disclosed,
        schedule=schedule,
        corridors=tuple(
            _corridor_of(corridor, f"{place}/corridors/{number}")
            for number, corridor in enumerate(read.corridors)
        ),
    )


def _area_of(geometry: object, radius_m: float | None, place: str) -> Area:
    """Return the area a geometry describes, tidied, or say what is wrong with it."""
    if vertices_in(geometry) > VERTICES_MAX:
        detail = f"has more than {VERTICES_MAX} positions"
        raise TooLargeError([Fault(pointer=place, detail=detail)])
    try:
        area = area_of(geometry, radius_m)
    except (GeometryError, OverflowError) as error:
        detail = str(error) if isinstance(error, GeometryError) else "has a number beyond reason"
        raise DocumentError([Fault(pointer=place, detail=detail)]) from None
    fault = fault_of(area)
    if fault is not None:
        raise DocumentError([Fault(pointer=place, detail=fault)])
    return tidied(area)


def _corridor_of(read: CorridorIn, place: str) -> Corridor:
    """Return a corridor in our own terms."""
    if vertices_in(read.geometry) > VERTICES_MAX:
        detail = f"has more than {VERTICES_MAX} positions"
        raise TooLargeError([Fault(pointer=f"{place}/geometry", detail=detail)])
    try:
        line = line_of(read.geometry)
    except (GeometryError, OverflowError) as error:
        detail = str(error) if isinstance(error, GeometryError) else "has a number beyond reason"
        raise DocumentError([Fault(pointer=f"{place}/geometry", detail=detail)]) from None
    window = None
    if read.since is not None and read.until is not None:
        window = _window(read.days or tuple(Weekday), read.since, read.until)
    return Corridor(line=line, width_m=read.width_m, window=window)


def _window_of(read: WindowIn) -> Window:
    return _window(read.days, read.since, read.until)


def _window(days: tuple[Weekday, ...], since: time, until: time) -> Window:
    """Return a window with its days in the order of the week, each once."""
    named = set(days)
    return Window(days=tuple(day for day in Weekday if day in named), since=since, until=until)
