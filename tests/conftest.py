"""What every test shares: a printed seed, no sockets where none belong, no silent skips.

`KEEPCLEAR_TEST_REQUIRE=all` turns a skip into a failure: on a machine that has everything,
a test that did not run has proved nothing. `KEEPCLEAR_TEST_SEED` repeats a run.
"""

import os
from collections.abc import Generator
from pathlib import Path
from random import Random, SystemRandom
from typing import cast

import pytest
import pytest_socket
from hypothesis import HealthCheck, Verbosity, settings

from tests.requires import chromium_or_skip, mosquitto_or_skip

ENVIRONMENT = os.environ  # noqa: TID251 - tests choose how to run before settings exist.
SKIP_IS_FAILURE = ENVIRONMENT.get("KEEPCLEAR_TEST_REQUIRE") == "all"
IN_CI = "CI" in ENVIRONMENT
SEED = int(
    ENVIRONMENT.get("KEEPCLEAR_TEST_SEED") or (0 if IN_CI else SystemRandom().getrandbits(32))
)
PROFILE = ENVIRONMENT.get("HYPOTHESIS_PROFILE") or ("ci" if IN_CI else "dev")

#: Folders whose tests run without a network, because what they prove has none.
WITHOUT_SOCKETS = ("tests/unit/", "tests/properties/", "tests/architecture/")

# Deadlines per example would measure the machine, not the program.
settings.register_profile("dev", deadline=None, max_examples=50)
settings.register_profile(
    "ci",
    deadline=None,
    derandomize=True,
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "nightly", deadline=None, max_examples=5_000, verbosity=Verbosity.normal, print_blob=True
)
settings.load_profile(PROFILE)


def pytest_configure(config: pytest.Config) -> None:
    """Give Hypothesis the run's seed, so that one number repeats everything."""
    if PROFILE != "ci" and not config.getoption("--hypothesis-seed", default=None):
        config.option.hypothesis_seed = SEED


def pytest_report_header(config: pytest.Config) -> str:
    """Print what is needed to run the same tests again."""
    strict = ", a skip is a failure" if SKIP_IS_FAILURE else ""
    return f"keepclear: KEEPCLEAR_TEST_SEED={SEED} HYPOTHESIS_PROFILE={PROFILE}{strict}"


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Close the network to tests that have no business there; socket pairs of loops stay."""
    if item.nodeid.startswith(WITHOUT_SOCKETS):
        pytest_socket.disable_socket(allow_unix_socket=True)


def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Open the network again for whoever comes next."""
    if item.nodeid.startswith(WITHOUT_SOCKETS):
        pytest_socket.enable_socket()


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure that repeats its reason; an expected failure stays one."""
    if not SKIP_IS_FAILURE or not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    report.outcome = "failed"
    report.longrepr = f"{report.nodeid} may not be skipped here: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Look at every test's report before anybody counts it."""
    report = yield
    _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Look at files that were skipped as a whole, too."""
    report = yield
    _refuse_skip(report)
    return report


@pytest.fixture
def seed() -> int:
    """Return the run's seed, as printed at its head."""
    return SEED


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> Random:
    """Return chance of the test's own, so that the order of tests does not matter."""
    node = cast("pytest.Item", request.node)
    return Random(f"{SEED}:{node.nodeid}")


@pytest.fixture(scope="session")
def mosquitto() -> Path:
    """Return the mosquitto broker's program; without one the test is skipped."""
    return mosquitto_or_skip()


@pytest.fixture(scope="session")
def chromium() -> Path:
    """Return a Chromium for Playwright; without one the test is skipped."""
    return chromium_or_skip()
