"""She is called protected only while everything holds; otherwise she is told what does not."""

from datetime import datetime, time, timedelta
from typing import Any

import msgspec
import pytest

from alerts.board import Board, DeviceState
from alerts.canary import UNPROVEN, Verdict
from alerts.protection import Ground, protection_body, protection_of
from alerts.register import Register
from domain.ids import DeviceId, PersonId, ReadingId
from domain.order import Device, DeviceKind, Order, Protocol, Weekday, Window
from domain.position import Position
from domain.reading import Fix, FixState
from domain.transition import Level, Subject
from tests.unit.alerts.builders import HER, TAG, WEARER, an_order, at, of_device

HANDSET = DeviceId("handset-1")
PROVEN = Verdict(ready=True, proven=True, since=at(0))


def a_device(device_id: DeviceId, kind: DeviceKind, person_id: PersonId) -> Device:
    """Return a device that reports every minute."""
    return Device(device_id=device_id, kind=kind, protocol=Protocol.KEEPCLEAR, person_id=person_id)


def a_register(order: Order | None = None) -> Register:
    """Return a register with one order, one tag and one handset."""
    return Register(
        [order or an_order()],
        [
            a_device(TAG, DeviceKind.TAG, WEARER),
            a_device(HANDSET, DeviceKind.HANDSET, HER),
        ],
    )


def a_fix(device_id: DeviceId, seconds: float, **fields: Any) -> Fix:
    """Return a fix made and received at once."""
    given: dict[str, Any] = {
        "reading_id": ReadingId(f"{device_id}-{seconds}"),
        "log_position": int(seconds),
        "device_id": device_id,
        "person_id": HER if device_id == HANDSET else WEARER,
        "fixed_at": at(seconds),
        "received_at": at(seconds),
        "position": Position(latitude_deg=51.5, longitude_deg=-0.1),
    }
    return Fix(**(given | fields))


def a_board(register: Register, *, tag: float | None = 0, handset: float | None = 0) -> Board:
    """Return a board on which the devices were last heard at those seconds."""
    board = Board(register)
    for device_id, seconds in ((TAG, tag), (HANDSET, handset)):
        if seconds is not None:
            board.take_reading(a_fix(device_id, seconds))
    return board


def ground_of(register: Register, board: Board, now: datetime, **fields: Any) -> Ground:
    """Return why she is not protected, or that she is."""
    given: dict[str, Any] = {"canary": PROVEN, "connected": True}
    protection = protection_of(HER, register=register, board=board, now=now, **(given | fields))
    assert protection.protected is (protection.reason is Ground.ALL_WELL)
    return protection.reason


def test_all_well() -> None:
    """With every ground standing she is protected."""
    register = a_register()

    assert Ground.ALL_WELL is ground_of(register, a_board(register), at(10))


@pytest.mark.parametrize(
    ("verdict", "ground"),
    [
        (UNPROVEN, Ground.UNPROVEN),
        (Verdict(ready=False, proven=True, since=at(-60)), Ground.CANARY_LATE),
    ],
)
def test_without_a_canary_nobody_is_protected(verdict: Verdict, ground: Ground) -> None:
    """Unproven at first; late when it once went through and does not any more."""
    register = a_register()

    assert ground is ground_of(register, a_board(register), at(10), canary=verdict)


@pytest.mark.parametrize(("seconds", "ground"), [(90, Ground.ALL_WELL), (91, Ground.TAG_LATE)])
def test_a_late_tag_ends_it(seconds: float, ground: Ground) -> None:
    """The tag has its interval and thirty seconds, and no more."""
    register = a_register()

    assert ground is ground_of(register, a_board(register), at(seconds))


def test_a_tag_never_heard_of_protects_nobody() -> None:
    """A registered tag that never reported is silent, not well."""
    register = a_register()

    assert Ground.TAG_SILENT is ground_of(register, a_board(register, tag=None), at(10))


