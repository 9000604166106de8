"""The console's routes: incidents, what officers do about them, and looking somebody up."""

from http import HTTPStatus
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Body, Path, Query, Request
from fastapi.responses import JSONResponse
from sqlalchemy import Connection

from alerts.live.views import incident_item
from domain.command import Command, CommandResult, CommandType
from domain.ids import CommandId, IncidentId, derive
from domain.incident import Incident
from mobile_api import acts, cases, examples
from mobile_api.access import access_incident_by_account, alter, consult, incidents_open_to
from mobile_api.bodies import ActIn
from mobile_api.calls import Call, IdempotencyKey, call_of, given_before, keep_answer
from mobile_api.deps import deps_of
from mobile_api.identity import AccountCaller, CaseWorker
from mobile_api.lists import PAGE, Cursor, Limit, instant_in, listed, mark_of
from mobile_api.problems import ProblemError, missing, unprocessable
from records import access as logins
from records import incidents
from records.access import Account, Role
from records.incidents import IncidentFilter
from runtime import wire
from runtime.ids import new_id

router = APIRouter(tags=["console"])

IncidentPath = Annotated[str, Path(description="Id of an incident.", max_length=200)]
Act = Annotated[ActIn | None, Body(openapi_examples=examples.ACTS)]

#: What an officer must still say before a command can be carried out.
_LACKING: Final = {
    "note_required": "/note",
    "outcome_required": "/outcome",
    "owner_required": "/owner",
}
#: The outcome of an incident that was resolved without saying how.
UNSTATED: Final = "not_stated"


@router.get("/incidents", responses=examples.answered(examples.INCIDENT_LIST))
async def list_incidents(
    request: Request,
    caller: CaseWorker,
    *,
    state: Annotated[Literal["open", "acknowledged", "resolved"] | None, Query()] = None,
    priority: Annotated[Literal["P1", "P2", "P3"] | None, Query()] = None,
    limit: Limit = PAGE,
    cursor: Cursor = None,
) -> JSONResponse:
    """List incidents, newest first: an officer's own cases, or all to operators."""
    mark = mark_of(cursor, 2)
    after = None if mark is None else (instant_in(mark[0]), str(mark[1]))

    def look(connection: Connection) -> list[Incident]:
        wanted = IncidentFilter(
            state=state,
            priority=priority,
            order_ids=incidents_open_to(connection, caller.account),
            after=after,
            limit=limit + 1,
        )
        bodies = incidents.list_incident_bodies(connection, wanted)
        return [wire.decode(body, Incident) for body in bodies]

    found = await consult(deps_of(request), caller, "incidents", look)
    page = found[:limit]
    following = None
    if len(found) > limit:
        following = [page[-1].opened_at.isoformat(), page[-1].incident_id]
    return JSONResponse(listed([incident_item(incident) for incident in page], following))


@router.get("/incidents/{incident_id}", responses=examples.answered(examples.INCIDENT))
async def read_incident(
    request: Request, caller: CaseWorker, incident_id: IncidentPath
) -> JSONResponse:
    """Read an incident with its history."""
    return await _shown(request, caller, incident_id)


@router.post("/incidents/{incident_id}/acknowledge", responses=examples.answered(examples.INCIDENT))
async def acknowledge(
    request: Request,
    caller: CaseWorker,
    incident_id: IncidentPath,
    body: Act = None,
    key: IdempotencyKey = None,
) -> JSONResponse:
    """Say that a human has it. It reaches her screen. The first who says so owns it."""
    return await _act(
        request,
        caller,
        incident_id,
        command_type=CommandType.ACKNOWLEDGE,
        body=body or ActIn(),
        key=key,
    )


@router.post("/incidents/{incident_id}/assign", responses=examples.answered(examples.INCIDENT))
async def assign(
    request: Request,
    caller: CaseWorker,
    incident_id: IncidentPath,
    body: Act = None,
    key: IdempotencyKey = None,
) -> JSONResponse:
    """Give it to an account, `owner`; without one, take it."""
    return await _act(
        request,
        caller,
        incident_id,
        command_type=CommandType.ASSIGN,
        body=body or ActIn(),
        key=key,
    )


