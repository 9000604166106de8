"""The log: whatever is thrown at it, no place, no name and no telephone number comes out.

The secrets below are planted in every way we could think of; a new leak becomes a new case.
"""

import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import pytest

from domain.errors import KeepclearError
from domain.order import Person, PersonRole
from domain.position import Position
from runtime import log
from runtime.log_redaction import clean_foreign, clean_text
from runtime.settings import Settings

LATITUDE = 51.617123
LONGITUDE = -0.107912
NAME = "Xanthippe"
PHONE = "+44 7700 900123"
#: Fragments none of which may ever appear.
PLANTED = ("51.6", "1.617", "617123", "0.107", "107912", NAME, "900123", "7700 9", "77009")
PLACE = Position(latitude_deg=LATITUDE, longitude_deg=LONGITUDE)


class PlantedError(KeepclearError):
    """Planted by a test."""


@dataclass
class Passport:
    """An object whose repr tells all, as most do."""

    owner: str = NAME
    latitude: float = LATITUDE


@pytest.fixture(params=["json", "console"])
def out(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """Configure the log into a buffer, and put everything back afterwards."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level, logging.raiseExceptions)
    hooks = (sys.excepthook, threading.excepthook, sys.unraisablehook)
    stream = io.StringIO()
    style: Literal["json", "console"] = request.param
    log.configure("debug", style, stream)
    yield stream
    logging.captureWarnings(capture=False)
    root.handlers[:], logging.raiseExceptions = before[0], before[2]
    root.setLevel(before[1])
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks


def leaks(text: str) -> list[str]:
    """Return the planted fragments that are in `text`."""
    return [fragment for fragment in PLANTED if fragment in text]


FIELDS: list[dict[str, object]] = [
    {"lat": LATITUDE, "lon": LONGITUDE},
    {"lat": 51, "latitude_deg": "51.6", "homeLatitude": LATITUDE, "LAT": LATITUDE},
    {"position": PLACE},
    {"where": PLACE, "seen": [PLACE], "both": (PLACE, {"a": PLACE})},
    {"where": (LATITUDE, LONGITUDE)},
    {"where": [[LATITUDE, LONGITUDE], [LATITUDE, LONGITUDE]]},
    {"x": LATITUDE, "y": LONGITUDE},
    {"x": f"{LATITUDE},{LONGITUDE}"},
    {"x": f"{LATITUDE:.4f} {LONGITUDE:.4f}", "y": f"{LATITUDE:.2f}, {LONGITUDE:.2f}"},
    {"x": f"near {LATITUDE}", "y": f"lat={LATITUDE:.1f}", "z": f'{{"lat": {LATITUDE:.2f}}}'},
    {"x": "51°37'01.6\"N 0°06'28.4\"W", "y": "51.617° N"},
    {"x": f"$GPRMC,140207,A,5137.027,N,{LONGITUDE}"},
    {"x": f"POINT({LONGITUDE} {LATITUDE})", "wkt": NAME},
    {"geometry": {"type": "Point", "coordinates": [LONGITUDE, LATITUDE]}},
    {"deep": {"a": {"b": {"c": {"d": {"e": LATITUDE}}}}}},
    {"deep": {"person": {"name": NAME}, "phone": PHONE}},
    {"name": NAME, "display_name": NAME, "fullName": NAME, "names": [NAME]},
    {"phone": PHONE, "x": PHONE, "y": "07700 900123", "z": "tel:+447700900123"},
    {"x": f"call (07700) 900123 or {PHONE}", "y": "0044 7700 900123"},
    {"mail": f"{NAME}@example.org", "x": f"to {NAME}@example.org"},
    {"payload": f'{{"lat":{LATITUDE}}}', "body": f"{NAME}".encode(), "x": f"{NAME}".encode()},
    {"raw": NAME, "text": NAME, "note": NAME, "message": NAME, "address": NAME},
    {"person": Person(person_id="p-1", role=PersonRole.PROTECTED, name=NAME, phone=PHONE)},  # type: ignore[arg-type]
    {"subject": Passport(), "subjects": {"a": Passport()}, "kind": Passport},
    {"error": ValueError(f"{NAME} {LATITUDE}"), "x": KeyError(NAME)},
    {"call": lambda: NAME, "gen": (NAME for _ in ()), "made": object()},
    {"x": f"[parameters: ('{NAME}', {LATITUDE})]", "y": f"input_value='{NAME}'"},
    {f"key {LATITUDE}": 1, f"{PHONE}": 2},
    {"x": complex(LATITUDE, LONGITUDE), "y": range(3)},
    {"_lat": LATITUDE, "_name": NAME, "exception": NAME, "at": NAME, "level": NAME},
    {"stack_info": NAME, "stack": NAME, "positional_args": (NAME,)},
    {"x": f"\n{LATITUDE}\r\n{LONGITUDE}"},
    {"x": str(LATITUDE).replace(".", ","), "y": f"N{LATITUDE}W{LONGITUDE}"},
    {"x": f"lat:{LATITUDE}", "y": f"geo:{LATITUDE},{LONGITUDE}", "z": f"{LATITUDE}e0"},
]


@pytest.mark.parametrize("fields", FIELDS, ids=lambda fields: "+".join(map(str, fields))[:40])
def test_fields_do_not_leak(out: io.StringIO, fields: dict[str, object]) -> None:
    """No field, whatever its key, its type and its depth, tells a place or a person."""
    log.logger("room").info("fix_admitted", **fields)

    assert "fix_admitted" in out.getvalue()
    assert [] == leaks(out.getvalue())


@pytest.mark.parametrize(
    "event", [f"{NAME} is at {LATITUDE}", f"fix from {NAME}", NAME, f"at_{LATITUDE}"]
)
def test_an_event_made_of_values_is_hidden(out: io.StringIO, event: str) -> None:
    """Events are constant words; a sentence put together from values is not shown at all."""
    log.logger("room").warning(event)

    assert "<hidden>" in out.getvalue()
    assert [] == leaks(out.getvalue())


def test_without_configuration_nothing_leaks_either(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """A program that forgot to configure the log is no more talkative than others."""
    try:
        raise_value()
    except ValueError:
        log.logger("room").exception("room_crashed", lat=LATITUDE, position=PLACE, owner=Passport())

    assert "room_crashed" in caplog.text
    assert [] == leaks(caplog.text + "".join(capsys.readouterr()))


def test_bound_fields_do_not_leak(out: io.StringIO) -> None:
    """Fields bound long before are redacted like the others."""
    log.logger("room").bind(lat=LATITUDE, who=NAME).info("fix_admitted", device_id="tag-7")

    assert "tag-7" in out.getvalue()
    assert [] == leaks(out.getvalue())


def raise_value() -> None:
    """Fail as a parser does, with locals that tell all."""
    secret_place, secret_name = LATITUDE, NAME
    raise ValueError(f"could not read '{secret_name}' near {secret_place}")


def raise_key() -> None:
    """Fail as a look-up does."""
    {}[NAME]


def raise_chained() -> None:
    """Fail because of a failure."""
    try:
        raise_value()
    except ValueError as error:
        raise PlantedError(f"no fix at {LATITUDE}, {LONGITUDE}") from error


def raise_group() -> None:
    """Fail twice at once."""
    errors: list[Exception] = []
    for work in (raise_value, raise_key, raise_chained):
        try:
            work()
        except (ValueError, KeyError, KeepclearError) as error:
            errors.append(error)
    raise ExceptionGroup(f"'{NAME}'", errors)


def raise_noted() -> None:
    """Fail with a note attached."""
    error = TypeError(f"`{NAME}`")
    error.add_note(f"{NAME} {LATITUDE}")
    raise error


def raise_validation() -> None:
    """Fail as pydantic does, which quotes its input."""
    Settings(http_port=LATITUDE, mqtt_host=[NAME])  # type: ignore[arg-type]


FAILURES = [raise_value, raise_key, raise_chained, raise_group, raise_noted, raise_validation]


@pytest.mark.parametrize("work", FAILURES)
def test_tracebacks_do_not_leak(out: io.StringIO, work: Callable[[], None]) -> None:
    """A traceback shows where, never locals, source lines or what an error quotes."""
    try:
        work()
    except Exception as error:
        log.logger("room").exception("room_crashed")
        log.logger("room").error("room_crashed", exc_info=error)
        logging.getLogger("asyncio").exception("Task failed: %r", error)  # noqa: TRY401 - so do they
        logging.getLogger("other").error(error)  # noqa: TRY400 - as careless libraries do

    assert work.__name__ in out.getvalue()
    assert 2 == out.getvalue().count("room_crashed")
    assert [] == leaks(out.getvalue())


def test_a_traceback_still_helps(out: io.StringIO) -> None:
    """Kind, file, line, function and the chain of causes remain."""
    try:
        raise_chained()
    except KeepclearError:
        log.logger("room").exception("room_crashed")

    assert "PlantedError" in out.getvalue()
    assert "ValueError" in out.getvalue()
    assert "test_log.py:" in out.getvalue()


FOREIGN: list[tuple[str, tuple[object, ...]]] = [
    (f"fix at {LATITUDE}, {LONGITUDE}", ()),
    ("fix at %s, %s", (LATITUDE, LONGITUDE)),
    ("fix at %.4f, %.4f", (LATITUDE, LONGITUDE)),
    ("fix %(lat)s", ({"lat": LATITUDE},)),
    ("object %r", (Passport(),)),
    ("object %s", (PLACE,)),
    ("bytes %r", (NAME.encode(),)),
    ("quoted %r", (NAME,)),
    ("error %s", (ValueError(f"'{NAME}'"),)),
    ("not enough %s %s", (LATITUDE,)),
    ("wrong kind %d", (NAME,)),
    ("[generated in 0.00012s] %r", ((NAME, LATITUDE),)),
    (f"[parameters: ({NAME}, {LATITUDE})]", ()),
    (f"1 validation error: input_value={NAME}, input_type=str", ()),
    ('127.0.0.1:5000 - "GET /x?id=1&lat=51.617123&name=' + NAME + ' HTTP/1.1" 200', ()),
    (f"/x?name={NAME}&lon={LONGITUDE} failed", ()),
    (f"send to {PHONE}", ()),
]


@pytest.mark.parametrize(("message", "arguments"), FOREIGN)
def test_libraries_do_not_leak(
    out: io.StringIO, message: str, arguments: tuple[object, ...]
) -> None:
    """Whatever a library logs passes the same redaction, its arguments included."""
    for name in ("uvicorn.error", "sqlalchemy.engine", "paho", "some.library"):
        logging.getLogger(name).error(message, *arguments)

    assert [] == leaks(out.getvalue())


def test_a_record_that_cannot_be_formatted_is_not_printed_raw(
    out: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    """Logging's own complaint about a bad record would quote its arguments."""
    logging.getLogger("x").error("%d", NAME)

    assert [] == leaks(out.getvalue() + capsys.readouterr().err)


def test_libraries_that_talk_too_much_are_quiet(out: io.StringIO) -> None:
    """Statements, requests and packets are not logged even where everything else is."""
    logging.getLogger("sqlalchemy.engine.Engine").info("INSERT INTO people")
    logging.getLogger("uvicorn.access").info("GET /")

    assert "" == out.getvalue()


def test_handlers_of_libraries_are_taken_away(out: io.StringIO) -> None:
    """A library that brought its own handler loses it when we configure."""
    own = io.StringIO()
    library = logging.getLogger("library.with.own")
    library.addHandler(logging.StreamHandler(own))
    library.propagate = False
    log.configure("debug", "json", out)
    library.warning("spoken")

    assert "" == own.getvalue()
    assert "spoken" in out.getvalue()


def test_warnings_do_not_leak(out: io.StringIO) -> None:
    """Python's warnings go through the log."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn(f"odd value {LATITUDE} of '{NAME}'", UserWarning, stacklevel=1)
        logging.captureWarnings(capture=False)

    assert "odd value" in out.getvalue()
    assert [] == leaks(out.getvalue())


def test_uncaught_exceptions_do_not_leak(
    out: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    """What nobody caught, in the main thread or another, leaves by the log."""
    try:
        raise_value()
    except ValueError as error:
        sys.excepthook(ValueError, error, error.__traceback__)
    thread = threading.Thread(target=raise_value)
    thread.start()
    thread.join()

    assert 2 == out.getvalue().count("ValueError")
    assert [] == leaks(out.getvalue() + capsys.readouterr().err)


def test_a_line_cannot_be_forged(out: io.StringIO) -> None:
    """A line break inside a value does not begin a new line."""
    log.logger("room").info("fix_admitted", reason="a\n2026 forged\u2028line\x1b[31m")
    logging.getLogger("x").warning("a\nforged")

    assert 2 == len(out.getvalue().splitlines())


@pytest.mark.parametrize("out", ["json"], indirect=True)
def test_what_is_harmless_stays(out: io.StringIO) -> None:
    """Ids, reasons, counts, durations and instants are what a log is for."""
    log.logger("ingest").info(
        "fix_admitted",
        device_id="tag-01jd3x5",
        raw_id=1841,
        body_bytes=120,
        reason="from_the_future",
        took_s=0.0123456,
        nearest_m=812.345,
        late=False,
        protected=True,
        at_most=None,
        fixed_at=datetime(2026, 11, 22, 14, 2, 7, 120_000, tzinfo=UTC),
        text_at="2026-11-22T14:02:07.120Z",
        order_ids=["order-1", "order-2"],
        role=PersonRole.PROTECTED,
    )
    line = json.loads(out.getvalue())

    assert {
        "level": "info",
        "logger": "ingest",
        "event": "fix_admitted",
        "device_id": "tag-01jd3x5",
        "raw_id": 1841,
        "body_bytes": 120,
        "reason": "from_the_future",
        "took_s": 0.0123,
        "nearest_m": 812.3,
        "late": False,
        "protected": True,
        "at_most": None,
        "fixed_at": "2026-11-22 14:02:07.120000+00:00",
        "order_ids": ["order-1", "order-2"],
        "role": "protected",
    }.items() <= line.items()


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T14:02:07.120Z",
        "mosquitto 2.0.11 on 127.0.0.1:1883",
        "Uvicorn running on http://127.0.0.1:8080 (Press CTRL+C to quit)",
        "kc/v1/tag-7/fix",
        "took 12 of 500, 3 left",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    """Redaction leaves alone what a log needs."""
    assert text == clean_text(text)
    assert text == clean_foreign(text)
