"""Her phone with her page open: it sends its own position over HTTP while it is there.

Pure. Messages are the bodies of `POST /victim/position`; each has an id, so it may be sent again
until it is answered.
"""

from datetime import datetime
from typing import Final

import msgspec

from simulator.device import Measurement, Message, rfc3339

PATH: Final = "/victim/position"


class AppPhone:
    """The page's side of `POST /victim/position`."""

    def __init__(self) -> None:
        self._waiting: dict[int, Message] = {}
        self._sent: set[int] = set()
        self._next = 1

    @property
    def held(self) -> int:
        """How many positions are not answered yet."""
        return len(self._waiting)

    def will(self, now: datetime) -> Message:  # noqa: ARG002 -- a page has no last will
        """Return an empty message: a page that is closed says nothing."""
        return Message(topic="", payload=b"")

    def greeting(self, now: datetime) -> list[Message]:  # noqa: ARG002 -- nor a first word
        """Return nothing: opening the socket is the greeting."""
        return []

    def subscriptions(self) -> list[str]:
        """Return nothing: the page hears by websocket."""
        return []

    def measured(self, now: datetime, measurement: Measurement, battery: int) -> None:  # noqa: ARG002
        """Queue a position."""
        body = {
            "id": f"position-{self._next}",
            "at": rfc3339(now),
            "lat": round(measurement.position.latitude_deg, 7),
            "lon": round(measurement.position.longitude_deg, 7),
            "acc": round(measurement.claim_m, 1),
        }
        self._waiting[self._next] = Message(
            topic=PATH, payload=msgspec.json.encode(body), receipts=(self._next,)
        )
        self._next += 1

    def happened(self, now: datetime, event: str, measurement: Measurement | None) -> None:
        """Ignore it: a page knows no such thing."""

    def connected(self) -> None:
        """Take everything unanswered as unsent."""
        self._sent.clear()

    def due(self, now: datetime) -> list[Message]:  # noqa: ARG002 -- nothing is resent by time
        """Return what was not sent yet, in order."""
        ready = [key for key in self._waiting if key not in self._sent]
        self._sent.update(ready)
        return [self._waiting[key] for key in ready]

    def arrived(self, topic: str, payload: bytes) -> list[Message]:  # noqa: ARG002 -- see text
        """Ignore it: answers come as `published`."""
        return []

    def published(self, message: Message) -> None:
        """Forget what was answered."""
        for receipt in message.receipts:
            self._waiting.pop(receipt, None)
            self._sent.discard(receipt)
