"""The register: people, devices, orders, and what must not get into it."""

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import select

from domain.order import Order
from domain.transition import DeviceChanged, OrderChanged
from records import register
from records.access import account_by_token
from records.tables import idempotency
from runtime import wire
from runtime.ids import secret_hash
from tests.integration.mobile_api.house import House, a_person, an_order, good

SQUARE = [[-0.10, 51.60], [-0.09, 51.60], [-0.09, 51.61], [-0.10, 51.61], [-0.10, 51.60]]


async def test_a_person_is_registered_and_audited(house: House):
    """A registered person can be read by the register's keeper; collecting them is audited."""
    admin = await house.program("administrator")

    made = await admin.post("/people", json={"role": "protected", "name": " Zoë ", "x": 1})

    assert 201 == made.status_code
    read = good(await admin.get(f"/people/{made.json()['id']}"))
    assert ("protected", "Zoë", "en") == (read["role"], read["name"], read["language"])
    entries = [(e.action.value, e.subject.partition(":")[0]) for e in await house.audited()]
    assert ("collection", "person") in entries


async def test_a_role_outside_the_two_is_refused(house: House):
    """Nobody becomes an administrator by saying so in a person's role."""
    admin = await house.program("administrator")

    answer = await admin.post("/people", json={"role": "admin", "name": "Mallory"})

    assert 422 == answer.status_code
    assert "application/problem+json" == answer.headers["content-type"]
    assert ["/role"] == [error["pointer"] for error in answer.json()["errors"]]
    assert "Mallory" not in answer.text


@pytest.mark.parametrize(
    "body",
    [
        {"role": "wearer", "name": "a\x00b"},
        {"role": "wearer", "name": "\ud800"},
        {"role": "wearer", "name": ""},
        {"role": "wearer", "name": "x" * 201},
        {"role": "wearer", "name": ["A"]},
        {"role": "wearer", "name": "A", "phone": "<script>"},
        {"role": "wearer", "name": "A", "language": "../../etc"},
        {"role": True, "name": "A"},
        [],
        None,
    ],
)
async def test_what_cannot_be_stored_or_shown_is_refused(house: House, body: object):
    """Text no database or screen can hold, and wrong types, are named and refused."""
    admin = await house.program("administrator")

    answer = await admin.post(
        "/people", content=json.dumps(body), headers={"content-type": "application/json"}
    )

    assert 422 == answer.status_code, answer.text


async def test_a_device_gets_a_secret_once(house: House):
    """A device's secret is in the answer that makes it, works at once, and is never kept."""
    admin = await house.program("administrator")
    wearer = await a_person(admin, "wearer")

    made = good(await admin.post("/devices", json={"kind": "tag", "person_id": wearer}))

    assert 1 == house.provisioned
    assert made["id"] == made["mqtt"]["username"]
    assert f"kc/v1/{made['id']}/fix" == made["mqtt"]["topic"]
    assert 43 == len(made["mqtt"]["password"])
    kept = await house.records.read(lambda c: register.secret_sha256(c, made["id"]))
    assert secret_hash(made["mqtt"]["password"]) == kept
    read = await admin.get(f"/devices/{made['id']}")
    assert made["mqtt"]["password"] not in read.text


async def test_a_device_is_made_though_the_broker_is_away(house: House):
    """With a broker that cannot be told, the device and its secret are there, and said not to work.

    Revoking it says that it must be sent again.
    """
    admin = await house.program("administrator")
    wearer = await a_person(admin, "wearer")
    house.broker_away = True

    made = good(await admin.post("/devices", json={"kind": "tag", "person_id": wearer}))
    revoked = await admin.delete(f"/devices/{made['id']}")
    house.broker_away = False
    again = await admin.delete(f"/devices/{made['id']}")

    assert (False, 503, 204) == (made["mqtt"]["active"], revoked.status_code, again.status_code)
    assert 43 == len(made["mqtt"]["password"])


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"kind": "tag"}, 422),
        ({"kind": "gateway", "protocol": "traccar", "person_id": "x"}, 422),
        ({"kind": "tag", "person_id": "nobody"}, 422),
        ({"kind": "tag", "person_id": "W", "id": "a/b"}, 422),
        ({"kind": "tag", "person_id": "W", "id": "#"}, 422),
        ({"kind": "tag", "person_id": "W", "id": "canary-tag"}, 422),
        ({"kind": "tag", "person_id": "W", "interval_s": 0}, 422),
        ({"kind": "tag", "person_id": "W", "interval_s": 3601}, 422),
        ({"kind": "tag", "person_id": "W", "interval_s": "60"}, 422),
        ({"kind": "tag", "person_id": "W", "protocol": "app"}, 422),
        ({"kind": "gateway", "protocol": "traccar"}, 201),
        ({"kind": "tag", "person_id": "W", "interval_s": 15}, 201),
        ({"kind": "handset", "person_id": "W", "protocol": "owntracks"}, 201),
    ],
)
async def test_devices_are_judged(house: House, body: dict[str, Any], code: int):
    """A device has a carrier unless it is a gateway, an id a topic can hold, a sane interval."""
    admin = await house.program("administrator")
    wearer = await a_person(admin, "wearer")

    sent = {name: wearer if value == "W" else value for name, value in body.items()}
    answer = await admin.post("/devices", json=sent)

    assert code == answer.status_code, answer.text


