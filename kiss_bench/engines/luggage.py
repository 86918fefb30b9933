"""The source files of custom rungs, packed for machines that do not have them."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path

from kiss_bench.plan.plan import Step
from kiss_bench.records.modules import modules_behind


@dataclass(frozen=True, kw_only=True, slots=True)
class Luggage:
    """What the rungs of a ladder need beyond kiss_bench."""

    files: Mapping[str, bytes]
    """Path below the folder that is to be on the import path -> content."""
    versions: Mapping[str, str]
    """Distribution -> version, for estimators that were installed; every machine has to have the same."""


def pack(ladder: tuple[Step, ...]) -> Luggage:
    """The modules that the ladder names, and those that they import, as far as they are files of the user.

    Only `.py` files travel. Raises RungError for a module that is nowhere to be found.
    """
    files: dict[str, bytes] = {}
    versions: dict[str, str] = {}
    for module in modules_behind([step.estimator for step in ladder if step.estimator is not None]):
        versions |= module.versions
        files |= {_place(path, module.name): path.read_bytes() for path in module.files}
    return Luggage(files=files, versions=versions)


def _place(path: Path, top: str) -> str:
    """A file of the package `models` -> `models/deep/one.py`; a plain module stays `models.py`."""
    spec = PathFinder.find_spec(top)
    folders = [Path(folder).resolve() for folder in (spec and spec.submodule_search_locations) or ()]
    inside = [Path(top) / path.relative_to(folder) for folder in folders if path.is_relative_to(folder)]
    return inside[0].as_posix() if inside else path.name
