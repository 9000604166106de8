"""The kinds of field that cross the border inwards, each strict about what it takes. Pure.

A number is a number (never a string, never `true`, never NaN), an instant has an offset, text is
text that every database and every screen can hold.
"""

import re
import unicodedata
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Any, Final, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

from domain.ids import is_canary
from domain.order import ALERT_M_LEAST, ALERT_M_MOST
from runtime.wire import InstantError, parse_rfc3339

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_BLANK_OFFSET: Final = re.compile(r" ([0-9]{2}:[0-9]{2})$")
_HOUR: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Body(BaseModel):
    """A JSON object on the way in. Unknown fields are ignored; nothing sent is ever quoted."""

    model_config = ConfigDict(
        extra="ignore", frozen=True, hide_input_in_errors=True, populate_by_name=True
    )


def _text(value: object) -> object:
    """Return text without surrounding blanks, refusing what cannot be stored or shown."""
    if not isinstance(value, str):
        return value
    if any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in value):
        raise PydanticCustomError("text", "must not hold control characters")
    return value.strip()


def _long_text(value: object) -> object:
    """Return text that may have several lines."""
    if not isinstance(value, str):
        return value
    joined = value.replace("\r\n", "\n")
    _text(joined.replace("\n", " ").replace("\t", " "))
    return joined.strip()


def _identifier(value: object) -> object:
    """Return an id of the caller's, refusing those kept for the synthetic case."""
    if not isinstance(value, str):
        return value
    if not _ID.fullmatch(value):
        raise PydanticCustomError("identifier", "must be 1 to 64 of A-Z a-z 0-9 _ -")
    if is_canary(value):
        raise PydanticCustomError("identifier", "begins like an id that is reserved")
    return value


def _instant(value: object) -> object:
    """Return the instant that an RFC 3339 text names."""
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("instant", "must be an RFC 3339 text")
    try:
        return parse_rfc3339(value)
    except InstantError:
        raise PydanticCustomError("instant", "must be RFC 3339 with an offset") from None


def _query_instant(value: object) -> object:
    """Return the instant in an address, where an unescaped plus arrives as a blank."""
    if isinstance(value, str):
        value = _BLANK_OFFSET.sub(r"+\1", value)
    return _instant(value)


def _device_instant(value: object) -> object:
    """Return the instant a device names: RFC 3339, or seconds since 1970."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _instant(value)
    try:
        return _EPOCH + timedelta(seconds=value)
    except (OverflowError, ValueError):
        raise PydanticCustomError("instant", "is not an instant of this age") from None


def _hour(value: object) -> object:
    """Return the time of day that `HH:MM` names."""
    if isinstance(value, time):
        return value
    match = _HOUR.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise PydanticCustomError("hour", "must be HH:MM, 00:00 to 23:59")
    return time(int(match[1]), int(match[2]))


def _text_schema(**more: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", **more})


Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Flag = Annotated[bool, Field(strict=True)]
Distance = Annotated[Number, Field(ge=ALERT_M_LEAST, le=ALERT_M_MOST)]
Name = Annotated[str, BeforeValidator(_text), Field(min_length=1, max_length=200)]
Short = Annotated[str, BeforeValidator(_text), Field(max_length=200)]
Prose = Annotated[str, BeforeValidator(_long_text), Field(max_length=4000)]
Identifier = Annotated[
    str, BeforeValidator(_identifier), _text_schema(pattern="^[A-Za-z0-9_-]{1,64}$")
]
Instant = Annotated[datetime, BeforeValidator(_instant), _text_schema(format="date-time")]
QueryInstant = Annotated[
    datetime, BeforeValidator(_query_instant), _text_schema(format="date-time")
]
DeviceInstant = Annotated[
    datetime,
    BeforeValidator(_device_instant),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "number"}]}),
]
Hour = Annotated[
    time, BeforeValidator(_hour), _text_schema(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")
]
Telephone = Annotated[str, BeforeValidator(_text), Field(pattern=r"^\+?[0-9][0-9 ()-]{2,30}$")]
Language = Annotated[
    str, BeforeValidator(_text), Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")
]
Latitude = Annotated[Number, Field(ge=-90.0, le=90.0)]
Longitude = Annotated[Number, Field(ge=-180.0, le=180.0)]
RequestId = Annotated[str, BeforeValidator(_text), Field(min_length=1, max_length=100)]

T = TypeVar("T")


def _or_none(value: object, read: ValidatorFunctionWrapHandler) -> object:
    """Return what was sent if it can be read, else None."""
    try:
        return read(value)
    except ValidationError:
        return None


#: A field whose faults are left out instead of refused.
Lenient = Annotated[T, WrapValidator(_or_none)]
