"""`kiss-bench vault open`: the sealed rows, scored once, against the plan that is registered.

Models are fitted on all rows outside it, and asked of the rows inside.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from kiss_bench.engines import Choice, Workforce, hired
from kiss_bench.errors import KissBenchError, RecordError, RefusedError
from kiss_bench.evaluation.exam import Exam, Outcome, Unit
from kiss_bench.judge.predictions import Predictions
from kiss_bench.plan.plan import Arm, Plan, Step
from kiss_bench.proposal.holdout import Holdout, check_holdout, judge_holdout
from kiss_bench.proposal.shift import shift_of
from kiss_bench.proposal.verify import verify
from kiss_bench.records.board import Board, VaultFacts
from kiss_bench.records.folder import check_free, held, read_board
from kiss_bench.records.frames import predictions_frame, write_frame
from kiss_bench.records.json import plain_json
from kiss_bench.records.keys import Keys
from kiss_bench.records.store import UnitStore
from kiss_bench.reports.checks import is_open
from kiss_bench.runs.exam import set_exam
from kiss_bench.runs.judging import terms_of
from kiss_bench.runs.recorded import Recorded, plan_with_data, read_recorded
from kiss_bench.runs.registration import asked_hash, note, openings, read_ledgers, unfinished
from kiss_bench.runs.result_files import VAULT, seal_again
from kiss_bench.runs.units import Progress, arms_of, rung_facts
from kiss_bench.tasks.folds import folds_frame, folds_hash
from kiss_bench.tasks.make import make_task
from kiss_bench.tasks.read import read_table
from kiss_bench.tasks.seeds import seed_of
from kiss_bench.tasks.task import Fold, Folds, Table, Task


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """A rung and the arm of it that is asked."""

    rung: str
    arm: Arm


def opening_exam(exam: Exam, table: Table, models: tuple[Model, ...]) -> Exam:
    """One split of all rows: training is all that `exam` has, less the gap in time; testing is its vault.

    `table` holds both. The ladder is cut down to these models and what they blend; a model of the default arm is not
    tuned. The number of the fold is the one after the last, so that its seeds are none that a run has used.
    """
    assert exam.task.sealed is not None
    resolved, task = make_task(replace(exam.plan, vault=None), table)
    ladder = _ladder(exam.plan, models)
    plan = replace(resolved, vault=exam.plan.vault, ladder=ladder, skip={}, folds=replace(resolved.folds, repeats=1))
    sealed = np.isin(task.row_id, exam.task.sealed)
    split = Fold(
        repeat=0,
        fold=len(exam.folds.of(0)),
        train=np.flatnonzero(_training(task, sealed, exam)),
        test=np.flatnonzero(sealed),
    )
    folds = Folds(kind=exam.folds.kind, splits=(split,), hash="")
    hashed = folds_hash(folds.kind, folds_frame(folds, task))
    return Exam(plan=plan, task=task, folds=replace(folds, hash=hashed), root=exam.root)


def outcomes_of(exam: Exam, models: tuple[Model, ...], folder: Path, workforce: Workforce) -> dict[Model, Outcome]:
    """Run what is not stored yet. Raises RefusedError naming every model that could not be fitted."""
    progress, keys, store = Progress(exam=exam, quick=False), Keys(exam), UnitStore(folder / ".units")
    todo = []
    for unit in _needed(progress, models):
        found = store.load(keys.of(unit))
        if isinstance(found, Outcome):
            progress.add(unit, found)
        else:
            todo.append(unit)
    if todo:
        engine = workforce.engine(exam)
        try:
            for unit, outcome in engine.run(todo):
                if outcome.status == "ok":
                    store.save(keys.of(unit), outcome)
                progress.add(unit, outcome)
        finally:
            engine.close()
    steps = {step.name: step for step in exam.plan.ladder}
    made = {model: progress.found(steps[model.rung], model.arm)[0] for model in models}
    failed = [f"{model.rung}: {found.error}: {found.reason}" for model, found in made.items() if found and found.error]
    failed += [f"{model.rung}: what it blends is not there" for model, found in made.items() if found is None]
    if failed:
        raise RefusedError(f"the vault was not scored, since fits failed: {'; '.join(failed)}")
    return {model: found for model, found in made.items() if found is not None}


def _ladder(plan: Plan, models: tuple[Model, ...]) -> tuple[Step, ...]:
    """Only rungs that are needed; those that are asked for their default settings without trials."""
    arms = {model.rung: model.arm for model in models}
    named = [step for step in plan.ladder if step.name in arms]
    heights = {step.level: arms[step.name] for step in named if rung_facts(step).blends}
    highest = max(heights, default=0.0)
    kept = [step for step in plan.ladder if step.name in arms or step.level < highest]
    tuned = heights.get(highest) == "tuned"
    return tuple(
        step if arms.get(step.name) == "tuned" or (tuned and step.level < highest) else replace(step, trials=0)
        for step in kept
    )


def _training(task: Task, sealed: np.ndarray, exam: Exam) -> np.ndarray:
    """All rows outside the vault; forward in time those that lie the gap before it."""
    gap = exam.plan.folds.gap or 0
    if exam.folds.kind != "forward" or task.time is None or not gap:
        return ~sealed
    return np.asarray(~sealed & (task.time < task.time[sealed].min() - gap))


def _needed(progress: Progress, models: tuple[Model, ...]) -> Iterator[Unit]:
    """All units but default fits that nobody asks for: of rungs asked for their tuned arm, and in no default blend."""
    usual = {model.rung for model in models if model.arm == "default"}
    blends = [step for step in progress.exam.plan.ladder if rung_facts(step).blends and step.name in usual]
    blended = max((step.level for step in blends), default=0.0)
    for unit in progress.units():
        tuned = "tuned" in arms_of(progress.exam, unit.step, quick=False)
        if unit.purpose != "fit" or not tuned or unit.step.name in usual or unit.step.level < blended:
            yield unit


ASKED_FIRST = ("ledger", "files", "plan", "folds", "digest", "scores and verdicts")
"""Questions of `verify` that have to be answered before anything is looked at."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    burn: bool = False
    """Open it although it was opened before; every report says so from then on."""
    data: Path | None = None
    jobs: int | None = None
    command: tuple[str, ...] = ()


