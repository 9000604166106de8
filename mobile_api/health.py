"""Whether the process lives, whether a message published now would reach somebody, and figures."""

import hmac
from http import HTTPStatus
from ipaddress import ip_address

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from mobile_api.deps import deps_of
from mobile_api.identity import account_of, bearer_of
from mobile_api.problems import forbidden
from records.access import Role
from runtime.wire import rfc3339

router = APIRouter(tags=["health"])
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/healthz")
async def alive() -> JSONResponse:
    """Answer 200 while the process lives."""
    return JSONResponse({"alive": True})


@router.get("/readyz")
async def ready(request: Request) -> JSONResponse:
    """Answer 200 only while a message published now would be decided and delivered, else 503."""
    state = deps_of(request).readiness()
    document = {
        "ready": state.ready,
        "broken": list(state.broken),
        "at": None if state.at is None else rfc3339(state.at),
    }
    status = HTTPStatus.OK if state.ready else HTTPStatus.SERVICE_UNAVAILABLE
    return JSONResponse(document, status_code=status, headers={"Cache-Control": "no-store"})


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics(request: Request) -> Response:
    """Show figures for Prometheus, to this machine or to whoever has a token for it."""
    if not _on_this_machine(request) and not await _may_measure(request):
        raise forbidden("Figures are for this machine, or for a token.")
    return Response(deps_of(request).metrics(), media_type=METRICS_TYPE)


def _on_this_machine(request: Request) -> bool:
    """Return whether the call comes from here; behind a proxy every call seems to, so not then."""
    if request.client is None or "x-forwarded-for" in request.headers:
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False


async def _may_measure(request: Request) -> bool:
    token = bearer_of(request)
    if token is None:
        return False
    wanted = deps_of(request).settings.metrics_token
    if wanted is not None and hmac.compare_digest(
        token.encode(), wanted.get_secret_value().encode()
    ):
        return True
    caller = await account_of(request)
    return caller is not None and caller.account.role is Role.ADMINISTRATOR
