"""Functions of the user that a config names as `module:object`: found beside the config, imported, called."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from kiss_bench.errors import DataError
from kiss_bench.tasks.names import listed

USER_CODE_FAILS: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    ImportError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    SystemExit,
    TypeError,
    ValueError,
)


def imported(key: str, reference: str) -> Any:
    """What `reference` (`module:object`) stands for. Raises DataError, naming `key`, where there is no such thing."""
    module, _, attribute = reference.partition(":")
    try:
        found: Any = importlib.import_module(module)
    except USER_CODE_FAILS as error:
        told = f"{type(error).__name__}: {error}"
        raise DataError(f"{key}: {module!r} of {reference} cannot be imported ({told})") from error
    for name in attribute.split("."):
        if not hasattr(found, name):
            names = [known for known in dir(found) if not known.startswith("_")]
            raise DataError(f"{key}: {module!r} has no {attribute!r}; it has {listed(names)}")
        found = getattr(found, name)
    return found


@contextmanager
def importable_from(folder: Path) -> Iterator[None]:
    """Look for modules in the config's folder and the working directory first, as long as this lasts."""
    before = list(sys.path)
    sys.path[:0] = [str(folder.resolve()), str(Path.cwd())]
    try:
        yield
    finally:
        sys.path[:] = before
