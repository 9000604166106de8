"""Faults begin and end when they should and change only what a device can feel."""

import pytest

from domain.position import Position
from simulator.earth import metres_between
from simulator.faults import Fault, FaultKind, Faults

HERE = Position(latitude_deg=51.6165, longitude_deg=-0.1190)


def test_a_fault_begins_at_its_second_and_ends_before_its_last() -> None:
    """The first second is included, the last is not."""
    faults = Faults([Fault(kind=FaultKind.LOSE_GPS, device="tag", from_s=0.0, until_s=20.0)])

    assert [True, True, False] == [
        faults.active(FaultKind.LOSE_GPS, at_s) for at_s in (0.0, 19.9, 20.0)
    ]
    assert not faults.active(FaultKind.LOSE_NETWORK, 0.0)


def test_events_are_told_in_order() -> None:
    """A cut strap, lost satellites and an empty battery are reported, each at its second."""
    faults = Faults(
        [
            Fault(kind=FaultKind.STRAP, device="tag", from_s=30.0),
            Fault(kind=FaultKind.LOSE_GPS, device="tag", from_s=10.0, until_s=40.0),
            Fault(kind=FaultKind.BATTERY, device="tag", from_s=20.0),
        ]
    )

    assert faults.events() == [
        (10.0, "gnss_lost"),
        (20.0, "battery_low"),
        (30.0, "strap_tamper"),
        (40.0, "gnss_restored"),
    ]


def test_a_jump_moves_the_fix_and_not_the_person() -> None:
    """While it lasts, a jump displaces what is reported by its metres."""
    jump = Fault(
        kind=FaultKind.JUMP, device="tag", from_s=5.0, until_s=6.0, east_m=300.0, north_m=400.0
    )

    assert metres_between(HERE, Faults([jump]).displaced(HERE, 5.0)) == pytest.approx(500.0, abs=1)
    assert Faults([jump]).displaced(HERE, 6.0) == HERE


def test_an_empty_battery_shows() -> None:
    """A battery fault lowers the level and never raises it."""
    faults = Faults([Fault(kind=FaultKind.BATTERY, device="tag", from_s=5.0, percent=8)])

    assert [80, 8, 3] == [faults.battery(80, 0.0), faults.battery(80, 5.0), faults.battery(3, 5.0)]


def test_a_fault_without_length_is_refused() -> None:
    """A fault that ends when it begins is a mistake in the scenario."""
    with pytest.raises(AssertionError):
        Fault(kind=FaultKind.LOSE_GPS, device="tag", from_s=5.0, until_s=5.0)
