"""An event loop whose time passes only when everybody waits, and then at once."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop on virtual time: a wait of an hour takes no time and ends exactly on the hour."""

    def __init__(self) -> None:
        """Begin at zero."""
        self.now_s = 0.0
        super().__init__(_Selector(self))

    def time(self) -> float:
        """Return virtual seconds."""
        return self.now_s


class _Selector(selectors.DefaultSelector):
    """Advances the loop's time instead of waiting."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready now; if nothing is, let time pass."""
        ready = super().select(0)
        if not ready and timeout is None:
            raise AssertionError("everybody waits for something that never comes")
        if not ready and timeout is not None and timeout > 0:
            self._loop.now_s += timeout
        return ready


def run_virtually(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` on virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


def loop_time() -> float:
    """Return the running loop's seconds, for code that takes a clock."""
    return asyncio.get_running_loop().time()
