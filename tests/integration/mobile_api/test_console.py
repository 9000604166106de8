"""Officers: incidents, acts on them, and looking people up."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from records import commands
from tests.integration.mobile_api.cases import a_case, add_fix, alerts_room
from tests.integration.mobile_api.house import House, good, until

WHY = {"x-reason": "Patrol asks, incident at the school"}


async def test_an_incident_is_listed_and_read(house: House):
    """A list shows the incident without its history, a look at it with it, and both are audited."""
    ids = await a_case(house, await house.program("administrator"))
    operator = await house.program("operator")

    listed = good(await operator.get("/incidents", params={"state": "open", "priority": "P1"}))
    read = good(await operator.get(f"/incidents/{ids['incident']}"))

    assert [ids["incident"]] == [item["id"] for item in listed["items"]]
    assert None is listed["next"]
    assert "timeline" not in listed["items"][0]
    assert ("open", "P1", "proximity", "breach", []) == tuple(
        read[name] for name in ("state", "priority", "kind", "level", "timeline")
    )
    assert ("Wearer one", "T20261234") == (read["wearer_name"], read["reference"])
    subjects = [entry.subject for entry in await house.audited()]
    assert {"incidents", f"incident:{ids['incident']}"} <= set(subjects)


async def test_other_states_and_priorities_are_left_out(house: House):
    """A filter shows what it names, and a word it does not know is refused."""
    await a_case(house, await house.program("administrator"))
    operator = await house.program("operator")

    resolved = good(await operator.get("/incidents", params={"state": "resolved"}))
    third = good(await operator.get("/incidents", params={"priority": "P3"}))
    wrong = await operator.get("/incidents", params={"state": "sort=;drop"})

    assert ([], [], 422) == (resolved["items"], third["items"], wrong.status_code)


async def test_a_list_comes_in_pages(house: House):
    """Following `next` shows every incident once, newest first."""
    admin = await house.program("administrator")
    for mark in ("a", "b", "c"):
        await a_case(house, admin, mark)
        house.later(seconds=1)
    operator = await house.program("operator")
    shown: list[str] = []
    cursor: str | None = None

    while True:
        asked = {"limit": 1} | ({} if cursor is None else {"cursor": cursor})
        page = good(await operator.get("/incidents", params=asked))
        shown += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break

    assert ["incident-c", "incident-b", "incident-a"] == shown


@pytest.mark.parametrize(
    "asked", [{"limit": -1}, {"limit": 10**9}, {"cursor": "x"}, {"limit": "a"}]
)
async def test_a_list_refuses_nonsense(house: House, asked: dict[str, Any]):
    """A limit out of bounds and a cursor of nobody's are refused."""
    operator = await house.program("operator")

    assert 422 == (await operator.get("/incidents", params=asked)).status_code


async def test_an_officer_acts_and_sees_it_done(house: House):
    """Acknowledge, assign, note and resolve answer with the incident as it stands afterwards."""
    ids = await a_case(house, await house.program("administrator"))
    operator = await house.program("operator")
    path = f"/incidents/{ids['incident']}"

    async with alerts_room(house):
        taken = good(await operator.post(f"{path}/acknowledge", json={"note": "Mine."}))
        given = good(await operator.post(f"{path}/assign"))
        noted = good(await operator.post(f"{path}/note", json={"note": "Patrol sent."}))
        closed = good(await operator.post(f"{path}/resolve", json={"outcome": "attended"}))
        late = await operator.post(f"{path}/acknowledge")

    assert "acknowledged" == taken["state"]
    assert "Test operator" == taken["owner_name"] == given["owner_name"]
    assert ["acknowledge", "assign", "note"] == [line["kind"] for line in noted["timeline"]]
    assert ("resolved", "attended") == (closed["state"], closed["outcome"])
    assert 409 == late.status_code