async def test_a_device_id_is_taken_once(house: House):
    """A second device of the same id, or external id, is a conflict and changes nothing."""
    admin = await house.program("administrator")
    wearer = await a_person(admin, "wearer")
    body = {"id": "tag-7", "kind": "tag", "person_id": wearer, "external_id": "u/d"}
    good(await admin.post("/devices", json=body))

    again = await admin.post("/devices", json=body)
    external = await admin.post("/devices", json={**body, "id": "tag-8"})

    assert (409, 409) == (again.status_code, external.status_code)


async def test_a_revoked_device_has_no_credentials(house: House):
    """Revoking a device ends its credentials, tells the brokers, and says so to the engine."""
    admin = await house.program("administrator")
    wearer = await a_person(admin, "wearer")
    made = good(await admin.post("/devices", json={"kind": "tag", "person_id": wearer}))

    answer = await admin.delete(f"/devices/{made['id']}")

    assert (204, 2) == (answer.status_code, house.provisioned)
    assert [] == await house.records.read(register.credentials)
    changes = await house.records.read(lambda c: register.changes_after(c, 0))
    last = wire.decode(changes[-1].body, DeviceChanged)
    assert house.now == last.device.revoked_at


async def test_an_order_is_complete_in_its_answer(house: House):
    """Defaults are filled in, conditions have ids, and the engine can read what was ordered."""
    admin = await house.program("administrator")
    wearer, protected = await a_person(admin, "wearer"), await a_person(admin, "protected")

    answer = await admin.post("/orders", json=an_order(wearer, protected))

    made = good(answer)
    assert (201, '"1"') == (answer.status_code, answer.headers["etag"])
    condition = made["conditions"][0]
    assert (300.0, 1000.0, 2000.0) == tuple(
        condition[name] for name in ("contact_m", "alert_m", "warning_m")
    )
    changes = await house.records.read(lambda c: register.changes_after(c, 0))
    fact = wire.decode(changes[-1].body, OrderChanged)
    body = await house.records.read(lambda c: register.order_body(c, made["id"]))
    assert body is not None
    assert fact.order == wire.decode(body, Order)
    assert changes[-1].change_id == fact.change_id
    assert condition["id"] == fact.order.conditions[0].condition_id
    assert made == good(await admin.get(f"/orders/{made['id']}"))


async def test_a_change_of_the_register_wakes_its_followers(house: House):
    """The stream `register` says that there is something new, after it is committed."""
    stream = house.deps.streams.open("register")
    await stream.unacknowledged("engine")
    admin = await house.program("administrator")
    wearer, protected = await a_person(admin, "wearer"), await a_person(admin, "protected")

    good(await admin.post("/orders", json=an_order(wearer, protected)))

    assert 1 == await stream.depth("engine")


async def test_a_stale_edit_is_refused(house: House):
    """An edit names the revision it read: none is 428, a stale one 412, and neither changes."""
    admin = await house.program("administrator")
    wearer, protected = await a_person(admin, "wearer"), await a_person(admin, "protected")
    made = good(await admin.post("/orders", json=an_order(wearer, protected)))
    path = f"/orders/{made['id']}"
    end = {"valid_until": "2026-12-01T00:00:00Z"}

    blind = await admin.patch(path, json=end)
    changed = await admin.patch(path, json=end, headers={"if-match": '"1"'})
    stale = await admin.patch(path, json={"reference": "X"}, headers={"if-match": '"1"'})

    assert (428, 200, 412) == (blind.status_code, changed.status_code, stale.status_code)
    read = await admin.get(path)
    assert ('"2"', "T20261234") == (read.headers["etag"], read.json()["reference"])
    assert "2026-12-01T00:00:00.000Z" == read.json()["valid_until"]
    assert made["conditions"] == read.json()["conditions"]


