"""From a transition in the record to her phone and the console, over real sockets, and back."""

import asyncio
import json
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import select
from websockets.exceptions import ConnectionClosed

from alerts.board import DeviceState
from alerts.live.frames import cursor_of
from domain.command import CommandType
from domain.ids import IncidentId, PersonId, ReadingId
from domain.position import Position
from domain.reading import Fix
from domain.transition import Level, Subject, TamperCleared
from records import incidents as incident_records
from records import register as register_records
from records import tables
from runtime.clock import utc_now
from runtime.wire import decode
from tests.integration.alerts.room import HANDSET, AlertsRoom, Client, connected, running
from tests.unit.alerts.builders import HER, ORDER, TAG, WEARER, a_command, a_transition, of_device

pytestmark = pytest.mark.integration

STATES = ("protection.state", "system.state", "position", "device.state", "snapshot")


def a_fix(device_id: str, person_id: str, number: int = 1) -> Fix:
    """Return a fix of now."""
    now = utc_now()
    return Fix(
        reading_id=ReadingId(f"{device_id}-{number}"),
        log_position=number,
        device_id=TAG if device_id == TAG else HANDSET,
        person_id=PersonId(person_id),
        fixed_at=now,
        received_at=now,
        position=Position(latitude_deg=51.5, longitude_deg=-0.1),
        accuracy_m=8.0,
        battery_percent=71,
    )


async def _incident(console: Client, kind: str) -> IncidentId:
    return IncidentId((await console.data(kind))["incident_id"])


async def test_a_breach_reaches_both_and_comes_back(tmp_path: Path) -> None:
    """The alert shows on both screens; the officer's answer on hers, and hers on the officer's."""
    async with (
        running(tmp_path) as room,
        connected(room, "/console") as console,
        connected(room, "/victim") as her,
    ):
        assert {"incidents": [], "type": "snapshot"}.items() <= (await console.frame()).items()
        assert None is (await her.frame("snapshot"))["alert"]

        await room.decide(a_transition(Level.BREACH))

        opened = await console.data("incident.opened")
        alert = await her.data("alert")
        assert ("P1", "proximity", "breach", 420.0) == (
            opened["priority"],
            opened["kind"],
            opened["level"],
            opened["nearest_m"],
        )
        assert ("breach", "close", "closer", None, "waiting") == (
            alert["level"],
            alert["band"],
            alert["trend"],
            alert["direction"],
            alert["help"]["state"],
        )
        assert alert["alert_id"] == (await console.data("notice.delivered"))["alert_id"]

        incident_id = IncidentId(opened["incident_id"])
        result = await room.ask(a_command(CommandType.ACKNOWLEDGE, incident_id=incident_id))
        assert result.accepted
        assert "waiting" == (await her.data("help.state"))["state"]
        helped = await her.data("help.state")
        assert ("acknowledged", "help.acknowledged") == (helped["state"], helped["text_key"])

        await her.say({"type": "received", "alert_id": alert["alert_id"]})
        await her.say({"type": "seen", "alert_id": alert["alert_id"]})
        assert alert["alert_id"] == (await console.data("notice.received"))["alert_id"]
        assert alert["alert_id"] == (await console.data("notice.seen"))["alert_id"]


async def test_her_frames_hold_nothing_of_his(tmp_path: Path) -> None:
    """No frame of hers names him, his device, a place or a figure of distance."""
    async with running(tmp_path) as room, connected(room, "/victim") as her:
        frames = [await her.frame()]
        await room.report(a_fix(TAG, WEARER))
        await room.decide(a_transition(Level.WARNING), a_transition(Level.CONTACT, 5))
        while sum(frame.get("kind") == "alert" for frame in frames) < 2:
            frames.append(await her.frame())

    text = json.dumps(frames)
    assert [] == [
        word
        for word in (WEARER, TAG, "420", "450", "51.", "lat", "lon", "_m", "Nobody")
        if word in text
    ]


async def test_a_phone_that_comes_back_misses_nothing(tmp_path: Path) -> None:
    """After a break she is told what happened meanwhile, in order, and no snapshot."""
    async with running(tmp_path) as room:
        async with connected(room, "/victim") as her:
            await room.decide(a_transition(Level.WARNING))
            await her.frame("help.state")
            cursor = her.cursor
        await room.decide(a_transition(Level.BREACH, 5), a_transition(Level.CONTACT, 9))
        async with connected(room, "/console") as console:
            await console.frame("snapshot")

        async with connected(room, "/victim", resume=cursor) as her:
            first, second = await her.data("alert"), await her.data("alert")

        assert ["breach", "contact"] == [first["level"], second["level"]]


