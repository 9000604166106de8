"""Whether she may be told that she is protected. Pure; false unless everything holds.

A word of comfort that is wrong is worse than none, so each ground is asked for in turn and the
first one missing is the reason she is given.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from alerts.audience import instant_text
from alerts.board import Board, DeviceState, DeviceView, overdue
from alerts.canary import Verdict
from alerts.register import Register
from domain.ids import PersonId
from domain.order import DeviceKind, ExclusionZone, Order

#: How long after its interval his tag may still report and count as reporting in time.
TAG_GRACE: Final = timedelta(seconds=30)
#: How old her own position may be, at least; two of her phone's intervals if that is longer.
HER_FIX_AGE_MIN: Final = timedelta(seconds=180)


class Ground(StrEnum):
    """Why she is not called protected; `ALL_WELL` when she is. Keys of her page's sentences."""

    ALL_WELL = "all_well"
    UNPROVEN = "unproven"
    CANARY_LATE = "canary_late"
    NO_ORDER = "no_order"
    TAG_SILENT = "tag_silent"
    TAG_LATE = "tag_late"
    TAG_UNUSABLE = "tag_unusable"
    HER_POSITION = "her_position"
    NO_CHANNEL = "no_channel"


class Protection(msgspec.Struct, frozen=True, kw_only=True):
    """The answer, and the reason for it."""

    protected: bool
    reason: Ground


class ProtectionBody(msgspec.Struct, frozen=True, kw_only=True):
    """The data of `protection.state`."""

    protected: bool
    reason: str
    checked_at: str


_UNUSABLE = frozenset({DeviceState.NO_POSITION, DeviceState.JAMMED, DeviceState.TAMPERED})


def protection_of(
    person_id: PersonId,
    *,
    register: Register,
    board: Board,
    canary: Verdict,
    connected: bool,
    now: datetime,
) -> Protection:
    """Return whether the person is protected at `now`, and if not, the first reason why not."""
    orders = register.protecting(person_id, now)
    grounds = (
        _of_system(canary),
        None if orders else Ground.NO_ORDER,
        _of_tags(orders, register, board, now),
        _of_her_place(person_id, orders, register, board, now),
        None if connected else Ground.NO_CHANNEL,
    )
    for ground in grounds:
        if ground is not None:
            return Protection(protected=False, reason=ground)
    return Protection(protected=True, reason=Ground.ALL_WELL)


def protection_body(protection: Protection, now: datetime) -> ProtectionBody:
    """Return the data of a `protection.state` event."""
    return ProtectionBody(
        protected=protection.protected,
        reason=protection.reason.value,
        checked_at=instant_text(now),
    )


def _of_system(canary: Verdict) -> Ground | None:
    if canary.ready:
        return None
    return Ground.CANARY_LATE if canary.proven else Ground.UNPROVEN


def _of_tags(
    orders: tuple[Order, ...], register: Register, board: Board, now: datetime
) -> Ground | None:
    """Return what is wrong with the tags of the wearers: each of them needs one that works."""
    worst: Ground | None = None
    for wearer_id in sorted({order.wearer_id for order in orders}):
        devices = register.of_person(wearer_id, DeviceKind.TAG)
        tags = [board.device(device.device_id) for device in devices]
        grounds = [_of_tag(tag, now) for tag in tags if tag is not None]
        if None not in grounds:
            worst = grounds[0] if grounds else Ground.TAG_SILENT
    return worst


def _of_tag(tag: DeviceView, now: datetime) -> Ground | None:
    if tag.state in _UNUSABLE:
        return Ground.TAG_UNUSABLE
    if tag.state in {DeviceState.SILENT, DeviceState.OFF, DeviceState.WAITING}:
        return Ground.TAG_SILENT
    return Ground.TAG_LATE if overdue(tag, now, TAG_GRACE) else None


def _of_her_place(
    person_id: PersonId,
    orders: tuple[Order, ...],
    register: Register,
    board: Board,
    now: datetime,
) -> Ground | None:
    """Return None while we know where she is, or a place of hers is watched at every hour."""
    for device in register.of_person(person_id, DeviceKind.HANDSET):
        handset = board.device(device.device_id)
        if handset is not None and handset.last_fix_at is not None:
            age_max = max(HER_FIX_AGE_MIN, 2 * device.interval)
            if now - handset.last_fix_at <= age_max:
                return None
    zones = (
        condition
        for order in orders
        for condition in order.conditions
        if isinstance(condition, ExclusionZone) and condition.protected_id == person_id
    )
    if any(not zone.schedule for zone in zones):
        return None
    return Ground.HER_POSITION
