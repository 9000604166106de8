"""A scenario on its feet: everybody's true track, every device measuring along it.

Pure. The same scenario and seed give the same truth and, asked at the same instants, the same
messages. The stage is told what time of the story it is and which devices have a connection; what
it hands back is what they publish. The shell does it live, `capture` without any network.
"""

from collections.abc import Mapping
from itertools import pairwise
from random import Random
from typing import Final

from domain.position import Position
from simulator.app_phone import AppPhone
from simulator.device import Measurement, Message, Tag, Unit
from simulator.earth import metres_between, moved
from simulator.errors import PROFILES, Receiver
from simulator.faults import FaultKind, Faults
from simulator.motion import Track, first_instant, going, standing
from simulator.network import Network
from simulator.owntracks import OwnTracksPhone
from simulator.scenario import Actor, Carried, ProximityTerm, Scenario, ZoneTerm
from simulator.story import StoryClock

#: How fast a battery empties, percent an hour of the story.
BATTERY_PER_HOUR: Final = 4.0
#: Standard deviation of a measured speed, metres a second (Doppler is much better than place).
SPEED_ERROR_MPS: Final = 0.15
#: He has left for good when he stays farther than this share of `alert_m`.
OUTSIDE_SHARE: Final = 1.3


def tracks_of(scenario: Scenario, network: Network, seed: int) -> dict[str, Track]:
    """Return where everybody truly is at every second of the story."""
    return {
        name: _track(scenario, actor, network, Random(f"{seed}/{name}"))
        for name, actor in scenario.people.items()
    }


def place_of(scenario: Scenario, name: str) -> Position:
    """Return a named place of a scenario."""
    latitude_deg, longitude_deg = scenario.places[name]
    return Position(latitude_deg=latitude_deg, longitude_deg=longitude_deg)


def _track(scenario: Scenario, actor: Actor, network: Network, chance: Random) -> Track:
    at = place_of(scenario, actor.starts_at)
    track: Track | None = None
    for move in actor.moves:
        if move.to is None:
            piece = standing(at if track is None else track.positions[-1], move.stay_s)
        else:
            goal = place_of(scenario, move.to)
            start, end = network.nearest(move.by, at), network.nearest(move.by, goal)
            piece = going(move.by, network.route(move.by, start, end), chance)
            at = goal
        track = piece if track is None else track.then(piece)
    if track is None:
        return standing(at, scenario.lasts_s)
    return _begun(scenario, actor, track)


def _begun(scenario: Scenario, actor: Actor, track: Track) -> Track:
    if actor.begin_near is None or actor.begin_within_m is None:
        return track
    near, within_m = place_of(scenario, actor.begin_near), actor.begin_within_m
    begin_s = first_instant(
        lambda at_s: metres_between(track.position_at(at_s), near) <= within_m,
        from_s=0.0,
        until_s=track.ends_s,
    )
    assert begin_s is not None, "the way never comes that near"
    return track.begun_at(begin_s)


def fastest_mps(tracks: Mapping[str, Track]) -> float:
    """Return the highest speed anybody reaches."""
    return max(
        (
            metres_between(one, other) / (end_s - begin_s)
            for track in tracks.values()
            for (begin_s, end_s), (one, other) in zip(
                pairwise(track.instants_s), pairwise(track.positions), strict=True
            )
            if end_s > begin_s
        ),
        default=0.0,
    )


def moments_of(scenario: Scenario, tracks: Mapping[str, Track]) -> dict[str, float]:
    """Return when things truly happen, in seconds of the story; what never does is not there."""
    moments: dict[str, float] = {"start": 0.0, "end": scenario.lasts_s}
    for fault in scenario.faults:
        moments[fault.label] = fault.from_s
        if fault.until_s <= scenario.lasts_s:
            moments[f"{fault.label}.ends"] = fault.until_s
    him = tracks[scenario.wearer]
    for term in scenario.conditions:
        found = (
            _pair_moments(term, him, tracks[term.protected], scenario.lasts_s)
            if isinstance(term, ProximityTerm)
            else _zone_moments(term, him, place_of(scenario, term.around), scenario.lasts_s)
        )
        for name, at_s in found.items():
            moments.setdefault(name, at_s)
    return moments


def _pair_moments(term: ProximityTerm, him: Track, her: Track, lasts_s: float) -> dict[str, float]:
    def apart_m(at_s: float) -> float:
        return metres_between(him.position_at(at_s), her.position_at(at_s))

    line_s = first_instant(lambda at_s: apart_m(at_s) <= term.alert_m, from_s=0.0, until_s=lasts_s)
    if line_s is None:
        return {}
    # Walking back from the end finds the last instant at which he was still near.
    back_s = first_instant(
        lambda gone_s: apart_m(lasts_s - gone_s) <= OUTSIDE_SHARE * term.alert_m,
        from_s=0.0,
        until_s=lasts_s,
    )
    outside_s = lasts_s if back_s is None else lasts_s - back_s
    return {"line": line_s, **({"outside": outside_s} if outside_s < lasts_s else {})}


