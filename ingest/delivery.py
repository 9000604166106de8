"""A message on its way in, and how its sender learns what became of it.

Pure. The worker does not know who sent a message: it settles the delivery once the record has
it, and fails it if it gives up. For MQTT, settling is the PUBACK.
"""

from collections.abc import Callable

import msgspec

from domain.reading import RawMessage


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One message and its two endings, of which at most one is called, once.

    Attributes:
        settle: The message is committed: the sender may forget it.
        fail: It is not, and will not be now: the sender should come again.
    """

    message: RawMessage
    settle: Callable[[], None]
    fail: Callable[[], None]


def lane_of(topic: str) -> str:
    """Return the lane in which messages on `topic` wait.

    A device's fixes share one lane. What is not a fix has a lane of its own, so that a flood of
    positions never delays or displaces the cut strap.
    """
    levels = topic.split("/")
    match levels:
        case ["kc", "v1", device, "fix"]:
            return device
        case ["owntracks", user, *_]:
            return f"owntracks/{user}"
        case _:
            return topic
