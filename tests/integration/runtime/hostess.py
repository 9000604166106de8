"""A program that runs an embedded broker and waits to be killed: `hostess.py KIND DIR PORT`."""

import asyncio
import sys
from pathlib import Path
from typing import cast

from runtime import log
from runtime.broker.choice import choose
from runtime.broker.embedded import EmbeddedBroker
from runtime.settings import Settings
from tests.integration.runtime.brokers import Kind


async def main() -> None:
    """Start the broker, say its pid, and wait."""
    log.configure()
    kind, directory, port = sys.argv[1:]
    settings = Settings(broker=cast("Kind", kind), data_dir=Path(directory), mqtt_port=int(port))
    broker = EmbeddedBroker(settings, choose(settings))
    await broker.start([])
    sys.stdout.write(f"{broker.pid}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


asyncio.run(main())
