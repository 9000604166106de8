"""Real traces and real payloads, at their own pace, are decided as the distances say.

The oracle is geodesic distance between recorded places, by pyproj; it shares nothing with us.
"""

import asyncio
import json
import math
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any, cast

import httpx
import paho.mqtt.client as mqtt
import pytest
from jsonschema import Draft202012Validator
from paho.mqtt.enums import CallbackAPIVersion
from referencing import Registry, Resource

from tests.contract.test_asyncapi import validate_frame
from tests.e2e.recorded import (
    FOLDER,
    HER_ACCURACY_M,
    RAISED,
    Json,
    Place,
    Recorded,
    apart_m,
    order,
    recorded,
    written,
)
from tests.system.case import good, now
from tests.system.devices import Screen, Tag
from tests.system.program import Program, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

OWNTRACKS = FOLDER / "owntracks"
REASON = {"X-Reason": "test of real input"}

#: Where she stands in the first test: on the street the scooter comes along.
HERS = (51.6171, -0.1079)
#: Where somebody stands whom it never comes near.
ELSEWHERE = (51.6236, -0.1079)
ALERT_M, WARNING_M, CONTACT_M = 50.0, 100.0, 15.0


class Phone:
    """An OwnTracks app as a plain paho client."""

    def __init__(self, made: Json, port: int) -> None:
        """Connect with what the register gave."""
        account, self.connected = made["mqtt"], Event()
        self.device_id: str = made["id"]
        self.topic = f"owntracks/{account['username']}/phone"
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=account["username"])
        self.client.username_pw_set(account["username"], account["password"])
        self.client.on_connect = self._on_connect
        self.client.connect("127.0.0.1", port, keepalive=30)
        self.client.loop_start()
        assert self.connected.wait(10.0), "the broker accepts the phone"

    def _on_connect(
        self, _client: mqtt.Client, _data: object, _given: object, reason: Any, _properties: object
    ) -> None:
        if not reason.is_failure:
            self.connected.set()

    def send(self, payload: bytes) -> None:
        """Publish at QoS 1."""
        self.client.publish(self.topic, payload, qos=1)

    def close(self) -> None:
        """Disconnect."""
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
async def program(tmp_path: Path) -> AsyncIterator[Program]:
    """Give a running program on the broker this machine has."""
    running = Program(data_dir=tmp_path / "var")
    try:
        yield await running.start()
    finally:
        running.stop()


@pytest.fixture
async def admin(program: Program) -> AsyncIterator[httpx.AsyncClient]:
    """Give an administrator's client."""
    async with program.client(program.token("administrator")) as client:
        yield client


async def person(admin: httpx.AsyncClient, role: str) -> str:
    """Register somebody and return the id."""
    return good(await admin.post("/people", json={"role": role, "name": "A Person"}))["id"]


async def device(admin: httpx.AsyncClient, person_id: str, protocol: str, interval_s: int) -> Json:
    """Register a tag of protocol `owntracks`, or a handset of protocol `keepclear`."""
    kind = "tag" if protocol == "owntracks" else "handset"
    body = {"kind": kind, "protocol": protocol, "person_id": person_id, "interval_s": interval_s}
    return cast("Json", good(await admin.post("/devices", json=body)))


async def track(program: Program, person_id: str, device_id: str) -> list[Json]:
    """Return what the register of positions says of a device, in order of its instants."""
    async with program.client(program.token("operator")) as client:
        answer = await client.get(
            f"/people/{person_id}/track",
            params={
                "from": (now() - timedelta(days=3650)).isoformat(),
                "to": (now() + timedelta(days=1)).isoformat(),
                "limit": 500,
            },
            headers=REASON,
        )
    items = cast("list[Json]", good(answer)["items"])
    return [item for item in items if item["device_id"] == device_id]


async def ticket_of_a_phone(program: Program, admin: httpx.AsyncClient, person_id: str) -> str:
    """Enrol a phone for her and return a ticket for her screen."""
    enrolment = good(await admin.post(f"/people/{person_id}/enrolment", json={}))
    async with httpx.AsyncClient(base_url=f"{program.url}/api/v1", timeout=10.0) as phone:
        good(await phone.post("/enrol", json={"code": enrolment["code"]}))
        return good(await phone.post("/live-ticket", json={}))["ticket"]


