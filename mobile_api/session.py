"""The sessions' routes: people come in with a name and a password, and leave."""

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field
from sqlalchemy import Connection

from mobile_api import examples, passwords, throttle
from mobile_api.answers import Document
from mobile_api.deps import Deps, deps_of
from mobile_api.fields import Body as BodyIn
from mobile_api.identity import (
    ANONYMOUS,
    SESSION_COOKIE,
    AccountCaller,
    AnyAccount,
    Anyone,
    PhoneCaller,
    derived_secret,
)
from mobile_api.problems import ProblemError, missing
from records import access, audit, register
from records.access import Account, Session
from records.audit import Action, AuditEntry, Outcome
from runtime.ids import new_secret, secret_hash
from runtime.settings import Settings
from runtime.wire import rfc3339

router = APIRouter(tags=["session"])


class LoginIn(BodyIn):
    """A person's name and password."""

    name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9 ._@-]+$")]
    password: Annotated[str, Field(min_length=1, max_length=1000)]


@router.post("/session", responses=examples.answered(examples.SESSION))
async def come_in(
    request: Request, body: Annotated[LoginIn, Body(openapi_examples=examples.LOGINS)]
) -> JSONResponse:
    """Come in: the answer sets the cookie `keepclear_session`."""
    deps = deps_of(request)
    subject = throttle.subject_of(request, "login", body.name)
    await throttle.count_try(request, subject)
    account = await _judged(deps, body)
    await throttle.forgive(request, subject)
    secret = new_secret()
    session = _new_session(deps, account, secret)
    left = request.cookies.get(SESSION_COOKIE)

    def work(connection: Connection) -> None:
        if left is not None:
            access.end_session(connection, secret_hash(left))
        access.add_session(connection, session, session.used_at)
        audit.write(connection, _entry(deps, account.account_id, "session", Outcome.ALLOWED))

    await deps.records.write(work)
    answer = JSONResponse(_document(account, session))
    set_cookie(answer, SESSION_COOKIE, secret, deps.settings.session_s, deps.settings)
    return answer


@router.get("/session", responses=examples.answered(examples.SESSION))
async def who_am_i(request: Request, caller: Anyone) -> JSONResponse:
    """Say who calls, and the token that a state-changing call of a session carries."""
    if isinstance(caller, AccountCaller):
        return JSONResponse(_document(caller.account, caller.session))
    return JSONResponse(await _phone_document(deps_of(request), caller))


@router.delete("/session", status_code=HTTPStatus.NO_CONTENT)
async def leave(request: Request, caller: AnyAccount) -> Response:
    """Leave. A program has no session to end."""
    deps = deps_of(request)
    session = caller.session
    if session is not None:
        await deps.records.write(lambda c: access.end_session(c, session.session_sha256))
    answer = Response(status_code=HTTPStatus.NO_CONTENT)
    answer.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="strict")
    return answer


def set_cookie(
    answer: Response, name: str, secret: str, seconds: float, settings: Settings
) -> None:
    """Set a cookie that scripts cannot read and other sites cannot use."""
    answer.set_cookie(
        name,
        secret,
        max_age=int(seconds),
        path="/",
        httponly=True,
        samesite="strict",
        secure=settings.secure_cookies,
    )


async def _judged(deps: Deps, body: LoginIn) -> Account:
    """Return the account that name and password open.

    Raises:
        ProblemError: 401, the same whatever was wrong.
    """

    def look(connection: Connection) -> tuple[Account, str | None] | None:
        account = access.account_named(connection, body.name)
        if account is None or account.disabled_at is not None:
            return None
        return account, access.password_hash(connection, account.account_id)

    found = await deps.records.read(look)
    if await passwords.fits(None if found is None else found[1], body.password):
        assert found is not None
        return found[0]
    actor = ANONYMOUS if found is None else found[0].account_id
    entry = _entry(deps, actor, "session", Outcome.DENIED)
    await deps.records.write(lambda c: audit.write(c, entry))
    raise ProblemError(HTTPStatus.UNAUTHORIZED, "The name or the password is wrong.")


def _new_session(deps: Deps, account: Account, secret: str) -> Session:
    now = deps.now()
    return Session(
        session_sha256=secret_hash(secret),
        account=account,
        csrf_token=new_secret(),
        used_at=now,
        expires_at=now + timedelta(seconds=deps.settings.session_s),
    )


def _entry(deps: Deps, actor: str, subject: str, outcome: Outcome) -> AuditEntry:
    return AuditEntry(
        at=deps.now(), actor=actor, action=Action.ACCESS, subject=subject, outcome=outcome
    )


def _document(account: Account, session: Session | None) -> Document:
    return {
        "account_id": account.account_id,
        "name": account.name,
        "role": account.role.value,
        "csrf_token": None if session is None else session.csrf_token,
        "expires_at": None if session is None else rfc3339(session.expires_at),
    }


async def _phone_document(deps: Deps, caller: PhoneCaller) -> Document:
    person = await deps.records.read(lambda c: register.person(c, caller.phone.person_id))
    if person is None:
        raise missing()
    return {
        "device_id": caller.phone.device_id,
        "person": {"language": person.language},
        "csrf_token": derived_secret(caller.secret.encode(), "csrf"),
    }
