"""The whole story before two people's eyes: the real program, real devices, both real pages."""

import asyncio
import signal
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pytest
from playwright.async_api import Locator, Page, expect

from tests.e2e.watching import Watchers, found, report, watching
from tests.requires import chromium_or_skip
from tests.system.case import HERE, Case, good, north_of_her, now
from tests.system.program import Program, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(150)]

CLOSE: Final = "The tag is close to you"
AREA: Final = "The tag is in your area"
UNSURE: Final = "We do not know where the tag is"
OVER: Final = "The alert has ended"
OFFICER: Final = ("Nadia Okoye", "a password that is long")
BREACH: Final = '"level":"breach"'
#: A silence is called lost after 12 s; the rest is for a busy machine.
LOST_WITHIN_MS: Final = 20_000
#: The tag reports every 15 s and is given 10 more near her.
SILENT_WITHIN_MS: Final = 45_000


@dataclass(kw_only=True)
class Story:
    """A registered case, and the two who watch it."""

    case: Case
    reference: str
    watchers: Watchers

    async def his_secrets(self) -> list[str]:
        """Return what her page knows of him that it must not."""
        case = self.case
        latitude, longitude = (f"{degrees:.4f}" for degrees in north_of_her(600))
        secrets = (case.wearer_id, case.tag.username, "A Wearer", latitude, longitude)
        return await self.watchers.her_secrets(*secrets)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Give one running program with an officer's account."""
    chromium_or_skip()
    running = Program(data_dir=tmp_path_factory.mktemp("var"))
    try:
        asyncio.run(running.start())
        name, password = OFFICER
        made = ("account", "create", "--role", "operator", "--name", name, "--password-stdin")
        running.run(*made, stdin=f"{password}\n")
        yield running
    finally:
        running.stop()


@asynccontextmanager
async def _closing(case: Case) -> AsyncGenerator[Case]:
    try:
        yield case
    finally:
        await case.close()


@asynccontextmanager
async def _told(program: Program, reference: str) -> AsyncGenerator[Story]:
    """Open the story of a fresh case: both pages live, he 5 km away, she at `HERE`."""
    case = await Case.register(program, reference=reference)
    enrolment = good(await case.admin.post(f"/people/{case.protected_id}/enrolment", json={}))
    async with _closing(case), watching() as watchers:
        await watchers.sign_in(program.url, *OFFICER)
        await watchers.enrol(program.url, enrolment["url"])
        story = Story(case=case, reference=reference, watchers=watchers)
        yield story
        assert ([], []) == (watchers.faults, await story.his_secrets())


@pytest.fixture
async def story(program: Program, request: pytest.FixtureRequest) -> AsyncIterator[Story]:
    """Give a story that is not to end with a fault, a stranger, or his place on her page."""
    async with _told(program, request.node.name.removeprefix("test_")[:24].upper()) as opened:
        yield opened


async def test_an_approach_is_shown_answered_and_seen(story: Story):
    """Both pages show an approach at once; the officer's answer reaches her, and hers the desk."""
    case, watchers = story.case, story.watchers
    case.handset.fix(*HERE, now())
    case.tag.fix(*north_of_her(5000), now())
    await expect(watchers.heading("Your alerts are working")).to_be_visible()

    case.tag.fix(*north_of_her(600), now(), acc=12.0)
    alarm = watchers.desk.locator(".row-what", has_text="Tag too close to her")
    on_console, on_hers = await watchers.told(alarm, CLOSE)

    report("publish", on_console, on_hers)
    assert max(on_console, on_hers) < 5.0
    row = watchers.row(story.reference)
    await row.click()
    await watchers.desk.get_by_role("button", name="Acknowledge").click()
    answered = watchers.hers.get_by_role("heading", name="An officer has seen this alert")
    await expect(answered).to_be_visible()
    await expect(row.locator(".row-owner")).to_have_text(OFFICER[0])

    await watchers.hers.get_by_role("button", name="I have seen this").click()
    await expect(row.locator(".row-phone")).to_contain_text("seen")
    await expect(watchers.desk.locator(".timeline")).to_contain_text("She has seen it")


async def test_silence_and_its_end_are_told(story: Story):
    """A tag that falls silent near her is called unknown; heard far off, the alert is over."""
    case, watchers = story.case, story.watchers
    case.handset.fix(*HERE, now())
    case.tag.fix(*north_of_her(1500), now())
    row = watchers.row(story.reference, "Tag in her area")
    await watchers.told(row, AREA)
    await expect(watchers.heading(UNSURE)).to_be_visible(timeout=SILENT_WITHIN_MS)
    row = watchers.row(story.reference, "Tag may be near her: position unknown")
    await expect(row).to_contain_text("P1")

    case.tag.fix(*north_of_her(2600), now())
    row = watchers.row(story.reference, "Tag has moved away from her")
    await watchers.told(row, OVER)
    await watchers.hers.get_by_role("button", name="I'm safe").click()
    await expect(watchers.heading("Thank you")).to_be_visible()

    await row.click()
    await expect(watchers.desk.locator(".timeline")).to_contain_text("She says she is safe")
    await watchers.resolve("moved_on", "He walked past. She was spoken to.")
    await expect(row).to_have_count(0)
    await expect(watchers.desk.locator(".facts")).to_contain_text("Passed by, no contact")


