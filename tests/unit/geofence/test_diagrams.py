"""The drawn state machines are the ones that run."""

from pathlib import Path

import pytest

from geofence.diagrams import MACHINES, drawn

STATES = Path(__file__).parents[3] / "docs" / "states"


@pytest.mark.parametrize("name", sorted(MACHINES))
def test_docs_draw_the_tables(name: str) -> None:
    """Each diagram in docs/states is exactly what its table draws."""
    assert drawn(MACHINES[name]) == (STATES / f"{name}.mmd").read_text()


def test_no_diagram_is_left_over() -> None:
    """A diagram without a machine describes nothing."""
    assert set(MACHINES) == {path.stem for path in STATES.glob("*.mmd")}
