"""A house for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.mobile_api.house import House, opened


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Give an open house with an empty register."""
    async with opened(tmp_path) as open_house:
        yield open_house
