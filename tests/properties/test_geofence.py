"""What holds of the engine whatever happens."""

import random
from itertools import pairwise
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from domain.ids import DeviceId, OrderId, PersonId
from domain.order import Area, ExclusionZone, Polygon, PolygonPart
from domain.position import Position
from domain.reading import DeviceEvent, Fix, FixState
from domain.transition import SEVERITY, DeviceChanged, Fact, Level, OrderChanged
from geofence.engine import Engine
from geofence.snapshot import freeze, thaw
from tests.properties.geofence_stories import (
    ROUTES,
    another,
    beginning,
    moved,
    reports,
    stories,
    told,
)
from tests.unit.geofence.scenes import (
    HER,
    PAIR,
    PHONE,
    TAG,
    WEARER,
    a_device,
    a_fix,
    a_pair,
    a_tick,
    a_zone,
    an_order,
    instant,
    levels,
    of,
    register,
    run,
)


@given(stories())
def test_the_same_story_is_told_the_same(story: list[Fact]) -> None:
    """Deciding the same facts again gives the same transitions, ids and all."""
    assert told(story) == told(story)


@given(stories())
def test_hearing_everything_twice_changes_nothing(story: list[Fact]) -> None:
    """A repeated report has no second effect."""
    doubled = [fact for fact in story for _ in range(2)]
    assert told(story) == told(doubled)


@given(stories(), st.integers(0, 30))
def test_a_restart_changes_nothing(story: list[Fact], cut: int) -> None:
    """An engine restored from its bytes goes on as the one that wrote them would have."""
    engine = Engine()
    rows = run(engine, story[:cut])
    assert told(story) == rows + run(Engine.restore(engine.changed()), story[cut:])


@given(stories(), st.lists(st.integers(0, 2000), max_size=20))
def test_when_the_clock_is_asked_makes_no_difference(story: list[Fact], asked: list[int]) -> None:
    """Ticks add nothing but the instants at which deadlines fall anyway."""
    end = story[-1].received_at
    ticks = [tick for tick in map(a_tick, asked) if tick.received_at <= end]
    ticked = sorted([*story[:-1], *ticks], key=lambda fact: fact.received_at)
    assert told(story) == told([*ticked, story[-1]])


@given(stories())
def test_levels_follow_on_each_other(story: list[Fact]) -> None:
    """Each row of a condition begins where the last one ended, and changes something."""
    rows = told(story)
    for condition in {row.condition_id for row in rows if row.condition_id is not None}:
        mine = of(rows, condition)
        assert mine[0].before is None
        for earlier, later in pairwise(mine):
            assert later.before is earlier.after
            assert later.after is not later.before
            assert earlier.at <= later.at


@given(stories())
def test_the_plausible_interval_holds_what_was_reported(story: list[Fact]) -> None:
    """Nearest <= central <= farthest, and what could be is no farther than what is nearest."""
    for row in told(story):
        if row.central_m is not None and row.condition_id == PAIR:
            assert row.nearest_m is not None
            assert row.farthest_m is not None
            assert row.could_be_m is not None
            assert 0.0 <= row.nearest_m <= row.central_m <= row.farthest_m


@given(stories())
def test_nothing_begins_after_it_was_decided_by_more_than_clocks_differ(story: list[Fact]) -> None:
    """`since` lies before `at`."""
    assert all(row.since <= row.at for row in told(story))


@given(ROUTES)
def test_late_fixes_say_nothing_of_distances(route: list[tuple[Any, ...]]) -> None:
    """A story in which every fix is late has no row of a condition but that nothing is known."""
    late = [
        msgspec.structs.replace(one, state=FixState.LATE) if isinstance(one, Fix) else one
        for one in reports(route)
    ]
    rows = told([*beginning(), *late])
    assert {"no_position"} >= {row.reason for row in rows if row.condition_id is not None}


@given(ROUTES)
def test_suspect_fixes_never_lower_a_level(route: list[tuple[Any, ...]]) -> None:
    """Once he is in breach, a tag whose every fix is suspect stays there."""
    said: list[Fix | DeviceEvent] = [a_fix(TAG, 0, 200), a_fix(PHONE, 0, 0)]
    for one in reports(route):
        held = isinstance(one, Fix) and one.device_id == TAG
        said.append(msgspec.structs.replace(one, state=FixState.HELD) if held else one)
    rows = of(told([*beginning(), *said]), PAIR)
    worst = 0
    for row in rows:
        if row.after in SEVERITY:
            assert SEVERITY[row.after] >= min(worst, SEVERITY[Level.BREACH])
            worst = max(worst, SEVERITY[row.after])


