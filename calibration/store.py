"""Finished draws, kept by block, so that a run that was stopped goes on where it was."""

import hashlib
import platform
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from calibration.records import Design, Draws

ROOT = Path(__file__).parent.parent
LIBRARIES = ("numpy", "scipy", "scikit-learn", "lightgbm")
READERS = {"__init__.py", "__main__.py", "columns.py", "designs.py", "records.py", "report.py", "run.py", "store.py"}
"""Modules of this folder that no draw depends on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """Some draws of one design: the unit of work and of storage."""

    design: Design
    sources: tuple[str, ...]
    """Parts of kiss_bench that it depends on."""
    number: int
    size: int
    seed: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Store:
    """A folder with one file a block, named after everything its draws depend on."""

    folder: Path

    def load(self, block: Block) -> Draws | None:
        path = self._path(block)
        if not path.exists():
            return None
        with np.load(path) as stored:
            return {name: stored[name] for name in stored.files}

    def save(self, block: Block, draws: Draws) -> None:
        path = self._path(block)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.npz")
        with part.open("wb") as file:
            np.savez(file, allow_pickle=False, **draws)
        part.replace(path)

    def _path(self, block: Block) -> Path:
        return self.folder / f"{block.design.name}-{block.number:03d}-{key_of(block)}.npz"


def key_of(block: Block) -> str:
    """Twelve hex digits over the design, the draws, the seed, the versions and the sources behind them."""
    parts = [spelt(block.design.draw), block.number, block.size, block.seed, sources_hash(block.sources)]
    parts += [f"{name} {number}" for name, number in versions().items()]
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:12]


def spelt(value: Any) -> str:
    """Spell a draw out: the function by name, with all that is bound to it."""
    if isinstance(value, partial):
        bound = [spelt(each) for each in value.args] + [f"{k}={spelt(v)}" for k, v in sorted(value.keywords.items())]
        return f"{spelt(value.func)}({', '.join(bound)})"
    return f"{value.__module__}.{value.__qualname__}" if callable(value) else repr(value)


@cache
def sources_hash(parts: tuple[str, ...]) -> str:
    """Hash the sources of the named parts of the package, and of what simulates here."""
    package = [path for part in parts for path in sorted((ROOT / "kiss_bench").glob(part))]
    files = [file for path in package for file in (sorted(path.rglob("*.py")) if path.is_dir() else [path])]
    files += sorted(path for path in Path(__file__).parent.glob("*.py") if path.name not in READERS)
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.relative_to(ROOT)}\n".encode() + file.read_bytes())
    return digest.hexdigest()


@cache
def versions() -> dict[str, str]:
    """Versions of what the numbers rest on."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}
