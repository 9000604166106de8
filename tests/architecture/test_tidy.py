"""The house rules that no linter knows, as tests."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path
from typing import cast

ROOT = Path(__file__).parents[2]
ROOMS = (
    "domain",
    "runtime",
    "records",
    "ingest",
    "geofence",
    "alerts",
    "mobile_api",
    "simulator",
    "keepclear",
)
PURE_ROOMS = ("domain", "ingest", "geofence", "alerts", "simulator")

#: The shell: the only places in pure rooms that may wait for the world. As in pyproject.toml.
SHELL = re.compile(
    r"^((ingest|geofence|alerts)/worker(\.py|/.*)"
    r"|ingest/mqtt(\.py|/.*)"
    r"|alerts/(channels/.*|live/asgi\.py|downlink\.py)"
    r"|simulator/(client|mqtt|page|runner|show)\.py)$"
)

FUNCTION_LINES_MAX = 60
FILE_LINES_MAX = 400

#: Files that may be longer, each with its reason.
LONG_FILES = {
    "records/tables.py": "The schema is one list of tables that refer to each other.",
    "records/migrations/versions/0001_first_tables.py": "Written by Alembic; never edited again.",
}

#: Words that would put a place or a person into a log line.
PRIVATE_WORDS = frozenset(
    {"lat", "lon", "lng", "latitude", "longitude", "latitude_deg", "longitude_deg", "position"}
    | {"point", "coordinates", "geometry", "name", "phone", "address", "payload", "body", "secret"}
    | {"password", "token"}
)
LOG_NAMES = frozenset({"log", "logger", "_log", "_logger"})

type_of_function = (ast.FunctionDef, ast.AsyncFunctionDef)


def _sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "node_modules" not in path.parts:
                yield path


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(_tree(path)):
        if isinstance(node, type_of_function):
            yield node


def test_every_module_says_what_it_is() -> None:
    """A module begins by saying what it is and which rule lives in it."""
    silent = [_name(p) for p in _sources(*ROOMS, "tests") if ast.get_docstring(_tree(p)) is None]

    assert [] == silent


def test_functions_fit_on_a_page() -> None:
    """No function is longer than a page, so that it can be read in one go."""
    long = [
        f"{_name(path)}:{node.lineno} {node.name} has {node.end_lineno - node.lineno + 1} lines"
        for path in _sources(*ROOMS, "tests")
        for node in _functions(path)
        if node.end_lineno is not None and node.end_lineno - node.lineno >= FUNCTION_LINES_MAX
        if _name(path) not in LONG_FILES
    ]

    assert [] == long


def test_files_hold_one_noun() -> None:
    """A file that grows beyond bounds hides a noun that wants a file of its own."""
    long = [
        f"{_name(path)} has {count} lines"
        for path in _sources(*ROOMS, "tests")
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > FILE_LINES_MAX
        and _name(path) not in LONG_FILES
    ]

    assert [] == long


def test_only_the_shell_waits() -> None:
    """A pure room never awaits: whatever waits for the world is one of the named shells."""
    waiting = [
        f"{_name(path)}:{node.lineno} {node.name}"
        for path in _sources(*PURE_ROOMS)
        if not SHELL.match(_name(path))
        for node in _functions(path)
        if isinstance(node, ast.AsyncFunctionDef)
    ]

    assert [] == waiting


def test_the_domain_stands_on_its_own() -> None:
    """The shared language needs the standard library and msgspec, and nothing else."""
    allowed = sys.stdlib_module_names | {"domain", "msgspec"}
    foreign = [
        f"{_name(path)}: {top}" for path in _sources("domain") for top in _imports(path) - allowed
    ]

    assert [] == foreign


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found.add(node.module.partition(".")[0])
    return found


def test_no_place_and_no_person_in_a_log_line() -> None:
    """A log call names ids and reasons, never a coordinate, a name or what a message said."""
    leaking = [
        f"{_name(path)}:{call.lineno} {word}"
        for path in _sources(*ROOMS)
        for call in _log_calls(path)
        for word in _words(call) & PRIVATE_WORDS
    ]

    assert [] == leaking


def _log_calls(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            named = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
            if named in LOG_NAMES:
                yield node


def _words(call: ast.Call) -> set[str]:
    """Return the field names of a log call, and the last names of what it passes."""
    words = {keyword.arg for keyword in call.keywords if keyword.arg is not None}
    values = [*call.args, *(keyword.value for keyword in call.keywords)]
    words |= {value.attr for value in values if isinstance(value, ast.Attribute)}
    return words | {value.id for value in values if isinstance(value, ast.Name)}


def test_every_test_states_its_promise() -> None:
    """A test begins with the sentence that it proves."""
    silent = [
        f"{_name(path)}:{node.lineno} {node.name}"
        for path in _sources("tests")
        for node in _functions(path)
        if node.name.startswith("test_") and ast.get_docstring(node) is None
    ]

    assert [] == silent


def test_the_lock_names_no_index() -> None:
    """The lock says what is installed and by which hash, never from where."""
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    allowed = re.compile(
        r"^([a-z0-9][a-z0-9._-]*==\S+( ; .+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?)$"
    )

    assert [] == [line for line in lines if not allowed.match(line)]


def test_the_lock_holds_every_dependency() -> None:
    """Whatever pyproject.toml asks for is in the lock, so that setting up needs nothing else."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    names = {re.split(r"[\[<>=; ]", line)[0] for line in wanted} - {"keepclear"}
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    held = set(re.findall(r"^([a-z0-9._-]+)==", lock, re.MULTILINE))

    assert names - held == set()


def test_the_safety_case_names_tests_that_exist() -> None:
    """A row of the safety case that claims a test points at one that is there."""
    page = ROOT / "docs" / "SAFETY.md"
    claims = re.findall(r"`(tests/[\w/.-]+\.py)(?:::(\w+))?`", page.read_text(encoding="utf-8"))
    missing = [f"{file}::{name}" for file, name in claims if not _test_exists(ROOT / file, name)]

    assert [] == missing


def _test_exists(path: Path, name: str) -> bool:
    if not path.is_file():
        return False
    return not name or any(node.name == name for node in _functions(path))


def test_decision_records_are_numbered_and_complete() -> None:
    """Every decision record has its number, a state, and the five parts a reader expects."""
    parts = ("Status", "Context", "Decision", "Consequences", "Alternatives", "References")
    records = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
    numbers = [int(path.name[:4]) for path in records]
    lacking = [
        f"{path.name}: {part}"
        for path in records
        for part in parts
        if f"\n## {part}\n" not in path.read_text(encoding="utf-8")
    ]

    assert list(range(1, len(records) + 1)) == numbers
    assert [] == lacking


def test_banned_words_name_nothing() -> None:
    """Names say what a thing is; words that fit anything are not used for any."""
    banned = {
        "manager",
        "helper",
        "helpers",
        "util",
        "utils",
        "common",
        "base",
        "offender",
        "victim",
    }
    named = [
        _name(path)
        for path in _sources(*ROOMS)
        if set(path.stem.split("_")) & banned and path.name != "victim.py"
    ]
    for path in _sources(*PURE_ROOMS):
        for node in ast.walk(_tree(path)):
            if isinstance(node, (*type_of_function, ast.ClassDef)):
                words = re.findall(r"[a-z]+|[A-Z][a-z]*", node.name)
                if {word.lower() for word in cast("list[str]", words)} & banned:
                    named.append(f"{_name(path)}:{node.lineno} {node.name}")

    assert [] == named
