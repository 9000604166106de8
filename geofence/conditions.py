"""One condition of an order, looked at once: is it in force, how do things stand, what changed.

Pure. This is the one place where the pair machine and the zone machines meet the clock, the
schedule and the memory of what was measured before. What a finding means is in `proximity` and
`exclusion`; when to look again is in `deadlines`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from domain.order import Condition, ExclusionZone, InclusionZone, Order, Proximity
from domain.reading import Fix
from domain.transition import SEVERITY, FixReference, Level, Subject, Transition
from geofence import deadlines, exclusion, measuring, proximity
from geofence.clearance import Clearance
from geofence.leaving import Streak, lengthened, suffices
from geofence.measuring import Scene
from geofence.rows import Cause, Change, Measured, Occasion, condition_row, reference_to
from geofence.separation import Separation
from geofence.state import ConditionState
from geofence.track import ARRIVAL_MPS, place_of
from geofence.watchlist import Watch, Watchlist

#: "Could soon be there": a quarter of an hour by car through town.
SOON_S: Final = 900.0

ALL_LEVELS: Final = frozenset(Level)

Outcome = tuple[ConditionState, Transition | None]


def judge(watchlist: Watchlist, state: ConditionState, cause: Cause) -> Outcome:
    """Look at one condition, and return its state and the transition there was, if any."""
    order, condition = _named(watchlist, state)
    if not deadlines.holds(order, condition, cause.at):
        reason = "order_ended" if cause.at >= order.valid_until else "not_in_force"
        state, row = lift(state, order, condition, cause, reason)
    else:
        if state.in_force_since is None:
            state = msgspec.structs.replace(state, in_force_since=cause.at)
        state, row = _look(watchlist, state, cause)
    idle = cause.occasion is Occasion.CLOCK and row is None
    look_at = deadlines.look_after(watchlist, state, cause.at, idle=idle)
    return msgspec.structs.replace(state, deadline=look_at), row


def lift(
    state: ConditionState, order: Order, condition: Condition, cause: Cause, reason: str
) -> Outcome:
    """Return what is left of a condition that holds no longer: nothing stands against him now."""
    row = None
    if state.level is not None and state.level is not Level.CLEAR:
        change = Change(
            subject=_subject(condition),
            before=state.level,
            after=Level.CLEAR,
            reason=reason,
            since=cause.at,
        )
        row = condition_row(
            change, cause, None, order=order, condition_id=state.condition_id, reference=None
        )
    level = None if state.level is None else Level.CLEAR
    ended = ConditionState(order_id=state.order_id, condition_id=state.condition_id, level=level)
    return ended, row


class _Look(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one look has at hand."""

    scene: Scene
    condition: Condition
    state: ConditionState
    cause: Cause
    measured: list[Separation] | list[Clearance]

    @property
    def worst(self) -> Measured | None:
        """Return the measurement that counts most against him."""
        return self.measured[0] if self.measured else None


def _look(watchlist: Watchlist, state: ConditionState, cause: Cause) -> Outcome:
    """Measure a condition that is in force, and take in what was found."""
    order, condition = _named(watchlist, state)
    scene = measuring.scene_of(watchlist, state, cause.at, cause.fix)
    look = _Look(
        scene=scene,
        condition=condition,
        state=state,
        cause=cause,
        measured=_measure(scene, condition),
    )
    if not look.measured and (cause.held or _patient(look)):
        return state, None
    streaks = _streaks(look)
    found = _level(look, streaks)
    if cause.held and not _raises(state.level, found):
        return state, None
    if _raises(state.level, found):
        # Fixes beyond the ring before it was entered say nothing of having left it.
        streaks = dict[Level, Streak]()
    state = _remembered(look, streaks, found)
    if found is look.state.level:
        return state, None
    since = _since(look, streaks, found)
    if _falls(look.state.level, found):
        state = msgspec.structs.replace(state, eased_at=since)
    worst = look.worst
    change = Change(
        subject=_subject(condition),
        before=look.state.level,
        after=found,
        reason=_reason(look, found),
        since=since,
        near=state.near,
        page=found is Level.UNKNOWN and watchlist.urgent_condition(state, order.wearer_id),
        proven=found in {Level.BREACH, Level.CONTACT} and _proven(look),
        elsewhere=isinstance(condition, ExclusionZone) and measuring.elsewhere(scene, condition),
    )
    return state, condition_row(
        change,
        cause,
        worst,
        order=order,
        condition_id=state.condition_id,
        reference=_reference(watchlist, look),
    )


