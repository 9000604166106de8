"""Fetch and verify the browser parts that are kept in `vendor/`, without a build.

A maintenance tool, never run by the program: `python -m mobile_api.web.vendoring` checks that
every vendored file is the one `vendor.lock` names; with `--fetch` it takes each package from the
npm registry (`npm pack NAME@VERSION`), compares the archive's SHA-256 and unpacks the files anew.
`vendor.lock` is the list: to raise a version, change it there, fetch, and read what changed.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LOCK = HERE / "vendor.lock"


def packages() -> list[dict[str, Any]]:
    """Return the packages of the lock: name, version, archive hash, licence, files."""
    return tomllib.loads(LOCK.read_text(encoding="utf-8"))["package"]


def differences() -> Iterator[str]:
    """Yield a sentence for every vendored file that is missing or not what the lock says."""
    for package in packages():
        for file in package["files"]:
            path = ROOT / file["path"]
            if not path.is_file():
                yield f"{file['path']} is missing"
            elif _sha256(path) != file["sha256"]:
                yield f"{file['path']} is not the file of {package['name']} {package['version']}"


def fetch(package: dict[str, Any]) -> None:
    """Replace a package's files by those of the registry's archive, once its hash is right.

    Raises:
        ValueError: The archive is not the one the lock names; nothing is unpacked.
    """
    with tempfile.TemporaryDirectory() as folder:
        archive = _packed(package, Path(folder))
        if _sha256(archive) != package["sha256"]:
            raise ValueError(f"{package['name']} {package['version']} is not what was locked")
        with tarfile.open(archive) as tar:
            for file in package["files"]:
                source = tar.extractfile(f"package/{file['from']}")
                if source is None:
                    raise ValueError(f"{package['name']} has no file {file['from']}")
                target = ROOT / file["path"]
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("wb") as out:
                    shutil.copyfileobj(source, out)


def _packed(package: dict[str, Any], folder: Path) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError("npm is needed to fetch, though not to run or test")
    wanted = f"{package['name']}@{package['version']}"
    subprocess.run([npm, "pack", "--silent", wanted], cwd=folder, check=True)
    return next(folder.glob("*.tgz"))


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> int:
    """Verify what is vendored, after fetching it anew if asked; 1 if anything differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fetch", action="store_true", help="take the files from npm first")
    if parser.parse_args().fetch:
        for package in packages():
            fetch(package)
    faults = list(differences())
    for fault in faults:
        sys.stderr.write(fault + "\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
