"""The desk: every unresolved incident, and what each fact makes of it. Pure.

Transitions, officers' commands, her answers and ticks come in, one at a time and in order; what
is to be written comes out as `Effects`. The desk is rebuilt from the record at every start, so it
holds nothing that the record does not.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from alerts.answers import Answer, answer
from alerts.audience import concerns_her, help_of, recipient_of
from alerts.commands import OFFICER_ACTS, Acted, Refusal, act, call_for_help, say_safe
from alerts.effects import About, Cleared, Effects, about
from alerts.escalation import Outstanding, due
from alerts.incident import Applied, Change, IncidentKey, apply, key_of, key_of_incident
from alerts.ledger import Decision, LedgerEntry
from alerts.live.hub import CONSOLE
from alerts.live.views import incident_data
from alerts.policy import rule
from alerts.register import Register
from alerts.stages import screen_of
from alerts.telling import fail, tell
from domain.command import Command, CommandResult, CommandType
from domain.ids import AlertId, IncidentId, PersonId
from domain.incident import Incident, IncidentState, Notice
from domain.transition import LATCHED, Subject, Transition

_KINDS = {Change.OPENED: "incident.opened", Change.RESOLVED: "incident.resolved"}
_ANSWERS = {CommandType.RECEIVED: Decision.RECEIVED, CommandType.SEEN: Decision.SEEN}


class Desk:
    """The alerts room's state.

    Attributes:
        register: Orders and devices as last read.
        reaches: Whether a person has a connection open now.
    """

    def __init__(
        self,
        register: Register,
        standing: Iterable[Incident] = (),
        outstanding: Iterable[Outstanding] = (),
        heads: Mapping[str, int] | None = None,
    ) -> None:
        """Take over what the record holds: unresolved incidents, unanswered alerts, counts."""
        self.register = register
        self.reaches: Callable[[PersonId], bool] = _nobody
        self._standing: dict[IncidentId, Incident] = {}
        self._by_key: dict[IncidentKey, IncidentId] = {}
        self._hers: dict[PersonId, set[IncidentId]] = {}
        self._outstanding: dict[AlertId, Outstanding] = {one.alert_id: one for one in outstanding}
        self._heads = dict(heads or {})
        self._effects = Effects(self._heads)
        for incident in standing:
            self._put(incident)

    def take(self, transition: Transition) -> None:
        """Let a transition open, worsen or ease the incident of its condition."""
        ruling = rule(transition)
        before = self._of_key(key_of(transition))
        applied = apply(before, transition, ruling)
        ref = transition.transition_id
        if applied.incident is None:
            self._note(transition.at, transition.order_id, ref, Decision.IGNORE, ruling.ground)
            return
        self._note(
            transition.at, applied.incident.incident_id, ref, Decision.INCIDENT, ruling.ground
        )
        self._settle(before, applied, ref, transition.at)

    def carry_out(
        self, command: Command, named: Mapping[IncidentId, Incident], now: datetime
    ) -> None:
        """Carry out one act of an officer or of hers.

        Args:
            command: What was asked.
            named: Resolved incidents that commands name, as the record has them.
            now: The instant of deciding.
        """
        kind = command.command_type
        if kind in OFFICER_ACTS:
            self._officer_act(command, named, now)
        elif command.person_id is None:
            self._answer(command, accepted=False, reason=Refusal.PERSON_REQUIRED, now=now)
        elif kind is CommandType.SOS:
            self._call_for_help(command, command.person_id, now)
        elif kind is CommandType.SAFE:
            self._say_safe(command, command.person_id, now)
        else:
            given = Answer(
                alert_id=AlertId(command.alert_id or ""),
                person_id=command.person_id,
                decision=_ANSWERS[kind],
                at=now,
            )
            self.answered(given, self._outstanding.get(given.alert_id))
            self._answer(command, accepted=True, reason=Refusal.NONE, now=now)

    def answered(self, given: Answer, recorded: Outstanding | None) -> None:
        """Note that an alert reached her connection, her phone or her eyes.

        Args:
            given: What was answered, by whom.
            recorded: The alert as the record has it, for one the desk no longer follows.
        """
        known = self._outstanding.get(given.alert_id, recorded)
        incident = None if known is None else self._standing.get(known.incident_id)
        after = answer(self._effects, given, known, incident)
        if after is not None and given.alert_id in self._outstanding:
            self._outstanding[given.alert_id] = after

    def report(self, data: dict[str, object], person_id: PersonId | None, at: datetime) -> None:
        """Tell officers that a device's state has changed."""
        concerned = About(person_id=person_id)
        self._effects.emit(CONSOLE, at, "device.state", data, concerned)

    def tick(self, now: datetime) -> None:
        """Do what is due at `now` because nobody has answered."""
        for outstanding in tuple(self._outstanding.values()):
            reason = due(outstanding, now)
            if reason is not None:
                incident = self._standing.get(outstanding.incident_id)
                self._outstanding[outstanding.alert_id] = fail(
                    self._effects, outstanding, incident, reason=reason, at=now
                )

    def collect(self) -> Effects:
        """Return what is to be written since the last time, and begin anew."""
        collected, self._effects = self._effects, Effects(self._heads)
        return collected

    def standing(self) -> list[Incident]:
        """Return the unresolved incidents."""
        return list(self._standing.values())

    def concerns(self, person_id: PersonId) -> bool:
        """Return whether an incident of this protected person is open, so she may be located."""
        return person_id in self._hers

    def located(self) -> frozenset[PersonId]:
        """Return the protected people who may be located: an incident of theirs is open."""
        return frozenset(self._hers)

    def heads(self) -> dict[str, int]:
        """Return how many events each recipient has had."""
        return dict(self._heads)

    def _officer_act(
        self, command: Command, named: Mapping[IncidentId, Incident], now: datetime
    ) -> None:
        incident_id = command.incident_id or IncidentId("")
        incident = self._standing.get(incident_id) or named.get(incident_id)
        if incident is None:
            self._answer(command, accepted=False, reason=Refusal.UNKNOWN_INCIDENT, now=now)
            return
        acted = act(incident, command, now)
        if acted.accepted:
            self._settle_act(incident, acted, command, now)
        self._answer(
            command, accepted=acted.accepted, reason=acted.reason, incident_id=incident_id, now=now
        )

    def _call_for_help(self, command: Command, person_id: PersonId, now: datetime) -> None:
        before = self._of_key(IncidentKey(Subject.SOS, person_id=person_id))
        orders = self.register.protecting(person_id, now)
        acted = call_for_help(before, command, orders[0].order_id if orders else None, now)
        self._settle_act(before, acted, command, now)
        self._answer(
            command,
            accepted=True,
            reason=acted.reason,
            incident_id=acted.incident.incident_id,
            now=now,
        )

    def _say_safe(self, command: Command, person_id: PersonId, now: datetime) -> None:
        hers = [one for one in self._of_person(person_id) if concerns_her(one)]
        for incident in hers:
            self._settle_act(incident, say_safe(incident, command, now), command, now)
        calls = [one for one in hers if one.subject is Subject.SOS]
        first = next(iter((*calls, *hers)), None)
        self._answer(
            command,
            accepted=True,
            reason=Refusal.NONE if hers else Refusal.NOTHING_OPEN,
            incident_id=None if first is None else first.incident_id,
            now=now,
        )

    def _settle_act(
        self, before: Incident | None, acted: Acted, command: Command, now: datetime
    ) -> None:
        applied = Applied(incident=acted.incident, change=acted.change, entries=acted.entries)
        self._settle(before, applied, command.command_id, now)

    def _settle(self, before: Incident | None, applied: Applied, ref: str, at: datetime) -> None:
        """Write an incident that changed, and tell officers and her what follows from it."""
        after = applied.incident
        assert after is not None
        if not applied.entries:
            return
        shown = self._screen(after.protected_id)
        self._put(after)
        self._effects.incidents[after.incident_id] = after
        self._effects.entries.extend(applied.entries)
        if applied.change is Change.RESOLVED:
            self._let_it_be_raised_again(after, at)
        kind = _KINDS.get(applied.change, "incident.changed")
        self._effects.emit(CONSOLE, at, kind, incident_data(after), about(after))
        if after.protected_id is not None:
            self._tell_her(after.protected_id, before, after, shown=shown, ref=ref)

    def _let_it_be_raised_again(self, incident: Incident, at: datetime) -> None:
        """Close what only a human may close, so that the next cut strap is news again."""
        if incident.device_id is not None and incident.subject in LATCHED:
            self._effects.cleared.append(
                Cleared(device_id=incident.device_id, subject=incident.subject, at=at)
            )

    def _tell_her(
        self,
        person_id: PersonId,
        before: Incident | None,
        after: Incident,
        *,
        shown: Notice | None,
        ref: str,
    ) -> None:
        standing = self._of_person(person_id)
        told = tell(
            self._effects,
            after,
            standing,
            shown=shown,
            orders=self.register.orders,
            connected=self.reaches(person_id),
            ref=ref,
        )
        if told is not None:
            # Her screen shows one alert, so one answer is awaited; it may be shown once again.
            again = self._outstanding.get(told.alert_id, told)
            self._await_nothing_from(person_id)
            self._outstanding[told.alert_id] = again
        self._tell_help(person_id, before, after)

    def _await_nothing_from(self, person_id: PersonId) -> None:
        for one in tuple(self._outstanding.values()):
            if one.person_id == person_id:
                del self._outstanding[one.alert_id]

    def _tell_help(self, person_id: PersonId, before: Incident | None, after: Incident) -> None:
        """Tell her how far her help has come, when that has changed."""
        knew = before is not None and concerns_her(before)
        if not knew and not concerns_her(after):
            return
        was = help_of(before).state if before is not None and knew else None
        if was is not help_of(after).state:
            self._emit_help(person_id, after)
        if after.state is IncidentState.RESOLVED:
            # Her page shows one state of help: another incident that still stands takes over.
            rest = [one for one in self._of_person(person_id) if concerns_her(one)]
            if rest:
                newest = max(rest, key=lambda one: (one.changed_at, one.incident_id))
                self._emit_help(person_id, newest)

    def _emit_help(self, person_id: PersonId, incident: Incident) -> None:
        shown = self._screen(person_id)
        same = shown is not None and shown.incident_id == incident.incident_id
        body = help_of(incident, shown.alert_id if same and shown is not None else None)
        self._effects.emit(
            recipient_of(person_id), incident.changed_at, "help.state", body, about(incident)
        )

    def _answer(
        self,
        command: Command,
        *,
        accepted: bool,
        reason: Refusal,
        now: datetime,
        incident_id: IncidentId | None = None,
    ) -> None:
        decision = Decision.CARRY_OUT if accepted else Decision.REFUSE
        self._note(
            now,
            incident_id or command.command_id,
            command.command_id,
            decision,
            reason.value or command.command_type.value,
        )
        self._effects.results.append(
            CommandResult(
                command_id=command.command_id,
                accepted=accepted,
                reason=reason.value,
                incident_id=incident_id,
            )
        )

    def _note(self, at: datetime, subject: str, ref: str, decision: Decision, reason: str) -> None:
        self._effects.decide(
            LedgerEntry(at=at, subject=subject, ref=ref, decision=decision, reason=reason)
        )

    def _screen(self, person_id: PersonId | None) -> Notice | None:
        if person_id is None:
            return None
        return screen_of(self._of_person(person_id), self.register.orders)

    def _of_person(self, person_id: PersonId) -> tuple[Incident, ...]:
        return tuple(self._standing[one] for one in sorted(self._hers.get(person_id, ())))

    def _of_key(self, key: IncidentKey) -> Incident | None:
        incident_id = self._by_key.get(key)
        return None if incident_id is None else self._standing[incident_id]

    def _put(self, incident: Incident) -> None:
        key = key_of_incident(incident)
        hers = incident.protected_id
        if incident.state is not IncidentState.RESOLVED:
            self._standing[incident.incident_id] = incident
            self._by_key[key] = incident.incident_id
            if hers is not None:
                self._hers.setdefault(hers, set()).add(incident.incident_id)
            return
        if self._standing.pop(incident.incident_id, None) is None:
            return
        self._by_key.pop(key, None)
        if hers is not None:
            self._hers[hers].discard(incident.incident_id)
            if not self._hers[hers]:
                del self._hers[hers]


def _nobody(person_id: PersonId) -> bool:
    """Return False: until the shell says otherwise nobody is connected."""
    del person_id
    return False
