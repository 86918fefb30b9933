"""Tells trackers of a result folder: afterwards, from the record, and at the end of every run that asks for it."""

import os
from collections.abc import Iterator
from pathlib import Path

from kiss_bench.errors import KissBenchError
from kiss_bench.exports import Results, export
from kiss_bench.plan.masking import masked_url
from kiss_bench.plan.plan import Plan
from kiss_bench.records.folder import read_board
from kiss_bench.runs.recorded import read_recorded


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
