"""What is kept of an item: the readings, rejections and quarantine of one sender's message.

Pure. Outcomes of a message are numbered from 0 in the order they are to be decided; `positioned`
gives them their place in the one log once the message has its number there.
"""

from typing import Final

import msgspec

from domain.ids import DeviceId, PersonId, ReadingId, derive
from domain.reading import (
    DeviceEvent,
    EventReport,
    Fix,
    FixReport,
    Presence,
    PresenceReport,
    Quarantined,
    RawMessage,
    Reading,
    Reason,
    Rejection,
)
from ingest.payload import Fault
from ingest.screen import Screened, event_instant
from ingest.sequence import claimed_at

#: Items a message can have, and what its number in the log is multiplied by.
POSITIONS_PER_MESSAGE: Final = 1024

Outcome = Reading | Rejection | Quarantined


def positioned(outcome: Outcome, raw_id: int) -> Outcome:
    """Return `outcome`, numbered within its message, at its place in the one log."""
    position = raw_id * POSITIONS_PER_MESSAGE + outcome.log_position
    return msgspec.structs.replace(outcome, log_position=position)


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """Whose message it is; builds what is kept of its items at `position` within it."""

    device_id: DeviceId
    person_id: PersonId
    message: RawMessage

    def derived_id(self, *causes: str) -> ReadingId:
        """Return an identity for what has none of its own."""
        return ReadingId(derive("reading", self.device_id, *causes))

    def fix(
        self, position: int, reading_id: ReadingId, report: FixReport, screened: Screened
    ) -> Fix:
        """Return the fix of a report, trusted as far as `screened` says."""
        return Fix(
            reading_id=reading_id,
            log_position=position,
            device_id=self.device_id,
            person_id=self.person_id,
            fixed_at=screened.fixed_at,
            received_at=self.message.received_at,
            position=report.position,
            state=screened.state,
            reason=screened.reason,
            accuracy_m=report.accuracy_m,
            boot=report.boot,
            seq=report.seq,
            speed_mps=report.speed_mps,
            course_deg=report.course_deg,
            altitude_m=report.altitude_m,
            satellites=report.satellites,
            battery_percent=report.battery_percent,
            source=report.source,
        )

    def event(self, position: int, reading_id: ReadingId, report: EventReport) -> DeviceEvent:
        """Return the event of a report."""
        received_at = self.message.received_at
        return DeviceEvent(
            reading_id=reading_id,
            log_position=position,
            device_id=self.device_id,
            person_id=self.person_id,
            occurred_at=event_instant(report.occurred_at, received_at),
            received_at=received_at,
            event_type=report.event_type,
            boot=report.boot,
            seq=report.seq,
            position=report.position,
            accuracy_m=report.accuracy_m,
        )

    def presence(self, position: int, report: PresenceReport) -> Presence:
        """Return whether the device was connected when the message came."""
        received_at = self.message.received_at
        return Presence(
            reading_id=self.derived_id(
                "online", str(int(report.online)), str(position), received_at.isoformat()
            ),
            log_position=position,
            device_id=self.device_id,
            person_id=self.person_id,
            received_at=received_at,
            online=report.online,
        )

    def rejection(
        self,
        position: int,
        reading_id: ReadingId,
        reason: Reason,
        item: FixReport | EventReport | Fault,
        where: str | None = None,
    ) -> Rejection:
        """Return an item that could be read and decides nothing."""
        fault = isinstance(item, Fault)
        return Rejection(
            reading_id=reading_id,
            log_position=position,
            device_id=self.device_id,
            received_at=self.message.received_at,
            reason=reason,
            person_id=self.person_id,
            claimed_at=item.claimed_at if fault else claimed_at(item),
            boot=item.boot,
            seq=item.seq,
            field=_join(where, item.field if fault else None),
        )

    def quarantined(self, position: int, fault: Fault, where: str | None = None) -> Quarantined:
        """Return an item that could not be read."""
        return Quarantined(
            log_position=position,
            topic=self.message.topic,
            received_at=self.message.received_at,
            reason=fault.reason,
            device_id=self.device_id,
            field=_join(where, fault.field),
        )


def _join(where: str | None, field: str | None) -> str | None:
    """Return where in a message a fault is: "[17].lat"."""
    return ".".join(part for part in (where, field) if part is not None) or None
