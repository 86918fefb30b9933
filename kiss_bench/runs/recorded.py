"""A result folder as the plan, the tuning record and the trials that a replay or an export starts from."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from kiss_bench.errors import RecordError
from kiss_bench.evaluation.exam import Trial
from kiss_bench.plan.plan import Plan
from kiss_bench.plan.written import plan_from_dict
from kiss_bench.records.folder import read_json
from kiss_bench.records.frames import StudyPlace, trials_of
from kiss_bench.records.keys import sha256_of
from kiss_bench.runs.estimators import BESIDE_THE_PLAN
from kiss_bench.tuning.record.facts import TuningRecord
from kiss_bench.tuning.record.rung import StudyFacts
from kiss_bench.tuning.record.schema import record_from_dict


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
