"""Where a run happened: versions, machine, threads, and the state of the code."""

import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

from kiss_bench.records.folder import homeless

PACKAGES = (
    *("kiss-bench", "scikit-learn", "lightgbm", "optuna", "numpy", "scipy", "pandas", "pyarrow"),
    *("pydantic", "ruamel.yaml", "sqlalchemy", "tabulate", "rich", "typer", "threadpoolctl", "distributed"),
)


def environment(command: list[str], jobs: int, engine: str = "local") -> dict[str, Any]:
    """Facts for `environment.json`; no user or host name."""
    return {
        "schema": "kiss-bench/environment/1",
        "command": homeless(command),
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
        "system": platform.system(),
        "release": platform.release(),
        "machine": platform.machine(),
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "engine": engine,
        "workers": jobs,
        "threads_per_worker": 1,
        "packages": {name: _version(name) for name in PACKAGES},
        "git": git_state(Path.cwd()),
        "hash_seed": os.environ.get("PYTHONHASHSEED", "random"),
    }


def cpu_model() -> str:
    """The processor's own name where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def git_state(folder: Path) -> dict[str, Any] | None:
    """Commit and whether there are uncommitted changes; None outside a checkout or without git."""
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return None
    return {"commit": commit, "dirty": bool(changed)}


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(  # noqa: S603  (fixed words)
        ["git", "-C", str(folder), *words],  # noqa: S607  (git as the user has it)
        capture_output=True, text=True, check=True, timeout=10,
    )  # fmt: skip
    return done.stdout.strip()


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
