"""The judgement of a result folder, made again from its predictions, folds and plan, and nothing else."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kiss_bench.errors import RecordError
from kiss_bench.evaluation.exam import Exam
from kiss_bench.evaluation.probabilities import label_text
from kiss_bench.judge.climb import judge
from kiss_bench.judge.judgement import Candidate, Judgement
from kiss_bench.plan.plan import Arm, Plan, Step
from kiss_bench.records.board import Board, BoardRow
from kiss_bench.records.frames import frame_of
from kiss_bench.runs.board import judged_row
from kiss_bench.runs.estimators import exam_without_rows
from kiss_bench.runs.files import ROLES
from kiss_bench.runs.judging import comparable, judged_rows, level_of, terms_of, tested_rows
from kiss_bench.runs.units import escalates
from kiss_bench.tasks.task import Fold

TOLERANCE = 1e-9
"""How far a recomputed number may lie from the stored one, as a share of the larger of it and 1."""
CLIMBING: tuple[Arm, ...] = ("default", "tuned")
JUDGED = (
    *("arm", "repeats", "score", "score_low", "score_high", "skill", "also", "default_score", "default_skill"),
    *("default_gain", "default_gain_low", "default_gain_high", "default_p_gain", "default_verdict"),
    *("tuning_gain", "tuning_verdict", "p_default_enough", "incumbent", "verdict", "gain", "gain_low", "gain_high"),
    *("margin", "p_gain", "p_equal", "p_harm", "alpha", "min_detectable_gain", "rows_needed", "repeats_needed"),
    *("method", "gain_repeats", "fold_wins"),
)
"""Fields of a row that follow from predictions alone."""


def rejudge(folder: Path, facts: Mapping[str, Any], plan: Plan, board: Board) -> Judgement:
    """Judge the stored predictions again.

    `facts` is `plan.json`, `plan` what it says. Raises RecordError where a file is missing or does not belong to the
    others, KissBenchError where the judge refuses what it is given.
    """
    predictions = read_table(folder, "predictions.parquet")
    exam = exam_of_record(folder, facts, plan, predictions)
    rows = tested_rows(exam)
    quick = any(row.status == "provisional" for row in board.rungs)
    by_rung = {row.rung: row for row in board.rungs}
    found = [_candidate(exam, step, by_rung.get(step.name), predictions, quick=quick) for step in exam.plan.ladder]
    skipped = [
        Candidate(rung=name, level=level_of(name), status="skipped", reason=why) for name, why in plan.skip.items()
    ]
    ladder = sorted([*found, *skipped], key=lambda candidate: candidate.level)
    terms = replace(terms_of(exam), escalates=escalates(exam) and not quick)
    return judge(ladder, judged_rows(exam, rows), terms)


def differences(board: Board, judgement: Judgement) -> list[str]:
    """Every number and verdict of a board that is not what was recomputed, one sentence each."""
    again = {entry.rung: judged_row(entry) for entry in judgement.entries}
    told = [f"{name} is on the ladder, but not on the board" for name in again if name not in _names(board)]
    for row in board.rungs:
        told += _row_differences(row, again.get(row.rung))
    chosen = board.recommended
    pairs = {
        "recommended": ((chosen.rung, chosen.arm) if chosen else None, _recommended(judgement)),
        "also_consider": (board.also_consider, judgement.also_consider),
        "metric.margin_abs": (board.metric.margin_abs, judgement.margin_abs),
        "ladder_error": (board.ladder_error, judgement.ladder_error),
    }
    return told + [
        f"{name} is {then!r}, recomputed {now!r}" for name, (then, now) in pairs.items() if not same(then, now)
    ]


def same(then: Any, now: Any) -> bool:
    """Equal, numbers to 1e-9; a number that is none (NaN) is stored as nothing."""
    if isinstance(then, Mapping) and isinstance(now, Mapping):
        return set(then) == set(now) and all(same(then[name], now[name]) for name in then)
    if isinstance(now, float) and not np.isfinite(now):
        now = None
    if isinstance(then, bool) or isinstance(now, bool) or not _are_numbers(then, now):
        return bool(then == now)
    return bool(abs(then - now) <= TOLERANCE * max(1.0, abs(then), abs(now)))


def exam_of_record(folder: Path, facts: Mapping[str, Any], plan: Plan, predictions: pd.DataFrame) -> Exam:
    """The exam as the judge needs it: rows, targets, roles and folds, but not a single feature."""
    folds = read_table(folder, "folds.parquet")
    exam = exam_without_rows(plan, facts["understood"], int(facts["root_seed"]))
    ids = np.unique(folds["row_id"].to_numpy(dtype=np.int64))
    roles = _roles(folder, ids)
    y = _targets(exam, predictions, ids)
    task = replace(exam.task, row_id=ids, y=y, **roles)
    splits = tuple(_splits(folds, ids))
    return replace(exam, task=task, folds=replace(exam.folds, splits=splits))


def read_table(folder: Path, name: str) -> pd.DataFrame:
    """Raises RecordError for a table that is not there or cannot be read."""
    path = folder / name
    if not path.exists():
        raise RecordError(f"{path} is not there")
    try:
        return frame_of(path.read_bytes())
    except (OSError, ValueError) as error:
        raise RecordError(f"{path} cannot be read: {error}") from None


def _candidate(exam: Exam, step: Step, row: BoardRow | None, predictions: pd.DataFrame, *, quick: bool) -> Candidate:
    """A rung with the repeats that all its climbing arms have whole; one that failed on the board failed here."""
    if row is None:
        raise RecordError(f"{step.name} is on the ladder, but not on the board")
    if row.status not in ("ok", "provisional"):
        return Candidate(rung=step.name, level=step.level, status="failed", reason=row.reason)
    own = predictions[predictions["rung"] == step.name]
    blocks = {arm: _blocks(exam, own[own["arm"] == arm]) for arm in CLIMBING if (own["arm"] == arm).any()}
    if "default" not in blocks:
        raise RecordError(f"predictions.parquet has no predictions of {step.name} (default)")
    shared = min(len(values) for values, _ in blocks.values())
    classes = exam.task.kind != "regression"
    return Candidate(
        rung=step.name,
        level=step.level,
        comparable=comparable(exam, step, quick=quick),
        predictions={arm: values[:shared] for arm, (values, _) in blocks.items()},
        predicted={arm: codes[:shared] for arm, (_, codes) in blocks.items()} if classes else {},
    )


def _blocks(exam: Exam, own: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """(r, n) values or (r, n, k) probabilities of one arm, and (r, n) class codes, rows in the order of their ids."""
    rows = exam.task.row_id[tested_rows(exam)]
    labels = [label_text(label) for label in exam.task.labels]
    names = [f"p_{label}" for label in labels] or ["prediction"]
    values: list[NDArray[np.float64]] = []
    codes: list[NDArray[np.int64]] = []
    for repeat, block in own.sort_values("row_id", kind="stable").groupby("repeat", sort=True):
        if repeat != len(values) or not np.array_equal(block["row_id"].to_numpy(), rows):
            raise RecordError(f"predictions.parquet does not hold the rows of folds.parquet for repeat {repeat}")
        found = block[names].to_numpy(dtype=np.float64)
        values.append(found if labels else found[:, 0])
        codes.append(codes_in(block["predicted"], labels) if labels else np.zeros(len(block), dtype=np.int64))
    return np.stack(values), np.stack(codes)


def codes_in(values: "pd.Series[Any]", labels: list[str]) -> NDArray[np.int64]:
    """(n,) places of stored labels among these; raises RecordError for one that is not among them."""
    codes = pd.Index(labels).get_indexer(pd.Index([label_text(value) for value in values.to_list()]))
    if (codes < 0).any():
        raise RecordError("predictions.parquet holds a label that plan.json does not know")
    return np.asarray(codes, dtype=np.int64)


def _targets(exam: Exam, predictions: pd.DataFrame, ids: NDArray[np.int64]) -> NDArray[Any]:
    """(n,) numbers or class codes; rows that no fold tests have none, and none is asked for."""
    known = predictions[["row_id", "actual"]].drop_duplicates()
    if known["row_id"].duplicated().any():
        raise RecordError("predictions.parquet holds two targets of one row")
    place = np.searchsorted(ids, known["row_id"].to_numpy())
    if exam.task.kind == "regression":
        numbers = np.full(len(ids), np.nan)
        numbers[place] = known["actual"].to_numpy(dtype=np.float64)
        return numbers
    codes = np.zeros(len(ids), dtype=np.int64)
    codes[place] = codes_in(known["actual"], [label_text(label) for label in exam.task.labels])
    return codes


def _roles(folder: Path, ids: NDArray[np.int64]) -> dict[str, Any]:
    """Group, time and weight of every row, as far as the plan declares them."""
    if not (folder / ROLES).exists():
        return {}
    found = read_table(folder, ROLES).set_index("row_id")
    if not np.isin(ids, found.index).all():
        raise RecordError(f"{ROLES} lacks rows of folds.parquet")
    return {name: found.loc[ids, name].to_numpy() for name in ("group", "time", "weight") if name in found}


def _splits(folds: pd.DataFrame, ids: NDArray[np.int64]) -> list[Fold]:
    """All splits as positions into the rows; training is all other rows where none are listed."""
    parts: dict[Any, NDArray[np.int64]] = {
        place: np.searchsorted(ids, np.sort(block["row_id"].to_numpy(dtype=np.int64)))
        for place, block in folds.groupby(["repeat", "fold", "part"], sort=True)
    }
    everything = np.arange(len(ids))
    return [
        Fold(
            repeat=int(repeat),
            fold=int(fold),
            train=parts.get((repeat, fold, "train"), np.setdiff1d(everything, test, assume_unique=True)),
            test=test,
        )
        for (repeat, fold, part), test in parts.items()
        if part == "test"
    ]


def _row_differences(row: BoardRow, again: BoardRow | None) -> list[str]:
    if again is None:
        return [f"{row.rung} is on the board, but not on the ladder of plan.json"]
    told = [
        f"{row.rung}: {name} is {getattr(row, name)!r}, recomputed {getattr(again, name)!r}"
        for name in JUDGED
        if not same(getattr(row, name), getattr(again, name))
    ]
    lost = [flag for flag in again.flags if flag not in row.flags]
    return told + [f"{row.rung}: the board does not say {flag!r}" for flag in lost]


def _recommended(judgement: Judgement) -> tuple[str, str] | None:
    """What the judgement recommends; None where that rung could not be judged."""
    chosen = judgement.recommended
    judged = any(entry.rung == chosen.rung and entry.status == "ok" for entry in judgement.entries)
    return (chosen.rung, chosen.arm) if judged else None


def _names(board: Board) -> set[str]:
    return {row.rung for row in board.rungs}


def _are_numbers(*values: Any) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
