"""The story's seconds and the clock on the wall."""

from datetime import UTC, datetime, timedelta

import pytest

from simulator.story import StoryClock, bearable_speed

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)


def test_at_speed_ten_a_minute_takes_six_seconds() -> None:
    """Instants and intervals shrink together, and intervals stay whole seconds."""
    clock = StoryClock(start_at=NOW, speed=10.0)

    assert clock.instant(60.0) == NOW + timedelta(seconds=6)
    assert clock.story_s(NOW + timedelta(seconds=6)) == pytest.approx(60.0)
    assert [6, 2, 1] == [clock.interval_s(story_s) for story_s in (60.0, 15.0, 1.0)]


def test_nobody_is_made_unbelievably_fast() -> None:
    """A walker may be told 30 times as fast, a car four times, one who stands at any speed."""
    assert bearable_speed(30.0, 1.7) == 30.0
    assert bearable_speed(30.0, 15.0) == pytest.approx(4.0)
    assert bearable_speed(30.0, 0.0) == 30.0
    assert bearable_speed(1.0, 80.0) == 1.0
