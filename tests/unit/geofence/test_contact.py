"""The device machine: silence noticed by the clock, tamper that only a human closes."""

from itertools import product

from domain.ids import DeviceId
from domain.order import Protocol
from domain.reading import EventType
from domain.transition import DeviceChanged, Level, Subject, TamperCleared
from geofence.contact import TRANSITIONS, Sign
from geofence.engine import Engine
from geofence.state import Contact
from tests.unit.geofence.scenes import (
    HER,
    PHONE,
    TAG,
    a_device,
    a_fix,
    a_presence,
    a_tick,
    an_event,
    an_order,
    instant,
    levels,
    of,
    register,
    run,
)


def test_table_is_total() -> None:
    """Every state of contact answers every sign."""
    assert set(product(Contact, Sign)) == set(TRANSITIONS)


def test_silence_near_her_is_noticed_in_ten_seconds() -> None:
    """Near her, a tag is silent its interval and 10 s after its last word, and once only."""
    facts = [*register(an_order()), a_fix(PHONE, 0, 0), a_fix(TAG, 1, 900), a_tick(65)]
    facts += [a_fix(PHONE, 66, 0), a_tick(120), a_fix(PHONE, 121, 0), a_tick(180)]
    rows = [row for row in run(Engine(), facts) if row.subject is Subject.CONTACT_LOSS]
    assert [(Level.CLEAR, Level.UNKNOWN)] == levels(rows)
    assert instant(71) == rows[0].at
    assert TAG == rows[0].device_id
    assert rows[0].near


def test_silence_elsewhere_is_given_thirty_seconds() -> None:
    """Far from her, a tag is silent its interval and 30 s after its last word."""
    facts = [*register(an_order()), a_fix(PHONE, 0, 0), a_fix(TAG, 1, 60_000)]
    facts += [a_fix(PHONE, 60, 0), a_tick(120)]
    rows = [row for row in run(Engine(), facts) if row.subject is Subject.CONTACT_LOSS]
    assert [instant(91)] == [row.at for row in rows]


def test_any_word_ends_silence() -> None:
    """A silent tag that says anything is reporting again."""
    facts = [*register(an_order()), a_fix(TAG, 0, 60_000), a_tick(95)]
    facts += [an_event(TAG, 99, EventType.CHARGING_STOPPED)]
    rows = [row for row in run(Engine(), facts) if row.device_id == TAG and not row.condition_id]
    assert [(Level.CLEAR, Level.UNKNOWN), (Level.UNKNOWN, Level.CLEAR)] == levels(rows)


def test_a_tag_that_never_reported_is_noticed() -> None:
    """Silence counts from the day the order began, not from a first word that never came."""
    rows = run(Engine(), [*register(an_order()), a_tick(120)])
    silent = [row.device_id for row in rows if row.subject is Subject.CONTACT_LOSS]
    assert [PHONE, TAG] == silent


def test_a_page_that_sleeps_is_not_silent() -> None:
    """Her page in a browser promises no reports, so nobody is paged for its silence."""
    page = a_device(DeviceId("page"), person_id=HER, protocol=Protocol.APP)
    change = DeviceChanged(change_id=9, received_at=instant(0), device=page)
    facts = [*register(an_order()), change, a_fix(PHONE, 0, 0), a_fix(TAG, 1, 1500)]
    facts += [a_fix(PHONE, 55, 0), a_fix(TAG, 56, 1500), a_tick(110)]
    rows = [row for row in run(Engine(), facts) if row.subject is Subject.CONTACT_LOSS]
    assert [] == rows


def test_tamper_latches_until_a_human_clears_it() -> None:
    """Strap restored does not end tamper; an officer does."""
    engine = Engine()
    facts = [*register(an_order()), a_fix(TAG, 0, 9000), an_event(TAG, 5, EventType.STRAP_TAMPER)]
    facts += [an_event(TAG, 6, EventType.STRAP_RESTORED)]
    facts += [an_event(TAG, 7, EventType.STRAP_TAMPER)]
    assert [(Level.CLEAR, Level.WARNING)] == levels(of(run(engine, facts), None))
    cleared = TamperCleared(change_id=9, received_at=instant(20), device_id=TAG)
    rows = engine.step(cleared, instant(20))
    assert [(Level.WARNING, Level.CLEAR)] == levels(rows)
    assert Subject.TAMPER is rows[0].subject


