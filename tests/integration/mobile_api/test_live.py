"""Who may open a websocket, with what, and for how long."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection

from mobile_api import live
from records import access
from tests.integration.mobile_api.cases import a_case, a_phone
from tests.integration.mobile_api.house import ORIGIN, House, a_person, good, until


class Socket:
    """A websocket spoken in process, by the ASGI messages of a server."""

    def __init__(self) -> None:
        """Begin unconnected."""
        self.sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def next(self) -> dict[str, Any]:
        """Return what the application says next."""
        return await asyncio.wait_for(self.told.get(), 5.0)

    async def json(self) -> Any:
        """Return the next text frame as JSON."""
        message = await self.next()
        return msgspec.json.decode(message["text"])


@asynccontextmanager
async def opened(
    house: House, path: str, *, query: bytes = b"", offered: tuple[str, ...] = (), **headers: str
) -> AsyncGenerator[Socket]:
    """Ask for a websocket and give what comes of it."""
    socket = Socket()
    scope: dict[str, Any] = {
        "type": "websocket",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "ws",
        "path": f"/api/v1/live/{path}",
        "raw_path": f"/api/v1/live/{path}".encode(),
        "root_path": "",
        "query_string": query,
        "headers": [(b"host", b"keepclear.test")]
        + [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
        "subprotocols": list(offered),
        "client": ("127.0.0.1", 1),
        "server": ("keepclear.test", 80),
    }
    socket.sent.put_nowait({"type": "websocket.connect"})
    async with asyncio.TaskGroup() as group:
        running = group.create_task(house.app(scope, socket.sent.get, socket.told.put))  # type: ignore[arg-type]
        try:
            yield socket
        finally:
            socket.sent.put_nowait({"type": "websocket.disconnect", "code": 1000})
            await asyncio.wait({running}, timeout=5.0)
            running.cancel()


def cookies_of(client: Any) -> str:
    """Return a client's cookies as a browser sends them."""
    return "; ".join(f"{name}={value}" for name, value in client.cookies.items())


async def ticket_of(client: Any) -> tuple[str, str]:
    """Return what a program offers as subprotocols."""
    made = good(await client.post("/live-ticket", json={}))
    return "keepclear.v1", f"ticket.{made['ticket']}"


async def test_a_ticket_opens_one_socket(house: House):
    """A ticket opens the console once; the answer names our protocol and never the ticket."""
    operator = await house.program("operator")
    offered = await ticket_of(operator)

    async with opened(house, "console", offered=offered) as socket:
        accepted = await socket.next()
        served = await socket.json()
    async with opened(house, "console", offered=offered) as again:
        refused = await again.next()

    assert ("websocket.accept", "keepclear.v1") == (accepted["type"], accepted["subprotocol"])
    assert good(await operator.get("/session"))["account_id"] == served["console"]
    assert "websocket.close" == refused["type"]


async def test_a_ticket_is_good_for_half_a_minute(house: House):
    """A ticket that lay about for 31 seconds opens nothing."""
    offered = await ticket_of(await house.program("operator"))
    house.later(seconds=31)

    async with opened(house, "console", offered=offered) as socket:
        assert "websocket.close" == (await socket.next())["type"]


async def test_a_ticket_opens_its_own_kind_only(house: House):
    """Her ticket does not open the console, and an operator's does not open her screen."""
    admin = await house.program("administrator")
    phone = await a_phone(house, admin, await a_person(admin, "protected"))
    hers, operators = await ticket_of(phone), await ticket_of(await house.program("operator"))

    async with opened(house, "console", offered=hers) as console:
        assert "websocket.close" == (await console.next())["type"]
    async with opened(house, "victim", offered=operators) as victim:
        assert "websocket.close" == (await victim.next())["type"]


async def test_her_ticket_opens_her_screen(house: House):
    """Her phone's ticket opens her screen, and no other person's."""
    admin = await house.program("administrator")
    person = await a_person(admin, "protected")
    phone = await a_phone(house, admin, person)

    async with opened(house, "victim", offered=await ticket_of(phone)) as socket:
        assert "websocket.accept" == (await socket.next())["type"]
        assert person == (await socket.json())["victim"]


async def test_a_cookie_opens_from_our_own_pages_only(house: House):
    """A session's cookie opens the console with our Origin, and not without one or with another."""
    operator = await house.person("operator")
    cookie = cookies_of(operator)

    async with opened(house, "console", cookie=cookie, origin=ORIGIN) as own:
        assert "websocket.accept" == (await own.next())["type"]
    async with opened(house, "console", cookie=cookie) as without:
        assert "websocket.close" == (await without.next())["type"]
    async with opened(house, "console", cookie=cookie, origin="https://evil.example") as foreign:
        assert "websocket.close" == (await foreign.next())["type"]


