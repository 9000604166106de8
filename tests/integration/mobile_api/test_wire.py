"""The door, the alerts room and a real server together: what a stranger's programs would meet."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, WebSocket
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin, Subprotocol

from alerts.live.asgi import serve_console, serve_protected
from domain.ids import ConditionId, OrderId, PersonId, TransitionId
from domain.reading import RawMessage
from domain.transition import Level, Subject, Transition
from mobile_api.admin import create_account, create_token
from mobile_api.app import create_app
from mobile_api.deps import Deps, Readiness, Sees
from runtime.clock import utc_now
from runtime.settings import Settings
from tests.integration.alerts.room import AlertsRoom, Client
from tests.integration.mobile_api.house import a_person, good

pytestmark = pytest.mark.integration


@dataclass(kw_only=True)
class Served:
    """A served door, its alerts room, and the clients of one case."""

    room: AlertsRoom
    address: str
    admin: httpx.AsyncClient
    operator: httpx.AsyncClient
    phone: httpx.AsyncClient
    order: dict[str, Any]

    @asynccontextmanager
    async def screen(self, path: str, client: httpx.AsyncClient) -> AsyncGenerator[Client]:
        """Open a websocket with a ticket of a client's."""
        ticket = good(await client.post("/live-ticket", json={}))["ticket"]
        offered = [Subprotocol("keepclear.v1"), Subprotocol(f"ticket.{ticket}")]
        async with self.socket(path, subprotocols=offered) as socket:
            yield Client(socket)

    def socket(self, path: str, **options: Any) -> connect:
        """Return a websocket about to be opened."""
        return connect(f"ws://{self.address}/api/v1/live/{path}", **options)

    async def approach(self) -> None:
        """Let the engine say that the wearer is within the alert distance."""
        now = utc_now()
        transition = Transition(
            transition_id=TransitionId(f"transition-{now.timestamp()}"),
            at=now,
            since=now,
            order_id=OrderId(self.order["id"]),
            condition_id=ConditionId(self.order["conditions"][0]["id"]),
            wearer_id=PersonId(self.order["wearer_id"]),
            protected_id=PersonId(self.order["conditions"][0]["protected_id"]),
            subject=Subject.PROXIMITY,
            before=Level.CLEAR,
            after=Level.BREACH,
            reason="nearest",
            nearest_m=600.0,
            central_m=610.0,
            uncertainty_m=10.0,
        )
        await self.room.decide(transition)


class _Screens:
    """Hands sockets that were let in to the alerts room, as the program does."""

    def __init__(self, room: AlertsRoom) -> None:
        self._room = room

    async def console(
        self, socket: WebSocket, principal: str, sees: Sees, subprotocol: str | None
    ) -> None:
        await socket.accept(subprotocol)
        await serve_console(self._room.live, socket, principal=principal, sees=sees)

    async def victim(
        self, socket: WebSocket, principal: str, person_id: PersonId, subprotocol: str | None
    ) -> None:
        await socket.accept(subprotocol)
        live = self._room.live
        await serve_protected(live, socket, principal=principal, person_id=person_id)


def _app(room: AlertsRoom, path: Path) -> FastAPI:
    async def nothing() -> None:
        return

    async def refuse(_: RawMessage) -> None:
        return

    return create_app(
        Deps(
            settings=Settings(data_dir=path),
            records=room.records,
            streams=room.streams,
            now=utc_now,
            live=_Screens(room),
            credentials_changed=nothing,
            submit=refuse,
            readiness=lambda: Readiness(ready=False),
            metrics=lambda: b"",
        )
    )


@asynccontextmanager
async def _serving(app: FastAPI) -> AsyncGenerator[str]:
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, log_config=None, ws="websockets-sansio", lifespan="off")
    )
    async with asyncio.TaskGroup() as group:
        group.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it.
            await asyncio.sleep(0.005)
        yield f"127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        server.should_exit = True


@pytest.fixture
async def served(tmp_path: Path) -> AsyncGenerator[Served]:
    """Give a served door with one case and a phone."""
    room = AlertsRoom(tmp_path)
    await room.records.open()
    room.begin()
    async with _serving(_app(room, tmp_path)) as address:
        clients = [await _program(room, address, role) for role in ("administrator", "operator")]
        admin, operator = clients
        order = await _case(admin)
        protected = order["conditions"][0]["protected_id"]
        code = good(await admin.post(f"/people/{protected}/enrolment", json={}))["code"]
        phone = httpx.AsyncClient(base_url=f"http://{address}/api/v1")
        good(await phone.post("/enrol", json={"code": code}))
        yield Served(
            room=room, address=address, admin=admin, operator=operator, phone=phone, order=order
        )
        for client in (admin, operator, phone):
            await client.aclose()
    await room.end()
    await room.records.close()


