"""Queries of who may come in: accounts, tokens, sessions, tickets, enrolments, phones.

Secrets arrive here hashed already (SHA-256 of 256 bits of chance) and are never returned.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from records.tables import (
    accounts,
    enrolments,
    live_tickets,
    login_attempts,
    phones,
    sessions,
    tokens,
)


class Role(StrEnum):
    """What an account is for (`INTERFACES` 6.6)."""

    ADMINISTRATOR = "administrator"
    SUPERVISOR = "supervisor"
    OPERATOR = "operator"
    OFFICER = "officer"
    AUDITOR = "auditor"


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A program or a person of the service."""

    account_id: str
    name: str
    role: Role
    disabled_at: datetime | None = None


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A person's login, as the record keeps it."""

    session_sha256: str
    account: Account
    csrf_token: str
    used_at: datetime
    expires_at: datetime


class Phone(msgspec.Struct, frozen=True, kw_only=True):
    """A protected person's enrolled phone."""

    person_id: str
    device_id: str
    created_at: datetime


class Attempts(msgspec.Struct, frozen=True, kw_only=True):
    """How often in a row somebody failed to get in, and when last."""

    failures: int
    last_at: datetime


_ACCOUNT = (accounts.c.account_id, accounts.c.name, accounts.c.role, accounts.c.disabled_at)


def add_account(
    connection: Connection, account: Account, at: datetime, password_hash: str | None
) -> None:
    """Write an account. `password_hash` is argon2's, or None for a program."""
    connection.execute(
        insert(accounts).values(
            account_id=account.account_id,
            name=account.name,
            role=account.role.value,
            password_hash=password_hash,
            created_at=at,
        )
    )


def account(connection: Connection, account_id: str) -> Account | None:
    """Return the account of that id, disabled or not, or None."""
    row = connection.execute(
        select(*_ACCOUNT).where(accounts.c.account_id == account_id)
    ).one_or_none()
    return None if row is None else _account(row)


def account_named(connection: Connection, name: str) -> Account | None:
    """Return the account of that name, disabled or not, or None."""
    row = connection.execute(select(*_ACCOUNT).where(accounts.c.name == name)).one_or_none()
    return None if row is None else _account(row)


def password_hash(connection: Connection, account_id: str) -> str | None:
    """Return the argon2 hash of an account's password, if it has one."""
    return connection.execute(
        select(accounts.c.password_hash).where(accounts.c.account_id == account_id)
    ).scalar_one_or_none()


def put_password(connection: Connection, account_id: str, password_hash: str) -> None:
    """Give an account another password, and end every session it has."""
    connection.execute(
        update(accounts)
        .where(accounts.c.account_id == account_id)
        .values(password_hash=password_hash)
    )
    connection.execute(delete(sessions).where(sessions.c.account_id == account_id))


def list_accounts(connection: Connection, *, after: str, limit: int) -> list[Account]:
    """Return accounts in order of id, those after `after`."""
    rows = connection.execute(
        select(*_ACCOUNT)
        .where(accounts.c.account_id > after)
        .order_by(accounts.c.account_id)
        .limit(limit)
    )
    return [_account(row) for row in rows]


def disable_account(connection: Connection, account_id: str, at: datetime) -> None:
    """Close an account: its tokens and sessions end with it."""
    connection.execute(
        update(accounts)
        .where(accounts.c.account_id == account_id, accounts.c.disabled_at.is_(None))
        .values(disabled_at=at)
    )
    connection.execute(delete(sessions).where(sessions.c.account_id == account_id))


def add_token(connection: Connection, token_sha256: str, account_id: str, at: datetime) -> None:
    """Write the hash of a bearer token."""
    connection.execute(
        insert(tokens).values(token_sha256=token_sha256, account_id=account_id, created_at=at)
    )


