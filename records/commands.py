"""Queries of commands: what a human asked, kept before it is carried out, and what came of it.

The API writes a command; the alerts room carries it out and writes the result, in one transaction
with what it did. Bodies are `Command` and `CommandResult`, as bytes of `runtime.wire`.
"""

from datetime import datetime

import msgspec
from sqlalchemy import Connection, insert, select, update

from records.tables import commands

PENDING = "pending"
DONE = "done"


class CommandRow(msgspec.Struct, frozen=True, kw_only=True):
    """A command as kept: its body, and the result once there is one."""

    command_id: str
    state: str
    received_at: datetime
    body: bytes
    result: bytes | None


def add_command(
    connection: Connection, command_id: str, received_at: datetime, body: bytes
) -> bool:
    """Keep a command to be carried out; return False if one of that id is kept already."""
    if command(connection, command_id) is not None:
        return False
    connection.execute(
        insert(commands).values(
            command_id=command_id, state=PENDING, received_at=received_at, body=body
        )
    )
    return True


def command(connection: Connection, command_id: str) -> CommandRow | None:
    """Return the command of that id, or None."""
    row = connection.execute(
        select(commands).where(commands.c.command_id == command_id)
    ).one_or_none()
    if row is None:
        return None
    return CommandRow(
        command_id=row.command_id,
        state=row.state,
        received_at=row.received_at,
        body=row.body,
        result=row.result,
    )


def pending_bodies(connection: Connection, limit: int) -> list[bytes]:
    """Return the commands not carried out yet, in order of arrival."""
    return list(
        connection.execute(
            select(commands.c.body)
            .where(commands.c.state == PENDING)
            .order_by(commands.c.received_at, commands.c.command_id)
            .limit(limit)
        ).scalars()
    )


def finish_command(connection: Connection, command_id: str, result: bytes) -> None:
    """Write what came of a command."""
    connection.execute(
        update(commands)
        .where(commands.c.command_id == command_id)
        .values(state=DONE, result=result)
    )
