"""Writing down a change: from what changed, and what caused it, to a `Transition`. Pure.

The id of a transition is made of what changed and its cause, so deciding the same record again
gives the same id, and a second effect of one cause collapses into the first.
"""

from datetime import datetime
from enum import StrEnum

import msgspec

from domain.ids import ConditionId, DeviceId, OrderId, PersonId, TransitionId, derive
from domain.order import InclusionZone, Order
from domain.reading import Fix, FixState
from domain.transition import FixReference, Level, Subject, Transition
from geofence.clearance import Clearance
from geofence.separation import Separation
from geofence.state import DeviceState
from geofence.track import Place

Measured = Separation | Clearance


class Occasion(StrEnum):
    """What makes the engine look."""

    FIX = "fix"
    CLOCK = "clock"
    CHANGE = "change"


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """Why the engine looks at something now.

    Attributes:
        ref: Names the cause: a reading, a register change, a deadline.
        fix: The fix, if one is the cause.
        at: The engine's clock.
    """

    occasion: Occasion
    ref: str
    at: datetime
    fix: Fix | None = None

    @property
    def held(self) -> bool:
        """Return whether the cause is a suspect fix: it may raise, and nothing else."""
        return self.fix is not None and self.fix.state is FixState.HELD


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One level giving way to another."""

    subject: Subject
    before: Level | None
    after: Level
    reason: str
    since: datetime
    near: bool = False
    page: bool = False
    proven: bool = False
    elsewhere: bool = False


def condition_row(
    change: Change,
    cause: Cause,
    measured: Measured | None,
    *,
    order: Order,
    condition_id: ConditionId,
    reference: FixReference | None,
) -> Transition:
    """Return the transition of one condition of an order."""
    condition = next((c for c in order.conditions if c.condition_id == condition_id), None)
    protected_id: PersonId | None = None
    if condition is not None and not isinstance(condition, InclusionZone):
        protected_id = condition.protected_id
    row = _row(change, cause, order.order_id, order.wearer_id, condition_id)
    row = msgspec.structs.replace(row, protected_id=protected_id, fix=reference)
    if measured is None:
        return row
    return msgspec.structs.replace(
        row,
        device_id=measured.wearer_device,
        nearest_m=measured.nearest_m,
        central_m=measured.central_m,
        farthest_m=measured.farthest_m,
        uncertainty_m=measured.uncertainty_m,
        could_be_m=measured.could_be_m,
    )


def device_row(change: Change, cause: Cause, *, order: Order, state: DeviceState) -> Transition:
    """Return the transition of one device, said under `order`."""
    carrier = state.device.person_id
    row = _row(change, cause, order.order_id, order.wearer_id, state.device_id)
    return msgspec.structs.replace(
        row,
        condition_id=None,
        device_id=state.device_id,
        protected_id=carrier if carrier != order.wearer_id else None,
        fix=reference_to(state.device_id, state.places[-1]) if state.places else None,
    )


def reference_to(device_id: DeviceId, place: Place) -> FixReference:
    """Return which fix a place came from."""
    return FixReference(device_id=device_id, fixed_at=place.fixed_at, received_at=place.received_at)


def _row(
    change: Change,
    cause: Cause,
    order_id: OrderId,
    wearer_id: PersonId,
    about: ConditionId | DeviceId,
) -> Transition:
    identity = derive(
        "transition",
        order_id,
        about,
        change.subject,
        cause.ref,
        change.before or "",
        change.after,
        change.reason,
    )
    return Transition(
        transition_id=TransitionId(identity),
        at=cause.at,
        since=change.since,
        order_id=order_id,
        wearer_id=wearer_id,
        subject=change.subject,
        before=change.before,
        after=change.after,
        reason=change.reason,
        condition_id=ConditionId(about),
        near=change.near,
        page=change.page,
        proven=change.proven,
        elsewhere=change.elsewhere,
    )
