"""Her page in a real browser, on a pretended server: what it says, and what it never says."""

import pytest
from playwright.sync_api import Page, expect

from mobile_api.pages import Centre
from tests.e2e.browsing import OpenPage, Serve, accessibility_faults, sideways
from tests.e2e.fake_live import Fake
from tests.e2e.stories import a_protection, ago, an_alert, her_server

pytestmark = pytest.mark.e2e

CENTRE = Centre(phone="020 7946 0100", text="07700 900100", reaches_by=("sms", "voice"))
WORKING = "Your alerts are working"
LEVELS = {
    "warning": "The tag is in your area",
    "breach": "The tag is close to you",
    "contact": "The tag is close to you",
    "unknown": "We do not know where the tag is",
    "over": "The alert has ended",
}


def heading(page: Page, text: str) -> None:
    """Wait for a heading of the first rank that says exactly `text`."""
    expect(page.get_by_role("heading", level=1, name=text, exact=True)).to_be_visible()


def test_says_working_only_on_a_fresh_proof(serve: Serve, open_page: OpenPage) -> None:
    """Alerts are called working while the server proves it, and the reason is given when not."""
    fake = serve(her_server())
    page = open_page(fake.address + "/app")
    heading(page, WORKING)

    fake.say("victim", "protection.state", a_protection(protected=False, reason="tag_silent"))
    heading(page, "We cannot be sure your alerts are working")
    expect(page.get_by_text("The tag is not reporting. Officers know.")).to_be_visible()


def test_an_old_proof_proves_nothing(serve: Serve, open_page: OpenPage) -> None:
    """A proof of two minutes ago does not make alerts working now, though the link lives."""
    fake = serve(her_server(protection=a_protection(age_s=120)))
    page = open_page(fake.address + "/app")

    expect(page.get_by_text("Connected")).to_be_visible()
    heading(page, "We cannot be sure your alerts are working")


@pytest.mark.parametrize(("level", "words"), LEVELS.items())
def test_each_level_has_its_words(
    serve: Serve, open_page: OpenPage, level: str, words: str
) -> None:
    """An alert that arrives is shown at once, and the phone answers by itself that it came."""
    fake = serve(her_server())
    page = open_page(fake.address + "/app")
    heading(page, WORKING)

    fake.say("victim", "alert", an_alert(level))

    heading(page, words)
    fake.wait_to_hear({"type": "received", "alert_id": f"alert-{level}"})
    assert page.title() == "Notes"


def test_seen_is_said_by_her_alone(serve: Serve, open_page: OpenPage) -> None:
    """`seen` leaves the phone when she presses the button, and not before."""
    fake = serve(her_server(an_alert(trend="closer")))
    page = open_page(fake.address + "/app")
    expect(page.get_by_text("It is coming closer")).to_be_visible()
    assert not [frame for frame in fake.heard if frame["type"] == "seen"]

    page.get_by_role("button", name="I have seen this").click()

    expect(page.get_by_text("You saw this at")).to_be_visible()
    fake.wait_to_hear({"type": "seen", "alert_id": "alert-breach"})


def test_an_officer_who_answers_is_shown(serve: Serve, open_page: OpenPage) -> None:
    """When an officer acknowledges, her screen says so and from which number they may ring."""
    fake = serve(her_server(an_alert()), CENTRE)
    page = open_page(fake.address + "/app")
    heading(page, LEVELS["breach"])
    told = {"incident_id": "incident-1", "alert_id": "alert-breach", "at": ago()}

    fake.say("victim", "help.state", {**told, "state": "acknowledged", "text_key": "help.x"})

    expect(page.get_by_role("heading", name="An officer has seen this alert")).to_be_visible()
    expect(page.get_by_text("020\u00a07946\u00a00100")).to_be_visible()


def test_help_for_something_else_is_not_hers_to_read(serve: Serve, open_page: OpenPage) -> None:
    """An answer about another incident is neither put under this alert nor taken for her call."""
    fake = serve(her_server(an_alert()))
    page = open_page(fake.address + "/app")
    heading(page, LEVELS["breach"])

    other = {"incident_id": "incident-9", "state": "acknowledged", "text_key": "help.x"}
    fake.say("victim", "help.state", {**other, "at": ago()})
    fake.say("victim", "alert", an_alert("contact"))

    expect(page.get_by_role("button", name="I have seen this")).to_be_visible()
    expect(page.get_by_text("An officer has seen")).to_have_count(0)


def test_a_silent_server_is_noticed(serve: Serve, open_page: OpenPage) -> None:
    """A socket that stays open and says nothing is called not connected after 12 seconds."""
    fake = serve(her_server(), CENTRE)
    page = open_page(fake.address + "/app")
    heading(page, WORKING)
    page.clock.install()

    fake.silent = True
    page.clock.fast_forward(13_000)

    expect(page.get_by_role("heading", name="Not connected")).to_be_visible()
    expect(page.get_by_text("We will text or ring you as well.")).to_be_visible()
    expect(page.get_by_text(WORKING)).to_have_count(0)


def test_promises_no_channel_that_does_not_exist(serve: Serve, open_page: OpenPage) -> None:
    """Without a text or voice channel the page does not say that one will reach her."""
    fake = serve(her_server())
    page = open_page(fake.address + "/app")
    heading(page, WORKING)
    fake.silent = True
    fake.cut("victim")

    expect(page.get_by_role("heading", name="Not connected")).to_be_visible()
    expect(page.get_by_text("text or ring you")).to_have_count(0)


