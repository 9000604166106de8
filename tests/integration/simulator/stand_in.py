"""A stand-in for a running Keepclear: the calls a runner makes, and one rule (a cut strap pages).

It shows that the runner needs nothing but the published interface; the composed system is tested
elsewhere.
"""

import asyncio
import json
from collections.abc import Generator
from contextlib import contextmanager
from socket import socket
from threading import Event, Thread
from typing import Any

import uvicorn
from fastapi import FastAPI, HTTPException, Request, Response, WebSocket, WebSocketDisconnect

from runtime.clock import utc_now
from simulator.device import rfc3339
from tests.integration.simulator.subscriber import Subscriber

TURN_S = 0.05


class StandIn:
    """Registers whoever comes and, unless told to be deaf, says of a cut strap that it was cut."""

    def __init__(self, subscriber: Subscriber, *, deaf: bool = False) -> None:
        self.subscriber = subscriber
        self.deaf = deaf
        self.calls: list[tuple[str, Any]] = []
        self.answers: list[dict[str, Any]] = []
        self.app = FastAPI()
        self.app.post("/api/v1/{path:path}", status_code=201)(self._post)
        self.app.get("/api/v1/orders/{order_id}")(self._order)
        self.app.patch("/api/v1/orders/{order_id}")(self._change)
        self.app.websocket("/api/v1/live/console")(self._console)
        self.app.websocket("/api/v1/live/victim")(self._screen)

    async def _post(self, path: str, request: Request, response: Response) -> dict[str, Any]:
        text = await request.body()
        body = json.loads(text) if text else None
        self.calls.append((path, body))
        leaf = path.rpartition("/")[2]
        if leaf == "enrol":
            response.set_cookie("keepclear_phone", "phone-secret", httponly=True)
            return {"device_id": "phone", "person": {"language": "en"}}
        phone = request.cookies.get("keepclear_phone") == "phone-secret"
        if request.headers.get("authorization") != "Bearer good" and not phone:
            raise HTTPException(401)
        made: dict[str, dict[str, Any]] = {
            "enrolment": {"code": "1234"},
            "live-ticket": {"ticket": f"ticket-{len(self.calls)}"},
            "devices": {"mqtt": {"username": f"device-{len(self.calls)}", "password": "x"}},
        }
        identity = f"{leaf.rstrip('s')}-{len(self.calls)}"
        return {"id": identity, **(body or {}), **made.get(leaf, {})}

    async def _order(self, order_id: str, response: Response) -> dict[str, Any]:
        response.headers["ETag"] = '"1"'
        return {"id": order_id}

    async def _change(self, order_id: str, request: Request) -> dict[str, Any]:
        if request.headers.get("if-match") != '"1"':
            raise HTTPException(412)
        self.calls.append((f"PATCH orders/{order_id}", await request.json()))
        return {"id": order_id}

    def _order_id(self) -> str:
        return next(f"order-{at}" for at, (path, _) in enumerate(self.calls, 1) if path == "orders")

    async def _console(self, websocket: WebSocket) -> None:
        await websocket.accept(subprotocol="keepclear.v1")
        await websocket.send_json({"type": "snapshot", "cursor": "0", "incidents": []})
        for at in range(10_000):
            cut = any(b"strap_tamper" in payload for _, payload in self.subscriber.heard)
            if cut and not self.deaf:
                now = rfc3339(utc_now())
                told = {"order_id": self._order_id(), "condition_id": None, "kind": "tamper"}
                told |= {"priority": "P1", "level": "unknown", "decided_at": now}
                event = {"type": "event", "cursor": "1", "at": now, "kind": "incident.opened"}
                await websocket.send_json({**event, "data": told})
                await self._drain(websocket)
            if at % 40 == 0:
                await websocket.send_json({"type": "heartbeat", "at": rfc3339(utc_now())})
            await asyncio.sleep(TURN_S)

    async def _screen(self, websocket: WebSocket) -> None:
        await websocket.accept(subprotocol="keepclear.v1")
        now = rfc3339(utc_now())
        await websocket.send_json({"type": "snapshot", "cursor": "0", "alert": None})
        alert = {"alert_id": "alert-1", "level": "warning", "decided_at": now}
        event = {"type": "event", "cursor": "1", "at": now, "kind": "alert", "data": alert}
        await websocket.send_json(event)
        await self._drain(websocket)

    async def _drain(self, websocket: WebSocket) -> None:
        try:
            while True:
                self.answers.append(await websocket.receive_json())
        except WebSocketDisconnect:
            pass


class _Announcing(uvicorn.Server):
    """A web server that says when it is there."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.there = Event()

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Open the door, then say so."""
        await super().startup(sockets)
        self.there.set()


@contextmanager
def served(app: FastAPI) -> Generator[str]:
    """Serve an application on a free port of this machine; yield its address."""
    server = _Announcing(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", ws="websockets-sansio")
    )
    thread = Thread(target=server.run)
    thread.start()
    try:
        assert server.there.wait(10.0), "the stand-in did not start"
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10.0)
