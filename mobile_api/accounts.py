"""The accounts' routes and the audit's: who may come in, and who looked at what."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Path, Request
from fastapi.responses import JSONResponse
from sqlalchemy import Connection

from mobile_api import admin, examples
from mobile_api.access import access_account_by_registrar, alter, consult
from mobile_api.answers import Document
from mobile_api.bodies import AccountIn
from mobile_api.deps import deps_of
from mobile_api.identity import Auditor, Registrar
from mobile_api.lists import PAGE, Cursor, Limit, listed, mark_of, number_in
from mobile_api.problems import ProblemError, unprocessable
from records import access, audit
from records.access import Account
from records.audit import AuditEntry
from runtime.wire import rfc3339

router = APIRouter(tags=["accounts"])

AccountPath = Annotated[str, Path(description="Id of an account.", max_length=200)]


@router.post(
    "/accounts", status_code=HTTPStatus.CREATED, responses=examples.created(examples.ACCOUNT)
)
async def create_account(
    request: Request,
    caller: Registrar,
    body: Annotated[AccountIn, Body(openapi_examples=examples.ACCOUNTS)],
) -> JSONResponse:
    """Make a login for a person of the service. The name can be taken only once."""
    deps = deps_of(request)
    try:
        account_id = await admin.create_account(
            deps.records, body.role, body.name, body.password, deps.now, actor=caller.actor
        )
    except admin.AccountError as error:
        raise ProblemError(HTTPStatus.CONFLICT, str(error)) from None
    document = {"id": account_id, "name": body.name, "role": body.role, "disabled_at": None}
    return JSONResponse(document, status_code=HTTPStatus.CREATED)


@router.get("/accounts", responses=examples.answered(examples.ACCOUNT_LIST))
async def list_accounts(
    request: Request, caller: Registrar, limit: Limit = PAGE, cursor: Cursor = None
) -> JSONResponse:
    """List accounts: programs and people, closed ones included."""
    mark = mark_of(cursor, 1)
    after = "" if mark is None else str(mark[0])
    found = await consult(
        deps_of(request),
        caller,
        "accounts",
        lambda c: access.list_accounts(c, after=after, limit=limit + 1),
    )
    page = found[:limit]
    following = [page[-1].account_id] if len(found) > limit else None
    return JSONResponse(listed([_document(account) for account in page], following))


@router.delete("/accounts/{account_id}", status_code=HTTPStatus.NO_CONTENT)
async def close_account(request: Request, caller: Registrar, account_id: AccountPath) -> None:
    """Close an account: its tokens, its sessions and its live sockets end within seconds."""
    if account_id == caller.account.account_id:
        raise unprocessable("account_id", "is your own: ask another administrator")
    deps = deps_of(request)
    at = deps.now()

    def close(connection: Connection) -> Account | None:
        account = access_account_by_registrar(connection, account_id, caller.account)
        if account is not None:
            access.disable_account(connection, account_id, at)
        return account

    await alter(deps, caller, f"account:{account_id}", close)


@router.get("/audit", responses=examples.answered(examples.AUDIT))
async def read_audit(
    request: Request, caller: Auditor, limit: Limit = PAGE, cursor: Cursor = None
) -> JSONResponse:
    """Read the audit, newest first. Reading it is in it."""
    mark = mark_of(cursor, 1)
    before = None if mark is None else number_in(mark[0])
    found = await consult(
        deps_of(request),
        caller,
        "audit",
        lambda c: audit.entries(c, before=before, limit=limit + 1),
    )
    page = found[:limit]
    following = [page[-1].entry_id] if len(found) > limit else None
    return JSONResponse(listed([_line(entry) for entry in page], following))


def _document(account: Account) -> Document:
    closed = account.disabled_at
    return {
        "id": account.account_id,
        "name": account.name,
        "role": account.role.value,
        "disabled_at": None if closed is None else rfc3339(closed),
    }


def _line(entry: AuditEntry) -> Document:
    return {
        "id": str(entry.entry_id),
        "at": rfc3339(entry.at),
        "actor": entry.actor,
        "action": entry.action.value,
        "subject": entry.subject,
        "outcome": entry.outcome.value,
        "reason": entry.reason,
    }
