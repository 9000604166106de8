"""What a caller is told when something is wrong: RFC 9457 problem documents, for every error.

A problem names the fault and where in the request it lies. It never repeats what was sent,
because what was sent may be a place, a name or a secret; and it never shows a stack trace.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic_core import ErrorDetails
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from domain.errors import KeepclearError
from records.database import RecordsError
from runtime.log import logger

_log = logger("mobile_api.problems")

MEDIA_TYPE: Final = "application/problem+json"
#: What pydantic adds to a location to say which kind of condition it was reading.
CONDITION_TAGS: Final = frozenset({"proximity", "exclusion_zone", "inclusion_zone"})


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing wrong in a document.

    Attributes:
        pointer: RFC 6901, from the root of the body; or the name of a header or parameter.
        detail: One sentence, without what was sent.
    """

    pointer: str
    detail: str


class ProblemError(KeepclearError):
    """The request cannot be answered."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Say which HTTP status it is and why, in one sentence."""
        super().__init__(detail)
        self.http_status = status
        self.faults = tuple(faults)
        self.headers = dict(headers or {})


class DocumentError(KeepclearError):
    """A document says something that cannot be meant."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        """Carry every fault, with its place."""
        super().__init__("; ".join(f"{fault.pointer}: {fault.detail}" for fault in faults))
        self.faults = tuple(faults)


class TooLargeError(DocumentError):
    """A document is beyond the limits."""


def missing() -> ProblemError:
    """Return the one answer for what does not exist and for what the caller may not see."""
    return ProblemError(HTTPStatus.NOT_FOUND, "There is no such thing here, or not for you.")


def forbidden(detail: str = "Your role does not include this.") -> ProblemError:
    """Return the answer to a caller whose role never includes this call."""
    return ProblemError(HTTPStatus.FORBIDDEN, detail)


def unauthenticated() -> ProblemError:
    """Return the answer to a caller we do not know."""
    return ProblemError(
        HTTPStatus.UNAUTHORIZED,
        "Say who you are: a bearer token, or a session.",
        headers={"WWW-Authenticate": 'Bearer realm="keepclear"'},
    )


def unprocessable(pointer: str, detail: str) -> ProblemError:
    """Return the answer to one fault in a request."""
    faults = (Fault(pointer=pointer, detail=detail),)
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, detail, faults=faults)


def pointer_of(location: Sequence[int | str]) -> str:
    """Return where a validator found a fault, as a JSON pointer."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in location)


def faults_of(
    errors: Sequence[ErrorDetails], tags: frozenset[str] = frozenset()
) -> tuple[Fault, ...]:
    """Return the faults of a failed validation. `tags` are steps that are not in the document."""
    return tuple(
        Fault(
            pointer=pointer_of([step for step in error["loc"] if step not in tags]),
            detail=error["msg"],
        )
        for error in errors
    )


def document_of(status: HTTPStatus, detail: str, faults: Sequence[Fault] = ()) -> dict[str, object]:
    """Return the members of a problem document."""
    body: dict[str, object] = {
        "type": f"urn:keepclear:problem:{status.phrase.lower().replace(' ', '-')}",
        "title": status.phrase,
        "status": int(status),
        "detail": detail,
    }
    if faults:
        body["errors"] = [{"pointer": f.pointer, "detail": f.detail} for f in faults]
    return body


def answer(
    status: HTTPStatus,
    detail: str,
    faults: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a problem document as an HTTP answer."""
    body = document_of(status, detail, faults)
    kept = {"Cache-Control": "no-store", **(headers or {})}
    return JSONResponse(body, status_code=status, headers=kept, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make every error of `app` a problem document."""
    app.add_exception_handler(ProblemError, _on_problem)
    app.add_exception_handler(DocumentError, _on_document_fault)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RecordsError, _on_record_failure)
    app.add_exception_handler(SQLAlchemyError, _on_record_failure)
    app.add_exception_handler(KeepclearError, _on_failure)
    app.add_exception_handler(Exception, _on_surprise)


async def _on_problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return answer(error.http_status, str(error), error.faults, error.headers)


async def _on_document_fault(_: Request, error: Exception) -> Response:
    assert isinstance(error, DocumentError)
    if isinstance(error, TooLargeError):
        return answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Too much at once.", error.faults)
    return answer(HTTPStatus.UNPROCESSABLE_ENTITY, "The body is not right.", error.faults)


async def _on_invalid_request(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [
        Fault(pointer=_place_in_request(found["loc"]), detail=found["msg"])
        for found in error.errors()
    ]
    if any(found["type"] == "json_invalid" for found in error.errors()):
        return answer(HTTPStatus.BAD_REQUEST, "The body is not JSON.")
    return answer(HTTPStatus.UNPROCESSABLE_ENTITY, "The request is not right.", faults)


async def _on_http_exception(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    if status is HTTPStatus.NOT_FOUND:
        return answer(status, str(missing()))
    return answer(status, status.description or status.phrase, headers=error.headers)


async def _on_record_failure(_: Request, error: Exception) -> Response:
    assert isinstance(error, RecordsError | SQLAlchemyError)
    _log.error("record_failed", error=type(error).__name__)
    return answer(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The record cannot be written, so nothing was done and nothing is shown.",
        headers={"Retry-After": "1"},
    )


async def _on_failure(_: Request, error: Exception) -> Response:
    assert isinstance(error, KeepclearError)
    _log.error("call_failed", error=type(error).__name__)
    return answer(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "A part of the house does not answer at the moment. Send this again.",
        headers={"Retry-After": "1"},
    )


async def _on_surprise(_: Request, error: Exception) -> Response:
    assert not isinstance(error, ProblemError)
    return answer(HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong here. It was noted.")


def _place_in_request(location: Sequence[int | str]) -> str:
    """Return where a fault lies: a JSON pointer in the body, or the parameter's name."""
    if location[:1] == ("body",):
        return pointer_of([step for step in location[1:] if step not in CONDITION_TAGS])
    return str(location[-1]) if location else ""
