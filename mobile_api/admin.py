"""Accounts and tokens made from the command line, beside a running `serve` or without one.

Shell. Whoever may open the data directory may do this: the door is a Unix socket in it that only
its owner can open. One JSON object a line each way.
"""

import asyncio
import os
import re
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec
from sqlalchemy import Connection

from domain.errors import KeepclearError
from mobile_api import passwords
from records import access, audit
from records.access import Account, Role
from records.audit import Action, AuditEntry
from records.database import Records
from runtime.ids import new_id, new_secret, secret_hash

Now = Callable[[], datetime]

ACTOR: Final = "command-line"
PASSWORD_LETTERS_LEAST: Final = 8
_NAME: Final = re.compile(r"[A-Za-z0-9 ._@-]{1,200}")
_LINE_BYTES_MAX: Final = 64 * 1024
_WAIT_S: Final = 30.0
#: What a socket's address holds on Linux; macOS has four less.
_ADDRESS_BYTES_MAX: Final = 100


class AccountError(KeepclearError):
    """The account cannot be made."""


class AdminError(KeepclearError):
    """The running serve refused."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a command asks the running `serve` for: a token, or with a password an account."""

    role: str
    name: str
    password: str | None = None

    def __repr__(self) -> str:
        """Say what is wanted without the password."""
        return f"Wanted({self.role})"


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What the running `serve` answers: the token or account id, or why not."""

    made: str | None = None
    fault: str | None = None

    def __repr__(self) -> str:
        """Say whether it worked without what was made."""
        return f"Told({self.fault})"


async def create_token(records: Records, role: str, name: str, now: Now) -> str:
    """Return a new bearer token of the program `name`, which is made if it is not there yet.

    Raises:
        AccountError: If the role is unknown, or the name is a person's or of another role.
    """
    wanted = _account(role, name)
    token = new_secret()

    def work(connection: Connection) -> str:
        at = now()
        account = access.account_named(connection, name)
        if account is None:
            account = wanted
            access.add_account(connection, account, at, password_hash=None)
        elif account.role is not wanted.role or account.disabled_at is not None:
            raise AccountError("that name has another role, or is closed")
        elif access.password_hash(connection, account.account_id) is not None:
            raise AccountError("that name is a person's")
        access.add_token(connection, secret_hash(token), account.account_id, at)
        _note(connection, f"account:{account.account_id}:token", at)
        return token

    return await records.write(work)


async def create_account(
    records: Records, role: str, name: str, password: str, now: Now, *, actor: str = ACTOR
) -> str:
    """Return the id of a new login for a person.

    Raises:
        AccountError: If the role is unknown, the name taken or the password too short.
    """
    account = _account(role, name)
    if len(password) < PASSWORD_LETTERS_LEAST:
        raise AccountError(f"the password needs {PASSWORD_LETTERS_LEAST} characters or more")
    kept = await passwords.hashed(password)

    def work(connection: Connection) -> str:
        if access.account_named(connection, name) is not None:
            raise AccountError("that name is taken")
        at = now()
        access.add_account(connection, account, at, password_hash=kept)
        _note(connection, f"account:{account.account_id}", at, actor)
        return account.account_id

    return await records.write(work)


async def renew_password(records: Records, name: str, password: str, now: Now) -> None:
    """Give a person's login another password; its old one ends.

    Raises:
        AccountError: If there is no such login, it is closed, or the password is too short.
    """
    if len(password) < PASSWORD_LETTERS_LEAST:
        raise AccountError(f"the password needs {PASSWORD_LETTERS_LEAST} characters or more")
    kept = await passwords.hashed(password)

    def work(connection: Connection) -> None:
        account = access.account_named(connection, name)
        if account is None or account.disabled_at is not None:
            raise AccountError("there is no such login")
        access.put_password(connection, account.account_id, kept)
        _note(connection, f"account:{account.account_id}:password", now())

    await records.write(work)


class AdminDoor:
    """The socket on which a running `serve` makes tokens and accounts. Enter it to open it."""

    def __init__(self, records: Records, path: Path, now: Now) -> None:
        """Prepare the door at `path`."""
        self._records = records
        self._path = path
        self._now = now
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Open the door. A socket that a killed `serve` left behind is replaced."""
        bound = await asyncio.to_thread(_bound, self._path)
        server = await asyncio.start_unix_server(self._answer, sock=bound, limit=_LINE_BYTES_MAX)
        await self._stack.enter_async_context(server)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the door and take the socket away."""
        await self._stack.__aexit__(kind, error, trace)
        await asyncio.to_thread(self._path.unlink, missing_ok=True)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_WAIT_S):
                told = await self._told(await reader.readline())
                writer.write(msgspec.json.encode(told) + b"\n")
                await writer.drain()
        except (TimeoutError, ConnectionError, ValueError):
            pass  # Whoever asked has gone or talks too long; there is nobody to tell.
        finally:
            writer.close()

    async def _told(self, line: bytes) -> Told:
        try:
            wanted = msgspec.json.decode(line, type=Wanted)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return Told(fault="not understood")
        try:
            return Told(made=await _make(self._records, wanted, self._now))
        except KeepclearError as error:
            return Told(fault=str(error))


async def ask(path: Path, wanted: Wanted) -> str | None:
    """Return what the `serve` behind `path` made, or None if no `serve` listens there.

    Raises:
        AdminError: If it refused; the message says why.
    """
    try:
        with _Short(path) as address:
            reader, writer = await asyncio.open_unix_connection(address, limit=_LINE_BYTES_MAX)
    except (FileNotFoundError, ConnectionRefusedError):
        return None
    try:
        async with asyncio.timeout(_WAIT_S):
            writer.write(msgspec.json.encode(wanted) + b"\n")
            told = msgspec.json.decode(await reader.readline(), type=Told)
    except (TimeoutError, msgspec.DecodeError, ConnectionError) as error:
        raise AdminError("the running serve did not answer") from error
    finally:
        writer.close()
    if told.made is None:
        raise AdminError(told.fault or "")
    return told.made


async def _make(records: Records, wanted: Wanted, now: Now) -> str:
    if wanted.password is None:
        return await create_token(records, wanted.role, wanted.name, now)
    return await create_account(records, wanted.role, wanted.name, wanted.password, now)


def _account(role: str, name: str) -> Account:
    """Return a new account, or refuse its role or name."""
    if role not in set(Role):
        raise AccountError(f"the role is one of {', '.join(Role)}")
    if not _NAME.fullmatch(name):
        raise AccountError("a name has letters A-Z, digits, blanks and . _ @ - only")
    return Account(account_id=new_id("account"), name=name, role=Role(role))


def _note(connection: Connection, subject: str, at: datetime, actor: str = ACTOR) -> None:
    entry = AuditEntry(at=at, actor=actor, action=Action.ALTERATION, subject=subject)
    audit.write(connection, entry)


def _bound(path: Path) -> socket.socket:
    """Return a listening socket at `path` that only its owner can open."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        with _Short(path) as address:
            bound.bind(address)
    finally:
        os.umask(before)
    return bound


class _Short:
    """A path to a socket that fits into a socket's address, however deep the directory lies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._directory: int | None = None

    def __enter__(self) -> str:
        """Return the path, or one through an open directory where the path is too long."""
        if len(os.fsencode(self._path)) <= _ADDRESS_BYTES_MAX:
            return str(self._path)
        self._directory = os.open(self._path.parent, os.O_RDONLY)
        return f"/proc/self/fd/{self._directory}/{self._path.name}"

    def __exit__(self, *_: object) -> None:
        """Let the directory go."""
        if self._directory is not None:
            os.close(self._directory)