async def test_her_cookie_opens_her_screen(house: House):
    """Her phone's cookie opens her screen from our page, and the console from nowhere."""
    admin = await house.program("administrator")
    phone = await a_phone(house, admin, await a_person(admin, "protected"))
    cookie = cookies_of(phone)

    async with opened(house, "victim", cookie=cookie, origin=ORIGIN) as hers:
        assert "websocket.accept" == (await hers.next())["type"]
    async with opened(house, "console", cookie=cookie, origin=ORIGIN) as console:
        assert "websocket.close" == (await console.next())["type"]


@pytest.mark.parametrize("role", ["administrator", "auditor"])
async def test_some_roles_have_no_screen(house: House, role: str):
    """Whoever works no incidents gets no ticket, and no console by cookie either."""
    person = await house.person(role)

    assert 403 == (await person.post("/live-ticket", json={})).status_code
    async with opened(house, "console", cookie=cookies_of(person), origin=ORIGIN) as socket:
        assert "websocket.close" == (await socket.next())["type"]


@pytest.mark.parametrize("name", [b"ticket", b"token", b"access_token"])
async def test_a_secret_in_the_address_opens_nothing(house: House, name: bytes):
    """A token or ticket in the address is refused, even beside a good ticket."""
    operator = await house.program("operator")
    offered = await ticket_of(operator)
    query = name + b"=" + house.tokens["operator"].encode()

    async with opened(house, "console", query=query, offered=offered) as socket:
        assert "websocket.close" == (await socket.next())["type"]


async def test_a_bearer_token_alone_opens_nothing(house: House):
    """A program asks for a ticket first: its token stays out of handshakes."""
    await house.program("operator")

    async with opened(
        house, "console", authorization=f"Bearer {house.tokens['operator']}", origin=ORIGIN
    ) as socket:
        assert "websocket.close" == (await socket.next())["type"]


async def test_a_closed_account_loses_its_screen(house: House, monkeypatch: pytest.MonkeyPatch):
    """Closing an account ends its open console, with a code that says why."""
    monkeypatch.setattr(live, "LOOK_AGAIN_S", 0.01)
    operator = await house.program("operator")
    me = good(await operator.get("/session"))["account_id"]
    admin = await house.program("administrator")

    async with opened(house, "console", offered=await ticket_of(operator)) as socket:
        assert "websocket.accept" == (await socket.next())["type"]
        await socket.json()
        assert 204 == (await admin.delete(f"/accounts/{me}")).status_code
        house.later(seconds=2)
        closed = await socket.next()

    assert ("websocket.close", 4401) == (closed["type"], closed["code"])
    assert 401 == (await operator.get("/session")).status_code


async def test_an_ended_session_loses_its_screen(house: House, monkeypatch: pytest.MonkeyPatch):
    """Signing out ends the console that the session had open."""
    monkeypatch.setattr(live, "LOOK_AGAIN_S", 0.01)
    operator = await house.person("operator")

    async with opened(house, "console", cookie=cookies_of(operator), origin=ORIGIN) as socket:
        assert "websocket.accept" == (await socket.next())["type"]
        await socket.json()
        assert 204 == (await operator.delete("/session")).status_code
        house.later(seconds=2)
        closed = await socket.next()

    assert 4401 == closed["code"]


async def test_an_open_screen_keeps_a_session_in_use(house: House, monkeypatch: pytest.MonkeyPatch):
    """A console that is open does not run idle; the longest session ends all the same."""
    monkeypatch.setattr(live, "LOOK_AGAIN_S", 0.01)
    operator = await house.person("operator")

    async with opened(house, "console", cookie=cookies_of(operator), origin=ORIGIN) as socket:
        assert "websocket.accept" == (await socket.next())["type"]
        await socket.json()
        for _ in range(3):
            house.later(minutes=14)
            await until(house, _touched(house))
        assert 200 == (await operator.get("/session")).status_code
        house.later(hours=12)
        assert 4401 == (await socket.next())["code"]


def _touched(house: House) -> Callable[[Connection], bool]:
    def touched(connection: Connection) -> bool:
        sessions = access.live_sessions(connection)
        return {house.now} == {session.used_at for session in sessions.values()}

    return touched


async def test_an_officer_is_told_of_own_cases_only(house: House):
    """What an officer's console may be told of is what the officer's cases are."""
    admin = await house.program("administrator")
    await a_case(house, admin)
    officer, operator = await house.program("officer"), await house.program("operator")

    async with opened(house, "console", offered=await ticket_of(officer)) as socket:
        await socket.next()
        officers = await socket.json()
    async with opened(house, "console", offered=await ticket_of(operator)) as socket:
        await socket.next()
        operators = await socket.json()

    assert (False, True) == (officers["any"], operators["any"])
