"""A finished run, read back: the plan, the record, the trials and the rows that a replay or an export starts from."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from kiss_bench.errors import KissBenchError, RecordError
from kiss_bench.evaluation.exam import Exam, Trial
from kiss_bench.exports import Results, export
from kiss_bench.plan.faults import masked_url
from kiss_bench.plan.plan import Data, Plan, plan_from_dict
from kiss_bench.records.folder import read_board, read_json
from kiss_bench.records.frames import StudyPlace, trials_of
from kiss_bench.records.keys import sha256_of
from kiss_bench.records.tuning import StudyFacts, TuningRecord, record_from_dict
from kiss_bench.runs.exam import set_exam
from kiss_bench.runs.pipelines import BESIDE_THE_PLAN


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """What a run left behind."""

    folder: Path
    plan: Plan
    facts: Mapping[str, Any]
    """`plan.json`, whole."""
    record: TuningRecord
    trials: Mapping[StudyPlace, tuple[Trial, ...]] | None
    """None where `trials.parquet` is not there: it is not committed above 1 MB."""

    @property
    def studies(self) -> dict[StudyPlace, StudyFacts]:
        return {
            (rung.rung, arm, study.repeat, study.fold): study
            for rung in self.record.rungs
            for arm, studies in (("tuned", rung.studies), ("random", rung.control))
            for study in studies
        }


def read_recorded(folder: Path) -> Recorded:
    """Raises RecordError for a folder that is none, or not whole."""
    record = record_from_dict(read_json(folder, "tuning.json"), str(folder / "tuning.json"))
    facts = read_json(folder, "plan.json")
    kept = {key: value for key, value in facts.items() if key not in BESIDE_THE_PLAN}
    plan = plan_from_dict(kept, source=str(folder / "plan.json"))
    if sha256_of(kept) != facts.get("plan_hash"):  # of what is written: an older version wrote fewer keys
        raise RecordError(f"{folder / 'plan.json'} is not the plan that its own hash was taken of: it was changed")
    if facts.get("plan_hash") != record.plan_hash:
        raise RecordError(f"{folder} has the plan of a run that has not ended; `kiss-bench run` it to its end first")
    return Recorded(folder=folder, plan=plan, facts=facts, record=record, trials=_trials(folder))


def _trials(folder: Path) -> dict[StudyPlace, tuple[Trial, ...]] | None:
    path = folder / "trials.parquet"
    if not path.exists():
        return None
    try:
        return trials_of(pd.read_parquet(path))
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = f"{type(error).__name__}: {error}"
        raise RecordError(f"{path} is no table of trials ({why}); without the file their hashes are compared") from None


def exam_of(recorded: Recorded, data: Path | None) -> Exam:
    """The exam of a record over the very same rows: those of `data`, or else of where the config found them.

    Raises RecordError where the rows are not to be found, or are others.
    """
    exam = set_exam(plan_with_data(recorded, data))
    wanted = {"data": recorded.record.data.data_hash, "folds": recorded.record.data.folds_hash}
    found = {"data": exam.task.data_hash, "folds": exam.folds.hash}
    for what, there in found.items():
        if there != wanted[what]:
            raise RecordError(
                f"these are not the {what} of {recorded.folder}: found hash {there[:12]}…, recorded "
                f"{wanted[what][:12]}…. Give the file with the very same rows as --data FILE"
            )
    return exam


def plan_with_data(recorded: Recorded, data: Path | None) -> Plan:
    """The plan with the place of its data as seen from here."""
    plan = recorded.plan
    if data is not None:
        where: dict[str, Any] = {"path": str(data.resolve()), "sql": None, "url": None, "loader": None}
        return replace(plan, data=replace(plan.data, **where), folder=str(config_folder(recorded)))
    if plan.data.path is None and plan.data.sql is None and plan.data.loader is None:
        raise RecordError(f"{recorded.folder} came from a frame in Python; give a file with the same rows: --data FILE")
    if "***" in (plan.data.url or ""):
        raise RecordError(
            f"{recorded.folder} does not hold the password of its database; write ${{NAME}} in the config's "
            "`data.url`, or give a file with the same rows: --data FILE"
        )
    folder = config_folder(recorded)
    if plan.data.path is not None and not _there(folder, plan.data).exists():
        tried = _there(folder, plan.data)
        raise RecordError(f"the rows are not at {tried}; run this where the config was run, or give them: --data FILE")
    return replace(plan, folder=str(folder))


def config_folder(recorded: Recorded) -> Path:
    """Where relative paths of the plan start: the config's folder, from here or from the folders around the record."""
    config = Path(recorded.record.config or "").expanduser()
    starts = [Path.cwd(), *recorded.folder.resolve().parents]
    for start in starts:
        if recorded.record.config and (start / config).exists():
            return (start / config).parent
    for start in starts:
        if recorded.plan.data.path is not None and _there(start / config.parent, recorded.plan.data).exists():
            return start / config.parent
    return Path.cwd() / config.parent


def _there(folder: Path, data: Data) -> Path:
    return folder / Path(data.path or "").expanduser()


def export_folder(folder: Path, to: str, target: str | None = None) -> str:
    """Tells one tracker of a result folder; says what was written. Raises KissBenchError where that cannot be done."""
    recorded = read_recorded(folder)
    results = Results(folder=folder, board=read_board(folder), record=recorded.record, trials=recorded.trials or {})
    return export(results, to, target)


def exports_of_run(plan: Plan, folder: Path) -> Iterator[tuple[bool, str]]:
    """Whether each tracker of the plan was told, and what there is to say; one that cannot be told costs no result."""
    for to, target in _targets(plan).items():
        try:
            yield True, export_folder(folder, to, target)
        except KissBenchError as error:
            again = f"kiss-bench export {folder} --to {to} --target {masked_url(target)}"
            yield False, f"not exported to {to}: {error}. The results are complete; try again with: {again}"


def _targets(plan: Plan) -> dict[str, str]:
    found = {}
    if plan.export.optuna is not None:
        found["optuna"] = os.path.normpath(Path(plan.folder) / Path(plan.export.optuna).expanduser())
    if plan.export.mlflow is not None:
        found["mlflow"] = plan.export.mlflow
    return found
