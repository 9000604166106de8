"""The catalogue of bad input, M1 to M50: what becomes of a single message, by id.

Repeats, batches and events are in test_bad_sequences.py.

Those that are not here are refused before ingest (M3, M36, M40 by the broker), or judged by the
engine, which knows other fixes (M12, M18, M42, M43, M44).
"""

from datetime import UTC, datetime, timedelta

import pytest

from domain.reading import (
    Fix,
    FixState,
    Quarantined,
    Reason,
    Rejection,
)
from tests.unit.ingest.builders import (
    NOW,
    TAG,
    Ingest,
    a_body,
    a_message,
    outcome_of,
    text_of,
)

SECONDS = NOW.timestamp()


def _with(field: str, literal: str) -> bytes:
    """Return a good fix in which `field` is written as `literal`."""
    return text_of(a_body(**{field: "@"})).replace(b'"@"', literal.encode())


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        pytest.param(b"", Reason.EMPTY, id="M1"),
        pytest.param(b"  \n", Reason.EMPTY, id="M1-blank"),
        pytest.param(b'{"lat":51.', Reason.NOT_JSON, id="M2"),
        pytest.param(b'{"lat":51} {"lat":52}', Reason.NOT_JSON, id="M2-two-values"),
        pytest.param(b"\xef\xbb\xbf{}", Reason.NOT_JSON, id="M2-byte-order-mark"),
        pytest.param(b" " * 65_537 + b"{}", Reason.TOO_LARGE, id="M3"),
        pytest.param(b"[" * 60_000, Reason.TOO_DEEP, id="M4"),
        pytest.param(b'{"a":' * 10_000, Reason.TOO_DEEP, id="M4-objects"),
        pytest.param(b"[" * 17 + b"]" * 17, Reason.TOO_DEEP, id="M4-just-too-deep"),
        pytest.param(b"\xff\xfe\x00", Reason.NOT_UTF8, id="M5"),
        pytest.param(b'{"t":"\\ud800"}', Reason.NOT_UTF8, id="M5-lone-surrogate"),
        pytest.param(b"51.5", Reason.WRONG_SHAPE, id="M31-number"),
        pytest.param(b'"fix"', Reason.WRONG_SHAPE, id="M31-text"),
        pytest.param(b"null", Reason.WRONG_SHAPE, id="M31-null"),
        pytest.param(b"\x1f\x8b\x08\x00\x00\x00", Reason.NOT_UTF8, id="M46-gzip"),
        pytest.param(b"\xa2clat\xf9", Reason.NOT_UTF8, id="M46-cbor"),
    ],
)
def test_what_cannot_be_read_is_quarantined(payload: bytes, reason: Reason) -> None:
    """Bytes that no codec can read are set aside with the reason."""
    outcome = outcome_of(payload)

    assert isinstance(outcome, Quarantined)
    assert reason is outcome.reason


