"""Who may learn what of an incident. Pure.

Her side is built from allow-lists: `AlertBody` and `HelpBody` have no field that could hold the
wearer's place, device or name, so no mistake further up can put one on her screen. A warning, a
breach or a contact reaches her; what is wrong with a device reaches officers, who decide what to
tell her, because somebody who tampers in order to make her phone ring must not succeed.

Her screen shows one alert: the worst of what stands for her. It is a function of her unresolved
incidents, so after a restart, and on a second phone, it is the same.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum

import msgspec

from alerts.incident import rank
from alerts.wording import BANDS, CALL_TEXT_PREFIX, HELP_TEXT_PREFIX, STEPS, Band
from domain.ids import AlertId, IncidentId, PersonId, derive, is_canary
from domain.incident import AlertLevel, Incident, IncidentState, Notice, Priority
from domain.order import Order
from domain.transition import Level, Subject

#: What her screen may be told of; everything else is for officers to pass on.
TOLD_TO_HER = frozenset({Subject.PROXIMITY, Subject.EXCLUSION_ZONE})
#: What she herself started: she is told how far her call for help has come.
CALLS_OF_HERS = frozenset({Subject.SOS})

_LEVELS = {
    Level.CLEAR: AlertLevel.OVER,
    Level.WARNING: AlertLevel.WARNING,
    Level.BREACH: AlertLevel.BREACH,
    Level.CONTACT: AlertLevel.CONTACT,
    Level.UNKNOWN: AlertLevel.UNKNOWN,
}
#: Which of two alerts stays on her screen. What is known to be near goes before what is not known.
_SCREEN_ORDER = {
    AlertLevel.OVER: 0,
    AlertLevel.UNKNOWN: 1,
    AlertLevel.WARNING: 2,
    AlertLevel.BREACH: 3,
    AlertLevel.CONTACT: 4,
}


class HelpState(StrEnum):
    """How far her help has come."""

    WAITING = "waiting"
    ACKNOWLEDGED = "acknowledged"
    ASSIGNED = "assigned"
    CLOSED = "closed"


class HelpBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The data of `help.state`, and `help` in her alert. Everything she may learn is a field."""

    incident_id: IncidentId
    state: HelpState
    text_key: str
    at: str
    alert_id: AlertId | None = None


class AlertBody(msgspec.Struct, frozen=True, kw_only=True):
    """The data of her `alert` event. Everything she may learn is a field; there are no others."""

    alert_id: AlertId
    level: AlertLevel
    band: str
    trend: str | None
    direction: str | None
    steps: tuple[str, ...]
    help: HelpBody
    decided_at: str


def told_level(incident: Incident) -> AlertLevel | None:
    """Return what `incident` is on her screen, or None if it is not for her screen at all.

    An unknown that is a timed task for officers is none of her evening; `protected` already says
    that the tag is not heard.
    """
    if incident.protected_id is None or incident.subject not in TOLD_TO_HER:
        return None
    if incident.retrospective and incident.worst is incident.level:
        return None
    if rank(incident.worst) == 0 or not _mattered(incident):
        return None
    level = _LEVELS[incident.level]
    if incident.elsewhere and level in {AlertLevel.BREACH, AlertLevel.CONTACT}:
        return AlertLevel.WARNING
    return level


def on_screen(incidents: Iterable[Incident]) -> Incident | None:
    """Return which of her unresolved incidents her screen shows."""
    shown = [incident for incident in incidents if told_level(incident) is not None]
    return max(shown, key=_screen_key, default=None)


def notice_of(incident: Incident, order: Order | None) -> Notice:
    """Return what she is told of `incident` as it stands. It must be one for her screen."""
    level = told_level(incident)
    assert level is not None
    assert incident.protected_id is not None
    band = Band.AT_YOUR_PLACE if incident.elsewhere and level is AlertLevel.WARNING else None
    shows_trend = order is None or order.show_trend
    return Notice(
        alert_id=alert_id_of(incident, incident.protected_id, incident.level_by or ""),
        incident_id=incident.incident_id,
        person_id=incident.protected_id,
        level=level,
        band=(band or BANDS[level]).value,
        steps=tuple(step.value for step in STEPS[level]),
        decided_at=incident.level_at or incident.changed_at,
        trend=incident.trend if shows_trend and level in _MOVING else None,
        quiet=incident.elsewhere,
        transition_id=incident.level_by,
    )


def closing_notice(incident: Incident) -> Notice:
    """Return the notice that an incident was closed by a human while it still stood."""
    assert incident.protected_id is not None
    return Notice(
        alert_id=alert_id_of(incident, incident.protected_id, "resolved"),
        incident_id=incident.incident_id,
        person_id=incident.protected_id,
        level=AlertLevel.OVER,
        band=BANDS[AlertLevel.OVER].value,
        steps=tuple(step.value for step in STEPS[AlertLevel.OVER]),
        decided_at=incident.changed_at,
    )


def alert_id_of(incident: Incident, person_id: PersonId, cause: str) -> AlertId:
    """Return the id of what `cause` in `incident` tells a person: the same cause, the same id."""
    kind = "canary-alert" if is_canary(incident.incident_id) else "alert"
    return AlertId(derive(kind, incident.incident_id, cause, person_id))


def help_of(incident: Incident, alert_id: AlertId | None = None) -> HelpBody:
    """Return how far her help has come in `incident`."""
    state, at = _help_state(incident)
    hers = incident.subject in CALLS_OF_HERS
    return HelpBody(
        incident_id=incident.incident_id,
        state=state,
        text_key=f"{CALL_TEXT_PREFIX if hers else HELP_TEXT_PREFIX}{state.value}",
        at=instant_text(at),
        alert_id=alert_id,
    )


def alert_body(notice: Notice, help_body: HelpBody) -> AlertBody:
    """Return the data of her `alert` event."""
    return AlertBody(
        alert_id=notice.alert_id,
        level=notice.level,
        band=notice.band,
        trend=notice.trend,
        direction=notice.direction,
        steps=notice.steps,
        help=help_body,
        decided_at=instant_text(notice.decided_at),
    )


def concerns_her(incident: Incident) -> bool:
    """Return whether she follows this incident: it was told to her, or she started it."""
    return told_level(incident) is not None or incident.subject in CALLS_OF_HERS


def instant_text(instant: datetime) -> str:
    """Return `instant` as every timestamp leaves us: RFC 3339, UTC, milliseconds, `Z`."""
    text = instant.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z"


def recipient_of(person_id: PersonId) -> str:
    """Return the name of her live stream."""
    return f"person:{person_id}"


_MOVING = frozenset({AlertLevel.WARNING, AlertLevel.BREACH, AlertLevel.CONTACT, AlertLevel.OVER})


def _mattered(incident: Incident) -> bool:
    return incident.worst is not Level.UNKNOWN or incident.priority is Priority.P1


def _screen_key(incident: Incident) -> tuple[int, datetime, str]:
    level = told_level(incident)
    assert level is not None
    return _SCREEN_ORDER[level], incident.level_at or incident.changed_at, incident.incident_id


def _help_state(incident: Incident) -> tuple[HelpState, datetime]:
    if incident.state is IncidentState.RESOLVED:
        return HelpState.CLOSED, incident.resolved_at or incident.changed_at
    if incident.state is IncidentState.ACKNOWLEDGED and incident.assigned_at is not None:
        return HelpState.ASSIGNED, incident.assigned_at
    if incident.state is IncidentState.ACKNOWLEDGED:
        return HelpState.ACKNOWLEDGED, incident.acknowledged_at or incident.changed_at
    return HelpState.WAITING, incident.level_at or incident.changed_at