def test_a_cry_for_help_outlives_its_order() -> None:
    """SOS from a phone whose order has ended is passed on under that order."""
    order = an_order(valid_until=instant(10))
    facts = [*register(order), a_fix(PHONE, 0, 0), an_event(PHONE, 50, EventType.SOS)]
    rows = [row for row in run(Engine(), facts) if row.subject is Subject.SOS]
    assert [(Level.CLEAR, Level.BREACH)] == levels(rows)


def test_no_fix_is_loss_of_location_until_the_next_one() -> None:
    """A tag that says it lost its satellites has no place until a fix says otherwise."""
    facts = [*register(an_order()), a_fix(TAG, 0, 9000), an_event(TAG, 5, EventType.GNSS_LOST)]
    facts += [a_fix(TAG, 30, 9000, accuracy_m=5000.0), a_fix(TAG, 60, 9000)]
    rows = [row for row in run(Engine(), facts) if row.subject is Subject.LOCATION_LOSS]
    assert [(Level.CLEAR, Level.UNKNOWN), (Level.UNKNOWN, Level.CLEAR)] == levels(rows)
    assert instant(60) == rows[-1].at


def test_battery_is_said_twice_when_it_gets_critical() -> None:
    """Low, then critical, then charged: each is said once."""
    words = [EventType.BATTERY_LOW, EventType.BATTERY_LOW, EventType.BATTERY_CRITICAL]
    words += [EventType.CHARGING_STARTED]
    facts = [*register(an_order()), a_fix(TAG, 0, 9000)]
    facts += [an_event(TAG, 5 + number, word) for number, word in enumerate(words)]
    rows = [row for row in run(Engine(), facts) if row.subject is Subject.BATTERY]
    assert ["battery_low", "battery_critical", "charging_started"] == [row.reason for row in rows]


def test_a_last_will_is_no_word_from_the_device() -> None:
    """A broken connection is remembered, and neither ends nor hastens silence."""
    gone = a_presence(TAG, 50, online=False)
    facts = [*register(an_order()), a_fix(TAG, 0, 60_000), gone, a_tick(120)]
    rows = [row for row in run(Engine(), facts) if row.subject is Subject.CONTACT_LOSS]
    assert instant(90) == next(row.at for row in rows if row.device_id == TAG)


def test_every_sos_is_passed_on() -> None:
    """Two cries are two transitions; hearing one of them twice is not a third."""
    facts = [*register(an_order()), a_fix(PHONE, 0, 0), an_event(PHONE, 5, EventType.SOS)]
    facts += [an_event(PHONE, 5, EventType.SOS), an_event(PHONE, 9, EventType.SOS)]
    rows = [row for row in run(Engine(), facts) if row.subject is Subject.SOS]
    assert [(Level.CLEAR, Level.BREACH)] * 2 == levels(rows)


def test_a_strap_cut_again_after_a_human_closed_the_first_is_news() -> None:
    """Closing tamper closes that alone, and the next cut is said like the first."""
    facts = [*register(an_order()), a_fix(TAG, 0, 60_000)]
    facts += [an_event(TAG, 1, EventType.STRAP_TAMPER), an_event(TAG, 2, EventType.JAMMING)]
    cleared = TamperCleared(
        change_id=9, received_at=instant(3), device_id=TAG, subject=Subject.TAMPER
    )
    facts += [cleared, an_event(TAG, 4, EventType.STRAP_TAMPER)]
    rows = run(Engine(), facts)
    tamper = [row for row in rows if row.subject is Subject.TAMPER]
    jamming = [row for row in rows if row.subject is Subject.JAMMING]
    assert [Level.WARNING, Level.CLEAR, Level.WARNING] == [row.after for row in tamper]
    assert [Level.WARNING] == [row.after for row in jamming]
