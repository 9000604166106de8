"""`keepclear serve` as a child on free ports and a directory of its own, and a plain way to ask it.

Whatever is started here is ended here, by its process id.
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Self

import psutil

from domain.errors import KeepclearError

HOST: Final = "127.0.0.1"
READY_S: Final = 90.0
STOP_S: Final = 20.0
COMMAND_S: Final = 60.0
LOG_LENGTH_SHOWN: Final = 3_000


class ProgramError(KeepclearError):
    """`keepclear serve` did not do what the benchmark needs."""


class Program:
    """A running `serve`."""

    def __init__(self, broker: str) -> None:
        """Choose ports nobody listens on, and a directory that will go away again."""
        self.broker = broker
        self.http_port = free_port()
        self.mqtt_port = free_port()
        self._directory = tempfile.TemporaryDirectory(prefix="keepclear-bench-")
        self.data_dir = Path(self._directory.name)
        self._log = (self.data_dir / "program.log").open("wb")
        self._child: subprocess.Popen[bytes] | None = None
        self._family: list[psutil.Process] = []

    def __enter__(self) -> Self:
        """Start it."""
        self._child = subprocess.Popen(
            [sys.executable, "-m", "keepclear", "serve"],
            env=self._environment(),
            cwd=self.data_dir,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        """End it and all its children."""
        self.remember_family()
        child = self._child
        if child is not None and child.poll() is None:
            child.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                child.wait(STOP_S)
        for one in self._family:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        if child is not None:
            child.wait(STOP_S)
        self._log.close()
        self._directory.cleanup()

    def _environment(self) -> dict[str, str]:
        """Return its environment; nothing of the caller's settings leaks in."""
        inherited = {
            name: value
            for name, value in os.environ.items()  # noqa: TID251 - it is passed on, not read
            if not name.startswith("KEEPCLEAR_")
        }
        return inherited | {
            "KEEPCLEAR_DATA_DIR": str(self.data_dir),
            "KEEPCLEAR_HTTP_PORT": str(self.http_port),
            "KEEPCLEAR_MQTT_PORT": str(self.mqtt_port),
            "KEEPCLEAR_BROKER": self.broker,
            "KEEPCLEAR_LOG_LEVEL": "warning",
            "PYTHONPATH": os.pathsep.join(sys.path),
        }

    @property
    def serve(self) -> psutil.Process:
        """The process of `serve` itself."""
        assert self._child is not None
        return psutil.Process(self._child.pid)

    @property
    def brokers(self) -> list[psutil.Process]:
        """Its children: the embedded broker."""
        return self.serve.children(recursive=True)

    def remember_family(self) -> None:
        """Note who has to go when it goes, even if it forgets them."""
        with suppress(psutil.NoSuchProcess):
            self._family = [*self.brokers, self.serve]

    def ready(self) -> bool:
        """Return whether a message published now would be decided and delivered.

        Raises:
            ProgramError: It ended by itself.
        """
        assert self._child is not None
        if self._child.poll() is not None:
            raise ProgramError(f"serve ended by itself\n{self.tail()}")
        try:
            return Door(self.http_port).status("/readyz") == http.client.OK
        except OSError:
            return False

    def tail(self) -> str:
        """Return the end of what it printed."""
        text = (self.data_dir / "program.log").read_text(errors="replace")
        return text[-LOG_LENGTH_SHOWN:]

    def token(self, role: str) -> str:
        """Return a new bearer token.

        Raises:
            ProgramError: The command failed.
        """
        arguments = ("token", "create", "--role", role, "--name", f"benchmark {role}")
        done = subprocess.run(
            [sys.executable, "-m", "keepclear", *arguments],
            env=self._environment(),
            cwd=self.data_dir,
            capture_output=True,
            text=True,
            timeout=COMMAND_S,
            check=False,
        )
        if done.returncode != 0:
            raise ProgramError(f"no token: {done.stderr[-LOG_LENGTH_SHOWN:]}")
        return done.stdout.strip()


class Door:
    """One HTTP connection, kept open."""

    def __init__(self, port: int, token: str | None = None) -> None:
        """Remember where the door is and who we are."""
        self._connection = http.client.HTTPConnection(HOST, port, timeout=10.0)
        self._headers = {"Content-Type": "application/json"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"

    def status(self, path: str) -> int:
        """Return the HTTP status of a GET."""
        self._connection.request("GET", path, headers=self._headers)
        response = self._connection.getresponse()
        response.read()
        return response.status

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to a POST below `/api/v1`.

        Raises:
            ProgramError: It was refused.
        """
        self._connection.request("POST", f"/api/v1{path}", json.dumps(body), self._headers)
        response = self._connection.getresponse()
        answer = response.read()
        if response.status >= http.client.BAD_REQUEST:
            raise ProgramError(f"POST {path}: {response.status} {answer[:400].decode()}")
        return json.loads(answer)

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()


def free_port() -> int:
    """Return a port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
