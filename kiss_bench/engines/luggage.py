"""The source files of custom rungs, packed for machines that do not have them."""

import dis
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path
from types import CodeType
from typing import Any

from kiss_bench.errors import RungError
from kiss_bench.plan.plan import Step
from kiss_bench.records.keys import source_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Luggage:
    """What the rungs of a ladder need beyond kiss_bench."""

    files: Mapping[str, bytes]
    """Path below the folder that is to be on the import path -> content."""
    versions: Mapping[str, str]
    """Distribution -> version, for estimators that were installed; every machine has to have the same."""


def pack(ladder: tuple[Step, ...]) -> Luggage:
    """The modules that the ladder names, and those beside them that they import, as far as they are files of the user.

    Only `.py` files travel. Raises RungError for a module that is nowhere to be found.
    """
    files: dict[str, bytes] = {}
    versions: dict[str, str] = {}
    references = [step.estimator for step in ladder if step.estimator is not None]
    tops = {reference.partition(":")[0].partition(".")[0]: reference for reference in references}
    named = {top: reference for top, reference in tops.items() if top not in sys.stdlib_module_names}
    seen, waiting = set(named), list(named.items())
    while waiting:
        top, reference = waiting.pop()
        paths, installed = source_of(top, reference)
        versions |= installed if top in named else {}
        for path in paths:
            files[_place(path, top)] = text = path.read_bytes()
            news = {name for name in _imported(text, str(path)) if name not in seen and _is_own(name)}
            seen |= news
            waiting += [(name, reference) for name in sorted(news)]
    return Luggage(files=files, versions=versions)


def _place(path: Path, top: str) -> str:
    """A file of the package `models` -> `models/deep/one.py`; a plain module stays `models.py`."""
    spec = PathFinder.find_spec(top)
    folders = [Path(folder).resolve() for folder in (spec and spec.submodule_search_locations) or ()]
    inside = [Path(top) / path.relative_to(folder) for folder in folders if path.is_relative_to(folder)]
    return inside[0].as_posix() if inside else path.name


def _imported(text: bytes, name: str) -> Iterator[str]:
    """Top names of everything that a source imports, wherever in it; read from the compiled code."""
    try:
        codes = [compile(text, name, "exec", dont_inherit=True)]
    except (SyntaxError, ValueError):
        return  # whoever imports it will say so
    while codes:
        code = codes.pop()
        codes += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
        level: Any = 0
        for step in dis.get_instructions(code):
            if step.opname == "IMPORT_NAME" and not level:
                yield step.argval.partition(".")[0]
            if step.opname == "LOAD_CONST" and isinstance(step.argval, int):
                level = step.argval  # dots before the name; between it and the import come the names to be taken


def _is_own(name: str) -> bool:
    """Whether a module is files of the user; what is installed, built in or missing is not."""
    if name in sys.stdlib_module_names or name == "kiss_bench":
        return False
    try:
        return bool(source_of(name, name)[0])
    except RungError:
        return False