def open_vault(folder: Path, options: Options, say: Callable[[str], None] = lambda _: None) -> Board:
    """Fit the recommended rung, its incumbent and the dummy on all other rows, and score the vault's with them.

    The ledger says that it is being opened before anything is fitted, and what came of it before anything is shown; an
    opening that was stopped in between has shown nothing, and is finished by opening it again with the same plan.
    Raises RecordError for a folder that is none or has no vault, RefusedError for everything that speaks against it.
    """
    check_free(folder)
    board = read_board(folder)
    models = _models(board, folder)
    _refuse_what_differs(folder)
    recorded = read_recorded(folder)
    choice = Choice(jobs=options.jobs, arithmetic=recorded.plan.arithmetic)
    with hired(choice) as workforce, threadpool_limits(1), held(folder, options.command):
        exam, opened = (replace(one, level=workforce.level) for one in _exams(recorded, board, models, options.data))
        _refuse_second_look(folder, exam, burn=options.burn)
        note(folder, exam, "vault opening", {"burn": options.burn, "models": [asdict(model) for model in models]})
        split = opened.folds.splits[0]
        say(f"fitting {', '.join(model.rung for model in models)} on {len(split.train):,} rows")
        outcomes = outcomes_of(opened, models, folder, workforce)
        say(f"scoring the {len(split.test):,} rows of the vault")
        facts = _facts(board, opened, outcomes, models)
        write_frame(folder / VAULT, _table(opened, list(outcomes.values())))
        return seal_again(folder, exam, "vault opened", {"vault": plain_json(facts)}, (VAULT,))


def _models(board: Board, folder: Path) -> tuple[Model, ...]:
    """The dummy, the incumbent and the recommended rung, in this order."""
    if not board.rows_vault:
        raise RecordError(f"{folder} has no vault; `vault: 20%` in a config puts rows away before the first run")
    rows = {row.rung: row for row in board.rungs}
    chosen = board.recommended
    if chosen is None or not board.digest:
        raise RefusedError(f"{folder} recommends nothing yet, so there is nothing to hold against the vault")
    if any(row.status == "provisional" for row in board.rungs):
        raise RefusedError(f"{folder} is a first look at default settings; run it without --quick before the vault")
    incumbent = rows[chosen.rung].incumbent
    if incumbent is None:
        raise RefusedError(
            f"{folder} stays with {chosen.rung}: no gain is claimed that the vault could confirm, and it stays sealed"
        )
    arms = {incumbent: rows[incumbent].arm, chosen.rung: chosen.arm}
    base = board.rungs[0].rung
    return tuple(Model(rung=rung, arm=_arm(arm)) for rung, arm in ({base: rows[base].arm} | arms).items())


def _arm(name: str | None) -> Arm:
    return "tuned" if name == "tuned" else "default"


def _refuse_what_differs(folder: Path) -> None:
    """Only results that are what they were can be held against the vault."""
    wrong = [
        f"{check.name}: {'; '.join(check.told)}"
        for check in verify(folder)
        if check.state == "differs" and check.name in ASKED_FIRST
    ]
    if wrong:
        told = "\n  ".join(wrong)
        raise RefusedError(f"the vault stays sealed, since {folder} is not what its run wrote:\n  {told}")


