"""What the parts of a measurement use, by the kernel's account."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

import psutil

from keepclear.bench.figures import Cost

Parts = Mapping[str, Sequence[psutil.Process]]


class Meter:
    """Processor time and memory of named groups of processes."""

    def __init__(self, parts: Parts) -> None:
        """Begin to count now."""
        self._parts = parts
        self._before = self._cpu_s()
        self._after = self._before
        self._memory = dict.fromkeys(parts, 0)

    def look(self) -> None:
        """Note how things stand; what is noted last is the end of the count."""
        self._after = self._cpu_s()
        for name, processes in self._parts.items():
            self._memory[name] = max(self._memory[name], sum(map(_memory, processes)))

    def costs(self, seconds: float) -> dict[str, Cost]:
        """Return what each part used over so many `seconds`."""
        return {
            name: Cost(
                cpu_s=(used := self._after[name] - self._before[name]),
                cores=used / seconds,
                memory_bytes=self._memory[name],
            )
            for name in self._parts
        }

    def _cpu_s(self) -> dict[str, float]:
        return {name: sum(map(_cpu_s, processes)) for name, processes in self._parts.items()}


def _cpu_s(process: psutil.Process) -> float:
    with suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        return times.user + times.system
    return 0.0


def _memory(process: psutil.Process) -> int:
    with suppress(psutil.NoSuchProcess):
        return process.memory_info().rss
    return 0
