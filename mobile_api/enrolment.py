"""The route by which a protected person's phone is set up, with a code an officer gave her."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Request
from fastapi.responses import JSONResponse
from sqlalchemy import Connection

from domain.ids import DeviceId, PersonId
from domain.order import Device, DeviceKind, Person, Protocol
from mobile_api import changes, codes, examples, throttle
from mobile_api.bodies import EnrolIn
from mobile_api.deps import deps_of
from mobile_api.identity import ANONYMOUS, PHONE_COOKIE
from mobile_api.problems import ProblemError
from mobile_api.session import set_cookie
from records import access, audit, register
from records.access import Phone
from records.audit import Action, AuditEntry
from runtime.ids import new_id, new_secret, secret_hash

router = APIRouter(tags=["her phone"])


@router.post(
    "/enrol", status_code=HTTPStatus.CREATED, responses=examples.created(examples.ENROLLED)
)
async def enrol(
    request: Request, body: Annotated[EnrolIn, Body(openapi_examples=examples.CODES)]
) -> JSONResponse:
    """Set up this phone: the answer sets the cookie `keepclear_phone`. A code is good once.

    A code that is wrong, used or run out is the same 404. A good one is let in whatever others
    have tried from the same address, which may be a whole network's: nobody can lock her out. The
    delay bounds what guessing costs us; what keeps guesses out is the length of a code.
    """
    deps = deps_of(request)
    at = deps.now()
    secret = new_secret()
    hashed_code = secret_hash(codes.tidied(body.code))

    def work(connection: Connection) -> tuple[Person, Device] | None:
        person_id = access.use_enrolment(connection, hashed_code, at)
        if person_id is None:
            return None
        person = register.person(connection, person_id)
        assert person is not None
        device = _handset(person.person_id)
        register.add_device(connection, device, at, secret_sha256=None)
        changes.device_changed(connection, device, at)
        phone = Phone(person_id=person_id, device_id=device.device_id, created_at=at)
        access.add_phone(connection, secret_hash(secret), phone)
        entry = AuditEntry(
            at=at,
            actor=ANONYMOUS,
            action=Action.COLLECTION,
            subject=f"device:{device.device_id}",
            reason=f"enrolled for person:{person_id}",
        )
        audit.write(connection, entry)
        return person, device

    made = await deps.records.write(work)
    subject = throttle.subject_of(request, "enrol")
    if made is None:
        await throttle.count_try(request, subject)
        raise ProblemError(HTTPStatus.NOT_FOUND, "That code is not good, or not any more.")
    await throttle.forgive(request, subject)
    await changes.wake(deps)
    person, device = made
    document = {"device_id": device.device_id, "person": {"language": person.language}}
    answer = JSONResponse(document, status_code=HTTPStatus.CREATED)
    set_cookie(answer, PHONE_COOKIE, secret, deps.settings.phone_session_s, deps.settings)
    return answer


def _handset(person_id: PersonId) -> Device:
    """Return the device that her page is. It has no secret: it speaks through this door."""
    return Device(
        device_id=DeviceId(new_id("handset")),
        kind=DeviceKind.HANDSET,
        protocol=Protocol.APP,
        person_id=person_id,
    )