def _refuse_second_look(folder: Path, exam: Exam, *, burn: bool) -> None:
    """An opening that did not end may be finished with the same plan; with another it was a look."""
    ledgers = read_ledgers(folder)
    looks = openings(ledgers, exam.task.data_hash)
    left = unfinished(ledgers.own)
    if left is not None and left.facts.get("asked_hash") != asked_hash(exam) and left not in looks:
        looks.append(left)
    if looks and not burn:
        last = looks[-1]
        said = last.facts.get("vault", {}).get("verdict", "it was left before it ended")
        raise RefusedError(
            f"the vault of these rows was opened on {last.at} ({said}). A second look is no fresh look; --burn takes "
            f"it, and every report will say so for ever"
        )


def _exams(recorded: Recorded, board: Board, models: tuple[Model, ...], data: Path | None) -> tuple[Exam, Exam]:
    """The exam of the run, and that of the opening, over the very rows of the record; nothing is fitted."""
    plan = plan_with_data(recorded, data)
    table = read_table(plan)
    if table.data_hash != board.data_hash:
        raise RefusedError(
            f"the vault stays sealed: the data are others than those of {recorded.folder} (hash "
            f"{table.data_hash[:12]}…, registered {board.data_hash[:12]}…). Give the very same rows as --data FILE"
        )
    exam = set_exam(plan, table)
    if exam.folds.hash != board.folds_hash:
        raise RefusedError(f"the vault stays sealed: these rows do not give the folds of {recorded.folder}")
    try:
        opened = opening_exam(exam, table if table.sealed is None else read_table(replace(plan, vault=None)), models)
        check_holdout(Predictions.of_outcomes(opened, {}), terms_of(opened))
    except KissBenchError as error:
        raise RefusedError(f"the vault stays sealed, since its rows cannot be scored: {error}") from None
    return exam, opened


def _facts(board: Board, opened: Exam, outcomes: dict[Model, Outcome], models: tuple[Model, ...]) -> VaultFacts:
    split, task = opened.folds.splits[0], opened.task
    found = _judged(opened, outcomes, models)
    sealed = np.zeros(len(task.row_id), dtype=np.bool_)
    sealed[split.test] = True
    kept = np.sort(np.concatenate([split.train, split.test]))
    group = None if task.group is None else task.group[kept]
    seed = seed_of(opened.root, "fold", fold=split.fold)
    before = board.honesty.vault
    return VaultFacts(
        rows=len(split.test),
        how=before.how if before else "",
        fresh=before.fresh if before else True,
        rung=models[-1].rung,
        arm=models[-1].arm,
        incumbent=models[-2].rung,
        scores=found.scores,
        gain=found.comparison.gain,
        gain_low=found.low,
        gain_high=found.high,
        margin=found.comparison.margin,
        p_gain=found.comparison.p_gain,
        verdict=found.verdict,
        rows_needed=found.comparison.rows_needed if found.verdict == "not contradicted" else None,
        method=found.comparison.method,
        notes=(*_unseen(opened), *_unanswered(board)),
        shift=shift_of(task.frame.iloc[kept], sealed[kept], group, seed),
    )


def _unseen(opened: Exam) -> Iterator[str]:
    """Classes that only the vault holds: no model could know them."""
    task, split = opened.task, opened.folds.splits[0]
    if task.kind != "regression":
        inside, outside = (
            np.bincount(task.y[rows].astype(np.int64), minlength=len(task.labels)) for rows in (split.test, split.train)
        )
        for code in np.flatnonzero((inside > 0) & (outside == 0)):
            yield f"{inside[code]} of its rows are of class {task.labels[code]}, which no other row has"


def _unanswered(board: Board) -> Iterator[str]:
    """What the leak audit still asks: rows in a vault share what leaks, so that it may be a leak that is confirmed."""
    columns = dict.fromkeys(name for each in board.audit.findings if is_open(each) for name in each.columns)
    if any(is_open(each) for each in board.audit.findings):
        about = f" about {', '.join(columns)}" if columns else ""
        yield f"The leak audit waits for answers{about}: a vault shares the leaks of its table, and cannot tell them"


def _judged(opened: Exam, outcomes: dict[Model, Outcome], models: tuple[Model, ...]) -> Holdout:
    said = Predictions.of_outcomes(opened, {(model.rung, model.arm): (outcomes[model],) for model in models})
    return judge_holdout(said, terms_of(opened), models[0].rung, (models[-2].rung, models[-1].rung))


def _table(opened: Exam, outcomes: list[Outcome]) -> pd.DataFrame:
    """Predictions as in `predictions.parquet`, with group, time and weight of the rows as far as they are declared."""
    frame, task, test = predictions_frame(opened, outcomes), opened.task, opened.folds.splits[0].test
    for name, values in (("group", task.group), ("time", task.time), ("weight", task.weight)):
        if values is not None:
            frame[name] = pd.Series(values[test], index=task.row_id[test]).loc[frame["row_id"]].to_numpy()
    return frame
