"""The unit store: one Parquet file a unit, named by the hash of all that went into it. No pickles."""

import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from kiss_bench.evaluation.exam import Costs, Outcome, Trial
from kiss_bench.records.atomic import write_whole

FACTS = b"kiss_bench"
PLAIN = ("rung", "arm", "repeat", "fold", "purpose", "status", "error", "reason", "clipped", "stopped_by", "threshold")


class UnitStore:
    """Outcomes by key in a folder. Failed units are not kept: the next run tries them again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, key: str) -> Path:
        return self.folder / f"{key}.parquet"

    def load(self, key: str) -> Outcome | None:
        """The stored outcome, or None where there is none or its file is damaged."""
        try:
            table = pq.read_table(self.path(key), page_checksum_verification=True, memory_map=False)
            return _outcome(table)
        except (OSError, pa.ArrowException, AttributeError, LookupError, TypeError, ValueError):
            return None

    def save(self, key: str, outcome: Outcome) -> None:
        buffer = io.BytesIO()
        pq.write_table(_table(outcome), buffer, compression="zstd", write_page_checksum=True)
        write_whole(self.path(key), buffer.getvalue())


def _table(outcome: Outcome) -> pa.Table:
    """Out-of-fold and inner predictions in one long table: `part`, `row` (inner rows only), then the values."""
    blocks = [
        (part, rows, values)
        for part, rows, values in (
            ("test", None, outcome.prediction),
            ("inner", outcome.inner_rows, outcome.inner_prediction),
        )
        if values is not None
    ]
    facts: dict[str, Any] = {name: getattr(outcome, name) for name in PLAIN}
    facts["settings"], facts["seeds"] = dict(outcome.settings), dict(outcome.seeds)
    facts["costs"] = asdict(outcome.costs)
    facts["trials"] = [asdict(trial) for trial in outcome.trials]
    facts["shapes"] = {part: list(values.shape) for part, _, values in blocks}
    part = np.concatenate([np.full(len(values), name) for name, _, values in blocks]) if blocks else np.array([], str)
    row = [np.full(len(values), -1) if rows is None else rows for _, rows, values in blocks]
    flat = [values.reshape(len(values), -1) for _, _, values in blocks]
    values = np.concatenate(flat) if flat else np.empty((0, 1))
    columns = {f"v{i}": values[:, i] for i in range(values.shape[1])}
    table = pa.table({"part": part, "row": np.concatenate(row) if row else np.array([], np.int64), **columns})
    return table.replace_schema_metadata({FACTS: json.dumps(facts).encode()})


def _outcome(table: pa.Table) -> Outcome:
    facts = json.loads(table.schema.metadata[FACTS])
    part = np.asarray(table["part"].to_pylist())
    values = np.column_stack([table[name].to_numpy() for name in table.column_names[2:]])
    found: dict[str, Any] = {}
    for name, shape in facts["shapes"].items():
        found[name] = values[part == name].reshape(shape)
    return Outcome(
        **{name: facts[name] for name in PLAIN},
        prediction=found.get("test"),
        inner_rows=table["row"].to_numpy()[part == "inner"] if "inner" in found else None,
        inner_prediction=found.get("inner"),
        settings=facts["settings"],
        costs=Costs(**facts["costs"]),
        trials=tuple(_trial(trial) for trial in facts["trials"]),
        seeds=facts["seeds"],
    )


def _trial(facts: dict[str, Any]) -> Trial:
    return Trial(**{**facts, "inner_values": tuple(facts["inner_values"])})
