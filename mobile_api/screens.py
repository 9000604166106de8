"""Who holds a live screen, and whether they still may.

Shell. A holder is named by what opened the screen (a token, a session, a phone), so that the
screen ends with it. Every open socket asks often; the record is asked once for all of them.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import Connection

from domain.ids import OrderId, PersonId
from mobile_api.deps import Deps, Sees
from mobile_api.identity import AccountCaller, Caller, session_live, touch
from records import access, register
from records.access import Account, Phone, Role, Session
from runtime.ids import secret_hash
from runtime.settings import Settings

#: How old an answer of the record may be that all sockets share.
SHARED_FOR: Final = timedelta(seconds=1)


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds a screen: an account, or a phone."""

    reference: str
    account: Account | None = None
    phone: Phone | None = None

    @property
    def actor(self) -> str:
        """Who the audit says it is."""
        if self.account is not None:
            return self.account.account_id
        assert self.phone is not None
        return f"person:{self.phone.person_id}"


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that opens a screen, as the record had it at `at`."""

    at: datetime
    tokens: frozenset[str]
    sessions: dict[str, Session]
    phones: frozenset[str]


def holder_of(caller: Caller) -> Holder:
    """Return whoever calls as the holder of a screen."""
    if not isinstance(caller, AccountCaller):
        return Holder(reference=f"phone:{caller.phone.device_id}", phone=caller.phone)
    kind = "token" if caller.session is None else "session"
    return Holder(reference=f"{kind}:{secret_hash(caller.secret)}", account=caller.account)


def holder_by_reference(connection: Connection, reference: str) -> Holder | None:
    """Return who holds a ticket's reference, or None if that opens nothing any more."""
    kind, _, name = reference.partition(":")
    if kind == "phone":
        phone = access.phone_of_device(connection, name)
        return None if phone is None else Holder(reference=reference, phone=phone)
    account = None
    if kind == "token":
        account = access.account_by_token(connection, name)
    elif kind == "session":
        session = access.session(connection, name)
        account = None if session is None else session.account
    return None if account is None else Holder(reference=reference, account=account)


class Screening:
    """Answers for every open socket whether its holder still may hold it."""

    def __init__(self, deps: Deps) -> None:
        """Ask the record of `deps`."""
        self._deps = deps
        self._standing: Standing | None = None
        self._asking = asyncio.Lock()

    async def still(self, holder: Holder) -> bool:
        """Return whether what opened a screen still opens one. An open screen is in use.

        A holder is given up only by the newest word of the record: an older one may have been
        read before the holder came.
        """
        standing = await self._current(SHARED_FOR)
        if not _stands(holder, standing, self._deps.settings):
            standing = await self._current(timedelta())
        if not _stands(holder, standing, self._deps.settings):
            return False
        session = standing.sessions.get(_name(holder))
        if session is not None:
            await touch(self._deps, session)
        return True

    async def _current(self, age_max: timedelta) -> Standing:
        async with self._asking:
            now = self._deps.now()
            if self._standing is None or now - self._standing.at >= age_max:
                self._standing = await self._deps.records.read(lambda c: _standing(c, now))
            return self._standing


def _name(holder: Holder) -> str:
    return holder.reference.partition(":")[2]


def _stands(holder: Holder, standing: Standing, settings: Settings) -> bool:
    """Return whether a holder's token, phone or session still opens a screen."""
    kind, _, name = holder.reference.partition(":")
    if kind == "token":
        return name in standing.tokens
    if kind == "phone":
        return name in standing.phones
    session = standing.sessions.get(name)
    return session is not None and session_live(session, standing.at, settings)


class OwnCases:
    """What an account may be told live. Renewed while its screen is open."""

    def __init__(self, account: Account) -> None:
        """Begin with nothing for an officer; others are told of every case."""
        self._account = account
        self._orders: frozenset[str] = frozenset()
        self._people: frozenset[str] = frozenset()

    async def renew(self, deps: Deps) -> None:
        """Read again which cases are the officer's own."""
        if self._account.role is not Role.OFFICER:
            return
        account_id = self._account.account_id
        self._orders, self._people = await deps.records.read(
            lambda c: (
                register.orders_of_officer(c, account_id),
                register.people_of_officer(c, account_id),
            )
        )

    @property
    def sees(self) -> Sees:
        """Whether the account may be told of what belongs to an order and a person."""
        return self._sees

    def _sees(self, order_id: OrderId | None, person_id: PersonId | None) -> bool:
        if self._account.role is not Role.OFFICER:
            return True
        if order_id is not None:
            return order_id in self._orders
        if person_id is not None:
            return person_id in self._people
        return True


def _standing(connection: Connection, at: datetime) -> Standing:
    return Standing(
        at=at,
        tokens=access.live_tokens(connection),
        sessions=access.live_sessions(connection),
        phones=access.live_phones(connection),
    )