@pytest.mark.parametrize(
    ("payload", "reason", "field"),
    [
        pytest.param(_with("lat", "NaN"), Reason.NOT_FINITE, "lat", id="M6"),
        pytest.param(_with("lon", "1e999"), Reason.NOT_FINITE, "lon", id="M7-1e999"),
        pytest.param(_with("lon", "Infinity"), Reason.NOT_FINITE, "lon", id="M7-infinity"),
        pytest.param(_with("lon", "-Infinity"), Reason.NOT_FINITE, "lon", id="M7-minus"),
        pytest.param(_with("lat", "90.0000001"), Reason.OUT_OF_RANGE, "lat", id="M8"),
        pytest.param(_with("lat", "-91"), Reason.OUT_OF_RANGE, "lat", id="M8-south"),
        pytest.param(_with("lon", "181"), Reason.OUT_OF_RANGE, "lon", id="M10"),
        pytest.param(_with("lon", "540"), Reason.OUT_OF_RANGE, "lon", id="M10-wrapped"),
        pytest.param(_with("lat", '"51.5"'), Reason.WRONG_TYPE, "lat", id="M13"),
        pytest.param(_with("lat", "true"), Reason.WRONG_TYPE, "lat", id="M14"),
        pytest.param(_with("lat", "9" * 400), Reason.NOT_FINITE, "lat", id="M15"),
        pytest.param(_with("lat", "[51.5]"), Reason.WRONG_TYPE, "lat", id="M13-list"),
        pytest.param(text_of(a_body(t=None)), Reason.MISSING_FIELD, "t", id="M19-missing"),
        pytest.param(text_of(a_body(lat=None)), Reason.MISSING_FIELD, "lat", id="M19-no-lat"),
        pytest.param(_with("t", str(2**63)), Reason.FROM_THE_FUTURE, "t", id="M21-2^63"),
        pytest.param(_with("t", "1e300"), Reason.FROM_THE_FUTURE, "t", id="M21-1e300"),
        pytest.param(_with("t", str(SECONDS * 1e3)), Reason.TIME_SCALE, "t", id="M23-ms"),
        pytest.param(_with("t", str(SECONDS * 1e6)), Reason.TIME_SCALE, "t", id="M23-us"),
        pytest.param(_with("t", str(int(SECONDS) * 10**9)), Reason.TIME_SCALE, "t", id="M23-ns"),
        pytest.param(_with("t", '"2026-03-29T01:30:00"'), Reason.TIME_WITHOUT_ZONE, "t", id="M24"),
        pytest.param(_with("t", '"2026-02-30T00:00:00Z"'), Reason.TIME_UNREADABLE, "t", id="M25"),
        pytest.param(
            _with("t", '"2026-11-22T14:02:60Z"'), Reason.TIME_UNREADABLE, "t", id="M25-60"
        ),
        pytest.param(_with("t", '"yesterday"'), Reason.TIME_UNREADABLE, "t", id="M25-words"),
        pytest.param(_with("t", "-1e300"), Reason.TIME_UNREADABLE, "t", id="M25-before-all"),
        pytest.param(_with("t", "true"), Reason.WRONG_TYPE, "t", id="M14-instant"),
        pytest.param(_with("lat", '51,"lat":52'), Reason.DUPLICATE_KEY, None, id="M33"),
    ],
)
def test_what_says_nothing_usable_is_rejected(
    payload: bytes, reason: Reason, field: str | None
) -> None:
    """A readable object that is no fix is kept as a rejection that names the field."""
    outcome = outcome_of(payload)

    assert isinstance(outcome, Rejection)
    assert (reason, field) == (outcome.reason, outcome.field)


@pytest.mark.parametrize(
    "claimed",
    [
        pytest.param("9999-12-31T23:59:59Z", id="M21-year-9999"),
        pytest.param(2**31, id="M21-2^31"),
    ],
)
def test_an_instant_years_ahead_is_rejected(claimed: object) -> None:
    """An instant that no drifting clock reaches is no instant."""
    outcome = outcome_of(a_body(t=claimed))

    assert isinstance(outcome, Rejection)
    assert Reason.FROM_THE_FUTURE is outcome.reason


def _fix(payload: bytes | dict[str, object]) -> Fix:
    outcome = outcome_of(payload)
    assert isinstance(outcome, Fix)
    return outcome


@pytest.mark.parametrize(
    ("claimed", "fixed_at", "state", "reason"),
    [
        pytest.param(0, NOW, FixState.HELD, Reason.CLOCK_FAULT, id="M19-1970"),
        pytest.param("2000-01-01T00:00:00Z", NOW, FixState.HELD, Reason.CLOCK_FAULT, id="M19-2000"),
        pytest.param(
            SECONDS - 60 - 1024 * 7 * 86_400,
            NOW - timedelta(seconds=60),
            FixState.HELD,
            Reason.CLOCK_FAULT,
            id="M20",
        ),
        pytest.param(SECONDS + 30, NOW + timedelta(seconds=30), FixState.ACCEPTED, None, id="M22"),
        pytest.param(SECONDS + 31, NOW, FixState.HELD, Reason.CLOCK_FAULT, id="M22-31s"),
        pytest.param(SECONDS + 600, NOW, FixState.HELD, Reason.CLOCK_FAULT, id="M22-10min"),
        pytest.param(
            SECONDS - 8 * 3600, NOW - timedelta(hours=8), FixState.ACCEPTED, None, id="M30"
        ),
    ],
)
def test_a_wrong_clock_is_put_right_and_held(
    claimed: object, fixed_at: datetime, state: FixState, reason: Reason | None
) -> None:
    """The place counts even where the clock does not: held, dated by its arrival."""
    fix = _fix(a_body(t=claimed))

    assert (fixed_at, state, reason) == (fix.fixed_at, fix.state, fix.reason)


def test_m22_a_future_fix_does_not_make_good_ones_late() -> None:
    """After a fix with a clock ten minutes ahead, the next good one is taken at its word."""
    ingest = Ingest()
    ahead = a_message(a_body(t=SECONDS + 600))
    good = a_message(a_body(t=SECONDS + 5), received_at=NOW + timedelta(seconds=6))

    states = [fix.state for fix in ingest.outcomes(ahead, good) if isinstance(fix, Fix)]

    assert [FixState.HELD, FixState.ACCEPTED] == states


