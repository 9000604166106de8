"""A phone with the OwnTracks app in move mode, as its MQTT messages look on the wire.

Pure. The app knows no acknowledgement but the broker's: it keeps a message until the PUBACK and
sends what it kept, one by one and in order, when it is connected again. Times are whole seconds,
accuracy and speed (km/h) whole numbers, as the app's JSON has them.
"""

from datetime import datetime
from typing import Final

import msgspec

from simulator.device import Measurement, Message

MOVE_MODE: Final = 2
UNPLUGGED: Final = 1


class OwnTracksPhone:
    """An OwnTracks app that publishes to one topic."""

    def __init__(self, topic: str, *, tracker_id: str) -> None:
        self._topic = topic
        self._tracker_id = tracker_id
        self._waiting: dict[int, Message] = {}
        self._sent: set[int] = set()
        self._next = 1

    @property
    def held(self) -> int:
        """How many messages the broker has not acknowledged yet."""
        return len(self._waiting)

    def will(self, now: datetime) -> Message:
        """Return the last will, stamped with the instant of the connection."""
        body = {"_type": "lwt", "tst": int(now.timestamp())}
        return Message(topic=self._topic, payload=msgspec.json.encode(body))

    def greeting(self, now: datetime) -> list[Message]:  # noqa: ARG002 -- the app says nothing
        """Return nothing: the app has no birth message."""
        return []

    def subscriptions(self) -> list[str]:
        """Return the topic of remote commands."""
        return [f"{self._topic}/cmd"]

    def measured(self, now: datetime, measurement: Measurement, battery: int) -> None:
        """Queue a location message."""
        body: dict[str, object] = {
            "_type": "location",
            "acc": max(1, round(measurement.claim_m)),
            "alt": 31,
            "batt": battery,
            "bs": UNPLUGGED,
            "conn": "m",
            "created_at": int(now.timestamp()),
            "lat": round(measurement.position.latitude_deg, 7),
            "lon": round(measurement.position.longitude_deg, 7),
            "m": MOVE_MODE,
            "t": "t",
            "tid": self._tracker_id,
            "topic": self._topic,
            "tst": int(now.timestamp()),
            "vac": 4,
            "vel": round(measurement.speed_mps * 3.6),
        }
        if measurement.speed_mps > 0.0:
            body["cog"] = round(measurement.course_deg) % 360
        self._waiting[self._next] = Message(
            topic=self._topic, payload=msgspec.json.encode(body), receipts=(self._next,)
        )
        self._next += 1

    def happened(self, now: datetime, event: str, measurement: Measurement | None) -> None:
        """Ignore it: the app has no such message."""

    def connected(self) -> None:
        """Take everything held as unsent."""
        self._sent.clear()

    def due(self, now: datetime) -> list[Message]:  # noqa: ARG002 -- nothing is resent by time
        """Return what is waiting and was not sent on this connection, in order."""
        ready = [key for key in self._waiting if key not in self._sent]
        self._sent.update(ready)
        return [self._waiting[key] for key in ready]

    def arrived(self, topic: str, payload: bytes) -> list[Message]:  # noqa: ARG002 -- see text
        """Ignore commands: move mode is what they would ask for."""
        return []

    def published(self, message: Message) -> None:
        """Forget what the broker has taken."""
        for receipt in message.receipts:
            self._waiting.pop(receipt, None)
            self._sent.discard(receipt)
