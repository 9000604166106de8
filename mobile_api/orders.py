"""The orders' routes: what a court imposed, its revisions, and which officers work on it."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Header, Path, Request
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from sqlalchemy import Connection

from domain.ids import OrderId
from domain.order import Order, PersonRole
from mobile_api import changes, examples
from mobile_api.access import access_order_by_account, alter, consult
from mobile_api.answers import order_document
from mobile_api.bodies import OfficersIn, OrderIn
from mobile_api.calls import Answer, IdempotencyKey, call_of, note, once
from mobile_api.deps import deps_of
from mobile_api.identity import OrderKeeper, OrderReader
from mobile_api.problems import (
    CONDITION_TAGS,
    DocumentError,
    Fault,
    ProblemError,
    faults_of,
)
from mobile_api.schemas import order_of, refuse_past
from records import access as logins
from records import register
from records.access import Role
from records.audit import Action
from runtime.ids import new_id

router = APIRouter(tags=["orders"])

OrderPath = Annotated[str, Path(description="Id of an order.", max_length=200)]
IfMatch = Annotated[
    str | None, Header(alias="If-Match", description="The ETag of the revision you read.")
]


@router.post("/orders", status_code=HTTPStatus.CREATED, responses=examples.created(examples.ORDER))
async def create_order(
    request: Request,
    caller: OrderKeeper,
    body: Annotated[OrderIn, Body(openapi_examples=examples.ORDERS)],
    key: IdempotencyKey = None,
) -> JSONResponse:
    """Register an order. It is decided against the last known positions at once."""
    call = await call_of(request, caller, key)
    ids = [new_id("condition") for _ in body.conditions]
    order = order_of(body, OrderId(new_id("order")), ids)
    refuse_past(order, call.at)

    def act(connection: Connection) -> Answer:
        _refuse_strangers(connection, order)
        changes.put_order(connection, order, call.at)
        note(connection, call, Action.COLLECTION, f"order:{order.order_id}")
        headers = {"ETag": etag_of(order), "Location": f"/api/v1/orders/{order.order_id}"}
        return Answer(body=order_document(order), headers=headers)

    answer = await once(call, act)
    await changes.wake(call.deps)
    return answer


@router.get("/orders/{order_id}", responses=examples.answered(examples.ORDER))
async def read_order(request: Request, caller: OrderReader, order_id: OrderPath) -> JSONResponse:
    """Read an order. The ETag names its revision."""
    order = await consult(
        deps_of(request),
        caller,
        f"order:{order_id}",
        lambda c: access_order_by_account(c, order_id, caller.account),
    )
    return _order_answer(order)


@router.patch("/orders/{order_id}", responses=examples.answered(examples.ORDER))
async def change_order(
    request: Request,
    caller: OrderKeeper,
    order_id: OrderPath,
    body: Annotated[dict[str, object], Body(openapi_examples=examples.ORDER_CHANGES)],
    if_match: IfMatch = None,
) -> JSONResponse:
    """Change an order: the members sent replace its own. Conditions keep the ids they are sent.

    To end an order, set `valid_until`.
    """
    deps = deps_of(request)
    at = deps.now()

    def change(connection: Connection) -> Order | None:
        order = access_order_by_account(connection, order_id, caller.account)
        if order is None:
            return None
        _demand_match(order, if_match)
        changed = _changed(order, body)
        _refuse_strangers(connection, changed)
        changes.put_order(connection, changed, at)
        return changed

    subject = f"order:{order_id}"
    order = await alter(deps, caller, subject, change)
    await changes.wake(deps)
    return _order_answer(order)


@router.get("/orders/{order_id}/officers", responses=examples.answered(examples.OFFICERS))
async def read_officers(request: Request, caller: OrderKeeper, order_id: OrderPath) -> JSONResponse:
    """Read whose own case an order is."""

    def look(connection: Connection) -> list[str] | None:
        if access_order_by_account(connection, order_id, caller.account) is None:
            return None
        return register.officers_of(connection, order_id)

    officers = await consult(deps_of(request), caller, f"order:{order_id}:officers", look)
    return JSONResponse({"officers": officers})


@router.put("/orders/{order_id}/officers", responses=examples.answered(examples.OFFICERS))
async def put_officers(
    request: Request,
    caller: OrderKeeper,
    order_id: OrderPath,
    body: Annotated[OfficersIn, Body(openapi_examples=examples.OFFICER_LISTS)],
) -> JSONResponse:
    """Say whose own case an order is: account ids of officers. Those not named lose it at once."""
    named = sorted(set(body.officers))

    def put(connection: Connection) -> list[str] | None:
        if access_order_by_account(connection, order_id, caller.account) is None:
            return None
        for number, account_id in enumerate(named):
            account = logins.account(connection, account_id)
            if account is None or account.role is not Role.OFFICER:
                pointer = f"/officers/{number}"
                raise DocumentError([Fault(pointer=pointer, detail="is not an officer here")])
        register.put_officers(connection, order_id, named)
        return named

    subject = f"order:{order_id}:officers"
    officers = await alter(deps_of(request), caller, subject, put)
    return JSONResponse({"officers": officers})


def etag_of(order: Order) -> str:
    """Return the ETag of an order's revision."""
    return f'"{order.revision}"'


def _order_answer(order: Order) -> JSONResponse:
    return JSONResponse(order_document(order), headers={"ETag": etag_of(order)})


def _demand_match(order: Order, if_match: str | None) -> None:
    """Refuse to change a revision other than the one the caller read.

    Raises:
        ProblemError: 428 without If-Match, 412 if it names another revision.
    """
    if if_match is None:
        raise ProblemError(HTTPStatus.PRECONDITION_REQUIRED, "Send If-Match with the ETag.")
    named = {tag.strip() for tag in if_match.split(",")}
    if named.isdisjoint({"*", etag_of(order)}):
        raise ProblemError(HTTPStatus.PRECONDITION_FAILED, "The order has changed since.")


def _changed(order: Order, sent: Mapping[str, object]) -> Order:
    """Return the next revision of an order: what was sent, and the rest as it was."""
    before = order_document(order)
    members = {name: value for name, value in sent.items() if name in OrderIn.model_fields}
    try:
        read = OrderIn.model_validate({**before, **members})
    except ValidationError as error:
        raise DocumentError(faults_of(error.errors(), CONDITION_TAGS)) from None
    known = {condition.condition_id for condition in order.conditions}
    ids = [one.id if one.id in known and one.id else new_id("condition") for one in read.conditions]
    return order_of(read, order.order_id, ids, revision=order.revision + 1)


def _refuse_strangers(connection: Connection, order: Order) -> None:
    """Refuse an order whose people are not in the register, or are on the other side.

    Raises:
        DocumentError: Naming each place.
    """
    named: list[tuple[str, str, PersonRole]] = [("/wearer_id", order.wearer_id, PersonRole.WEARER)]
    for number, condition in enumerate(order.conditions):
        protected_id = getattr(condition, "protected_id", None)
        if protected_id is not None:
            pointer = f"/conditions/{number}/protected_id"
            named.append((pointer, protected_id, PersonRole.PROTECTED))
    faults = [
        Fault(pointer=pointer, detail=f"names no {role.value} person of the register")
        for pointer, person_id, role in named
        if not _is(connection, person_id, role)
    ]
    if faults:
        raise DocumentError(faults)


def _is(connection: Connection, person_id: str, role: PersonRole) -> bool:
    person = register.person(connection, person_id)
    return person is not None and person.role is role
