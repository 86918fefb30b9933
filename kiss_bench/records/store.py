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
from kiss_bench.records.folder import write_whole

FACTS, KEY, SEAL = "kiss_bench", "kiss_bench.key", "kiss_bench.sha256"
"""Names in the metadata of a unit's file. The seal is the SHA-256 of the whole file with UNSEALED in the seal's place,
so that no byte of key, facts or values, nor any other, can change unnoticed."""
UNSEALED = b"unsealed" * 8
PLAIN = (
    *("rung", "arm", "repeat", "fold", "purpose", "status", "error", "reason", "clipped", "stopped_by", "threshold"),
    *("started", "inner_hash", "studied_rows"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Damage:
    """A stored unit that cannot be trusted, and how that shows."""

    reason: str


class UnitStore:
    """Outcomes by key in a folder. Failed units are not kept: the next run tries them again.

    Each file carries its key and a checksum: what loads is what was saved under this key, bit by bit.
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
        table, facts = _table(outcome)
        buffer = io.BytesIO()
        # without Arrow's own copy of the schema nothing but the seal depends on the seal
        with pq.ParquetWriter(buffer, table.schema, compression="zstd", store_schema=False) as writer:
            writer.write_table(table)
            writer.add_key_value_metadata({FACTS: json.dumps(facts), KEY: key, SEAL: UNSEALED.decode()})
        content = buffer.getvalue()
        write_whole(self.path(key), _with_seal(content, UNSEALED, _hash(content)))


def _read(content: bytes, key: str) -> Outcome | Damage | None:
    facts = pq.read_metadata(io.BytesIO(content)).metadata or {}
    if FACTS.encode() in facts and not {KEY.encode(), SEAL.encode()} & set(facts):
        return None
    seal = facts[SEAL.encode()]
    if len(seal) != len(UNSEALED) or _hash(_with_seal(content, seal, UNSEALED)) != seal:
        return Damage(reason="it is not what its checksum was taken of")
    found = facts[KEY.encode()].decode()
    if found != key:
        return Damage(reason=f"it is another unit, {found[:12]}…, renamed")
    return _outcome(pq.read_table(io.BytesIO(content)), json.loads(facts[FACTS.encode()]))


def _hash(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()


def _with_seal(content: bytes, old: bytes, new: bytes) -> bytes:
    """The file with another seal, which is the last thing of its kind in it."""
    start = content.rindex(old)
    return content[:start] + new + content[start + len(old) :]


def _table(outcome: Outcome) -> tuple[pa.Table, dict[str, Any]]:
    """Out-of-fold and inner predictions in one long table: `part`, `row` (inner rows only), values; facts beside it."""
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
    return pa.table({"part": part, "row": np.concatenate(row) if row else np.array([], np.int64), **columns}), facts


def _outcome(table: pa.Table, facts: dict[str, Any]) -> Outcome:
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
