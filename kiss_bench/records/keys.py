"""What a unit depends on, as one hash: change any of it and the unit runs again, change all else and it does not."""

import hashlib
import importlib.metadata
import json
import sys
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
SOURCES = ("evaluation", "metrics", "tuning")
SINGLE_SOURCES = (
    *("tasks/cells.py", "tasks/columns.py", "tasks/labels.py"),
    *("tasks/seeds.py", "tasks/splitters.py", "tasks/stratified_groups.py"),
)
"""What of the lower floors decides about a unit: cells and columns, inner folds, seeds, labels."""


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
    """Hash of the folders that turn a unit into predictions."""
    root = Path(kiss_bench.__file__).parent
    paths = [path for folder in SOURCES for path in sorted((root / folder).glob("*.py"))]
    return source_hash((*paths, *(root / name for name in SINGLE_SOURCES)))


def rung_sources(ladder: Sequence[Step]) -> dict[str, str]:
    """By rung a hash of its file and the helpers it names if it is a shipped one, else of what it comes from.

    That is every file of its module below the working directory and of the modules of the user that these import, or
    the version of its distribution. Raises RungError for a module that is nowhere to be found.
    """
    tops = {top_of(step.estimator): step.estimator for step in ladder if step.estimator is not None}
    custom = {top: _hash_of_modules(list(modules_behind([reference]))) for top, reference in tops.items()}
    return {
        step.name: source_hash(_shipped_files(step.name)) if step.estimator is None else custom[top_of(step.estimator)]
        for step in ladder
    }


def _hash_of_modules(modules: Sequence[Module]) -> str:
    versions = [f"{one} {version}" for module in modules for one, version in module.versions.items()]
    return "+".join(versions) or source_hash(tuple(path for module in modules for path in module.files))


def _shipped_files(name: str) -> tuple[Path, ...]:
    module = sys.modules.get(f"kiss_bench.rungs.{name}")
    found = getattr(module, "__file__", None) if module else None
    own = Path(found) if found else Path(kiss_bench.__file__).parent / "rungs" / f"{name}.py"
    helpers, files = sorted(own.parent.glob("_[a-z]*.py")), [own]
    for file in files:  # a helper's helpers as well
        text = file.read_text(encoding="utf8")
        files += [path for path in helpers if f"rungs.{path.stem} " in text and path not in files]
    return tuple(files)


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
    code = Path(kiss_bench.__file__).parent / "tasks/availability.py"
    return [canonical_json(data.available_after), source_hash((code,))]


def _hash_of(*positions: NDArray[np.int64]) -> str:
    digest = hashlib.sha256()
    for each in positions:
        digest.update(len(each).to_bytes(8, "big") + each.astype("<i8").tobytes())
    return digest.hexdigest()
