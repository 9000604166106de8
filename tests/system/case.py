"""A registered case: a wearer with a tag, a protected person with a handset and a phone."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import httpx

from tests.system.devices import Screen, Tag
from tests.system.program import Program

#: Where she stands: a junction in the demonstration's part of London.
HERE = (51.6171, -0.1079)
METRES_PER_DEGREE = 111_300.0


def north_of_her(metres: float) -> tuple[float, float]:
    """Return the place `metres` due north of her, to about a metre in five hundred."""
    return (HERE[0] + metres / METRES_PER_DEGREE, HERE[1])


def now() -> datetime:
    """Return the present instant for the stamps of devices."""
    return datetime.now(UTC)  # noqa: TID251 - a device outside the program has its own clock.


def good(response: httpx.Response) -> Any:
    """Return the JSON of a response that succeeded."""
    assert response.is_success, f"{response.status_code} {response.text}"
    return response.json()


@dataclass(kw_only=True)
class Case:
    """What was registered, and the clients that play it."""

    program: Program
    admin: httpx.AsyncClient
    operator: httpx.AsyncClient
    phone: httpx.AsyncClient
    wearer_id: str
    protected_id: str
    order_id: str
    condition_id: str
    tag: Tag
    handset: Tag
    screens: list[Screen] = field(default_factory=list[Screen])

    @classmethod
    async def register(cls, program: Program, **order: Any) -> Self:
        """Register the case through the public API and connect its devices."""
        admin = program.client(program.token("administrator"))
        operator = program.client(program.token("operator"))
        wearer = good(await admin.post("/people", json={"role": "wearer", "name": "A Wearer"}))
        protected = good(
            await admin.post("/people", json={"role": "protected", "name": "A Person"})
        )
        tag = await _device(admin, "tag", wearer["id"], 15)
        handset = await _device(admin, "handset", protected["id"], 60)
        conditions = order.pop("conditions", None) or [
            {"type": "proximity", "protected_id": protected["id"], "alert_m": 1000}
        ]
        made = good(
            await admin.post(
                "/orders",
                json={
                    "type": "restraining_order",
                    "reference": "T20261234",
                    "wearer_id": wearer["id"],
                    "valid_from": (now() - timedelta(days=1)).isoformat(),
                    "valid_until": (now() + timedelta(days=365)).isoformat(),
                    "timezone": "Europe/London",
                    "conditions": conditions,
                }
                | order,
            )
        )
        enrolment = good(await admin.post(f"/people/{protected['id']}/enrolment", json={}))
        phone = httpx.AsyncClient(base_url=f"{program.url}/api/v1", timeout=10.0)
        good(await phone.post("/enrol", json={"code": enrolment["code"]}))
        return cls(
            program=program,
            admin=admin,
            operator=operator,
            phone=phone,
            wearer_id=wearer["id"],
            protected_id=protected["id"],
            order_id=made["id"],
            condition_id=made["conditions"][0]["id"],
            tag=tag.connect(program.mqtt_port),
            handset=handset.connect(program.mqtt_port),
        )

    async def console(self, after: str | None = None) -> Screen:
        """Open the console as the operator."""
        ticket = good(await self.operator.post("/live-ticket", json={}))["ticket"]
        return self._kept(await Screen.open(self.program, "console", ticket, after))

    async def her_screen(self, after: str | None = None) -> Screen:
        """Open her screen with her phone's cookie."""
        ticket = good(await self.phone.post("/live-ticket", json={}))["ticket"]
        return self._kept(await Screen.open(self.program, "victim", ticket, after))

    def _kept(self, screen: Screen) -> Screen:
        self.screens.append(screen)
        return screen

    async def close(self) -> None:
        """Let go of every client."""
        for screen in self.screens:
            await screen.close()
        self.tag.close()
        self.handset.close()
        for client in (self.admin, self.operator, self.phone):
            await client.aclose()


async def _device(admin: httpx.AsyncClient, kind: str, person_id: str, interval_s: int) -> Tag:
    made = good(
        await admin.post(
            "/devices",
            json={
                "kind": kind,
                "protocol": "keepclear",
                "person_id": person_id,
                "interval_s": interval_s,
            },
        )
    )
    return Tag(made["mqtt"]["username"], made["mqtt"]["password"])
