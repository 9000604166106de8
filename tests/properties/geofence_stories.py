"""Stories for the engine: two people who wander, report badly and fall silent."""

from typing import Any

import msgspec
from hypothesis import strategies as st

from domain.ids import DeviceId
from domain.position import Position
from domain.reading import DeviceEvent, EventType, Fix, FixState
from domain.transition import Fact, Transition
from geofence.engine import Engine
from tests.unit.geofence.scenes import (
    PHONE,
    TAG,
    a_fix,
    a_pair,
    a_tick,
    a_zone,
    an_event,
    an_order,
    register,
    run,
)

ROUTES = st.lists(
    st.tuples(
        st.sampled_from([TAG, TAG, PHONE]),
        st.sampled_from([5.0, 15.0, 30.0, 60.0, 61.0, 200.0]),
        st.floats(-2500.0, 2500.0),
        st.floats(-400.0, 400.0),
        st.sampled_from([None, 3.0, 8.5, 40.0, 300.0, 5000.0]),
        st.sampled_from([FixState.ACCEPTED] * 4 + [FixState.HELD, FixState.LATE]),
        st.sampled_from([None] * 8 + list(EventType)),
    ),
    min_size=1,
    max_size=25,
)


def beginning() -> list[Fact]:
    """Return the register: one order with a pair and a zone."""
    return register(an_order(a_pair(), a_zone()))


def reports(route: list[tuple[Any, ...]]) -> list[Fix | DeviceEvent]:
    """Return what the devices say along a route, in order of time."""
    said: list[Fix | DeviceEvent] = []
    seconds = 0.0
    for device_id, wait_s, east_m, north_m, accuracy_m, state, event in route:
        seconds += wait_s
        if event is None:
            said.append(
                a_fix(device_id, seconds, east_m, north_m, accuracy_m=accuracy_m, state=state)
            )
        else:
            said.append(an_event(device_id, seconds, event))
    return said


@st.composite
def stories(draw: st.DrawFn) -> list[Fact]:
    """Return a whole story, with ten minutes of silence at its end."""
    said = reports(draw(ROUTES))
    end = a_tick((said[-1].received_at - beginning()[0].received_at).total_seconds() + 600)
    return [*beginning(), *said, end]


def told(facts: list[Fact]) -> list[Transition]:
    """Return what a new engine says of a story."""
    return run(Engine(), facts)


def moved(fact: Fact, by_deg: float) -> Fact:
    """Return a fix moved along its parallel; other facts as they are."""
    if not isinstance(fact, Fix):
        return fact
    longitude = (fact.position.longitude_deg + by_deg + 180.0) % 360.0 - 180.0
    position = Position(latitude_deg=fact.position.latitude_deg, longitude_deg=longitude)
    return msgspec.structs.replace(fact, position=position)


def another(fact: Fix | DeviceEvent, suffix: str) -> Fix | DeviceEvent:
    """Return the same report by the devices of another case."""
    return msgspec.structs.replace(
        fact,
        device_id=DeviceId(fact.device_id + suffix),
        person_id=fact.person_id + suffix,
        reading_id=fact.reading_id + suffix,
    )