@pytest.mark.parametrize(
    "resume", ["", "nonsense", cursor_of(f"person:{HER}", 10**9), cursor_of("console", 1), None]
)
async def test_an_unknown_cursor_gets_a_snapshot(tmp_path: Path, resume: str | None) -> None:
    """A cursor from the future, of somebody else, or none at all is answered with a snapshot."""
    async with running(tmp_path) as room:
        async with connected(room, "/console") as console:
            await room.decide(a_transition(Level.BREACH))
            await console.data("incident.opened")

        async with connected(room, "/victim", resume=resume) as her:
            snapshot = await her.frame()

        assert ("snapshot", "breach", "waiting") == (
            snapshot["type"],
            snapshot["alert"]["level"],
            snapshot["help"]["state"],
        )
        assert ("protected", False) == next(iter(snapshot["protection"].items()))


async def test_a_killed_room_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """However often the room dies, each transition has its effect once, and no event is missed."""
    levels = [Level.WARNING, Level.BREACH, Level.CONTACT, Level.CLEAR] * 5
    async with running(tmp_path) as room:
        async with connected(room, "/console") as console:
            await console.frame()
            cursor = console.cursor
        for number, level in enumerate(levels):
            await room.decide(a_transition(level, number))
            await room.kill()
            room.begin()
        told: list[str] = []
        while len(told) < len(levels):
            # The room may ask a client to come again when it finds what was never published.
            with suppress(ConnectionClosed):
                async with connected(room, "/console", resume=cursor) as console:
                    try:
                        await _listen(console, told, len(levels))
                    finally:
                        cursor = console.cursor or cursor

        assert [level.value for level in levels] == told
        rows = await room.records.read(lambda c: c.execute(select(tables.incidents)).all())
        entries = await room.records.read(
            lambda c: incident_records.timeline_of(c, rows[0].incident_id)
        )
        assert (1, len(levels)) == (len(rows), len(entries))


async def _listen(console: Client, told: list[str], count: int) -> None:
    """Collect levels of incidents until there are `count`."""
    while len(told) < count:
        frame = await console.frame()
        if frame.get("kind", "").startswith("incident."):
            told.append(frame["data"]["level"])


async def test_an_sos_opens_a_p1_and_waits_for_a_human(tmp_path: Path) -> None:
    """Her call for help is on the console at once, and sending it again opens no second one."""
    async with (
        running(tmp_path) as room,
        connected(room, "/console") as console,
        connected(room, "/victim") as her,
    ):
        command = a_command(CommandType.SOS, actor=f"person:{HER}", person_id=HER)
        first = await room.ask(command)
        again = await room.ask(command)

        opened = await console.data("incident.opened")
        assert ("sos", "P1", first.incident_id) == (
            opened["kind"],
            opened["priority"],
            opened["incident_id"],
        )
        assert first == again
        assert "waiting" == (await her.data("help.state"))["state"]

        await room.ask(
            a_command(CommandType.RESOLVE, 9, incident_id=first.incident_id, outcome="attended")
        )
        assert first.incident_id == await _incident(console, "incident.resolved")
        assert "closed" == (await her.data("help.state"))["state"]


async def test_she_is_on_the_map_only_while_it_matters(tmp_path: Path) -> None:
    """A wearer's fixes are shown always, hers only while an incident of hers is open."""
    async with running(tmp_path) as room, connected(room, "/console") as console:
        await console.frame("snapshot")
        await room.report(a_fix(HANDSET, HER), a_fix(TAG, WEARER))
        assert WEARER == (await console.data("position"))["person_id"]

        await room.decide(a_transition(Level.BREACH))
        shown = await console.data("position")
        assert (HER, 51.5) == (shown["person_id"], shown["lat"])

        incident_id = room.office.desk.standing()[0].incident_id
        await room.ask(a_command(CommandType.RESOLVE, incident_id=incident_id, outcome="left"))
        await console.frame("incident.resolved")
        await room.report(a_fix(HANDSET, HER, 2), a_fix(TAG, WEARER, 2))
        assert WEARER == (await console.data("position"))["person_id"]


async def test_an_officer_sees_own_cases_only(tmp_path: Path) -> None:
    """What belongs to another's case is in no snapshot, no event and no resume of this officer."""
    async with running(tmp_path) as room:
        room.sees = lambda order_id, person_id: order_id is None and person_id is None
        async with connected(room, "/console") as stranger:
            assert [] == (await stranger.frame("snapshot"))["devices"]
            await room.decide(a_transition(Level.BREACH))
            room.sees = lambda order_id, _person: order_id in {None, ORDER}
            async with connected(room, "/console") as console:
                await console.frame("snapshot")
                await room.decide(a_transition(Level.CONTACT, 5))
                await console.data("incident.changed")
            await room.report(a_fix(TAG, WEARER))
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    await stranger.kinds(1, ignoring=("system.state",))


