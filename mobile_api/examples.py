"""The examples that OpenAPI shows, and the problems each call may answer with. Pure."""

from http import HTTPStatus
from typing import Any, Final

from fastapi.openapi.models import Example

from mobile_api.problems import MEDIA_TYPE, document_of

Responses = dict[int | str, dict[str, Any]]
Examples = dict[str, Example]

PERSON: Final[dict[str, Any]] = {
    "id": "person-06fv3k2q8h0000000000000000",
    "role": "protected",
    "name": "Alex Example",
    "phone": "+44 7700 900123",
    "language": "en",
}
DEVICE: Final[dict[str, Any]] = {
    "id": "tag-7",
    "kind": "tag",
    "protocol": "keepclear",
    "person_id": "person-06fv3k2q8h0000000000000001",
    "external_id": None,
    "interval_s": 60.0,
    "mqtt": {
        "username": "tag-7",
        "password": "shown once, 43 characters",
        "topic": "kc/v1/tag-7/fix",
        "active": True,
    },
}
DEVICE_READ: Final[dict[str, Any]] = {
    "id": "tag-7",
    "kind": "tag",
    "protocol": "keepclear",
    "person_id": "person-06fv3k2q8h0000000000000001",
    "external_id": None,
    "interval_s": 60.0,
    "revoked_at": None,
}
ENROLMENT: Final[dict[str, Any]] = {
    "code": "7KQ2M-X4ZT9",
    "url": "http://127.0.0.1:8080/enrol?code=7KQ2M-X4ZT9",
    "expires_at": "2026-11-22T14:17:07.120Z",
}
OFFICERS: Final[dict[str, Any]] = {"officers": ["account-06fv3k2q8h0000000000000002"]}
PROXIMITY: Final[dict[str, Any]] = {
    "type": "proximity",
    "protected_id": "person-06fv3k2q8h0000000000000000",
    "alert_m": 1000.0,
    "warning_m": 2000.0,
    "contact_m": 300.0,
}
HOME_ZONE: Final[dict[str, Any]] = {
    "type": "exclusion_zone",
    "name": "School",
    "geometry": {"type": "Point", "coordinates": [-0.1, 51.6]},
    "radius_m": 300.0,
    "schedule": [{"days": ["mon", "tue"], "from": "08:00", "to": "16:00"}],
}
ORDER_SENT: Final[dict[str, Any]] = {
    "type": "restraining_order",
    "reference": "T20261234",
    "wearer_id": "person-06fv3k2q8h0000000000000001",
    "valid_from": "2026-11-01T00:00:00Z",
    "valid_until": "2027-11-01T00:00:00Z",
    "timezone": "Europe/London",
    "conditions": [PROXIMITY, HOME_ZONE],
}
ORDER: Final[dict[str, Any]] = {
    **ORDER_SENT,
    "id": "order-06fv3k2q8h0000000000000003",
    "conditions": [{"id": "condition-06fv3k2q8h0000000000000004", **PROXIMITY}],
    "show_trend": True,
    "show_direction": False,
    "revision": 1,
    "warnings": [],
}
INCIDENT: Final[dict[str, Any]] = {
    "id": "incident-mzxw6ytboi5dkmzsgq2wkzlfmq",
    "state": "open",
    "priority": "P1",
    "kind": "proximity",
    "level": "breach",
    "order_id": "order-06fv3k2q8h0000000000000003",
    "condition_id": "condition-06fv3k2q8h0000000000000004",
    "opened_at": "2026-11-22T14:02:07.420Z",
    "timeline": [
        {
            "at": "2026-11-22T14:02:07.420Z",
            "kind": "opened",
            "actor": "engine",
            "level": "breach",
            "note": None,
            "reason": "nearest",
        }
    ],
}
INCIDENT_LIST: Final[dict[str, Any]] = {
    "items": [{name: value for name, value in INCIDENT.items() if name != "timeline"}],
    "next": None,
}
PLACE: Final[dict[str, Any]] = {
    "person_id": "person-06fv3k2q8h0000000000000001",
    "device_id": "tag-7",
    "t": "2026-11-22T14:02:07.120Z",
    "received_at": "2026-11-22T14:02:07.310Z",
    "age_s": 12.4,
    "lat": 51.61712,
    "lon": -0.10791,
    "accuracy_m": 8.5,
    "source": "gnss",
    "state": "accepted",
    "boot": 3,
    "seq": 1841,
}
TRACK: Final[dict[str, Any]] = {
    "items": [
        {
            "device_id": "tag-7",
            "boot": 3,
            "seq": 1841,
            "t": "2026-11-22T14:02:07.120Z",
            "received_at": "2026-11-22T14:02:07.310Z",
            "lat": 51.61712,
            "lon": -0.10791,
            "accuracy_m": 8.5,
            "source": "gnss",
            "state": "accepted",
        }
    ],
    "next": None,
}
SESSION: Final[dict[str, Any]] = {
    "account_id": "account-06fv3k2q8h0000000000000002",
    "name": "operator",
    "role": "operator",
    "csrf_token": "sent back as X-CSRF-Token",
    "expires_at": "2026-11-23T02:02:07.120Z",
}
ENROLLED: Final[dict[str, Any]] = {
    "device_id": "handset-06fv3k2q8h0000000000000005",
    "person": {"language": "en"},
}
HELP: Final[dict[str, Any]] = {
    "id": "7b0c6f1e",
    "incident_id": "incident-mzxw6ytboi5dkmzsgq2wkzlfmq",
    "state": "recorded",
}
KEPT: Final[dict[str, Any]] = {"id": "7b0c6f20", "state": "recorded"}
ALERT: Final[dict[str, Any]] = {
    "alert_id": "alert-mzxw6ytboi5dkmzsgq2wkzlfmq",
    "level": "breach",
    "band": "near",
    "trend": None,
    "direction": None,
    "steps": ["step.leave", "step.call"],
    "decided_at": "2026-11-22T14:02:07.420Z",
    "delivered_at": "2026-11-22T14:02:07.440Z",
    "received_at": "2026-11-22T14:02:07.520Z",
    "seen_at": None,
}
TICKET: Final[dict[str, Any]] = {
    "ticket": "good once, for 30 seconds",
    "expires_at": "2026-11-22T14:02:37.120Z",
}

