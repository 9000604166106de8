"""The first thing in a life: what the record says stands. Shell."""

from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import Connection

from alerts.board import Board
from alerts.desk import Desk
from alerts.escalation import ANSWER_DUE, Outstanding, due
from alerts.office import Office
from alerts.register import Register
from alerts.worker.intake import outstanding_of
from domain.ids import DeviceId
from domain.incident import Incident
from domain.order import Device, Order
from domain.reading import Fix
from domain.transition import Level, Subject, Transition
from records import incidents as incident_records
from records import live as live_records
from records import register as register_records
from records.database import Records
from records.incidents import TroubleRow
from runtime.wire import decode

#: The consumer whose mark says how far transitions have been taken.
CONSUMER: Final = "alerts"


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a life begins with."""

    mark: int
    change_id: int
    orders: list[Order]
    devices: list[Device]
    incidents: list[Incident]
    outstanding: list[Outstanding]
    heads: dict[str, int]
    fixes: list[Fix]
    troubles: list[tuple[DeviceId, Subject]]


async def open_office(records: Records, office: Office, now: datetime) -> tuple[int, int]:
    """Let the office take over what the record holds; return the marks to go on from.

    A life that was cancelled may have left a write in the queue. There is one writer and it keeps
    the order, so once an empty write of ours is through, nothing of that life is still to come.
    """
    await records.write(_nothing)
    opening = await records.read(lambda connection: _read(connection, now))
    register = Register(opening.orders, opening.devices)
    board = Board(register)
    board.restore(opening.fixes, opening.troubles)
    board.tick(now)
    desk = Desk(
        register,
        standing=opening.incidents,
        outstanding=opening.outstanding,
        heads=opening.heads,
    )
    office.begin(register, board, desk)
    office.recall(opening.fixes)
    return opening.mark, opening.change_id


def _read(connection: Connection, now: datetime) -> Opening:
    bodies = register_records.order_bodies(connection)
    devices = register_records.all_devices(connection)
    unresolved = incident_records.unresolved_bodies(connection, canary=True)
    troubles = incident_records.troubled_devices(connection)
    outstanding = [outstanding_of(row) for row in incident_records.newest_notices(connection)]
    return Opening(
        mark=incident_records.mark(connection, CONSUMER),
        change_id=live_records.last_change(connection),
        orders=[decode(body, Order) for body in bodies],
        devices=devices,
        incidents=[decode(body, Incident) for body in unresolved],
        outstanding=[_told_already(one, now) for one in outstanding],
        heads=live_records.heads(connection),
        fixes=live_records.newest_fixes(connection, [one.device_id for one in devices]),
        troubles=[
            (DeviceId(one.device_id), Subject(one.subject))
            for one in troubles
            if not _has_ended(connection, one)
        ],
    )


def _has_ended(connection: Connection, trouble: TroubleRow) -> bool:
    """Return whether a trouble ended after its incident was resolved, which changed it no more."""
    if not trouble.resolved or trouble.order_id is None:
        return False
    bodies = incident_records.transitions_since(connection, trouble.order_id, trouble.opened_at)
    about = (trouble.device_id, trouble.subject)
    said = [
        transition.after
        for transition in (decode(body, Transition) for body in bodies)
        if about == (transition.device_id, transition.subject)
    ]
    return said[-1:] == [Level.CLEAR]


def _nothing(connection: Connection) -> None:
    """Write nothing."""
    del connection


def _told_already(outstanding: Outstanding, now: datetime) -> Outstanding:
    """Return the alert, marked as failed if officers must have been told so before now."""
    longest = max(ANSWER_DUE.values())
    overdue = due(outstanding, now - longest) is not None
    return msgspec.structs.replace(outstanding, failed=overdue)