async def _program(room: AlertsRoom, address: str, role: str) -> httpx.AsyncClient:
    token = await create_token(room.records, role, role, utc_now)
    return httpx.AsyncClient(
        base_url=f"http://{address}/api/v1", headers={"authorization": f"Bearer {token}"}
    )


async def _case(admin: httpx.AsyncClient) -> dict[str, Any]:
    wearer, protected = await a_person(admin, "wearer"), await a_person(admin, "protected")
    return good(
        await admin.post(
            "/orders",
            json={
                "type": "bail",
                "reference": "B1",
                "wearer_id": wearer,
                "valid_from": (utc_now() - timedelta(days=1)).isoformat(),
                "valid_until": (utc_now() + timedelta(days=1)).isoformat(),
                "conditions": [{"type": "proximity", "protected_id": protected, "alert_m": 1000}],
            },
        )
    )


async def test_an_approach_is_told_answered_and_seen(served: Served):
    """The console and her screen are told; acknowledging reaches her, her `seen` reaches them."""
    async with (
        served.screen("console", served.operator) as console,
        served.screen("victim", served.phone) as hers,
    ):
        assert "snapshot" == (await console.frame())["type"] == (await hers.frame())["type"]
        await served.approach()
        opened, alert = await console.data("incident.opened"), await hers.data("alert")
        await hers.say({"type": "seen", "alert_id": alert["alert_id"]})
        seen = await console.data("notice.seen")
        path = f"/incidents/{opened['incident_id']}"
        taken = good(await served.operator.post(f"{path}/acknowledge", json={}))
        told = await hers.data("help.state")
        while told["state"] == "waiting":
            told = await hers.data("help.state")

    assert ("breach", alert["alert_id"], "acknowledged", "acknowledged") == (
        alert["level"],
        seen["alert_id"],
        taken["state"],
        told["state"],
    )
    read = good(await served.phone.get(f"/alerts/{alert['alert_id']}"))
    assert read["seen_at"] is not None


async def test_a_call_for_help_reaches_the_console(served: Served):
    """SOS over HTTP is an incident on the console within the second that her phone waits."""
    async with served.screen("console", served.operator) as console:
        await console.frame()
        called = good(await served.phone.post("/victim/sos", json={"id": "s-1"}))
        opened = await console.data("incident.opened")

    assert (called["incident_id"], "sos", "P1") == (
        opened["incident_id"],
        opened["kind"],
        opened["priority"],
    )


async def test_a_handshake_without_a_right_is_refused(served: Served):
    """No ticket, a made-up one, a token in the address, a foreign page: 403 before any frame."""
    made_up = [Subprotocol("keepclear.v1"), Subprotocol("ticket.made-up")]

    for path, options in (
        ("console", {}),
        ("console", {"subprotocols": made_up}),
        ("console?ticket=x", {}),
        ("victim", {"origin": Origin("https://evil.example")}),
    ):
        with pytest.raises(InvalidStatus) as refused:
            async with served.socket(path, **options):
                pass
        assert 403 == refused.value.response.status_code


async def test_a_browser_opens_with_its_cookie(served: Served):
    """A session's cookie and our own Origin open the console; the answer names no subprotocol."""
    await create_account(served.room.records, "operator", "desk", "a long phrase", utc_now)
    origin = f"http://{served.address}"
    async with httpx.AsyncClient(base_url=f"{origin}/api/v1") as browser:
        good(
            await browser.post(
                "/session",
                json={"name": "desk", "password": "a long phrase"},
                headers={"origin": origin},
            )
        )
        cookie = f"keepclear_session={browser.cookies['keepclear_session']}"

    options = {"origin": Origin(origin), "additional_headers": {"cookie": cookie}}
    async with served.socket("console", **options) as socket:
        assert socket.subprotocol is None
        assert "snapshot" == (await Client(socket).frame())["type"]


async def test_a_revoked_phone_loses_its_screen(served: Served):
    """Within five seconds of being revoked, her phone's screen is closed with 4401."""
    device = good(await served.phone.get("/session"))["device_id"]

    async with served.screen("victim", served.phone) as hers:
        await hers.frame()
        assert 204 == (await served.admin.delete(f"/devices/{device}")).status_code
        async with asyncio.timeout(5.0):
            assert 4401 == await hers.closed()


async def test_a_second_phone_leaves_the_first_its_screen(served: Served):
    """Enrolling another phone for her does not end the first one's."""
    person = served.order["conditions"][0]["protected_id"]
    code = good(await served.admin.post(f"/people/{person}/enrolment", json={}))["code"]

    async with (
        httpx.AsyncClient(base_url=f"http://{served.address}/api/v1") as second,
        served.screen("victim", served.phone) as first_screen,
    ):
        good(await second.post("/enrol", json={"code": code}))
        async with served.screen("victim", second) as second_screen:
            await first_screen.frame()
            await second_screen.frame()
            await served.approach()
            alerts = [await one.data("alert") for one in (first_screen, second_screen)]

    assert alerts[0] == alerts[1]
