"""The tables of the system of record, the same on SQLite and PostgreSQL.

Instants are whole microseconds since 1970 (UTC), so they sort, compare and survive both
databases exactly. Bodies are MessagePack of domain types (`runtime.wire`); columns beside a body
are what queries need. Ids are text; counters are 64-bit.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime, kept as whole microseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Turn an aware datetime into microseconds; a naive one is a bug."""
        del dialect
        if value is None:
            return None
        assert value.tzinfo is not None
        return (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Turn microseconds back into an aware UTC datetime."""
        del dialect
        return None if value is None else EPOCH + timedelta(microseconds=int(value))


#: SQLite counts up by itself only for INTEGER PRIMARY KEY.
Counter: Final = BigInteger().with_variant(Integer, "sqlite")

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _reading_columns() -> tuple[Column[Any], ...]:
    """Return what every kept reading has: identity, order, origin, arrival."""
    return (
        Column("log_position", BigInteger, primary_key=True, autoincrement=False),
        Column("reading_id", String, nullable=False, unique=True),
        Column("device_id", String, nullable=False),
        Column("person_id", String),
        Column("boot", BigInteger),
        Column("seq", BigInteger),
        Column("received_at", Instant, nullable=False),
    )


# -- The register: who, with what, under which order. Written by the API.

people = Table(
    "people",
    metadata,
    Column("person_id", String, primary_key=True),
    Column("role", String, nullable=False),
    Column("name", Text, nullable=False),
    Column("phone", Text),
    Column("language", String, nullable=False),
    Column("created_at", Instant, nullable=False),
)

devices = Table(
    "devices",
    metadata,
    Column("device_id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("protocol", String, nullable=False),
    Column("person_id", String, ForeignKey("people.person_id")),
    Column("external_id", String, unique=True),
    Column("interval_s", Float, nullable=False),
    Column("simulated", Boolean, nullable=False, default=False),
    Column("secret_sha256", String),
    Column("broker_hash", String),
    Column("created_at", Instant, nullable=False),
    Column("revoked_at", Instant),
)

orders = Table(
    "orders",
    metadata,
    Column("order_id", String, primary_key=True),
    Column("wearer_id", String, ForeignKey("people.person_id"), nullable=False),
    Column("reference", Text, nullable=False),
    Column("valid_from", Instant, nullable=False),
    Column("valid_until", Instant, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    Index(None, "wearer_id"),
)

#: Everyone an order names, so that a case can be found by its people without reading bodies.
order_people = Table(
    "order_people",
    metadata,
    Column("order_id", String, ForeignKey("orders.order_id"), primary_key=True),
    Column("person_id", String, ForeignKey("people.person_id"), primary_key=True),
    Index(None, "person_id"),
)

order_officers = Table(
    "order_officers",
    metadata,
    Column("order_id", String, ForeignKey("orders.order_id"), primary_key=True),
    Column("account_id", String, ForeignKey("accounts.account_id"), primary_key=True),
)

#: Every change of the register, in order: what the engine and ingest follow.
register_changes = Table(
    "register_changes",
    metadata,
    Column("change_id", Counter, primary_key=True, autoincrement=True),
    Column("kind", String, nullable=False),
    Column("ref", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

# -- What arrived. Written by ingest.

raw_messages = Table(
    "raw_messages",
    metadata,
    Column("raw_id", Counter, primary_key=True, autoincrement=True),
    Column("topic", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("sha256", String, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("retained", Boolean, nullable=False),
    Column("device_id", String),
    Index(None, "received_at"),
)

fixes = Table(
    "fixes",
    metadata,
    *_reading_columns(),
    Column("fixed_at", Instant, nullable=False),
    Column("latitude_deg", Float, nullable=False),
    Column("longitude_deg", Float, nullable=False),
    Column("accuracy_m", Float),
    Column("speed_mps", Float),
    Column("course_deg", Float),
    Column("altitude_m", Float),
    Column("satellites", Integer),
    Column("battery_percent", Integer),
    Column("source", String, nullable=False),
    Column("state", String, nullable=False),
    Column("reason", String),
    Index(None, "person_id", "fixed_at"),
    Index(None, "device_id", "fixed_at"),
)

device_events = Table(
    "device_events",
    metadata,
    *_reading_columns(),
    Column("occurred_at", Instant, nullable=False),
    Column("event_type", String, nullable=False),
    Column("latitude_deg", Float),
    Column("longitude_deg", Float),
    Column("accuracy_m", Float),
    Index(None, "device_id", "occurred_at"),
)

presences = Table(
    "presences",
    metadata,
    *_reading_columns(),
    Column("online", Boolean, nullable=False),
)

rejections = Table(
    "rejections",
    metadata,
    Column("log_position", BigInteger, primary_key=True, autoincrement=False),
    Column("reading_id", String, nullable=False),
    Column("device_id", String, nullable=False),
    Column("person_id", String),
    Column("boot", BigInteger),
    Column("seq", BigInteger),
    Column("received_at", Instant, nullable=False),
    Column("claimed_at", Instant),
    Column("reason", String, nullable=False),
    Column("field", String),
    Index(None, "person_id", "received_at"),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("log_position", BigInteger, primary_key=True, autoincrement=False),
    Column("topic", Text, nullable=False),
    Column("device_id", String),
    Column("received_at", Instant, nullable=False),
    Column("reason", String, nullable=False),
    Column("field", String),
)

device_sequences = Table(
    "device_sequences",
    metadata,
    Column("device_id", String, primary_key=True),
    Column("boot", BigInteger, primary_key=True),
    Column("contiguous", BigInteger, nullable=False),
    Column("islands", LargeBinary, nullable=False),
    Column("newest_fixed_at", Instant),
)

# -- What was decided. Written by the engine.

engine_state = Table(
    "engine_state",
    metadata,
    Column("shard", Integer, primary_key=True, autoincrement=False),
    Column("subject", String, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

#: The order in which the engine evaluated, and its clock at each: replay follows it.
evaluations = Table(
    "evaluations",
    metadata,
    Column("shard", Integer, primary_key=True, autoincrement=False),
    Column("ordinal", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String, nullable=False),
    Column("ref", String, nullable=False),
    Column("at", Instant, nullable=False),
    UniqueConstraint("shard", "kind", "ref"),
)

transitions = Table(
    "transitions",
    metadata,
    Column("position", Counter, primary_key=True, autoincrement=True),
    Column("transition_id", String, nullable=False, unique=True),
    Column("at", Instant, nullable=False),
    Column("order_id", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index(None, "order_id", "at"),
)

#: How far each consumer has come in a table it follows.
consumers = Table(
    "consumers",
    metadata,
    Column("name", String, primary_key=True),
    Column("mark", BigInteger, nullable=False),
)

# -- What is done about it. Written by alerts alone.

incidents = Table(
    "incidents",
    metadata,
    Column("incident_id", String, primary_key=True),
    Column("order_id", String),
    Column("condition_id", String),
    Column("subject", String, nullable=False),
    Column("wearer_id", String),
    Column("protected_id", String),
    Column("device_id", String),
    Column("state", String, nullable=False),
    Column("priority", String, nullable=False),
    Column("level", String, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index(None, "state", "priority", "opened_at"),
    Index(None, "order_id"),
    Index(None, "protected_id", "state"),
)

timeline = Table(
    "timeline",
    metadata,
    Column("entry_id", Counter, primary_key=True, autoincrement=True),
    Column("incident_id", String, ForeignKey("incidents.incident_id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("kind", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("level", String),
    Column("note", Text),
    Column("reason", Text),
    Index(None, "incident_id", "entry_id"),
)

notices = Table(
    "notices",
    metadata,
    Column("alert_id", String, primary_key=True),
    Column("incident_id", String, ForeignKey("incidents.incident_id"), nullable=False),
    Column("person_id", String, nullable=False),
    Column("level", String, nullable=False),
    Column("decided_at", Instant, nullable=False),
    Column("delivered_at", Instant),
    Column("received_at", Instant),
    Column("seen_at", Instant),
    Column("body", LargeBinary, nullable=False),
    Index(None, "person_id", "decided_at"),
    Index(None, "incident_id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("delivery_id", Counter, primary_key=True, autoincrement=True),
    Column("alert_id", String, nullable=False),
    Column("audience", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("outcome", String, nullable=False),
    Column("reason", String),
    Index(None, "alert_id"),
)

#: Append-only: every decision of the alerts room and its reason.
ledger = Table(
    "ledger",
    metadata,
    Column("entry_id", Counter, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("subject", String, nullable=False),
    Column("ref", String, nullable=False),
    Column("decision", String, nullable=False),
    Column("reason", String, nullable=False),
)

live_events = Table(
    "live_events",
    metadata,
    Column("recipient", String, primary_key=True),
    Column("ordinal", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("kind", String, nullable=False),
    Column("body", Text, nullable=False),
    Column("order_id", String),
    Column("person_id", String),
)

commands = Table(
    "commands",
    metadata,
    Column("command_id", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("result", LargeBinary),
    Index(None, "state", "received_at"),
)

# -- Who may look. Written by the API.

accounts = Table(
    "accounts",
    metadata,
    Column("account_id", String, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("role", String, nullable=False),
    Column("password_hash", Text),
    Column("totp_secret", Text),
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
)

tokens = Table(
    "tokens",
    metadata,
    Column("token_sha256", String, primary_key=True),
    Column("account_id", String, ForeignKey("accounts.account_id"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("revoked_at", Instant),
)

sessions = Table(
    "sessions",
    metadata,
    Column("session_sha256", String, primary_key=True),
    Column("account_id", String, ForeignKey("accounts.account_id"), nullable=False),
    Column("csrf_token", String, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("used_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
)

live_tickets = Table(
    "live_tickets",
    metadata,
    Column("ticket_sha256", String, primary_key=True),
    Column("principal", String, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
)

enrolments = Table(
    "enrolments",
    metadata,
    Column("code_sha256", String, primary_key=True),
    Column("person_id", String, ForeignKey("people.person_id"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
)

phones = Table(
    "phones",
    metadata,
    Column("cookie_sha256", String, primary_key=True),
    Column("person_id", String, ForeignKey("people.person_id"), nullable=False),
    Column("device_id", String, ForeignKey("devices.device_id"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("revoked_at", Instant),
)

login_attempts = Table(
    "login_attempts",
    metadata,
    Column("subject", String, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", Instant, nullable=False),
)

#: Data Protection Act 2018 s.62: who did what to whose record, when and why.
audit = Table(
    "audit",
    metadata,
    Column("entry_id", Counter, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("actor", String, nullable=False),
    Column("action", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("outcome", String, nullable=False),
    Column("reason", Text),
    Index(None, "subject", "at"),
    Index(None, "actor", "at"),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("actor", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("request_sha256", String, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
)
