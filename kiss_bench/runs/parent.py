"""What a config has otherwise than the one it was adapted from, and what that did."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from kiss_bench.errors import RecordError
from kiss_bench.evaluation.exam import Exam
from kiss_bench.judge.comparison import compare_all
from kiss_bench.judge.contrasts import measure
from kiss_bench.judge.predictions import Predictions
from kiss_bench.records.board import Board, BoardRow
from kiss_bench.records.folder import read_board, read_json
from kiss_bench.records.tuning import Change, Effect, ParentFacts
from kiss_bench.runs.arm_gains import Arms
from kiss_bench.runs.plan_facts import asked_in, asked_of
from kiss_bench.tasks.folds import folds_frame

WORDS = ("question", "population")
"""Keys in which a child may differ without changing a number."""


def parent_facts(board: Board, arms: Arms) -> ParentFacts | None:
    """None for a plan without a parent; `found` is false where its results are not there, or are others by now."""
    plan = arms.progress.exam.plan
    if plan.parent is None:
        return None
    told: dict[str, Any] = {name: getattr(plan.parent, name) for name in ("project", "plan_hash", "digest")}
    folder = Path(plan.folder) / Path(plan.parent.results or "").expanduser()
    try:
        before, facts = read_board(folder), read_json(folder, "plan.json")
    except RecordError:
        return ParentFacts(**told, found=False, changes=(), effects=())
    wanted = (plan.parent.plan_hash, plan.parent.plan_hash, plan.parent.digest or before.digest)
    if (before.plan_hash, facts.get("plan_hash"), before.digest) != wanted:
        return ParentFacts(**told, found=False, changes=(), effects=())
    return ParentFacts(
        **told, found=True, changes=changes(facts, arms.progress.exam), effects=_effects(before, board, arms, folder)
    )


def changes(before: Mapping[str, Any], exam: Exam) -> tuple[Change, ...]:
    """Every key of the plan that is otherwise, the question left out."""
    old, new = asked_in(before), asked_of(exam)
    keys = [key for key in dict.fromkeys([*old, *new]) if old.get(key) != new.get(key) and key not in WORDS]
    return tuple(Change(key=key, before=old.get(key), after=new.get(key)) for key in keys)


def _effects(before: Board, after: Board, arms: Arms, folder: Path) -> tuple[Effect, ...]:
    """Every rung of either board, in the order of the new one."""
    old, new = ({row.rung: row for row in board.rungs} for board in (before, after))
    same = (before.folds_hash, before.data_hash) == (after.folds_hash, after.data_hash)
    there = same and before.metric.name == after.metric.name
    then = _predictions(folder, before, arms.progress.exam) if there else None
    found = []
    for rung in dict.fromkeys([*new, *old]):
        one, other = old.get(rung), new.get(rung)
        gain = _gain(arms, then, one, other) if then is not None and one and other else None
        found.append(
            Effect(
                rung=rung,
                score_before=one.score if one else None,
                score_after=other.score if other else None,
                verdict_before=one.verdict if one else None,
                verdict_after=other.verdict if other else None,
                gain=gain[0] if gain else None,
                low=gain[1] if gain else None,
                high=gain[2] if gain else None,
            )
        )
    return tuple(found)


def _predictions(folder: Path, board: Board, exam: Exam) -> Predictions | None:
    """Of the parent's rungs that did not fail, in the first repeat; None where they are broken or not there.

    They are not committed above 1 MB.
    """
    try:
        table = pd.read_parquet(folder / "predictions.parquet", filters=[("repeat", "==", 0)])
        folds = folds_frame(exam.folds, exam.task)
        rungs = [row.rung for row in board.rungs if row.status != "failed"]
        return Predictions.of_record(table, folds, kind=exam.folds.kind, labels=exam.task.labels, rungs=rungs)
    except (OSError, ValueError, KeyError, RecordError):
        return None


def _gain(arms: Arms, then: Predictions, before: BoardRow, after: BoardRow) -> tuple[float, float, float] | None:
    """Of the arm that climbs now over the one that did, on the rows of the first repeat."""
    steps = [step for step in arms.progress.exam.plan.ladder if step.name == after.rung]
    said = {str(arm): one for arm, one in then.of(before.rung).items()}.get(str(before.arm))
    if arms.exam is None or not steps or said is None:
        return None
    now = arms.measured(steps[0]).get("tuned" if after.arm == "tuned" else "default")
    if now is None:
        return None
    pair = compare_all(arms.exam, measure(arms.exam, said.values, said.codes), now.first(1), 0.05)
    return pair.gain, pair.low, pair.high
