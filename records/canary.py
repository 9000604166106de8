"""Queries of the synthetic case: its place in the register, and the removal of what it leaves."""

from datetime import datetime

from sqlalchemy import Connection, delete, func, select, update

from domain.ids import CANARY_PREFIX
from domain.incident import IncidentState
from records.tables import (
    commands,
    deliveries,
    device_events,
    devices,
    fixes,
    incidents,
    live_events,
    notices,
    presences,
    raw_messages,
    rejections,
    timeline,
)


def put_secret(
    connection: Connection, device_id: str, secret_sha256: str, broker_hash: str
) -> None:
    """Give a device of the synthetic case another secret; nobody else ever knew the last one."""
    assert device_id.startswith(CANARY_PREFIX)
    connection.execute(
        update(devices)
        .where(devices.c.device_id == device_id)
        .values(secret_sha256=secret_sha256, broker_hash=broker_hash)
    )


def prune(connection: Connection, before: datetime) -> None:
    """Remove what the synthetic case left behind before `before`.

    The newest event of each stream stays: its count goes on from it. Transitions and evaluations
    are the engine's to keep.
    """
    _prune_events(connection, before)
    _prune_incidents(connection, before)
    _prune_readings(connection, before)
    connection.execute(
        delete(commands).where(
            commands.c.command_id.startswith(CANARY_PREFIX, autoescape=True),
            commands.c.received_at < before,
        )
    )


def _prune_events(connection: Connection, before: datetime) -> None:
    hers = live_events.c.recipient.startswith(f"person:{CANARY_PREFIX}", autoescape=True)
    newest = select(func.max(live_events.c.ordinal)).where(hers).scalar_subquery()
    connection.execute(
        delete(live_events).where(hers, live_events.c.at < before, live_events.c.ordinal < newest)
    )


def _prune_incidents(connection: Connection, before: datetime) -> None:
    old = select(incidents.c.incident_id).where(
        incidents.c.incident_id.startswith(CANARY_PREFIX, autoescape=True),
        incidents.c.state == IncidentState.RESOLVED.value,
        incidents.c.changed_at < before,
    )
    alerts = select(notices.c.alert_id).where(notices.c.incident_id.in_(old))
    connection.execute(delete(deliveries).where(deliveries.c.alert_id.in_(alerts)))
    connection.execute(delete(notices).where(notices.c.incident_id.in_(old)))
    connection.execute(delete(timeline).where(timeline.c.incident_id.in_(old)))
    connection.execute(delete(incidents).where(incidents.c.incident_id.in_(old)))


def _prune_readings(connection: Connection, before: datetime) -> None:
    for table in (fixes, device_events, presences, rejections):
        connection.execute(
            delete(table).where(
                table.c.device_id.startswith(CANARY_PREFIX, autoescape=True),
                table.c.received_at < before,
            )
        )
    connection.execute(
        delete(raw_messages).where(
            raw_messages.c.device_id.startswith(CANARY_PREFIX, autoescape=True),
            raw_messages.c.received_at < before,
        )
    )
