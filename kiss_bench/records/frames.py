"""The three tables of a result folder, folds, predictions and trials, as frames; and the digest over their values."""

import hashlib
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pyarrow import parquet

from kiss_bench.evaluation.exam import Exam, Outcome, Trial
from kiss_bench.records.board import Board
from kiss_bench.records.folder import write_whole
from kiss_bench.records.keys import canonical_json, sha256_of
from kiss_bench.tasks.labels import label_text, labels_of

StudyPlace = tuple[str, str, int, int]
"""(rung, arm, repeat, fold)."""
SAMPLED = ("number", "state", "value", "seed", "error")
"""Of a trial what a replay has to give again, beside its parameters and inner values."""
PREDICTION_ORDER = ["rung", "arm", "repeat", "fold", "row_id"]
TRIAL_ORDER = ["rung", "arm", "repeat", "fold", "number"]
TRIAL_COLUMNS = (
    *("rung", "arm", "repeat", "fold", "number", "state", "value", "inner_values", "params"),
    *("seconds", "seed", "error", "reason"),
)
ACCIDENTS = {"seconds", "reason"}
"""What two runs of the same plan may differ in: not part of the digest (of an error its class is)."""


def predictions_frame(exam: Exam, outcomes: Iterable[Outcome]) -> pd.DataFrame:
    """One row per rung, arm, repeat, fold and tested row; see the contract of `predictions.parquet`."""
    parts = [_prediction_part(exam, outcome) for outcome in outcomes if outcome.prediction is not None]
    if not parts:
        return pd.DataFrame(columns=[*PREDICTION_ORDER, "actual"])
    frame = pd.concat(parts, ignore_index=True)
    return frame.sort_values(PREDICTION_ORDER, kind="stable", ignore_index=True)


def _prediction_part(exam: Exam, outcome: Outcome) -> pd.DataFrame:
    task, rows = exam.task, exam.split(outcome.repeat, outcome.fold).test
    values = outcome.prediction
    if values is None:
        raise ValueError("a failed outcome has no predictions")
    columns: dict[str, Any] = {
        "rung": outcome.rung,
        "arm": outcome.arm,
        "repeat": outcome.repeat,
        "fold": outcome.fold,
        "row_id": task.row_id[rows],
        "actual": task.actual.to_numpy()[rows],
    }
    if task.kind == "regression":
        return pd.DataFrame({**columns, "prediction": values})
    names = [f"p_{label_text(label)}" for label in task.labels]
    columns |= {name: values[:, position] for position, name in enumerate(names)}
    labels = np.array(list(task.labels))
    return pd.DataFrame({**columns, "predicted": labels[labels_of(values, outcome.threshold, task.positive)]})


def trials_frame(outcomes: Iterable[Outcome]) -> pd.DataFrame:
    """One row per trial of every study, whatever became of it; `params` and `inner_values` as JSON and as a list."""
    rows = [
        {
            **{name: getattr(outcome, name) for name in ("rung", "arm", "repeat", "fold")},
            **{name: getattr(trial, name) for name in (*SAMPLED, "seconds", "reason")},
            "inner_values": list(trial.inner_values),
            "params": canonical_json(dict(trial.params)),
        }
        for outcome in outcomes
        for trial in outcome.trials
    ]
    frame = pd.DataFrame(rows, columns=list(TRIAL_COLUMNS)).astype({"value": "float64", "seconds": "float64"})
    return frame.sort_values(TRIAL_ORDER, kind="stable", ignore_index=True)


def trials_of(frame: pd.DataFrame) -> dict[StudyPlace, tuple[Trial, ...]]:
    """The way back: study -> its trials, in order."""
    found: dict[StudyPlace, list[Trial]] = {}
    for row in frame.sort_values(TRIAL_ORDER, kind="stable").to_dict("records"):
        value = row["value"]
        trial = Trial(
            **{name: row[name] for name in ("state", "seconds", "error", "reason")},
            number=int(row["number"]),
            seed=int(row["seed"]),
            value=None if pd.isna(value) else float(value),
            inner_values=tuple(map(float, row["inner_values"])),
            params=json.loads(row["params"]),
        )
        found.setdefault((row["rung"], row["arm"], int(row["repeat"]), int(row["fold"])), []).append(trial)
    return {place: tuple(trials) for place, trials in found.items()}