def _named(watchlist: Watchlist, state: ConditionState) -> tuple[Order, Condition]:
    watch: Watch = (state.order_id, state.condition_id)
    return watchlist.orders[state.order_id].order, watchlist.conditions[watch]


def _subject(condition: Condition) -> Subject:
    match condition:
        case Proximity():
            return Subject.PROXIMITY
        case ExclusionZone():
            return Subject.EXCLUSION_ZONE
        case InclusionZone():
            return Subject.INCLUSION_ZONE


def _measure(scene: Scene, condition: Condition) -> list[Separation] | list[Clearance]:
    if isinstance(condition, Proximity):
        return measuring.apart(scene, condition)
    return measuring.off(scene, condition)


def _patient(look: _Look) -> bool:
    """Return whether it is too early to say that nobody knows where they are."""
    since = look.state.in_force_since
    if look.state.level is not None or since is None:
        return False
    people = measuring.people_of(look.scene.order, look.condition)
    return look.cause.at < since + deadlines.patience(look.scene.watchlist, people)


def _streaks(look: _Look) -> Mapping[Level, Streak]:
    """Return the streaks after this look: a good, fresh fix lengthens or breaks each of them.

    A place counts as beyond a ring by `could_be_m`: someone who was last heard of far away is
    not known to be far away. A way that came within since the streak began breaks it.
    """
    fix, streaks = look.cause.fix, look.state.streaks
    if fix is None or not look.measured:
        return streaks
    beyond = ALL_LEVELS
    for one in look.measured:
        beyond &= _beyond(one, look.condition, one.could_be_m)
        if one.between:
            passed = _beyond(one, look.condition, one.nearest_m)
            streaks = {
                level: streak
                for level, streak in streaks.items()
                if level in passed or (one.began_at is not None and one.began_at < streak.since)
            }
    if look.cause.held or not _timely(look, fix):
        return {level: streak for level, streak in streaks.items() if level in beyond}
    return {level: lengthened(streaks.get(level), fix.fixed_at) for level in sorted(beyond)}


def _timely(look: _Look, fix: Fix) -> bool:
    interval = look.scene.watchlist.devices[fix.device_id].device.interval
    return look.cause.at < fix.fixed_at + interval + look.scene.grace


def _level(look: _Look, streaks: Mapping[Level, Streak]) -> Level:
    """Return the level that follows from what was found, by the tables.

    A suspect fix may only raise. Only a fix that decides leads out of a ring. The clock, when it
    has no fresh report to go by, can only say that they are lost.
    """
    level, cause, condition = look.state.level or Level.CLEAR, look.cause, look.condition
    blind = cause.occasion is Occasion.CLOCK and look.state.level is not None and not _fresh(look)
    leads_out = cause.fix is not None and not cause.held
    if isinstance(condition, Proximity):
        pairs = [one for one in look.measured if isinstance(one, Separation)]
        lost = tuple(f for one in pairs or [None] for f in proximity.lost(one, condition))
        if blind or not pairs:
            return proximity.advance(level, lost)
        ring = (proximity.ring(pairs[0].nearest_m, condition),)
        left = proximity.left(streaks, condition) if leads_out else ()
        return proximity.advance(level, ring if cause.held else (*ring, *left, *lost))
    spots = [one for one in look.measured if isinstance(one, Clearance)]
    gone = tuple(f for one in spots or [None] for f in exclusion.lost(one, condition))
    if blind or not spots:
        return exclusion.advance(level, gone)
    side = (exclusion.side(spots[0], condition),)
    off = exclusion.left(streaks, condition) if leads_out else ()
    return exclusion.advance(level, side if cause.held else (*side, *off, *gone))


def _remembered(look: _Look, streaks: Mapping[Level, Streak], found: Level) -> ConditionState:
    worst, state = look.worst, look.state
    state = msgspec.structs.replace(
        state,
        level=found,
        known=state.known if found is Level.UNKNOWN else found,
        streaks=dict(streaks),
        fresh=bool(look.measured) and _fresh(look),
    )
    if worst is None:
        return state
    band_m = _band_m(look.condition)
    return msgspec.structs.replace(
        state,
        nearest_m=worst.nearest_m,
        near=band_m is not None and worst.nearest_m <= max(band_m, ARRIVAL_MPS * SOON_S),
        close=band_m is not None and worst.nearest_m <= band_m,
        closing_mps=worst.closing_mps if isinstance(worst, Separation) else 0.0,
    )


