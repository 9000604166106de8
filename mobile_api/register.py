"""The register's routes: people, devices, and the phone a protected person is given."""

import secrets
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Request
from fastapi.responses import JSONResponse
from sqlalchemy import Connection

from domain.errors import KeepclearError
from domain.ids import DeviceId, PersonId
from domain.order import Device
from mobile_api import changes, examples
from mobile_api.access import (
    access_device_by_registrar,
    access_person_by_registrar,
    access_protected_by_registrar,
    alter,
    consult,
)
from mobile_api.answers import device_document, person_document, topic_of
from mobile_api.bodies import DeviceIn, PersonIn
from mobile_api.calls import Answer, IdempotencyKey, call_of, note, once
from mobile_api.codes import code_of
from mobile_api.deps import Deps, deps_of
from mobile_api.identity import AccountCaller, Registrar
from mobile_api.problems import DocumentError, Fault, ProblemError
from mobile_api.schemas import device_of, person_of
from records import access as logins
from records import register
from records.audit import Action
from runtime.broker.credential import broker_hash
from runtime.ids import new_id, secret_hash
from runtime.log import logger
from runtime.wire import rfc3339

router = APIRouter(tags=["register"])
_log = logger("mobile_api.register")

PersonPath = Annotated[str, Path(description="Id of a person.", max_length=200)]
DevicePath = Annotated[str, Path(description="Id of a device.", max_length=200)]


@router.post("/people", status_code=HTTPStatus.CREATED, responses=examples.created(examples.PERSON))
async def create_person(
    request: Request,
    caller: Registrar,
    body: Annotated[PersonIn, Body(openapi_examples=examples.PEOPLE)],
    key: IdempotencyKey = None,
) -> JSONResponse:
    """Register a wearer or a protected person."""
    call = await call_of(request, caller, key)

    def act(connection: Connection) -> Answer:
        person = person_of(body, PersonId(new_id("person")))
        register.add_person(connection, person, call.at)
        note(connection, call, Action.COLLECTION, f"person:{person.person_id}")
        return Answer(body=person_document(person))

    return await once(call, act)


@router.get("/people/{person_id}", responses=examples.answered(examples.PERSON))
async def read_person(request: Request, caller: Registrar, person_id: PersonPath) -> JSONResponse:
    """Read a person's entry in the register: never where they are."""
    person = await consult(
        deps_of(request),
        caller,
        f"person:{person_id}",
        lambda c: access_person_by_registrar(c, person_id, caller.account),
    )
    return JSONResponse(person_document(person))


@router.post(
    "/devices", status_code=HTTPStatus.CREATED, responses=examples.created(examples.DEVICE)
)
async def create_device(
    request: Request,
    caller: Registrar,
    body: Annotated[DeviceIn, Body(openapi_examples=examples.DEVICES)],
    key: IdempotencyKey = None,
) -> JSONResponse:
    """Register a device. Its secret is shown in this answer and never again.

    The credentials work on the broker when this answers; if the broker could not be told, `active`
    is false, and they work as soon as it can.
    """
    call = await call_of(request, caller, key)

    def act(connection: Connection) -> Answer:
        device = device_of(body, DeviceId(body.id or new_id(body.kind)))
        _refuse_impossible(connection, device, caller)
        secret = call.secret_for(device.device_id)
        register.add_device(
            connection,
            device,
            call.at,
            secret_sha256=secret_hash(secret),
            broker_hash=broker_hash(secret),
        )
        changes.device_changed(connection, device, call.at)
        note(connection, call, Action.COLLECTION, f"device:{device.device_id}")
        return Answer(body=_device_answer(device))

    async def with_login(answer: dict[str, Any]) -> dict[str, Any]:
        login = {"username": answer["id"], "password": call.secret_for(answer["id"])}
        active = await _provisioned(call.deps)
        return {**answer, "mqtt": {**login, **answer["mqtt"], "active": active}}

    answer = await once(call, act, with_login)
    await changes.wake(call.deps)
    return answer


