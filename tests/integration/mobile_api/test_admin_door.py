"""The socket by which the command line reaches a running `serve`."""

import asyncio
import stat
from datetime import datetime
from pathlib import Path

import pytest

from mobile_api.admin import AdminDoor, AdminError, Wanted, ask
from tests.integration.mobile_api.house import House, good

pytestmark = pytest.mark.integration


async def test_a_token_is_made_through_the_door(house: House, tmp_path: Path):
    """A token asked for beside a running `serve` works at once; only the owner can ask."""
    path = tmp_path / "admin.sock"

    async with AdminDoor(house.records, path, lambda: house.now):
        mode = stat.S_IMODE(path.stat().st_mode)
        token = await ask(path, Wanted(role="operator", name="Desk"))

    assert 0o600 == mode
    assert not path.exists()
    assert token is not None
    session = good(await house.client(authorization=f"Bearer {token}").get("/session"))
    assert ("Desk", "operator") == (session["name"], session["role"])


async def test_nobody_listens(tmp_path: Path):
    """Without a `serve`, or with one that was killed, the asker is told that nobody is there."""
    left = tmp_path / "left.sock"
    left.touch()

    assert None is await ask(tmp_path / "none.sock", Wanted(role="operator", name="x"))
    assert None is await ask(left, Wanted(role="operator", name="x"))


async def test_a_refusal_says_why(house: House, tmp_path: Path):
    """What cannot be made is refused with the reason."""
    path = tmp_path / "admin.sock"

    async with AdminDoor(house.records, path, lambda: house.now):
        with pytest.raises(AdminError, match="role is one of"):
            await ask(path, Wanted(role="god", name="x"))


async def test_the_door_opens_however_deep_the_directory_lies(house: House, tmp_path: Path):
    """A data directory with a long path has an admin socket all the same."""
    path = tmp_path / ("d" * 100) / "admin.sock"

    async with AdminDoor(house.records, path, lambda: house.now):
        account = await ask(path, Wanted(role="auditor", name="x", password="12345678"))

    assert account is not None


async def test_a_stranger_at_the_door_breaks_nothing(house: House, tmp_path: Path):
    """Nonsense and endless lines are answered or dropped, and the next asker is served."""
    path = tmp_path / "admin.sock"

    def now() -> datetime:
        return house.now

    async with AdminDoor(house.records, path, now):
        for nonsense in (b"{}\n", b"\xff\n", b"x" * 100_000 + b"\n", b""):
            reader, writer = await asyncio.open_unix_connection(str(path))
            writer.write(nonsense)
            writer.write_eof()
            await reader.read()
            writer.close()
        assert await ask(path, Wanted(role="operator", name="Desk"))
