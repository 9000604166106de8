"""Tokens and accounts from the command line: by a running `serve`, or straight to the record."""

from collections.abc import Awaitable, Callable

from mobile_api import admin
from records.database import Records
from runtime.clock import utc_now
from runtime.settings import Settings


async def create_token(role: str, name: str) -> str:
    """Return a new bearer token for the program `name`.

    Raises:
        KeepclearError: If the role is unknown or the name is taken by somebody else.
    """
    return await _made(
        admin.Wanted(role=role, name=name),
        lambda records: admin.create_token(records, role, name, utc_now),
    )


async def create_account(role: str, name: str, password: str) -> str:
    """Return the id of a new login for a person.

    Raises:
        KeepclearError: If the role is unknown, the name is taken or the password too short.
    """
    return await _made(
        admin.Wanted(role=role, name=name, password=password),
        lambda records: admin.create_account(records, role, name, password, utc_now),
    )


async def _made(wanted: admin.Wanted, make: Callable[[Records], Awaitable[str]]) -> str:
    """Ask the running `serve`; where there is none, open the record ourselves."""
    settings = Settings()
    told = await admin.ask(settings.admin_socket, wanted)
    if told is not None:
        return told
    records = Records(settings.database_address)
    await records.open()
    try:
        return await make(records)
    finally:
        await records.close()
