"""What a deployment relies on is written in its configuration, and stays there."""

from pathlib import Path

ROOT = Path(__file__).parents[2]


def _mosquitto_settings() -> dict[str, str]:
    lines = (ROOT / "deploy" / "mosquitto" / "mosquitto.conf").read_text(encoding="utf-8")
    written = (line.strip().partition(" ") for line in lines.splitlines())
    return {key: value for key, _, value in written if key and not key.startswith("#")}


def test_the_broker_keeps_what_it_accepted() -> None:
    """The production broker persists its queues, bounds a message, and drops nothing by default."""
    settings = _mosquitto_settings()

    assert settings["persistence"] == "true"
    assert settings["autosave_interval"] == "30"
    assert settings["autosave_on_changes"] == "false"
    assert settings["max_queued_bytes"] == "0"
    assert settings["max_inflight_messages"] == "0"
    assert settings["message_size_limit"] == "70000"
    assert int(settings["max_queued_messages"]) >= 1_000_000


def test_the_broker_knows_whom_it_talks_to() -> None:
    """Nobody speaks to the production broker without a name and a secret."""
    settings = _mosquitto_settings()

    assert settings["allow_anonymous"] == "false"
    assert settings["plugin"].endswith("mosquitto_dynamic_security.so")
    assert "password_file" not in settings


def test_compose_offers_nothing_to_the_network_by_itself() -> None:
    """Out of the box every published port is on the loopback address."""
    lines = (ROOT / "docker-compose.yml").read_text(encoding="utf-8").splitlines()
    ports = [line.strip() for line in lines if line.strip().startswith('- "') and ":" in line]

    assert ports
    assert [port for port in ports if not port.startswith('- "127.0.0.1:')] == []
