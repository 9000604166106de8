"""The office: what the alerts room knows, in one place, for whoever has to be told now. Pure.

It outlives the lives of the worker: when the worker is dead the office still knows how old the
last proof is, so the truth ("not protected", "not ready") is told without it.
"""

from datetime import datetime, timedelta
from typing import Final

from alerts.audience import instant_text, recipient_of
from alerts.board import Board, DeviceView
from alerts.canary import Canary, Verdict
from alerts.desk import Desk
from alerts.live.frames import encode_body
from alerts.live.hub import CONSOLE, Hub, state_event
from alerts.live.views import device_item, position_data
from alerts.protection import Protection, ProtectionBody, protection_body, protection_of
from alerts.register import Register
from domain.ids import DeviceId, PersonId, is_canary
from domain.incident import LiveEvent
from domain.reading import Fix, FixState, Reading

#: How often she is told that nothing has changed, so that her page can show when we last looked.
RETELL_AFTER: Final = timedelta(seconds=10)

_SYSTEM: Final = "system"
_PROTECTION: Final = "protection"


class Office:
    """Register, devices, incidents, proof, and the hub through which all of it is told."""

    def __init__(self, hub: Hub, canary: Canary) -> None:
        """Begin knowing nothing: nobody is protected, nothing is ready."""
        self.hub = hub
        self.canary = canary
        self.register = Register()
        self.board = Board(self.register)
        self.desk = Desk(self.register)
        self._told: dict[PersonId, tuple[Protection, datetime]] = {}
        self._system: tuple[bool, tuple[str, ...]] | None = None
        self._fixes: dict[DeviceId, Fix] = {}
        self._located: frozenset[PersonId] = frozenset()

    def begin(self, register: Register, board: Board, desk: Desk) -> None:
        """Take over what a new life of the worker has read from the record."""
        self.register = register
        self.board = board
        self.desk = desk
        self.desk.reaches = self.hub.reaches
        self.hub.continue_from(desk.heads())

    def renew(self, register: Register) -> None:
        """Follow a change of the register."""
        self.register = register
        self.desk.register = register
        self.board.renew(register)

    def verdict(self, now: datetime) -> Verdict:
        """Return whether a message published now would be decided and delivered."""
        return self.canary.verdict(now)

    def system_data(self, now: datetime) -> dict[str, object]:
        """Return the data of a `system.state` event, and `system` of the console's snapshot."""
        verdict = self.verdict(now)
        return {
            "ready": verdict.ready,
            "broken": [hop.value for hop in verdict.broken],
            "at": instant_text(now),
        }

    def protection(self, person_id: PersonId, now: datetime) -> ProtectionBody:
        """Return the data of her `protection.state` as things are at `now`."""
        return protection_body(self._protection(person_id, now), now)

    def devices(self) -> list[DeviceView]:
        """Return the devices officers may be shown."""
        return self.board.listed()

    def device_items(self) -> list[tuple[PersonId | None, dict[str, object]]]:
        """Return the devices of the console's snapshot, each with who carries it."""
        return [(one.person_id, device_item(one)) for one in self.devices()]

    def take_reading(self, reading: Reading) -> DeviceView | None:
        """Note a reading, show an accepted live fix to whoever may see it; return a changed state.

        A protected person is shown only while an incident of theirs is open.
        """
        changed = self.board.take_reading(reading)
        if isinstance(reading, Fix) and reading.state is FixState.ACCEPTED:
            self._fixes[reading.device_id] = reading
            if self._may_show(reading):
                self._show(reading)
        return changed

    def recall(self, fixes: list[Fix]) -> None:
        """Take over each device's last live fix from the record."""
        for fix in fixes:
            self._fixes[fix.device_id] = fix
            if self._may_show(fix):
                self._show(fix)

    def relocate(self) -> None:
        """Show where protected people are whose incident has opened; forget the others."""
        located = self.desk.located()
        if located == self._located:
            return
        for fix in self._fixes.values():
            if fix.person_id in located - self._located and self._may_show(fix):
                self._show(fix)
            elif fix.person_id in self._located - located and not self._may_show(fix):
                self.hub.forget(CONSOLE, fix.device_id)
        self._located = located

    def refresh(self, now: datetime) -> None:
        """Tell officers and everybody connected what has changed about readiness."""
        self.refresh_system(now)
        for person_id in self.hub.connected():
            self.refresh_person(person_id, now)

    def refresh_system(self, now: datetime) -> None:
        """Tell officers if the system has become ready, or no longer is."""
        verdict = self.verdict(now)
        state = (verdict.ready, tuple(hop.value for hop in verdict.broken))
        if state == self._system:
            return
        self._system = state
        body = encode_body(self.system_data(now))
        self.hub.tell(state_event(CONSOLE, now, "system.state", body), _SYSTEM)

    def refresh_person(self, person_id: PersonId, now: datetime) -> None:
        """Tell her whether she is protected, if that has changed or was long ago."""
        protection = self._protection(person_id, now)
        told = self._told.get(person_id)
        if told is not None and told[0] == protection and now - told[1] < RETELL_AFTER:
            return
        self._told[person_id] = (protection, now)
        body = encode_body(protection_body(protection, now))
        event = state_event(recipient_of(person_id), now, "protection.state", body, person_id)
        self.hub.tell(event, _PROTECTION)

    def published(self, events: list[LiveEvent]) -> None:
        """Publish kept events that are in the record now."""
        self.hub.publish(events)

    def _protection(self, person_id: PersonId, now: datetime) -> Protection:
        return protection_of(
            person_id,
            register=self.register,
            board=self.board,
            canary=self.verdict(now),
            connected=self.hub.reaches(person_id),
            now=now,
        )

    def _may_show(self, fix: Fix) -> bool:
        if is_canary(fix.device_id):
            return False
        return fix.person_id in self.register.wearers or self.desk.concerns(fix.person_id)

    def _show(self, fix: Fix) -> None:
        body = encode_body(position_data(fix))
        event = state_event(CONSOLE, fix.received_at, "position", body, fix.person_id)
        self.hub.tell(event, fix.device_id)
