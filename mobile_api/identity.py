"""Who is calling: a program with a token, a person with a session, or her phone.

Shell. Secrets are 256 bits of chance and only their SHA-256 is kept. Three rules live here:

- A caller that shows a bearer token is that token's account and nothing else; a wrong one is
  refused even if a good cookie lies beside it.
- Whatever names a foreign Origin is refused; a state-changing call of a person's session also
  carries the token that `GET /session` gave.
- Her phone needs no such token: its cookie is SameSite=Strict and a foreign page is refused by
  its Origin or `Sec-Fetch-Site`. A call for help must not fail for want of a formality.
"""

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Annotated, Final

import msgspec
from fastapi import Depends, Request
from starlette.requests import HTTPConnection

from mobile_api.deps import Deps, deps_of
from mobile_api.problems import forbidden, unauthenticated
from records import access, audit
from records.access import Account, Phone, Role, Session
from records.audit import Action, AuditEntry, Outcome
from runtime.ids import secret_hash
from runtime.settings import Settings

SESSION_COOKIE: Final = "keepclear_session"
PHONE_COOKIE: Final = "keepclear_phone"
ANONYMOUS: Final = "anonymous"
#: How stale the note of a session's last use may be: it need not be written at every call.
USE_NOTED_EVERY: Final = timedelta(seconds=30)
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class AccountCaller(msgspec.Struct, frozen=True, kw_only=True):
    """A program, or a person of the service.

    Attributes:
        secret: What was shown to get in; only ever hashed.
        session: The person's login; None for a program.
    """

    account: Account
    secret: str
    session: Session | None = None

    @property
    def actor(self) -> str:
        """Who the audit says it was."""
        return self.account.account_id

    def __repr__(self) -> str:
        """Identify the caller without the secret."""
        return f"AccountCaller({self.actor})"


class PhoneCaller(msgspec.Struct, frozen=True, kw_only=True):
    """A protected person's enrolled phone."""

    phone: Phone
    secret: str

    @property
    def actor(self) -> str:
        """Who the audit says it was."""
        return f"person:{self.phone.person_id}"

    def __repr__(self) -> str:
        """Identify the caller without the secret."""
        return f"PhoneCaller({self.actor})"


Caller = AccountCaller | PhoneCaller


def own_origin(connection: HTTPConnection, settings: Settings) -> bool:
    """Return whether the Origin shown is ours. False if none is shown."""
    origin = connection.headers.get("origin")
    if origin is None:
        return False
    host = connection.headers.get("host", "")
    return origin in {f"http://{host}", f"https://{host}", settings.base_url}


def foreign(connection: HTTPConnection, settings: Settings) -> bool:
    """Return whether a page of somebody else's makes this call."""
    if connection.headers.get("origin") is not None:
        return not own_origin(connection, settings)
    return connection.headers.get("sec-fetch-site") in {"cross-site", "same-site"}


