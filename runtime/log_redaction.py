"""What a log line may say. Pure.

A coordinate in a log can lead someone to someone, and logs travel further than records do. So the
rule is the reverse of a filter: only what is known to be harmless is written. Ids, counts, words
of a fixed vocabulary, durations and instants pass; values under a telling key, objects of any
kind, and text that looks like a place or a telephone number do not.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Final, cast
from uuid import UUID

HIDDEN: Final = "<hidden>"
_TEXT_LENGTH_MAX: Final = 500
_DEPTH_MAX: Final = 4

#: A key with one of these words in it never shows its value.
_TELLING_WORDS: Final = """
    lat lats latitude latitudes lon lons lng lngs long longitude longitudes position positions
    coord coords coordinate coordinates geometry geometries geojson geohash geo point points
    polygon ring rings circle centre center location locations place places address addresses
    street postcode bbox bounds wkt wkb nmea track tracks name names forename surname firstname
    lastname fullname phone phones telephone mobile msisdn number email mail payload payloads body
    bodies raw content note notes text message secret secrets password passwords token tokens
    ticket cookie cookies authorization credential credentials hash dob birth reference person
    people who user wearer protected victim offender positional args
"""
_TELLING: Final = frozenset(_TELLING_WORDS.split())
#: … unless the key ends so and the value is a plain count.
_COUNTING: Final = frozenset(("count", "bytes", "size", "length", "total", "max", "id", "ids"))
#: Decimals a key with a unit may show; any other number could be half of a place.
_UNITS: Final = {"s": 4, "ms": 2, "us": 0, "m": 1, "mps": 1, "percent": 1, "ratio": 2}
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")

_DEGREES: Final = r"[-+]?\d{1,3}[.,]\d{2,}\s*°?\s*[NSEWnsew]?"
_SHAPES: Final = tuple(
    re.compile(shape)
    for shape in (
        # Two numbers with decimals side by side, whatever stands between them.
        rf"{_DEGREES}[^\dA-Za-z]{{1,12}}(?:[A-Za-z_\"':= ]{{0,24}}?){_DEGREES}",
        # One number with enough decimals to be a street: 0.001 degrees is a hundred metres.
        # The seconds of an instant are spared.
        r"(?<!\d\d:\d\d:)(?<!\d)[-+]?\d+[.,]\d{3,}(?:[eE][-+]?\d+)?",
        # Any number that is called a latitude or a longitude.
        r"(?i)\b(?:lat|lon|lng|latitude|longitude)(?:_deg)?[\"']?\s*[:= ]\s*[-+]?\d+(?:[.,]\d+)?",
        # Degrees and minutes, with or without seconds.
        r"[-+]?\d{1,3}\s*°[^NSEWnsew\n]{0,20}[NSEWnsew]?",
        # Telephone numbers: international, or beginning with the trunk zero.
        r"(?:\+|\b00)\d[\d ().-]{6,}\d",
        r"(?<![\d:.T-])\(?0\d{2,5}\)?[ .-]?\d{3,4}[ .-]?\d{3,4}\b",
        # Electronic mail.
        r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
        # What drivers and validators quote when they complain.
        r"\[parameters: .*",
        r"(?i)\b(?:input_value|input)=.*",
    )
)
_QUOTED: Final = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`[^`]*`")
_QUERY: Final = re.compile(r"\?[^\s\"']+")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")


def clean_text(text: str) -> str:
    """Return `text` on one line, short, with everything that looks like a place hidden."""
    text = _CONTROL.sub(" ", text[: 4 * _TEXT_LENGTH_MAX])
    for shape in _SHAPES:
        text = shape.sub(HIDDEN, text)
    return text[:_TEXT_LENGTH_MAX]


def clean_foreign(text: str) -> str:
    """Return the text of somebody else's message: quotations and queries are hidden as well.

    Libraries quote what they choke on, and what they choke on here is a name or a place.
    """
    return clean_text(_QUOTED.sub(HIDDEN, _QUERY.sub(f"?{HIDDEN}", text)))


def clean_fields(fields: Mapping[str, object], depth: int = 0) -> dict[str, object]:
    """Return `fields` with nothing in them that could lead anyone anywhere."""
    return {clean_text(key): clean_field(key, value, depth) for key, value in fields.items()}


def clean_field(key: str, value: object, depth: int = 0) -> object:
    """Return what may be shown of `value` under `key`."""
    if value is None or isinstance(value, bool):
        return value
    words = [word.lower() for word in _WORD.findall(key)]
    if not _TELLING.isdisjoint(words):
        counts = words[-1] in _COUNTING and isinstance(value, int)
        names_one = words[-1] in {"id", "ids"} and isinstance(value, str)
        return clean_value(value) if counts or names_one else HIDDEN
    if isinstance(value, float):
        return round(value, _UNITS.get(words[-1] if words else "", 0))
    return clean_value(value, depth)


def clean_value(value: object, depth: int = 0) -> object:
    """Return what may be shown of `value` when its key says nothing about it."""
    match value:
        case Enum():
            shown = clean_value(value.value)
        case None | bool() | int():
            shown = value
        case str() | Path() | UUID():
            shown = clean_text(str(value))
        case float():
            shown = round(value, 0)
        case datetime() | date() | timedelta():
            shown = str(value)
        case Mapping():
            fields = cast("Mapping[object, object]", value)
            shown = _nested({str(key): item for key, item in fields.items()}, depth)
        case list() | tuple() | set() | frozenset():
            shown = _sequence(list(cast("list[object]", value)), depth)
        case _:
            shown = f"<{type(value).__name__}>"
    return shown


def _nested(fields: Mapping[str, object], depth: int) -> object:
    """Return a mapping inside a field, down to a depth at which nobody reads it."""
    return HIDDEN if depth >= _DEPTH_MAX else clean_fields(fields, depth + 1)


def _sequence(values: list[object], depth: int) -> object:
    """Return a sequence; two numbers with decimals in one are taken for a place."""
    numbers = sum(isinstance(value, float) for value in values)
    if depth >= _DEPTH_MAX or numbers > 0:
        return f"<{len(values)} values>"
    return [clean_value(value, depth + 1) for value in values[:20]]
