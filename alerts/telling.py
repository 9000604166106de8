"""Telling her: from an incident that changed to the events, notices and deliveries of it. Pure."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from alerts.audience import alert_body, help_of, recipient_of
from alerts.effects import SOCKET, About, Delivery, Effects, about
from alerts.escalation import Outstanding
from alerts.ledger import Decision, LedgerEntry, Reason
from alerts.live.hub import CONSOLE
from alerts.live.views import notice_data
from alerts.stages import News, Outcome, decide
from domain.ids import OrderId
from domain.incident import Incident, Notice
from domain.order import Order


def tell(
    effects: Effects,
    incident: Incident,
    standing: tuple[Incident, ...],
    *,
    shown: Notice | None,
    orders: Mapping[OrderId, Order],
    connected: bool,
    ref: str,
) -> Outstanding | None:
    """Pass an incident that changed through the stages; return the alert she is told, if any."""
    outcome = decide(News(incident=incident, standing=standing, shown=shown, orders=orders))
    subject = incident.incident_id if outcome.notice is None else outcome.notice.alert_id
    effects.decide(
        LedgerEntry(
            at=incident.changed_at,
            subject=subject,
            ref=ref,
            decision=outcome.decision,
            reason=outcome.reason,
        )
    )
    if outcome.notice is None:
        return None
    outstanding = _send(effects, outcome, outcome.notice)
    if not connected:
        record(
            effects,
            outstanding,
            about(incident),
            Decision.FAILED,
            reason=Reason.NOT_CONNECTED,
            at=incident.changed_at,
        )
    return outstanding


def fail(
    effects: Effects,
    outstanding: Outstanding,
    incident: Incident | None,
    *,
    reason: Reason,
    at: datetime,
) -> Outstanding:
    """Tell officers that nobody has answered an alert, and return it as told."""
    failed = msgspec.structs.replace(outstanding, failed=True)
    concerned = About(person_id=outstanding.person_id) if incident is None else about(incident)
    record(effects, failed, concerned, Decision.FAILED, reason=reason, at=at)
    return failed


def record(
    effects: Effects,
    outstanding: Outstanding,
    concerned: About,
    decision: Decision,
    *,
    reason: Reason,
    at: datetime,
) -> None:
    """Write down what became of an alert, and tell officers."""
    effects.deliveries.append(
        Delivery(
            alert_id=outstanding.alert_id,
            audience="protected",
            channel=SOCKET,
            at=at,
            outcome=decision,
            reason=reason,
        )
    )
    effects.decide(
        LedgerEntry(
            at=at,
            subject=outstanding.alert_id,
            ref=outstanding.person_id,
            decision=decision,
            reason=reason,
        )
    )
    said = reason if decision is Decision.FAILED else None
    effects.emit(
        CONSOLE,
        at,
        f"notice.{decision.value}",
        notice_data(outstanding.alert_id, outstanding.incident_id, SOCKET, at, said),
        concerned,
    )


def _send(effects: Effects, outcome: Outcome, notice: Notice) -> Outstanding:
    source = outcome.source
    assert source is not None
    effects.notices.append(notice)
    body = alert_body(notice, help_of(source, notice.alert_id))
    effects.emit(recipient_of(notice.person_id), notice.decided_at, "alert", body, about(source))
    return Outstanding(
        alert_id=notice.alert_id,
        incident_id=notice.incident_id,
        person_id=notice.person_id,
        level=notice.level,
        decided_at=notice.decided_at,
    )
