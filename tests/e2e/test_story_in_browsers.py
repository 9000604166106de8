"""The whole story on the real system, with her page and the console open in real browsers."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import (
    Browser,
    BrowserContext,
    Locator,
    Page,
    async_playwright,
    expect,
)

from tests.e2e.browsing import watch
from tests.requires import chromium_or_skip
from tests.system.case import HERE, Case, good, north_of_her, now
from tests.system.program import Program

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

PASSWORD = "a long enough password for a desk"
#: From the fix that caused it to the words on both screens.
SHOWN_WITHIN_S = 1.0
PLACE: Any = {"latitude": HERE[0], "longitude": HERE[1], "accuracy": 10}


@pytest.fixture
async def program(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Program]:
    """Run the program, with a login for a desk."""
    chromium_or_skip()
    running = Program(data_dir=tmp_path_factory.mktemp("var"))
    try:
        await running.start()
        running.run(
            "account",
            "create",
            "--role",
            "operator",
            "--name",
            "desk",
            "--password-stdin",
            stdin=PASSWORD,
        )
        yield running
    finally:
        running.stop()


@pytest.fixture
async def case(program: Program) -> AsyncIterator[Case]:
    """Give a registered case with connected devices."""
    registered = await Case.register(program)
    yield registered
    await registered.close()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Start the system's Chromium."""
    async with async_playwright() as play:
        started = await play.chromium.launch(
            executable_path=chromium_or_skip(), args=["--no-sandbox"]
        )
        yield started
        await started.close()


async def test_the_story_in_two_browsers(case: Case, browser: Browser) -> None:
    """A fix alerts both screens within a second; what one human does shows on the other's."""
    faults: list[str] = []
    desk = await _desk(case, browser, faults)
    hers = await _her_page(case, browser, faults)
    case.tag.fix(*north_of_her(5000), now())
    await expect(_heading(hers, "Your alerts are working")).to_be_visible(timeout=30_000)

    begun = asyncio.get_running_loop().time()
    case.tag.fix(*north_of_her(600), now())
    await asyncio.gather(
        _heading(hers, "The tag is close to you").wait_for(),
        desk.locator(".row-what", has_text="Tag too close to her").wait_for(),
    )
    took_s = asyncio.get_running_loop().time() - begun

    await desk.locator(".row").first.click()
    await expect(desk.locator(".fact-large")).to_contain_text("±")
    await desk.get_by_role("button", name="Acknowledge").click()
    await expect(hers.get_by_text("An officer has seen this alert")).to_be_visible()
    await hers.get_by_role("button", name="I have seen this").click()
    await expect(desk.locator(".row-phone").first).to_contain_text("seen")
    assert [] == faults
    assert took_s < SHOWN_WITHIN_S


async def test_her_call_for_help_reaches_the_desk(case: Case, browser: Browser) -> None:
    """Her call stands first in the queue, and her screen tells when an officer has seen it."""
    faults: list[str] = []
    desk = await _desk(case, browser, faults)
    hers = await _her_page(case, browser, faults)
    await expect(hers.get_by_text("Connected")).to_be_visible()

    await hers.locator(".hold").focus()
    await hers.keyboard.press("Enter")

    await expect(_heading(hers, "The centre has your help request")).to_be_visible(timeout=15_000)
    await expect(desk.locator(".row-what").first).to_have_text("She asks for help")
    await desk.locator(".row").first.click()
    await desk.keyboard.press("a")
    await expect(_heading(hers, "An officer has seen your help request")).to_be_visible()
    assert [] == faults


def _heading(page: Page, text: str) -> Locator:
    return page.get_by_role("heading", level=1, name=text, exact=True)


async def _desk(case: Case, browser: Browser, faults: list[str]) -> Page:
    """Sign in at a desk, as a person does."""
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    page = await _opened(case, context, faults)
    await page.goto(case.program.url + "/console")
    await page.get_by_label("Name").fill("desk")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.locator(".desk-live")).to_be_visible(timeout=15_000)
    return page


async def _her_page(case: Case, browser: Browser, faults: list[str]) -> Page:
    """Set up her phone by the link an officer gave her; it may say where it is."""
    made = good(await case.admin.post(f"/people/{case.protected_id}/enrolment", json={}))
    context = await browser.new_context(
        viewport={"width": 390, "height": 844}, permissions=["geolocation"], geolocation=PLACE
    )
    page = await _opened(case, context, faults)
    await page.goto(made["url"])
    await page.get_by_role("button", name="Continue").click()
    await page.wait_for_url("**/app")
    return page


async def _opened(case: Case, context: BrowserContext, faults: list[str]) -> Page:
    page = await context.new_page()
    watch(page, case.program.url, faults)
    return page
