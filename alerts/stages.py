"""Suppress, dedupe, redact: what becomes of news before it reaches her. Pure.

The stages are a list, in order, and each either lets the news pass or names the reason why it
stops there. The reason goes to the ledger, so that "nobody told her" always has an answer.
Delivering and recording follow in the shell, from what comes out here.
"""

from collections.abc import Callable, Mapping

import msgspec

from alerts.audience import (
    TOLD_TO_HER,
    closing_notice,
    notice_of,
    on_screen,
    told_level,
)
from alerts.ledger import Decision, Reason
from domain.ids import OrderId
from domain.incident import AlertLevel, Incident, IncidentState, Notice
from domain.order import Order


class News(msgspec.Struct, frozen=True, kw_only=True):
    """An incident that changed, among what stands for one protected person.

    Attributes:
        incident: As it is now.
        standing: Her unresolved incidents as they are now, this one included if unresolved.
        shown: What her screen showed before, or None.
        orders: The orders concerned, by id, for what they let her screen tell.
    """

    incident: Incident
    standing: tuple[Incident, ...]
    shown: Notice | None = None
    orders: Mapping[OrderId, Order] = msgspec.field(default_factory=dict[OrderId, Order])


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What she is told, if anything; what was decided about the news, and why.

    Attributes:
        notice: What her screen is to show now; None leaves it as it is.
        source: The incident the notice tells of: not always the one that changed.
    """

    decision: Decision
    reason: Reason
    notice: Notice | None = None
    source: Incident | None = None


Stage = Callable[[News], tuple[Decision, Reason] | None]


def decide(news: News) -> Outcome:
    """Pass `news` through the stages and return what she is told."""
    for stage in STAGES:
        stopped = stage(news)
        if stopped is not None:
            decision, reason = stopped
            return Outcome(decision=decision, reason=reason)
    return _redact(news)


def screen_of(standing: tuple[Incident, ...], orders: Mapping[OrderId, Order]) -> Notice | None:
    """Return what her screen shows while `standing` are her unresolved incidents."""
    chosen = on_screen(standing)
    return None if chosen is None else notice_of(chosen, orders.get(chosen.order_id or OrderId("")))


def _not_about_her(news: News) -> tuple[Decision, Reason] | None:
    if news.incident.protected_id is None:
        return Decision.SUPPRESS, Reason.NOT_ABOUT_HER
    return None


def _for_officers(news: News) -> tuple[Decision, Reason] | None:
    if news.incident.subject not in TOLD_TO_HER:
        return Decision.SUPPRESS, Reason.FOR_OFFICERS
    return None


def _not_urgent(news: News) -> tuple[Decision, Reason] | None:
    if told_level(news.incident) is not None:
        return None
    if news.incident.retrospective:
        return Decision.SUPPRESS, Reason.LATE_NEWS
    return Decision.SUPPRESS, Reason.TIMED_TASK


def _worse_stands(news: News) -> tuple[Decision, Reason] | None:
    """Stop what is less than what her screen shows already, of another incident."""
    now = screen_of(news.standing, news.orders)
    if now is None or news.shown is None or now.alert_id != news.shown.alert_id:
        return None
    if now.incident_id != news.incident.incident_id:
        return Decision.SUPPRESS, Reason.WORSE_STANDS
    return None


def _same_alert(news: News) -> tuple[Decision, Reason] | None:
    now = screen_of(news.standing, news.orders)
    shown = news.shown
    if now is None and (shown is None or shown.level is AlertLevel.OVER):
        return Decision.DEDUPE, Reason.SAME_ALERT
    if now is not None and shown is not None and now.alert_id == shown.alert_id:
        return Decision.DEDUPE, Reason.SAME_ALERT
    return None


#: Suppress, then dedupe. What passes is redacted.
STAGES: tuple[Stage, ...] = (
    _not_about_her,
    _for_officers,
    _not_urgent,
    _worse_stands,
    _same_alert,
)


def _redact(news: News) -> Outcome:
    """Make the notice from the allow-list that is all she may learn."""
    chosen = on_screen(news.standing)
    if chosen is None:
        assert news.incident.state is IncidentState.RESOLVED
        return Outcome(
            decision=Decision.TELL,
            reason=Reason.CLOSED,
            notice=closing_notice(news.incident),
            source=news.incident,
        )
    same = chosen.incident_id == news.incident.incident_id
    return Outcome(
        decision=Decision.TELL,
        reason=Reason.LEVEL if same else Reason.STILL_STANDS,
        notice=notice_of(chosen, news.orders.get(chosen.order_id or OrderId(""))),
        source=chosen,
    )
