"""A device, its messages, and the register that knows it; valid by default."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from domain.ids import DeviceId, PersonId
from domain.order import Device, DeviceKind, Protocol
from domain.reading import RawMessage
from ingest.admission import Admission, Admitted, Memory, read
from ingest.outcome import Outcome
from ingest.register import Register

NOW = datetime(2026, 11, 22, 14, 2, 8, tzinfo=UTC)
TAG = DeviceId("tag-7")
WEARER = PersonId("person-w")


def a_device(
    device_id: str = TAG,
    protocol: Protocol = Protocol.KEEPCLEAR,
    external_id: str | None = None,
    revoked_at: datetime | None = None,
    person_id: PersonId | None = WEARER,
) -> Device:
    """Return a registered tag."""
    return Device(
        device_id=DeviceId(device_id),
        kind=DeviceKind.TAG,
        protocol=protocol,
        person_id=person_id,
        external_id=external_id,
        revoked_at=revoked_at,
    )


PHONE = a_device("phone-1", Protocol.OWNTRACKS, external_id="alice/pixel")
REGISTER = Register([a_device(), PHONE])


def a_body(**changed: object) -> dict[str, object]:
    """Return the body of a good fix taken a second ago; None removes a field."""
    body: dict[str, object] = {
        "t": (NOW - timedelta(seconds=1)).isoformat(),
        "lat": 51.61712,
        "lon": -0.10791,
        "acc": 8.5,
    }
    return {key: value for key, value in (body | changed).items() if value is not None}


def text_of(body: object) -> bytes:
    """Return `body` as a device would write it."""
    return json.dumps(body).encode()


def a_message(
    payload: bytes | Mapping[str, object] | list[object] | None = None,
    topic: str = f"kc/v1/{TAG}/fix",
    received_at: datetime = NOW,
    *,
    retained: bool = False,
) -> RawMessage:
    """Return a message holding `payload`, or a good fix."""
    body = a_body() if payload is None else payload
    written = body if isinstance(body, bytes) else text_of(body)
    return RawMessage(topic=topic, payload=written, received_at=received_at, retained=retained)


class Ingest:
    """Admission with nothing behind it: remembers at once what it admitted."""

    def __init__(self, register: Register = REGISTER) -> None:
        """Know the devices of `register`."""
        self.memory = Memory()
        self.register = register

    def admit(self, message: RawMessage) -> Admitted:
        """Admit one message and remember it."""
        admission = Admission(self.memory)
        admitted = admission.admit(read(message, self.register))
        self.memory.update(admission.changes)
        return admitted

    def outcomes(self, *messages: RawMessage) -> list[Outcome]:
        """Return what is kept of `messages`."""
        return [outcome for message in messages for outcome in self.admit(message).outcomes]


def outcome_of(payload: bytes | Mapping[str, object] | list[object]) -> Outcome:
    """Return the one thing that is kept of a message with `payload`, sent to a new system."""
    message = a_message(payload)
    (outcome,) = Ingest().outcomes(message)
    return outcome
