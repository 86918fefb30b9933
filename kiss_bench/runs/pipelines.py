"""Any unit's pipeline, unfitted: handed back from a result folder, or of a run that has just ended."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kiss_bench.errors import RecordError
from kiss_bench.evaluation.exam import Exam
from kiss_bench.evaluation.pipeline import pipeline_of, surroundings_of
from kiss_bench.plan.plan import Arm, Plan, Step, plan_from_dict
from kiss_bench.records.folder import read_json
from kiss_bench.rungs import rung_of
from kiss_bench.runs.tuning_record import whole_space
from kiss_bench.tasks.seeds import seed_of
from kiss_bench.tasks.task import Column, Folds, Task


class Pipelines:
    """Pipelines of the units of one run, and those for all its rows.

    `units` are the `units` of `tuning.json`; `place` is what messages call where they came from.
    """

    def __init__(self, exam: Exam, units: Sequence[Mapping[str, Any]], place: str) -> None:
        self.exam, self.units, self.place = exam, units, place

    def of_unit(self, rung: str, arm: Arm, repeat: int, fold: int) -> Any:
        """Of one unit, with its settings and seeds. Raises RecordError where it is not on record."""
        unit = self._unit(rung, arm, repeat, fold)
        facts = rung_of(self._step(rung))
        threshold = _threshold([unit])
        if not facts.blends:
            return pipeline_of(self.exam, facts, unit["settings"], unit["seed"], threshold)
        weights = unit["settings"]["weights"]
        parts = [(base, self.of_unit(base, self._base_arm(base, arm), repeat, fold)) for base in weights]
        return self._blend(rung, parts, list(weights.values()), threshold)

    def for_all_rows(self, rung: str, arm: Arm) -> Any:
        """For all rows, as `kiss_bench.estimator` says. Raises RecordError where the arm is not on record."""
        units = self._units_of(rung, arm)
        facts, threshold = rung_of(self._step(rung)), _threshold(units)
        if not facts.blends:
            seed = seed_of(self.exam.root, "estimator", rung=rung, arm=arm)
            nearest = _nearest(units, whole_space(facts, self.exam))
            return pipeline_of(self.exam, facts, units[nearest]["settings"], seed, threshold)
        weights = pd.DataFrame([unit["settings"]["weights"] for unit in units]).mean()
        parts = [(base, self.for_all_rows(base, self._base_arm(base, arm))) for base in weights.index]
        return self._blend(rung, parts, weights.tolist(), threshold)

    def _step(self, rung: str) -> Step:
        steps = {step.name: step for step in self.exam.plan.ladder}
        if rung not in steps:
            raise RecordError(f"{self.place} has no rung {rung!r}; it has: {', '.join(steps)}")
        return steps[rung]

    def _unit(self, rung: str, arm: Arm, repeat: int, fold: int) -> Mapping[str, Any]:
        """What was recorded of one unit that ended well."""
        self._step(rung)
        place = {"rung": rung, "arm": arm, "repeat": repeat, "fold": fold}
        for unit in self.units:
            if all(unit[key] == value for key, value in place.items()):
                return unit
        there = sorted({(unit["arm"], unit["repeat"], unit["fold"]) for unit in self.units if unit["rung"] == rung})
        listed = ", ".join(f"{arm} repeat {repeat} fold {fold}" for arm, repeat, fold in there)
        raise RecordError(
            f"{rung} has no unit {arm} repeat {repeat} fold {fold}; it has: {listed or 'none, it failed'}"
        )

    def _units_of(self, rung: str, arm: Arm) -> list[Mapping[str, Any]]:
        found = [unit for unit in self.units if unit["rung"] == rung and unit["arm"] == arm]
        if not found:
            self._unit(rung, arm, 0, 0)
        return found

    def _base_arm(self, base: str, arm: Arm) -> Arm:
        tuned = any(unit["rung"] == base and unit["arm"] == "tuned" for unit in self.units)
        return "tuned" if arm == "tuned" and tuned else "default"

    def _blend(
        self, rung: str, parts: Sequence[tuple[str, Any]], weights: Sequence[float], threshold: float | None
    ) -> Any:
        settings: dict[str, Any] = {"pipelines": tuple(parts), "weights": tuple(weights)}
        if threshold is not None:
            settings |= {"threshold": threshold, "positive": self.exam.task.positive}
        return rung_of(self._step(rung)).build(surroundings_of(self.exam, 0), settings)


def arm_for_all_rows(rung: str, recommended: Mapping[str, Any] | None, climbed: Mapping[str, str | None]) -> Arm:
    """The board's own recommendation where it is this rung; else the arm that climbed, by rung."""
    if recommended is not None and recommended.get("rung") == rung:
        return "tuned" if recommended.get("arm") == "tuned" else "default"
    return "tuned" if climbed.get(rung) == "tuned" else "default"


