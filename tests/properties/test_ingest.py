"""Ingest under every input: it never breaks, never forgets, and never counts anything twice."""

import json
from typing import cast

from hypothesis import example, given
from hypothesis import strategies as st

from domain.reading import Fix, RawMessage
from ingest.codecs import Dialect, decode
from ingest.payload import Fault, parse
from ingest.sequence import SeqSet, commit
from tests.unit.ingest.builders import NOW, TAG, Ingest, a_body, a_message, text_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
FIELDS = st.sampled_from(
    [
        "t",
        "lat",
        "lon",
        "acc",
        "spd",
        "cog",
        "alt",
        "sats",
        "batt",
        "seq",
        "boot",
        "oldest",
        "src",
        "type",
        "_type",
        "tst",
        "vel",
    ]
)
DIALECTS = st.sampled_from(list(Dialect))


@given(DIALECTS, st.binary(max_size=300))
@example(Dialect.NATIVE_FIX, b'{"t":0,"lat":1e308,"lon":-1e308}')
def test_no_bytes_break_a_codec(dialect: Dialect, payload: bytes) -> None:
    """Whatever arrives, a codec answers with reports or faults, and never by its own failing."""
    items = decode(dialect, RawMessage(topic="t", payload=payload, received_at=NOW))

    assert [] == [
        item for item in items if isinstance(item, Fault) and item.reason == "decoder_failed"
    ]


@given(DIALECTS, st.dictionaries(FIELDS, JSON) | st.lists(st.dictionaries(FIELDS, JSON)))
def test_no_values_break_a_codec(dialect: Dialect, body: object) -> None:
    """Known fields with any values at all are reports or faults."""
    payload = json.dumps(body).encode()
    items = decode(dialect, RawMessage(topic="t", payload=payload, received_at=NOW))

    assert [] == [
        item for item in items if isinstance(item, Fault) and item.reason == "decoder_failed"
    ]


@given(JSON)
def test_what_python_writes_the_door_reads(value: object) -> None:
    """Any value that JSON can say passes the door as itself, to the precision of a float."""
    written = json.dumps(value)
    if "NaN" in written or "Infinity" in written:
        return
    parsed = parse(written.encode())

    assert isinstance(parsed, Fault) or _as_floats(json.loads(written)) == _as_floats(parsed)


@given(st.lists(st.integers(0, 60), min_size=1))
def test_a_seq_set_is_the_set_it_was_given(numbers: list[int]) -> None:
    """Membership, high-water mark and islands agree with a plain set, in every order."""
    held: SeqSet | None = None
    for number in numbers:
        held = commit(held, number, None)
    assert held is not None
    plain = set(numbers)
    reached = numbers[0]
    while reached + 1 in plain:
        reached += 1
    listed = {n for first, last in held.islands for n in range(first, last + 1)}

    assert plain == {n for n in range(-2, 63) if n in held}
    assert reached == held.contiguous
    assert {n for n in plain if n > reached} == listed
    assert all(b[0] > a[1] + 1 for a, b in zip(held.ranges, held.ranges[1:], strict=False))


@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=30),
    st.integers(1, 5),
)
def test_repeats_and_batches_never_change_what_is_kept(numbers: list[int], size: int) -> None:
    """However a device repeats and bundles its fixes, each is kept once, and all are counted."""
    bodies = [a_body(boot=1, seq=n, t=NOW.timestamp() - 100 + n) for n in numbers]
    chunks = [bodies[at : at + size] for at in range(0, len(bodies), size)]
    ingest = Ingest()
    kept = ingest.outcomes(*(a_message(cast("list[object]", chunk)) for chunk in chunks))

    assert set(numbers) == {fix.seq for fix in kept if isinstance(fix, Fix)}
    assert len(set(numbers)) == len(kept)
    assert all(number in ingest.memory.sequences[(TAG, 1)] for number in numbers)


@given(st.integers(0, 100), st.integers(0, 100))
def test_an_identity_is_of_what_was_said_not_of_how(first: int, second: int) -> None:
    """The order of keys and white space do not make another message; another value does."""
    body = a_body(boot=1, seq=1, batt=first)
    turned = dict(reversed((body | {"batt": second}).items()))
    ingest = Ingest()
    kept = ingest.outcomes(a_message(body), a_message(text_of(turned).replace(b" ", b"  ")))

    assert (1 if first == second else 2) == len(kept)


def _as_floats(value: object) -> object:
    """Return `value` with every number as a float."""
    return json.loads(json.dumps(value), parse_int=float)