def test_m25_a_leap_second_is_accepted() -> None:
    """23:59:60 UTC is an instant, in whatever zone it is written."""
    leap = a_message(
        a_body(t="2016-12-31T23:59:60Z"), received_at=datetime(2017, 1, 1, 0, 0, 2, tzinfo=UTC)
    )
    (fix,) = Ingest().outcomes(leap)

    assert isinstance(fix, Fix)
    assert datetime(2017, 1, 1, tzinfo=UTC) == fix.fixed_at


@pytest.mark.parametrize(
    ("literal", "longitude_deg"),
    [
        pytest.param("180", 180.0, id="M9-east"),
        pytest.param("-180", -180.0, id="M9-west"),
        pytest.param("-0.0", 0.0, id="M16-minus-zero"),
        pytest.param("5e-324", 0.0, id="M16-denormal"),
        pytest.param("0", 0.0, id="M16-zero"),
    ],
)
def test_odd_but_true_longitudes_are_accepted(literal: str, longitude_deg: float) -> None:
    """The antimeridian is a place, and so is Greenwich, whatever zero looks like."""
    fix = _fix(_with("lon", literal))

    assert FixState.ACCEPTED is fix.state
    assert str(longitude_deg) == str(fix.position.longitude_deg)


def test_m11_null_island_is_held() -> None:
    """A receiver that reports (0, 0) has no position: kept, and held."""
    fix = _fix(a_body(lat=0, lon=0))

    assert (FixState.HELD, Reason.NULL_ISLAND) == (fix.state, fix.reason)


@pytest.mark.parametrize(
    ("literal", "accuracy_m"),
    [
        pytest.param("-1", None, id="M17-negative"),
        pytest.param("0", None, id="M17-zero"),
        pytest.param("null", None, id="M17-null"),
        pytest.param("NaN", None, id="M17-nan"),
        pytest.param('"8"', None, id="M17-text"),
        pytest.param("true", None, id="M17-bool"),
        pytest.param("1e999", None, id="M17-infinite"),
        pytest.param("1e6", 1e6, id="M17-1e6"),
        pytest.param("5000", 5000.0, id="M18"),
    ],
)
def test_a_claimed_accuracy_is_a_number_or_unknown(literal: str, accuracy_m: float | None) -> None:
    """What is no positive radius is unknown, never perfect, and costs nothing but itself."""
    fix = _fix(_with("acc", literal))

    assert (FixState.ACCEPTED, accuracy_m) == (fix.state, fix.accuracy_m)


def test_m17_an_absent_accuracy_is_unknown() -> None:
    """A fix without a radius is kept; its radius is unknown."""
    assert _fix(a_body(acc=None)).accuracy_m is None


@pytest.mark.parametrize(
    ("field", "literal", "attribute"),
    [
        pytest.param("batt", "101", "battery_percent", id="M45"),
        pytest.param("batt", '"full"', "battery_percent", id="M45-text"),
        pytest.param("spd", "-5", "speed_mps", id="M50-speed"),
        pytest.param("cog", "400", "course_deg", id="M50-course"),
        pytest.param("alt", "NaN", "altitude_m", id="M50-altitude"),
        pytest.param("sats", "7.5", "satellites", id="M50-satellites"),
        pytest.param("seq", '"12"', "seq", id="M50-seq"),
    ],
)
def test_a_bad_extra_is_dropped_and_the_fix_kept(field: str, literal: str, attribute: str) -> None:
    """An optional field that makes no sense costs nothing but itself."""
    fix = _fix(_with(field, literal))

    assert FixState.ACCEPTED is fix.state
    assert getattr(fix, attribute) is None


@pytest.mark.parametrize(
    "unknown",
    [
        pytest.param('"__proto__": {"lat": 0}', id="M34-proto"),
        pytest.param('"$where": "sleep(1)"', id="M34-where"),
        pytest.param('"id": "tag-8"', id="M35-body-id"),
        pytest.param('"note": "<script>alert(1)</script>\\u202e\\u0000"', id="M49"),
        pytest.param('"huge": ' + "9" * 400, id="M15-unknown-field"),
        pytest.param('"nested": {"a": 1, "a": 2}', id="M33-unknown-field"),
    ],
)
def test_unknown_fields_are_ignored(unknown: str) -> None:
    """What we did not ask for is not interpreted, and the sender is whom the topic names."""
    fix = _fix(b"{" + unknown.encode() + b", " + text_of(a_body())[1:])

    assert (FixState.ACCEPTED, TAG) == (fix.state, fix.device_id)
