"""The modules behind custom rungs: what a ladder names, and what of the user's own these import."""

import dis
import importlib.metadata
import importlib.util
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.machinery import PathFinder
from itertools import chain
from pathlib import Path
from types import CodeType
from typing import Any

from kiss_bench.errors import RungError

INSTALLED = frozenset({"site-packages", "dist-packages"})
Distributions = Callable[[], Mapping[str, list[str]]]
"""Top-level module -> distributions that it came with."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Module:
    """A top-level module: files of the user, or something installed."""

    name: str
    files: tuple[Path, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    """Distributions that it was installed with -> their versions; empty where it is files of the user."""


def modules_behind(references: Iterable[str]) -> Iterator[Module]:
    """The modules that `module:object` references name, and files of the user that they import, each once.

    Raises RungError for a module that is named and nowhere to be found.
    """
    distributions = cache(importlib.metadata.packages_distributions)  # once: it reads all that is installed
    waiting = {top_of(reference): reference for reference in references}
    seen = set(waiting)
    while waiting:
        top, reference = waiting.popitem()
        if top in sys.stdlib_module_names:
            continue
        module = _module(top, _places(top, reference), distributions)
        yield module
        found = {name for path in module.files for name in _imported(path.read_bytes(), str(path))}
        news = sorted(name for name in found - seen if _is_own(name, distributions))
        seen |= found
        waiting |= dict.fromkeys(news, reference)


def top_of(reference: str) -> str:
    """The top-level module of `module:object`."""
    return reference.partition(":")[0].partition(".")[0]


def _module(top: str, places: tuple[Path, ...], distributions: Distributions) -> Module:
    found = () if _below_here(places) else sorted(set(distributions().get(top, [])))
    if found:
        return Module(name=top, versions={one: importlib.metadata.version(one) for one in found})
    files = [sorted(place.rglob("*.py")) if place.is_dir() else [place] for place in places]
    return Module(name=top, files=tuple(chain.from_iterable(files)))


def _is_own(name: str, distributions: Distributions) -> bool:
    """Whether a module is files of the user; what is installed, built in or missing is not."""
    if name in sys.stdlib_module_names or name == "kiss_bench":
        return False
    try:
        places = _places(name, name)
    except RungError:
        return False
    if not places or any(INSTALLED.intersection(place.parts) for place in places):
        return False
    return _below_here(places) or name not in distributions()


def _below_here(places: tuple[Path, ...]) -> bool:
    """Whether a module lies below the working directory, installed as editable or not, but in no environment there."""
    here = Path.cwd().resolve()
    return any(place.is_relative_to(here) and not INSTALLED.intersection(place.parts) for place in places)


def _places(top: str, reference: str) -> tuple[Path, ...]:
    """The folders of a package, `__init__.py` or not; of a plain module its one file."""
    if top == "__main__":
        raise RungError(
            f"{reference!r}: workers do not run the script again; put the estimator into a module of its own"
        )
    here = Path.cwd().resolve()
    if str(here) not in sys.path:
        sys.path.insert(0, str(here))
    importlib.invalidate_caches()
    # as a worker would find it: this process may have imported an older one
    spec = PathFinder.find_spec(top) or importlib.util.find_spec(top)
    if spec is None:
        raise RungError(f"{reference!r}: there is no module {top!r}, neither in {here} nor installed")
    if spec.submodule_search_locations is not None:
        return tuple(Path(folder).resolve() for folder in spec.submodule_search_locations)
    return (Path(spec.origin).resolve(),) if spec.origin else ()


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
