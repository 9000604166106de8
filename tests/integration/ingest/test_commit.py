"""Committing batches to a real record: once each, in order, whatever one message does."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import OperationalError

from domain.reading import DeviceEvent, Fix
from ingest.payload import body_hash
from ingest.sequence import numbered_id
from ingest.worker.commit import Acknowledgement
from records.database import Records, Work
from records.tables import (
    device_events,
    fixes,
    presences,
    quarantine,
    raw_messages,
    rejections,
)
from tests.integration.ingest.house import TAG_1, House, a_house
from tests.unit.ingest.builders import NOW, a_body, a_device, a_message, text_of

pytestmark = pytest.mark.integration

SECONDS = NOW.timestamp()
FIX = "kc/v1/tag-1/fix"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Give a house on an empty record."""
    async with a_house(tmp_path) as made:
        yield made


async def test_each_outcome_is_kept_in_its_table(house: House) -> None:
    """A batch of everything lands in one transaction, and only readings reach the stream."""
    event = {"boot": 1, "seq": 2, "t": SECONDS, "type": "strap_tamper"}
    committer = await house.committer()
    await committer.commit(
        [
            a_message(a_body(boot=1, seq=1), FIX),
            a_message(text_of(event), "kc/v1/tag-1/event"),
            a_message(b"1", "kc/v1/tag-1/online"),
            a_message(a_body(lat=91), FIX),
            a_message(b"{", FIX),
        ],
        flood=[a_message(a_body(), FIX)],
    )

    tables = (fixes, device_events, presences, rejections, quarantine, raw_messages)
    assert [1, 1, 1, 1, 2, 6] == [len(await house.rows(table)) for table in tables]
    assert ["not_json", "flooding"] == [row.reason for row in await house.rows(quarantine)]
    assert [1024, 2048, 3072] == [fact.log_position for fact in await house.facts()]


async def test_what_is_kept_is_what_was_said(house: House) -> None:
    """A fix goes through record and stream unchanged, and its bytes are kept as they came."""
    committer = await house.committer()
    message = a_message(a_body(boot=1, seq=1, spd=1.3, cog=210, batt=71), FIX)
    await committer.commit([message])

    (row,) = await house.rows()
    (fact,) = await house.facts()
    (raw,) = await house.rows(raw_messages)
    assert isinstance(fact, Fix)
    assert (fact.reading_id, fact.fixed_at) == (row.reading_id, row.fixed_at)
    assert (51.61712, -0.10791, 8.5, 1.3) == (
        row.latitude_deg,
        row.longitude_deg,
        row.accuracy_m,
        row.speed_mps,
    )
    assert (message.payload, message.topic, "tag-1") == (raw.payload, raw.topic, raw.device_id)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(a_body(boot=3, seq=9), id="numbered"),
        pytest.param(a_body(), id="unnumbered"),
        pytest.param(a_body(boot=3, seq=9, lat=91), id="rejected"),
    ],
)
async def test_a_repeat_after_a_restart_has_no_second_effect(
    house: House, body: dict[str, object]
) -> None:
    """What was committed before the crash is recognised from the record alone."""
    for _ in range(2):
        committer = await house.committer()
        await committer.commit([a_message(body, FIX)])

    assert 1 == len(await house.rows()) + len(await house.rows(rejections))
    assert 1 == len(await house.rows(raw_messages))


async def test_a_repeat_is_acknowledged_again(house: House) -> None:
    """A device whose acknowledgement was lost is told once more, after a restart, too."""
    told: list[Acknowledgement] = []
    for seq in (1841, 1850, 1851, 1841):
        committer = await house.committer()
        body = a_body(boot=3, seq=seq, t=SECONDS - 10 + seq / 1e3)
        told = await committer.commit([a_message(body, FIX)])

    assert [b'{"boot":3,"seq":1841,"ranges":[[1850,1851]]}'] == [one.payload for one in told]
    assert ["tag-1"] == [one.device_id for one in told]