@router.post("/incidents/{incident_id}/note", responses=examples.answered(examples.INCIDENT))
async def write_note(
    request: Request,
    caller: CaseWorker,
    incident_id: IncidentPath,
    body: Act = None,
    key: IdempotencyKey = None,
) -> JSONResponse:
    """Write a note into its history."""
    return await _act(
        request,
        caller,
        incident_id,
        command_type=CommandType.NOTE,
        body=body or ActIn(),
        key=key,
    )


@router.post("/incidents/{incident_id}/resolve", responses=examples.answered(examples.INCIDENT))
async def resolve(
    request: Request,
    caller: CaseWorker,
    incident_id: IncidentPath,
    body: Act = None,
    key: IdempotencyKey = None,
) -> JSONResponse:
    """Close it, saying how it ended. Only a human does."""
    return await _act(
        request,
        caller,
        incident_id,
        command_type=CommandType.RESOLVE,
        body=body or ActIn(),
        key=key,
    )


async def _act(
    request: Request,
    caller: AccountCaller,
    incident_id: str,
    *,
    command_type: CommandType,
    body: ActIn,
    key: str | None,
) -> JSONResponse:
    """Ask the alerts room to do something about an incident, and answer with what came of it."""
    call = await call_of(request, caller, key)
    command = _command(call, caller, incident_id, command_type, body)

    def ask(connection: Connection) -> Incident | None:
        incident = access_incident_by_account(connection, incident_id, caller.account)
        if incident is None:
            return None
        _refuse_strangers(connection, command)
        if given_before(connection, call) is None:
            keep_answer(connection, call, b"")
        acts.keep(connection, command)
        return incident

    subject = f"incident:{incident_id}:{command_type.value}"
    await alter(call.deps, caller, subject, ask)
    result = await acts.outcome(call.deps, command)
    if result is None:
        pending = {"id": incident_id, "command_id": command.command_id, "pending": True}
        return JSONResponse(pending, status_code=HTTPStatus.ACCEPTED)
    _refuse_as(result)
    return await _shown(request, caller, incident_id)


def _command(
    call: Call,
    caller: AccountCaller,
    incident_id: str,
    command_type: CommandType,
    body: ActIn,
) -> Command:
    """Return the command that a call asks for. A repeated key gives the same command again."""
    repeated = derive("command", call.actor, call.key, call.fingerprint) if call.key else None
    resolving = command_type is CommandType.RESOLVE
    return Command(
        command_id=CommandId(repeated or new_id("command")),
        command_type=command_type,
        actor=caller.actor,
        at=call.at,
        received_at=call.at,
        incident_id=IncidentId(incident_id),
        note=body.note,
        outcome=(body.outcome or UNSTATED) if resolving else body.outcome,
        owner=(body.owner or caller.actor) if command_type is CommandType.ASSIGN else None,
    )


def _refuse_strangers(connection: Connection, command: Command) -> None:
    """Refuse to give an incident to nobody, or to somebody who works no incidents.

    Raises:
        ProblemError: 422.
    """
    if command.owner is None or command.owner == command.actor:
        return
    owner = logins.account(connection, command.owner)
    if owner is None or owner.disabled_at is not None or not _works_cases(owner):
        raise unprocessable("/owner", "names nobody who works incidents")


def _works_cases(account: Account) -> bool:
    return account.role in {Role.SUPERVISOR, Role.OPERATOR, Role.OFFICER}


def _refuse_as(result: CommandResult) -> None:
    """Answer for a command that was refused.

    Raises:
        ProblemError: 404, 409 or 422.
    """
    if result.accepted:
        return
    if result.reason == "unknown_incident":
        raise missing()
    pointer = _LACKING.get(result.reason)
    if pointer is not None:
        raise unprocessable(pointer, "is needed for this")
    raise ProblemError(HTTPStatus.CONFLICT, f"Refused: {result.reason}.")


async def _shown(request: Request, caller: AccountCaller, incident_id: str) -> JSONResponse:
    """Answer with an incident and its history."""

    def look(connection: Connection) -> cases.Case | None:
        incident = access_incident_by_account(connection, incident_id, caller.account)
        return None if incident is None else cases.case_of(connection, incident)

    case = await consult(deps_of(request), caller, f"incident:{incident_id}", look)
    return JSONResponse(cases.case_document(case))
