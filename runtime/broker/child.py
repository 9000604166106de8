"""A child process that cannot outlive us, and one of a former life that did.

The child hangs on a leash (`runtime.broker.leash`). Where that failed, its pid file remains, and
the next start ends the process it names, if its command line shows that it works on our directory.
"""

import asyncio
import fcntl
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

import psutil

from domain.errors import KeepclearError
from runtime.broker import leash
from runtime.log import logger

_log = logger("runtime.broker")

_PID_FILE: Final = "broker.pid"
_LOCK_FILE: Final = "broker.lock"
_LOG_FILE: Final = "broker.log"
_LOG_BYTES_MAX: Final = 1_000_000
_PATIENCE_S: Final = 5.0
#: Modules of ours are found from here, wherever the program was started.
_ROOT: Final = Path(__file__).parents[2]


class BrokerBusyError(KeepclearError):
    """Another keepclear runs a broker on this data directory."""


def lock(directory: Path) -> IO[bytes]:
    """Return the open lock of a directory; it is ours until it is closed or we die.

    Raises:
        BrokerBusyError: Somebody else lives here.
    """
    path = directory / _LOCK_FILE
    path.touch(mode=0o600)
    held = path.open("ab")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        held.close()
        raise BrokerBusyError from None
    return held


async def spawn(command: Sequence[str], directory: Path) -> Process:
    """Start `command` on a leash and note its pid. To be called from the main thread.

    The kernel's leash is tied to the thread that spawns: were it another one, its end would end
    the child. A session of its own keeps Ctrl-C away: the broker is stopped last, by us.
    """
    tied = (sys.executable, "-S", "-E", leash.__file__, str(os.getpid()), *command)
    with _log_file(directory) as out:
        process = await asyncio.create_subprocess_exec(
            *tied, stdin=DEVNULL, stdout=out, stderr=out, cwd=_ROOT, start_new_session=True
        )
    write_private(directory / _PID_FILE, f"{process.pid}\n")
    return process


async def end(process: Process, directory: Path) -> None:
    """End a child of ours: ask, wait, insist."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    (directory / _PID_FILE).unlink(missing_ok=True)


async def take_over(directory: Path) -> None:
    """End the broker that a former life left on this directory, if there is one."""
    left = _left_over(directory)
    if left is not None:
        _log.warning("broker_taken_over", pid=left.pid)
        await asyncio.to_thread(_end_stranger, left)
    (directory / _PID_FILE).unlink(missing_ok=True)


def write_private(path: Path, text: str) -> None:
    """Replace a file at once, readable by nobody else."""
    fresh = path.with_suffix(path.suffix + ".new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600, exist_ok=False)
    fresh.write_text(text)
    fresh.replace(path)


def _left_over(directory: Path) -> psutil.Process | None:
    """Return the process of the pid file, if it is a broker on this very directory."""
    try:
        process = psutil.Process(int((directory / _PID_FILE).read_text()))
        command = process.cmdline()
    except (OSError, ValueError, psutil.Error):
        return None
    ours = any(part == str(directory) or part.startswith(f"{directory}/") for part in command)
    return process if ours else None


def _end_stranger(process: psutil.Process) -> None:
    """End a process that is no child of ours."""
    with suppress(psutil.NoSuchProcess):
        process.terminate()
        try:
            process.wait(_PATIENCE_S)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(_PATIENCE_S)


def _log_file(directory: Path) -> IO[bytes]:
    """Return the broker's own log, begun anew when it has grown."""
    path = directory / _LOG_FILE
    grown = path.exists() and path.stat().st_size > _LOG_BYTES_MAX
    path.touch(mode=0o600)
    return path.open("wb" if grown else "ab")
