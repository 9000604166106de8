"""How urgent a transition is for officers, and why. Pure.

The table of priorities lives here and nowhere else; live, replay and the simulator's scoring all
ask `rule`. `None` means that nobody is paged: things eased, or nothing was ever wrong.
"""

from enum import StrEnum

import msgspec

from domain.incident import Priority
from domain.transition import SEVERITY, Level, Subject, Transition


class Ground(StrEnum):
    """Why a transition has the priority it has."""

    #: First evaluation of a condition, and all is well.
    CLEAR_AT_FIRST = "clear_at_first"
    #: A less severe level than before, or clear.
    EASED = "eased"
    BREACH = "breach"
    CONTACT = "contact"
    WARNING = "warning"
    #: She pressed for help.
    SOS = "sos"
    #: She entered the code that means somebody is forcing her.
    DURESS = "duress"
    #: The device is tampered with, jammed or gone while he could be near her.
    NEAR_HER = "near_her"
    #: The device is tampered with, jammed or switched off, elsewhere.
    DEVICE = "device"
    #: The wearer's device is silent or has no position, elsewhere.
    SILENT = "silent"
    #: Her own handset is silent or has no position.
    HER_HANDSET = "her_handset"
    BATTERY = "battery"
    #: We do not know, and he could be there soon.
    UNKNOWN_URGENT = "unknown_urgent"
    #: We do not know: a timed task.
    UNKNOWN_TASK = "unknown_task"
    #: Learnt late about the past; nothing is happening now by this.
    LATE_NEWS = "late_news"


class Ruling(msgspec.Struct, frozen=True, kw_only=True):
    """What officers are paged with (None: nobody is), and on what ground."""

    priority: Priority | None
    ground: Ground


#: What concerns a device rather than a distance, and is urgent when he could be near her.
DEVICE_SUBJECTS: frozenset[Subject] = frozenset(
    {
        Subject.CONTACT_LOSS,
        Subject.LOCATION_LOSS,
        Subject.TAMPER,
        Subject.JAMMING,
        Subject.TETHER,
        Subject.SHUTDOWN,
        Subject.BATTERY,
    }
)

_SILENCE = frozenset({Subject.CONTACT_LOSS, Subject.LOCATION_LOSS})
_ALWAYS_FIRST = {Subject.SOS: Ground.SOS, Subject.DURESS: Ground.DURESS}
_URGENCY = {Priority.P1: 0, Priority.P2: 1, Priority.P3: 2}


def rule(transition: Transition) -> Ruling:
    """Return what officers are paged with for `transition`."""
    if transition.after is Level.CLEAR:
        first = transition.before is None
        return _ruling(None, Ground.CLEAR_AT_FIRST if first else Ground.EASED)
    if transition.subject in _ALWAYS_FIRST:
        return _ruling(Priority.P1, _ALWAYS_FIRST[transition.subject])
    if transition.subject in DEVICE_SUBJECTS:
        return _rule_device(transition)
    if _eases(transition.before, transition.after):
        return _ruling(None, Ground.EASED)
    return _rule_distance(transition)


def more_urgent(one: Priority, other: Priority) -> bool:
    """Return whether `one` goes before `other` in the queue."""
    return _URGENCY[one] < _URGENCY[other]


def _rule_device(transition: Transition) -> Ruling:
    if transition.subject is Subject.BATTERY:
        return _ruling(Priority.P3, Ground.BATTERY)
    if transition.near:
        return _ruling(Priority.P1, Ground.NEAR_HER)
    if transition.subject in _SILENCE:
        if _is_hers(transition):
            return _ruling(Priority.P3, Ground.HER_HANDSET)
        return _ruling(Priority.P2, Ground.SILENT)
    return _ruling(Priority.P2, Ground.DEVICE)


def _rule_distance(transition: Transition) -> Ruling:
    if transition.after is Level.UNKNOWN:
        if transition.page:
            return _ruling(Priority.P1, Ground.UNKNOWN_URGENT)
        return _ruling(Priority.P3, Ground.UNKNOWN_TASK)
    if transition.retrospective:
        return _ruling(Priority.P2, Ground.LATE_NEWS)
    if transition.after is Level.WARNING:
        return _ruling(Priority.P2, Ground.WARNING)
    ground = Ground.CONTACT if transition.after is Level.CONTACT else Ground.BREACH
    return _ruling(Priority.P1, ground)


def _is_hers(transition: Transition) -> bool:
    """Return whether the device of a silence is the protected person's handset.

    The engine names her on a device's transition only when the device is hers.
    """
    return transition.protected_id is not None


def _eases(before: Level | None, after: Level) -> bool:
    if before is None or before not in SEVERITY or after not in SEVERITY:
        return False
    return SEVERITY[after] < SEVERITY[before]


def _ruling(priority: Priority | None, ground: Ground) -> Ruling:
    return Ruling(priority=priority, ground=ground)
