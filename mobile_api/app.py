"""The application: every route of `INTERFACES` 3 and 4, behind one guard, with one kind of error.

`create_app` composes and decides nothing.
"""

from typing import Final

from fastapi import APIRouter, FastAPI

from mobile_api import (
    accounts,
    console,
    enrolment,
    examples,
    health,
    live,
    orders,
    problems,
    register,
    session,
    victim,
    whereabouts,
)
from mobile_api.deps import Deps
from mobile_api.guard import Guard
from mobile_api.screens import Screening

PREFIX: Final = "/api/v1"
ROUTERS: Final[tuple[APIRouter, ...]] = (
    session.router,
    register.router,
    orders.router,
    accounts.router,
    console.router,
    whereabouts.router,
    enrolment.router,
    victim.calls,
    victim.router,
    live.router,
)


def create_app(deps: Deps) -> FastAPI:
    """Return the application that answers with what `deps` gives it."""
    app = FastAPI(
        title="Keepclear",
        version="1",
        description="Proximity alerts for court-ordered GPS tags.",
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        responses=examples.problems(),
    )
    app.state.deps = deps
    app.state.screening = Screening(deps)
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router, prefix=PREFIX)
    app.include_router(health.router)
    app.add_middleware(Guard, deps=deps)
    return app
