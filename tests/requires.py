"""What a test may need from the machine, and the plain reason it is skipped without it.

`KEEPCLEAR_TEST_REQUIRE=all` turns every one of these skips into a failure (`tests/conftest.py`).
"""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

ENVIRONMENT = os.environ  # noqa: TID251 - tests choose how to run before settings exist.

#: Debian keeps servers where an ordinary user's PATH does not look.
SERVER_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")


def mosquitto_or_skip() -> Path:
    """Return the mosquitto broker's program, or skip the test."""
    return _program("mosquitto") or _skip(
        "mosquitto is not installed (Debian: apt-get install mosquitto)"
    )


def chromium_or_skip() -> Path:
    """Return a Chromium that Playwright can drive, or skip the test."""
    named = ENVIRONMENT.get("KEEPCLEAR_TEST_CHROMIUM")
    if named:
        return Path(named)
    return _program("chromium", "chromium-browser", "google-chrome") or _skip(
        "no Chromium is installed (Debian: apt-get install chromium)"
    )


def _program(*names: str) -> Path | None:
    places = os.pathsep.join((ENVIRONMENT.get("PATH", os.defpath), *SERVER_FOLDERS))
    found = (shutil.which(name, path=places) for name in names)
    return next((Path(program) for program in found if program), None)


def _skip(reason: str) -> NoReturn:
    pytest.skip(reason)
