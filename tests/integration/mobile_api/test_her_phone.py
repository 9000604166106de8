"""Her phone: set up once, calls for help, says where it is, reads her own alerts."""

import json
from typing import Any

import pytest

from domain.order import Protocol
from records import register
from tests.integration.mobile_api.cases import a_case, a_phone, alerts_room
from tests.integration.mobile_api.house import ORIGIN, House, a_person, good


async def test_a_code_sets_up_one_phone(house: House):
    """A code is good once, makes a handset of protocol `app`, and the cookie is out of reach."""
    admin = await house.program("administrator")
    person = await a_person(admin, "protected")
    made = good(await admin.post(f"/people/{person}/enrolment", json={}))
    phone = house.client()

    enrolled = await phone.post("/enrol", json={"code": f" {made['code'].lower()} "})
    again = await house.client().post("/enrol", json={"code": made["code"]})

    assert (201, {"language": "en"}) == (enrolled.status_code, enrolled.json()["person"])
    cookie = enrolled.headers["set-cookie"].lower()
    assert all(word in cookie for word in ("keepclear_phone=", "httponly", "samesite=strict"))
    assert made["url"].endswith(f"/enrol?code={made['code']}")
    device = await house.records.read(lambda c: register.device(c, enrolled.json()["device_id"]))
    assert device is not None
    assert (Protocol.APP, person) == (device.protocol, device.person_id)
    assert 404 == again.status_code


async def test_a_code_runs_out_and_a_newer_one_ends_it(house: House):
    """An old code, a replaced one and a made-up one are the same answer."""
    admin = await house.program("administrator")
    person = await a_person(admin, "protected")
    path = f"/people/{person}/enrolment"
    replaced = good(await admin.post(path, json={}))["code"]
    current = good(await admin.post(path, json={}))["code"]
    house.later(minutes=16)

    answers = [
        await house.client().post("/enrol", json={"code": code})
        for code in (replaced, current, "AAAAA-AAAAA")
    ]

    assert [404, 404, 404] == [answer.status_code for answer in answers]
    assert 1 == len({answer.text for answer in answers})


async def test_only_the_protected_get_a_phone(house: House):
    """A wearer cannot be enrolled, as if there were nobody of that id."""
    admin = await house.program("administrator")
    wearer = await a_person(admin, "wearer")

    assert 404 == (await admin.post(f"/people/{wearer}/enrolment", json={})).status_code


async def test_guessing_codes_gets_slower_and_locks_nobody_out(house: House):
    """After some wrong codes the next must wait; a good one works whatever others have tried."""
    admin = await house.program("administrator")
    person = await a_person(admin, "protected")
    code = good(await admin.post(f"/people/{person}/enrolment", json={}))["code"]
    client = house.client()
    answers = [await client.post("/enrol", json={"code": "AAAAA-AAAAA"}) for _ in range(4)]

    made = await client.post("/enrol", json={"code": code})

    assert [404, 404, 404, 429] == [answer.status_code for answer in answers]
    assert ("1", 201) == (answers[-1].headers["retry-after"], made.status_code)


async def test_a_call_for_help_is_one_incident(house: House):
    """SOS opens a P1; sent again with the same id it is the same one."""
    admin = await house.program("administrator")
    phone = await a_phone(house, admin, await a_person(admin, "protected"))
    operator = await house.program("operator")
    body = {"id": "sos-1", "at": "2026-11-22T14:02:07Z"}

    async with alerts_room(house):
        first = good(await phone.post("/victim/sos", json=body))
        second = good(await phone.post("/victim/sos", json=body, headers={"origin": ORIGIN}))

    assert first == second
    listed = good(await operator.get("/incidents"))["items"]
    assert [(first["incident_id"], "sos", "P1")] == [
        (item["id"], item["kind"], item["priority"]) for item in listed
    ]


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"id": 7, "at": "yesterday"},
        {"id": "x", "lat": "NaN", "lon": 999, "acc": -1},
        {"id": "x", "at": 1e300, "lat": 51.5},
        {"id": "", "wish": ["call me"]},
    ],
)
async def test_a_call_for_help_is_never_refused(house: House, body: dict[str, Any] | None):
    """Whatever is wrong with what was added to it, a call for help is taken."""
    admin = await house.program("administrator")
    phone = await a_phone(house, admin, await a_person(admin, "protected"))

    async with alerts_room(house):
        answer = await phone.post("/victim/sos", json=body)

    assert good(answer)["incident_id"]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/plain", b'{"id": "sos-1"}'),
        ("application/json", b"{"),
        ("application/json", b"[]"),
        ("application/json", b"\xff"),
        ("application/json", b"[" * 10_000),
        ("application/x-www-form-urlencoded", b"id=sos-1"),
    ],
)
async def test_a_call_for_help_is_taken_however_it_is_written(house: House, kind: str, body: bytes):
    """A body of another sort, or one cut short, does not refuse her."""
    admin = await house.program("administrator")
    phone = await a_phone(house, admin, await a_person(admin, "protected"))

    async with alerts_room(house):
        answer = await phone.post("/victim/sos", content=body, headers={"content-type": kind})

    assert good(answer)["incident_id"]


