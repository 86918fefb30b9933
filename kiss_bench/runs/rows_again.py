"""The rows of a record, found again: by where the config had them, and known by their hash."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from kiss_bench.errors import RecordError
from kiss_bench.evaluation.exam import Exam
from kiss_bench.plan.plan import Data, Plan
from kiss_bench.runs.recorded import Recorded
from kiss_bench.runs.run import set_exam


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