async def test_her_call_for_help_is_answered(story: Story):
    """Held for two seconds, her button opens a P1 at the desk, and she reads that it was seen."""
    watchers = story.watchers
    await watchers.hers.locator(".hold").focus()
    await watchers.hers.keyboard.press("Enter")

    row = watchers.row(story.reference, "She asks for help")
    await expect(row).to_contain_text("P1")
    await expect(watchers.heading("The centre has your help request")).to_be_in_viewport()
    await row.click()
    await watchers.desk.get_by_role("button", name="Acknowledge").click()

    seen = watchers.heading("An officer has seen your help request")
    await expect(seen).to_be_in_viewport()
    await watchers.resolve("spoken_to", "Rang her. She is well.")
    await expect(row).to_have_count(0)


async def test_a_frozen_server_is_said_and_survived(program: Program, story: Story):
    """Frozen, it is called lost on both pages; thawed, both catch up without being loaded again."""
    case, watchers = story.case, story.watchers
    case.handset.fix(*HERE, now())
    case.tag.fix(*north_of_her(1500), now())
    row = watchers.row(story.reference)
    await watchers.told(row.filter(has_text="Tag in her area"), AREA)
    for page in (watchers.desk, watchers.hers):
        await page.evaluate("window.keptOpen = true")

    child = program.child
    assert child is not None
    child.send_signal(signal.SIGSTOP)
    try:
        case.tag.fix(*north_of_her(600), now())
        lost = await asyncio.gather(
            _lost(watchers.desk, ".banner-lost"), _lost(watchers.hers, ".offline")
        )
    finally:
        child.send_signal(signal.SIGCONT)
    report("frozen", *lost)

    back = await watchers.told(row.filter(has_text="Tag too close"), CLOSE)
    report("thawed", *back)
    for page in (watchers.desk, watchers.hers):
        await watchers.live(page)
        assert await page.evaluate("window.keptOpen")


async def _lost(page: Page, banner: str) -> float:
    loop = asyncio.get_running_loop()
    began = loop.time()
    await expect(page.locator(banner)).to_be_visible(timeout=LOST_WITHIN_MS)
    return loop.time() - began


async def test_the_demonstration_plays_as_printed(tmp_path_factory: pytest.TempPathFactory):
    """What `make run` prints opens both pages, and its approach is answered on them."""
    chromium_or_skip()
    demo = Program(data_dir=tmp_path_factory.mktemp("demo"), command=("demo",))
    demo.launch()
    try:
        await until(lambda: _printed(demo), 60.0, f"links are printed\n{demo.tail()}")
        printed = demo.tail()
        name = found(r"name (\S+), password", printed)
        password = found(r"password (\S+)", printed)
        async with watching() as watchers:
            await watchers.sign_in(demo.url, name, password)
            await watchers.enrol(demo.url, found(r"Her phone\s+(\S+)", printed))
            await _approach(watchers)
            assert [] == watchers.faults
            assert [] == await watchers.her_secrets("Wearer (simulated)", '"lat"', '"lon"')
    finally:
        demo.stop()


async def _printed(demo: Program) -> bool:
    return "Her phone" in demo.tail()


async def _approach(watchers: Watchers) -> None:
    row = watchers.row("SIM-APPROACH_ON_FOOT")
    on_console, on_hers = await asyncio.gather(
        _after_fix(watchers, row.filter(has_text="Tag too close")),
        _after_fix(watchers, watchers.heading(CLOSE)),
    )
    report("broker", on_console, on_hers)
    assert max(on_console, on_hers) < 5.0
    await row.click()
    await watchers.desk.get_by_role("button", name="Acknowledge").click()
    answered = watchers.hers.get_by_role("heading", name="An officer has seen this alert")
    await expect(answered).to_be_visible()
    await watchers.hers.get_by_role("button", name="I have seen this").click()
    await expect(row.locator(".row-phone")).to_contain_text("seen")


async def _after_fix(watchers: Watchers, shown: Locator) -> float:
    """Wait until a page has `shown` the breach; return the age of the fix that caused it."""
    await shown.wait_for(timeout=90_000)
    at = now()

    async def told() -> bool:
        return any(BREACH in text for text in watchers.console_frames)

    # The browser reports a frame in its own time, which may be after what the frame changed.
    await until(told, 5.0, "the console's frame is known")
    frame = next(text for text in watchers.console_frames if BREACH in text)
    return (at - datetime.fromisoformat(found(r'"received_at":"([^"]+)"', frame))).total_seconds()
