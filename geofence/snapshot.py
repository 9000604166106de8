"""Engine state to bytes and back, one row a subject. Pure.

MessagePack of the state's own type, tagged with which it is, so that a row speaks for itself.
"""

from typing import Final

import msgspec

from domain.ids import ConditionId, DeviceId, OrderId
from geofence.state import ClockState, ConditionState, DeviceState, OrderState, State

CLOCK: Final = "clock"

_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(State)


def device_subject(device_id: DeviceId) -> str:
    """Return the key of a device's state."""
    return f"device:{device_id}"


def order_subject(order_id: OrderId) -> str:
    """Return the key of an order's state."""
    return f"order:{order_id}"


def condition_subject(order_id: OrderId, condition_id: ConditionId) -> str:
    """Return the key of a condition's state; ids may hold a colon, so the first's length leads."""
    return f"condition:{len(order_id)}:{order_id}:{condition_id}"


def subject_of(state: State) -> str:
    """Return the key under which `state` is kept."""
    match state:
        case DeviceState():
            return device_subject(state.device_id)
        case OrderState():
            return order_subject(state.order.order_id)
        case ConditionState():
            return condition_subject(state.order_id, state.condition_id)
        case ClockState():
            return CLOCK


def freeze(state: State) -> bytes:
    """Return `state` as bytes that `thaw` reads; equal states give equal bytes."""
    return _ENCODER.encode(state)


def thaw(body: bytes) -> State:
    """Return the state that `freeze` wrote."""
    return _DECODER.decode(body)
