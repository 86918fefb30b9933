"""MLflow: a bench is a run, each rung a run below it; parameters, metrics, and the result folder's files."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from typing import Any

from kiss_bench.errors import KissBenchError
from kiss_bench.exports import Results
from kiss_bench.plan.faults import masked_url
from kiss_bench.records.board import BoardRow

FILES = ("leaderboard.md", "leaderboard.csv", "leaderboard.json", "tuning.md", "tuning.json", "plan.json")
MANNERS = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "1",
}
"""A server that is down is to cost seconds, where MLflow's own defaults try for minutes; and we alone print."""
DIGEST, RUNG, PARENT = "kiss_bench.digest", "kiss_bench.rung", "mlflow.parentRunId"
NUMBERS = (
    *("score", "score_low", "score_high", "skill", "default_score", "tuning_gain", "gain", "gain_low", "gain_high"),
    *("p_gain", "p_equal", "p_harm", "margin", "min_detectable_gain", "fit_seconds", "predict_us_per_row"),
    *("model_bytes", "tuning_seconds", "repeats"),
)
"""Fields of a rung on the board that are metrics of its run, under their own names."""
LONGEST_ERROR = 200
"""Characters of what a tracker says of its own error; network libraries repeat themselves."""
LONGEST = 500
"""Characters of a parameter's value, which MLflow limits."""


def export(results: Results, target: str | None) -> str:
    """Log to the tracking URI `target`, else where MLflow itself tracks (MLFLOW_TRACKING_URI, or its own default).

    Results that were logged before, by their digest, are not logged twice.
    """
    with _manners():
        try:
            from mlflow import MlflowClient
        except ImportError:
            raise KissBenchError('MLflow is not installed: python -m pip install "kiss-bench[mlflow]"') from None
        try:
            return _log(MlflowClient(tracking_uri=target), results)
        except Exception as error:  # noqa: BLE001  (the edge to a tracker: drivers, stores and plug-ins raise anything)
            told = f"{type(error).__name__}: {str(error).strip() or 'no message'}".splitlines()[0]
            told = told.replace(target, masked_url(target)) if target else told  # before it is cut: half a URL stays
            told = told[:LONGEST_ERROR]
            place = masked_url(target) if target else "its own place"
            raise KissBenchError(f"MLflow at {place} could not be told: {told}") from None


@contextlib.contextmanager
def _manners() -> Iterator[None]:
    """MANNERS for as long as we talk, where the user has none of his own."""
    ours = {name: value for name, value in MANNERS.items() if name not in os.environ}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name in ours:
            os.environ.pop(name, None)


def _log(client: Any, results: Results) -> str:
    board = results.board
    experiment = _experiment(client, board.project)
    before = client.search_runs([experiment], f"tags.`{DIGEST}` = '{board.digest}' and tags.`{RUNG}` = ''")
    if ended := [run for run in before if run.info.status == "FINISHED"]:
        return f"these results are there already, as run {ended[0].info.run_id} of experiment {board.project}"
    bench = _run(client, experiment, f"{board.project} {board.digest[:12]}", {DIGEST: board.digest, RUNG: ""})
    _fill(client, bench, _facts(results), {"rows": board.rows, "features": board.features, "seconds": board.seconds})
    for name in FILES:
        if (results.folder / name).exists():
            client.log_artifact(bench, str(results.folder / name))
    for row in board.rungs:
        tags = {DIGEST: board.digest, RUNG: row.rung, PARENT: bench}
        run = _run(client, experiment, row.rung, tags)
        _fill(client, run, _settings(results, row), _numbers(row))
        client.set_terminated(run, "FAILED" if row.status == "failed" else "FINISHED")
    client.set_terminated(bench, "FINISHED")
    place = masked_url(str(client.tracking_uri))
    return f"run {bench} with {len(board.rungs)} rungs in experiment {board.project}, tracked at {place}"


def _experiment(client: Any, name: str) -> str:
    found = client.get_experiment_by_name(name)
    return str(found.experiment_id if found is not None else client.create_experiment(name))


def _run(client: Any, experiment: str, name: str, tags: Mapping[str, str]) -> str:
    return str(client.create_run(experiment, run_name=name, tags=dict(tags)).info.run_id)


def _fill(client: Any, run: str, params: Mapping[str, Any], metrics: Mapping[str, float | None]) -> None:
    from mlflow.entities import Metric, Param

    told = [Param(name, str(value)[:LONGEST]) for name, value in params.items()]
    numbers = [Metric(name, float(value), 0, 0) for name, value in metrics.items() if value is not None]
    for start in range(0, max(len(told), 1), 100):  # MLflow takes so many at a time
        client.log_batch(run, params=told[start : start + 100], metrics=numbers if start == 0 else ())


def _facts(results: Results) -> dict[str, Any]:
    """Parameters of the whole bench."""
    board, chosen = results.board, results.board.recommended
    return {
        "metric": board.metric.name,
        "margin": board.metric.margin,
        "margin_unit": board.metric.margin_unit,
        "folds": f"{board.folds.count} {board.folds.kind}",
        "trials": results.record.budget,
        "sampler": results.record.sampler.name,
        "recommended": f"{chosen.rung} ({chosen.arm})" if chosen else "none",
        **{name: getattr(board, name) for name in ("plan_hash", "data_hash", "folds_hash", "digest", "target", "task")},
    }


def _settings(results: Results, row: BoardRow) -> dict[str, Any]:
    """Parameters of a rung: verdict and arm, its default settings and those that the first fold landed on."""
    found: dict[str, Any] = {
        "verdict": row.verdict, "arm": row.arm, "status": row.status, "incumbent": row.incumbent, "level": row.level,
    }  # fmt: skip
    for rung in results.record.rungs:
        if rung.rung == row.rung:
            found |= {f"default.{name}": value for name, value in rung.default_settings.items()}
            for study in rung.studies[:1]:
                found |= {f"best.{name}": value for name, value in study.best_params.items()}
    return {name: value for name, value in found.items() if value is not None}


def _numbers(row: BoardRow) -> dict[str, float | None]:
    numbers: dict[str, float | None] = {name: getattr(row, name) for name in NUMBERS}
    numbers |= dict(row.also)
    if row.trials is not None:
        numbers |= {f"trials_{state}": getattr(row.trials, state) for state in ("complete", "pruned", "failed")}
    return numbers
