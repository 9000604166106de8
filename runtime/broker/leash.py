"""Run a command that dies with us: `python leash.py PARENT_PID COMMAND…`.

The kernel is asked to end this process when its parent ends, however that comes about, and then
the command takes this process's place. Stands alone and imports nothing of ours, so that it starts
in a few milliseconds. Where the kernel cannot (it is not Linux), the pid file has to do.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Tie this process to its parent and become the command."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        # The parent died before the kernel knew.
        sys.exit(0)
    os.execv(command[0], command)  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    main()