@router.get("/devices/{device_id}", responses=examples.answered(examples.DEVICE_READ))
async def read_device(request: Request, caller: Registrar, device_id: DevicePath) -> JSONResponse:
    """Read a device's entry in the register, without its secret."""
    device = await consult(
        deps_of(request),
        caller,
        f"device:{device_id}",
        lambda c: access_device_by_registrar(c, device_id, caller.account),
    )
    return JSONResponse(device_document(device))


@router.delete("/devices/{device_id}", status_code=HTTPStatus.NO_CONTENT)
async def revoke_device(request: Request, caller: Registrar, device_id: DevicePath) -> None:
    """End a device's credentials at once. What it sent stays; a phone's cookie ends with it."""
    deps = deps_of(request)
    at = deps.now()

    def revoke(connection: Connection) -> Device | None:
        device = access_device_by_registrar(connection, device_id, caller.account)
        if device is not None and device.revoked_at is None:
            register.revoke_device(connection, device_id, at)
            logins.revoke_phone(connection, device_id, at)
            revoked = register.device(connection, device_id)
            assert revoked is not None
            changes.device_changed(connection, revoked, at)
        return device

    await alter(deps, caller, f"device:{device_id}", revoke)
    await changes.wake(deps)
    if not await _provisioned(deps):
        raise ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "It is revoked here, but the broker could not be told. Send this again.",
        )


@router.post(
    "/people/{person_id}/enrolment",
    status_code=HTTPStatus.CREATED,
    responses=examples.created(examples.ENROLMENT),
)
async def create_enrolment(
    request: Request, caller: Registrar, person_id: PersonPath, key: IdempotencyKey = None
) -> JSONResponse:
    """Make a code with which a protected person's phone is set up. Earlier codes of hers end."""
    call = await call_of(request, caller, key)
    await consult(
        call.deps,
        caller,
        f"person:{person_id}",
        lambda c: access_protected_by_registrar(c, person_id, caller.account),
    )
    until = call.at + timedelta(seconds=call.deps.settings.enrolment_s)

    def act(connection: Connection) -> Answer:
        enrolment_id = secrets.token_hex(16)
        code = code_of(call.secret_for(enrolment_id))
        logins.add_enrolment(connection, secret_hash(code), person_id, call.at, until)
        note(connection, call, Action.ALTERATION, f"person:{person_id}:enrolment")
        return Answer(body={"id": enrolment_id, "expires_at": rfc3339(until)})

    async def with_code(answer: dict[str, Any]) -> dict[str, Any]:
        code = code_of(call.secret_for(answer["id"]))
        url = f"{call.deps.settings.base_url}/enrol?code={code}"
        return {"code": code, "url": url, "expires_at": answer["expires_at"]}

    return await once(call, act, with_code)


async def _provisioned(deps: Deps) -> bool:
    """Return whether every broker knows the newest credentials."""
    try:
        await deps.credentials_changed()
    except KeepclearError:
        _log.warning("credentials_not_provisioned")
        return False
    return True


def _device_answer(device: Device) -> dict[str, Any]:
    """Return what is kept of the answer: all but the login."""
    document = device_document(device)
    del document["revoked_at"]
    return {**document, "mqtt": {"topic": topic_of(device)}}


def _refuse_impossible(connection: Connection, device: Device, caller: AccountCaller) -> None:
    """Refuse a device for nobody, or one that is there already.

    Raises:
        DocumentError: If nobody carries it.
        ProblemError: 409, if another has its id or external id.
    """
    if (
        device.person_id is not None
        and access_person_by_registrar(connection, device.person_id, caller.account) is None
    ):
        raise DocumentError([Fault(pointer="/person_id", detail="names nobody here")])
    if register.device(connection, device.device_id) is not None:
        raise ProblemError(HTTPStatus.CONFLICT, "Another device has that id.")
    if device.external_id is None:
        return
    if register.device_with_external_id(connection, device.external_id) is not None:
        raise ProblemError(HTTPStatus.CONFLICT, "Another device has that external_id.")