async def console_of(program: Program) -> Screen:
    """Open the console as an operator."""
    async with program.client(program.token("operator")) as client:
        ticket = good(await client.post("/live-ticket", json={}))["ticket"]
    return await Screen.open(program, "console", ticket)


async def replay(
    rows: list[Recorded], shift: timedelta, phone: Phone, handsets: dict[Place, Tag]
) -> None:
    """Publish each row when it was written, `shift` later; handsets report every 15 s."""
    beat = now()
    for row in rows:
        due = row.written_at + shift
        while beat < due:
            await asyncio.sleep(max(0.0, (beat - now()).total_seconds()))
            for place, handset in handsets.items():
                handset.fix(*place, now(), acc=HER_ACCURACY_M)
            beat += timedelta(seconds=15)
        await asyncio.sleep(max(0.0, (due - now()).total_seconds()))
        phone.send(json.dumps(row.owntracks(shift)).encode())


def raised(console: Screen, condition_id: str, levels: tuple[str, ...]) -> list[Json]:
    """Return what the console heard of one condition at these levels."""
    told = [*console.events("incident.opened"), *console.events("incident.changed")]
    return [one for one in told if one["condition_id"] == condition_id and one["level"] in levels]


async def test_a_scooter_that_passes_her_is_decided_as_the_distances_say(
    program: Program, admin: httpx.AsyncClient
):
    """A real ride through her street, live: recorded once, raised in time, told to her alone."""
    rows = recorded("escooter_city.csv")
    wearer, hers, other = [await person(admin, role) for role in ("wearer", *["protected"] * 2)]
    bike = await device(admin, wearer, "owntracks", 15)
    handsets = {
        place: Tag(made["mqtt"]["username"], made["mqtt"]["password"]).connect(program.mqtt_port)
        for place, made in (
            (HERS, await device(admin, hers, "keepclear", 15)),
            (ELSEWHERE, await device(admin, other, "keepclear", 15)),
        )
    }
    distances = {"alert_m": ALERT_M, "warning_m": WARNING_M, "contact_m": CONTACT_M}
    made = good(await admin.post("/orders", json=order(wearer, [hers, other], **distances)))
    near, far = (condition["id"] for condition in made["conditions"])
    tickets = [await ticket_of_a_phone(program, admin, one) for one in (hers, other)]
    console = await console_of(program)
    her_screen, other_screen = [await Screen.open(program, "victim", one) for one in tickets]
    phone = Phone(bike, program.mqtt_port)
    # A whole number of seconds, so that instants cut to seconds stay one second apart.
    shift = timedelta(seconds=math.ceil((now() - rows[0].fixed_at).total_seconds()) + 3)

    await replay(rows, shift, phone, handsets)
    await until(lambda: all_kept(program, wearer, bike["id"], len(rows)), 10.0, "all is kept")
    alert = await her_screen.first(
        lambda f: f["type"] == "event" and f["kind"] == "alert" and f["data"]["level"] in RAISED,
        "her screen hears",
    )

    kept = await track(program, wearer, bike["id"])
    expected = [(written(row_at(row, shift)), row.accuracy_m) for row in rows]
    assert expected == sorted((item["t"], item["accuracy_m"]) for item in kept)
    assert {"accepted"} == {item["state"] for item in kept}
    for limit_m, levels in ((ALERT_M, RAISED), (CONTACT_M, ("contact",))):
        first = next(row for row in rows if apart_m(row.place, HERS) <= limit_m)
        found = raised(console, near, levels)
        assert found, f"{levels} is raised"
        assert found[0]["fix"]["t"] <= written(row_at(first, shift)), levels
    assert all(pessimistic_m(row, ELSEWHERE) > WARNING_M for row in rows)
    assert [] == raised(console, far, ("warning", *RAISED))
    assert alert["data"]["level"] in RAISED
    assert [] == other_screen.events("alert")
    held_to_the_document(console, her_screen, other_screen)
    for one in (phone, *handsets.values()):
        one.close()
    for one in (console, her_screen, other_screen):
        await one.close()


def row_at(row: Recorded, shift: timedelta) -> datetime:
    """Return the instant of a row as the app sent it, in whole seconds."""
    return (row.fixed_at + shift).replace(microsecond=0)


def pessimistic_m(row: Recorded, place: Place) -> float:
    """Return how near somebody could be by a generous reckoning of both errors."""
    return apart_m(row.place, place) - (4.0 * ((row.accuracy_m or 0.0) + HER_ACCURACY_M) + 30.0)


