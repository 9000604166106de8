"""The only door to a person, an order, an incident or an alert. One condition a line.

What a caller may not see and what does not exist are the same answer, and both are in the audit.
Nothing leaves for a caller before the look-up is durably in the audit: if the audit cannot be
written, nothing is shown. The synthetic case does not exist for anybody.
"""

from collections.abc import Callable
from typing import TypeVar

import msgspec
from sqlalchemy import Connection

from domain.ids import is_canary
from domain.incident import Incident
from domain.order import Device, Order, Person, PersonRole
from mobile_api.deps import Deps
from mobile_api.identity import Caller
from mobile_api.problems import missing
from records import access, audit, incidents, register
from records.access import Account, Phone, Role
from records.audit import Action, AuditEntry, Outcome
from records.incidents import NoticeRow
from runtime import wire

T = TypeVar("T")


def access_person_by_account(
    connection: Connection, person_id: str, account: Account
) -> Person | None:
    """Return a person whose whereabouts an account may look up."""
    if is_canary(person_id):
        return None
    person = register.person(connection, person_id)
    if person is None:
        return None
    if account.role is Role.SUPERVISOR:
        return person
    if account.role is Role.OPERATOR:
        return person
    if account.role is not Role.OFFICER:
        return None
    if person_id not in register.people_of_officer(connection, account.account_id):
        return None
    return person


def access_person_by_registrar(
    connection: Connection, person_id: str, account: Account
) -> Person | None:
    """Return a person whose entry in the register an account may work on."""
    if is_canary(person_id):
        return None
    if account.role is not Role.ADMINISTRATOR:
        return None
    return register.person(connection, person_id)


def access_device_by_registrar(
    connection: Connection, device_id: str, account: Account
) -> Device | None:
    """Return a device whose entry in the register an account may work on."""
    if is_canary(device_id):
        return None
    if account.role is not Role.ADMINISTRATOR:
        return None
    return register.device(connection, device_id)


def access_protected_by_registrar(
    connection: Connection, person_id: str, account: Account
) -> Person | None:
    """Return a protected person whom an account may give a phone."""
    person = access_person_by_registrar(connection, person_id, account)
    if person is None:
        return None
    if person.role is not PersonRole.PROTECTED:
        return None
    return person


def access_order_by_account(
    connection: Connection, order_id: str, account: Account
) -> Order | None:
    """Return an order an account may read."""
    if is_canary(order_id):
        return None
    if account.role is Role.AUDITOR:
        return None
    if account.role is Role.OFFICER and order_id not in register.orders_of_officer(
        connection, account.account_id
    ):
        return None
    body = register.order_body(connection, order_id)
    if body is None:
        return None
    return wire.decode(body, Order)


def access_incident_by_account(
    connection: Connection, incident_id: str, account: Account
) -> Incident | None:
    """Return an incident an account may work on."""
    if is_canary(incident_id):
        return None
    body = incidents.incident_body(connection, incident_id)
    if body is None:
        return None
    incident = wire.decode(body, Incident)
    if account.role is Role.SUPERVISOR:
        return incident
    if account.role is Role.OPERATOR:
        return incident
    if account.role is not Role.OFFICER:
        return None
    if incident.order_id not in register.orders_of_officer(connection, account.account_id):
        return None
    return incident


def incidents_open_to(connection: Connection, account: Account) -> frozenset[str] | None:
    """Return the orders whose incidents an account may list; None is no limit."""
    if account.role is Role.SUPERVISOR:
        return None
    if account.role is Role.OPERATOR:
        return None
    if account.role is Role.OFFICER:
        return register.orders_of_officer(connection, account.account_id)
    return frozenset()


def access_alert_by_phone(connection: Connection, alert_id: str, phone: Phone) -> NoticeRow | None:
    """Return an alert that was given to the person whose phone asks."""
    if is_canary(alert_id):
        return None
    row = incidents.notice(connection, alert_id)
    if row is None:
        return None
    if row.person_id != phone.person_id:
        return None
    return row


def access_account_by_registrar(
    connection: Connection, account_id: str, account: Account
) -> Account | None:
    """Return an account that another account may close."""
    if account.role is not Role.ADMINISTRATOR:
        return None
    return access.account(connection, account_id)


async def consult(
    deps: Deps,
    caller: Caller,
    subject: str,
    look: Callable[[Connection], T | None],
    *,
    reason: str | None = None,
) -> T:
    """Return what `look` finds, once it is durably in the audit that the caller asked.

    It is read beside the writer, so that people who look do not hold up what devices say.

    Args:
        deps: What the door was given.
        caller: Who asks.
        subject: What is asked for, as `kind:id` and a word for the part of it.
        look: One of the access functions, with its arguments.
        reason: The justification the caller gave.

    Raises:
        ProblemError: 404, if there is no such thing or the caller may not see it.
        RecordsError: If the audit cannot be written.
    """
    found = await deps.records.read(look)
    entry = _entry(deps, caller, subject, Action.CONSULTATION, allowed=found is not None)
    entry = msgspec.structs.replace(entry, reason=reason)
    await deps.records.write(lambda c: audit.write(c, entry))
    if found is None:
        raise missing()
    return found


async def alter(
    deps: Deps, caller: Caller, subject: str, change: Callable[[Connection], T | None]
) -> T:
    """Return what `change` made, written in one transaction with its line in the audit.

    Args:
        deps: What the door was given.
        caller: Who asks.
        subject: What is changed, as `kind:id` and a word for the part of it.
        change: Asks one of the access functions first, and returns None if that does.

    Raises:
        ProblemError: 404, if there is no such thing or the caller may not change it.
        RecordsError: If it cannot be written; nothing is changed then.
    """

    def work(connection: Connection) -> T | None:
        found = change(connection)
        entry = _entry(deps, caller, subject, Action.ALTERATION, allowed=found is not None)
        audit.write(connection, entry)
        return found

    found = await deps.records.write(work)
    if found is None:
        raise missing()
    return found


def _entry(
    deps: Deps, caller: Caller, subject: str, action: Action, *, allowed: bool
) -> AuditEntry:
    return AuditEntry(
        at=deps.now(),
        actor=caller.actor,
        action=action,
        subject=subject[:300],
        outcome=Outcome.ALLOWED if allowed else Outcome.DENIED,
    )
