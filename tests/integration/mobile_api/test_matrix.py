"""Every call x every caller x every object: nobody reaches or learns what is not theirs."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import Connection

from domain.ids import PersonId
from domain.order import Person, PersonRole
from records import register
from tests.integration.mobile_api.cases import a_case, a_phone, a_synthetic_case
from tests.integration.mobile_api.house import House, good, opened
from tests.integration.mobile_api.matrix import (
    ANONYMOUS,
    CALLERS,
    OBJECTS,
    OFFICER,
    PHONE,
    RULES,
    Rule,
    operations,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(kw_only=True)
class World:
    """Two cases, the synthetic one, and everybody who might ask about them."""

    house: House
    clients: dict[str, httpx.AsyncClient]
    ids: dict[str, dict[str, str]]
    private: dict[str, set[str]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[World]:
    """Give a house with an officer who works one of two cases, and the phone of that case."""
    path: Path = tmp_path_factory.mktemp("matrix")
    async with opened(path, command_wait_s=0.02) as house:
        yield await _world(house)


async def _world(house: House) -> World:
    admin = await house.program("administrator")
    roles = [caller for caller in CALLERS if caller not in {PHONE, ANONYMOUS}]
    clients = {role: await house.program(role) for role in roles}
    ids = {mark: await a_case(house, admin, mark) for mark in ("own", "foreign")}
    for mark, case in ids.items():
        spare = await a_case(house, admin, f"spare-{mark}")
        case["spare_order"] = spare["order"]
        account = {"role": "operator", "name": f"spare.{mark}", "password": "a long phrase"}
        case["account"] = good(await admin.post("/accounts", json=account))["id"]
    officer = good(await clients[OFFICER].get("/session"))["account_id"]
    named = {"officers": [officer]}
    good(await admin.put(f"/orders/{ids['own']['order']}/officers", json=named))
    clients[PHONE] = await a_phone(house, admin, ids["own"]["protected"])
    clients[ANONYMOUS] = house.client()
    ids["missing"] = {name: f"{name}-that-never-was" for name in ids["own"]}
    ids["canary"] = await a_synthetic_case(house)
    return World(house=house, clients=clients, ids=ids, private=_private(ids))


def _private(ids: dict[str, dict[str, str]]) -> dict[str, set[str]]:
    """Return, for each case, what must not be in an answer that does not concern it."""
    return {
        mark: {f"Wearer {mark}", f"Protected {mark}", *ids[mark].values()} - {"", None}
        for mark in ("own", "foreign")
    }


def _path(rule: Rule, template: str, ids: dict[str, str]) -> str:
    """Return the path of a call on an object."""
    if rule.subject is None:
        return template
    before, _, rest = template.partition("{")
    return f"{before}{ids[rule.subject]}{rest.partition('}')[2]}"


async def _call(
    world: World, operation: tuple[str, str], caller: str, ids: dict[str, str]
) -> httpx.Response:
    """Make a call that is right in every respect but, perhaps, who makes it."""
    rule = RULES[operation]
    method, template = operation
    url = f"http://keepclear.test{_path(rule, template, ids)}"
    return await world.clients[caller].request(method, url, json=rule.body, headers=rule.headers)


def _expected(rule: Rule, caller: str, thing: str) -> frozenset[int]:
    """Return the codes a call may be answered with."""
    if caller not in rule.roles:
        return frozenset({401 if caller == ANONYMOUS else 403})
    if thing in {"missing", "canary"} or (thing == "foreign" and caller in rule.scoped):
        return frozenset({404})
    return rule.codes


async def test_every_call_has_a_rule():
    """A call nobody has thought about fails here; so does a rule without a call."""
    assert set(RULES) == operations()


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("operation", sorted(RULES), ids=" ".join)
async def test_matrix(world: World, operation: tuple[str, str], caller: str):
    """A call is answered for whom it is meant, and what is not theirs is not there for others."""
    rule = RULES[operation]
    things = OBJECTS if rule.subject is not None else ("own",)

    for thing in things:
        answer = await _call(world, operation, caller, world.ids[thing])
        expected = _expected(rule, caller, thing)
        assert answer.status_code in expected, f"{thing}: {answer.status_code} {answer.text}"
        if answer.status_code >= 400:
            _assert_says_nothing(world, answer)


def _assert_says_nothing(world: World, answer: httpx.Response) -> None:
    """A refusal is a problem document with nothing in it of anybody's case."""
    assert "application/problem+json" == answer.headers["content-type"]
    for private in world.private.values():
        assert [] == [word for word in private if word in answer.text]


@pytest.mark.parametrize("operation", sorted(RULES), ids=" ".join)
async def test_missing_and_forbidden_are_the_same(world: World, operation: tuple[str, str]):
    """Where a case is not open, its objects and what never was answer alike, byte for byte."""
    rule = RULES[operation]

    for caller in rule.roles & rule.scoped:
        foreign = await _call(world, operation, caller, world.ids["foreign"])
        missing = await _call(world, operation, caller, world.ids["missing"])
        assert (missing.content, missing.headers) == (foreign.content, foreign.headers)


@pytest.mark.parametrize("operation", sorted(RULES), ids=" ".join)
async def test_no_field_of_another_case_is_told(world: World, operation: tuple[str, str]):
    """What an officer or her phone is told holds nothing of the case that is not theirs."""
    rule = RULES[operation]

    for caller in rule.roles & {OFFICER, PHONE}:
        told = (await _call(world, operation, caller, world.ids["own"])).text
        assert [] == [word for word in world.private["foreign"] if word in told]
        if caller == PHONE:
            his = {name: world.ids["own"][name] for name in ("wearer", "device", "order")}
            assert [] == [word for word in his.values() if word in told]


@pytest.mark.parametrize("operation", sorted(set(RULES) - {("GET", "/api/v1/audit")}), ids=" ".join)
async def test_the_synthetic_case_is_nowhere(world: World, operation: tuple[str, str]):
    """No answer holds an id of the synthetic case, but the audit where somebody asked for one."""
    for caller in sorted(RULES[operation].roles):
        told = (await _call(world, operation, caller, world.ids["own"])).text
        assert "canary-" not in told


async def test_refusals_are_in_the_audit(world: World):
    """Whoever is refused by role or by case is named in the audit, with what was asked for."""
    before = len(await world.house.audited())
    clients = world.clients
    incident = world.ids["foreign"]["incident"]

    await clients["auditor"].get("/incidents")
    await clients[OFFICER].get(f"/incidents/{incident}")
    await clients[PHONE].get("/incidents")

    denied = [(e.subject, e.outcome.value) for e in (await world.house.audited())[before:]]
    assert [
        ("call:GET /api/v1/incidents", "denied"),
        (f"incident:{incident}", "denied"),
        ("call:GET /api/v1/incidents", "denied"),
    ] == denied


async def test_a_synthetic_person_cannot_be_named(world: World):
    """Nobody can put a device or an order on a person of the synthetic case."""

    def read(connection: Connection) -> Person | None:
        return register.person(connection, world.ids["canary"]["wearer"])

    synthetic = await world.house.records.read(read)
    answer = await world.clients["administrator"].post(
        "/devices", json={"kind": "tag", "person_id": world.ids["canary"]["wearer"]}
    )

    assert synthetic == Person(
        person_id=PersonId("canary-wearer"), role=PersonRole.WEARER, name="Canary"
    )
    assert 422 == answer.status_code
