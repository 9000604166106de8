"""Two people in front of real pages of the real program: an officer at a desk, and her phone."""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from playwright.async_api import Browser, Locator, Page, WebSocket, async_playwright, expect

from tests.e2e.browsing import watch
from tests.requires import chromium_or_skip

DESK: Final = {"width": 1440, "height": 900}
PHONE: Final = {"width": 390, "height": 844}
#: A test waits for what a person waits for; how long it took is printed, and not asserted.
PATIENCE_MS: Final = 15_000
#: Where each page says whether it is connected.
LINK: Final = ".link, .desk-link"


@dataclass(kw_only=True)
class Watchers:
    """The officer's page and hers, and everything that may not happen on either.

    Attributes:
        faults: What a page may never do and one of them did.
        frames: Every frame of her websocket, as text.
        console_frames: Every frame of the console's.
    """

    desk: Page
    hers: Page
    faults: list[str] = field(default_factory=list[str])
    frames: list[str] = field(default_factory=list[str])
    console_frames: list[str] = field(default_factory=list[str])

    async def sign_in(self, address: str, name: str, password: str) -> None:
        """Open the console as `name` would: by the sign-in page."""
        self._watch(self.desk, address)
        _keep_frames(self.desk, self.console_frames)
        await self.desk.goto(f"{address}/console")
        await self.desk.get_by_label("Name").fill(name)
        await self.desk.get_by_label("Password").fill(password)
        await self.desk.get_by_role("button", name="Sign in").click()
        await self.desk.wait_for_url("**/console")
        await self.live(self.desk)

    async def enrol(self, address: str, link: str) -> None:
        """Set her phone up as she would: by the link she was given."""
        self._watch(self.hers, address)
        _keep_frames(self.hers, self.frames)
        await self.hers.goto(link)
        await self.hers.get_by_role("button", name="Continue").click()
        await self.hers.wait_for_url("**/app")
        await self.live(self.hers)

    async def live(self, page: Page) -> None:
        """Wait until `page` says that it is connected."""
        await expect(page.locator(LINK)).to_contain_text(re.compile(r"(Live|Connected) \d"))

    def _watch(self, page: Page, address: str) -> None:
        watch(page, address, self.faults)

    def row(self, reference: str, words: str = "") -> Locator:
        """Return the queue's row of the case `reference` that says `words`."""
        rows = self.desk.locator(".row").filter(has_text=reference)
        return rows.filter(has_text=words) if words else rows

    def heading(self, words: str) -> Locator:
        """Return the heading of the first rank on her page that says exactly `words`."""
        return self.hers.get_by_role("heading", level=1, name=words, exact=True)

    async def told(self, row: Locator, words: str) -> tuple[float, float]:
        """Wait until the console has `row` and her page says `words`.

        Returns:
            After how many seconds the console showed it, and her page.
        """
        began = asyncio.get_running_loop().time()
        return await asyncio.gather(_shown(row, began), _shown(self.heading(words), began))

    async def resolve(self, outcome: str, note: str) -> None:
        """Resolve the incident that is open at the desk."""
        await self.desk.get_by_role("button", name="Resolve").first.click()
        await self.desk.get_by_label("Outcome").select_option(outcome)
        await self.desk.get_by_label("What happened").fill(note)
        form = self.desk.locator(".inline-form")
        await form.get_by_role("button", name="Resolve").click()

    async def her_secrets(self, *secrets: str) -> list[str]:
        """Return which of `secrets` were ever sent to her page, or stand in it now."""
        known = "".join(self.frames) + await self.hers.content()
        return [secret for secret in secrets if secret in known]


@asynccontextmanager
async def watching() -> AsyncGenerator[Watchers]:
    """Give both pages in London, each in a browser profile of its own."""
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as play:
        browser = await play.chromium.launch(
            executable_path=chromium_or_skip(),
            # The sandbox wants privileges that a container or root does not give.
            args=["--no-sandbox"],
        )
        desk = await _page(browser, viewport=DESK, color_scheme="dark")
        hers = await _page(browser, viewport=PHONE, is_mobile=True, has_touch=True)
        yield Watchers(desk=desk, hers=hers)
        await browser.close()


async def _page(browser: Browser, **options: Any) -> Page:
    context = await browser.new_context(timezone_id="Europe/London", locale="en-GB", **options)
    context.set_default_timeout(PATIENCE_MS)
    return await context.new_page()


def _keep_frames(page: Page, kept: list[str]) -> None:
    def opened(socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: kept.append(str(frame)))

    page.on("websocket", opened)


async def _shown(what: Locator, began: float) -> float:
    await what.wait_for(state="visible")
    return asyncio.get_running_loop().time() - began


def report(what: str, on_console_s: float, on_hers_s: float) -> None:
    """Print how long both pages took; `pytest -s` shows it, a failure does too."""
    said = f"{what} -> console {on_console_s:.2f} s, -> her page {on_hers_s:.2f} s"
    print(said)  # noqa: T201 - a time is for whoever reads the run.


def found(pattern: str, text: str) -> str:
    """Return what the first group of `pattern` matches in `text`."""
    match = re.search(pattern, text)
    assert match is not None, f"{pattern} is not in what was printed:\n{text}"
    return match[1]
