"""Folders that are costly to make, made once a state of the sources, and copied by every test process that asks."""

import fcntl
import hashlib
import shutil
import sys
import time
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
REPOSITORY = HERE.parent
KEPT = REPOSITORY / ".pytest_cache" / "kept_runs"
MADE = "made"
"""Written last: what stands beside it is whole."""
HOUR = 3600.0


@cache
def _state() -> str:
    """Package, lock file, Python, and the tables and configs of the tests: whatever a finished run follows from."""
    found = hashlib.sha256(sys.version.encode())
    package = sorted(path for path in (REPOSITORY / "kiss_bench").rglob("*") if "__pycache__" not in path.parts)
    beside = sorted(path for path in HERE.rglob("*.py") if not path.name.startswith("test_"))
    for path in [*package, *beside, REPOSITORY / "requirements-dev.lock"]:
        if path.is_file():
            found.update(f"{path.relative_to(REPOSITORY)}\n".encode() + path.read_bytes())
    return found.hexdigest()[:16]


def kept(name: str, make: Callable[[Path], None], into: Path) -> None:
    """Put into the folder `into` what `make` leaves in a folder; whoever asks first makes it, the others wait.

    What other states left is removed when it is an hour old: nobody copies from it any more.
    """
    home = KEPT / _state()
    home.mkdir(parents=True, exist_ok=True)
    with closing((home / f"{name}.lock").open("w")) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = home / name
        if not (folder / MADE).exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            (folder / MADE).touch()
            for other in KEPT.iterdir():
                if other != home and time.time() - other.stat().st_mtime > HOUR:
                    shutil.rmtree(other, ignore_errors=True)
        shutil.copytree(folder, into, dirs_exist_ok=True, ignore=shutil.ignore_patterns(MADE))
