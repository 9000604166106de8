"""The cast and the stage of the synthetic case. Pure.

A wearer, a protected person, a tag, a handset and one order, in the South Atlantic where nobody
lives. The order lets go at once (no margin, one fix), so that near and far in turn make each
beat a change.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from alerts.audience import instant_text
from alerts.canary import Beat
from domain.ids import CANARY_PREFIX, ConditionId, DeviceId, OrderId, PersonId
from domain.order import (
    Device,
    DeviceKind,
    Leaving,
    Order,
    OrderType,
    Person,
    PersonRole,
    Protocol,
    Proximity,
)
from domain.position import Position

WEARER: Final = PersonId(f"{CANARY_PREFIX}wearer")
PROTECTED: Final = PersonId(f"{CANARY_PREFIX}protected")
TAG: Final = DeviceId(f"{CANARY_PREFIX}tag")
HANDSET: Final = DeviceId(f"{CANARY_PREFIX}handset")
ORDER: Final = OrderId(f"{CANARY_PREFIX}order")

INTERVAL: Final = timedelta(seconds=60)
_HOME: Final = Position(latitude_deg=-47.0, longitude_deg=-12.0)
#: 60 m and 200 m north of her: inside the ring of 100 m and outside it, errors counted.
_NEAR: Final = Position(latitude_deg=-46.99946, longitude_deg=-12.0)
_FAR: Final = Position(latitude_deg=-46.9982, longitude_deg=-12.0)


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What a device of the cast publishes: the native protocol, standing still."""

    t: str
    lat: float
    lon: float
    acc: float = 5.0
    spd: float = 0.0
    src: str = "gnss"


def people() -> tuple[Person, ...]:
    """Return the cast."""
    return (
        Person(person_id=WEARER, role=PersonRole.WEARER, name="Synthetic wearer"),
        Person(person_id=PROTECTED, role=PersonRole.PROTECTED, name="Synthetic protected person"),
    )


def devices() -> tuple[Device, ...]:
    """Return what they carry."""
    return (
        _device(TAG, DeviceKind.TAG, WEARER),
        _device(HANDSET, DeviceKind.HANDSET, PROTECTED),
    )


def order() -> Order:
    """Return the order between them."""
    return Order(
        order_id=ORDER,
        order_type=OrderType.OTHER,
        reference="Synthetic case",
        wearer_id=WEARER,
        valid_from=datetime(2020, 1, 1, tzinfo=UTC),
        valid_until=datetime(2200, 1, 1, tzinfo=UTC),
        timezone="UTC",
        conditions=(
            Proximity(
                condition_id=ConditionId(f"{CANARY_PREFIX}condition"),
                protected_id=PROTECTED,
                alert_m=100.0,
                warning_m=101.0,
                contact_m=1.0,
                leaving=Leaving(
                    margin_m=1.0, margin_share=0.0, fixes=1, after=timedelta(seconds=0)
                ),
            ),
        ),
    )


def claims(beat: Beat) -> tuple[tuple[DeviceId, Claim], ...]:
    """Return what the devices publish for a beat: first hers, then his, which decides."""
    t = instant_text(beat.sent_at)
    his = _NEAR if beat.near else _FAR
    return (
        (HANDSET, Claim(t=t, lat=_HOME.latitude_deg, lon=_HOME.longitude_deg)),
        (TAG, Claim(t=t, lat=his.latitude_deg, lon=his.longitude_deg)),
    )


def _device(device_id: DeviceId, kind: DeviceKind, person_id: PersonId) -> Device:
    return Device(
        device_id=device_id,
        kind=kind,
        protocol=Protocol.KEEPCLEAR,
        person_id=person_id,
        interval=INTERVAL,
    )
