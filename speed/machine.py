"""What a measurement rests on: the machine's shape, versions, byte-code and sources."""

import compileall
import hashlib
import importlib.util
import os
import platform
import struct
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from kiss_bench.engines.processes import available_cores
from kiss_bench.evaluation.arithmetic import cpu_model
from speed.measure import ROOT

LIBRARIES = ("scikit-learn", "lightgbm", "optuna", "numpy", "scipy", "pandas", "pyarrow")
HELD = ("sklearn", "lightgbm", "numpy", "scipy", "pandas", "pyarrow", "pydantic")
"""Packages whose byte-code is looked at: what a run imports, and what is large."""
HEADER = struct.Struct("<4sIII")
"""Of a .pyc: magic number, flags, and the source's time and size where the flags are 0 (PEP 552)."""


@cache
def machine() -> Mapping[str, Any]:
    """Cores that may be used, memory in GiB, processor, system; no host name."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    return {"cores": available_cores(), "memory_gb": round(memory), "cpu": cpu_model(), "system": platform.system()}


@cache
def versions() -> Mapping[str, str]:
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}


def hash_of(*paths: Path) -> str:
    """Twelve hex digits over the content of files, folders with all their Python files."""
    digest = hashlib.sha256()
    for path in paths:
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


@cache
def sources(*names: str) -> str:
    """Hash of parts of the project, such as `kiss_bench` or `speed/rival.py`."""
    return hash_of(*(ROOT / name for name in names))


def compile_all() -> None:
    """Write the byte-code of everything that is installed and of kiss_bench, whatever the environment says of it."""
    for folder in (sysconfig.get_paths()["purelib"], ROOT / "kiss_bench"):
        compileall.compile_dir(folder, quiet=2, workers=available_cores())  # what cannot be compiled is counted later


def uncompiled(packages: Sequence[str] = HELD) -> dict[str, int]:
    """Count modules without byte-code that is up to date, by package; empty where all is compiled."""
    places = {name: _folder_of(name) for name in packages} | {"kiss_bench": ROOT / "kiss_bench"}
    counts = {name: sum(1 for _ in _stale(folder)) for name, folder in places.items()}
    return {name: count for name, count in counts.items() if count}


def _folder_of(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(package)
    return Path(spec.origin).parent


def _stale(folder: Path) -> Iterator[Path]:
    for file in folder.rglob("*.py"):
        cached = Path(importlib.util.cache_from_source(str(file)))
        if "tests" not in file.parts and not (cached.exists() and _fresh(file, cached)):
            yield file


def _fresh(source: Path, cached: Path) -> bool:
    with cached.open("rb") as file:
        head = file.read(HEADER.size)
    if len(head) < HEADER.size:
        return False
    magic, flags, time, size = HEADER.unpack(head)
    found = source.stat()
    told = (int(found.st_mtime) & 0xFFFFFFFF, found.st_size & 0xFFFFFFFF)
    return magic == importlib.util.MAGIC_NUMBER and (flags != 0 or (time, size) == told)


def command() -> str:
    """The installed `kiss-bench` of this environment."""
    return str(Path(sys.executable).parent / "kiss-bench")
