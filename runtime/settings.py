"""Every setting of the program, read once from the environment into one frozen object.

Names are `KEEPCLEAR_` and the field in capitals; a `.env` file in the working directory is read
too, and the environment wins. Each field says what it means and in which unit. Secrets have no
default. What a court decides (distances, hours) is an order, never a setting.
"""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, StringConstraints, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.errors import KeepclearError

Port = Annotated[int, Field(ge=0, le=65_535)]
Seconds = Annotated[float, Field(gt=0.0, json_schema_extra={"unit": "s"})]
Bound = Annotated[int, Field(ge=1)]
Telephone = Annotated[str, StringConstraints(pattern=r"^(\+?[0-9][0-9 ]{1,20})?$")]


class SettingsError(KeepclearError):
    """The settings contradict each other."""


class Settings(BaseSettings):
    """What the environment may say. Durations are seconds; paths are relative to where we start.

    Attributes are documented in place, because `keepclear settings` prints the same text.
    """

    model_config = SettingsConfigDict(
        env_prefix="KEEPCLEAR_",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    # Where we are.
    data_dir: Path = Field(
        default=Path("./var"),
        description="Directory of the database, broker state and admin socket.",
    )

    # Doors.
    http_host: str = Field(default="127.0.0.1", description="Address on which HTTP listens.")
    http_port: Port = Field(default=8080, description="Port on which HTTP listens.")
    public_url: str | None = Field(
        default=None, description="Address under which people reach us; unset: HTTP host and port."
    )
    mqtt_host: str = Field(
        default="127.0.0.1", description="Address on which the embedded broker listens."
    )
    mqtt_port: Port = Field(default=1883, description="Port on which the embedded broker listens.")
    broker: Literal["auto", "mosquitto", "amqtt"] = Field(
        default="auto",
        description="Which embedded broker: mosquitto where it is found, else amqtt.",
    )
    broker_url: SecretStr | None = Field(
        default=None,
        description="mqtt[s]://user:password@host:port of a broker; unset: the embedded one.",
    )
    database_url: SecretStr | None = Field(
        default=None, description="SQLAlchemy address; unset: SQLite in the data directory."
    )
    redis_url: SecretStr | None = Field(
        default=None, description="Address of Redis; unset: streams inside the process."
    )
    metrics_token: SecretStr | None = Field(
        default=None, description="Bearer token for /metrics from elsewhere than loopback."
    )

    # Telling what happens.
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe log line that is written."
    )
    log_format: Literal["auto", "console", "json"] = Field(
        default="auto", description="How log lines look; auto: console on a terminal, else JSON."
    )

    # Pace and bounds.
    commit_wait_s: Annotated[float, Field(ge=0.0, json_schema_extra={"unit": "s"})] = Field(
        default=0.008,
        description="How long a group commit waits for company; 0: only while busy.",
    )
    commit_messages_max: Bound = Field(
        default=500,
        description="Most messages in one group commit.",
        json_schema_extra={"unit": "messages"},
    )
    lane_messages_max: Bound = Field(
        default=200,
        description="Most messages of one device waiting to be admitted.",
        json_schema_extra={"unit": "messages"},
    )
    lanes_messages_max: Bound = Field(
        default=20_000,
        description="Most messages of all devices waiting to be admitted.",
        json_schema_extra={"unit": "messages"},
    )
    stream_entries_max: Bound = Field(
        default=10_000,
        description="Most entries a stream holds before its writers wait.",
        json_schema_extra={"unit": "entries"},
    )
    socket_events_max: Bound = Field(
        default=256,
        description="Most events waiting for one websocket before it is closed.",
        json_schema_extra={"unit": "events"},
    )
    socket_heartbeat_s: Seconds = Field(
        default=3.0, description="Time between heartbeats of a websocket."
    )
    command_wait_s: Seconds = Field(
        default=1.0, description="How long a caller awaits its command."
    )
    canary_period_s: Seconds = Field(
        default=10.0, description="Time between two runs of the canary."
    )
    canary_age_max_s: Seconds = Field(
        default=20.0, description="Age of the last canary above which nobody is called protected."
    )
    silence_max_s: Seconds = Field(
        default=20.0, description="Silence after which a room is restarted."
    )
    drain_s: Seconds = Field(
        default=8.0, description="How long rooms may finish their work at the end."
    )

    # People and their sessions.
    session_idle_s: Seconds = Field(
        default=900.0, description="Idle time that ends an officer's session."
    )
    session_s: Seconds = Field(default=43_200.0, description="Longest session of an officer.")
    phone_session_s: Seconds = Field(
        default=34_560_000.0, description="Longest session of her phone."
    )
    enrolment_s: Seconds = Field(default=900.0, description="How long an enrolment code is good.")
    ticket_s: Seconds = Field(default=30.0, description="How long a websocket ticket is good.")
    secure_cookies: bool = Field(
        default=False, description="Whether cookies are sent over HTTPS only; set it behind TLS."
    )

    # Who helps her.
    centre_phone: Telephone = Field(
        default="", description="Number of the monitoring centre; empty: none."
    )

    @model_validator(mode="after")
    def _agree(self) -> Self:
        """Refuse settings that cannot all be meant."""
        if self.canary_age_max_s <= self.canary_period_s:
            raise SettingsError("canary_age_max_s must be longer than canary_period_s")
        return self

    @property
    def embedded_broker(self) -> bool:
        """Whether we run the broker ourselves."""
        return self.broker_url is None

    @property
    def base_url(self) -> str:
        """The address people use, without a slash at the end."""
        local = f"http://{self.http_host}:{self.http_port}"
        return (self.public_url or local).rstrip("/")

    @property
    def database_path(self) -> Path:
        """Where SQLite keeps the record when no other database is named."""
        return self.data_dir.absolute() / "keepclear.sqlite3"

    @property
    def database_address(self) -> str:
        """The SQLAlchemy address of the record. It may contain a password: never log it."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.database_path}"

    @property
    def admin_socket(self) -> Path:
        """The Unix socket by which commands reach a running `serve`."""
        return self.data_dir.absolute() / "admin.sock"

    @property
    def broker_dir(self) -> Path:
        """Where the embedded broker keeps its configuration and its queue."""
        return self.data_dir.absolute() / "broker"

    @property
    def serve_lock(self) -> Path:
        """The file whose lock says that a `serve` lives on this data directory."""
        return self.data_dir.absolute() / "serve.lock"
