"""The unit store: one Parquet file a unit, named by the hash of all that went into it. No pickles."""

import hashlib
import io
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from kiss_bench.evaluation.exam import Costs, Outcome, Trial
from kiss_bench.records.atomic import write_whole

FACTS, KEY, CHECKSUM = b"kiss_bench", b"kiss_bench.key", b"kiss_bench.sha256"
PLAIN = ("rung", "arm", "repeat", "fold", "purpose", "status", "error", "reason", "clipped", "stopped_by", "threshold")


@dataclass(frozen=True, kw_only=True, slots=True)
class Damage:
    """A stored unit that cannot be trusted, and how that shows."""

    reason: str


class UnitStore:
    """Outcomes by key in a folder. Failed units are not kept: the next run tries them again.

    Each file carries its key and a SHA-256 over key, facts and values: what loads is what was saved, bit by bit.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, key: str) -> Path:
        return self.folder / f"{key}.parquet"

    def load(self, key: str) -> Outcome | Damage | None:
        """The stored outcome; None where there is none, or one of a version that wrote no checksums."""
        try:
            content = self.path(key).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            return Damage(reason=f"it cannot be read: {error.strerror or error}")
        try:
            return _read(content, key)
        except (OSError, pa.ArrowException, AttributeError, LookupError, TypeError, ValueError):
            return Damage(reason="it is no unit, or not a whole one")

    def save(self, key: str, outcome: Outcome) -> None:
        """Raises RecordError where it cannot be written."""
        buffer = io.BytesIO()
        table = _table(outcome)
        table = table.replace_schema_metadata({**table.schema.metadata, KEY: key.encode()})
        table = table.replace_schema_metadata({**table.schema.metadata, CHECKSUM: _checksum(table)})
        pq.write_table(table, buffer, compression="zstd", write_page_checksum=True, write_statistics=False)
        write_whole(self.path(key), buffer.getvalue())


def _read(content: bytes, key: str) -> Outcome | Damage | None:
    table = pq.read_table(io.BytesIO(content), page_checksum_verification=True)
    facts = table.schema.metadata or {}
    if FACTS in facts and not {KEY, CHECKSUM} & set(facts):
        return None
    if facts[CHECKSUM] != _checksum(table):
        return Damage(reason="its values are not those that its checksum was taken of")
    if facts[KEY] != key.encode():
        return Damage(reason=f"it is another unit, {facts[KEY].decode(errors='replace')[:12]}…, renamed")
    return _outcome(table)


def _checksum(table: pa.Table) -> bytes:
    """Over key, facts, and names and values of all columns; each with its length, so that none runs into the next."""
    facts = table.schema.metadata
    parts = [facts[KEY], facts[FACTS]]
    for name in table.column_names:
        values = table[name]
        plain = json.dumps(values.to_pylist()).encode() if name == "part" else values.to_numpy().tobytes()
        parts += [f"{name}:{values.type}".encode(), plain]
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest().encode()


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
