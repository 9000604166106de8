"""What was measured, as a table for people and as JSON for programs."""

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Final

import msgspec
import psutil
from rich.console import Console
from rich.table import Table

from keepclear.bench.figures import Figures, Latency
from keepclear.bench.knee import knee, overloaded

#: What is promised of the path (docs/BENCHMARKS.md), seconds.
PROMISED: Final = {"p50": 0.050, "p99": 0.250, "p99_9": 1.0}
MEBIBYTE: Final = 1 << 20
PARTS: Final = ("serve", "broker", "load", "console")


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """Where it was measured."""

    system: str
    python: str
    processors: int
    memory_bytes: int
    load_average: tuple[float, float, float]
    versions: dict[str, str]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of one run of the benchmark."""

    at: str
    machine: Machine
    measured: list[Figures]
    knees: dict[str, float | None]


def machine() -> Machine:
    """Return what this machine is; its load average shows whether it was quiet before."""
    return Machine(
        system=platform.platform(),
        python=platform.python_version(),
        processors=os.cpu_count() or 0,
        memory_bytes=psutil.virtual_memory().total,
        load_average=os.getloadavg(),
        versions={name: version(name) for name in ("amqtt", "paho-mqtt", "uvicorn", "uvloop")},
    )


def write_json(report: Report, path: Path) -> None:
    """Write everything to a file."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")


def show(report: Report, console: Console, *, stepped: bool) -> None:
    """Print the figures, and the knee if it was looked for."""
    console.print(_rates(report.measured))
    for one in report.measured:
        console.print(_latencies(one))
    console.print(_costs(report.measured))
    if stepped:
        for broker in report.knees:
            _show_knee(report, broker, console)


def _rates(measured: list[Figures]) -> Table:
    table = Table(title="fixes per second", title_justify="left")
    for heading in ("broker", "devices", "offered", "committed", "backlog", "not shown", "notes"):
        table.add_column(heading, justify="left" if heading in {"broker", "notes"} else "right")
    for one in measured:
        committed = "-" if one.committed_per_s is None else f"{one.committed_per_s:,.0f}"
        table.add_row(
            one.broker,
            f"{one.devices:,}",
            f"{one.offered_per_s:,.0f}",
            committed,
            f"{one.backlog:,}",
            f"{one.to_console.missing:,}",
            ", ".join(_notes(one)),
        )
    return table


def _notes(one: Figures) -> list[str]:
    notes: list[str] = []
    if one.reconnects:
        notes.append(f"console reconnected {one.reconnects} times")
    if one.disconnects:
        notes.append(f"{one.disconnects} devices dropped")
    if one.to_decision.missing:
        notes.append(f"{one.to_decision.missing} approaches not told")
    return notes


def _latencies(one: Figures) -> Table:
    title = f"{one.broker}, {one.offered_per_s:,.0f} fixes/s: milliseconds from when it was due"
    table = Table(title=title, title_justify="left")
    for heading in ("to", "count", "p50", "p99", "p99.9", "worst", "promise"):
        table.add_column(heading, justify="left" if heading in {"to", "promise"} else "right")
    rows = (
        ("console, position", one.to_console, _kept(one.to_console)),
        ("console, incident", one.to_decision, _kept(one.to_decision)),
        ("application ack", one.to_committed, ""),
        ("broker PUBACK", one.to_puback, ""),
        ("the load itself", one.load_late, ""),
    )
    for name, found, promise in rows:
        if found is not None:
            table.add_row(name, *_row(found), promise)
    return table


def _row(found: Latency) -> tuple[str, ...]:
    if not found.count:
        return ("0", *("-",) * 4)
    times = (found.p50, found.p99, found.p99_9, found.worst)
    return (f"{found.count:,}", *("never" if t is None else f"{1000.0 * t:,.1f}" for t in times))


def _kept(found: Latency) -> str:
    if not found.count:
        return "-"
    times = {"p50": found.p50, "p99": found.p99, "p99_9": found.p99_9}
    broken = [name for name, most in PROMISED.items() if (times[name] or float("inf")) > most]
    return "[green]kept[/]" if not broken else f"[red]not {', '.join(broken).replace('_', '.')}[/]"


def _costs(measured: list[Figures]) -> Table:
    table = Table(title="processors kept busy, and MiB", title_justify="left")
    table.add_column("broker")
    table.add_column("fixes/s", justify="right")
    for part in PARTS:
        table.add_column(part, justify="right")
    for one in measured:
        cells = [
            f"{one.costs[part].cores:.2f} / {one.costs[part].memory_bytes / MEBIBYTE:,.0f}"
            for part in PARTS
        ]
        table.add_row(one.broker, f"{one.offered_per_s:,.0f}", *cells)
    return table


def _show_knee(report: Report, broker: str, console: Console) -> None:
    steps = [one for one in report.measured if one.broker == broker]
    carried = knee(steps)
    words = "not even the first step" if carried is None else f"{carried:,.0f} fixes/s"
    stopped = next((why for step in steps if (why := overloaded(step)) is not None), None)
    end = f"; the next step: {stopped}" if stopped else "; no end was reached"
    console.print(f"[bold]{broker}[/]: the knee is at {words}{end}")
