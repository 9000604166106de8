"""The routes that say where somebody is or was. Each look-up is in the audit before it is answered.

A look-up names its reason in `X-Reason`. Wearers and protected persons are looked up alike: by
supervisors and operators, and by the officers of their own cases.
"""

from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Header, Path, Query, Request
from fastapi.responses import JSONResponse

from mobile_api import examples, reasons
from mobile_api.access import access_person_by_account, consult
from mobile_api.answers import Document
from mobile_api.deps import Deps, deps_of
from mobile_api.fields import QueryInstant
from mobile_api.identity import AccountCaller, CaseWorker
from mobile_api.lists import PAGE, Cursor, Limit, instant_in, listed, mark_of, number_in
from mobile_api.problems import unprocessable
from records import positions
from records.positions import Mark, TrackPoint
from runtime.wire import rfc3339

router = APIRouter(tags=["whereabouts"])

DAY: Final = timedelta(days=1)
PersonPath = Annotated[str, Path(description="Id of a person.", max_length=200)]
Reason = Annotated[
    str, Header(alias="X-Reason", description="Why you look. It is audited before the answer.")
]
Since = Annotated[QueryInstant | None, Query(alias="from", description="First instant.")]
Until = Annotated[QueryInstant | None, Query(alias="to", description="First instant not shown.")]


@router.get("/people/{person_id}/position", responses=examples.answered(examples.PLACE))
async def read_position(
    request: Request, caller: CaseWorker, person_id: PersonPath, reason: Reason
) -> JSONResponse:
    """Read the last position of a person, with its accuracy, source and age."""
    deps = deps_of(request)
    await _looked_up(deps, caller, person_id, "position", reason)
    point = await deps.records.read(lambda c: positions.last_position(c, person_id))
    if point is None:
        return JSONResponse(dict.fromkeys(examples.PLACE) | {"person_id": person_id})
    age = deps.now() - point.fixed_at
    document = {**_document(point), "age_s": round(age.total_seconds(), 3)}
    return JSONResponse({"person_id": person_id, **document})


@router.get("/people/{person_id}/track", responses=examples.answered(examples.TRACK))
async def read_track(
    request: Request,
    caller: CaseWorker,
    person_id: PersonPath,
    reason: Reason,
    *,
    since: Since = None,
    until: Until = None,
    limit: Limit = PAGE,
    cursor: Cursor = None,
) -> JSONResponse:
    """Read what a person's devices said, by time of fix, with what was not believed and why.

    Without `from` and `to` it is the last day.
    """
    deps = deps_of(request)
    end = until or deps.now()
    begin = since or end - DAY
    if begin >= end:
        raise unprocessable("from", "must lie before to")
    mark = mark_of(cursor, 2)
    after = None
    if mark is not None:
        after = Mark(fixed_at=instant_in(mark[0]), log_position=number_in(mark[1]))
    await _looked_up(deps, caller, person_id, "track", reason)
    found = await deps.records.read(
        lambda c: positions.track(c, person_id, begin, end, after=after, limit=limit + 1)
    )
    page = found[:limit]
    following = None
    if len(found) > limit:
        following = [page[-1].fixed_at.isoformat(), page[-1].log_position]
    return JSONResponse(listed([_document(point) for point in page], following))


async def _looked_up(
    deps: Deps, caller: AccountCaller, person_id: str, part: str, header: str
) -> None:
    """Write into the audit who looks where somebody is, and why, or refuse.

    Raises:
        ProblemError: 422 without a reason that is one; 404 if the caller may not see the person.
        RecordsError: If the audit cannot be written.
    """
    reason = " ".join(reasons.decoded(header).split())
    fault = reasons.fault_of(reason)
    if fault is not None:
        raise unprocessable("X-Reason", fault)
    await consult(
        deps,
        caller,
        f"person:{person_id}:{part}",
        lambda c: access_person_by_account(c, person_id, caller.account),
        reason=reason,
    )


def _document(point: TrackPoint) -> Document:
    """Return one reading as `INTERFACES` 6.15 has it."""
    document: Document = {
        "device_id": point.device_id,
        "boot": point.boot,
        "seq": point.seq,
        "t": rfc3339(point.fixed_at),
        "received_at": rfc3339(point.received_at),
        "lat": None if point.position is None else point.position.latitude_deg,
        "lon": None if point.position is None else point.position.longitude_deg,
        "accuracy_m": point.accuracy_m,
        "source": point.source,
        "state": point.state,
    }
    if point.reason is not None:
        document["reason"] = point.reason
    return document