async def test_an_edited_condition_keeps_its_id(house: House):
    """A condition sent back with its id keeps it, so that its history goes on."""
    admin = await house.program("administrator")
    wearer, protected = await a_person(admin, "wearer"), await a_person(admin, "protected")
    made = good(await admin.post("/orders", json=an_order(wearer, protected)))
    kept = {**made["conditions"][0], "alert_m": 500, "warning_m": 900}
    added = {"type": "exclusion_zone", "geometry": {"type": "Polygon", "coordinates": [SQUARE]}}
    foreign = {**added, "id": "condition-of-another-order"}

    changed = good(
        await admin.patch(
            f"/orders/{made['id']}",
            json={"conditions": [kept, added, foreign]},
            headers={"if-match": '"1"'},
        )
    )

    ids = [condition["id"] for condition in changed["conditions"]]
    assert kept["id"] == ids[0]
    assert 3 == len(set(ids))
    assert foreign["id"] not in ids


async def test_an_order_names_people_on_their_own_side(house: House):
    """The wearer must be a wearer and the protected protected, both of the register."""
    admin = await house.program("administrator")
    wearer, protected = await a_person(admin, "wearer"), await a_person(admin, "protected")

    answer = await admin.post("/orders", json=an_order(protected, wearer))

    assert 422 == answer.status_code
    assert ["/wearer_id", "/conditions/0/protected_id"] == [
        error["pointer"] for error in answer.json()["errors"]
    ]


async def test_a_repeated_key_has_one_effect_and_one_answer(house: House):
    """The same key gives the same device and the same secret, though the secret is not kept."""
    admin = await house.program("administrator")
    wearer = await a_person(admin, "wearer")
    body = {"kind": "tag", "person_id": wearer}
    key = {"idempotency-key": "k-1"}

    first, second = await asyncio.gather(
        *[admin.post("/devices", json=body, headers=key) for _ in range(2)]
    )
    other = await admin.post("/devices", json={**body, "interval_s": 5}, headers=key)

    assert good(first) == good(second)
    assert 409 == other.status_code
    kept = await house.records.read(lambda c: c.execute(select(idempotency.c.answer)).scalar_one())
    assert first.json()["mqtt"]["password"].encode() not in kept
    again = await admin.post("/devices", json=body)
    assert good(again)["mqtt"]["password"] != first.json()["mqtt"]["password"]


async def test_a_token_in_the_address_is_ended(house: House):
    """A token that was put into an address is refused and never works again."""
    admin = await house.program("administrator")
    token = house.tokens["administrator"]

    shown = await house.client().get("/people/x", params={"access_token": token})

    assert 400 == shown.status_code
    assert 401 == (await admin.get("/people/x")).status_code
    gone = await house.records.read(lambda c: account_by_token(c, secret_hash(token)))
    assert gone is None


async def test_a_foreign_origin_is_refused(house: House):
    """A page of another site is refused whatever it shows; our own pages are not."""
    admin = await house.program("administrator")
    body = {"role": "wearer", "name": "A"}

    foreign = await admin.post("/people", json=body, headers={"origin": "https://evil.example"})
    null = await admin.post("/people", json=body, headers={"origin": "null"})
    own = await admin.post("/people", json=body, headers={"origin": "http://keepclear.test"})

    assert (403, 403, 201) == (foreign.status_code, null.status_code, own.status_code)


async def test_a_body_beyond_bounds_is_refused(house: House):
    """A body of more than the limit is refused, whether it says so beforehand or not."""
    admin = await house.program("administrator")

    async def endless():
        for _ in range(40):
            yield b"x" * 65_536

    declared = await admin.post("/people", content=b"x" * 2_200_000)
    streamed = await admin.post("/people", content=endless())

    assert (413, 413) == (declared.status_code, streamed.status_code)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", 422),
        (b'{"role":', 400),
        (b"\xff\xfe\x00", 400),
        (b"[" * 100_000, 400),
        (b'{"role": "wearer", "name": ' + b"9" * 5000 + b"}", 400),
    ],
)
async def test_what_is_not_json_is_a_problem(house: House, content: bytes, code: int):
    """Bytes that are no JSON are a problem document, never a stack trace."""
    admin = await house.program("administrator")

    answer = await admin.post(
        "/people", content=content, headers={"content-type": "application/json"}
    )

    assert code == answer.status_code, answer.text
    assert "application/problem+json" == answer.headers["content-type"]


async def test_unknown_paths_and_methods_are_problems(house: House):
    """What is not there and what is not allowed there is said in the same form."""
    client = house.client()

    answers = [
        await client.get("/nothing"),
        await client.request("TRACE", "/people"),
        await client.put("/people", json={}),
    ]

    assert [404, 405, 405] == [answer.status_code for answer in answers]
    for answer in answers:
        assert answer.status_code == answer.json()["status"]
        assert "application/problem+json" == answer.headers["content-type"]
