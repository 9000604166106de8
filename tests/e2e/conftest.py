"""A browser for the pages' tests, and the faults that no page may have.

Chromium comes from the system; where it is missing the tests are skipped, with the reason.
"""

from collections.abc import Generator, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from mobile_api.pages import Centre
from tests.e2e.browsing import OpenPage, Serve, watch
from tests.e2e.fake_live import Fake, serving
from tests.requires import chromium_or_skip


@pytest.fixture(scope="module")
def play() -> Generator[Playwright]:
    """Start Playwright for a file of tests, and stop it before others want an event loop."""
    chromium_or_skip()
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(play: Playwright) -> Generator[Browser]:
    """Start the system's Chromium."""
    with _launched(play) as started:
        yield started


@pytest.fixture
def browser_without_webgl(play: Playwright) -> Generator[Browser]:
    """Start a Chromium that cannot draw in three dimensions, like many a desk's."""
    with _launched(play, "--disable-3d-apis") as started:
        yield started


def _launched(play: Playwright, *options: str) -> Browser:
    # The sandbox wants privileges that a container or root does not give; only our own pages load.
    program = chromium_or_skip()
    return play.chromium.launch(executable_path=program, args=["--no-sandbox", *options])


@pytest.fixture
def serve() -> Generator[Serve]:
    """Return a function that serves a fake until the test ends."""
    with ExitStack() as stack:

        def start(fake: Fake, centre: Centre | None = None) -> Fake:
            return stack.enter_context(serving(fake, centre))

        yield start


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Return a function that opens an address; its page must stay free of faults and strangers.

    The page fails the test if it asks another host for anything, breaks its own policy, or has an
    error that nobody caught.
    """
    faults: list[str] = []
    with ExitStack() as stack:

        def start(address: str, *, within: Browser | None = None, **options: Any) -> Page:
            options.setdefault("viewport", {"width": 390, "height": 844})
            context = stack.enter_context((within or browser).new_context(**options))
            page = context.new_page()
            watch(page, address, faults)
            page.goto(address)
            return page

        yield start
    assert faults == []
