"""Signing in and setting up a phone, in a real browser."""

import pytest
from playwright.sync_api import expect

from tests.e2e.browsing import OpenPage, Serve, accessibility_faults, sideways
from tests.e2e.stories import her_server, the_desk

pytestmark = pytest.mark.e2e


def test_a_link_with_a_code_sets_up_a_phone(serve: Serve, open_page: OpenPage) -> None:
    """The code leaves the address at once, is spent only by her press, and opens her page."""
    fake = serve(her_server())
    fake.phone = None
    page = open_page(fake.address + "/enrol?code=7KQ2M-X4ZT9")
    expect(page.get_by_label("Code")).to_have_value("7KQ2M-X4ZT9")
    assert page.url == fake.address + "/enrol"
    assert fake.posted == []

    fake.phone = "en"
    page.get_by_role("button", name="Continue").click()

    page.wait_for_url("**/app")
    assert fake.posted == [("enrol", {"code": "7KQ2M-X4ZT9"})]


def test_a_wrong_code_is_explained(serve: Serve, open_page: OpenPage) -> None:
    """A code that is refused is explained beside the field, and read out."""
    fake = serve(her_server())
    fake.phone = None
    fake.refusals["enrol"] = 404
    page = open_page(fake.address + "/enrol")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_have_text("Type the code.")

    page.get_by_label("Code").fill("nonsense")
    page.get_by_role("button", name="Continue").click()

    expect(page.get_by_role("alert")).to_contain_text("This code is not valid")
    assert accessibility_faults(page) == []


def test_a_person_signs_in(serve: Serve, open_page: OpenPage) -> None:
    """Name and password open the console; a refusal does not say which of them was wrong."""
    fake = serve(the_desk())
    fake.officer = False
    fake.refusals["session"] = 401
    page = open_page(fake.address + "/console", viewport={"width": 320, "height": 640})
    page.wait_for_url("**/login")
    page.get_by_label("Name").fill("okoye")
    page.get_by_label("Password").fill("correct horse")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("is not right")
    assert accessibility_faults(page) == []
    assert sideways(page) == 0

    del fake.refusals["session"]
    fake.officer = True
    page.get_by_role("button", name="Sign in").click()

    page.wait_for_url("**/console")
    assert fake.posted[-1] == ("session", {"name": "okoye", "password": "correct horse"})


def test_her_phone_is_sent_to_set_up(serve: Serve, open_page: OpenPage) -> None:
    """A phone that is not set up is sent to where it can be."""
    fake = serve(her_server())
    fake.phone = None
    page = open_page(fake.address + "/app")

    page.wait_for_url("**/enrol")