def _zone_moments(term: ZoneTerm, him: Track, centre: Position, lasts_s: float) -> dict[str, float]:
    edge_s = first_instant(
        lambda at_s: metres_between(him.position_at(at_s), centre) <= term.radius_m,
        from_s=0.0,
        until_s=lasts_s,
    )
    return {} if edge_s is None else {"edge": edge_s}


class Performer:
    """One device in the story: it measures, suffers its faults, and speaks."""

    def __init__(
        self, *, carried: Carried, track: Track, unit: Unit, faults: Faults, chance: Random
    ) -> None:
        self.unit = unit
        self._carried = carried
        self._track = track
        self._faults = faults
        self._chance = chance
        self._receiver = Receiver(PROFILES[carried.receiver], chance)
        self._events = faults.events()
        self._measured_s: float | None = None
        self._cut_off = False

    def reachable(self, story_s: float) -> bool:
        """Return whether its radio finds a network."""
        return not self._faults.active(FaultKind.LOSE_NETWORK, story_s)

    def advance(
        self, story_s: float, clock: StoryClock, *, connected: bool = True
    ) -> list[Message]:
        """Live until a second of the story not before the last; return what to publish.

        `connected` says whether the broker is there, if the radio finds a network at all.
        """
        now = clock.instant(story_s)
        while self._events and self._events[0][0] <= story_s:
            at_s, event = self._events.pop(0)
            self.unit.happened(clock.instant(at_s), event, None)
        moving = self._track.at(story_s).moving
        if self._carried.cadence.due(last_s=self._measured_s, story_s=story_s, moving=moving):
            self._measured_s = story_s
            if not self._faults.active(FaultKind.LOSE_GPS, story_s):
                self.unit.measured(now, self._measure(story_s, clock), self._battery(story_s))
        if not (connected and self.reachable(story_s)):
            self._cut_off = True
            return []
        if self._cut_off:
            self._cut_off = False
            self.unit.connected()
        due = self.unit.due(now)
        twice = self._faults.active(FaultKind.DUPLICATES, story_s)
        return [message for message in due for _ in range(2 if twice else 1)]

    def _measure(self, story_s: float, clock: StoryClock) -> Measurement:
        truth = self._track.at(story_s)
        error = self._receiver.error_at(story_s)
        noise_mps = SPEED_ERROR_MPS * self._chance.gauss(0.0, 1.0)
        speed_mps = max(0.0, truth.speed_mps + noise_mps) if truth.moving else 0.0
        believed = moved(truth.position, error.east_m, error.north_m)
        return Measurement(
            position=self._faults.displaced(believed, story_s),
            claim_m=error.claim_m,
            speed_mps=speed_mps * clock.speed,
            course_deg=truth.course_deg,
        )

    def _battery(self, story_s: float) -> int:
        used = BATTERY_PER_HOUR * story_s / 3_600.0
        return self._faults.battery(max(1, round(self._carried.battery - used)), story_s)


def performers_of(
    scenario: Scenario,
    tracks: Mapping[str, Track],
    *,
    seed: int,
    identities: Mapping[str, str],
    topics: Mapping[str, str],
) -> dict[str, Performer]:
    """Return every device of the story, ready to begin.

    `identities` are the ids the devices are registered under, `topics` the topic of each device
    that does not speak the native protocol; both by the scenario's names.
    """
    return {
        name: Performer(
            carried=carried,
            track=tracks[carried.carried_by],
            unit=_unit(carried, identities[name], topics.get(name, "")),
            faults=Faults(fault for fault in scenario.faults if fault.device == name),
            chance=Random(f"{seed}/{name}"),
        )
        for name, carried in scenario.devices.items()
    }


def screen_of(scenario: Scenario, tracks: Mapping[str, Track], *, seed: int) -> Performer | None:
    """Return the protected person's phone with her page open; None if the story has no such person.

    It is no device of the scenario's file: whoever is enrolled has one.
    """
    name = scenario.protected
    if name is None:
        return None
    carried = Carried(carried_by=name, kind="handset", receiver="ios", moving_s=15.0, still_s=30.0)
    return Performer(
        carried=carried,
        track=tracks[name],
        unit=AppPhone(),
        faults=Faults(()),
        chance=Random(f"{seed}/{name}/screen"),
    )


def _unit(carried: Carried, identity: str, topic: str) -> Unit:
    if carried.protocol == "owntracks":
        tracker_id = "".join(letter for letter in identity if letter.isalnum())[-2:]
        return OwnTracksPhone(topic or f"owntracks/{identity}/phone", tracker_id=tracker_id)
    return Tag(identity)
