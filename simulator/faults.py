"""What goes wrong on purpose: named faults with a beginning and, most of them, an end.

Pure. Times are seconds of the story. A fault changes what a device measures, stores or can send;
it never changes where anybody truly is.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final

import msgspec

from domain.position import Position
from simulator.earth import moved

FOREVER_S: Final = float("inf")


class FaultKind(StrEnum):
    """What can go wrong."""

    #: The receiver finds no satellites: heartbeats go on, fixes stop.
    LOSE_GPS = "lose_gps"
    #: The radio finds no network: fixes are stored and sent later in arrays.
    LOSE_NETWORK = "lose_network"
    #: The strap is cut, and made whole again if the fault ends.
    STRAP = "strap"
    #: The battery is nearly empty.
    BATTERY = "battery"
    #: Every fix is off by a fixed distance.
    JUMP = "jump"
    #: Every message is sent twice.
    DUPLICATES = "duplicates"


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fault of one device: from `from_s`, included, to `until_s`, excluded.

    Attributes:
        name: What expectations call it; its kind unless there are two of a kind.
        east_m: Of a jump: how far east the fixes move; `north_m` likewise.
        percent: Of a battery fault: the level it falls to.
    """

    kind: FaultKind
    device: str
    from_s: float
    until_s: float = FOREVER_S
    name: str = ""
    east_m: float = 0.0
    north_m: float = 0.0
    percent: int = 8

    def __post_init__(self) -> None:
        """A fault lasts."""
        assert 0.0 <= self.from_s < self.until_s

    @property
    def label(self) -> str:
        """What expectations call it."""
        return self.name or str(self.kind)

    def active(self, story_s: float) -> bool:
        """Return whether it is wrong now."""
        return self.from_s <= story_s < self.until_s


EVENTS: Final[dict[FaultKind, tuple[str, str | None]]] = {
    FaultKind.LOSE_GPS: ("gnss_lost", "gnss_restored"),
    FaultKind.STRAP: ("strap_tamper", "strap_restored"),
    FaultKind.BATTERY: ("battery_low", "charging_started"),
}


class Faults:
    """All faults of one device."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self._faults = tuple(sorted(faults, key=lambda fault: (fault.from_s, fault.kind)))

    def active(self, kind: FaultKind, story_s: float) -> bool:
        """Return whether a fault of this kind is on."""
        return any(fault.kind is kind and fault.active(story_s) for fault in self._faults)

    def displaced(self, position: Position, story_s: float) -> Position:
        """Return where the receiver believes `position` to be."""
        for fault in self._faults:
            if fault.kind is FaultKind.JUMP and fault.active(story_s):
                position = moved(position, fault.east_m, fault.north_m)
        return position

    def battery(self, percent: int, story_s: float) -> int:
        """Return the battery level the device reports."""
        levels = [
            fault.percent
            for fault in self._faults
            if fault.kind is FaultKind.BATTERY and fault.active(story_s)
        ]
        return min([percent, *levels])

    def events(self) -> list[tuple[float, str]]:
        """Return the events the device will report, each with its second of the story."""
        return sorted(self._told())

    def _told(self) -> Iterator[tuple[float, str]]:
        for fault in self._faults:
            begins, ends = EVENTS.get(fault.kind, (None, None))
            if begins is not None:
                yield fault.from_s, begins
            if ends is not None and fault.until_s != FOREVER_S:
                yield fault.until_s, ends