async def test_foreign_and_unknown_answers_change_nothing(tmp_path: Path) -> None:
    """Somebody else's word for an alert is kept in the ledger and changes nothing."""
    async with (
        running(tmp_path) as room,
        connected(room, "/victim") as her,
        connected(room, "/victim?person=protected-2") as other,
    ):
        await room.decide(a_transition(Level.BREACH))
        alert_id = (await her.data("alert"))["alert_id"]
        await other.say({"type": "seen", "alert_id": alert_id})
        await other.say({"type": "seen", "alert_id": "no-such-alert"})

        reasons: list[str] = []
        for _ in range(500):
            reasons = await _ignored(room)
            if len(reasons) == 2:
                break
            await asyncio.sleep(0.01)
        row = await room.records.read(lambda c: incident_records.notice(c, alert_id))
        assert row is not None
        assert (["foreign_alert", "unknown_alert"], None) == (sorted(reasons), row.seen_at)


async def _ignored(room: AlertsRoom) -> list[str]:
    query = select(tables.ledger.c.reason).where(
        tables.ledger.c.decision == "ignore", tables.ledger.c.ref == "protected-2"
    )
    return await room.records.read(lambda c: list(c.execute(query).scalars()))


async def test_a_sixth_connection_takes_the_place_of_the_first(tmp_path: Path) -> None:
    """One phone holds five connections; a half-dead old one never keeps a new one out."""
    async with running(tmp_path) as room, connected(room, "/victim") as oldest:
        await oldest.frame("snapshot")
        for _ in range(5):
            async with connected(room, "/victim") as other:
                await other.frame("snapshot")
        clients = [connected(room, "/victim") for _ in range(5)]
        for client in clients:
            await (await client.__aenter__()).frame("snapshot")

        assert 4408 == await oldest.closed()
        for client in clients:
            await client.__aexit__(None, None, None)


async def test_revocation_closes_at_once(tmp_path: Path) -> None:
    """Whoever may not look any more is cut off with 4401."""
    async with running(tmp_path) as room, connected(room, "/console") as console:
        await console.frame("snapshot")
        room.office.hub.revoke("account:1")

        assert 4401 == await console.closed()


@pytest.mark.parametrize(
    ("text", "code"), [("x" * 2000, 1009), (b"binary", 1003)], ids=["long", "binary"]
)
async def test_what_is_no_client_is_let_go(tmp_path: Path, text: str | bytes, code: int) -> None:
    """A frame too long to be one of ours, or binary, ends the connection with its code."""
    async with running(tmp_path) as room, connected(room, "/victim") as her:
        await her.socket.send(text)

        assert code == await her.closed()


async def test_unknown_frames_are_ignored(tmp_path: Path) -> None:
    """What we do not know yet, or cannot read, harms nobody."""
    async with running(tmp_path) as room, connected(room, "/victim") as her:
        for text in ('{"type": "dance"}', "{", "[]", "null", '{"type": "seen"}'):
            await her.socket.send(text)
        await room.decide(a_transition(Level.BREACH))

        assert "breach" == (await her.data("alert"))["level"]


async def test_resolving_a_cut_strap_lets_the_next_cut_be_news(tmp_path: Path) -> None:
    """The engine is told, in the same transaction, what a human has closed."""
    async with running(tmp_path) as room, connected(room, "/console") as console:
        await room.decide(of_device(Subject.TAMPER, after=Level.WARNING))
        await console.frame("incident.opened")
        incident_id = room.office.desk.standing()[0].incident_id
        await room.ask(a_command(CommandType.RESOLVE, incident_id=incident_id, outcome="refitted"))
        changes = await room.records.read(lambda c: register_records.changes_after(c, 0))
        facts = [decode(change.body, TamperCleared) for change in changes]
        assert [(TAG, Subject.TAMPER)] == [(fact.device_id, fact.subject) for fact in facts]


async def test_a_trouble_that_ended_after_its_incident_is_not_brought_back(tmp_path: Path) -> None:
    """A device heard again once its incident was resolved is not silent after a restart."""
    async with running(tmp_path) as room, connected(room, "/console") as console:
        await room.decide(of_device(Subject.CONTACT_LOSS))
        await console.frame("incident.opened")
        incident_id = room.office.desk.standing()[0].incident_id
        await room.ask(a_command(CommandType.RESOLVE, incident_id=incident_id, outcome="found"))
        standing = await _state_after_restart(room)
        await room.decide(of_device(Subject.CONTACT_LOSS, 5, after=Level.CLEAR))
        ended = await _state_after_restart(room)
        assert (DeviceState.SILENT, DeviceState.WAITING) == (standing, ended)


async def _state_after_restart(room: AlertsRoom) -> DeviceState:
    """Return the tag's state on the board of a new life, once that has begun."""
    await room.end()
    board = room.office.board
    room.begin()
    for _ in range(1000):
        if room.office.board is not board:
            break
        await asyncio.sleep(0.005)
    device = room.office.board.device(TAG)
    assert device is not None
    return device.state