def account_by_token(connection: Connection, token_sha256: str) -> Account | None:
    """Return whose token that is; None if unknown, revoked, or of a closed account."""
    row = connection.execute(
        select(*_ACCOUNT)
        .join(tokens, tokens.c.account_id == accounts.c.account_id)
        .where(tokens.c.token_sha256 == token_sha256)
        .where(tokens.c.revoked_at.is_(None))
        .where(accounts.c.disabled_at.is_(None))
    ).one_or_none()
    return None if row is None else _account(row)


def revoke_token(connection: Connection, token_sha256: str, at: datetime) -> None:
    """End one bearer token."""
    connection.execute(
        update(tokens)
        .where(tokens.c.token_sha256 == token_sha256, tokens.c.revoked_at.is_(None))
        .values(revoked_at=at)
    )


def add_session(connection: Connection, session: Session, at: datetime) -> None:
    """Write a login, and forget those that have run out."""
    connection.execute(delete(sessions).where(sessions.c.expires_at <= at))
    connection.execute(
        insert(sessions).values(
            session_sha256=session.session_sha256,
            account_id=session.account.account_id,
            csrf_token=session.csrf_token,
            created_at=at,
            used_at=session.used_at,
            expires_at=session.expires_at,
        )
    )


def session(connection: Connection, session_sha256: str) -> Session | None:
    """Return the login of that hash, whatever its age; None if the account is closed."""
    row = connection.execute(
        select(sessions, *_ACCOUNT[1:])
        .join(accounts, accounts.c.account_id == sessions.c.account_id)
        .where(sessions.c.session_sha256 == session_sha256)
        .where(accounts.c.disabled_at.is_(None))
    ).one_or_none()
    return None if row is None else _session(row)


def touch_session(connection: Connection, session_sha256: str, at: datetime) -> None:
    """Note that a login was used."""
    connection.execute(
        update(sessions).where(sessions.c.session_sha256 == session_sha256).values(used_at=at)
    )


def end_session(connection: Connection, session_sha256: str) -> None:
    """Forget a login."""
    connection.execute(delete(sessions).where(sessions.c.session_sha256 == session_sha256))


def add_ticket(
    connection: Connection, ticket_sha256: str, principal: str, at: datetime, until: datetime
) -> None:
    """Write the hash of a ticket for one websocket, and forget those that have run out."""
    connection.execute(delete(live_tickets).where(live_tickets.c.expires_at <= at))
    connection.execute(
        insert(live_tickets).values(
            ticket_sha256=ticket_sha256, principal=principal, expires_at=until
        )
    )


def use_ticket(connection: Connection, ticket_sha256: str, at: datetime) -> str | None:
    """Use a ticket up and return whose it is; None if unknown, used or run out."""
    here = live_tickets.c.ticket_sha256 == ticket_sha256
    used = connection.execute(
        update(live_tickets)
        .where(here, live_tickets.c.used_at.is_(None), live_tickets.c.expires_at > at)
        .values(used_at=at)
    )
    if used.rowcount != 1:
        return None
    return connection.execute(select(live_tickets.c.principal).where(here)).scalar_one()


def add_enrolment(
    connection: Connection, code_sha256: str, person_id: str, at: datetime, until: datetime
) -> None:
    """Write the hash of an enrolment code. Earlier codes of the same person end."""
    connection.execute(delete(enrolments).where(enrolments.c.person_id == person_id))
    connection.execute(
        insert(enrolments).values(
            code_sha256=code_sha256, person_id=person_id, created_at=at, expires_at=until
        )
    )


def use_enrolment(connection: Connection, code_sha256: str, at: datetime) -> str | None:
    """Use a code up and return the person it enrols; None if unknown, used or run out."""
    here = enrolments.c.code_sha256 == code_sha256
    used = connection.execute(
        update(enrolments)
        .where(here, enrolments.c.used_at.is_(None), enrolments.c.expires_at > at)
        .values(used_at=at)
    )
    if used.rowcount != 1:
        return None
    return connection.execute(select(enrolments.c.person_id).where(here)).scalar_one()


