"""An Optuna journal: every study with all its trials, as optuna-dashboard opens it."""

import json
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import BaseJournalBackend
from optuna.study import StudyDirection, create_study, delete_study
from optuna.trial import FrozenTrial, TrialState, create_trial

from kiss_bench.errors import KissBenchError
from kiss_bench.evaluation.exam import Trial
from kiss_bench.exports import Results
from kiss_bench.records.folder import write_whole
from kiss_bench.records.tuning import ParameterFacts, RungTuning, StudyFacts
from kiss_bench.rungs import Parameter
from kiss_bench.tuning.sampling import distribution_of, holds

FILE = "studies.journal"
STATES = {"COMPLETE": TrialState.COMPLETE, "PRUNED": TrialState.PRUNED, "FAIL": TrialState.FAIL}


class _Lines(BaseJournalBackend):
    """A journal in memory: written to disk in one piece, where Optuna's own would sync each of a thousand lines."""

    def __init__(self, logs: list[dict[str, Any]]) -> None:
        self.logs = logs

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        return islice(self.logs, log_number_from, None)

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        self.logs += logs

    def text(self) -> str:
        return "".join(f"{json.dumps(log, separators=(',', ':'))}\n" for log in self.logs)


def export(results: Results, target: str | None) -> str:
    """Write the journal to the file `target`, else to `studies.journal` in the result folder.

    Studies of others that are in it stay; those of this project are replaced.
    """
    path = Path(target).expanduser() if target else results.folder / FILE
    if not results.trials:
        raise KissBenchError(
            f"{results.folder} has no trials to export: nothing was tuned, or trials.parquet is missing"
        )
    lines, studies = _Lines(_there_already(path)), 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the journal is called experimental
        storage = JournalStorage(lines)
        for rung in results.record.rungs:
            for study in (*rung.studies, *rung.control):
                _add(storage, results, rung, study)
                studies += 1
    write_whole(path, lines.text())
    return f"{studies} studies in {path}; look at them with: optuna-dashboard {path}"


def _there_already(path: Path) -> list[dict[str, Any]]:
    """The lines of a journal that is there; raises KissBenchError for any other file, which is not to be lost."""
    if not path.parent.is_dir() or path.is_dir():
        raise KissBenchError(f"{path} cannot be written: give a file in a folder that is there as --target")
    if not path.exists():
        return []
    try:
        logs = [json.loads(line) for line in path.read_text(encoding="utf8").splitlines()]
        JournalStorage(_Lines(list(logs)))
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        raise KissBenchError(f"{path} is there and is no journal of Optuna; choose another --target") from None
    return logs


def _add(storage: JournalStorage, results: Results, rung: RungTuning, study: StudyFacts) -> None:
    _, name, arm, repeat, fold = study.study.rsplit("/", 4)
    direction = StudyDirection.MAXIMIZE if results.record.objective.greater_is_better else StudyDirection.MINIMIZE
    if study.study in {one.study_name for one in storage.get_all_studies()}:
        delete_study(study_name=study.study, storage=storage)
    made = create_study(storage=storage, study_name=study.study, directions=[direction])
    made.set_metric_names([results.record.objective.metric])
    facts = {"purpose": study.purpose, "seed": study.seed, "plan_hash": results.record.plan_hash}
    for key, value in {**facts, "digest": results.record.digest, "outer_score": study.outer_score}.items():
        made.set_user_attr(key, value)
    trials = results.trials.get((name, arm, int(repeat), int(fold)), ())
    made.add_trials([_trial(rung.space, study, trial) for trial in trials])


def _trial(space: Sequence[ParameterFacts], study: StudyFacts, trial: Trial) -> FrozenTrial:
    known = {line.name: _distribution(line) for line in space}
    inside = {name: value for name, value in trial.params.items() if name in known and holds(known[name], value)}
    running = dict(enumerate(_running(trial.inner_values)))
    begun = datetime.fromisoformat(study.started or "1970-01-01T00:00:00+00:00").astimezone().replace(tzinfo=None)
    begun += timedelta(seconds=study.begun[trial.number] if trial.number < len(study.begun) else 0.0)
    found = create_trial(
        state=STATES[trial.state],
        value=trial.value if trial.state == "COMPLETE" else None,
        params=inside,
        distributions={name: known[name] for name in inside},
        intermediate_values=running,
        user_attrs=_attributes(trial, inside),
    )
    found.datetime_start, found.datetime_complete = begun, begun + timedelta(seconds=trial.seconds)
    return found


def _attributes(trial: Trial, inside: Mapping[str, Any]) -> dict[str, Any]:
    """What Optuna has no place for; parameters outside their range, which trial 0 may have, are told here."""
    rest = {name: value for name, value in trial.params.items() if name not in inside}
    told = {"seed": trial.seed, "inner_values": list(trial.inner_values), "outside the space": rest}
    return {name: value for name, value in {**told, "error": trial.error, "reason": trial.reason}.items() if value}


def _running(values: Iterable[float]) -> list[float]:
    """Means over the inner folds reached so far, which is what pruning looked at."""
    total, found = 0.0, []
    for count, value in enumerate(values, 1):
        total += value
        found.append(total / count)
    return found


def _distribution(line: ParameterFacts) -> BaseDistribution:
    fields: dict[str, Any] = {name: getattr(line, name) for name in ("name", "kind", "low", "high", "log", "choices")}
    return distribution_of(Parameter(**fields))
