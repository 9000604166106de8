"""The tables of the machines as state diagrams, so that a reader can see what the tests walk.

Pure. `docs/states/*.mmd` hold what `drawn` returns; a test holds them to it.
"""

from collections import defaultdict
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from geofence import contact, exclusion, proximity

#: File name (without suffix) -> the machine's table.
MACHINES: Final[Mapping[str, Mapping[tuple[StrEnum, StrEnum], StrEnum]]] = {
    "proximity": {**proximity.TRANSITIONS},
    "exclusion": {**exclusion.TRANSITIONS},
    "contact": {**contact.TRANSITIONS},
}


def drawn(table: Mapping[tuple[StrEnum, StrEnum], StrEnum]) -> str:
    """Return a table as a Mermaid state diagram: every arrow that changes something."""
    words: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (before, finding), after in table.items():
        if before is not after:
            words[before.value, after.value].append(finding.value)
    lines = ["stateDiagram-v2"]
    for (before, after), findings in sorted(words.items()):
        lines.append(f"    {before} --> {after}: {' or '.join(sorted(findings))}")
    return "\n".join(lines) + "\n"
