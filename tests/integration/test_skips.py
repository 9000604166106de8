"""Where everything is installed, a test that did not run has failed."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

CASE = '''
"""A file whose only test is skipped."""

import pytest


def test_that_wants_something_absent():
    """Never runs."""
    pytest.skip("no moon tonight")
'''


def _run(folder: Path, require: str) -> subprocess.CompletedProcess[str]:
    (folder / "conftest.py").write_text("from tests.conftest import *\n", encoding="utf-8")
    (folder / "test_case.py").write_text(CASE, encoding="utf-8")
    inherited = dict(os.environ)  # noqa: TID251 - the child needs this machine's environment.
    options = ["-q", "-ra", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(folder)]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(folder)],
        cwd=ROOT,
        env=inherited | {"KEEPCLEAR_TEST_REQUIRE": require, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_skip_is_named_with_its_reason(tmp_path: Path) -> None:
    """On a machine that lacks something, a skip passes and says why."""
    run = _run(tmp_path, "")

    assert run.returncode == 0, run.stdout + run.stderr
    assert "no moon tonight" in run.stdout


def test_a_skip_fails_where_everything_is_required(tmp_path: Path) -> None:
    """With KEEPCLEAR_TEST_REQUIRE=all the same skip is a failure with the same reason."""
    run = _run(tmp_path, "all")

    assert run.returncode == 1, run.stdout + run.stderr
    assert "may not be skipped here: Skipped: no moon tonight" in run.stdout
