"""The only place that asks what time it is. Everything else is told."""

import time
from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the present instant, aware, UTC."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Return seconds of a clock that only runs forward; good for durations alone."""
    return time.monotonic()
