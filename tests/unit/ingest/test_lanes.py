"""Lanes: nobody waits for a chatterbox, and a flood loses its oldest, not its newest."""

from ingest.lanes import Lanes


def test_lanes_are_taken_in_turn_and_each_in_order() -> None:
    """A device with a thousand messages waiting delays another's first by one place."""
    lanes = Lanes[str](1_000)
    for number in range(1_000):
        lanes.put("loud", f"loud-{number}")
    lanes.put("quiet", "quiet-0")

    assert ["loud-0", "quiet-0", "loud-1"] == lanes.take(3)
    assert 998 == len(lanes)


def test_a_flood_gives_up_its_oldest() -> None:
    """M48: beyond the lane's length the oldest are set aside, the newest kept, in order."""
    lanes = Lanes[int](3)
    for number in range(5):
        lanes.put("loud", number)

    assert [2, 3, 4] == lanes.take(10)
    assert [0, 1] == lanes.take_flood(10)
    assert 0 == len(lanes)


def test_a_backlog_is_no_flood_while_there_is_room() -> None:
    """M30: a device that stored ten thousand fixes is heard out, as long as nobody is crowded."""
    lanes = Lanes[int](200, crowded_at=10_000)
    for number in range(10_000):
        lanes.put("returned", number)

    assert 0 == lanes.flood_length
    lanes.put("returned", 10_000)
    assert [0] == lanes.take_flood(10)


def test_an_empty_lane_gives_nothing() -> None:
    """Taking from nothing is no error."""
    lanes = Lanes[int](1)

    assert [] == lanes.take(5)
    assert [] == lanes.take_flood(5)