def bearer_of(connection: HTTPConnection) -> str | None:
    """Return the bearer token shown; None if no credentials are in the header.

    Raises:
        ProblemError: 401, if the header holds anything else.
    """
    header = connection.headers.get("authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise unauthenticated()
    return token.strip()


async def account_of(connection: HTTPConnection) -> AccountCaller | None:
    """Return the account behind a token or a session cookie, or None if neither is shown.

    Raises:
        ProblemError: 401, if a token is shown that is not good.
    """
    deps = deps_of(connection)
    token = bearer_of(connection)
    if token is not None:
        hashed = secret_hash(token)
        account = await deps.records.read(lambda c: access.account_by_token(c, hashed))
        if account is None:
            raise unauthenticated()
        return AccountCaller(account=account, secret=token)
    return await _session_of(deps, connection.cookies.get(SESSION_COOKIE))


async def phone_of(connection: HTTPConnection) -> PhoneCaller | None:
    """Return the phone behind her cookie, or None if there is none that is good."""
    deps = deps_of(connection)
    cookie = connection.cookies.get(PHONE_COOKIE)
    if cookie is None:
        return None
    hashed = secret_hash(cookie)
    phone = await deps.records.read(lambda c: access.phone(c, hashed))
    if phone is None or deps.now() >= phone.created_at + timedelta(
        seconds=deps.settings.phone_session_s
    ):
        return None
    return PhoneCaller(phone=phone, secret=cookie)


def session_live(session: Session, now: datetime, settings: Settings) -> bool:
    """Return whether a login still holds: not too old, and not idle for too long."""
    if now >= session.expires_at:
        return False
    return now < session.used_at + timedelta(seconds=settings.session_idle_s)


async def touch(deps: Deps, session: Session) -> None:
    """Note that a login is in use, if that was not noted just now."""
    now = deps.now()
    if now - session.used_at >= USE_NOTED_EVERY:
        await deps.records.write(lambda c: access.touch_session(c, session.session_sha256, now))


async def _session_of(deps: Deps, cookie: str | None) -> AccountCaller | None:
    if cookie is None:
        return None
    hashed = secret_hash(cookie)
    session = await deps.records.read(lambda c: access.session(c, hashed))
    if session is None or not session_live(session, deps.now(), deps.settings):
        return None
    await touch(deps, session)
    return AccountCaller(account=session.account, secret=cookie, session=session)


def demand_csrf_token(request: Request, caller: AccountCaller) -> None:
    """Refuse a state-changing call of a session that does not carry the session's token.

    Raises:
        ProblemError: 403.
    """
    if caller.session is None or request.method in _READING:
        return
    shown = request.headers.get("x-csrf-token", "")
    if not hmac.compare_digest(shown.encode(), caller.session.csrf_token.encode()):
        raise forbidden("Send the X-CSRF-Token that GET /api/v1/session gives.")


async def known_account(request: Request) -> AccountCaller:
    """Return the account that calls.

    Raises:
        ProblemError: 401 if there is none, 403 without the session's token.
    """
    caller = await account_of(request)
    if caller is None:
        phone = await phone_of(request)
        if phone is None:
            raise unauthenticated()
        await note_refusal(request, phone.actor, "role")
        raise forbidden()
    demand_csrf_token(request, caller)
    return caller


async def known_phone(request: Request) -> PhoneCaller:
    """Return the enrolled phone that calls.

    Raises:
        ProblemError: 401 if nobody calls, 403 if an account does.
    """
    if bearer_of(request) is None:
        caller = await phone_of(request)
        if caller is not None:
            return caller
    account = await account_of(request)
    if account is None:
        raise unauthenticated()
    await note_refusal(request, account.actor, "role")
    raise forbidden()


async def known_caller(request: Request) -> Caller:
    """Return whoever calls: an account first, else her phone.

    Raises:
        ProblemError: 401 if there is neither.
    """
    account = await account_of(request)
    if account is not None:
        demand_csrf_token(request, account)
        return account
    phone = await phone_of(request)
    if phone is None:
        raise unauthenticated()
    return phone


class RoleGate:
    """Lets in accounts of some roles. Whoever is refused is in the audit."""

    def __init__(self, *roles: Role) -> None:
        """Let in `roles` and nobody else."""
        self.roles = frozenset(roles)

    async def __call__(self, request: Request) -> AccountCaller:
        """Return the account that calls, or refuse it."""
        caller = await known_account(request)
        if caller.account.role not in self.roles:
            await note_refusal(request, caller.actor, "role")
            raise forbidden()
        return caller


async def note_refusal(connection: HTTPConnection, actor: str, reason: str) -> None:
    """Write into the audit that a call was refused. The path names ids, never a person."""
    deps = deps_of(connection)
    method = connection.scope.get("method", "WEBSOCKET")
    entry = AuditEntry(
        at=deps.now(),
        actor=actor,
        action=Action.ACCESS,
        subject=f"call:{method} {connection.url.path[:200]}",
        outcome=Outcome.DENIED,
        reason=reason,
    )
    await deps.records.write(lambda c: audit.write(c, entry))


def derived_secret(root: bytes, subject: str) -> str:
    """Return 256 bits, as URL-safe text, that only `root` and `subject` together give."""
    digest = hmac.digest(root, subject.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


REGISTRARS: Final = RoleGate(Role.ADMINISTRATOR)
ORDER_KEEPERS: Final = RoleGate(Role.ADMINISTRATOR, Role.SUPERVISOR)
ORDER_READERS: Final = RoleGate(Role.ADMINISTRATOR, Role.SUPERVISOR, Role.OPERATOR, Role.OFFICER)
CASE_WORKERS: Final = RoleGate(Role.SUPERVISOR, Role.OPERATOR, Role.OFFICER)
AUDITORS: Final = RoleGate(Role.AUDITOR)

Registrar = Annotated[AccountCaller, Depends(REGISTRARS)]
OrderKeeper = Annotated[AccountCaller, Depends(ORDER_KEEPERS)]
OrderReader = Annotated[AccountCaller, Depends(ORDER_READERS)]
CaseWorker = Annotated[AccountCaller, Depends(CASE_WORKERS)]
Auditor = Annotated[AccountCaller, Depends(AUDITORS)]
AnyAccount = Annotated[AccountCaller, Depends(known_account)]
HerPhone = Annotated[PhoneCaller, Depends(known_phone)]
Anyone = Annotated[Caller, Depends(known_caller)]
