"""The real application on a real SQLite record, with a clock the test holds."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI, WebSocket
from sqlalchemy import Connection

from domain.errors import KeepclearError
from domain.ids import OrderId, PersonId
from domain.reading import RawMessage
from mobile_api.admin import create_account, create_token
from mobile_api.app import create_app
from mobile_api.deps import Deps, Readiness, Sees
from records import audit
from records.audit import AuditEntry
from records.database import Records
from runtime.settings import Settings
from runtime.streams import MemoryStreams

START = datetime(2026, 11, 22, 14, 2, 7, 120000, tzinfo=UTC)
ORIGIN = "http://keepclear.test"
PASSWORD = "correct horse battery"
ROLES = ("administrator", "supervisor", "operator", "officer", "auditor")


class Screens:
    """Stands for the alerts room behind a websocket: says whom it serves, then echoes."""

    async def console(
        self, socket: WebSocket, principal: str, sees: Sees, subprotocol: str | None
    ) -> None:
        """Say that this is the console, and what it may be told of."""
        await socket.accept(subprotocol=subprotocol)
        await socket.send_json({"console": principal, "any": sees(OrderId("any"), None)})
        await self._echo(socket)

    async def victim(
        self, socket: WebSocket, principal: str, person_id: PersonId, subprotocol: str | None
    ) -> None:
        """Say that this is her screen, and whose."""
        await socket.accept(subprotocol=subprotocol)
        await socket.send_json({"victim": person_id, "phone": principal})
        await self._echo(socket)

    async def _echo(self, socket: WebSocket) -> None:
        async for text in socket.iter_text():
            await socket.send_text(text)


@dataclass(kw_only=True)
class House:
    """What a test can reach.

    Attributes:
        now: The clock; `later` moves it.
        provisioned: How often the brokers were told of new credentials.
        broker_away, ingest_away: Whether that part fails when it is asked.
        submitted: Messages of her page that were handed to ingest.
    """

    records: Records
    app: FastAPI
    deps: Deps
    now: datetime = START
    provisioned: int = 0
    broker_away: bool = False
    ingest_away: bool = False
    ready: Readiness = field(default_factory=lambda: Readiness(ready=True))
    submitted: list[RawMessage] = field(default_factory=list[RawMessage])
    tokens: dict[str, str] = field(default_factory=dict[str, str])

    def later(self, **duration: float) -> None:
        """Move the clock."""
        self.now += timedelta(**duration)

    def client(self, **headers: str) -> httpx.AsyncClient:
        """Return a client nobody knows."""
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=f"{ORIGIN}/api/v1", headers=headers)

    async def program(self, role: str, name: str | None = None) -> httpx.AsyncClient:
        """Return a client with a token of a role."""
        key = name or role
        if key not in self.tokens:
            self.tokens[key] = await create_token(
                self.records, role, f"Test {key}", lambda: self.now
            )
        return self.client(authorization=f"Bearer {self.tokens[key]}")

    async def person(self, role: str, name: str | None = None) -> httpx.AsyncClient:
        """Return a client with the session of a person, as a browser on our pages has it."""
        login = name or f"{role}.person"
        await create_account(self.records, role, login, PASSWORD, lambda: self.now)
        client = self.client(origin=ORIGIN)
        answer = await client.post("/session", json={"name": login, "password": PASSWORD})
        assert 200 == answer.status_code, answer.text
        client.headers["x-csrf-token"] = answer.json()["csrf_token"]
        return client

    async def audited(self) -> list[AuditEntry]:
        """Return the audit, oldest first."""

        def read(connection: Connection) -> list[AuditEntry]:
            return audit.entries(connection, before=None, limit=10_000)

        return (await self.records.read(read))[::-1]


@asynccontextmanager
async def opened(directory: Path, command_wait_s: float = 20.0) -> AsyncGenerator[House]:
    """Open a house in `directory`."""
    records = Records(f"sqlite:///{directory / 'record.sqlite3'}")
    await records.open()
    try:
        yield _house(records, directory, command_wait_s)
    finally:
        await records.close()


def _house(records: Records, directory: Path, command_wait_s: float) -> House:
    async def provision() -> None:
        if house.broker_away:
            raise KeepclearError
        house.provisioned += 1

    async def submit(message: RawMessage) -> None:
        if house.ingest_away:
            raise KeepclearError
        house.submitted.append(message)

    deps = Deps(
        settings=Settings(data_dir=directory, command_wait_s=command_wait_s),
        records=records,
        streams=MemoryStreams(100),
        now=lambda: house.now,
        live=Screens(),
        credentials_changed=provision,
        submit=submit,
        readiness=lambda: house.ready,
        metrics=lambda: b"keepclear_up 1\n",
    )
    house = House(records=records, app=create_app(deps), deps=deps)
    return house


def good(answer: httpx.Response) -> Any:
    """Return the JSON of an answer that succeeded."""
    assert answer.is_success, f"{answer.status_code} {answer.text}"
    return answer.json()


async def a_person(admin: httpx.AsyncClient, role: str, name: str = "A Name") -> str:
    """Register a person and return the id."""
    return good(await admin.post("/people", json={"role": role, "name": name}))["id"]


def an_order(wearer_id: str, protected_id: str, **more: Any) -> dict[str, Any]:
    """Return the body of a plain order."""
    return {
        "type": "restraining_order",
        "reference": "T20261234",
        "wearer_id": wearer_id,
        "valid_from": "2026-11-01T00:00:00Z",
        "valid_until": "2027-11-01T00:00:00Z",
        "timezone": "Europe/London",
        "conditions": [{"type": "proximity", "protected_id": protected_id, "alert_m": 1000}],
        **more,
    }


async def until(house: House, condition: Callable[[Connection], bool]) -> None:
    """Return when a condition holds in the record; fail if it does not within ten seconds."""
    async with asyncio.timeout(10.0):
        while True:
            if await house.records.read(condition):
                return
            await asyncio.sleep(0.01)
