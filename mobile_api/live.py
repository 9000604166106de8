"""The websockets' door: who may open one, and for how long.

Shell. A browser is known by its cookie and must show our own Origin; a program offers a ticket
that is good once, for half a minute. While a socket is open its owner's right to it is looked at
again every two seconds: a closed account, an ended session or a revoked phone ends it. What is
said on it is the business of the alerts room.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Request, WebSocket
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.websockets import WebSocketDisconnect, WebSocketState

from domain.ids import PersonId
from mobile_api import examples
from mobile_api.deps import deps_of
from mobile_api.guard import SECRET_PARAMETERS
from mobile_api.identity import (
    ANONYMOUS,
    CASE_WORKERS,
    Anyone,
    account_of,
    bearer_of,
    foreign,
    note_refusal,
    own_origin,
    phone_of,
)
from mobile_api.problems import ProblemError, forbidden
from mobile_api.screens import Holder, OwnCases, Screening, holder_by_reference, holder_of
from records import access, audit
from records.audit import Action, AuditEntry
from records.database import RecordsError
from runtime.ids import new_secret, secret_hash
from runtime.wire import rfc3339

router = APIRouter(tags=["live"])

PROTOCOL: Final = "keepclear.v1"
TICKET: Final = "ticket."
#: Our own close code: whoever opened it may not any more.
ENDED: Final = 4401
#: Half of the five seconds within which a revocation must be felt, less a slow look.
LOOK_AGAIN_S: Final = 2.0


@router.post(
    "/live-ticket", status_code=HTTPStatus.CREATED, responses=examples.created(examples.TICKET)
)
async def create_ticket(request: Request, caller: Anyone) -> JSONResponse:
    """Make a ticket for one websocket: the console's for an account, her screen's for her phone."""
    deps = deps_of(request)
    holder = holder_of(caller)
    if holder.account is not None and holder.account.role not in CASE_WORKERS.roles:
        await note_refusal(request, holder.actor, "role")
        raise forbidden()
    ticket = new_secret()
    at = deps.now()
    until = at + timedelta(seconds=deps.settings.ticket_s)
    await deps.records.write(
        lambda c: access.add_ticket(c, secret_hash(ticket), holder.reference, at, until)
    )
    document = {"ticket": ticket, "expires_at": rfc3339(until)}
    return JSONResponse(document, status_code=HTTPStatus.CREATED)


@router.websocket("/live/console")
async def console(socket: WebSocket) -> None:
    """Serve the console to a case worker."""
    deps = deps_of(socket)
    holder = await _admitted(socket, _session_holder)
    account = None if holder is None else holder.account
    if holder is None or account is None or account.role not in CASE_WORKERS.roles:
        await _refuse(socket, holder)
        return
    await _note_opening(socket, holder)
    own = OwnCases(account)
    await own.renew(deps)

    async def serve() -> None:
        await deps.live.console(socket, account.account_id, own.sees, _subprotocol(socket))

    await _while_allowed(socket, holder, serve, own)


@router.websocket("/live/victim")
async def victim(socket: WebSocket) -> None:
    """Serve her screen to an enrolled phone."""
    deps = deps_of(socket)
    holder = await _admitted(socket, _phone_holder)
    phone = None if holder is None else holder.phone
    if holder is None or phone is None:
        await _refuse(socket, holder)
        return
    person_id = PersonId(phone.person_id)

    async def serve() -> None:
        await deps.live.victim(socket, phone.device_id, person_id, _subprotocol(socket))

    await _while_allowed(socket, holder, serve)


async def _admitted(
    socket: WebSocket, by_cookie: Callable[[WebSocket], Awaitable[Holder | None]]
) -> Holder | None:
    """Return who opens a socket: by a ticket if one is offered, else by a cookie and our Origin."""
    deps = deps_of(socket)
    if any(name in socket.query_params for name in SECRET_PARAMETERS):
        return None
    if foreign(socket, deps.settings):
        return None
    tickets = [one for one in _offered(socket) if one.startswith(TICKET)]
    if tickets:
        return await _by_ticket(socket, tickets[0].removeprefix(TICKET))
    if not own_origin(socket, deps.settings):
        return None
    return await by_cookie(socket)


async def _by_ticket(socket: WebSocket, ticket: str) -> Holder | None:
    """Return whose ticket it is, used up with this."""
    deps = deps_of(socket)
    hashed = secret_hash(ticket)
    at = deps.now()
    reference = await deps.records.write(lambda c: access.use_ticket(c, hashed, at))
    if reference is None:
        return None
    return await deps.records.read(lambda c: holder_by_reference(c, reference))


async def _session_holder(socket: WebSocket) -> Holder | None:
    """Return the person whose session cookie is shown. A bearer token opens no socket."""
    with suppress(ProblemError):
        if bearer_of(socket) is None:
            caller = await account_of(socket)
            return None if caller is None else holder_of(caller)
    return None


async def _phone_holder(socket: WebSocket) -> Holder | None:
    caller = await phone_of(socket)
    return None if caller is None else holder_of(caller)


async def _while_allowed(
    socket: WebSocket,
    holder: Holder,
    serve: Callable[[], Awaitable[None]],
    own: OwnCases | None = None,
) -> None:
    """Serve a socket until it closes, or until its holder may not hold it any more."""

    async def serving() -> None:
        with suppress(WebSocketDisconnect):
            await serve()

    async with asyncio.TaskGroup() as group:
        served = group.create_task(serving())
        watched = group.create_task(_until_not_allowed(socket, holder, own))
        await asyncio.wait({served, watched}, return_when=asyncio.FIRST_COMPLETED)
        served.cancel()
        watched.cancel()
    if socket.application_state is WebSocketState.CONNECTED:
        with suppress(WebSocketDisconnect, RuntimeError):
            await socket.close(ENDED)


async def _until_not_allowed(socket: WebSocket, holder: Holder, own: OwnCases | None) -> None:
    """Return when the holder of a socket may not hold it any more.

    Whoever was just let in is not looked at again at once: the answer that sockets share may be
    older than a phone that was enrolled a moment ago.
    """
    while True:
        await asyncio.sleep(LOOK_AGAIN_S)
        if not await _allowed(socket, holder, own):
            return


async def _allowed(socket: WebSocket, holder: Holder, own: OwnCases | None) -> bool:
    """Return whether a holder still may. If the record cannot say, alerts go on being shown."""
    screening = socket.app.state.screening
    assert isinstance(screening, Screening)
    try:
        if own is not None:
            await own.renew(deps_of(socket))
        return await screening.still(holder)
    except (RecordsError, SQLAlchemyError):
        return True


async def _refuse(socket: WebSocket, holder: Holder | None) -> None:
    """Refuse the handshake, with 403, and note it."""
    actor = ANONYMOUS if holder is None else holder.actor
    await note_refusal(socket, actor, "websocket")
    await socket.close()


async def _note_opening(socket: WebSocket, holder: Holder) -> None:
    """Write into the audit that a console was opened."""
    deps = deps_of(socket)
    entry = AuditEntry(
        at=deps.now(), actor=holder.actor, action=Action.CONSULTATION, subject="console"
    )
    await deps.records.write(lambda c: audit.write(c, entry))


def _offered(socket: WebSocket) -> list[str]:
    offered = socket.scope.get("subprotocols", [])
    return [one for one in offered if isinstance(one, str)]


def _subprotocol(socket: WebSocket) -> str | None:
    """Return the subprotocol to answer with: ours, if it was offered. Never the ticket."""
    return PROTOCOL if PROTOCOL in _offered(socket) else None
