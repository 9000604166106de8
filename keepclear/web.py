"""The HTTP server as a room: uvicorn on our loop, ended by our supervisor and nobody else."""

import asyncio
import socket
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import uvicorn
from fastapi import FastAPI

from domain.errors import KeepclearError
from runtime.settings import Settings
from runtime.supervise import Beat, first_of

_GLANCE_S: Final = 1.0
#: How long open sockets may take to close at the end.
_GOODBYE_S: Final = 3
#: Largest frame a websocket client may send: ours are below 1 kB.
_FRAME_BYTES_MAX: Final = 16 * 1024
_BACKLOG: Final = 4096


class PortTakenError(KeepclearError):
    """The HTTP address is taken by another program; set KEEPCLEAR_HTTP_PORT to a free port."""


class WebDoor:
    """The server of one application. `bind` before anything starts, `run` as a room."""

    def __init__(self, app: FastAPI, settings: Settings) -> None:
        """Prepare to serve `app` on the address of `settings`."""
        self._app = app
        self._settings = settings
        self._socket: socket.socket | None = None

    def bind(self) -> None:
        """Take the address, so that a second program is refused before it does anything.

        Raises:
            PortTakenError: Somebody else listens there.
        """
        try:
            self._socket = socket.create_server(
                (self._settings.http_host, self._settings.http_port),
                backlog=_BACKLOG,
                reuse_port=False,
            )
        except OSError as error:
            raise PortTakenError from error
        # asyncio sets this only on sockets that name their protocol, and create_server's do not.
        # Without it a short frame waits up to 40 ms for the last one's acknowledgement.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    async def run(self, beat: Beat) -> None:
        """Serve until asked to stop; open sockets get a moment to close."""
        assert self._socket is not None
        server = _Server(
            uvicorn.Config(
                self._app,
                ws="websockets-sansio",
                ws_max_size=_FRAME_BYTES_MAX,
                ws_per_message_deflate=False,  # A deflate bomb needs a deflater.
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,  # Nobody's word is taken for where a request comes from.
                timeout_graceful_shutdown=_GOODBYE_S,
            )
        )
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(server.serve(sockets=[self._socket.dup()]))
            while not serving.done() and not beat.stopping.is_set():
                beat()
                await first_of(beat.stopping.wait(), timeout_s=_GLANCE_S)
            server.should_exit = True

    def close(self) -> None:
        """Let the address go."""
        if self._socket is not None:
            self._socket.close()


class _Server(uvicorn.Server):
    """A server that leaves signals to the supervisor."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Capture nothing."""
        yield
