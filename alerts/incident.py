"""The case: how transitions open it, worsen it and ease it. Pure.

There is one unresolved incident for each condition (or, for what concerns a device as a whole,
for each device and kind of trouble). Transitions change it; they never resolve it, because only a
human may say that something is over. They never lower its priority either: the level eases, the
priority remembers how bad it was.

An acknowledgement covers the level at which it was given. Anything worse opens the incident again
so that officers are paged again; so does a new approach after the incident had eased to clear.
"""

from enum import StrEnum

import msgspec

from alerts.policy import DEVICE_SUBJECTS, Ruling, more_urgent
from domain.ids import ConditionId, DeviceId, IncidentId, OrderId, PersonId, derive, is_canary
from domain.incident import Incident, IncidentState, Priority, TimelineEntry
from domain.transition import SEVERITY, Level, Subject, Transition

#: Who acts when no human does.
ENGINE = "engine"

_HERS = frozenset({Subject.SOS, Subject.DURESS})


class IncidentKey(msgspec.Struct, frozen=True):
    """What makes two transitions belong to the same incident while it is unresolved."""

    subject: Subject
    order_id: OrderId | None = None
    condition_id: ConditionId | None = None
    device_id: DeviceId | None = None
    person_id: PersonId | None = None


class Change(StrEnum):
    """What a transition or a command did to an incident."""

    NONE = "none"
    OPENED = "opened"
    WORSENED = "worsened"
    #: It was acknowledged, and is worse than what was acknowledged.
    REOPENED = "reopened"
    EASED = "eased"
    #: Other evidence, the same level.
    CHANGED = "changed"
    #: A late reading was added to its history; what stands now stays.
    NOTED = "noted"
    ACKNOWLEDGED = "acknowledged"
    ASSIGNED = "assigned"
    RESOLVED = "resolved"


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """The incident as it stands afterwards, what changed, and the lines for its history."""

    incident: Incident | None
    change: Change
    entries: tuple[TimelineEntry, ...] = ()


def key_of(transition: Transition) -> IncidentKey:
    """Return the key of the incident that `transition` belongs to."""
    return _key(
        transition.subject,
        transition.order_id,
        transition.condition_id,
        transition.device_id,
        transition.protected_id,
    )


def key_of_incident(incident: Incident) -> IncidentKey:
    """Return the key under which an unresolved incident receives further transitions."""
    return _key(
        incident.subject,
        incident.order_id,
        incident.condition_id,
        incident.device_id,
        incident.protected_id,
    )


def apply(incident: Incident | None, transition: Transition, ruling: Ruling) -> Applied:
    """Return what `transition`, ruled on by policy, makes of the unresolved `incident` of its key.

    With no incident, only a transition that pages somebody opens one. The same transition twice
    changes nothing.
    """
    if incident is None:
        if ruling.priority is None:
            return Applied(incident=None, change=Change.NONE)
        return _open(transition, ruling.priority)
    assert incident.state is not IncidentState.RESOLVED
    if incident.transition_id == transition.transition_id:
        return Applied(incident=incident, change=Change.NONE)
    if transition.retrospective:
        return _note_late(incident, transition)
    return _continue(incident, transition, ruling)


def rank(level: Level) -> int:
    """Return how severe `level` is when an unknown has to be compared: as a warning."""
    return SEVERITY[Level.WARNING] if level is Level.UNKNOWN else SEVERITY[level]


def incident_id_of(order_id: OrderId | None, cause: str) -> IncidentId:
    """Return the id of the incident that `cause` opens; the synthetic case keeps its prefix."""
    kind = "canary-incident" if order_id is not None and is_canary(order_id) else "incident"
    return IncidentId(derive(kind, cause))


def _key(
    subject: Subject,
    order_id: OrderId | None,
    condition_id: ConditionId | None,
    device_id: DeviceId | None,
    protected_id: PersonId | None,
) -> IncidentKey:
    if subject in _HERS and protected_id is not None:
        # She may press on her page and on her handset: it is one call for help.
        return IncidentKey(subject, person_id=protected_id)
    if condition_id is not None:
        # Any of a person's devices may raise a condition: the device is evidence, not identity.
        return IncidentKey(subject, order_id, condition_id)
    return IncidentKey(subject, order_id, None, device_id)


