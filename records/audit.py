"""Who did what to whose record, when and why (Data Protection Act 2018, section 62).

Append-only here: there is no function that changes or removes a row. Every row is written before
the answer it is about leaves the house.
"""

from datetime import datetime
from enum import StrEnum

import msgspec
from sqlalchemy import Connection, insert, select

from records.tables import audit


class Action(StrEnum):
    """The acts section 62 names, and those by which somebody gets in."""

    COLLECTION = "collection"
    ALTERATION = "alteration"
    CONSULTATION = "consultation"
    DISCLOSURE = "disclosure"
    COMBINATION = "combination"
    ERASURE = "erasure"
    ACCESS = "access"


class Outcome(StrEnum):
    """Whether it was allowed."""

    ALLOWED = "allowed"
    DENIED = "denied"


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the audit.

    Attributes:
        actor: Account id, `person:{id}` for her phone, or `anonymous`.
        subject: What it was about, as `kind:id` and a word for the part of it.
        reason: The justification given, or why it was denied.
        entry_id: Its number in the audit; 0 before it is written.
    """

    at: datetime
    actor: str
    action: Action
    subject: str
    outcome: Outcome = Outcome.ALLOWED
    reason: str | None = None
    entry_id: int = 0


def write(connection: Connection, entry: AuditEntry) -> None:
    """Append one line."""
    connection.execute(
        insert(audit).values(
            at=entry.at,
            actor=entry.actor,
            action=entry.action.value,
            subject=entry.subject,
            outcome=entry.outcome.value,
            reason=entry.reason,
        )
    )


def entries(connection: Connection, *, before: int | None, limit: int) -> list[AuditEntry]:
    """Return lines, newest first, those numbered under `before`.

    The synthetic case never passes the door, so it writes none; who asks for it is shown.
    """
    query = select(audit).order_by(audit.c.entry_id.desc()).limit(limit)
    if before is not None:
        query = query.where(audit.c.entry_id < before)
    return [
        AuditEntry(
            entry_id=row.entry_id,
            at=row.at,
            actor=row.actor,
            action=Action(row.action),
            subject=row.subject,
            outcome=Outcome(row.outcome),
            reason=row.reason,
        )
        for row in connection.execute(query)
    ]
