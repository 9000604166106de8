"""The one program. `keepclear --help` lists its commands; settings come from `KEEPCLEAR_*`.

Each command imports what it needs when it is called, so that `keepclear replay` does not wait for
a web server and `keepclear settings` waits for nothing.
"""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from domain.errors import KeepclearError
from keepclear.bench.command import bench

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Proximity alerts for court-ordered GPS tags.",
)
token = typer.Typer(no_args_is_help=True, help="Bearer tokens for programs.")
account = typer.Typer(no_args_is_help=True, help="Logins for people.")
sim = typer.Typer(no_args_is_help=True, help="Simulated devices.")
app.add_typer(token, name="token")
app.add_typer(account, name="account")
app.add_typer(sim, name="sim")

Role = Annotated[str, typer.Option(help="administrator, supervisor, operator, officer or auditor.")]
Name = Annotated[str, typer.Option(help="Who it is for.")]


def main() -> None:
    """Run the command line; an expected error is one line on standard error and status 1."""
    if not __debug__:
        print("Keepclear does not run under python -O: its assertions stay on.", file=sys.stderr)
        raise SystemExit(1)
    try:
        app()
    except KeepclearError as error:
        print(error, file=sys.stderr)
        raise SystemExit(1) from None


@app.command()
def settings() -> None:
    """Print every setting with its meaning, unit and default."""
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    from runtime.settings import Settings  # noqa: PLC0415
    from runtime.settings_table import describe  # noqa: PLC0415

    table = Table("variable", "default", "unit", "meaning")
    for row in describe(Settings):
        table.add_row(row.variable, row.default, row.unit, row.meaning)
    Console().print(table)


@app.command()
def serve() -> None:
    """Run everything in one process on embedded parts; nothing is simulated."""
    from keepclear.serve import serve as run  # noqa: PLC0415

    asyncio.run(run())


@app.command()
def demo(
    scenario: Annotated[str, typer.Option(help="Which story.")] = "approach_on_foot",
    speed: Annotated[float, typer.Option(min=0.1, help="How much faster than life.")] = 4.0,
    seed: Annotated[int, typer.Option(help="Repeats every pace and error.")] = 7,
) -> None:
    """Run `serve` with a seeded case and simulated tags; print links and logins."""
    from keepclear.demo import demo as run  # noqa: PLC0415

    asyncio.run(run(scenario, speed=speed, seed=seed))


@app.command()
def replay(
    capture: Annotated[Path, typer.Argument(help="A capture: JSON Lines of MQTT messages.")],
    orders: Annotated[Path, typer.Option(help="People, devices and orders, as JSON.")],
    out: Annotated[
        Path | None, typer.Option(help="Where to write; default standard output.")
    ] = None,
) -> None:
    """Decide a recorded capture again, offline, on the capture's own clock."""
    from keepclear import replay as replaying  # noqa: PLC0415

    try:
        rows = replaying.replay(capture, orders)
    except replaying.ReplayError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from None
    if out is None:
        sys.stdout.buffer.writelines(rows)
    else:
        out.write_bytes(b"".join(rows))


@sim.command("list")
def list_scenarios() -> None:
    """Print every scenario and what it is about."""
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    from simulator.scenario import catalogue, named  # noqa: PLC0415

    table = Table("scenario", "minutes", "story")
    for name in catalogue():
        scenario = named(name)
        table.add_row(name, f"{scenario.lasts_s / 60:.0f}", scenario.story.strip())
    Console().print(table)


@sim.command("run")
def run_scenario(
    scenario: Annotated[str, typer.Argument(help="Its name; `keepclear sim list` has them all.")],
    *,
    speed: Annotated[float, typer.Option(min=0.1, help="How much faster than life.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Repeats every pace, error and delay.")] = 7,
    capture: Annotated[Path | None, typer.Option(help="Keep what devices published.")] = None,
    broker: Annotated[str | None, typer.Option(help="mqtt://host:port; default: ours.")] = None,
    http: Annotated[str | None, typer.Option(help="The server's address; default: ours.")] = None,
    token: Annotated[str | None, typer.Option(help="An administrator's; default: made.")] = None,
    console_token: Annotated[
        str | None, typer.Option(help="An operator's, to watch with; default: made.")
    ] = None,
) -> None:
    """Drive simulated devices; exit status 1 if an expected event did not come."""
    from keepclear.sim import Stage, run  # noqa: PLC0415

    stage = Stage(broker=broker, http=http, token=token, console_token=console_token)
    raise SystemExit(asyncio.run(run(stage, scenario, speed=speed, seed=seed, capture=capture)))


@token.command("create")
def create_token(role: Role, name: Name) -> None:
    """Print one line: a new bearer token. Works beside a running `serve` and without one."""
    from keepclear.access import create_token as run  # noqa: PLC0415

    print(asyncio.run(run(role, name)))


@account.command("create")
def create_account(
    role: Role,
    name: Name,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
) -> None:
    """Create a login for a person."""
    from keepclear.access import create_account as run  # noqa: PLC0415

    if not password_stdin:
        print("Give the password on standard input, with --password-stdin.", file=sys.stderr)
        raise SystemExit(2)
    asyncio.run(run(role, name, sys.stdin.readline().rstrip("\n")))
    print(f"Created {name}, {role}.")


app.command("bench")(bench)


if __name__ == "__main__":
    main()