async def test_two_who_acknowledge_at_once_are_both_recorded(house: House):
    """Two acknowledgements in one instant: both stand in the history, one owns the incident."""
    ids = await a_case(house, await house.program("administrator"))
    first, second = await house.program("operator"), await house.program("supervisor")
    path = f"/incidents/{ids['incident']}/acknowledge"

    async with alerts_room(house):
        answers = await asyncio.gather(first.post(path), second.post(path))
        read = good(await first.get(f"/incidents/{ids['incident']}"))

    assert [200, 200] == [answer.status_code for answer in answers]
    assert 2 == len({line["actor"] for line in read["timeline"]})
    assert read["owner_name"] in {"Test operator", "Test supervisor"}


async def test_a_repeated_act_is_one_act(house: House):
    """The same key does it once; the same key with another body is a conflict."""
    ids = await a_case(house, await house.program("administrator"))
    operator = await house.program("operator")
    path, key = f"/incidents/{ids['incident']}/note", {"idempotency-key": "n-1"}

    async with alerts_room(house):
        first = good(await operator.post(path, json={"note": "Once."}, headers=key))
        second = good(await operator.post(path, json={"note": "Once."}, headers=key))
        other = await operator.post(path, json={"note": "Twice."}, headers=key)

    assert first == second
    assert ["Once."] == [line["note"] for line in second["timeline"]]
    assert 409 == other.status_code


async def test_an_act_without_what_it_needs_is_refused(house: House):
    """An empty note is 422; resolving without an outcome is allowed, and says so."""
    ids = await a_case(house, await house.program("administrator"))
    operator = await house.program("operator")
    path = f"/incidents/{ids['incident']}"

    async with alerts_room(house):
        empty = await operator.post(f"{path}/note", json={"note": " "})
        nobody = await operator.post(f"{path}/assign", json={"owner": "nobody"})
        closed = good(await operator.post(f"{path}/resolve", json={}))

    assert (422, 422) == (empty.status_code, nobody.status_code)
    assert "not_stated" == closed["outcome"]


async def test_an_act_nobody_carries_out_yet_is_kept(lonely_house: House):
    """While the alerts room is away an act is kept, the caller is told so, and nothing is lost."""
    house = lonely_house
    ids = await a_case(house, await house.program("administrator"))
    operator = await house.program("operator")

    answer = await operator.post(f"/incidents/{ids['incident']}/acknowledge")

    assert (202, True) == (answer.status_code, answer.json()["pending"])
    async with alerts_room(house):
        await until(house, lambda c: not commands.pending_bodies(c, 1))
    read = good(await operator.get(f"/incidents/{ids['incident']}"))
    assert "acknowledged" == read["state"]


async def test_a_position_is_audited_before_it_is_shown(house: House):
    """A look-up says who, whom, when and why in the audit, and shows accuracy, source and age."""
    ids = await a_case(house, await house.program("administrator"))
    operator = await house.program("operator")
    house.later(seconds=12)

    read = good(await operator.get(f"/people/{ids['wearer']}/position", headers=WHY))

    assert (51.61712, -0.10791, 8.5, "gnss", 12.0) == tuple(
        read[name] for name in ("lat", "lon", "accuracy_m", "source", "age_s")
    )
    entry = (await house.audited())[-1]
    assert (f"person:{ids['wearer']}:position", WHY["x-reason"], house.now) == (
        entry.subject,
        entry.reason,
        entry.at,
    )


@pytest.mark.parametrize(
    "reason", [None, "", ".", "asdf", "asdfasdf", "qwertz qwerty", "xx xx xx", "no", "aaaaaaaaaa"]
)
async def test_a_look_up_without_a_reason_reads_nothing(house: House, reason: str | None):
    """No reason, a dot or a row of keys is refused, and no position is read or audited as read."""
    ids = await a_case(house, await house.program("administrator"))
    operator = await house.program("operator")
    headers = {} if reason is None else {"x-reason": reason}

    answers = [
        await operator.get(f"/people/{ids['wearer']}/{part}", headers=headers)
        for part in ("position", "track")
    ]

    assert [422, 422] == [answer.status_code for answer in answers]
    assert not [
        e for e in await house.audited() if e.subject.startswith(f"person:{ids['wearer']}:")
    ]