def _open(transition: Transition, priority: Priority) -> Applied:
    incident = Incident(
        incident_id=incident_id_of(transition.order_id, transition.transition_id),
        state=IncidentState.OPEN,
        priority=priority,
        subject=transition.subject,
        level=transition.after,
        worst=transition.after,
        order_id=transition.order_id,
        opened_at=transition.at,
        changed_at=transition.at,
        condition_id=transition.condition_id,
        wearer_id=transition.wearer_id,
        protected_id=transition.protected_id,
        device_id=transition.device_id,
        trend="closer" if _measures(transition) else None,
    )
    incident = _with_evidence(_with_level(incident, transition), transition)
    return _applied(incident, transition, Change.OPENED)


def _continue(incident: Incident, transition: Transition, ruling: Ruling) -> Applied:
    change = _change_of(incident, transition, ruling)
    priority = incident.priority
    if ruling.priority is not None and more_urgent(ruling.priority, priority):
        priority = ruling.priority
    state = IncidentState.OPEN if change is Change.REOPENED else incident.state
    changed = msgspec.structs.replace(
        incident,
        state=state,
        priority=priority,
        level=transition.after,
        worst=_worse(incident.worst, transition.after),
        acknowledged_level=_still_covered(incident, transition, change),
        assigned_at=None if change is Change.REOPENED else incident.assigned_at,
        changed_at=transition.at,
        trend=_trend(incident, transition),
    )
    if transition.after is not incident.level:
        changed = _with_level(changed, transition)
    return _applied(_with_evidence(changed, transition), transition, change)


def _change_of(incident: Incident, transition: Transition, ruling: Ruling) -> Change:
    urgent = ruling.priority is not None and more_urgent(ruling.priority, incident.priority)
    if incident.state is IncidentState.ACKNOWLEDGED and ruling.priority is not None:
        covered = incident.acknowledged_level
        if urgent or covered is None or rank(transition.after) > rank(covered):
            return Change.REOPENED
    if urgent or rank(transition.after) > rank(incident.level):
        return Change.WORSENED
    if rank(transition.after) < rank(incident.level):
        return Change.EASED
    return Change.CHANGED


def _still_covered(incident: Incident, transition: Transition, change: Change) -> Level | None:
    """Return what an acknowledgement goes on covering: nothing, once the approach has ended."""
    if change is Change.REOPENED:
        return None
    if incident.acknowledged_level is not None and transition.after is Level.CLEAR:
        return Level.CLEAR
    return incident.acknowledged_level


def _note_late(incident: Incident, transition: Transition) -> Applied:
    """Keep late news in the history. What stands now is newer, and late news never clears."""
    noted = msgspec.structs.replace(
        incident, worst=_worse(incident.worst, transition.after), changed_at=transition.at
    )
    return _applied(noted, transition, Change.NOTED)


def _with_level(incident: Incident, transition: Transition) -> Incident:
    return msgspec.structs.replace(
        incident, level_by=transition.transition_id, level_at=transition.at
    )


def _with_evidence(incident: Incident, transition: Transition) -> Incident:
    return msgspec.structs.replace(
        incident,
        transition_id=transition.transition_id,
        nearest_m=transition.nearest_m,
        central_m=transition.central_m,
        uncertainty_m=transition.uncertainty_m,
        ttc_s=transition.ttc_s,
        reason=transition.reason,
        proven=transition.proven,
        retrospective=transition.retrospective,
        elsewhere=transition.elsewhere,
        fix=transition.fix,
    )


def _applied(incident: Incident, transition: Transition, change: Change) -> Applied:
    entry = TimelineEntry(
        incident_id=incident.incident_id,
        at=transition.at,
        kind=change.value,
        actor=ENGINE,
        level=transition.after,
        reason=transition.reason,
    )
    return Applied(incident=incident, change=change, entries=(entry,))


def _trend(incident: Incident, transition: Transition) -> str | None:
    if not _measures(transition):
        return None
    step = rank(transition.after) - rank(incident.level)
    if step == 0:
        return incident.trend
    return "closer" if step > 0 else "away"


def _measures(transition: Transition) -> bool:
    """Return whether the transition says anything about a distance."""
    return transition.subject not in DEVICE_SUBJECTS | _HERS and (
        transition.after is not Level.UNKNOWN
    )


def _worse(one: Level, other: Level) -> Level:
    return one if rank(one) >= rank(other) else other