def test_comes_back_by_cursor_and_misses_nothing(serve: Serve, open_page: OpenPage) -> None:
    """After a cut the page resumes after its last event and shows what happened meanwhile."""
    fake = serve(her_server())
    page = open_page(fake.address + "/app")
    heading(page, WORKING)
    fake.say("victim", "alert", an_alert("warning"))
    heading(page, LEVELS["warning"])

    fake.cut("victim")
    fake.say("victim", "alert", an_alert("breach"))

    heading(page, LEVELS["breach"])
    assert [frame["after"] for frame in fake.heard if frame["type"] == "resume"] == ["", "1"]


def test_a_refused_phone_is_told_so(serve: Serve, open_page: OpenPage) -> None:
    """A phone whose cookie no longer holds says that it is not set up, not that all is well."""
    fake = serve(her_server())
    page = open_page(fake.address + "/app")
    heading(page, WORKING)
    fake.phone = None
    fake.cut("victim", 4401)

    heading(page, "This phone is not set up")


def test_all_is_well_is_told_to_the_centre(serve: Serve, open_page: OpenPage) -> None:
    """After an alert she can say that she is safe; the centre is told, and she is thanked."""
    fake = serve(her_server(an_alert("over")))
    page = open_page(fake.address + "/app")

    page.get_by_role("button", name="I'm safe").click()

    heading(page, "Thank you")
    expect(page.get_by_text("We have told the centre that you are safe.")).to_be_visible()
    assert [path for path, _ in fake.posted] == ["victim/safe"]


def test_after_an_alert_she_reads_how_things_stand(serve: Serve, open_page: OpenPage) -> None:
    """An alert that has ended does not hide whether the next one would come."""
    fake = serve(her_server(an_alert("over")))
    page = open_page(fake.address + "/app")
    heading(page, WORKING)

    fake.say("victim", "protection.state", a_protection(protected=False, reason="tag_silent"))

    heading(page, LEVELS["over"])
    heading(page, "We cannot be sure your alerts are working")


@pytest.mark.parametrize(
    ("level", "scheme"),
    [*((level, "light") for level in ("none", *LEVELS)), ("none", "dark"), ("breach", "dark")],
)
def test_anyone_can_read_it(serve: Serve, open_page: OpenPage, level: str, scheme: str) -> None:
    """Every state, light and dark, on the smallest screen: axe finds nothing, nothing juts out."""
    alert = None if level == "none" else an_alert(level, trend="closer")
    fake = serve(her_server(alert), CENTRE)
    page = open_page(
        fake.address + "/app", viewport={"width": 320, "height": 640}, color_scheme=scheme
    )
    heading(page, LEVELS.get(level, WORKING))

    assert accessibility_faults(page) == []
    assert sideways(page) == 0


def test_the_bars_never_cover_the_focus(serve: Serve, open_page: OpenPage) -> None:
    """Going through the page by keyboard, whatever has the focus can be seen."""
    fake = serve(her_server(an_alert("over")), CENTRE)
    page = open_page(fake.address + "/app", viewport={"width": 320, "height": 480})
    heading(page, LEVELS["over"])
    seen: list[str] = []
    for _ in range(7):
        page.keyboard.press("Tab")
        name, covered = page.evaluate(
            """() => {
                const element = document.activeElement;
                const box = element.getBoundingClientRect();
                const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
                const top = document.elementFromPoint(x, y);
                return [element.textContent.trim(), !element.contains(top)];
            }"""
        )
        assert not covered, name
        seen.append(name)
    assert "I'm safe" in seen
    assert "Call 999" in seen


def test_right_to_left_and_forced_colours_fit(serve: Serve, open_page: OpenPage) -> None:
    """Turned right to left, in forced colours, the page still fits the smallest screen."""
    fake = serve(her_server(an_alert(trend="closer")))
    page = open_page(
        fake.address + "/app", viewport={"width": 320, "height": 640}, forced_colors="active"
    )
    heading(page, LEVELS["breach"])
    page.evaluate("document.documentElement.dir = 'rtl'")

    assert sideways(page) == 0
    expect(page.locator(".hold")).to_be_in_viewport()


def test_text_grows_to_twice_its_size(serve: Serve, open_page: OpenPage) -> None:
    """With text twice as large nothing is cut off, and help stays within reach."""
    fake = serve(her_server(an_alert(trend="closer")))
    page = open_page(fake.address + "/app")
    heading(page, LEVELS["breach"])
    page.evaluate("document.documentElement.style.fontSize = '225%'")

    assert sideways(page) == 0
    expect(page.locator(".hold")).to_be_in_viewport(ratio=1)
    expect(page.locator(".call")).to_be_in_viewport(ratio=1)


def test_the_cover_hides_everything(serve: Serve, open_page: OpenPage) -> None:
    """Hide shows a shopping list and nothing else; an alert behind it is only a new message."""
    fake = serve(her_server())
    page = open_page(fake.address + "/app")
    page.get_by_role("button", name="Hide").click()
    heading(page, "Shopping list")

    fake.say("victim", "alert", an_alert())

    expect(page.get_by_text("You have a new message")).to_be_visible()
    assert "tag" not in page.inner_text("body").lower()
    page.keyboard.press("Enter")
    heading(page, LEVELS["breach"])


def test_nothing_stays_on_the_phone(serve: Serve, open_page: OpenPage) -> None:
    """After an alert was shown and seen, the browser's storage holds nothing of it."""
    fake: Fake = serve(her_server(an_alert()))
    page = open_page(fake.address + "/app")
    page.get_by_role("button", name="I have seen this").click()
    expect(page.get_by_text("You saw this at")).to_be_visible()

    kept = page.evaluate("[localStorage.length, sessionStorage.length]")
    assert kept == [0, 0]
    assert page.evaluate("caches.keys()") == []