async def test_a_call_for_help_outlives_a_silent_alerts_room(lonely_house: House):
    """With nobody to carry it out yet the call is kept, and her phone is told so."""
    house = lonely_house
    admin = await house.program("administrator")
    phone = await a_phone(house, admin, await a_person(admin, "protected"))

    answer = await phone.post("/victim/sos", json={"id": "sos-1"})

    assert (202, "recorded") == (answer.status_code, answer.json()["state"])


async def test_her_place_goes_the_way_of_every_fix(house: House):
    """A position of her page, or with her call, is handed to ingest as the native protocol."""
    admin = await house.program("administrator")
    phone = await a_phone(house, admin, await a_person(admin, "protected"))
    place = {"id": "p-1", "at": "2026-11-22T14:02:07Z", "lat": 51.5, "lon": -0.1, "acc": 12}

    sent = await phone.post("/victim/position", json=place)
    async with alerts_room(house):
        good(await phone.post("/victim/sos", json={**place, "id": "sos-1"}))
    wrong = await phone.post("/victim/position", json={**place, "lat": 91})

    assert (200, 422) == (sent.status_code, wrong.status_code)
    native = {"t": "2026-11-22T14:02:07.000Z", "lat": 51.5, "lon": -0.1, "acc": 12.0}
    assert [native, native] == [json.loads(message.payload) for message in house.submitted]
    assert house.submitted[0].topic.startswith("kc/v1/handset-")


async def test_a_call_for_help_outlives_a_failing_ingest(house: House):
    """A place that cannot be kept now is asked for again; a call for help with it stands."""
    admin = await house.program("administrator")
    phone = await a_phone(house, admin, await a_person(admin, "protected"))
    place = {"id": "p-1", "at": "2026-11-22T14:02:07Z", "lat": 51.5, "lon": -0.1}
    house.ingest_away = True

    sent = await phone.post("/victim/position", json=place)
    async with alerts_room(house):
        called = await phone.post("/victim/sos", json=place)

    assert (503, 200) == (sent.status_code, called.status_code)


async def test_she_reads_her_own_alert_only(house: House):
    """Her alert is hers: another's, and one that never was, are the same 404."""
    admin = await house.program("administrator")
    hers, another = await a_case(house, admin, "hers"), await a_case(house, admin, "another")
    phone = await a_phone(house, admin, hers["protected"])

    read = good(await phone.get(f"/alerts/{hers['alert']}"))
    foreign = await phone.get(f"/alerts/{another['alert']}")
    missing = await phone.get("/alerts/alert-none")

    assert ("breach", None) == (read["level"], read["seen_at"])
    assert (404, foreign.json()) == (foreign.status_code, missing.json())
    assert hers["wearer"] not in json.dumps(read)


async def test_a_revoked_phone_is_nobody(house: House):
    """A phone that was taken away is not known any more."""
    admin = await house.program("administrator")
    phone = await a_phone(house, admin, await a_person(admin, "protected"))
    device = good(await phone.get("/session"))["device_id"]

    assert 204 == (await admin.delete(f"/devices/{device}")).status_code

    assert 401 == (await phone.post("/victim/sos", json={})).status_code


async def test_a_foreign_page_cannot_use_her_cookie(house: House):
    """A page of another site, by its Origin or by how the browser marks the call, is refused."""
    admin = await house.program("administrator")
    phone = await a_phone(house, admin, await a_person(admin, "protected"))

    answers = [
        await phone.post("/victim/safe", json={}, headers=headers)
        for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"})
    ]

    assert [403, 403] == [answer.status_code for answer in answers]
