"""What every check of the audit looks at: the task, its folds, and what single columns say, worked out once."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kiss_bench.plan.plan import Plan
from kiss_bench.tasks.audit.findings import Finding
from kiss_bench.tasks.audit.quick_model import MODEL_COLUMNS, MODEL_ROWS, model_skill
from kiss_bench.tasks.audit.strength import Codes, Goal, Numbers, as_numbers, bins, strength
from kiss_bench.tasks.task import Column, Folds, Label, Task

SCREEN_ROWS = 50_000
"""Rows that columns are screened on, drawn once with a fixed seed: skills from so many are off by under 0.005."""
SCREEN_CELLS = 25_000_000
"""Cells that are screened: fewer rows of a wide table, 5,000 of 5,000 columns, so that it takes no longer."""
FEWEST_ROWS = 50
"""Below this chance alone makes strong columns: everything found stays a note."""
MOST_CLASSES = 30
"""Classes told apart; in a target with more, the rarest count as one."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    task: Task
    folds: Folds
    plan: Plan
    done: dict[str, tuple[Finding, ...]] = field(default_factory=dict, init=False)
    """What each check has found: the screen of single columns asks what the others did."""

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """Positions of the screened rows, ascending: all of them where they are few."""
        rows = len(self.task.y)
        return sampled(rows, min(SCREEN_ROWS, max(1, SCREEN_CELLS // max(1, len(self.task.columns)))))

    @cached_property
    def cells(self) -> Mapping[str, Numbers]:
        """Every feature in the screened rows, as numbers."""
        few = len(self.rows) == len(self.task.y)
        frame = self.task.frame if few else self.task.frame.iloc[self.rows]
        return {column.name: as_numbers(frame[column.name], column.kind) for column in self.task.columns}

    def whole(self, column: Column) -> Numbers:
        """One feature in all rows, as numbers."""
        if len(self.rows) == len(self.task.y):
            return self.cells[column.name]
        return as_numbers(self.task.frame[column.name], column.kind)

    @cached_property
    def codes(self) -> Mapping[str, Codes]:
        """The bin of each screened row, in every feature."""
        return {column.name: bins(self.cells[column.name], column.kind) for column in self.task.columns}

    def found(self, check: "Callable[[Scene], Iterator[Finding]]") -> tuple[Finding, ...]:
        """What a check finds here, worked out once."""
        if check.__name__ not in self.done:
            self.done[check.__name__] = tuple(check(self))
        return self.done[check.__name__]

    @cached_property
    def goal(self) -> Goal:
        group = None if self.task.group is None else _recoded(self.task.group[self.rows])
        y = self.task.y[self.rows]
        if self.task.kind == "regression":
            ranks = pd.Series(y).rank().to_numpy(dtype=np.float64) / len(y)
            return Goal(classes=0, target=ranks, group=group)
        codes = self._class_codes[y.astype(np.int64)]
        return Goal(classes=max(2, int(self._class_codes.max()) + 1), target=codes, group=group)

    @cached_property
    def _class_codes(self) -> NDArray[np.int64]:
        """Code of each class, the most frequent first."""
        counts = np.bincount(self.task.y.astype(np.int64), minlength=len(self.task.labels))
        place = np.empty(len(counts), dtype=np.int64)
        place[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
        return np.minimum(place, MOST_CLASSES - 1)

    def label(self, code: int) -> Label:
        """Name the class that a code of the goal stands for."""
        found = np.flatnonzero(self._class_codes == code)
        return self.task.labels[found[0]] if len(found) == 1 else "another class"

    @cached_property
    def enough(self) -> bool:
        """Whether there are rows enough to ask a question over."""
        return len(self.task.y) >= FEWEST_ROWS

    @cached_property
    def strengths(self) -> Mapping[str, float]:
        """What every feature says alone, strongest first; equal ones by name."""
        found = {name: strength(codes, self.goal) for name, codes in self.codes.items()}
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))

    @cached_property
    def kinds(self) -> Mapping[str, Column]:
        return {column.name: column for column in self.task.columns}

    def together(self, without: Iterable[str]) -> float:
        """What the quick model makes of all features but some."""
        left_out = set(without)
        names = [name for name in self.strengths if name not in left_out][:MODEL_COLUMNS]
        rows = sampled(len(self.rows), MODEL_ROWS)
        group = None if self.goal.group is None else _recoded(self.goal.group[rows])
        goal = Goal(classes=self.goal.classes, target=self.goal.target[rows], group=group)
        return model_skill({self.kinds[name]: self.cells[name][rows] for name in names}, goal)


def sampled(rows: int, most: int) -> NDArray[np.int64]:
    """Ascending positions of at most `most` of `rows` rows, the same at every call."""
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(0).choice(rows, most, replace=False))


def _recoded(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.unique(codes, return_inverse=True)[1].astype(np.int64)