def _band_m(condition: Condition) -> float | None:
    """Return how wide the warning band is, metres; None where nobody is kept away from."""
    match condition:
        case Proximity():
            return condition.warning_m
        case ExclusionZone():
            return condition.buffer_m
        case InclusionZone():
            return None


def _since(look: _Look, streaks: Mapping[Level, Streak], found: Level) -> datetime:
    """Return when the new level began, by the data; never before the condition did."""
    cause, worst, condition = look.cause, look.worst, look.condition
    if _falls(look.state.level, found):
        held = [s.since for s in streaks.values() if suffices(s, condition.leaving)]
        return max(held, default=cause.fix.fixed_at if cause.fix else cause.at)
    began_at: datetime | None = None
    if cause.fix is not None:
        began_at = cause.fix.fixed_at
        if isinstance(condition, Proximity) and not cause.held and found in SEVERITY:
            ring_m = proximity.rings_m(condition).get(found)
            met = None if ring_m is None else measuring.met_at(look.scene, condition, ring_m)
            began_at = met or began_at
        elif isinstance(worst, Clearance) and found is Level.BREACH:
            began_at = worst.began_at or began_at
    if began_at is None:
        began_at = cause.at
    return max(began_at, look.state.in_force_since or began_at)


def _reason(look: _Look, found: Level) -> str:
    """Return the constant word for the rule that fired."""
    worst, before, cause = look.worst, look.state.level, look.cause
    if found is Level.UNKNOWN:
        return "no_position" if worst is None else "could_be_near"
    if found is Level.CLEAR and before is None:
        return "first_measured"
    if before is Level.UNKNOWN and found is Level.CLEAR:
        return "seen_again"
    if _falls(before, found) or worst is None:
        return "left"
    if cause.held:
        return "suspect_fix"
    if worst.between:
        crossed = isinstance(worst, Clearance) and worst.central_m == 0.0
        return "crossed" if crossed else "between_fixes"
    if cause.occasion is Occasion.CLOCK:
        return "closing_in"
    return _place_word(look, worst)


def _place_word(look: _Look, worst: Measured) -> str:
    if isinstance(worst, Separation):
        assert isinstance(look.condition, Proximity)
        return str(proximity.ring(worst.nearest_m, look.condition))
    inclusion = isinstance(look.condition, InclusionZone)
    wrong = exclusion.side(worst, _zone(look.condition)) is exclusion.Finding.WRONG_SIDE
    if inclusion:
        return "outside" if wrong else "at_edge"
    return "inside" if wrong else "in_buffer"


def _zone(condition: Condition) -> ExclusionZone | InclusionZone:
    assert not isinstance(condition, Proximity)
    return condition


def _beyond(measured: Measured, condition: Condition, metres: float) -> frozenset[Level]:
    if isinstance(measured, Separation):
        assert isinstance(condition, Proximity)
        return proximity.beyond_rings(metres, condition)
    return exclusion.beyond_rings(measured, _zone(condition), metres)


def _proven(look: _Look) -> bool:
    worst = look.worst
    if worst is None:
        return False
    if isinstance(worst, Separation):
        assert isinstance(look.condition, Proximity)
        return proximity.proven(worst, look.condition)
    return exclusion.proven(worst, _zone(look.condition))


def _fresh(look: _Look) -> bool:
    return all(one.fresh for one in look.measured)


def _falls(before: Level | None, found: Level) -> bool:
    if before is None or before is Level.UNKNOWN or found is Level.UNKNOWN:
        return False
    return SEVERITY[found] < SEVERITY[before]


def _raises(before: Level | None, found: Level) -> bool:
    """Return whether things got worse; out of `unknown`, only a breach is worse for certain."""
    if found is Level.UNKNOWN:
        return False
    floor = Level.WARNING if before is Level.UNKNOWN else before or Level.CLEAR
    return SEVERITY[found] > SEVERITY[floor]


def _reference(watchlist: Watchlist, look: _Look) -> FixReference | None:
    """Return the fix at hand, or else the last of the wearer's device that was measured."""
    if look.cause.fix is not None:
        return reference_to(look.cause.fix.device_id, place_of(look.cause.fix))
    if look.worst is None:
        return None
    device = watchlist.devices[look.worst.wearer_device]
    return reference_to(device.device_id, device.places[-1])
