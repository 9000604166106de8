"""Where it stops: the rate is raised step by step until what is late stays late. Pure rules."""

from typing import Final

from keepclear.bench.figures import Figures

STEP: Final = 1.4
STEPS_MAX: Final = 14
P99_MAX_S: Final = 1.0
#: A second's worth of fixes not committed a second after the end is a queue that grows.
BACKLOG_MAX_S: Final = 1.0


def overloaded(measured: Figures) -> str | None:
    """Return why the rate was too much, or None if it was carried."""
    if measured.to_console.missing:
        return f"{measured.to_console.missing} fixes never reached the console"
    if measured.to_console.p99 is None or measured.to_console.p99 > P99_MAX_S:
        return f"p99 above {P99_MAX_S:g} s"
    if measured.backlog > BACKLOG_MAX_S * measured.offered_per_s:
        return f"a backlog of {measured.backlog} fixes"
    if measured.disconnects:
        return f"{measured.disconnects} devices were dropped"
    return None


def knee(steps: list[Figures]) -> float | None:
    """Return the highest rate that was carried before the first that was not."""
    carried = None
    for step in steps:
        if overloaded(step) is not None:
            break
        carried = step.offered_per_s
    return carried
