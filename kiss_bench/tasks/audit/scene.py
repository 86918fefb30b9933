"""What every check of the audit looks at: the task, its folds, and what single columns say, worked out once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kiss_bench.plan.plan import Plan
from kiss_bench.tasks.audit.quick_model import MODEL_COLUMNS, MODEL_ROWS, model_skill
from kiss_bench.tasks.audit.strength import Goal, bins, strength
from kiss_bench.tasks.task import Column, Folds, Label, Task

SCREEN_ROWS = 50_000
"""Rows that columns are screened on, drawn once with a fixed seed: skills from so many are off by under 0.005."""
FEWEST_ROWS = 50
"""Below this chance alone makes strong columns: everything found stays a note."""
MOST_CLASSES = 30
"""Classes told apart; in a target with more, the rarest count as one."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    task: Task
    folds: Folds
    plan: Plan

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """Positions of the screened rows, ascending: all of them up to SCREEN_ROWS."""
        return sampled(len(self.task.y), SCREEN_ROWS)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The features of the screened rows."""
        whole = len(self.rows) == len(self.task.y)
        return self.task.frame if whole else self.task.frame.iloc[self.rows].reset_index(drop=True)

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
        found = {
            column.name: strength(bins(self.frame[column.name], column.kind), self.goal) for column in self.task.columns
        }
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))

    @cached_property
    def kinds(self) -> Mapping[str, Column]:
        return {column.name: column for column in self.task.columns}

    @cached_property
    def full(self) -> float:
        """What all features say together: at least what the best one says alone."""
        return max([self.together(()), *self.strengths.values(), 0.0])

    def together(self, without: Iterable[str]) -> float:
        """What the quick model makes of all features but some."""
        left_out = set(without)
        names = [name for name in self.strengths if name not in left_out][:MODEL_COLUMNS]
        rows = sampled(len(self.rows), MODEL_ROWS)
        group = None if self.goal.group is None else _recoded(self.goal.group[rows])
        goal = Goal(classes=self.goal.classes, target=self.goal.target[rows], group=group)
        return model_skill(self.frame[names].iloc[rows], [self.kinds[name] for name in names], goal)


def sampled(rows: int, most: int) -> NDArray[np.int64]:
    """Ascending positions of at most `most` of `rows` rows, the same at every call."""
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(0).choice(rows, most, replace=False))


def _recoded(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.unique(codes, return_inverse=True)[1].astype(np.int64)
