"""A tag's report over MQTT becomes an alert on her screen and on the console, and back."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest

from tests.requires import mosquitto_or_skip
from tests.system.case import HERE, Case, good, north_of_her, now
from tests.system.program import Program, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90)]


@pytest.fixture(scope="module", params=["mosquitto", "amqtt"])
def program(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    """Give one running program on each embedded broker; every test has a case of its own in it."""
    if request.param == "mosquitto":
        mosquitto_or_skip()
    running = Program(data_dir=tmp_path_factory.mktemp("var"), broker=request.param)
    try:
        yield asyncio.run(running.start())
    finally:
        running.stop()


@pytest.fixture
async def case(program: Program) -> AsyncIterator[Case]:
    """Give a registered case with connected devices."""
    registered = await Case.register(program)
    yield registered
    await registered.close()


async def test_an_approach_is_told_and_answered(case: Case):
    """An approach alerts her and the console; acknowledging reaches her, `seen` reaches them."""
    console, hers = await case.console(), await case.her_screen()
    case.handset.fix(*HERE, now())
    case.tag.fix(*north_of_her(5000), now())
    case.tag.fix(*north_of_her(600), now())

    opened = await console.event("incident.opened", "the console hears", kind="proximity")
    alert = await hers.event("alert", "her screen hears", level="breach")
    await hers.send({"type": "received", "alert_id": alert["alert_id"]})
    await hers.send({"type": "seen", "alert_id": alert["alert_id"]})
    await console.event("notice.seen", "the console knows she saw", alert_id=alert["alert_id"])
    incident = opened["incident_id"]
    good(await case.operator.post(f"/incidents/{incident}/acknowledge", json={"note": "Mine."}))
    await hers.event("help.state", "her screen knows", incident_id=incident, state="acknowledged")

    assert ("P1", "breach", case.order_id) == (
        opened["priority"],
        opened["level"],
        opened["order_id"],
    )
    assert 550.0 < opened["nearest_m"] <= opened["central_m"] < 650.0
    await case.tag.all_acknowledged()
    await case.handset.all_acknowledged()


async def test_her_frames_hold_nothing_of_his(case: Case):
    """No frame her screen receives carries his coordinates, device id, name or person id."""
    hers = await case.her_screen()
    case.handset.fix(*HERE, now())
    latitude, longitude = north_of_her(612.345)
    case.tag.fix(latitude, longitude, now())
    await hers.event("alert", "her screen hears")

    told = repr(hers.frames)
    for secret in (str(latitude)[:7], case.tag.username, case.wearer_id, "A Wearer"):
        assert secret not in told


async def test_a_screen_that_comes_back_misses_nothing(case: Case):
    """After a gap, both screens resume by cursor: what happened meanwhile comes, no snapshot."""
    console, hers = await case.console(), await case.her_screen()
    case.handset.fix(*HERE, now())
    case.tag.fix(*north_of_her(1500), now())
    await console.event("incident.opened", "the console hears", level="warning")
    await hers.event("alert", "her screen hears", level="warning")
    await console.close()
    await hers.close()
    case.tag.fix(*north_of_her(500), now())
    await case.tag.all_acknowledged()

    console = await case.console(after=console.cursor)
    hers = await case.her_screen(after=hers.cursor)

    await console.event("incident.changed", "the console catches up", level="breach")
    await hers.event("alert", "her screen catches up", level="breach")
    assert [] == [f for _, f in console.frames + hers.frames if f["type"] == "snapshot"]


async def test_an_unknown_cursor_gets_a_snapshot(case: Case):
    """A screen with a cursor from nowhere starts again by the path it already has."""
    hers = await case.her_screen()
    case.handset.fix(*HERE, now())
    case.tag.fix(*north_of_her(500), now())
    await hers.event("alert", "her screen hears")

    again = await case.her_screen(after="no-such-cursor")

    snapshot = await again.first(lambda f: f["type"] == "snapshot", "a snapshot comes")
    assert "breach" == snapshot["alert"]["level"]


async def test_an_order_made_over_two_who_are_near_is_decided_at_once(program: Program):
    """Two who are already near when their order begins are alerted by the order, not a fix."""
    case = await Case.register(program)
    case.handset.fix(*HERE, now())
    case.tag.fix(*north_of_her(5000), now())
    await case.tag.all_acknowledged()
    await case.handset.all_acknowledged()
    console = await case.console()

    made = good(
        await case.admin.post(
            "/orders",
            json={
                "type": "bail",
                "reference": "B1",
                "wearer_id": case.wearer_id,
                "valid_from": (now() - timedelta(hours=1)).isoformat(),
                "valid_until": (now() + timedelta(days=1)).isoformat(),
                "timezone": "Europe/London",
                "conditions": [
                    {
                        "type": "proximity",
                        "protected_id": case.protected_id,
                        "alert_m": 8000,
                    }
                ],
            },
        )
    )

    opened = await console.event("incident.opened", "decided at once", order_id=made["id"])
    assert "breach" == opened["level"]
    await case.close()


async def test_sos_opens_a_p1_even_without_a_position(case: Case):
    """Her call for help opens one P1 however often her phone sends it."""
    console, hers = await case.console(), await case.her_screen()
    body = {"id": "sos-1", "at": now().isoformat()}

    first = await case.phone.post("/victim/sos", json=body)
    second = await case.phone.post("/victim/sos", json=body)

    assert (True, True) == (first.is_success, second.is_success)
    opened = await console.event("incident.opened", "the console hears", kind="sos")
    assert "P1" == opened["priority"]
    await hers.event("help.state", "her screen shows help is asked for", state="waiting")

    async def listed_once() -> bool:
        listed = good(await case.operator.get("/incidents", params={"state": "open"}))
        return 1 == len([i for i in listed["items"] if i["kind"] == "sos"])

    await until(listed_once, 5.0, "one sos incident is listed")


async def test_poison_does_not_hold_up_a_breach(case: Case):
    """A breach behind twenty messages that no one can read is decided all the same."""
    console = await case.console()
    case.handset.fix(*HERE, now())
    for poison in (b"", b"{", b"\xff\xfe\x00", b"[" * 30_000, b'{"lat": NaN}') * 4:
        case.tag.raw(f"kc/v1/{case.tag.username}/fix", poison)
    case.tag.fix(*north_of_her(400), now())

    opened = await console.event("incident.opened", "the breach is decided", kind="proximity")

    assert "breach" == opened["level"]
    await case.tag.all_acknowledged()


async def test_a_strap_cut_near_her_is_urgent(case: Case):
    """A strap cut while he is near is a P1 of its own."""
    console = await case.console()
    case.handset.fix(*HERE, now())
    case.tag.fix(*north_of_her(1500), now())
    await console.event("incident.opened", "the warning comes", level="warning")

    case.tag.event("strap_tamper", now())

    opened = await console.event("incident.opened", "the tamper comes", kind="tamper")
    assert "P1" == opened["priority"]
