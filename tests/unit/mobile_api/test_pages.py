"""The pages as they leave us: their policy, who may see them, and what stands behind them."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Request

from mobile_api.pages import STATIC_FOLDERS, WEB, Visitors, add_pages
from mobile_api.web.vendoring import differences, packages

PAGES = ("/app", "/enrol", "/login", "/console")
SOURCES = sorted(path for folder in STATIC_FOLDERS.values() for path in (WEB / folder).glob("*.js"))


def _application(*, officer: bool, phone: str | None) -> FastAPI:
    async def is_officer(_: Request) -> bool:
        return officer

    async def phone_language(_: Request) -> str | None:
        return phone

    app = FastAPI()
    add_pages(app, visitors=Visitors(is_officer=is_officer, phone_language=phone_language))
    return app


def _client(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


@pytest.fixture
async def stranger() -> AsyncIterator[httpx.AsyncClient]:
    """Return a browser that nobody knows."""
    async with _client(_application(officer=False, phone=None)) as client:
        yield client


@pytest.fixture
async def known() -> AsyncIterator[httpx.AsyncClient]:
    """Return a browser that carries both cookies."""
    async with _client(_application(officer=True, phone="en")) as client:
        yield client


async def test_strangers_are_sent_to_the_doors(stranger: httpx.AsyncClient) -> None:
    """Nobody sees her page or the console without a cookie; the two doors are open."""
    answers = {page: await stranger.get(page) for page in PAGES}

    assert {
        "/app": "/enrol",
        "/console": "/login",
        "/enrol": None,
        "/login": None,
    } == {page: answer.headers.get("location") for page, answer in answers.items()}


async def test_who_has_a_session_is_not_asked_again(known: httpx.AsyncClient) -> None:
    """Whoever is signed in goes on to the console, and her phone to her page."""
    assert "/console" == (await known.get("/login")).headers["location"]
    assert "/app" == (await known.get("/")).headers["location"]


@pytest.mark.parametrize("page", ["/app", "/enrol", "/console"])
async def test_a_page_can_load_nothing_from_elsewhere(known: httpx.AsyncClient, page: str) -> None:
    """The policy starts from nothing, names only ourselves, and its nonce is fresh each time."""
    answers = [await known.get(page) for _ in range(2)]
    policies = [answer.headers["content-security-policy"] for answer in answers]
    directives = dict(part.strip().split(" ", 1) for part in policies[0].split(";"))

    assert "'none'" == directives["default-src"]
    assert "'none'" == directives["frame-ancestors"]
    assert "unsafe" not in policies[0]
    assert "http" not in policies[0]
    assert policies[0] != policies[1]


@pytest.mark.parametrize("page", ["/app", "/enrol", "/console"])
async def test_inline_scripts_carry_the_nonce(known: httpx.AsyncClient, page: str) -> None:
    """Every script in a page is a file of ours, plain data, or carries the policy's nonce."""
    answer = await known.get(page)
    nonce = re.search(r"'nonce-([^']+)'", answer.headers["content-security-policy"])
    assert nonce is not None
    bare = [
        attributes
        for attributes in re.findall(r"<script([^>]*)>", answer.text)
        if "src=" not in attributes
        and "application/json" not in attributes
        and nonce[1] not in attributes
    ]

    assert [] == bare
    assert [] == re.findall(r"<[^>]* on\w+=", answer.text)
    assert [] == re.findall(r"<style|<[^>]* style=", answer.text)


@pytest.mark.parametrize("page", PAGES)
async def test_no_page_is_kept(known: httpx.AsyncClient, page: str) -> None:
    """No cache keeps a page, no frame holds it, no type is guessed, no address is passed on."""
    headers = (await known.get(page)).headers

    assert "no-store" == headers["cache-control"]
    assert "nosniff" == headers["x-content-type-options"]
    assert "no-referrer" == headers["referrer-policy"]


async def test_only_her_page_may_ask_where_it_is(known: httpx.AsyncClient) -> None:
    """The console and the doors cannot ask the browser for its place."""
    asking = {
        page: "geolocation=(self)" in (await known.get(page)).headers["permissions-policy"]
        for page in ("/app", "/enrol", "/console")
    }

    assert {"/app": True, "/enrol": False, "/console": False} == asking


async def test_modules_are_named_as_what_they_are(stranger: httpx.AsyncClient) -> None:
    """Every module, ours and vendored, is served as JavaScript, and asked for anew each time."""
    paths = ["/static/notes/main.js", "/static/vendor/preact/preact.mjs"]
    answers = [await stranger.get(path) for path in paths]

    assert ["text/javascript; charset=utf-8"] * 2 == [
        answer.headers["content-type"] for answer in answers
    ]
    assert ["no-cache"] * 2 == [answer.headers["cache-control"] for answer in answers]


async def test_the_base_map_is_ours_and_says_whose_it_is(stranger: httpx.AsyncClient) -> None:
    """The built-in map comes with the page, packed or plain, and carries its credit."""
    packed = await stranger.get("/static/map/london.geojson")
    plain = await stranger.get(
        "/static/map/london.geojson", headers={"Accept-Encoding": "identity"}
    )

    assert "gzip" == packed.headers["content-encoding"]
    assert "content-encoding" not in plain.headers
    assert packed.json() == plain.json()
    assert "© OpenStreetMap contributors, ODbL 1.0" == plain.json()["attribution"]


async def test_templates_and_words_are_not_files_to_fetch(stranger: httpx.AsyncClient) -> None:
    """What stands beside the public folders is not served."""
    for path in ("/static/notes/../templates/app.html", "/static/text/en.json", "/vendor.lock"):
        assert 404 == (await stranger.get(path)).status_code


def test_her_page_has_a_neutral_name() -> None:
    """Name, icon and addresses that a phone remembers do not say what the page is."""
    manifest = json.loads((WEB / "icons" / "notes.webmanifest").read_text(encoding="utf-8"))
    page = (WEB / "templates" / "app.html").read_text(encoding="utf-8")

    assert "Notes" == manifest["name"]
    assert not re.search("victim|keepclear|alert|tag-|police", json.dumps(manifest) + page.lower())


def test_vendored_files_are_what_the_lock_names() -> None:
    """Every vendored file is byte for byte the one that was locked, and its licence is beside."""
    assert [] == list(differences())
    for package in packages():
        folders = {Path(file["path"]).parent.name for file in package["files"]}
        assert 1 == len(folders)
        assert any("LICENSE" in file["path"] for file in package["files"])


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_modules_stay_small_and_say_what_they_are(path: Path) -> None:
    """A module begins by saying what it is, and can be read in one go."""
    text = path.read_text(encoding="utf-8")

    assert text.startswith("/**")
    assert len(text.splitlines()) <= 400
    assert "innerHTML" not in text
    assert "eval(" not in text


def test_every_word_that_is_asked_for_exists() -> None:
    """No page asks the catalogue for words that it does not have."""
    words = json.loads((WEB / "text" / "en.json").read_text(encoding="utf-8"))
    sections = {"victim": "app", "console": "console"}
    missing = [
        f"{folder}/{path.name}: {key}"
        for folder, section in sections.items()
        for path in (WEB / folder).glob("*.js")
        for key in re.findall(r"""\b(?:say|list)\("([\w.]+)\"""", path.read_text(encoding="utf-8"))
        if key not in words[section]
    ]

    assert [] == missing