@pytest.mark.parametrize("reason", ["Incident review", "Überprüfung", "Aanvraag 12", "audit"])
async def test_plain_reasons_are_taken(house: House, reason: str):
    """Whoever says in a few words why is let in, and their words are kept as they were said."""
    ids = await a_case(house, await house.program("administrator"))
    operator = await house.program("operator")

    headers = httpx.Headers([(b"x-reason", reason.encode())])
    good(await operator.get(f"/people/{ids['wearer']}/position", headers=headers))

    assert reason == (await house.audited())[-1].reason


async def test_no_audit_no_answer(house: House):
    """If the audit cannot be written a look-up is refused, and shows nothing."""
    ids = await a_case(house, await house.program("administrator"))
    operator = await house.program("operator")
    await house.records.write(
        lambda c: c.execute(
            text(
                "create trigger broken before insert on audit "
                "begin select raise(abort, 'the disk is full'); end"
            )
        )
    )

    answer = await operator.get(f"/people/{ids['wearer']}/position", headers=WHY)

    assert 503 == answer.status_code
    assert "51.6" not in answer.text


async def test_a_person_without_a_position_has_none(house: House):
    """Somebody never seen is answered with no place instead of a guess."""
    ids = await a_case(house, await house.program("administrator"))
    operator = await house.program("operator")

    read = good(await operator.get(f"/people/{ids['protected']}/position", headers=WHY))

    assert (ids["protected"], None, None) == (read["person_id"], read["lat"], read["t"])


async def test_a_track_comes_in_order_and_pages(house: House):
    """A track shows every fix of the period once, by time, however small the pages."""
    ids = await a_case(house, await house.program("administrator"))
    operator = await house.program("operator")
    begin = house.now
    for number in range(2, 7):
        house.later(seconds=10)
        await house.records.write(
            lambda c, n=number: add_fix(c, house, ids["device"], ids["wearer"], n)
        )
    asked: dict[str, Any] = {
        "from": begin.isoformat(),
        "to": (begin + timedelta(seconds=45)).isoformat(),
        "limit": 2,
    }
    seqs: list[int] = []

    while True:
        page = good(await operator.get(f"/people/{ids['wearer']}/track", params=asked, headers=WHY))
        seqs += [item["seq"] for item in page["items"]]
        if page["next"] is None:
            break
        asked["cursor"] = page["next"]

    assert [1, 2, 3, 4, 5] == seqs
    assert "accepted" == page["items"][0]["state"]


async def test_an_offset_in_an_address_may_lose_its_plus(house: House):
    """`+00:00` typed into an address without escaping is understood."""
    ids = await a_case(house, await house.program("administrator"))
    operator = await house.program("operator")

    answer = await operator.get(
        f"/people/{ids['wearer']}/track?from=2026-11-22T00:00:00+00:00&to=2026-11-23T00:00:00+00:00",
        headers=WHY,
    )

    assert 1 == len(good(answer)["items"])


async def test_an_officer_sees_only_own_cases(house: House):
    """A case appears to an officer when it is given, and is gone when it is taken away."""
    admin = await house.program("administrator")
    own, other = await a_case(house, admin, "own"), await a_case(house, admin, "other")
    officer = await house.program("officer")
    me = good(await officer.get("/session"))["account_id"]
    path = f"/orders/{own['order']}/officers"
    good(await admin.put(path, json={"officers": [me]}))

    listed = good(await officer.get("/incidents"))["items"]
    seen = await officer.get(f"/incidents/{own['incident']}")
    unseen = await officer.get(f"/incidents/{other['incident']}")
    missing = await officer.get("/incidents/incident-none")
    hers = await officer.get(f"/people/{own['protected']}/position", headers=WHY)
    good(await admin.put(path, json={"officers": []}))
    gone = await officer.get(f"/incidents/{own['incident']}")

    assert [own["incident"]] == [item["id"] for item in listed]
    assert (200, 404, 200, 404) == (
        seen.status_code,
        unseen.status_code,
        hers.status_code,
        gone.status_code,
    )
    assert missing.json() == unseen.json()
    denied = [e for e in await house.audited() if e.outcome.value == "denied"]
    assert f"incident:{other['incident']}" in [entry.subject for entry in denied]
