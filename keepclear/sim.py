"""`keepclear sim run`: a scenario against a running system, ours by default."""

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from keepclear.access import create_token
from runtime.settings import Settings
from simulator import runner

#: Under this name the scenario's program registers its cast.
PROGRAM: Final = "simulator"
#: And under this one it watches the console, which an administrator may not.
WATCHER: Final = "simulator-watch"


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """Where a scenario is played. What is not said is taken from the settings.

    Attributes:
        broker: `mqtt://host:port`.
        http: Address of the HTTP interface.
        token: A bearer token of an administrator, who registers the cast.
        console_token: One of an operator, who watches the console.
    """

    broker: str | None = None
    http: str | None = None
    token: str | None = None
    console_token: str | None = None

    def __repr__(self) -> str:
        """Say where, never with which token."""
        return f"Stage({self.http}, {self.broker})"


async def run(stage: Stage, scenario: str, *, speed: float, seed: int, capture: Path | None) -> int:
    """Play a scenario; return 1 if an expected event did not come.

    Raises:
        KeepclearError: The server refused, or a device was not let in.
    """
    settings = Settings()
    broker = urlsplit(stage.broker or f"mqtt://{settings.mqtt_host}:{settings.mqtt_port}")
    return await runner.run(
        scenario,
        http_url=stage.http or settings.base_url,
        token=stage.token or await create_token("administrator", PROGRAM),
        console_token=stage.console_token or await create_token("operator", WATCHER),
        broker_host=broker.hostname or settings.mqtt_host,
        broker_port=broker.port or settings.mqtt_port,
        speed=speed,
        seed=seed,
        capture_path=capture,
    )
