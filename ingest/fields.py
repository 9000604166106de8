"""Reading single fields of a report: numbers, coordinates, instants, counters.

Pure. A required field answers with its value or the `Reason` it cannot be used; an optional one
with its value or None, because a bad extra never costs the fix. A boolean is no number, text is
no number, and zero is a number.
"""

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Final

from domain.reading import Reason

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
#: JavaScript and JSON agree on whole numbers up to here.
COUNTER_MAX: Final = 2**53
#: Half way round the globe: a wider claim says nothing more.
ACCURACY_M_MAX: Final = 20_100_000.0
SPEED_MPS_MAX: Final = 350.0
ALTITUDE_M_LEAST: Final = -1_000.0
ALTITUDE_M_MOST: Final = 50_000.0
#: Degrees are kept to 9 decimals (0.1 mm): what is finer is noise of the conversion.
DECIMALS: Final = 9

#: Seconds since 1970 from 2000 to 2100: what a scaled instant would mean if it were scaled back.
_PLAUSIBLE_S: Final = (946_684_800.0, 4_102_444_800.0)
_SCALES: Final = (1e3, 1e6, 1e9)
_INSTANT: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}):([0-9]{2})(?:\.([0-9]{1,18}))?"
    r"([Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])?"
)


def number(value: object) -> float | None:
    """Return `value` if it is a finite number, as a float; None otherwise."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def between(value: object, least: float, most: float) -> float | None:
    """Return `value` if it is a number in the closed interval [least, most]; None otherwise."""
    found = number(value)
    return found if found is not None and least <= found <= most else None


def coordinate(value: object, limit_deg: float) -> float | Reason:
    """Return degrees within [-limit_deg, limit_deg], -0.0 as 0.0, or why there are none."""
    if value is None:
        return Reason.MISSING_FIELD
    if isinstance(value, bool) or not isinstance(value, int | float):
        return Reason.WRONG_TYPE
    if not math.isfinite(value):
        return Reason.NOT_FINITE
    if not -limit_deg <= value <= limit_deg:
        return Reason.OUT_OF_RANGE
    return round(float(value), DECIMALS) + 0.0


def counter(value: object) -> int | None:
    """Return a whole number from 0 to 2**53, or None."""
    found = between(value, 0.0, COUNTER_MAX)
    return int(found) if found is not None and found == int(found) else None


def accuracy_m(value: object) -> float | None:
    """Return a claimed radius in metres; None, unknown, for anything that is no positive one."""
    found = between(value, 0.0, ACCURACY_M_MAX)
    return found if found is not None and found > 0.0 else None


def speed_mps(value: object, scale: float = 1.0) -> float | None:
    """Return `scale` times `value` as a speed in m/s, or None if it cannot be one."""
    found = number(value)
    return None if found is None else between(found * scale, 0.0, SPEED_MPS_MAX)


def course_deg(value: object) -> float | None:
    """Return a course in [0, 360) degrees from north, or None; 360 is 0."""
    found = between(value, 0.0, 360.0)
    return None if found is None else found % 360.0


def altitude_m(value: object) -> float | None:
    """Return metres above the sea, or None."""
    return between(value, ALTITUDE_M_LEAST, ALTITUDE_M_MOST)


def battery_percent(value: object) -> int | None:
    """Return a charge of 0 to 100 per cent, or None."""
    found = between(value, 0.0, 100.0)
    return None if found is None else round(found)


def satellites(value: object) -> int | None:
    """Return how many satellites were used, or None."""
    found = counter(value)
    return found if found is not None and found <= 255 else None


def instant(value: object) -> datetime | Reason:
    """Return the instant (UTC) that RFC 3339 text with an offset, or seconds since 1970, name."""
    if value is None:
        return Reason.MISSING_FIELD
    if isinstance(value, str):
        return _instant_of_text(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return Reason.WRONG_TYPE
    return _instant_of_seconds(float(value)) if math.isfinite(value) else Reason.NOT_FINITE


def _instant_of_seconds(seconds: float) -> datetime | Reason:
    least, most = _PLAUSIBLE_S
    if any(least <= seconds / scale <= most for scale in _SCALES):
        return Reason.TIME_SCALE
    try:
        return EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return Reason.FROM_THE_FUTURE if seconds > 0.0 else Reason.TIME_UNREADABLE


def _instant_of_text(text: str) -> datetime | Reason:
    match = _INSTANT.fullmatch(text)
    if match is None:
        return Reason.TIME_UNREADABLE
    day, minute, second, fraction, offset = match.groups()
    if offset is None:
        return Reason.TIME_WITHOUT_ZONE
    leap = second == "60"
    micros = (fraction or "").ljust(6, "0")[:6]
    zone = "+00:00" if offset in "Zz" else offset
    try:
        found = datetime.fromisoformat(f"{day}T{minute}:{'59' if leap else second}.{micros}{zone}")
        found = found.astimezone(UTC) + timedelta(seconds=int(leap))
    except (ValueError, OverflowError):
        return Reason.TIME_UNREADABLE
    # A leap second is the last of a UTC day, and our clocks count it as the first of the next.
    if leap and (found.hour, found.minute, found.second) != (0, 0, 0):
        return Reason.TIME_UNREADABLE
    return found
