"""What a human asks of the alerts room: kept first, then carried out there, awaited here.

Shell. A command stands in the record before anybody hears of it, so a kill in between loses
nothing: it is carried out when the alerts room comes back. Its id makes asking twice one act.
"""

import asyncio
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

from domain.command import Command, CommandResult
from mobile_api.deps import Deps
from records import commands
from runtime import wire

#: Name of the stream that wakes the alerts room.
STREAM: Final = "commands"
_FIRST_LOOK: Final = timedelta(milliseconds=5)
_LOOKS_LAST: Final = timedelta(milliseconds=40)


def keep(connection: Connection, command: Command) -> bool:
    """Keep a command to be carried out; return False if it is kept already."""
    return commands.add_command(
        connection, command.command_id, command.received_at, wire.encode(command)
    )


async def outcome(deps: Deps, command: Command) -> CommandResult | None:
    """Return what came of a kept command, or None if that takes longer than a caller waits."""
    try:
        async with asyncio.timeout(deps.settings.command_wait_s):
            await deps.streams.open(STREAM).append([wire.encode(command)])
            return await _result(deps, command.command_id)
    except TimeoutError:
        return None


async def _result(deps: Deps, command_id: str) -> CommandResult:
    """Return the result of a command as soon as it stands in the record."""
    wait = _FIRST_LOOK
    while True:
        row = await deps.records.read(lambda c: commands.command(c, command_id))
        if row is not None and row.result is not None:
            return wire.decode(row.result, CommandResult)
        await asyncio.sleep(wait.total_seconds())
        wait = min(2 * wait, _LOOKS_LAST)
