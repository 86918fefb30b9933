"""Where a run happened: versions, machine, threads, and the state of the code."""

import hashlib
import importlib.metadata
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_info

from kiss_bench.evaluation.arithmetic import cpu_model, level_here
from kiss_bench.evaluation.exam import Exam
from kiss_bench.records.folder import homeless
from kiss_bench.records.keys import LIBRARIES, own_sources
from kiss_bench.rungs._lightgbm import SAME_BYTES

COMPUTING = ("python", "implementation", "system", "machine", "cpu", "sources", "blas", "lightgbm")
"""Facts in which another environment may compute other bytes, beside the versions of packages.

The processor is none where both have told their level of arithmetic.
"""
LEVEL = "level of arithmetic"
PACKAGES = (
    *("kiss-bench", "scikit-learn", "lightgbm", "optuna", "numpy", "scipy", "pandas", "pyarrow"),
    *("pydantic", "ruamel.yaml", "sqlalchemy", "tabulate", "rich", "typer", "threadpoolctl", "distributed"),
)


def arithmetic_facts(exam: Exam) -> dict[str, str]:
    """The level of arithmetic that was asked for, that of the units, and that of the judgement: the same."""
    return {"asked": exam.plan.arithmetic, "units": exam.level, "judged": exam.level or level_here()}


def environment(
    command: list[str], jobs: int, engine: str = "local", arithmetic: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Facts for `environment.json`; no user or host name. `sources`: hash of our code that decides about a unit."""
    return {
        "schema": "kiss-bench/environment/1",
        "command": homeless(command),
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
        "system": platform.system(),
        "release": platform.release(),
        "machine": platform.machine(),
        "cpu": cpu_model(),
        "arithmetic": dict(arithmetic or {}),
        "cores": os.cpu_count(),
        "engine": engine,
        "workers": jobs,
        "threads_per_worker": 1,
        "packages": {name: _version(name) for name in PACKAGES},
        "installed": installed(),
        "git": git_state(Path.cwd()),
        "sources": own_sources(),
        "blas": sorted({f"{one['internal_api']} {one['version']}" for one in threadpool_info()}),
        "lightgbm": dict(SAME_BYTES),
        "hash_seed": os.environ.get("PYTHONHASHSEED", "random"),
    }


def differing(then: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What two environments differ in of all that can change a number: name -> [then, now]."""
    pairs = {name: [_listed(each.get(name)) for each in (then, now)] for name in COMPUTING}
    levels = [(each.get("arithmetic") or {}).get("units") for each in (then, now)]
    if all(levels):
        pairs = {LEVEL: levels} | {name: pair for name, pair in pairs.items() if name != "cpu"}
    found = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    for name in LIBRARIES:
        pair = [each.get("packages", {}).get(name) for each in (then, now)]
        found |= {f"packages.{name}": pair} if pair[0] != pair[1] else {}
    return found


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def git_state(folder: Path) -> dict[str, Any] | None:
    """Commit, whether there are uncommitted changes, and their hash; None outside a checkout or without git."""
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
        diff = _git(folder, "diff", "HEAD", "--no-ext-diff", "--no-textconv") if changed else b""
    except (OSError, subprocess.SubprocessError):
        return None
    digest = hashlib.sha256(diff).hexdigest() if changed else None
    return {"commit": commit.decode("ascii", "replace"), "dirty": bool(changed), "diff": digest}


@cache
def installed() -> list[str]:
    """Every distribution that could be imported, `name==version`, sorted."""
    found = {(one.name.lower(), one.version) for one in importlib.metadata.distributions() if one.name}
    return [f"{name}=={version}" for name, version in sorted(found)]


def _git(folder: Path, *words: str) -> bytes:
    """As bytes: a diff may hold anything."""
    done = subprocess.run(  # noqa: S603  (fixed words)
        ["git", "-C", str(folder), *words],  # noqa: S607  (git as the user has it)
        capture_output=True, check=True, timeout=10,
    )  # fmt: skip
    return done.stdout.strip()


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
