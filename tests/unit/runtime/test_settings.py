"""Settings: one frozen object, each field explained, no secret shown."""

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from runtime.settings import Settings
from runtime.settings_table import describe


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Start in an empty directory, so that no .env of the developer speaks."""
    monkeypatch.chdir(tmp_path)


def test_the_promised_names_and_defaults_hold() -> None:
    """Names and defaults that other programs rely on are as published."""
    defaults = {row.variable: row.default for row in describe(Settings)}

    assert {
        "KEEPCLEAR_HTTP_HOST": "127.0.0.1",
        "KEEPCLEAR_HTTP_PORT": "8080",
        "KEEPCLEAR_MQTT_HOST": "127.0.0.1",
        "KEEPCLEAR_MQTT_PORT": "1883",
        "KEEPCLEAR_BROKER": "auto",
        "KEEPCLEAR_DATA_DIR": "var",
        "KEEPCLEAR_DATABASE_URL": "",
        "KEEPCLEAR_REDIS_URL": "",
        "KEEPCLEAR_BROKER_URL": "",
    }.items() <= defaults.items()


def test_every_setting_is_explained() -> None:
    """Each setting has a sentence, and each duration and bound its unit."""
    rows = describe(Settings)

    assert [] == [row.variable for row in rows if not row.meaning.endswith(".")]
    assert [] == [row.variable for row in rows if row.variable.endswith("_S") and row.unit != "s"]


def test_secrets_have_no_default_and_are_never_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret comes from outside, and stays out of every representation."""
    monkeypatch.setenv("KEEPCLEAR_DATABASE_URL", "postgresql+psycopg://kc:hunter2@db/kc")
    settings = Settings()

    assert [] == [row.variable for row in describe(Settings) if row.secret and row.default]
    assert "hunter2" not in f"{settings!r} {settings} {settings.model_dump()}"
    assert settings.database_address.endswith("kc:hunter2@db/kc")


def test_the_environment_wins_over_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A .env file is read, the environment is stronger, and strangers in it are ignored."""
    (tmp_path / ".env").write_text("KEEPCLEAR_HTTP_PORT=1\nKEEPCLEAR_MQTT_PORT=2\nOTHER=3\n")
    monkeypatch.setenv("KEEPCLEAR_HTTP_PORT", "4")
    settings = Settings()

    assert (4, 2) == (settings.http_port, settings.mqtt_port)


def test_empty_means_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable set to nothing, as compose files do, is as if it were not there."""
    monkeypatch.setenv("KEEPCLEAR_BROKER_URL", "")

    assert Settings().embedded_broker


def test_settings_are_frozen() -> None:
    """Nobody changes a setting under way."""
    with pytest.raises(ValidationError):
        setattr(Settings(), "http_port", 1)  # noqa: B010 - the checker forbids the plain form


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("KEEPCLEAR_HTTP_PORT", "70000"),
        ("KEEPCLEAR_BROKER", "emqx"),
        ("KEEPCLEAR_DRAIN_S", "0"),
        ("KEEPCLEAR_CENTRE_PHONE", "javascript:alert(1)"),
    ],
)
def test_nonsense_is_refused(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    """A setting out of its range stops the program before it starts."""
    monkeypatch.setenv(variable, value)

    with pytest.raises(ValidationError):
        Settings()


def test_paths_follow_the_data_directory(tmp_path: Path) -> None:
    """Everything we write lies below one directory, named absolutely."""
    settings = Settings(data_dir=tmp_path / "var")

    assert tmp_path / "var" / "admin.sock" == settings.admin_socket
    assert tmp_path / "var" / "broker" == settings.broker_dir
    assert f"sqlite:///{tmp_path}/var/keepclear.sqlite3" == settings.database_address


def test_the_address_for_people_has_no_trailing_slash() -> None:
    """Links are made by appending a path."""
    assert "http://127.0.0.1:8080" == Settings().base_url
    assert "https://kc.example" == Settings(public_url="https://kc.example/").base_url


def test_a_named_broker_is_not_embedded() -> None:
    """A broker address means that we run none."""
    assert not Settings(broker_url=SecretStr("mqtt://u:p@h:1883")).embedded_broker