@given(stories(), st.floats(-180.0, 180.0))
def test_longitude_is_nowhere_special(story: list[Fact], by_deg: float) -> None:
    """The same story round the parallel, over the antimeridian too, ends the same."""
    zone = a_zone()
    area = zone.area
    assert isinstance(area, Polygon)
    there = msgspec.structs.replace(zone, area=_moved_area(area, by_deg))
    here_rows = told(_under(story, zone))
    there_rows = told([moved(fact, by_deg) for fact in _under(story, there)])
    assert levels(here_rows) == levels(there_rows)
    for here, gone in zip(here_rows, there_rows, strict=True):
        assert abs((here.at - gone.at).total_seconds()) < 0.01
        assert abs((here.nearest_m or 0.0) - (gone.nearest_m or 0.0)) <= 0.05


@given(ROUTES, st.integers(0, 2**32))
def test_other_cases_do_not_matter(route: list[tuple[Any, ...]], seed: int) -> None:
    """However two cases' equal-time reports are interleaved, each is decided as if alone."""
    mine = reports(route)
    theirs = [another(one, "2") for one in mine]
    chance = random.Random(seed)
    mixed = [one for pair in zip(mine, theirs, strict=True) for one in chance.sample(pair, 2)]
    alone = run(Engine(), [*beginning(), *mine])
    both = run(Engine(), [*beginning(), *_other_case(), *mixed])
    assert alone == [row for row in both if row.wearer_id == WEARER]


@given(st.lists(st.floats(-40.0, 40.0), min_size=5, max_size=40), st.sampled_from([1000.0, 300.0]))
def test_jitter_on_an_edge_does_not_flap(jitter: list[float], edge_m: float) -> None:
    """However fixes dance about a ring within its margin, its level begins at most once."""
    facts = register(an_order())
    for number, east_m in enumerate(jitter):
        facts.append(a_fix(PHONE, 30 * number, 0))
        facts.append(a_fix(TAG, 30 * number + 1, edge_m + 39.0 + east_m))
    inner = Level.BREACH if edge_m == 1000.0 else Level.CONTACT
    begun = [row for row in of(run(Engine(), facts), PAIR) if row.after is inner]
    assert len(begun) <= 1


@given(st.floats(-3000.0, 3000.0), st.floats(-3000.0, 3000.0))
def test_no_distance_is_contact(east_m: float, north_m: float) -> None:
    """Two people in one place are in contact, wherever that is."""
    facts = [a_fix(TAG, 0, east_m, north_m), a_fix(PHONE, 1, east_m, north_m)]
    rows = of(run(Engine(), [*register(an_order()), *facts]), PAIR)
    assert [(None, Level.CONTACT)] == levels(rows)


@given(st.floats(1.32, 1.4))
def test_a_corner_is_not_within_a_circle(share: float) -> None:
    """Whoever is in a corner of the square round the ring is outside the ring."""
    diagonal = 1000.0 * share / 2**0.5
    facts = [a_fix(TAG, 0, diagonal, diagonal), a_fix(PHONE, 1, 0, 0)]
    rows = of(run(Engine(), [*register(an_order()), *facts]), PAIR)
    assert [(None, Level.WARNING)] == levels(rows)


@given(stories())
def test_states_survive_their_bytes(story: list[Fact]) -> None:
    """What is frozen thaws to what it was."""
    engine = Engine()
    run(engine, story)
    for _, body in engine.changed():
        assert body == freeze(thaw(body))


def _under(story: list[Fact], zone: ExclusionZone) -> list[Fact]:
    order = an_order(a_pair(), zone)
    return [
        msgspec.structs.replace(fact, order=order) if isinstance(fact, OrderChanged) else fact
        for fact in story
    ]


def _moved_area(area: Polygon, by_deg: float) -> Area:
    def position(place: Position) -> Position:
        longitude = (place.longitude_deg + by_deg + 180.0) % 360.0 - 180.0
        return Position(latitude_deg=place.latitude_deg, longitude_deg=longitude)

    return Polygon(
        parts=tuple(
            PolygonPart(shell=tuple(position(corner) for corner in part.shell))
            for part in area.parts
        )
    )


def _other_case() -> list[Fact]:
    wearer, her = PersonId(WEARER + "2"), PersonId(HER + "2")
    order = an_order(
        a_pair(protected_id=her), a_zone(), order_id=OrderId("order2"), wearer_id=wearer
    )
    tag = a_device(DeviceId(TAG + "2"), person_id=wearer)
    phone = a_device(DeviceId(PHONE + "2"), person_id=her)
    at = instant(-1)
    return [
        DeviceChanged(change_id=4, received_at=at, device=tag),
        DeviceChanged(change_id=5, received_at=at, device=phone),
        OrderChanged(change_id=6, received_at=at, order=order),
    ]
