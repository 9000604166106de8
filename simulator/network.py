"""The roads people walk and drive on: a graph of places, its routes, and places along them.

Pure. Walkers take the shortest way, drivers the quickest, and drivers obey one-way streets. Only
the largest part in which every place can be reached from every other is kept, so that nobody is
ever sent somewhere without a way (turn restrictions are not in the file).
"""

import heapq
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from functools import cached_property
from itertools import pairwise

import msgspec

from domain.errors import KeepclearError
from domain.position import Position
from simulator.earth import between, metres_between


class Mode(StrEnum):
    """How somebody goes."""

    FOOT = "foot"
    CAR = "car"


class NoWayError(KeepclearError):
    """There is no way between two places of the network."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One edge in the direction it is gone: where it ends and what lies between.

    Attributes:
        head: The node it ends in.
        shape: Its line, beginning at the node it leaves.
        speed_mps: What the road allows.
    """

    head: int
    shape: tuple[Position, ...]
    length_m: float
    speed_mps: float

    def cost(self, mode: Mode) -> float:
        """Return what a router minimises: metres on foot, seconds in a car."""
        return self.length_m if mode is Mode.FOOT else self.length_m / self.speed_mps


class Route(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A way through the network.

    Attributes:
        positions: Its line.
        speeds_mps: What the road allows between each two of them; one fewer than positions.
        junctions: Whether each of them is a place where roads meet.
    """

    positions: tuple[Position, ...]
    speeds_mps: tuple[float, ...]
    junctions: tuple[bool, ...]

    @cached_property
    def distances_m(self) -> tuple[float, ...]:
        """Metres along the route to each of its positions."""
        total, out = 0.0, [0.0]
        for one, other in pairwise(self.positions):
            total += metres_between(one, other)
            out.append(total)
        return tuple(out)

    @property
    def length_m(self) -> float:
        """Metres from end to end."""
        return self.distances_m[-1]

    def position_at(self, distance_m: float) -> Position:
        """Return the place `distance_m` along, held at the ends."""
        if distance_m <= 0.0:
            return self.positions[0]
        if distance_m >= self.length_m:
            return self.positions[-1]
        index = bisect_right(self.distances_m, distance_m) - 1
        begin_m, end_m = self.distances_m[index], self.distances_m[index + 1]
        share = (distance_m - begin_m) / (end_m - begin_m)
        return between(self.positions[index], self.positions[index + 1], share)


class _Properties(msgspec.Struct, frozen=True):
    u: int
    v: int
    speed_kmh: float
    oneway: int
    car: bool
    foot: bool
    length_m: float


class _Geometry(msgspec.Struct, frozen=True):
    coordinates: tuple[tuple[float, float], ...]


class _Feature(msgspec.Struct, frozen=True):
    properties: _Properties
    geometry: _Geometry


class _Collection(msgspec.Struct, frozen=True):
    features: tuple[_Feature, ...]


type_of_graph = Mapping[int, Sequence[Step]]


class Network:
    """The roads, one graph for those who walk and one for those who drive."""

    def __init__(self, graphs: Mapping[Mode, type_of_graph]) -> None:
        self._graphs = {mode: _largest_part(graph) for mode, graph in graphs.items()}
        self._places = {
            mode: {node: steps[0].shape[0] for node, steps in graph.items()}
            for mode, graph in self._graphs.items()
        }

    def nodes(self, mode: Mode) -> Sequence[int]:
        """Return the nodes a `mode` can reach, in a fixed order."""
        return sorted(self._graphs[mode])

    def position(self, mode: Mode, node: int) -> Position:
        """Return where a node is."""
        return self._places[mode][node]

    def nearest(self, mode: Mode, to: Position) -> int:
        """Return the reachable node that is nearest to a place."""
        places = self._places[mode]
        return min(places, key=lambda node: (metres_between(to, places[node]), node))

    def route(self, mode: Mode, start: int, goal: int) -> Route:
        """Return the best way from one node to another.

        Raises:
            NoWayError: One of them cannot be reached by this mode.
        """
        graph = self._graphs[mode]
        if start not in graph or goal not in graph:
            raise NoWayError
        steps = _best_steps(graph, mode, start, goal)
        return _route_of(graph, self._places[mode][start], start, steps)


def read_network(geojson: bytes) -> Network:
    """Build the network from a GeoJSON collection of edges (lon, lat, as the file has them)."""
    graphs: dict[Mode, dict[int, list[Step]]] = {mode: {} for mode in Mode}
    for feature in msgspec.json.decode(geojson, type=_Collection).features:
        edge = feature.properties
        shape = tuple(
            Position(latitude_deg=lat, longitude_deg=lon)
            for lon, lat in feature.geometry.coordinates
        )
        if edge.foot:
            _connect(graphs[Mode.FOOT], edge, shape, oneway=0)
        if edge.car:
            _connect(graphs[Mode.CAR], edge, shape, oneway=edge.oneway)
    return Network(graphs)


def _connect(
    graph: dict[int, list[Step]], edge: _Properties, shape: tuple[Position, ...], *, oneway: int
) -> None:
    speed_mps = edge.speed_kmh / 3.6
    for tail, head, line, forbidden in (
        (edge.u, edge.v, shape, -1),
        (edge.v, edge.u, shape[::-1], 1),
    ):
        graph.setdefault(tail, [])
        graph.setdefault(head, [])
        if oneway != forbidden:
            step = Step(head=head, shape=line, length_m=edge.length_m, speed_mps=speed_mps)
            graph[tail].append(step)


def _best_steps(graph: type_of_graph, mode: Mode, start: int, goal: int) -> list[Step]:
    best: dict[int, float] = {start: 0.0}
    came: dict[int, tuple[int, Step]] = {}
    queue: list[tuple[float, int]] = [(0.0, start)]
    while queue:
        cost, node = heapq.heappop(queue)
        if node == goal:
            break
        if cost > best[node]:
            continue
        for step in graph[node]:
            onward = cost + step.cost(mode)
            if onward < best.get(step.head, float("inf")):
                best[step.head] = onward
                came[step.head] = (node, step)
                heapq.heappush(queue, (onward, step.head))
    steps: list[Step] = []
    while goal != start:
        goal, step = came[goal]
        steps.append(step)
    return steps[::-1]


def _route_of(graph: type_of_graph, first: Position, start: int, steps: list[Step]) -> Route:
    positions, speeds, junctions = [first], list[float](), [len(graph[start]) > 2]
    for step in steps:
        positions.extend(step.shape[1:])
        speeds.extend([step.speed_mps] * (len(step.shape) - 1))
        junctions.extend([False] * (len(step.shape) - 2))
        junctions.append(len(graph[step.head]) > 2)
    return Route(positions=tuple(positions), speeds_mps=tuple(speeds), junctions=tuple(junctions))


def _largest_part(graph: type_of_graph) -> dict[int, tuple[Step, ...]]:
    """Return the largest part of a directed graph in which all reach all (Kosaraju's two walks)."""
    back: dict[int, list[int]] = {node: [] for node in graph}
    onward: dict[int, list[int]] = {node: [] for node in graph}
    for node, steps in graph.items():
        for step in steps:
            onward[node].append(step.head)
            back[step.head].append(node)
    seen: set[int] = set()
    parts: list[list[int]] = []
    for node in reversed(_finished(onward)):
        if node not in seen:
            parts.append(_gathered(back, node, seen))
    kept = set(max(parts, key=len, default=list[int]()))
    return {
        node: tuple(step for step in steps if step.head in kept)
        for node, steps in graph.items()
        if node in kept
    }


def _finished(onward: Mapping[int, Iterable[int]]) -> list[int]:
    """Return the nodes in the order in which a depth-first walk leaves them."""
    seen: set[int] = set()
    order: list[int] = []
    for root in onward:
        if root in seen:
            continue
        seen.add(root)
        stack = [(root, iter(onward[root]))]
        while stack:
            node, heads = stack[-1]
            fresh = next((head for head in heads if head not in seen), None)
            if fresh is None:
                order.append(node)
                stack.pop()
            else:
                seen.add(fresh)
                stack.append((fresh, iter(onward[fresh])))
    return order


def _gathered(back: Mapping[int, Iterable[int]], root: int, seen: set[int]) -> list[int]:
    seen.add(root)
    stack, part = [root], list[int]()
    while stack:
        node = stack.pop()
        part.append(node)
        for tail in back[node]:
            if tail not in seen:
                seen.add(tail)
                stack.append(tail)
    return part
