"""A growing delay for whoever guesses: passwords and enrolment codes.

Shell. A try is counted before it is judged, so that a hundred at once gain nothing. The delay
grows for one name from one address, so nobody can lock somebody else out from elsewhere; and
nothing here stands between a protected person and her alerts.
"""

import hashlib
from datetime import timedelta
from http import HTTPStatus
from math import ceil
from typing import Final

from fastapi import Request
from sqlalchemy import Connection

from mobile_api.deps import deps_of
from mobile_api.problems import ProblemError
from records import access

FREE_TRIES: Final = 3
DELAY_MOST: Final = timedelta(minutes=5)
REMEMBERED: Final = timedelta(days=1)


def delay_after(failures: int) -> timedelta:
    """Return how long to wait after so many failures in a row: 1, 2, 4 … seconds from the third."""
    if failures < FREE_TRIES:
        return timedelta()
    return min(DELAY_MOST, timedelta(seconds=2 ** min(failures - FREE_TRIES, 20)))


def subject_of(request: Request, purpose: str, name: str = "") -> str:
    """Return what tries are counted under: the purpose, the name tried, and the address."""
    address = "" if request.client is None else request.client.host
    named = hashlib.sha256(name.encode()).hexdigest()[:32] if name else ""
    return f"{purpose}:{named}:{address}"


async def count_try(request: Request, subject: str) -> None:
    """Count a try, or refuse it because the last failure was too recently.

    Raises:
        ProblemError: 429, with Retry-After.
    """
    deps = deps_of(request)
    now = deps.now()

    def work(connection: Connection) -> timedelta:
        access.forget_failures_before(connection, now - REMEMBERED)
        before = access.attempts(connection, subject)
        if before is not None:
            left = before.last_at + delay_after(before.failures) - now
            if left > timedelta():
                return left
        access.note_failure(connection, subject, now)
        return timedelta()

    left = await deps.records.write(work)
    if left > timedelta():
        seconds = str(ceil(left.total_seconds()))
        raise ProblemError(
            HTTPStatus.TOO_MANY_REQUESTS,
            "Too many tries. Wait a little.",
            headers={"Retry-After": seconds},
        )


async def forgive(request: Request, subject: str) -> None:
    """Forget the tries of somebody who got in."""
    await deps_of(request).records.write(lambda c: access.forget_failures(c, subject))
