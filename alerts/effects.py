"""What a batch of facts leaves behind: everything that is to be written in one transaction. Pure.

Live events are numbered here, per recipient, from the heads the record had; they are written
together with what they tell of, and published only afterwards.
"""

from datetime import datetime
from typing import Final

import msgspec

from alerts.escalation import Outstanding
from alerts.ledger import Decision, LedgerEntry, Reason
from alerts.live.frames import encode_body
from alerts.live.hub import CONSOLE
from domain.command import CommandResult
from domain.ids import AlertId, DeviceId, IncidentId, OrderId, PersonId, is_canary
from domain.incident import Incident, LiveEvent, Notice, TimelineEntry
from domain.transition import Subject

#: The channel of a page that is open.
SOCKET: Final = "socket"


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to reach a person, or one answer, and what came of it."""

    alert_id: AlertId
    audience: str
    channel: str
    at: datetime
    outcome: Decision
    reason: Reason | None = None


class Cleared(msgspec.Struct, frozen=True, kw_only=True):
    """What a human closed by resolving its incident: the device may raise it again."""

    device_id: DeviceId
    subject: Subject
    at: datetime


class Effects:
    """The rows of one transaction, in the order in which they came about."""

    def __init__(self, heads: dict[str, int]) -> None:
        """Number events onwards from `heads`, which is kept up to date."""
        self._heads = heads
        self.incidents: dict[IncidentId, Incident] = {}
        self.entries: list[TimelineEntry] = []
        self.notices: list[Notice] = []
        self.answers: dict[AlertId, Outstanding] = {}
        self.deliveries: list[Delivery] = []
        self.ledger: list[LedgerEntry] = []
        self.events: list[LiveEvent] = []
        self.results: list[CommandResult] = []
        self.cleared: list[Cleared] = []

    def __bool__(self) -> bool:
        """Return whether there is anything to write."""
        return bool(
            self.incidents
            or self.entries
            or self.notices
            or self.answers
            or self.deliveries
            or self.ledger
            or self.events
            or self.results
            or self.cleared
        )

    def emit(self, recipient: str, at: datetime, kind: str, body: object, about: "About") -> None:
        """Add the recipient's next event. The synthetic case has none on the console."""
        if recipient == CONSOLE and about.canary:
            return
        ordinal = self._heads.get(recipient, 0) + 1
        self._heads[recipient] = ordinal
        self.events.append(
            LiveEvent(
                recipient=recipient,
                ordinal=ordinal,
                at=at,
                kind=kind,
                body=encode_body(body),
                order_id=about.order_id,
                person_id=about.person_id,
            )
        )

    def decide(self, entry: LedgerEntry) -> None:
        """Add a decision to the ledger; those of the synthetic case would only bury the others."""
        if not is_canary(entry.subject) and not is_canary(entry.ref):
            self.ledger.append(entry)


class About(msgspec.Struct, frozen=True, kw_only=True):
    """Whose case an event belongs to."""

    order_id: OrderId | None = None
    person_id: PersonId | None = None

    @property
    def canary(self) -> bool:
        """Return whether it is the synthetic case."""
        return any(is_canary(one) for one in (self.order_id, self.person_id) if one is not None)


def about(incident: Incident) -> About:
    """Return whose case `incident` is."""
    return About(order_id=incident.order_id, person_id=incident.protected_id or incident.wearer_id)
