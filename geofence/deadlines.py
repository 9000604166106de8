"""When to look again: the next instant at which the clock alone could change a condition.

Pure. A deadline is stored with what it belongs to and fired at its own instant, in order, so it
does not matter how often the clock is asked. Everything the clock does is monotone between two
such instants (a nearest distance shrinks, silence only grows), so halving finds the first
millisecond at which a finding changes.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final

from domain.ids import PersonId
from domain.order import Condition, ExclusionZone, InclusionZone, Order, Proximity
from domain.transition import Level
from geofence import exclusion, measuring, proximity
from geofence.measuring import Scene
from geofence.schedule import in_window, next_edge
from geofence.state import ConditionState
from geofence.watchlist import Watchlist

#: Within this even the fastest has come round the world, so nothing new is learned after it.
HORIZON: Final = timedelta(days=4)
MILLISECOND: Final = timedelta(milliseconds=1)
SECOND: Final = timedelta(seconds=1)
#: How long a condition may go without any position before that is said aloud.
PATIENCE: Final = timedelta(seconds=30)

#: The next ring to fall into from each level; from contact there is none.
DEEPER: Final = {
    Level.CLEAR: Level.WARNING,
    Level.WARNING: Level.BREACH,
    Level.BREACH: Level.CONTACT,
}


def holds(order: Order, condition: Condition, at: datetime) -> bool:
    """Return whether order and schedule hold at `at`."""
    if not order.in_force(at):
        return False
    return isinstance(condition, Proximity) or in_window(condition.schedule, at, order.timezone)


def edge_after(order: Order, condition: Condition, at: datetime) -> datetime | None:
    """Return the next instant after `at` at which the condition begins or ceases to hold."""
    if at >= order.valid_until:
        return None
    edges = [edge for edge in (order.valid_from, order.valid_until) if edge > at]
    if isinstance(condition, ExclusionZone | InclusionZone):
        edges += _schedule_edges(order, condition, at)
    return min(edges, default=None)


def look_after(
    watchlist: Watchlist, state: ConditionState, at: datetime, *, idle: bool
) -> datetime | None:
    """Return when to look again at a condition that has just been looked at.

    Args:
        watchlist: Who is watched.
        state: The condition's state after that look.
        at: When it was looked at.
        idle: That look was the clock's own and changed nothing, so another one may wait a second.

    Returns:
        The instant, after `at`; None if nothing will change by the clock alone.
    """
    watch = (state.order_id, state.condition_id)
    order, condition = watchlist.orders[state.order_id].order, watchlist.conditions[watch]
    edge = watchlist.edge(watch, at, lambda: edge_after(order, condition, at))
    if state.in_force_since is None:
        return edge
    scene = measuring.scene_of(watchlist, state, at, None)
    people = measuring.people_of(order, condition)
    if not all(measuring.sightings(scene, person_id) for person_id in people):
        waits = state.in_force_since + patience(watchlist, people)
        return _first(edge, waits if waits > at else None)
    stale = measuring.stale_at(scene, people)
    quiet_until = _first(edge, None if stale is None else stale - MILLISECOND, at + HORIZON)
    assert quiet_until is not None
    changes = _finding_changes(scene, condition, state, quiet_until)
    if idle and changes is not None:
        changes = max(changes, at + SECOND)
    return _first(edge, stale, changes)


def patience(watchlist: Watchlist, people: Iterable[PersonId]) -> timedelta:
    """Return how long these people's devices may take to say where they are for the first time."""
    intervals = [
        device.device.interval for person in people for device in watchlist.carried_by(person)
    ]
    return max(intervals, default=timedelta(0)) + PATIENCE


def instant_when(
    true_at: Callable[[datetime], bool], after: datetime, until: datetime
) -> datetime | None:
    """Return the first millisecond after `after`, at most `until`, at which `true_at` holds.

    Args:
        true_at: Once it holds it goes on holding until `until`.
        after: Not looked at itself.
        until: The last instant looked at.
    """
    if until <= after or not true_at(until):
        return None
    low, high = 0, -((after - until) // MILLISECOND)
    while high - low > 1:
        middle = (low + high) // 2
        if true_at(after + middle * MILLISECOND):
            high = middle
        else:
            low = middle
    return min(until, after + high * MILLISECOND)


def _finding_changes(
    scene: Scene, condition: Condition, state: ConditionState, until: datetime
) -> datetime | None:
    """Return when, if nobody reports, the pair closes in on a ring or somebody is lost."""
    may_be_lost = not state.fresh and state.level in {Level.CLEAR, Level.WARNING}
    if not isinstance(condition, Proximity):
        if not may_be_lost:
            return None
        return instant_when(lambda at: _zone_lost(scene, condition, at), scene.at, until)
    if may_be_lost:
        return instant_when(lambda at: _pair_lost(scene, condition, at), scene.at, until)
    deeper = DEEPER.get(state.level) if state.level is not None else None
    if deeper is None or not state.fresh or state.closing_mps <= 0.0:
        return None
    ring_m = proximity.rings_m(condition)[deeper]
    return instant_when(lambda at: _nearest_m(scene, condition, at) <= ring_m, scene.at, until)


def _nearest_m(scene: Scene, condition: Proximity, at: datetime) -> float:
    return measuring.apart(measuring.later(scene, at), condition)[0].nearest_m


def _pair_lost(scene: Scene, condition: Proximity, at: datetime) -> bool:
    measured = measuring.apart(measuring.later(scene, at), condition)
    return any(proximity.lost(one, condition) for one in measured)


def _zone_lost(scene: Scene, zone: ExclusionZone | InclusionZone, at: datetime) -> bool:
    measured = measuring.off(measuring.later(scene, at), zone)
    return any(exclusion.lost(one, zone) for one in measured)


def _schedule_edges(
    order: Order, zone: ExclusionZone | InclusionZone, at: datetime
) -> list[datetime]:
    schedules = [zone.schedule]
    if isinstance(zone, ExclusionZone):
        schedules += [(c.window,) for c in zone.corridors if c.window is not None]
    edges = (next_edge(schedule, at, order.timezone) for schedule in schedules if schedule)
    return [edge for edge in edges if edge is not None]


def _first(*instants: datetime | None) -> datetime | None:
    return min((one for one in instants if one is not None), default=None)