def _threshold(units: Sequence[Mapping[str, Any]]) -> float | None:
    """The median of the units' thresholds; None where they have none, as in folders of plans without one."""
    found = [unit["threshold"] for unit in units if unit.get("threshold") is not None]
    return float(np.median(found)) if found else None


def _nearest(units: Sequence[Mapping[str, Any]], space: Sequence[Any]) -> int:
    """Which unit's settings have the smallest summed distance to all others', each parameter over its range."""

    def place(line: Any, value: Any) -> float | None:
        if (
            line.kind == "choice"
            or not isinstance(value, (int, float))
            or line.low is None
            or (value <= 0 and line.log)
        ):
            return None
        low, high, at = (math.log(max(end, 1e-300)) if line.log else end for end in (line.low, line.high, value))
        return float((at - low) / (high - low))

    def distance(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
        total = 0.0
        for line in space:
            a, b = one.get(line.name), other.get(line.name)
            here, there = place(line, a), place(line, b)
            total += abs(here - there) if here is not None and there is not None else float(a != b)
        return total

    settings = [unit["settings"] for unit in units]
    return int(np.argmin([sum(distance(one, other) for other in settings) for one in settings]))


BESIDE_THE_PLAN = ("schema", "plan_hash", "root_seed", "understood", "rungs")


def estimator(
    results_dir: str | Path, rung: str, arm: Arm | None = None, repeat: int | None = None, fold: int | None = None
) -> Any:
    """The unfitted scikit-learn pipeline of a rung, ready for the table's raw columns.

    With `fold` (and `repeat`, 0 unless given): of that very unit, with its settings and seeds; `arm` is `default`
    unless given. Fitted on the training rows of `folds.parquet` it gives the stored predictions, and `predict` the
    stored labels.
    Without: for all rows, with the arm that the board recommends for this rung unless `arm` is given. Tuned settings
    for all rows are those of the fold whose best settings are nearest to all others'; the stack's weights are the
    mean over folds, and a decision threshold is the median over folds. Rows that the config prepares
    (`data.prepare`), and values that it has missing (`data.available_after`), are to be so in what it is fitted on.

    Raises RecordError for a folder, rung, arm or fold that is not there, and for a repeat without a fold.
    """
    if repeat is not None and fold is None:
        raise RecordError(f"repeat={repeat} without a fold names no unit; give both, or neither for all rows")
    folder = Path(results_dir)
    record = _Record(folder)
    whole = fold is None
    chosen = arm or (record.recommended_arm(rung) if whole else "default")
    if whole:
        return record.pipelines.for_all_rows(rung, chosen)
    return record.pipelines.of_unit(rung, chosen, repeat or 0, fold or 0)


class _Record:
    """The parts of a result folder that pipelines are built from."""

    def __init__(self, folder: Path) -> None:
        written, self.board = read_json(folder, "plan.json"), read_json(folder, "leaderboard.json")
        try:
            plan = plan_from_dict({key: value for key, value in written.items() if key not in BESIDE_THE_PLAN})
            exam = exam_without_rows(plan, written["understood"], written["root_seed"])
            self.pipelines = Pipelines(exam, read_json(folder, "tuning.json")["units"], str(folder))
            begun = (written["plan_hash"], exam.task.data_hash)
            ended = (self.board["plan_hash"], self.board["data_hash"])
        except (KeyError, TypeError, AttributeError) as error:
            raise RecordError(f"{folder} is not a result folder of this version: {error}") from None
        if begun != ended:
            raise RecordError(
                f"{folder} has the plan of a run that has not ended; `kiss-bench run` it to its end first"
            )

    def recommended_arm(self, rung: str) -> Arm:
        arms = {row["rung"]: row["arm"] for row in self.board["rungs"]}
        return arm_for_all_rows(rung, self.board.get("recommended"), arms)


def exam_without_rows(plan: Plan, understood: Mapping[str, Any], root: int) -> Exam:
    """An exam that knows columns, labels and seeds, but holds no row: enough to build pipelines."""
    time = understood["time_column"]
    task = Task(
        kind=understood["task"],
        why=understood["why"],
        frame=pd.DataFrame(),
        columns=tuple(Column(name=name, kind=kind) for name, kind in understood["columns"].items()),
        y=np.empty(0),
        actual=pd.Series(dtype=object),
        labels=tuple(understood["labels"]),
        positive=understood["positive"],
        row_id=np.empty(0, dtype=np.int64),
        group=None,
        time=None,
        fold_column=None,
        data_hash=understood["data_hash"],
        rows_read=understood["rows_read"],
        rows_dropped=understood["rows_dropped"],
        single=understood.get("single_precision", False),
        time_column=Column(name=next(iter(time)), kind=next(iter(time.values()))) if time else None,
    )
    kind = plan.folds.kind or "stratified"
    return Exam(plan=plan, task=task, folds=Folds(kind=kind, splits=(), hash=understood["folds_hash"]), root=root)
