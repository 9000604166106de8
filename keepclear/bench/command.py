"""`keepclear bench`: its options, and the order in which things are measured."""

import asyncio
from pathlib import Path
from typing import Annotated, Final

import typer

#: Rated load of the embedded layout (docs/BENCHMARKS.md), fixes per second.
RATED: Final = {"amqtt": 200.0, "mosquitto": 2_000.0}
DEVICES: Final = 500
SECONDS: Final = 30.0
WARM_UP_S: Final = 5.0
SEED: Final = 7


def bench(
    *,
    rate: Annotated[
        float | None,
        typer.Option(min=1, help="Fixes per second. [default: the broker's rated load]"),
    ] = None,
    devices: Annotated[
        int, typer.Option(min=2, max=20_000, help="Connections, an even number.")
    ] = DEVICES,
    seconds: Annotated[float, typer.Option(min=1, max=3_600, help="Measured time.")] = SECONDS,
    broker: Annotated[str, typer.Option(help="amqtt, mosquitto or both.")] = "both",
    knee: Annotated[
        bool, typer.Option("--knee", help="Raise the rate until it is too much.")
    ] = False,
    acks: Annotated[bool, typer.Option(help="Devices listen for the application's ack.")] = True,
    seed: Annotated[int, typer.Option(help="Of paths and schedule.")] = SEED,
    json: Annotated[Path | None, typer.Option(help="Write everything to a file, too.")] = None,
) -> None:
    """Measure fixes per second and publish to websocket, on a program of its own."""
    from rich.console import Console  # noqa: PLC0415 - imported when it is asked for

    from keepclear.bench import course, report  # noqa: PLC0415

    if broker not in {*RATED, "both"}:
        raise typer.BadParameter("amqtt, mosquitto or both", param_hint="--broker")
    wanted = course.Wanted(
        brokers=tuple(RATED) if broker == "both" else (broker,),
        rates=RATED if rate is None else dict.fromkeys(RATED, rate),
        devices=devices + devices % 2,
        warm_up_s=WARM_UP_S,
        seconds=seconds,
        stepped=knee,
        acks=acks,
        seed=seed,
    )
    console = Console()
    made = asyncio.run(course.run(wanted, console))
    report.show(made, console, stepped=knee)
    if json is not None:
        report.write_json(made, json)
        console.print(f"written to {json}")
