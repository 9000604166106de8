"""What a round leaves behind, into the record, in one transaction. Shell."""

import msgspec
from sqlalchemy import Connection

from alerts.effects import Cleared, Effects
from alerts.worker.opening import CONSUMER
from domain.transition import TamperCleared
from records import commands as command_records
from records import incidents as incident_records
from records import live as live_records
from records import register as register_records
from records.incidents import DeliveryRow
from runtime.wire import encode


def write(connection: Connection, effects: Effects, mark: int) -> None:
    """Write everything, and how far the room has come."""
    for incident in effects.incidents.values():
        incident_records.put_incident(connection, incident, encode(incident))
    incident_records.add_entries(connection, effects.entries)
    for notice in effects.notices:
        incident_records.add_notice(connection, notice, encode(notice))
    for alert_id, answered in effects.answers.items():
        fields = ("delivered_at", "received_at", "seen_at")
        incident_records.put_answers(
            connection, alert_id, {field: getattr(answered, field) for field in fields}
        )
    incident_records.add_deliveries(
        connection,
        [
            DeliveryRow(
                alert_id=one.alert_id,
                audience=one.audience,
                channel=one.channel,
                at=one.at,
                outcome=one.outcome.value,
                reason=None if one.reason is None else one.reason.value,
            )
            for one in effects.deliveries
        ],
    )
    incident_records.add_ledger(
        connection, [msgspec.structs.asdict(entry) for entry in effects.ledger]
    )
    live_records.add_events(connection, effects.events)
    for result in effects.results:
        command_records.finish_command(connection, result.command_id, encode(result))
    for one in effects.cleared:
        _clear(connection, one)
    incident_records.put_mark(connection, CONSUMER, mark)


def _clear(connection: Connection, cleared: Cleared) -> None:
    """Tell the engine, by way of the register, what a human has closed."""
    register_records.record_change(
        connection,
        "tamper_cleared",
        cleared.device_id,
        cleared.at,
        lambda number: encode(
            TamperCleared(
                change_id=number,
                received_at=cleared.at,
                device_id=cleared.device_id,
                subject=cleared.subject,
            )
        ),
    )
