"""Queries of answers already given, so that a call repeated by a nervous network has one effect."""

from datetime import datetime

import msgspec
from sqlalchemy import Connection, delete, insert, select

from records.tables import idempotency


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that was given to a key.

    Attributes:
        request_sha256: Of the call the key was first sent with.
        answer: Its bytes, without any secret.
    """

    request_sha256: str
    answer: bytes


def given(connection: Connection, actor: str, key: str) -> Given | None:
    """Return what was answered to `key` of `actor`, or None if it is new."""
    row = connection.execute(
        select(idempotency).where(idempotency.c.actor == actor, idempotency.c.key == key)
    ).one_or_none()
    return None if row is None else Given(request_sha256=row.request_sha256, answer=row.answer)


def keep(connection: Connection, actor: str, key: str, answer: Given, at: datetime) -> None:
    """Keep the answer given to `key`."""
    connection.execute(
        insert(idempotency).values(
            actor=actor,
            key=key,
            request_sha256=answer.request_sha256,
            answer=answer.answer,
            created_at=at,
        )
    )


def forget_before(connection: Connection, at: datetime) -> None:
    """Forget answers given before `at`."""
    connection.execute(delete(idempotency).where(idempotency.c.created_at < at))
