"""`keepclear serve` as a child process on free ports and a directory of its own."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self

import httpx

ROOT = Path(__file__).parents[2]
READY_S = 30.0
STOP_S = 20.0


async def until(condition: Callable[[], Awaitable[bool]], seconds: float, promise: str) -> None:
    """Wait until `condition` holds; fail with `promise` if it does not within `seconds`."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not await condition():
        assert loop.time() < deadline, f"not within {seconds:g} s: {promise}"
        await asyncio.sleep(0.02)


def free_port() -> int:
    """Return a port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(kw_only=True)
class Program:
    """A running `keepclear serve`.

    Attributes:
        data_dir: Where it keeps its record; a restart finds it again.
        broker: Which embedded broker it is told to use.
        command: `serve`, or `demo`.
    """

    data_dir: Path
    broker: str = "auto"
    command: tuple[str, ...] = ("serve",)
    extra: dict[str, str] = field(default_factory=dict[str, str])
    http_port: int = field(default_factory=free_port)
    mqtt_port: int = field(default_factory=free_port)
    child: subprocess.Popen[bytes] | None = None
    log: IO[bytes] | None = None
    tokens: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def url(self) -> str:
        """The address of its HTTP door."""
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def environment(self) -> dict[str, str]:
        """What it is told by its environment; nothing of the caller's settings leaks in."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("KEEPCLEAR_")}  # noqa: TID251
        return inherited | {
            "KEEPCLEAR_DATA_DIR": str(self.data_dir),
            "KEEPCLEAR_HTTP_PORT": str(self.http_port),
            "KEEPCLEAR_MQTT_PORT": str(self.mqtt_port),
            "KEEPCLEAR_BROKER": self.broker,
            "PYTHONPATH": str(ROOT),
            **self.extra,
        }

    def launch(self) -> None:
        """Start the child; its output goes to `program.log` in its data directory."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.log = (self.data_dir / "program.log").open("ab")
        self.child = subprocess.Popen(
            [sys.executable, "-m", "keepclear", *self.command],
            env=self.environment,
            cwd=self.data_dir,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    async def start(self) -> Self:
        """Launch and wait until it says that it is ready to protect."""
        self.launch()
        await self.ready()
        return self

    async def alive(self) -> None:
        """Wait until `/healthz` answers 200."""
        await until(lambda: self._answers("/healthz"), READY_S, f"serve is alive\n{self.tail()}")

    async def ready(self) -> None:
        """Wait until `/readyz` answers 200."""
        await until(lambda: self._answers("/readyz"), READY_S, f"serve is ready\n{self.tail()}")

    async def _answers(self, path: str) -> bool:
        assert self.child is not None
        assert self.child.poll() is None, f"serve ended by itself\n{self.tail()}"
        try:
            async with httpx.AsyncClient() as client:
                return (await client.get(f"{self.url}{path}", timeout=2.0)).status_code == 200
        except httpx.TransportError:
            return False

    def tail(self) -> str:
        """Return the end of what it printed."""
        path = self.data_dir / "program.log"
        return path.read_text(errors="replace")[-4000:] if path.exists() else ""

    def kill(self) -> None:
        """End it as a power cut would: SIGKILL to `serve` alone, without a word to its children."""
        assert self.child is not None
        self.child.send_signal(signal.SIGKILL)
        self.child.wait(STOP_S)
        self._close()

    def stop(self) -> None:
        """Ask it to end, and insist if it does not."""
        if self.child is not None and self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.kill()
        self._close()

    def _close(self) -> None:
        if self.log is not None:
            self.log.close()
            self.log = None

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        """Run another `keepclear` command beside it and return what it prints."""
        done = subprocess.run(
            [sys.executable, "-m", "keepclear", *arguments],
            env=self.environment,
            cwd=self.data_dir,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60.0,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def token(self, role: str) -> str:
        """Return a bearer token of `role`, the same one each time."""
        if role not in self.tokens:
            self.tokens[role] = self.run(
                "token", "create", "--role", role, "--name", f"Test {role}"
            )
        return self.tokens[role]

    def client(self, token: str) -> httpx.AsyncClient:
        """Return an HTTP client that shows `token`."""
        return httpx.AsyncClient(
            base_url=f"{self.url}/api/v1",
            headers={"Authorization": f"Bearer {token}"},
            timeout=10.0,
        )
