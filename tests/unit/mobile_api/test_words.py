"""Small rules of the door: reasons, codes, delays, cursors, and the examples we publish."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from mobile_api import bodies, examples, reasons
from mobile_api.app import create_app
from mobile_api.codes import code_of, tidied
from mobile_api.deps import Deps
from mobile_api.lists import cursor_of, instant_in, mark_of, number_in
from mobile_api.problems import ProblemError
from mobile_api.session import LoginIn
from mobile_api.throttle import DELAY_MOST, delay_after


@pytest.mark.parametrize("reason", ["", ".", "x", "asdf", "qwerty", "test", "aaaaaaa", "ha ha ha"])
def test_a_row_of_keys_is_no_reason(reason: str):
    """Nothing, a dot, a row of keys, one letter again and again: none of them says why."""
    assert reasons.fault_of(reason) is not None


@pytest.mark.parametrize("reason", ["Patrol asks", "Incident 4711, school", "Прошла проверка"])
def test_words_are_a_reason(reason: str):
    """A few words in any script can be a reason; whether it is true is read in the audit."""
    assert reasons.fault_of(reason) is None


@given(reason=st.text(max_size=600))
def test_every_text_is_judged(reason: str):
    """Any text is a reason or has a fault in words."""
    assert reasons.fault_of(reason) != ""


def test_a_header_is_read_as_it_was_meant():
    """What was sent as UTF-8 is read as UTF-8, and Latin-1 stays Latin-1."""
    assert "Überprüfung" == reasons.decoded("Überprüfung".encode().decode("latin-1"))
    assert "Überprüfung" == reasons.decoded("Überprüfung")


@given(secret=st.text(min_size=1))
def test_a_code_survives_being_typed(secret: str):
    """Lower case, blanks, no hyphen and look-alikes lead to the same code."""
    code = code_of(secret)

    typed = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert code == tidied(f" {typed} ")
    assert 11 == len(code)


def test_delays_grow_and_end():
    """The first three tries are free, then it doubles, and never beyond five minutes."""
    seconds = [delay_after(failures).total_seconds() for failures in range(7)]

    assert [0, 0, 0, 1, 2, 4, 8] == seconds
    assert DELAY_MOST == delay_after(10**9)


@given(at=st.datetimes(timezones=st.just(UTC)), number=st.integers(-(2**63), 2**63 - 1))
def test_a_cursor_is_read_back(at: datetime, number: int):
    """What a cursor was made of comes out of it."""
    mark = mark_of(cursor_of([at.isoformat(), number]), 2)

    assert mark is not None
    assert (at, number) == (instant_in(mark[0]), number_in(mark[1]))


@given(cursor=st.text(max_size=60))
def test_a_foreign_cursor_is_refused(cursor: str):
    """Anything else is a problem of the caller's, in words."""
    try:
        mark = mark_of(cursor, 2)
        assert mark is not None
        instant_in(mark[0])
    except ProblemError as problem:
        assert 422 == problem.http_status  # noqa: PT017 - either outcome is right.


#: Which reader takes the examples that are published for it.
READERS: list[tuple[Any, examples.Examples]] = [
    (bodies.PersonIn, examples.PEOPLE),
    (bodies.DeviceIn, examples.DEVICES),
    (bodies.OrderIn, examples.ORDERS),
    (bodies.OfficersIn, examples.OFFICER_LISTS),
    (bodies.AccountIn, examples.ACCOUNTS),
    (bodies.ActIn, examples.ACTS),
    (bodies.CallIn, examples.CALLS),
    (bodies.PositionIn, examples.PLACES),
    (bodies.EnrolIn, examples.CODES),
    (LoginIn, examples.LOGINS),
]


@pytest.mark.parametrize(("reader", "published"), READERS)
def test_published_examples_are_accepted(reader: Any, published: examples.Examples):
    """What OpenAPI shows as an example of a body is one."""
    for example in published.values():
        assert TypeAdapter(reader).validate_python(example.get("value"))


def test_every_call_shows_an_answer():
    """OpenAPI shows an example of what each call answers, and of the problems it may meet."""
    nothing: Any = None
    deps: Deps = nothing
    paths: dict[str, dict[str, Any]] = create_app(deps).openapi()["paths"]
    silent = [
        f"{method} {path}"
        for path, methods in paths.items()
        for method, call in methods.items()
        if path.startswith("/api/") and not _shows(call["responses"])
    ]

    assert [] == silent


def _shows(responses: dict[str, Any]) -> bool:
    content = [
        answer.get("content", {}) for code, answer in responses.items() if code in {"200", "201"}
    ]
    shown = all("example" in one.get("application/json", {}) for one in content)
    return shown and "application/problem+json" in responses["422"]["content"]
