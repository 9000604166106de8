"""Her call for help in a real browser: by finger, by key, without a connection, never twice."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browsing import OpenPage, Serve
from tests.e2e.fake_live import Fake
from tests.e2e.stories import ago, an_alert, her_server

pytestmark = pytest.mark.e2e

SENT = "The centre has your help request"
FAILED = "Your help request has not been sent"


def calls(fake: Fake) -> list[str]:
    """Return the ids of the calls for help that reached the server."""
    return [body["id"] for path, body in fake.posted if path == "victim/sos"]


def heading(page: Page, text: str) -> None:
    """Wait for a heading of the first rank that says exactly `text`."""
    expect(page.get_by_role("heading", level=1, name=text, exact=True)).to_be_visible()


def press(page: Page) -> None:
    """Put the pointer down in the middle of the button."""
    box = page.locator(".hold").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()


@pytest.fixture
def fake(serve: Serve) -> Fake:
    """Return a server that takes her calls."""
    served = serve(her_server())
    served.answers["victim/sos"] = {"id": "x", "incident_id": "incident-sos", "state": "recorded"}
    return served


@pytest.fixture
def page(fake: Fake, open_page: OpenPage) -> Page:
    """Return her page, connected."""
    opened = open_page(fake.address + "/app")
    heading(opened, "Your alerts are working")
    return opened


def test_holding_for_two_seconds_calls(fake: Fake, page: Page) -> None:
    """Held for 2 seconds the button calls once, and the screen says when the centre has it."""
    press(page)
    expect(page.get_by_text("Keep holding")).to_be_visible()
    assert calls(fake) == []

    heading(page, SENT)
    page.mouse.up()
    assert len(calls(fake)) == 1


def test_a_short_press_does_not_call(fake: Fake, page: Page) -> None:
    """A touch in passing calls nobody; the page says how to hold."""
    press(page)
    page.mouse.up()

    expect(page.locator(".hold-hint")).to_be_visible()
    page.clock.install()
    page.clock.fast_forward(6000)
    assert calls(fake) == []


def test_a_key_counts_down_and_can_cancel(fake: Fake, page: Page) -> None:
    """A keyboard presses once for a 3 second count that is read out; another press cancels."""
    page.locator(".hold").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Help in 3. Press again to cancel.")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Help request cancelled.")
    assert calls(fake) == []

    page.keyboard.press("Space")
    heading(page, SENT)
    assert len(calls(fake)) == 1


def test_the_button_tells_a_screen_reader_what_it_does(page: Page) -> None:
    """The button has a name and a description that says how each kind of hand uses it."""
    button = page.get_by_role("button", name="Hold for help")
    expect(button).to_have_accessible_description(
        "Asks the monitoring centre for help. With a finger, hold for 2 seconds. With a keyboard "
        "or a switch, press once; you have 3 seconds to press again and cancel."
    )
    expect(page.get_by_role("link", name="Call 999")).to_have_attribute("href", "tel:999")


def test_no_answer_in_five_seconds_is_said_and_tried_again(fake: Fake, page: Page) -> None:
    """When nothing confirms the call she is told to ring 999; it arrives later, with its own id."""
    fake.deaf = True
    page.locator(".hold").focus()
    page.keyboard.press("Enter")
    heading(page, "Sending your help request...")
    expect(page.get_by_role("heading", level=1, name=FAILED)).to_be_visible(timeout=12_000)
    expect(page.get_by_text("If you are in danger, call 999 now.")).to_be_visible()

    fake.deaf = False
    expect(page.get_by_role("heading", level=1, name=SENT)).to_be_visible(timeout=20_000)
    assert len(set(calls(fake))) == 1


def test_a_call_without_a_connection_survives_the_page(fake: Fake, page: Page) -> None:
    """A call made offline is sent when a page is open and connected again, with the same id."""
    fake.refusals["victim/sos"] = 503
    page.locator(".hold").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name=FAILED)).to_be_visible(timeout=12_000)
    tried = set(calls(fake))

    page.reload()
    del fake.refusals["victim/sos"]

    expect(page.get_by_role("heading", level=1, name=SENT)).to_be_visible(timeout=12_000)
    assert set(calls(fake)) == tried
    assert page.evaluate("localStorage.length") == 0


def test_written_down_is_not_yet_with_the_centre(fake: Fake, page: Page) -> None:
    """A call that was kept and not carried out is not called received: it is asked for again."""
    fake.answers["victim/sos"] = {"id": "x", "incident_id": None, "pending": True}
    page.locator(".hold").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name=FAILED)).to_be_visible(timeout=12_000)

    fake.answers["victim/sos"] = {"id": "x", "incident_id": "incident-sos"}
    expect(page.get_by_role("heading", level=1, name=SENT)).to_be_visible(timeout=12_000)
    assert len(set(calls(fake))) == 1


def test_the_call_says_where_she_is(serve: Serve, open_page: OpenPage) -> None:
    """The call takes her place along where she allowed it, and says that it did."""
    fake = serve(her_server())
    page = open_page(
        fake.address + "/app",
        permissions=["geolocation"],
        geolocation={"latitude": 51.6, "longitude": -0.1, "accuracy": 12},
    )
    expect(page.get_by_text("Your phone is sending where you are")).to_be_visible()
    page.locator(".hold").focus()
    page.keyboard.press("Enter")

    expect(page.get_by_text("They know where you were at")).to_be_visible(timeout=8000)
    body = next(body for path, body in fake.posted if path == "victim/sos")
    assert (body["lat"], body["lon"], body["acc"]) == (51.6, -0.1, 12)


def test_an_officer_answers_the_call(fake: Fake, page: Page) -> None:
    """Her screen tells when an officer has seen her call, beside an alert that stands."""
    press(page)
    heading(page, SENT)
    page.mouse.up()
    fake.say("victim", "alert", an_alert("warning"))
    told = {"incident_id": "incident-sos", "text_key": "help.acknowledged", "at": ago()}

    fake.say("victim", "help.state", {**told, "state": "acknowledged"})

    heading(page, "An officer has seen your help request")
    heading(page, "The tag is in your area")


def test_asking_to_be_rung_is_a_call(serve: Serve, open_page: OpenPage) -> None:
    """Asking to be rung reaches the centre as a call for help: too much rather than too little."""
    fake = serve(her_server(an_alert("over")))
    page = open_page(fake.address + "/app")

    page.get_by_role("button", name="Please ring me").click()

    heading(page, SENT)
    assert len(calls(fake)) == 1
