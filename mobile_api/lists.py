"""Lists in pages: `limit`, an opaque `cursor`, and `{"items", "next"}`. Pure."""

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final

import msgspec
from fastapi import Query

from mobile_api.answers import Document
from mobile_api.problems import ProblemError, unprocessable

PAGE_MOST: Final = 500
PAGE: Final = 100

Limit = Annotated[int, Query(ge=1, le=PAGE_MOST, description="Most items in one answer.")]
Cursor = Annotated[
    str | None, Query(max_length=400, description="The `next` of the answer before.")
]


def listed(items: Sequence[Document], following: Sequence[str | int] | None) -> Document:
    """Return a page of a list. `following` is where the next one begins; None ends the list."""
    return {"items": list(items), "next": None if following is None else cursor_of(following)}


def cursor_of(mark: Sequence[str | int]) -> str:
    """Return an opaque text that `mark_of` reads."""
    return base64.urlsafe_b64encode(msgspec.json.encode(mark)).decode().rstrip("=")


def mark_of(cursor: str | None, length: int) -> list[str | int] | None:
    """Return the mark in a cursor of ours, or None without a cursor.

    Raises:
        ProblemError: 422, if it is not one of ours.
    """
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        mark = msgspec.json.decode(base64.urlsafe_b64decode(padded), type=list[str | int])
    except (ValueError, binascii.Error, UnicodeEncodeError):
        raise _not_ours() from None
    if len(mark) != length:
        raise _not_ours()
    return mark


def instant_in(part: str | int) -> datetime:
    """Return the instant in a part of a mark.

    Raises:
        ProblemError: 422, if it is none.
    """
    try:
        instant = datetime.fromisoformat(str(part))
    except ValueError:
        raise _not_ours() from None
    if instant.tzinfo is None:
        raise _not_ours()
    return instant


def number_in(part: str | int) -> int:
    """Return the number in a part of a mark.

    Raises:
        ProblemError: 422, if it is none that a database can hold.
    """
    if not isinstance(part, int) or not -(2**63) <= part < 2**63:
        raise _not_ours()
    return part


def _not_ours() -> ProblemError:
    return unprocessable("cursor", "is not a cursor of this list")
