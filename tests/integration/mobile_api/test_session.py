"""People come in, stay for a while, and leave; programs have tokens."""

import pytest

from mobile_api.admin import AccountError, create_account, create_token
from mobile_api.deps import Readiness
from tests.integration.mobile_api.house import ORIGIN, PASSWORD, ROLES, House, good


async def test_a_session_cookie_is_out_of_reach(house: House):
    """The cookie is HttpOnly, SameSite=Strict, for the whole site; the answer names the role."""
    client = await house.person("operator")

    known = good(await client.get("/session"))

    assert ("operator", "operator.person") == (known["role"], known["name"])
    login = {"name": "operator.person", "password": PASSWORD}
    cookie = (await client.post("/session", json=login)).headers["set-cookie"].lower()
    wanted = ("keepclear_session=", "httponly", "samesite=strict", "path=/", "max-age=43200")
    assert [] == [word for word in wanted if word not in cookie]


async def test_a_wrong_password_is_the_same_as_a_wrong_name(house: House):
    """What was wrong is not said, and each failure is in the audit."""
    await house.person("operator")
    client = house.client()

    wrong = await client.post("/session", json={"name": "operator.person", "password": "x"})
    nobody = await client.post("/session", json={"name": "nobody", "password": "x"})
    homograph = await client.post(
        "/session", json={"name": "\u043eperator.person", "password": "x"}
    )

    assert (401, 401, 422) == (wrong.status_code, nobody.status_code, homograph.status_code)
    assert wrong.json() == nobody.json()
    denied = [e for e in await house.audited() if e.outcome.value == "denied"]
    assert 2 == len(denied)


async def test_guessing_passwords_gets_slower_for_that_name_alone(house: House):
    """Wrong passwords slow down that name; another name is not held up by it."""
    await house.person("operator")
    await house.person("supervisor")
    client = house.client()
    guess = {"name": "operator.person", "password": "guess"}
    right = {"name": "operator.person", "password": PASSWORD}

    codes = [(await client.post("/session", json=guess)).status_code for _ in range(4)]
    early = await client.post("/session", json=right)
    other = await client.post("/session", json={**right, "name": "supervisor.person"})
    house.later(seconds=2)
    later = await client.post("/session", json=right)

    assert [401, 401, 401, 429] == codes
    assert (429, 200, 200) == (early.status_code, other.status_code, later.status_code)


async def test_a_session_changes_nothing_without_its_token(house: House):
    """A state-changing call of a session carries its token; a wrong one is no better than none."""
    client = await house.person("administrator")
    token = client.headers.pop("x-csrf-token")
    body = {"role": "wearer", "name": "A"}

    answers = [
        await client.post("/people", json=body, headers=headers)
        for headers in ({}, {"x-csrf-token": "x"}, {"x-csrf-token": token})
    ]

    assert [403, 403, 201] == [answer.status_code for answer in answers]


async def test_an_idle_session_ends(house: House):
    """After a quarter of an hour without a call a session is over; calls keep it going."""
    client = await house.person("operator")

    for _ in range(3):
        house.later(minutes=14)
        assert 200 == (await client.get("/session")).status_code
    house.later(minutes=16)

    assert 401 == (await client.get("/session")).status_code


async def test_the_longest_session_is_twelve_hours(house: House):
    """However busy, a session ends after twelve hours."""
    client = await house.person("operator")

    for _ in range(54):
        house.later(minutes=13)
        await client.get("/session")
    house.later(minutes=19)

    assert 401 == (await client.get("/session")).status_code


async def test_leaving_ends_the_session(house: House):
    """After leaving, the old cookie opens nothing, wherever it was kept."""
    client = await house.person("operator")
    kept = client.cookies["keepclear_session"]

    assert 204 == (await client.delete("/session")).status_code

    stolen = house.client(cookie=f"keepclear_session={kept}", origin=ORIGIN)
    assert 401 == (await stolen.get("/session")).status_code


