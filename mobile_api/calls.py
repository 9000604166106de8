"""One call that changes something: done once, whatever the network repeats.

Shell. The effect, its audit and the answer kept for an `Idempotency-Key` are one transaction.
Secrets are not kept: with a key they are derived from the caller's own credential, the key and
what they open, so a repeated call can be told the same secret without our having stored it.
"""

import hashlib
import re
import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any, Final

import msgspec
from fastapi import Header, Request
from fastapi.responses import JSONResponse
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from mobile_api.deps import Deps, deps_of
from mobile_api.identity import Caller, derived_secret
from mobile_api.problems import ProblemError, unprocessable
from records import audit, idempotency
from records.audit import Action, AuditEntry
from records.idempotency import Given
from runtime import wire

KEPT_FOR: Final = timedelta(hours=24)
_KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="The same key with the same body has one effect and one answer, for a day.",
    ),
]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a call is answered, as it is kept: without any secret."""

    body: dict[str, Any]
    headers: dict[str, str] = {}
    code: int = HTTPStatus.CREATED


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A state-changing call.

    Attributes:
        at: When it came, by our clock.
        fingerprint: SHA-256 of method, path and body.
        root: What secrets of this call are derived from.
    """

    deps: Deps
    actor: str
    at: datetime
    key: str | None
    fingerprint: str
    root: bytes

    def __repr__(self) -> str:
        """Identify the call without what its secrets come from."""
        return f"Call({self.actor}, {self.at})"

    def secret_for(self, subject: str) -> str:
        """Return the secret that opens `subject`: the same whenever this call is repeated."""
        return derived_secret(self.root, subject)

    def entry(self, action: Action, subject: str, reason: str | None = None) -> AuditEntry:
        """Return an audit line for what this call does."""
        return AuditEntry(
            at=self.at, actor=self.actor, action=action, subject=subject, reason=reason
        )


async def call_of(request: Request, caller: Caller, key: str | None) -> Call:
    """Return the state-changing call that a request is.

    Raises:
        ProblemError: 422 if the key is not printable or too long.
    """
    if key is not None and not _KEY.fullmatch(key):
        raise unprocessable("Idempotency-Key", "must be 1 to 200 printable characters")
    deps = deps_of(request)
    body = await request.body()
    named = f"{request.method} {request.url.path}\n".encode()
    credential = f"{caller.secret}\n{key}".encode()
    return Call(
        deps=deps,
        actor=caller.actor,
        at=deps.now(),
        key=key,
        fingerprint=hashlib.sha256(named + body).hexdigest(),
        root=secrets.token_bytes(32) if key is None else hashlib.sha256(credential).digest(),
    )


async def no_finish(body: dict[str, Any]) -> dict[str, Any]:
    """Return an answer as it is kept: it has no secret."""
    return body


async def once(
    call: Call,
    act: Callable[[Connection], Answer],
    finish: Callable[[dict[str, Any]], Awaitable[dict[str, Any]]] = no_finish,
) -> JSONResponse:
    """Do `act` in one transaction, or repeat the answer that its key was given before.

    Args:
        call: The call being answered.
        act: Writes the effect and its audit and returns the answer.
        finish: Adds to the answer what is not kept: secrets, and whether they work yet.

    Raises:
        ProblemError: 409 if the key came with another body before, or another has the id.
    """
    try:
        answer, repeated = await call.deps.records.write(lambda c: _once(c, call, act))
    except IntegrityError:
        raise ProblemError(HTTPStatus.CONFLICT, "Something else has that id already.") from None
    headers = {**answer.headers, "Cache-Control": "no-store"}
    if repeated:
        headers["Idempotent-Replayed"] = "true"
    return JSONResponse(await finish(answer.body), status_code=answer.code, headers=headers)


def _once(
    connection: Connection, call: Call, act: Callable[[Connection], Answer]
) -> tuple[Answer, bool]:
    """Return the answer, and whether it had been given before."""
    before = given_before(connection, call)
    if before is not None:
        return wire.decode(before, Answer), True
    answer = act(connection)
    keep_answer(connection, call, wire.encode(answer))
    return answer, False


def given_before(connection: Connection, call: Call) -> bytes | None:
    """Return what this call's key was answered before, or None if it is new.

    Raises:
        ProblemError: 409 if it came with another body before.
    """
    if call.key is None:
        return None
    idempotency.forget_before(connection, call.at - KEPT_FOR)
    before = idempotency.given(connection, call.actor, call.key)
    if before is None:
        return None
    if before.request_sha256 != call.fingerprint:
        raise ProblemError(HTTPStatus.CONFLICT, "That Idempotency-Key was sent with another body.")
    return before.answer


def keep_answer(connection: Connection, call: Call, answer: bytes) -> None:
    """Keep what this call is answered, if it has a key."""
    if call.key is not None:
        kept = Given(request_sha256=call.fingerprint, answer=answer)
        idempotency.keep(connection, call.actor, call.key, kept, call.at)


def note(connection: Connection, call: Call, action: Action, subject: str) -> None:
    """Write the audit line of what a call does."""
    audit.write(connection, call.entry(action, subject))