ACCOUNT: Final[dict[str, Any]] = {
    "id": "account-06fv3k2q8h0000000000000002",
    "name": "operator",
    "role": "operator",
    "disabled_at": None,
}
ACCOUNT_LIST: Final[dict[str, Any]] = {"items": [ACCOUNT], "next": None}
AUDIT: Final[dict[str, Any]] = {
    "items": [
        {
            "id": "17",
            "at": "2026-11-22T14:02:07.120Z",
            "actor": "account-06fv3k2q8h0000000000000002",
            "action": "consultation",
            "subject": "person:person-06fv3k2q8h0000000000000001:position",
            "outcome": "allowed",
            "reason": "Incident at the school, patrol asks",
        }
    ],
    "next": None,
}


def _named(**bodies: dict[str, Any]) -> Examples:
    return {name: Example(summary=name, value=body) for name, body in bodies.items()}


PEOPLE: Final = _named(
    wearer={"role": "wearer", "name": "Sam Example"},
    protected={"role": "protected", "name": "Alex Example", "language": "pl"},
)
DEVICES: Final = _named(
    tag={"kind": "tag", "protocol": "keepclear", "person_id": PERSON["id"], "interval_s": 60},
    gateway={"kind": "gateway", "protocol": "traccar"},
)
ORDERS: Final = _named(restraining_order=ORDER_SENT)
ORDER_CHANGES: Final = _named(end={"valid_until": "2026-12-01T00:00:00Z"})
OFFICER_LISTS: Final = _named(one=OFFICERS)
ACCOUNTS: Final = _named(
    operator={"role": "operator", "name": "operator", "password": "a long phrase"}
)
LOGINS: Final = _named(operator={"name": "operator", "password": "a long phrase"})
CODES: Final = _named(code={"code": ENROLMENT["code"]})
ACTS: Final = _named(
    note={"note": "Patrol sent."}, resolve={"outcome": "attended", "note": "All well."}
)
CALLS: Final = _named(
    sos={"id": "7b0c6f1e", "at": "2026-11-22T14:02:07.120Z"},
    with_place={
        "id": "7b0c6f1f",
        "at": "2026-11-22T14:02:07.120Z",
        "lat": 51.61712,
        "lon": -0.10791,
        "acc": 12.0,
    },
)

PLACES: Final = _named(
    place={
        "id": "7b0c6f20",
        "at": "2026-11-22T14:02:07.120Z",
        "lat": 51.61712,
        "lon": -0.10791,
        "acc": 12.0,
    }
)

_PROBLEMS: Final = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.CONFLICT,
    HTTPStatus.PRECONDITION_FAILED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.PRECONDITION_REQUIRED,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)


def problems() -> Responses:
    """Return the problem documents that any call may answer with."""
    return {
        int(status): {
            "description": status.phrase,
            "content": {MEDIA_TYPE: {"example": document_of(status, status.description)}},
        }
        for status in _PROBLEMS
    }


def created(example: dict[str, Any]) -> Responses:
    """Return the description of a 201 answer."""
    return _answer(HTTPStatus.CREATED, example)


def answered(example: dict[str, Any]) -> Responses:
    """Return the description of a 200 answer."""
    return _answer(HTTPStatus.OK, example)


def _answer(status: HTTPStatus, example: dict[str, Any]) -> Responses:
    content = {"application/json": {"example": example, "schema": {"type": "object"}}}
    return {int(status): {"description": status.phrase, "content": content}}
