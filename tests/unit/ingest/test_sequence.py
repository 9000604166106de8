"""Counting what was committed: high-water mark, islands, `oldest`, and what `ack` says."""

import pytest

from ingest.sequence import ISLANDS_MAX, SeqSet, commit


def _committed(*numbers: int, oldest: int | None = None) -> SeqSet:
    held: SeqSet | None = None
    for number in numbers:
        held = commit(held, number, oldest)
    assert held is not None
    return held


@pytest.mark.parametrize(
    ("numbers", "contiguous", "islands"),
    [
        pytest.param((5,), 5, (), id="the-first-opens-the-count"),
        pytest.param((5, 6, 7), 7, (), id="one-after-another"),
        pytest.param((5, 9), 5, ((9, 9),), id="M29-gap"),
        pytest.param((5, 9, 10, 7), 5, ((7, 7), (9, 10)), id="two-gaps"),
        pytest.param((5, 7, 6), 7, (), id="a-gap-filled"),
        pytest.param((5, 7, 9, 8, 6), 9, (), id="both-filled"),
        pytest.param((5, 5, 5), 5, (), id="repeats"),
        pytest.param((100, 50), 100, (), id="below-the-opening"),
        pytest.param((0,), 0, (), id="zero-is-a-number"),
    ],
)
def test_what_was_committed_is_told_in_ranges(
    numbers: tuple[int, ...], contiguous: int, islands: tuple[tuple[int, int], ...]
) -> None:
    """The highest number without a gap below it, and the islands above."""
    held = _committed(*numbers)

    assert (contiguous, islands) == (held.contiguous, held.islands)
    assert all(number in held for number in numbers)


def test_a_number_in_a_gap_is_not_committed() -> None:
    """Membership knows the gaps."""
    held = _committed(5, 6, 9, 10)

    assert [5, 6, 9, 10] == [number for number in range(3, 13) if number in held]


def test_oldest_closes_the_gaps_below_it() -> None:
    """What the device no longer holds is lost, and no longer waited for."""
    held = commit(_committed(5, 9, 12), 13, oldest=9)

    assert (9, ((12, 13),)) == (held.contiguous, held.islands)


def test_oldest_opens_the_count_before_the_first_number() -> None:
    """A device that sends its newest first says what it still holds, and is not told to forget."""
    held = _committed(100, oldest=50)

    assert (49, ((100, 100),)) == (held.contiguous, held.islands)


def test_oldest_corrects_a_guessed_opening() -> None:
    """The first number opened the count, then the device names an older one: it is waited for."""
    held = commit(_committed(100), 101, oldest=98)

    assert (97, ((100, 101),)) == (held.contiguous, held.islands)


def test_an_older_oldest_arriving_late_reopens_nothing() -> None:
    """Once the device has spoken, the count's beginning only rises."""
    held = commit(_committed(60, oldest=60), 61, oldest=40)

    assert 61 == held.contiguous


def test_holes_are_bounded() -> None:
    """A device that leaves a hole at every second number cannot fill the memory."""
    held = _committed(*range(0, 4 * ISLANDS_MAX, 2))

    assert len(held.ranges) <= ISLANDS_MAX
    assert 4 * ISLANDS_MAX - 2 in held
