"""Bytes and instants: what leaves comes back, and what is damaged is refused by name."""

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.position import Position
from runtime.wire import FORMAT, InstantError, WireError, decode, encode, parse_rfc3339, rfc3339


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """A value with one of everything that travels."""

    place: Position
    seen_at: datetime
    label: str | None = None


SAMPLE = Sample(
    place=Position(latitude_deg=51.6, longitude_deg=0.0),
    seen_at=datetime(2026, 11, 22, 14, 2, 7, 120_000, tzinfo=UTC),
)
ZONES = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda m: timezone(timedelta(minutes=m)))


def test_what_is_encoded_is_decoded() -> None:
    """A value survives the wire unchanged, its aware instant included."""
    assert SAMPLE == decode(encode(SAMPLE), Sample)


def test_unions_decode_by_their_type() -> None:
    """A decoder may expect one of several types."""
    assert [1, "a"] == decode(encode([1, "a"]), list[int | str])


def test_a_body_begins_with_its_format() -> None:
    """The first byte names the format."""
    assert FORMAT == encode(SAMPLE)[:1]


@pytest.mark.parametrize(
    "body", [b"", b"\x00", b"\x02" + encode(SAMPLE)[1:], encode(SAMPLE)[:-1], encode("Alice")]
)
def test_a_damaged_body_is_refused_without_quoting_it(body: bytes) -> None:
    """A body of another format or type is an error that repeats nothing of the content."""
    with pytest.raises(WireError) as refused:
        decode(body, Sample)

    assert "Alice" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_instants_are_written_in_utc_and_cut_to_milliseconds() -> None:
    """An instant leaves as RFC 3339, UTC, milliseconds, Z; the rest is cut, never rounded up."""
    paris = timezone(timedelta(hours=1))

    assert "2026-11-22T13:02:07.999Z" == rfc3339(
        datetime(2026, 11, 22, 14, 2, 7, 999_999, tzinfo=paris)
    )


@given(st.datetimes(timezones=st.just(UTC)))
def test_instants_come_back(instant: datetime) -> None:
    """Text and instant agree to the millisecond, for every year there is."""
    assert instant.replace(microsecond=instant.microsecond // 1000 * 1000) == parse_rfc3339(
        rfc3339(instant)
    )


@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=ZONES))  # noqa: DTZ001
def test_every_offset_is_understood(instant: datetime) -> None:
    """An offset moves the text and not the instant."""
    assert instant == parse_rfc3339(instant.isoformat())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-22T14:02:07Z", datetime(2026, 11, 22, 14, 2, 7, tzinfo=UTC)),
        ("2026-11-22t14:02:07z", datetime(2026, 11, 22, 14, 2, 7, tzinfo=UTC)),
        ("2026-11-22 14:02:07-00:00", datetime(2026, 11, 22, 14, 2, 7, tzinfo=UTC)),
        ("2026-11-22T14:02:07.1Z", datetime(2026, 11, 22, 14, 2, 7, 100_000, tzinfo=UTC)),
        ("2026-11-22T14:02:07.123456789Z", datetime(2026, 11, 22, 14, 2, 7, 123_456, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("2017-01-01T00:59:60.5+01:00", datetime(2017, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC)),
    ],
)
def test_instants_are_read_as_rfc_3339_says(text: str, expected: datetime) -> None:
    """Lower case, a space, any number of decimals and leap seconds are RFC 3339."""
    assert expected == parse_rfc3339(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-22T14:02:07",  # no offset
        "2026-11-22",
        "2026-11-22T14:02Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T14:02:60Z",  # no leap second in the middle of a day
        "2026-02-30T14:02:07Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",  # before year 1 in UTC
        "9999-12-31T23:59:60Z",
        "2026-11-22T14:02:07+24:00",
        "2026-11-22T14:02:07+0100",
        "2026-11-22T14:02:07.Z",
        "2026-W47-7T14:02:07Z",
        "٢٠٢٦-11-22T14:02:07Z",
        " 2026-11-22T14:02:07Z",
        "2026-11-22T14:02:07Z\n",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    """What RFC 3339 does not say is no instant, however plausible it looks."""
    with pytest.raises(InstantError):
        parse_rfc3339(text)