async def test_late_is_known_after_a_restart(house: House) -> None:
    """The newest fix of a device is remembered by the record, with numbers or without."""
    numbered: tuple[dict[str, object], ...] = ({}, {"boot": 1, "seq": 2})
    for numbers in numbered:
        committer = await house.committer()
        await committer.commit([a_message(a_body(t=SECONDS - 1, **numbers), FIX)])
    committer = await house.committer()
    await committer.commit([a_message(a_body(t=SECONDS - 9), FIX)])

    assert ["accepted", "accepted", "late"] == [row.state for row in await house.rows()]


async def test_each_boot_is_acknowledged_on_its_own(house: House) -> None:
    """One batch with two boots of two devices tells each device of each boot once."""
    committer = await house.committer()
    told = await committer.commit(
        [
            a_message(a_body(boot=boot, seq=seq, t=SECONDS + seq), f"kc/v1/{device}/fix")
            for device in ("tag-1", "tag-2")
            for boot in (1, 2)
            for seq in (boot * 10, boot * 10 + 1)
        ]
    )

    assert [
        ("tag-1", b'{"boot":1,"seq":11,"ranges":[]}'),
        ("tag-1", b'{"boot":2,"seq":21,"ranges":[]}'),
        ("tag-2", b'{"boot":1,"seq":11,"ranges":[]}'),
        ("tag-2", b'{"boot":2,"seq":21,"ranges":[]}'),
    ] == [(one.device_id, one.payload) for one in told]


async def test_a_device_registered_a_moment_ago_is_known(house: House) -> None:
    """A stranger makes ingest look at the register once more before it is turned away."""
    committer = await house.committer()
    stranger = a_message(a_body(), "kc/v1/tag-9/fix")
    await committer.commit([stranger])
    await house.know(a_device("tag-9"))
    await committer.commit([stranger])

    assert ["unknown_device"] == [row.reason for row in await house.rows(quarantine)]
    assert ["tag-9"] == [row.device_id for row in await house.rows()]


async def test_a_message_the_record_refuses_costs_only_itself(house: House) -> None:
    """What cannot be written even alone is set aside, and the others are committed."""
    bad, good = a_body(boot=1, seq=5), a_body(boot=1, seq=6)
    await house.records.write(lambda connection: connection.execute(_squatter(bad)))
    committer = await house.committer()
    await committer.commit([a_message(bad, FIX), a_message(good, FIX)])

    assert ["decoder_failed"] == [row.reason for row in await house.rows(quarantine)]
    assert [6] == [row.seq for row in await house.rows() if row.device_id == "tag-1"]


class Faltering(Records):
    """A record whose disk is full for a while."""

    failures = 0

    async def write(self, work: Work[Any]) -> Any:
        """Fail as often as was asked, then work."""
        if self.failures > 0:
            self.failures -= 1
            raise OperationalError("INSERT", {}, Exception("disk is full"))
        return await super().write(work)


async def test_an_outage_of_the_record_loses_nothing(house: House) -> None:
    """While the record does not answer everybody waits; then all is committed, once."""
    house.records.__class__ = Faltering
    assert isinstance(house.records, Faltering)
    committer = await house.committer()
    house.records.failures = 2
    told = await committer.commit([a_message(a_body(boot=1, seq=1), FIX)])

    assert 1 == len(told)
    assert 1 == len(await house.rows())


async def test_a_tamper_in_the_same_batch_is_a_fact(house: House) -> None:
    """Events take their place among the fixes in the order of their arrival."""
    event = {"t": SECONDS, "type": "strap_tamper"}
    committer = await house.committer()
    await committer.commit(
        [
            a_message(a_body(t=SECONDS - 2), FIX),
            a_message(text_of(event), "kc/v1/tag-1/event"),
            a_message(a_body(t=SECONDS - 1), FIX),
        ]
    )

    assert [Fix, DeviceEvent, Fix] == [type(fact) for fact in await house.facts()]


def _squatter(body: dict[str, object]) -> Any:
    """Return a row that has the identity `body` will have, under another device."""
    return insert(fixes).values(
        log_position=1,
        reading_id=numbered_id(TAG_1.device_id, 1, 5, body_hash(body)),
        device_id="tag-2",
        received_at=NOW - timedelta(days=1),
        fixed_at=NOW,
        latitude_deg=0.0,
        longitude_deg=0.0,
        source="gnss",
        state="accepted",
    )