def add_phone(connection: Connection, cookie_sha256: str, phone: Phone) -> None:
    """Write the hash of an enrolled phone's cookie."""
    connection.execute(
        insert(phones).values(
            cookie_sha256=cookie_sha256,
            person_id=phone.person_id,
            device_id=phone.device_id,
            created_at=phone.created_at,
        )
    )


def phone(connection: Connection, cookie_sha256: str) -> Phone | None:
    """Return the phone whose cookie that is; None if unknown or revoked."""
    return _phone(connection, phones.c.cookie_sha256 == cookie_sha256)


def phone_of_device(connection: Connection, device_id: str) -> Phone | None:
    """Return the enrolled phone that is that device; None if unknown or revoked."""
    return _phone(connection, phones.c.device_id == device_id)


def revoke_phone(connection: Connection, device_id: str, at: datetime) -> None:
    """End an enrolled phone's cookie."""
    connection.execute(
        update(phones)
        .where(phones.c.device_id == device_id, phones.c.revoked_at.is_(None))
        .values(revoked_at=at)
    )


def attempts(connection: Connection, subject: str) -> Attempts | None:
    """Return how often in a row `subject` failed to get in, or None if it did not."""
    row = connection.execute(
        select(login_attempts).where(login_attempts.c.subject == subject)
    ).one_or_none()
    return None if row is None else Attempts(failures=row.failures, last_at=row.last_at)


def note_failure(connection: Connection, subject: str, at: datetime) -> None:
    """Count one more failure of `subject`."""
    here = login_attempts.c.subject == subject
    counted = connection.execute(
        update(login_attempts)
        .where(here)
        .values(failures=login_attempts.c.failures + 1, last_at=at)
    )
    if counted.rowcount == 0:
        connection.execute(insert(login_attempts).values(subject=subject, failures=1, last_at=at))


def forget_failures(connection: Connection, subject: str) -> None:
    """Begin again at nought: `subject` got in."""
    connection.execute(delete(login_attempts).where(login_attempts.c.subject == subject))


def forget_failures_before(connection: Connection, at: datetime) -> None:
    """Forget failures that lie long back."""
    connection.execute(delete(login_attempts).where(login_attempts.c.last_at < at))


def _account(row: Any) -> Account:
    """Return the account a row holds."""
    return Account(
        account_id=row.account_id,
        name=row.name,
        role=Role(row.role),
        disabled_at=row.disabled_at,
    )


def _phone(connection: Connection, condition: ColumnElement[bool]) -> Phone | None:
    """Return the live phone that meets a condition."""
    row = connection.execute(
        select(phones).where(condition, phones.c.revoked_at.is_(None))
    ).one_or_none()
    if row is None:
        return None
    return Phone(person_id=row.person_id, device_id=row.device_id, created_at=row.created_at)


def live_sessions(connection: Connection) -> dict[str, Session]:
    """Return every login of an open account, whatever its age, by its hash."""
    rows = connection.execute(
        select(sessions, *_ACCOUNT[1:])
        .join(accounts, accounts.c.account_id == sessions.c.account_id)
        .where(accounts.c.disabled_at.is_(None))
    )
    return {row.session_sha256: _session(row) for row in rows}


def live_tokens(connection: Connection) -> frozenset[str]:
    """Return the hash of every token that still opens."""
    return frozenset(
        connection.execute(
            select(tokens.c.token_sha256)
            .join(accounts, accounts.c.account_id == tokens.c.account_id)
            .where(tokens.c.revoked_at.is_(None), accounts.c.disabled_at.is_(None))
        ).scalars()
    )


def live_phones(connection: Connection) -> frozenset[str]:
    """Return the device id of every enrolled phone that is not revoked."""
    return frozenset(
        connection.execute(
            select(phones.c.device_id).where(phones.c.revoked_at.is_(None))
        ).scalars()
    )


def _session(row: Any) -> Session:
    """Return the login a row holds."""
    return Session(
        session_sha256=row.session_sha256,
        account=_account(row),
        csrf_token=row.csrf_token,
        used_at=row.used_at,
        expires_at=row.expires_at,
    )
