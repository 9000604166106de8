"""The console in a real browser, on a pretended server."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browsing import OpenPage, Serve, accessibility_faults, sideways
from tests.e2e.fake_live import Fake
from tests.e2e.stories import a_position, ago, an_incident, keep_incident, the_desk

pytestmark = pytest.mark.e2e

DESK = {"width": 1440, "height": 900}
QUEUE = (
    an_incident("i-battery", priority="P3", kind="battery", level="warning", opened_at=ago(900)),
    an_incident("i-taken", state="acknowledged", owner="account-1", opened_at=ago(600)),
    an_incident("i-tamper", priority="P2", kind="tamper", level="warning", opened_at=ago(400)),
    an_incident(),
)


@pytest.fixture
def fake(serve: Serve) -> Fake:
    """Return a server with four open incidents, given in the wrong order."""
    return serve(the_desk(*QUEUE))


@pytest.fixture
def page(fake: Fake, open_page: OpenPage) -> Page:
    """Return the console, connected."""
    opened = open_page(fake.address + "/console", viewport=DESK)
    expect(opened.locator(".row")).to_have_count(4)
    return opened


def texts(page: Page, selector: str) -> list[str]:
    """Return the texts of all elements that match."""
    return [text.strip() for text in page.locator(selector).all_inner_texts()]


def test_the_most_urgent_comes_first(page: Page) -> None:
    """An unanswered P1 goes before all, then what is late, then what somebody has taken."""
    assert texts(page, ".row-what") == [
        "Tag too close to her",
        "Strap or case tampered with",
        "Battery low",
        "Tag too close to her",
    ]
    expect(page.locator(".row").nth(1)).to_contain_text("late")
    expect(page.locator(".row").nth(3)).to_contain_text("PC Okoye")
    assert page.title() == "(1) P1"


def test_an_incident_is_laid_open(page: Page) -> None:
    """Opened, an incident shows the measured distance with its doubt, the case, and its history."""
    page.locator(".row").first.click()

    expect(page.locator(".fact-large")).to_contain_text("387 m ± 95 m")
    expect(page.locator(".detail-case")).to_contain_text("T20261234")
    expect(page.locator(".timeline")).to_contain_text("Opened: breach")


def test_a_new_incident_appears_and_sorts_itself(fake: Fake, page: Page) -> None:
    """An incident that opens is in the queue at once, its words read out, the title counting."""
    fresh = an_incident("i-new", kind="sos", reason="sos", opened_at=ago())
    keep_incident(fake, fresh)
    told = {**fresh, "incident_id": "i-new", "decided_at": ago()}

    fake.say("console", "incident.opened", told)

    expect(page.get_by_role("alert").last).to_contain_text("New P1: She asks for help")
    expect(page.locator(".row")).to_have_count(5)
    expect(page).to_have_title("(2) P1")


def test_what_became_of_her_alert_is_told(fake: Fake, page: Page) -> None:
    """The row tells when her phone was told and when she saw it, or that nobody reached her."""
    row = page.locator(".row").first
    about = {"alert_id": "a-1", "incident_id": "incident-1", "audience": "protected"}
    fake.say("console", "notice.failed", {**about, "channel": "socket", "at": ago(2)})
    expect(row).to_contain_text("NOT REACHED")

    fake.say("console", "notice.delivered", {**about, "channel": "socket", "at": ago(1)})
    fake.say("console", "notice.seen", {**about, "channel": "socket", "at": ago()})

    expect(row).to_contain_text("seen")
    expect(row).not_to_contain_text("NOT REACHED")


def test_a_desk_that_comes_later_knows_what_reached_her(serve: Serve, open_page: OpenPage) -> None:
    """A console opened after the alert tells from the record when she was told and saw it."""
    fake = serve(the_desk(an_incident()))
    reached = {"alert_id": "a-1", "told_at": ago(9), "received_at": ago(9), "seen_at": ago(4)}
    names = {"wearer_name": "Ben Carter", "protected_name": "Ann Ellis"}
    keep_incident(fake, an_incident(her_phone=reached, **names))

    page = open_page(fake.address + "/console", viewport=DESK)

    expect(page.locator(".row")).to_contain_text("Ben Carter")
    expect(page.locator(".row-phone")).to_contain_text("seen")
    page.locator(".row").click()
    expect(page.locator(".timeline")).to_contain_text("She has seen it")


def test_an_administrator_is_told_why_nothing_shows(serve: Serve, open_page: OpenPage) -> None:
    """An account that may not work on incidents reads so, instead of a link that never comes."""
    fake = serve(the_desk())
    fake.answers["session"] = {"name": "root", "role": "administrator", "csrf_token": "fake"}
    page = open_page(fake.address + "/console", viewport=DESK)

    expect(page.locator(".banner")).to_contain_text("You are signed in as administrator.")


def test_told_long_ago_and_not_seen_is_not_reached(fake: Fake, page: Page) -> None:
    """A phone that received an alert is not a person who answered it."""
    about = {"alert_id": "a-1", "incident_id": "incident-1", "audience": "protected"}
    fake.say("console", "notice.delivered", {**about, "channel": "socket", "at": ago(60)})
    fake.say("console", "notice.received", {**about, "channel": "socket", "at": ago(59)})

    expect(page.locator(".row").first).to_contain_text("NOT REACHED")


def test_keys_act_but_never_while_somebody_types(fake: Fake, page: Page) -> None:
    """J, Enter and A take an incident; in a text box the same letters are letters."""
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#detail-heading")).to_be_focused()
    page.keyboard.press("n")
    page.keyboard.type("a note, rang her")
    assert fake.posted == []
    page.get_by_role("button", name="Save note").click()
    expect(page.locator(".message")).to_contain_text("Note saved.")
    assert fake.posted == [("incidents/incident-1/note", {"note": "a note, rang her"})]

    keep_incident(fake, an_incident(state="acknowledged", owner="account-1"))
    page.keyboard.press("a")
    expect(page.locator(".message")).to_contain_text("Her phone shows that an officer")
    assert fake.posted[-1] == ("incidents/incident-1/acknowledge", {})
    expect(page).to_have_title("Keepclear console")


def test_an_answer_is_taken_back_when_it_gets_worse(fake: Fake, page: Page) -> None:
    """What the desk said of an incident does not stand beside one that opens again."""
    page.locator(".row").first.click()
    keep_incident(fake, an_incident(state="acknowledged", owner="account-1"))
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.locator(".message")).to_contain_text("Acknowledged.")

    keep_incident(fake, an_incident(level="contact", owner="account-1"))
    worse = {**an_incident(level="contact"), "incident_id": "incident-1", "decided_at": ago()}
    fake.say("console", "incident.changed", worse)

    expect(page.locator(".detail .state")).to_have_text("Unanswered")
    expect(page.locator(".message")).to_have_count(0)


def test_a_second_call_for_help_waits_anew(serve: Serve, open_page: OpenPage) -> None:
    """When she calls again the time to answer begins again, and the map can follow her."""
    call = {"kind": "sos", "actor": "person:person-p", "level": "breach", "reason": "sos"}
    again = an_incident(kind="sos", wearer_id=None, opened_at=ago(200))
    fake = serve(the_desk(again))
    keep_incident(fake, {**again, "timeline": [{**call, "at": ago(200)}, {**call, "at": ago(2)}]})
    page = open_page(fake.address + "/console", viewport=DESK)

    expect(page.locator(".row-due")).to_contain_text("left")
    fake.say("console", "position", a_position("person-p", "app-1", 51.615, -0.114))
    page.locator(".row").click()
    expect(page.get_by_role("button", name="Follow")).to_be_enabled()


def test_who_came_second_is_told_who_was_first(fake: Fake, page: Page) -> None:
    """Acknowledging what another officer took a moment ago says who has it."""
    page.locator(".row").first.click()
    taken = an_incident(state="acknowledged", owner="account-2", owner_name="PC Shah")
    keep_incident(fake, taken)

    page.get_by_role("button", name="Acknowledge").click()

    expect(page.locator(".message")).to_have_text("PC Shah took this before you.")


def test_resolving_asks_for_outcome_and_note(fake: Fake, page: Page) -> None:
    """An incident is resolved with an outcome and a note, and leaves the queue."""
    page.locator(".row").first.click()
    page.get_by_role("button", name="Resolve").click()
    page.locator(".inline-form").get_by_role("button", name="Resolve").click()
    assert fake.posted == []

    page.get_by_label("Outcome").select_option("moved_on")
    page.get_by_label("What happened").fill("Bus went past.")
    keep_incident(fake, an_incident(state="resolved", owner="account-1", outcome="moved_on"))
    page.locator(".inline-form").get_by_role("button", name="Resolve").click()

    expect(page.locator(".row")).to_have_count(3)
    sent = ("incidents/incident-1/resolve", {"outcome": "moved_on", "note": "Bus went past."})
    assert fake.posted == [sent]


def test_a_lost_link_greys_the_map(fake: Fake, page: Page) -> None:
    """When the link is lost the desk says since when, across its whole width."""
    fake.silent = True
    fake.cut("console")

    banner = page.locator(".banner-lost")
    expect(banner).to_contain_text("What you see may be old. Ring the centre line if a P1 is open.")
    expect(page.locator(".map-lost")).to_be_visible()


def test_a_frozen_server_is_noticed(fake: Fake, page: Page) -> None:
    """A socket that stays open and says nothing is called lost after 12 seconds."""
    page.clock.install()
    fake.silent = True
    page.clock.fast_forward(13_000)

    expect(page.locator(".banner-lost")).to_contain_text("Connection lost at")


def test_her_place_goes_when_her_incident_does(serve: Serve, open_page: OpenPage) -> None:
    """A protected person is on the map only while an incident of hers is open."""
    fake = serve(the_desk(an_incident()))
    page = open_page(fake.address + "/console", viewport=DESK)
    expect(page.locator(".row")).to_have_count(1)
    fake.say("console", "position", a_position("person-w", "tag-1", 51.617, -0.118))
    fake.say("console", "position", a_position("person-p", "app-1", 51.615, -0.114))
    expect(page.locator(".map-note")).to_have_count(0)

    keep_incident(fake, an_incident(state="resolved"))
    fake.say("console", "incident.resolved", {**an_incident(), "incident_id": "incident-1"})

    expect(page.locator(".map-note")).to_have_text("Protected person hidden")


def test_the_map_draws_under_the_policy(fake: Fake, page: Page) -> None:
    """The built-in map draws, with its credit, and the view stays where it was put."""
    expect(page.locator(".maplibregl-canvas")).to_be_visible(timeout=15_000)
    expect(page.get_by_text("© OpenStreetMap contributors")).to_be_visible()
    fake.say("console", "position", a_position("person-w", "tag-1", 51.2, -0.9))

    expect(page.get_by_role("button", name="Show all (1 outside)")).to_be_visible()


def test_works_where_no_map_can_be_drawn(
    fake: Fake, open_page: OpenPage, browser_without_webgl: Browser
) -> None:
    """Without WebGL the desk says so, lists positions, and every act still works."""
    page = open_page(fake.address + "/console", within=browser_without_webgl, viewport=DESK)
    expect(page.get_by_text("The map cannot be drawn on this computer.")).to_be_visible()
    expect(page.locator(".row")).to_have_count(4)
    fake.say("console", "position", a_position("person-w", "tag-1", 51.617, -0.118))
    expect(page.locator(".positions")).to_contain_text("tag-1")

    page.locator(".row").first.click()
    page.get_by_role("button", name="Acknowledge").click()

    expect(page.locator(".message")).to_be_visible()
    assert fake.posted == [("incidents/incident-1/acknowledge", {})]


def test_an_empty_queue_says_how_it_knows(serve: Serve, open_page: OpenPage) -> None:
    """An empty queue says how many tags report, how many are late, and when that was checked."""
    fake = serve(the_desk())
    page = open_page(fake.address + "/console", viewport=DESK)

    expect(page.locator(".empty")).to_contain_text("No open incidents.")
    expect(page.locator(".empty")).to_contain_text("Tags reporting: 1. Late: 1. Checked")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1024, 1440])
def test_anyone_can_read_it(fake: Fake, open_page: OpenPage, scheme: str, width: int) -> None:
    """On a desk, a tablet and the smallest phone, axe finds nothing and nothing sticks out."""
    page = open_page(
        fake.address + "/console",
        viewport={"width": width, "height": 800},
        color_scheme=scheme,
        reduced_motion="reduce",
    )
    page.locator(".row").first.click()
    expect(page.locator(".timeline")).to_be_visible()
    page.get_by_role("button", name="Resolve").first.click()

    assert accessibility_faults(page) == []
    assert sideways(page) == 0


def test_a_signed_out_desk_says_so(fake: Fake, page: Page) -> None:
    """When the session ends the screen says that it no longer changes, and how to come back."""
    fake.officer = False
    fake.cut("console", 4401)

    expect(page.locator(".banner-lost")).to_contain_text("You are signed out.")
