"""The published description of messages: whole, true to its own examples, and to live frames.

`validate_frame` is for tests that see real frames: what the document promises is what is sent.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

import pytest
import yaml
from jsonschema import Draft7Validator

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "asyncapi.yaml"
SOCKETS: Final = ("console", "victim")

Json = dict[str, Any]


@cache
def document() -> Json:
    """Return the document."""
    return cast("Json", yaml.safe_load(DOCUMENT.read_text(encoding="utf-8")))


def messages() -> Json:
    """Return its messages by name."""
    return cast("Json", document()["components"]["messages"])


@cache
def _validator(message: str) -> Draft7Validator:
    # The payload's references start at the top of the document, so its components come along.
    wrapped = {
        "allOf": [messages()[message]["payload"]],
        "components": document()["components"],
    }
    return Draft7Validator(wrapped)


def faults(message: str, payload: object) -> list[str]:
    """Return what is wrong with a payload, as `place: sentence`."""
    found = cast("Any", _validator(message)).iter_errors(payload)
    return [f"{message}{error.json_path.removeprefix('$')}: {error.message}" for error in found]


def message_of(socket: str, frame: Json) -> str:
    """Return the name of the message that a server's `frame` on `socket` claims to be."""
    return f"{socket}.{frame['kind'] if frame.get('type') == 'event' else frame.get('type')}"


def validate_frame(kind: str, frame: Json) -> None:
    """Fail unless `frame`, sent by the server, is as the document says.

    Args:
        kind: The socket: `console` or `victim`.
        frame: The decoded frame.
    """
    name = message_of(kind, frame)
    assert name in messages(), f"no such message is described: {name}"
    assert [] == faults(name, frame)


def _references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in cast("Json", node).items():
            if key == "$ref":
                yield cast("str", value)
            else:
                yield from _references(value)
    elif isinstance(node, list):
        for value in cast("list[object]", node):
            yield from _references(value)


def _resolved(reference: str) -> object:
    node: Any = document()
    for part in reference.removeprefix("#/").split("/"):
        node = node[part]
    return node


def _examples() -> list[tuple[str, str, object]]:
    return [
        (name, example["name"], example["payload"])
        for name, message in messages().items()
        for example in message["examples"]
    ]


def test_every_reference_points_at_something():
    """Nothing in the document points into the void."""
    references = set(_references(document()))

    assert [] == [reference for reference in references if not _resolved(reference)]
    assert all(reference.startswith("#/") for reference in references)


@pytest.mark.parametrize("name", sorted(messages()))
def test_every_schema_is_one(name: str):
    """The schema of every message is a JSON schema."""
    Draft7Validator.check_schema(_validator(name).schema)


@pytest.mark.parametrize(("message", "name", "payload"), _examples())
def test_every_example_is_as_its_schema_says(message: str, name: str, payload: object):
    """Whoever copies an example sends something that is accepted."""
    assert [] == faults(message, payload), name


def test_every_message_is_used_and_has_an_example():
    """No message is described that no channel carries, and none goes unshown."""
    carried = {
        reference
        for channel in document()["channels"].values()
        for reference in _references(channel["messages"])
    }

    assert {f"#/components/messages/{name}" for name in messages()} == carried
    assert [] == [name for name, message in messages().items() if not message["examples"]]


def test_every_operation_speaks_on_a_channel():
    """Every operation sends or receives on a channel, messages that this channel carries."""
    operations: Json = document()["operations"]
    channels: Json = document()["channels"]
    spoken = {operation["channel"]["$ref"] for operation in operations.values()}

    assert {"send", "receive"} == {operation["action"] for operation in operations.values()}
    assert {f"#/channels/{name}" for name in channels} == spoken
    for operation in operations.values():
        prefix = f"{operation['channel']['$ref']}/messages/"
        named = [message["$ref"] for message in operation.get("messages", ())]
        assert all(reference.startswith(prefix) for reference in named)


def test_her_frames_have_no_room_for_him():
    """A member that is not described cannot be in a frame of hers: its schemas are closed."""
    for name, _, payload in _examples():
        if not name.startswith("victim."):
            continue
        for grown in _grown(cast("Json", payload)):
            assert [] != faults(name, grown), name


def _grown(frame: Json) -> Iterator[Json]:
    """Yield `frame` with a foreign member in each of its objects, one at a time."""
    yield frame | {"lat": 51.6}
    for key, value in frame.items():
        if isinstance(value, dict):
            for grown in _grown(cast("Json", value)):
                yield frame | {key: grown}


def test_a_frame_that_is_not_described_is_refused():
    """A wrong kind, a missing member and a foreign member are each found."""
    frame = messages()["victim.alert"]["examples"][0]["payload"]
    without = {key: value for key, value in frame.items() if key != "cursor"}

    validate_frame("victim", frame)
    for wrong in (frame | {"kind": "position"}, without, frame | {"device_id": "tag-7"}):
        with pytest.raises(AssertionError):
            validate_frame("victim", wrong)


@pytest.mark.parametrize("socket", SOCKETS)
def test_every_server_frame_names_itself(socket: str):
    """The kind in a frame's example is the one its message is named after."""
    for name, _, payload in _examples():
        if name.startswith(f"{socket}."):
            assert name == message_of(socket, cast("Json", payload))
