"""Her routes: a call for help, word that she is safe, where she is, and an alert of her own."""

from http import HTTPStatus
from typing import Annotated

import msgspec
from fastapi import APIRouter, Body, Path, Request
from fastapi.responses import JSONResponse
from sqlalchemy import Connection

from domain.command import Command, CommandType
from domain.errors import KeepclearError
from domain.ids import CommandId, PersonId, derive
from domain.incident import Notice
from domain.position import Position
from domain.reading import RawMessage
from mobile_api import acts, examples
from mobile_api.access import access_alert_by_phone, consult
from mobile_api.answers import Document
from mobile_api.bodies import CallIn, PositionIn
from mobile_api.deps import Deps, deps_of
from mobile_api.forgiving import ForgivingRoute
from mobile_api.identity import HerPhone, PhoneCaller
from records import audit
from records.audit import Action, AuditEntry
from records.incidents import NoticeRow
from runtime import wire
from runtime.ids import new_id
from runtime.wire import rfc3339

router = APIRouter(tags=["her phone"])
calls = APIRouter(tags=["her phone"], route_class=ForgivingRoute)

AlertPath = Annotated[str, Path(description="Id of an alert.", max_length=200)]
CallBody = Annotated[CallIn | None, Body(openapi_examples=examples.CALLS)]


@calls.post("/victim/sos", responses=examples.answered(examples.HELP))
async def call_for_help(request: Request, caller: HerPhone, body: CallBody = None) -> JSONResponse:
    """Call for help: it opens an incident of kind `sos`, P1. The same id again changes nothing."""
    deps = deps_of(request)
    sent = body or CallIn()
    answer = await _told(deps, caller, CommandType.SOS, sent)
    await _pass_on_place(deps, caller, sent)
    return answer


@calls.post("/victim/safe", responses=examples.answered(examples.HELP))
async def say_safe(request: Request, caller: HerPhone, body: CallBody = None) -> JSONResponse:
    """Say that she is safe. It ends no incident: an officer asks her first."""
    return await _told(deps_of(request), caller, CommandType.SAFE, body or CallIn())


@router.post("/victim/position", responses=examples.answered(examples.KEPT))
async def send_position(
    request: Request,
    caller: HerPhone,
    body: Annotated[PositionIn, Body(openapi_examples=examples.PLACES)],
) -> JSONResponse:
    """Send where her phone is. It goes the way of every device's fix; it is kept when answered."""
    deps = deps_of(request)
    await deps.submit(_message(deps, caller, body))
    return JSONResponse({"id": body.id, "state": "recorded"})


@router.get("/alerts/{alert_id}", responses=examples.answered(examples.ALERT))
async def read_alert(request: Request, caller: HerPhone, alert_id: AlertPath) -> JSONResponse:
    """Read an alert of her own as her screen shows it, and when it was delivered and seen."""
    row = await consult(
        deps_of(request),
        caller,
        f"alert:{alert_id}",
        lambda c: access_alert_by_phone(c, alert_id, caller.phone),
    )
    return JSONResponse(_alert_document(row))


async def _told(
    deps: Deps, caller: PhoneCaller, command_type: CommandType, body: CallIn
) -> JSONResponse:
    """Hand her word to the alerts room and answer with what came of it."""
    command = _command(deps, caller, command_type, body)

    def work(connection: Connection) -> None:
        if acts.keep(connection, command):
            entry = AuditEntry(
                at=command.received_at,
                actor=caller.actor,
                action=Action.COLLECTION,
                subject=f"{caller.actor}:{command_type.value}",
            )
            audit.write(connection, entry)

    await deps.records.write(work)
    result = await acts.outcome(deps, command)
    document: Document = {"id": body.id, "incident_id": None, "state": "recorded"}
    if result is None:
        return JSONResponse({**document, "pending": True}, status_code=HTTPStatus.ACCEPTED)
    return JSONResponse({**document, "incident_id": result.incident_id})


def _command(deps: Deps, caller: PhoneCaller, command_type: CommandType, body: CallIn) -> Command:
    """Return the command that her word is. The same id of hers gives the same command."""
    now = deps.now()
    request_id = body.id or new_id("call")
    person_id = caller.phone.person_id
    return Command(
        command_id=CommandId(derive("command", person_id, command_type.value, request_id)),
        command_type=command_type,
        actor=caller.actor,
        at=body.at or now,
        received_at=now,
        person_id=PersonId(person_id),
        note=body.note or body.wish or None,
        position=_place(body),
        accuracy_m=body.acc,
    )


def _place(body: CallIn) -> Position | None:
    """Return where she calls from, if she says so."""
    if body.lat is None or body.lon is None:
        return None
    return Position(latitude_deg=body.lat, longitude_deg=body.lon)


async def _pass_on_place(deps: Deps, caller: PhoneCaller, body: CallIn) -> None:
    """Treat the place in a call for help as a position too. The call stands in any case."""
    if body.lat is None or body.lon is None:
        return
    place = PositionIn(at=body.at or deps.now(), lat=body.lat, lon=body.lon, acc=body.acc)
    try:
        await deps.submit(_message(deps, caller, place))
    except KeepclearError:
        return


def _message(deps: Deps, caller: PhoneCaller, body: PositionIn) -> RawMessage:
    """Return her position as the native protocol has it: one door for every fix."""
    native: Document = {"t": rfc3339(body.at), "lat": body.lat, "lon": body.lon}
    if body.acc is not None:
        native["acc"] = body.acc
    return RawMessage(
        topic=f"kc/v1/{caller.phone.device_id}/fix",
        payload=msgspec.json.encode(native),
        received_at=deps.now(),
    )


def _alert_document(row: NoticeRow) -> Document:
    """Return an alert from a list of what she may learn, and what became of it."""
    notice = wire.decode(row.body, Notice)
    answered = {
        "delivered_at": row.delivered_at,
        "received_at": row.received_at,
        "seen_at": row.seen_at,
    }
    return {
        "alert_id": notice.alert_id,
        "level": notice.level.value,
        "band": notice.band,
        "trend": notice.trend,
        "direction": notice.direction,
        "steps": list(notice.steps),
        "decided_at": rfc3339(notice.decided_at),
        **{name: None if at is None else rfc3339(at) for name, at in answered.items()},
    }
