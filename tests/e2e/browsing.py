"""What every page is held to in a browser, whatever it shows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.e2e.fake_live import Fake

AXE = Path(__file__).parent / "vendor" / "axe.min.js"

#: Said by the browser, and no fault of the page's.
HARMLESS = (
    "navigator.vibrate",
    "GL Driver Message",
    "net::ERR_CONNECTION_REFUSED",
    "status of 4",
    "status of 5",
)

OpenPage = Callable[..., Page]
Serve = Callable[..., Fake]


def watch(page: Any, address: str, faults: list[str]) -> None:
    """Collect into `faults` what a page may never do: err, break its policy, ask a stranger.

    Args:
        page: Of Playwright's blocking or its awaited kind; they share no type.
        address: Of the one host that it may ask.
        faults: Grows while the page lives.
    """
    host = address.split("/")[2]

    def said(message: Any) -> None:
        if message.type == "error" and not any(word in message.text for word in HARMLESS):
            faults.append(message.text)

    def erred(error: Any) -> None:
        faults.append(str(error))

    def asked(request: Any) -> None:
        if not request.url.startswith(("data:", "blob:")) and request.url.split("/")[2] != host:
            faults.append(f"asked a stranger: {request.url}")

    page.on("console", said)
    page.on("pageerror", erred)
    page.on("request", asked)


def accessibility_faults(page: Page) -> list[str]:
    """Return what axe finds wrong with the page as it stands, one line each."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = page.evaluate(
        "rules => axe.run(document, {runOnly: rules}).then(found => found.violations)", rules
    )
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found
        for node in one["nodes"]
    ]


def sideways(page: Page) -> int:
    """Return by how many pixels the page is wider than its window."""
    width: int = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return width
