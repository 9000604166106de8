"""The pages people open: her page, the console, signing in, and what a browser needs for them.

Shell. `add_pages` puts them on an application; who is signed in is asked through two callables,
so that nothing here knows a database. Two rules live here:

- Every page goes out under a policy that lets it load nothing from anywhere else, run no script
  but ours, and be kept by no cache.
- What a browser remembers of her page (addresses, names, icons) does not say what it is.
"""

import gzip
import json
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, StrictUndefined

WEB: Final = Path(__file__).parent / "web"

#: Folder below `web/` for each public address. Her modules sit under a neutral one, because
#: addresses stay behind in caches and histories.
STATIC_FOLDERS: Final = {
    "/static/notes": "victim",
    "/static/console": "console",
    "/static/forms": "forms",
    "/static/parts": "parts",
    "/static/icons": "icons",
    "/static/vendor": "vendor",
}
BASE_MAP: Final = WEB / "map" / "london.geojson.gz"
RIGHT_TO_LEFT: Final = frozenset({"ar", "fa", "he", "ps", "ur"})

#: On everything we send, pages and files alike.
SECURITY_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
PERMISSIONS: Final = (
    "accelerometer=(), camera=(), display-capture=(), geolocation=({places}), "
    "gyroscope=(), magnetometer=(), microphone=(), payment=(), usb=()"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Centre:
    """How the monitoring centre and its protected people reach each other.

    Her page claims only what is true: without a number it offers no call, and it promises a text
    or a call only where `reaches_by` names a channel that exists.

    Attributes:
        phone: The number officers ring from and can be rung on.
        text: The number the centre takes texts on.
        reaches_by: Channels beside this page: any of "sms" and "voice".
    """

    phone: str | None = None
    text: str | None = None
    reaches_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitors:
    """How a page learns who is asking.

    Attributes:
        is_officer: Whether the request carries the cookie of a live session of a person.
        phone_language: The language of the protected person whose enrolled phone asks, else None.
    """

    is_officer: Callable[[Request], Awaitable[bool]]
    phone_language: Callable[[Request], Awaitable[str | None]]


def add_pages(app: FastAPI, *, visitors: Visitors, centre: Centre | None = None) -> None:
    """Serve the pages and their files on `app`."""
    app.include_router(_router(visitors, centre or Centre()), include_in_schema=False)
    for address, folder in STATIC_FOLDERS.items():
        app.mount(address, _Files(directory=WEB / folder), name=address)


def page_headers(nonce: str, *, places: bool = False) -> dict[str, str]:
    """Return the headers of a page whose inline parts carry `nonce`.

    Args:
        nonce: Fresh for every answer.
        places: Whether the page may ask the browser where it is.
    """
    policy = (
        f"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self'; "
        "img-src 'self' data: blob:; connect-src 'self'; worker-src 'self'; "
        "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    return SECURITY_HEADERS | {
        "Content-Security-Policy": policy,
        "Permissions-Policy": PERMISSIONS.format(places="self" if places else ""),
        "Cross-Origin-Opener-Policy": "same-origin",
        "X-Frame-Options": "DENY",
        "Cache-Control": "no-store",
    }


def _router(visitors: Visitors, centre: Centre) -> APIRouter:
    router = APIRouter()
    router.add_api_route("/manifest.webmanifest", _manifest, methods=["GET"])
    router.add_api_route("/favicon.ico", _icon, methods=["GET"])
    router.add_api_route("/static/map/london.geojson", _london, methods=["GET"])
    _add_her_pages(router, visitors, centre)
    _add_officer_pages(router, visitors)
    return router


def _add_her_pages(router: APIRouter, visitors: Visitors, centre: Centre) -> None:
    @router.get("/app")
    async def app_page(request: Request) -> Response:
        """Show her page, or where a phone is set up."""
        language = await visitors.phone_language(request)
        if language is None:
            return _elsewhere("/enrol")
        known = {
            "phone": centre.phone,
            "text": centre.text,
            "reaches_by": list(centre.reaches_by),
        }
        return _page("app.html", language=language, places=True, settings={"centre": known})

    @router.get("/enrol")
    async def enrol_page() -> Response:
        """Set up a phone. The code in the address is used only when she presses the button."""
        return _page("enrol.html")


def _add_officer_pages(router: APIRouter, visitors: Visitors) -> None:
    @router.get("/")
    async def front_door(request: Request) -> Response:
        """Send her phone to her page and everybody else to the console's door."""
        known = await visitors.phone_language(request)
        return _elsewhere("/login" if known is None else "/app")

    @router.get("/login")
    async def login_page(request: Request) -> Response:
        """Sign in, or go on to the console for whoever has."""
        if await visitors.is_officer(request):
            return _elsewhere("/console")
        return _page("login.html")

    @router.get("/console")
    async def console_page(request: Request) -> Response:
        """Show the console to a person with a session."""
        if not await visitors.is_officer(request):
            return _elsewhere("/login")
        return _page("console.html")


def _page(
    template: str,
    *,
    language: str = "en",
    places: bool = False,
    settings: dict[str, Any] | None = None,
) -> HTMLResponse:
    nonce = secrets.token_urlsafe(18)
    spoken = language if (WEB / "text" / f"{language}.json").is_file() else "en"
    text = (
        _templates()
        .get_template(template)
        .render(
            section=template.removesuffix(".html"),
            nonce=nonce,
            language=spoken,
            direction="rtl" if spoken in RIGHT_TO_LEFT else "ltr",
            settings={"language": spoken, **(settings or {})},
            words=_words(spoken),
        )
    )
    return HTMLResponse(text, headers=page_headers(nonce, places=places))


def _elsewhere(address: str) -> RedirectResponse:
    headers = SECURITY_HEADERS | {"Cache-Control": "no-store"}
    return RedirectResponse(address, status_code=303, headers=headers)


@cache
def _templates() -> Environment:
    loader = FileSystemLoader(WEB / "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined)


@cache
def _words(language: str) -> dict[str, Any]:
    path = WEB / "text" / f"{language}.json"
    return json.loads(path.read_text(encoding="utf-8"))


async def _manifest() -> Response:
    return FileResponse(
        WEB / "icons" / "notes.webmanifest",
        media_type="application/manifest+json",
        headers=SECURITY_HEADERS | {"Cache-Control": "no-cache"},
    )


async def _icon() -> Response:
    return FileResponse(WEB / "icons" / "notes-192.png", headers=SECURITY_HEADERS)


async def _london(request: Request) -> Response:
    headers = SECURITY_HEADERS | {"Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    packed = BASE_MAP.read_bytes()
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(packed, media_type="application/geo+json", headers=headers)
    return Response(gzip.decompress(packed), media_type="application/geo+json", headers=headers)


class _Files(StaticFiles):
    """Files that a browser asks for again each time, cheaply, so that an upgrade arrives whole."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """Add our headers to a file, and name modules as what they are."""
        response = super().file_response(*args, **kwargs)
        response.headers.update(SECURITY_HEADERS | {"Cache-Control": "no-cache"})
        if str(args[0]).endswith(".mjs"):
            response.headers["Content-Type"] = "text/javascript; charset=utf-8"
        return response
