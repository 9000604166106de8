"""The parts of the benchmark: a load that is what it says, and figures that leave nothing out."""

from itertools import pairwise
from random import Random

import pytest
from pyproj import Geod

from keepclear.bench import figures, packets, plan
from keepclear.bench.figures import NEVER, Figures, Latency
from keepclear.bench.knee import knee, overloaded
from keepclear.bench.load import Ack, instant

LOAD = plan.Load(seed=7, devices=100, rate=50.0, warm_up_s=2.0, seconds=20.0, approaches=4, near=2)
EARTH = Geod(ellps="WGS84")


def apart_m(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the geodesic distance of two places, metres."""
    return float(EARTH.inv(one[1], one[0], other[1], other[0])[2])


def test_the_schedule_offers_the_rate_and_is_the_same_again():
    """As many fixes are due as were asked for, every device at its own pace, again the same."""
    schedule = plan.shots(LOAD)
    of_one = [shot.due_ms for shot in schedule if shot.device == 3]

    assert schedule == plan.shots(LOAD)
    assert schedule == sorted(schedule, key=lambda shot: (shot.due_ms, shot.device))
    assert 0.97 < len(schedule) / (LOAD.rate * LOAD.length_s) < 1.03
    assert all(1_600 <= after - before <= 2_400 for before, after in pairwise(of_one))


def test_every_instant_of_a_device_is_its_own():
    """A device and an instant name one fix, even at four fixes a second each."""
    load = plan.Load(
        seed=1, devices=10, rate=40.0, warm_up_s=0.0, seconds=30.0, approaches=1, near=0
    )
    schedule = plan.shots(load)

    assert len(schedule) == len({(shot.device, shot.due_ms) for shot in schedule})


@pytest.mark.parametrize("at_s", [0.0, 7.0, LOAD.length_s])
def test_most_pairs_are_far_apart_and_near_ones_stay_outside_the_alert(at_s: float):
    """Only those who are meant to come near do."""
    paths = plan.paths(LOAD)
    found = [
        apart_m(plan.place(paths[tag], at_s), plan.place(paths[tag + 1], at_s))
        for tag in range(2 * LOAD.approaches, LOAD.devices, 2)
    ]
    near, far = found[: LOAD.near], found[LOAD.near :]

    assert all(750.0 < metres < 850.0 for metres in near)
    assert all(metres > 3_500.0 for metres in far)


def test_approaching_tags_wait_and_then_come():
    """Before measuring, an approaching tag is outside `warning_m`; at the end some are inside."""
    paths = plan.paths(LOAD)
    tags = range(0, 2 * LOAD.approaches, 2)
    before = [apart_m(plan.place(paths[t], LOAD.warm_up_s), paths[t + 1].home) for t in tags]
    after = [apart_m(plan.place(paths[t], LOAD.length_s), paths[t + 1].home) for t in tags]

    assert all(1_150.0 < metres < 1_250.0 for metres in before)
    assert all(metres < 2 * plan.ALERT_M + 100.0 for metres in after)
    assert min(after) > 100.0


def test_only_an_approach_with_time_to_arrive_must_be_told():
    """Who sets out too late to come inside `warning_m` owes no alarm; the others are inside."""
    paths = plan.paths(LOAD)[: 2 * LOAD.approaches]
    told = [plan.surely_told_s(LOAD, path) for path in paths]

    assert told[0] is not None
    assert told[1] is None
    assert told[-2] is None
    for tag in range(0, 2 * LOAD.approaches, 2):
        at_s = told[tag]
        if at_s is not None:
            apart = apart_m(plan.place(paths[tag], at_s), paths[tag + 1].home)
            assert apart < 2 * plan.ALERT_M


def test_instants_have_milliseconds():
    """An instant is written as fixes and events write it."""
    assert "2026-11-22T14:02:07.012Z" == instant(1_795_356_127_012)


def test_packets_are_cut_as_they_were_put_together(chance: Random):
    """However the network cuts a stream of packets, each comes out whole and once."""
    bodies = [bytes(chance.randrange(256) for _ in range(size)) for size in (0, 1, 130, 20_000)]
    sent = [packets.publish(packets.topic_bytes("t"), body, 7) for body in bodies]
    stream, reader = b"".join([*sent, packets.PINGREQ]), packets.Reader()
    cuts = sorted({0, len(stream), *(chance.randrange(len(stream)) for _ in range(40))})

    got = [one for first, last in pairwise(cuts) for one in reader.feed(stream[first:last])]

    assert [packets.PUBLISH] * 4 + [12] == [kind for kind, _ in got]
    assert bodies == [body[len(packets.topic_bytes("t")) + 2 :] for _, body in got[:4]]


def test_a_login_is_as_the_standard_says():
    """CONNECT has protocol level 4, a clean session, user name and password."""
    packet = packets.connect("tag-7", "secret", 30)

    assert b"\x10\x20\x00\x04MQTT\x04\xc2\x00\x1e" == packet[:12]
    assert packet.endswith(b"\x00\x05tag-7\x00\x05tag-7\x00\x06secret")


def test_an_ack_covers_what_is_below_it_and_its_islands():
    """Everything up to `seq` is committed, and every island whole."""
    ack = Ack(boot=1, seq=5, ranges=((8, 9),))

    assert [1, 5, 8, 9] == [seq for seq in (1, 5, 6, 7, 8, 9, 10) if ack.covers(seq)]


def test_what_never_came_is_not_left_out():
    """One fix in fifty lost: the median stands, and there is no p99."""
    found = figures.latency([0.010] * 49 + [None])

    assert Latency(count=50, missing=1, p50=0.010, p99=None, p99_9=None, worst=None) == found


def test_percentiles_are_the_nearest_rank():
    """Of a thousand, p99 is the 990th."""
    found = figures.latency(float(n) for n in range(1, 1_001))

    assert (500.0, 990.0, 999.0, 1000.0) == (found.p50, found.p99, found.p99_9, found.worst)


def test_late_is_counted_from_when_it_was_due():
    """A load that falls behind does not hide it: lateness counts from the schedule."""
    found = figures.since_due([0.5, 3.0, NEVER], [0.1, 1.0, 2.0], first_s=1.0)

    assert (2, 1, 2.0) == (found.count, found.missing, found.p50)
    assert 1 == figures.behind([0.5, 9.0, 2.1], [0.1, 1.0, 2.0], 1.0, 3.0)
    assert 1 == figures.committed_between([0.5, 9.0, 2.1, NEVER], 1.0, 3.0)


def carried(rate: float, p99: float | None, **more: int) -> Figures:
    """Return the figures of one step."""
    taken = Latency(count=10, missing=0, p50=0.01, p99=p99, p99_9=p99, worst=p99)
    return Figures(
        broker="amqtt",
        devices=2,
        seconds=1.0,
        seed=1,
        offered_per_s=rate,
        committed_per_s=rate,
        backlog=more.get("backlog", 0),
        to_console=taken,
        to_decision=taken,
        to_committed=taken,
        to_puback=taken,
        load_late=taken,
        costs={},
        reconnects=0,
        disconnects=more.get("disconnects", 0),
    )


def test_the_knee_is_the_last_rate_that_was_carried():
    """Late, lost, queued or dropped: the first step of that kind ends the search."""
    good, better = carried(100.0, 0.02), carried(140.0, 0.9)

    for bad in (
        carried(196.0, 1.2),
        carried(196.0, None),
        carried(196.0, 0.1, backlog=400),
        carried(196.0, 0.1, disconnects=1),
    ):
        assert overloaded(bad) is not None
        assert 140.0 == knee([good, better, bad])
    assert knee([carried(100.0, 2.0)]) is None