def trials_hash(trials: Iterable[Trial]) -> str:
    """SHA-256 over what a replay has to give again: all but times, and of an error its class."""
    facts = [[getattr(t, name) for name in SAMPLED] + [list(t.inner_values), dict(t.params)] for t in trials]
    return sha256_of(facts)


def values_hash(frame: pd.DataFrame, columns: Sequence[str]) -> str:
    """SHA-256 over the values of some columns, in the frame's order; floats by their bytes, text by its characters."""
    digest = hashlib.sha256(json.dumps([len(frame), list(columns)]).encode())
    for name in columns:
        values = frame[name]
        if pd.api.types.is_float_dtype(values):
            content = values.to_numpy(dtype="<f8").tobytes()
        elif pd.api.types.is_integer_dtype(values):
            content = values.to_numpy(dtype="<i8").tobytes()
        else:
            content = _texts(values).encode()
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()


def _texts(values: "pd.Series[Any]") -> str:
    """Canonical JSON of the values as text; in a column of text each level is written once, not once a row."""
    if not isinstance(values.dtype, pd.StringDtype):
        return canonical_json([_plain(value) for value in values])
    codes, levels = pd.factorize(values, use_na_sentinel=False)
    written = np.array([canonical_json(str(level)) for level in levels], dtype=object)
    return f"[{','.join(written[codes])}]"


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, (list, tuple, np.ndarray)) else str(value)


def judged_facts(board: Board) -> dict[str, Any]:
    """The part of a board that the digest covers: what was judged, no time, size or host."""
    rungs = []
    for row in board.rungs:
        compared = [row.gain, row.gain_low, row.gain_high, row.p_gain, row.p_harm, row.alpha]
        rungs.append(
            {
                "rung": row.rung,
                "arm": row.arm,
                "status": "ok" if row.status == "provisional" else row.status,
                "scores": [row.score, row.score_low, row.score_high, row.skill, row.default_score],
                "also": dict(row.also),
                "verdicts": [row.verdict, row.default_verdict, row.tuning_verdict, row.incumbent],
                "tuning": [row.tuning_gain, row.p_default_enough],
                "repeats": [row.repeats, row.gain_repeats],
                "comparison": compared if row.gain is not None else None,
            }
        )
    chosen = board.recommended
    return {
        "rungs": rungs,
        "recommended": [chosen.rung, chosen.arm] if chosen else None,
        "also_consider": board.also_consider,
        "ladder_error": board.ladder_error,
    }


def digest_of(board: Board, tables: tuple[pd.DataFrame, pd.DataFrame]) -> str:
    """SHA-256 of canonical JSON of data and folds hash and the hashes of predictions, trials and what was judged."""
    predictions, trials = tables
    told = [name for name in trials.columns if name not in ACCIDENTS]
    parts = {
        "data_hash": board.data_hash,
        "folds_hash": board.folds_hash,
        "predictions": values_hash(predictions, list(predictions.columns)),
        "trials": values_hash(trials, told),
        "judgement": sha256_of(judged_facts(board)),
    }
    return sha256_of(parts)


def write_frame(path: Path, frame: pd.DataFrame) -> None:
    """Write a Parquet file, whole or not at all; raises RecordError where the system does not let it."""
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False, compression="zstd")
    write_whole(path, buffer.getvalue())


def frame_of(content: bytes) -> pd.DataFrame:
    """The table in the bytes of a Parquet file, read in this thread alone; raises ValueError where there is none.

    Arrow's own threads, when they are still about at the end of a process that read little, can bring it down.
    """
    try:
        table = parquet.ParquetFile(io.BytesIO(content), pre_buffer=False).read(use_threads=False)
        frame: pd.DataFrame = table.to_pandas(use_threads=False)
    except Exception as error:  # noqa: BLE001  (Arrow meets damaged bytes with any class there is)
        raise ValueError(f"{type(error).__name__}: {str(error)[:200]}") from None
    return frame
