"""What officers are paged with, case by case."""

import pytest

from alerts.policy import Ground, more_urgent, rule
from domain.incident import Priority
from domain.transition import Level, Subject, Transition
from tests.unit.alerts.builders import HER, a_transition, of_device

P1, P2, P3 = Priority.P1, Priority.P2, Priority.P3

TABLE: list[tuple[str, Transition, Priority | None, Ground]] = [
    ("breach", a_transition(Level.BREACH), P1, Ground.BREACH),
    ("contact", a_transition(Level.CONTACT), P1, Ground.CONTACT),
    ("warning", a_transition(Level.WARNING), P2, Ground.WARNING),
    ("predicted", a_transition(Level.BREACH, reason="predicted", proven=False), P1, Ground.BREACH),
    ("already inside", a_transition(Level.BREACH, before=None), P1, Ground.BREACH),
    ("first clear", a_transition(Level.CLEAR, before=None), None, Ground.CLEAR_AT_FIRST),
    ("over", a_transition(Level.CLEAR, before=Level.BREACH), None, Ground.EASED),
    ("eased", a_transition(Level.WARNING, before=Level.BREACH), None, Ground.EASED),
    ("eased to breach", a_transition(Level.BREACH, before=Level.CONTACT), None, Ground.EASED),
    ("known again", a_transition(Level.WARNING, before=Level.UNKNOWN), P2, Ground.WARNING),
    ("urgent unknown", a_transition(Level.UNKNOWN, page=True), P1, Ground.UNKNOWN_URGENT),
    ("ordinary unknown", a_transition(Level.UNKNOWN), P3, Ground.UNKNOWN_TASK),
    ("late breach", a_transition(Level.BREACH, retrospective=True), P2, Ground.LATE_NEWS),
    (
        "zone",
        a_transition(Level.BREACH, subject=Subject.EXCLUSION_ZONE),
        P1,
        Ground.BREACH,
    ),
    ("buffer", a_transition(Level.WARNING, subject=Subject.EXCLUSION_ZONE), P2, Ground.WARNING),
    ("curfew", a_transition(Level.BREACH, subject=Subject.INCLUSION_ZONE), P1, Ground.BREACH),
    ("sos", of_device(Subject.SOS, protected_id=HER), P1, Ground.SOS),
    ("duress", of_device(Subject.DURESS, protected_id=HER), P1, Ground.DURESS),
    ("strap near her", of_device(Subject.TAMPER, near=True), P1, Ground.NEAR_HER),
    ("strap elsewhere", of_device(Subject.TAMPER), P2, Ground.DEVICE),
    ("jamming near her", of_device(Subject.JAMMING, near=True), P1, Ground.NEAR_HER),
    ("jamming elsewhere", of_device(Subject.JAMMING), P2, Ground.DEVICE),
    ("switched off", of_device(Subject.SHUTDOWN), P2, Ground.DEVICE),
    ("silent near her", of_device(Subject.CONTACT_LOSS, near=True), P1, Ground.NEAR_HER),
    ("silent elsewhere", of_device(Subject.CONTACT_LOSS), P2, Ground.SILENT),
    ("no position", of_device(Subject.LOCATION_LOSS), P2, Ground.SILENT),
    ("her handset", of_device(Subject.CONTACT_LOSS, protected_id=HER), P3, Ground.HER_HANDSET),
    ("battery near her", of_device(Subject.BATTERY, near=True), P3, Ground.BATTERY),
    ("heard again", of_device(Subject.CONTACT_LOSS, after=Level.CLEAR), None, Ground.EASED),
]


@pytest.mark.parametrize(
    ("transition", "priority", "ground"),
    [row[1:] for row in TABLE],
    ids=[row[0] for row in TABLE],
)
def test_priorities(transition: Transition, priority: Priority | None, ground: Ground) -> None:
    """Each kind of transition has the priority of the design, and says on what ground."""
    ruling = rule(transition)

    assert (priority, ground) == (ruling.priority, ruling.ground)


def test_every_combination_is_ruled_on() -> None:
    """No transition the engine could utter is left without a ruling."""
    for subject in Subject:
        for before in (None, *Level):
            for after in Level:
                ruling = rule(a_transition(after, before=before, subject=subject))
                assert (ruling.priority is None) is (
                    ruling.ground in {Ground.EASED, Ground.CLEAR_AT_FIRST}
                )


def test_p1_goes_first() -> None:
    """P1 goes before P2 and P2 before P3; nothing goes before itself."""
    assert [True, True, False, False] == [
        more_urgent(P1, P2),
        more_urgent(P2, P3),
        more_urgent(P1, P1),
        more_urgent(P3, P1),
    ]
