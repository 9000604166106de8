"""Schedules by the wall clock of London, through the night and both clock changes."""

from datetime import UTC, datetime, time

import pytest

from domain.order import Weekday, Window
from geofence.schedule import in_window, next_edge

LONDON = "Europe/London"
NIGHT = (Window(days=(Weekday.MON,), since=time(22), until=time(6)),)
MORNING = (Window(days=(Weekday.MON, Weekday.TUE), since=time(8), until=time(8, 30)),)
SMALL_HOURS = (Window(days=(Weekday.SUN,), since=time(1, 15), until=time(1, 45)),)


def utc(*parts: int) -> datetime:
    """Return an instant."""
    return datetime(*parts, tzinfo=UTC)


def test_no_schedule_is_always() -> None:
    """An order without hours holds at every hour."""
    assert in_window((), utc(2026, 11, 23, 3), LONDON)
    assert next_edge((), utc(2026, 11, 23, 3), LONDON) is None


@pytest.mark.parametrize(
    ("instant", "holds"),
    [
        (utc(2026, 11, 23, 21, 59, 59), False),
        (utc(2026, 11, 23, 22, 0, 0), True),
        (utc(2026, 11, 24, 5, 59, 59), True),
        (utc(2026, 11, 24, 6, 0, 0), False),
        (utc(2026, 11, 23, 5, 0, 0), False),
    ],
)
def test_a_night_belongs_to_the_evening_it_begins_on(instant: datetime, *, holds: bool) -> None:
    """Monday 22:00 to 06:00 is Monday night, and no other night."""
    assert holds == in_window(NIGHT, instant, LONDON)


def test_summer_time_is_the_wall_clock_of_the_place() -> None:
    """Eight in the morning in July is seven by UTC."""
    assert in_window(MORNING, utc(2026, 7, 6, 7, 15), LONDON)
    assert not in_window(MORNING, utc(2026, 7, 6, 8, 15), LONDON)


def test_an_hour_that_comes_twice_is_in_force_twice() -> None:
    """On the last Sunday of October a quarter past one comes twice."""
    assert in_window(SMALL_HOURS, utc(2026, 10, 25, 0, 30), LONDON)
    assert in_window(SMALL_HOURS, utc(2026, 10, 25, 1, 30), LONDON)


def test_an_hour_that_is_skipped_never_comes() -> None:
    """On the last Sunday of March a quarter past one does not come, and has no edge."""
    day = [utc(2026, 3, 29, hour, minute) for hour in range(24) for minute in range(60)]
    assert not any(in_window(SMALL_HOURS, instant, LONDON) for instant in day)
    assert utc(2026, 4, 5, 0, 15) == next_edge(SMALL_HOURS, utc(2026, 3, 28, 12), LONDON)


def test_edges_come_in_order() -> None:
    """The next edge is the next beginning or end, to the second."""
    noon = utc(2026, 11, 23, 12)
    evening = next_edge(NIGHT, noon, LONDON)
    assert utc(2026, 11, 23, 22) == evening
    assert evening is not None
    assert utc(2026, 11, 24, 6) == next_edge(NIGHT, evening, LONDON)


def test_a_window_that_the_clock_jumps_into_begins_with_the_jump() -> None:
    """A window from 01:15 to 03:00 begins at 02:00 when there is no 01:15."""
    hours = (Window(days=(Weekday.SUN,), since=time(1, 15), until=time(3)),)
    assert utc(2026, 3, 29, 1) == next_edge(hours, utc(2026, 3, 28, 12), LONDON)
