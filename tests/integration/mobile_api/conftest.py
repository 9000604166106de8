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


@pytest.fixture
async def lonely_house(tmp_path: Path) -> AsyncIterator[House]:
    """Give an open house without an alerts room, where nobody waits long for one."""
    async with opened(tmp_path, command_wait_s=0.05) as open_house:
        yield open_house