@pytest.mark.parametrize(
    ("subject", "ground"),
    [
        (Subject.CONTACT_LOSS, Ground.TAG_SILENT),
        (Subject.SHUTDOWN, Ground.TAG_SILENT),
        (Subject.LOCATION_LOSS, Ground.TAG_UNUSABLE),
        (Subject.JAMMING, Ground.TAG_UNUSABLE),
        (Subject.TAMPER, Ground.TAG_UNUSABLE),
    ],
)
def test_a_tag_in_trouble_protects_nobody(subject: Subject, ground: Ground) -> None:
    """Whatever the engine found wrong with the tag ends her protection until it is clear."""
    register = a_register()
    board = a_board(register)

    board.take_transition(of_device(subject, 5))
    assert ground is ground_of(register, board, at(10))

    board.take_transition(of_device(subject, 12, after=Level.CLEAR))
    assert Ground.ALL_WELL is ground_of(register, board, at(15))


def test_her_own_place_must_be_known_unless_a_place_of_hers_is_watched() -> None:
    """An old position of hers ends it only when no zone of hers stands at every hour."""
    register = a_register()
    order = an_order()
    proximity, zone = order.conditions
    night = Window(days=(Weekday.MON,), since=time(22), until=time(6))
    scheduled = msgspec.structs.replace(zone, schedule=(night,))
    old = {"tag": 0.0, "handset": -181.0}

    assert Ground.ALL_WELL is ground_of(register, a_board(register, **old), at(0))
    for conditions in ((proximity,), (proximity, scheduled)):
        without = a_register(an_order(conditions=conditions))
        assert Ground.HER_POSITION is ground_of(without, a_board(without, **old), at(0))
        fresh = a_board(without, tag=0.0, handset=-180.0)
        assert Ground.ALL_WELL is ground_of(without, fresh, at(0))


def test_an_order_and_a_channel_are_needed() -> None:
    """Without an order in force, or a way to reach her, she is not protected."""
    register = a_register()
    ended = a_register(an_order(valid_until=at(5)))

    assert Ground.NO_ORDER is ground_of(ended, a_board(ended), at(5))
    assert Ground.NO_CHANNEL is ground_of(register, a_board(register), at(10), connected=False)


def test_the_event_says_so() -> None:
    """The wire has the answer, the reason as a word, and when it was looked at."""
    register = a_register()
    protection = protection_of(
        HER,
        register=register,
        board=a_board(register),
        canary=UNPROVEN,
        connected=True,
        now=at(10),
    )

    body = protection_body(protection, at(10))

    assert (False, "unproven", "2026-11-22T14:00:10.000Z") == (
        body.protected,
        body.reason,
        body.checked_at,
    )


def test_a_device_is_late_ten_seconds_after_its_interval() -> None:
    """The board calls a device late by the clock alone, and reporting when it is heard again."""
    register = a_register()
    board = a_board(register, handset=None)

    assert [] == board.tick(at(70))
    assert [(TAG, DeviceState.LATE)] == [(d.device_id, d.state) for d in board.tick(at(71))]
    heard = board.take_reading(a_fix(TAG, 80))
    assert heard is not None
    assert (DeviceState.REPORTING, at(80)) == (heard.state, heard.since)


def test_a_suspect_fix_proves_life_and_no_place() -> None:
    """A held fix means that the device was heard; its place is not taken over."""
    register = a_register()
    board = a_board(register, handset=None)

    board.take_reading(a_fix(TAG, 50, state=FixState.HELD))

    tag = board.device(TAG)
    assert tag is not None
    assert (at(50), at(0)) == (tag.heard_at, tag.last_fix_at)


def test_a_revoked_device_leaves_the_board() -> None:
    """A device without credentials is shown no longer."""
    register = a_register()
    board = a_board(register)
    revoked = Device(
        device_id=TAG,
        kind=DeviceKind.TAG,
        protocol=Protocol.KEEPCLEAR,
        person_id=WEARER,
        interval=timedelta(seconds=60),
        revoked_at=at(5),
    )

    board.renew(register.changed([], [revoked]))

    assert [HANDSET] == [device.device_id for device in board.listed()]