async def test_a_wrong_token_is_not_helped_by_a_good_cookie(house: House):
    """Who shows a token is judged by it alone."""
    client = await house.person("operator")

    answers = [
        await client.get("/session", headers={"authorization": header})
        for header in ("Bearer x", "Bearer", "Basic eDp4", "bearer ")
    ]

    assert {401} == {answer.status_code for answer in answers}
    assert "Bearer" in answers[0].headers["www-authenticate"]


async def test_a_closed_account_is_out_at_once(house: House):
    """Closing an account ends its session and its tokens with the next call."""
    admin = await house.program("administrator")
    person, program = await house.person("operator"), await house.program("supervisor")
    listed = good(await admin.get("/accounts"))["items"]
    ids = {item["name"]: item["id"] for item in listed}

    for name in ("operator.person", "Test supervisor"):
        assert 204 == (await admin.delete(f"/accounts/{ids[name]}")).status_code
    own = await admin.delete(f"/accounts/{ids['Test administrator']}")

    assert (401, 401, 422) == (
        (await person.get("/session")).status_code,
        (await program.get("/session")).status_code,
        own.status_code,
    )


async def test_an_account_made_over_http_can_come_in(house: House):
    """An administrator makes a login, once for each name."""
    admin = await house.program("administrator")
    body = {"role": "operator", "name": "new.operator", "password": PASSWORD}

    made = await admin.post("/accounts", json=body)
    again = await admin.post("/accounts", json=body)
    login = await house.client().post("/session", json=body)

    assert (201, 409, 200) == (made.status_code, again.status_code, login.status_code)
    assert PASSWORD not in made.text


async def test_the_auditor_reads_the_audit_in_pages(house: House):
    """The audit comes newest first, in pages, and reading it is in it."""
    for role in ROLES:
        await house.program(role)
    auditor = await house.program("auditor")

    first = good(await auditor.get("/audit", params={"limit": 3}))
    second = good(await auditor.get("/audit", params={"limit": 3, "cursor": first["next"]}))

    ids = [int(item["id"]) for item in first["items"] + second["items"]]
    assert sorted(ids, reverse=True) == ids
    newest = good(await auditor.get("/audit", params={"limit": 1}))["items"][0]
    assert ("audit", "consultation") == (newest["subject"], newest["action"])


async def test_names_and_roles_of_the_command_line_are_judged(house: House):
    """An unknown role, another role for a taken name, a short password: refused in words."""
    await house.program("operator", "taken")

    def now():
        return house.now

    with pytest.raises(AccountError, match="role is one of"):
        await create_token(house.records, "god", "x", now)
    with pytest.raises(AccountError, match="another role"):
        await create_token(house.records, "auditor", "Test taken", now)
    with pytest.raises(AccountError, match="8 characters"):
        await create_account(house.records, "operator", "x", "short", now)
    with pytest.raises(AccountError, match="letters A-Z"):
        await create_account(house.records, "operator", "\u043eperator", PASSWORD, now)


@pytest.mark.parametrize(("broken", "code"), [((), 200), (("engine",), 503)])
async def test_readiness_is_what_it_is_told(house: House, broken: tuple[str, ...], code: int):
    """`/readyz` is 200 only when everything works, and names what does not."""
    house.ready = Readiness(ready=not broken, broken=broken, at=house.now)

    answer = await house.client().get("http://keepclear.test/readyz")
    alive = await house.client().get("http://keepclear.test/healthz")

    assert (code, 200) == (answer.status_code, alive.status_code)
    assert list(broken) == answer.json()["broken"]


async def test_figures_are_for_this_machine_or_a_token(house: House):
    """`/metrics` answers loopback and tokens, and nobody who came through a proxy."""
    operator, admin = await house.program("operator"), await house.program("administrator")
    path = "http://keepclear.test/metrics"

    here = await house.client().get(path)
    proxied = {"x-forwarded-for": "127.0.0.1"}
    answers = [await c.get(path, headers=proxied) for c in (house.client(), operator, admin)]

    assert (200, [403, 403, 200]) == (here.status_code, [a.status_code for a in answers])
