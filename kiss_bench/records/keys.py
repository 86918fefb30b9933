"""What a unit depends on, as one hash: change any of it and the unit runs again, change all else and it does not."""

import ast
import hashlib
import importlib.metadata
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import kiss_bench
from kiss_bench.evaluation.exam import Exam, Unit
from kiss_bench.evaluation.thresholds import threshold_metric
from kiss_bench.metrics import objective_metric
from kiss_bench.plan.plan import Data, Step
from kiss_bench.records.modules import Module, modules_behind, top_of
from kiss_bench.rungs import shipped_rungs
from kiss_bench.tuning.search import sampler_of

LIBRARIES = ("scikit-learn", "lightgbm", "optuna", "numpy", "scipy", "pandas")
"""The ones whose version can change a prediction or a trial."""
PACKAGE = Path(kiss_bench.__file__).parent
DECIDING = ("tuning/unit.py", "tuning/blend.py")
"""Where a unit begins: with all that these import, they turn a unit into predictions."""


def canonical_json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def sha256_of(value: Any) -> str:
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


@cache
def library_versions() -> Mapping[str, str]:
    return {name: importlib.metadata.version(name) for name in LIBRARIES}


def source_hash(paths: tuple[Path, ...]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


@cache
def own_sources() -> str:
    """Hash of the code that turns a unit into predictions: where a unit begins, and all of the package behind it."""
    return source_hash(sources_behind(*(PACKAGE / name for name in DECIDING)))


def sources_behind(*files: Path) -> tuple[Path, ...]:
    """These files and all that they import of the package, wherever in a file, however written, at any remove.

    Of a folder beside the package (`calibration/`) what its files import of that folder counts as well.
    """
    waiting, found = list(files), set()
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting += _imports_of(file)
    return tuple(sorted(found))


@cache
def _imports_of(file: Path) -> frozenset[Path]:
    """Every file of the package, or beside this one, that it imports; what is named after `import` may be a module."""
    names, folder = set[str](), file.parent
    home = ("kiss_bench", *folder.relative_to(PACKAGE).parts) if folder.is_relative_to(PACKAGE) else (folder.name,)
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = home[: len(home) + 1 - node.level] if node.level else ()
            base = ".".join([*above, *([node.module] if node.module else [])])
            names |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    own = {"kiss_bench", home[0]}
    return frozenset(path for name in names if name.split(".")[0] in own for path in _files_of(name))


@cache
def _files_of(module: str) -> tuple[Path, ...]:
    """The file of a module, and those of the packages it is in."""
    top, *parts = module.split(".")
    home = PACKAGE if top == "kiss_bench" else PACKAGE.with_name(top)
    packages = [home.joinpath(*parts[:depth], "__init__.py") for depth in range(len(parts) + 1)]
    return tuple(path for path in [*packages, home.joinpath(*parts).with_suffix(".py")] if path.is_file())


def rung_sources(ladder: Sequence[Step]) -> dict[str, str]:
    """By rung a hash of its file and what of the package it imports if it is a shipped one, else of what it comes from.

    That is every file of its module below the working directory and of the modules of the user that these import, or
    the version of its distribution. Raises RungError for a module that is nowhere to be found.
    """
    tops = {top_of(step.estimator): step.estimator for step in ladder if step.estimator is not None}
    custom = {top: _hash_of_modules(list(modules_behind([reference]))) for top, reference in tops.items()}
    return {
        step.name: source_hash(sources_behind(PACKAGE / "rungs" / f"{step.name}.py"))
        if step.estimator is None
        else custom[top_of(step.estimator)]
        for step in ladder
    }


def _hash_of_modules(modules: Sequence[Module]) -> str:
    versions = [f"{one} {version}" for module in modules for one, version in module.versions.items()]
    return "+".join(versions) or source_hash(tuple(path for module in modules for path in module.files))


def searched(spec: Mapping[str, Any]) -> dict[str, Any]:
    """A line of a space without its words."""
    return {name: value for name, value in spec.items() if name not in ("meaning", "reason")}


class Keys:
    """Keys of the units of one exam; what all share is hashed once."""

    def __init__(self, exam: Exam) -> None:
        plan, task = exam.plan, exam.task
        self.exam = exam
        # once an exam, not once a process: in a notebook the next one may come with other code
        self.sources = rung_sources(plan.ladder)
        self.objective = objective_metric(plan.metric.primary or "").name
        self.thresholded = threshold_metric(exam)
        self.timed = {name for name, rung in shipped_rungs().items() if rung.needs_time}
        self.splits: dict[tuple[int, int], str] = {}
        # an entry only where it is set: keys of before there was such a thing stay what they are
        known = {"available_after": _availability(plan.data)} if plan.data.available_after else {}
        self.shared = sha256_of(
            {
                "data": task.data_hash,
                "inner": [exam.folds.kind, plan.folds.inner, plan.folds.gap, plan.folds.window],
                "predefined": None if task.fold_column is None else _hash_of(task.fold_column),
                "root": exam.root,
                "roles": [plan.data.time, plan.data.group],
                "task": [task.kind, [str(label) for label in task.labels], plan.target, task.rows_dropped],
                "columns": [[column.name, column.kind] for column in task.columns],
                "libraries": library_versions(),
                "sources": own_sources(),
                "level": exam.level,
                # positions are of the rows outside the vault, or of all where it is opened
                **({} if plan.vault is None else {"rows": _hash_of(task.row_id)}),
                **known,
            }
        )

    def of(self, unit: Unit) -> str:
        """64 hex digits."""
        plan, step = self.exam.plan, unit.step
        inner = plan.tuning.rows if unit.purpose != "fit" or self.thresholded is not None else None
        facts: dict[str, Any] = {
            "shared": self.shared,
            "tuned_rows": inner,
            "unit": [step.name, unit.arm, unit.repeat, unit.fold, unit.purpose],
            "rung": [step.estimator, dict(step.settings), self.sources[step.name]],
            "split": self._split(unit.repeat, unit.fold),
        }
        if unit.purpose == "search":
            tuning = plan.tuning
            sampler = asdict(sampler_of(tuning, unit))
            facts["search"] = [step.trials, sampler, tuning.pruning, tuning.timeout, self.objective]
            # as a list: the order of a space decides which numbers each of its lines is drawn by; words decide nothing
            facts["space"] = [[name, searched(spec)] for name, spec in (step.space or {}).items()]
        if self.thresholded is not None:
            facts["threshold"] = [self.thresholded.name, self.exam.task.positive]
        if step.name == "dummy":
            facts["metric"] = plan.metric.primary
        if step.name in self.timed:
            facts["time"] = [plan.data.time, plan.data.season, plan.data.horizon]
        return sha256_of(facts)

    def _split(self, repeat: int, fold: int) -> str:
        """Hash of the index lists of one outer split."""
        if (repeat, fold) not in self.splits:
            split = self.exam.split(repeat, fold)
            self.splits[repeat, fold] = _hash_of(split.train, split.test)
        return self.splits[repeat, fold]


def _availability(data: Data) -> list[Any]:
    """When values are known, and the code that makes late ones missing."""
    code = sources_behind(PACKAGE / "tasks/availability.py")
    return [canonical_json(data.available_after), source_hash(code)]


def _hash_of(*positions: NDArray[np.int64]) -> str:
    digest = hashlib.sha256()
    for each in positions:
        digest.update(len(each).to_bytes(8, "big") + each.astype("<i8").tobytes())
    return digest.hexdigest()
