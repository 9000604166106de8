"""Who may call what: written by hand, beside the routes, so that a new route has to be thought of.

A route that is not here fails the tests; so does an entry without a route.
"""

from typing import Any

import msgspec

from mobile_api.app import create_app
from mobile_api.deps import Deps

ADMINISTRATOR, SUPERVISOR, OPERATOR, OFFICER, AUDITOR = (
    "administrator",
    "supervisor",
    "operator",
    "officer",
    "auditor",
)
PHONE = "phone"
ANONYMOUS = "anonymous"
CALLERS = (ADMINISTRATOR, SUPERVISOR, OPERATOR, OFFICER, AUDITOR, PHONE, ANONYMOUS)
EVERYBODY = frozenset(CALLERS)
REGISTRARS = frozenset({ADMINISTRATOR})
KEEPERS = frozenset({ADMINISTRATOR, SUPERVISOR})
WORKERS = frozenset({SUPERVISOR, OPERATOR, OFFICER})
ACCOUNTS = frozenset({ADMINISTRATOR, SUPERVISOR, OPERATOR, OFFICER, AUDITOR})

#: Which of two cases an object belongs to; one that never was; one of the synthetic case.
OBJECTS = ("own", "foreign", "missing", "canary")


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """Who may make one call, on what, and what a proper call looks like.

    Attributes:
        roles: Whose call is let in at all; the others get 401 or 403, whatever the object.
        subject: Which id of a case its path holds; None if it holds none.
        scoped: Callers for whom the other case's object does not exist.
    """

    roles: frozenset[str]
    subject: str | None = None
    scoped: frozenset[str] = frozenset()
    body: dict[str, Any] | None = None
    headers: dict[str, str] = {}
    codes: frozenset[int] = frozenset({200})


WHY = {"x-reason": "Incident at the school, patrol asks"}
ANY = {"if-match": "*"}
DONE = frozenset({200, 202})
OFFICERS_OWN = frozenset({OFFICER})
ACT = Rule(
    roles=WORKERS,
    subject="incident",
    scoped=OFFICERS_OWN,
    body={"note": "Seen."},
    codes=DONE,
)
LOOK_UP = Rule(roles=WORKERS, subject="wearer", scoped=OFFICERS_OWN, headers=WHY)

RULES: dict[tuple[str, str], Rule] = {
    ("GET", "/healthz"): Rule(roles=EVERYBODY),
    ("GET", "/readyz"): Rule(roles=EVERYBODY),
    ("GET", "/metrics"): Rule(roles=EVERYBODY),
    ("POST", "/api/v1/session"): Rule(
        roles=EVERYBODY,
        body={"name": "nobody", "password": "wrong"},
        codes=frozenset({401, 429}),
    ),
    ("GET", "/api/v1/session"): Rule(roles=ACCOUNTS | {PHONE}),
    ("DELETE", "/api/v1/session"): Rule(roles=ACCOUNTS, codes=frozenset({204})),
    ("POST", "/api/v1/people"): Rule(
        roles=REGISTRARS, body={"role": "wearer", "name": "A"}, codes=frozenset({201})
    ),
    ("GET", "/api/v1/people/{person_id}"): Rule(roles=REGISTRARS, subject="wearer"),
    ("POST", "/api/v1/people/{person_id}/enrolment"): Rule(
        roles=REGISTRARS, subject="protected", body={}, codes=frozenset({201})
    ),
    ("POST", "/api/v1/devices"): Rule(
        roles=REGISTRARS,
        body={"kind": "gateway", "protocol": "traccar"},
        codes=frozenset({201}),
    ),
    ("GET", "/api/v1/devices/{device_id}"): Rule(roles=REGISTRARS, subject="device"),
    ("DELETE", "/api/v1/devices/{device_id}"): Rule(
        roles=REGISTRARS, subject="device", codes=frozenset({204})
    ),
    ("POST", "/api/v1/orders"): Rule(roles=KEEPERS, body={}, codes=frozenset({422})),
    ("GET", "/api/v1/orders/{order_id}"): Rule(
        roles=KEEPERS | WORKERS, subject="order", scoped=OFFICERS_OWN
    ),
    ("PATCH", "/api/v1/orders/{order_id}"): Rule(
        roles=KEEPERS, subject="order", body={"show_trend": True}, headers=ANY
    ),
    ("GET", "/api/v1/orders/{order_id}/officers"): Rule(roles=KEEPERS, subject="order"),
    ("PUT", "/api/v1/orders/{order_id}/officers"): Rule(
        roles=KEEPERS, subject="spare_order", body={"officers": []}
    ),
    ("POST", "/api/v1/accounts"): Rule(
        roles=REGISTRARS,
        body={"role": "operator", "name": "matrix", "password": "a long phrase"},
        codes=frozenset({201, 409}),
    ),
    ("GET", "/api/v1/accounts"): Rule(roles=REGISTRARS),
    ("DELETE", "/api/v1/accounts/{account_id}"): Rule(
        roles=REGISTRARS, subject="account", codes=frozenset({204})
    ),
    ("GET", "/api/v1/audit"): Rule(roles=frozenset({AUDITOR})),
    ("GET", "/api/v1/incidents"): Rule(roles=WORKERS),
    ("GET", "/api/v1/incidents/{incident_id}"): Rule(
        roles=WORKERS, subject="incident", scoped=OFFICERS_OWN
    ),
    ("POST", "/api/v1/incidents/{incident_id}/acknowledge"): ACT,
    ("POST", "/api/v1/incidents/{incident_id}/assign"): ACT,
    ("POST", "/api/v1/incidents/{incident_id}/note"): ACT,
    ("POST", "/api/v1/incidents/{incident_id}/resolve"): ACT,
    ("GET", "/api/v1/people/{person_id}/position"): LOOK_UP,
    ("GET", "/api/v1/people/{person_id}/track"): LOOK_UP,
    ("POST", "/api/v1/enrol"): Rule(
        roles=EVERYBODY, body={"code": "AAAAA-AAAAA"}, codes=frozenset({404, 429})
    ),
    ("POST", "/api/v1/victim/sos"): Rule(roles=frozenset({PHONE}), body={"id": "sos"}, codes=DONE),
    ("POST", "/api/v1/victim/safe"): Rule(
        roles=frozenset({PHONE}), body={"id": "safe"}, codes=DONE
    ),
    ("POST", "/api/v1/victim/position"): Rule(
        roles=frozenset({PHONE}), body={"at": 1_795_356_127, "lat": 51.5, "lon": -0.1}
    ),
    ("GET", "/api/v1/alerts/{alert_id}"): Rule(
        roles=frozenset({PHONE}), subject="alert", scoped=frozenset({PHONE})
    ),
    ("POST", "/api/v1/live-ticket"): Rule(roles=WORKERS | {PHONE}, body={}, codes=frozenset({201})),
}


def operations() -> set[tuple[str, str]]:
    """Return every call the application has, as its OpenAPI document says."""
    nothing: Any = None
    deps: Deps = nothing
    paths: dict[str, dict[str, Any]] = create_app(deps).openapi()["paths"]
    return {(method.upper(), path) for path, methods in paths.items() for method in methods}
