"""`kill -9` of `serve` at any moment of an incident: nothing acknowledged lost, nothing doubled."""

import asyncio
import sqlite3
from collections import Counter
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random

import pytest

from tests.requires import mosquitto_or_skip
from tests.system.case import HERE, Case, good, north_of_her, now
from tests.system.devices import Screen, Tag
from tests.system.program import Program, until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

KILLS = 20
#: A walk towards her that a car could drive: metres north of her, and seconds before the last fix.
APPROACH = [(2200 - 130 * step, 10 * (10 - step)) for step in range(11)]


async def test_kill_at_a_random_moment_of_an_incident(tmp_path: Path, chance: Random):
    """Twenty kills in twenty incidents: every acknowledged fix kept, one incident each, and her
    phone, resuming by cursor, is told everything exactly once.
    """  # noqa: D205 - one promise with three parts.
    mosquitto_or_skip()
    program = Program(data_dir=tmp_path / "var", broker="mosquitto")
    await program.start()
    cases: list[Case] = []
    told: list[Screen] = []
    try:
        for kill in range(KILLS):
            case = await Case.register(program)
            cases.append(case)
            told += await _approach_and_kill(program, case, delay_s=chance.uniform(0.0, 1.5))
            assert kill + 1 == len(cases)
    finally:
        for case in cases:
            await case.close()
        program.stop()

    _assert_kept(program.data_dir / "keepclear.sqlite3", cases)
    _assert_told(program.data_dir / "keepclear.sqlite3", cases, told)


async def _approach_and_kill(program: Program, case: Case, delay_s: float) -> list[Screen]:
    """Play the approach, kill and restart meanwhile, and return her screens before and after."""
    before = await case.her_screen()
    case.handset.fix(*HERE, now())
    approach = asyncio.get_running_loop().create_task(_approach(case))
    await asyncio.sleep(delay_s)
    program.kill()
    program.launch()
    await program.alive()
    await approach
    after = await case.her_screen(after=before.cursor)
    await _until_sent(case)
    await after.close()
    await before.close()
    return [before, after]


async def _approach(case: Case) -> None:
    last = now()
    for metres, age_s in APPROACH:
        case.tag.fix(*north_of_her(metres), last - timedelta(seconds=age_s))
        await asyncio.sleep(0.1)


async def _until_sent(case: Case) -> None:
    """Resend as a device would until all is acknowledged, then wait for the decision."""
    for device in (case.tag, case.handset):
        await until(partial(_connected, device), 20.0, "the device reconnects")
        device.resend()
        await device.all_acknowledged(20.0)

    async def decided() -> bool:
        listed = good(await case.operator.get("/incidents", params={"state": "open"}))
        return any(
            i["order_id"] == case.order_id and i["level"] == "breach" for i in listed["items"]
        )

    await until(decided, 20.0, "the breach stands")


async def _connected(device: Tag) -> bool:
    return device.connected.is_set()


def _assert_kept(path: Path, cases: list[Case]) -> None:
    """Every acknowledged message is in the record once, and every case has one incident."""
    with sqlite3.connect(path) as record:
        kept = Counter(record.execute("select device_id, seq from fixes").fetchall())
        incidents = Counter(
            row[0]
            for row in record.execute("select order_id from incidents where subject='proximity'")
        )
    acknowledged = Counter(
        (device.username, seq)
        for case in cases
        for device in (case.tag, case.handset)
        for seq in device.acknowledged
    )
    assert len(cases) * (len(APPROACH) + 1) == len(acknowledged)
    assert acknowledged == Counter({k: n for k, n in kept.items() if k in acknowledged})
    assert {case.order_id: 1 for case in cases} == {
        c.order_id: incidents[c.order_id] for c in cases
    }


def _assert_told(path: Path, cases: list[Case], screens: list[Screen]) -> None:
    """Every notice of the record reached a screen of hers, exactly once."""
    with sqlite3.connect(path) as record:
        decided = {
            row[0]
            for case in cases
            for row in record.execute(
                "select alert_id from notices where person_id = ?", (case.protected_id,)
            )
        }
    shown = Counter(alert["alert_id"] for screen in screens for alert in screen.events("alert"))
    assert dict.fromkeys(decided, 1) == dict(shown)
