"""What people and checks outside the package depend on, as it is now: `python tests/contract/facts.py` writes it down.

`pinned/` holds these facts as they were when they became a promise. They may grow; nothing in them may change.
"""

import importlib
import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet
from typer.main import get_command
from typer.testing import CliRunner

from kiss_bench.cli import app

HERE = Path(__file__).parent
GOLDEN = HERE / "golden"
PINNED = HERE / "pinned"
DIGESTS_OF = HERE.parent.parent / "results"
PUBLIC = {"bench": "kiss_bench", "estimator": "kiss_bench", "compare": "kiss_bench.judge"}
MEASURED = re.compile(
    r"seconds|begun|ended|_us_|bytes|started|source$|\bat\b|day|first|last|hash$|version|model_size|memory"
)
"""Facts of a machine, a moment or a version: another run has others."""


def commands() -> dict[str, Any]:
    """Of every command: its parameters and the exit codes that its help tells."""
    found = {}
    for path, command in _walk(get_command(app), ()):
        parameters = {
            str(one.name): {"spelled": sorted([*one.opts, *one.secondary_opts]), "required": bool(one.required)}
            for one in command.params
        }
        told = CliRunner().invoke(app, [*path, "--help"]).output
        codes = re.findall(r"^  (\d+)  ", told.partition("Exit codes:")[2], flags=re.MULTILINE)
        found[" ".join(path)] = {"parameters": parameters, "exit_codes": codes}
    return found


def functions() -> dict[str, dict[str, str]]:
    """Of every public function: its parameters and their defaults."""
    found = {}
    for name, home in PUBLIC.items():
        signature = inspect.signature(getattr(importlib.import_module(home), name)).parameters.values()
        found[name] = {one.name: "" if one.default is one.empty else repr(one.default) for one in signature}
    return found


def digests() -> dict[str, str]:
    """Of every committed result folder."""
    boards = sorted(DIGESTS_OF.glob("*/leaderboard.json"))
    return {path.parent.name: json.loads(path.read_text(encoding="utf8"))["digest"] for path in boards}


def leaves(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """Every value in a JSON text with its path; places in a list are numbered."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, f"{at}.{name}" if at else name)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from leaves(inner, f"{at}[{place}]")
    else:
        yield at, value


def fields(value: Any) -> set[str]:
    """Paths in a JSON text, whatever the place in a list."""
    return {re.sub(r"\[\d+\]", "[]", path) for path, _ in leaves(value)}


def columns(path: Path) -> dict[str, str]:
    """Names and types of a Parquet table."""
    schema = pyarrow.parquet.read_schema(path)
    return {name: str(schema.field(name).type) for name in schema.names}


def _walk(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from _walk(inner, (*path, name))


if __name__ == "__main__":
    for name, facts in (("commands", commands()), ("functions", functions()), ("digests", digests())):
        text = json.dumps(facts, indent=1, ensure_ascii=False)
        (PINNED / f"{name}.json").write_text(f"{text}\n", encoding="utf8")