def held_to_the_document(console: Screen, *hers: Screen) -> None:
    """Fail unless every frame is as `docs/asyncapi.yaml` says."""
    for _, frame in console.frames:
        validate_frame("console", frame)
    for one in hers:
        for _, frame in one.frames:
            validate_frame("victim", frame)


async def all_kept(program: Program, person_id: str, device_id: str, count: int) -> bool:
    """Return whether the track of a device has `count` fixes."""
    return len(await track(program, person_id, device_id)) == count


def payloads() -> list[bytes]:
    """Return the real payloads."""
    return [path.read_bytes() for path in sorted(OWNTRACKS.glob("*.json"))]


def fits_the_schema(payload: bytes) -> bool:
    """Return whether OwnTracks' own schema accepts a payload."""
    try:
        body = json.loads(payload)
    except ValueError:
        return False
    found: list[Json] = [
        json.loads((OWNTRACKS / "schema" / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("messages", "message", "encryption")
    ]
    registry: Any = cast("Any", Registry)()
    registry = registry.with_resources([(one["$id"], Resource.from_contents(one)) for one in found])
    which = found[2] if isinstance(body, dict) and '"encrypted"' in payload.decode() else found[0]
    return bool(cast("Any", Draft202012Validator)(which, registry=registry).is_valid(body))


def locations(payload: bytes) -> list[Json]:
    """Return the location messages in a payload."""
    try:
        body = json.loads(payload)
    except ValueError:
        return []
    items = cast("list[Json]", body if isinstance(body, list) else [body])
    return [item for item in items if item.get("_type") == "location"]


def raw_payloads(program: Program, topic: str) -> list[bytes]:
    """Return what the record kept of a topic, byte for byte, in order of arrival."""
    path = program.data_dir / "keepclear.sqlite3"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        rows = connection.execute(
            "select payload from raw_messages where topic = ? order by raw_id", (topic,)
        )
        return [bytes(payload) for (payload,) in rows]


async def owner_of_a_phone(program: Program, admin: httpx.AsyncClient) -> tuple[str, Phone]:
    """Register a wearer with an OwnTracks phone and connect it."""
    wearer = await person(admin, "wearer")
    return wearer, Phone(await device(admin, wearer, "owntracks", 60), program.mqtt_port)


async def send_and_keep(program: Program, phone: Phone, sent: list[bytes]) -> None:
    """Send payloads and wait until the record has each of them, byte for byte, in order."""
    for payload in sent:
        phone.send(payload)

    async def committed() -> bool:
        return len(raw_payloads(program, phone.topic)) >= len(sent)

    await until(committed, 10.0, "every payload is in the record")
    assert sent == raw_payloads(program, phone.topic)


def outline(items: list[Json]) -> list[tuple[Any, ...]]:
    """Return what matters of the items of a track that are fixes."""
    return sorted(
        (one["state"], one.get("reason"), one["lat"], one["lon"], one["accuracy_m"])
        for one in items
        if one["state"] != "rejected"
    )


def kept_as(state: str, reason: str | None, sent: Json) -> tuple[Any, ...]:
    """Return the outline of a location that was sent: no accuracy is claimed but a positive one."""
    accuracy_m = sent["acc"] if sent.get("acc", 0) > 0 else None
    return (state, reason, sent["lat"], sent["lon"], accuracy_m)


async def test_real_payloads_are_believed_or_refused_and_never_lost(
    program: Program, admin: httpx.AsyncClient
):
    """What the schema calls a location is a fix, held where its clock cannot be; the rest is none.

    Every byte that was sent is in the record. A location whose only fault is its age is accepted
    once it is of today.
    """
    sent = payloads()
    fit = [one for payload in sent if fits_the_schema(payload) for one in locations(payload)]
    wearer, phone = await owner_of_a_phone(program, admin)

    await send_and_keep(program, phone, sent)

    assert 3 == len(fit)
    found = outline(await track(program, wearer, phone.device_id))
    assert sorted(kept_as("held", "clock_fault", one) for one in fit) == found
    phone.close()
    for one in fit:
        wearer, phone = await owner_of_a_phone(program, admin)
        fresh = one | {"tst": math.floor(now().timestamp())}
        await send_and_keep(program, phone, [json.dumps(fresh).encode()])
        found = outline(await track(program, wearer, phone.device_id))
        assert [kept_as("accepted", None, one)] == found
        phone.close()
