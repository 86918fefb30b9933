"""A table of any size, made of a public one: its rows drawn again with noise, so that no two are alike."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from kiss_bench.records.folder import write_whole
from speed.sets import DATA

SOURCE = DATA / "adult.parquet"
NUMBERS = ("age", "education_num", "capital_gain", "hours_per_week")
CATEGORIES = ("workclass", "marital_status", "occupation", "relationship")
TARGET, POSITIVE = "income", ">50K"
JITTER = 0.1
"""Standard deviation of what is added to a number, as a share of the column's own."""
SWAPPED = 0.1
"""Share of levels that are replaced by one drawn at random. Labels are left as they are."""
BLOCK = 250_000
"""Rows made at a time, so that a table of any size needs little memory."""


def write_table(path: Path, rows: int, columns: int, seed: int = 0) -> None:
    """Write `rows` rows of `columns` features, half of them float32 numbers and half categories, and the target.

    Columns beyond eight are the same eight again with noise of their own. Equal arguments give equal tables.
    """
    source, rng = pd.read_parquet(SOURCE), np.random.default_rng(seed)
    sink = pa.BufferOutputStream()
    writer: pq.ParquetWriter | None = None
    for count in _blocks(rows):
        block = pa.Table.from_pandas(_block(source, count, columns, rng), preserve_index=False)
        writer = writer or pq.ParquetWriter(sink, block.schema)
        writer.write_table(block)
    if writer is not None:
        writer.close()
    write_whole(path, sink.getvalue().to_pybytes())


def _blocks(rows: int) -> Iterator[int]:
    for start in range(0, rows, BLOCK):
        yield min(BLOCK, rows - start)


def _block(source: pd.DataFrame, rows: int, columns: int, rng: np.random.Generator) -> pd.DataFrame:
    drawn = rng.integers(0, len(source), rows)
    made: dict[str, object] = {}
    for place in range(columns):
        copy, kind = divmod(place, len(NUMBERS) + len(CATEGORIES))
        name = (*NUMBERS, *CATEGORIES)[kind]
        values = source[name]
        noisy = _jittered(values, drawn, rng) if name in NUMBERS else _swapped(values, drawn, rng)
        made[name if copy == 0 else f"{name}_{copy + 1}"] = noisy
    made[TARGET] = pd.Categorical(source[TARGET].to_numpy()[drawn], categories=sorted(source[TARGET].unique()))
    return pd.DataFrame(made)


def _jittered(values: pd.Series, drawn: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    noise = rng.normal(scale=JITTER * float(values.std()), size=len(drawn))
    return np.asarray(values.to_numpy(dtype=np.float64)[drawn] + noise, dtype=np.float32)


def _swapped(values: pd.Series, drawn: np.ndarray, rng: np.random.Generator) -> pd.Categorical:
    found = pd.Categorical(values.astype("str"), categories=sorted(values.dropna().astype("str").unique()))
    codes = found.codes[drawn].astype(np.int64)
    swapped = rng.random(len(drawn)) < SWAPPED
    codes[swapped] = rng.integers(0, len(found.categories), int(swapped.sum()))
    return pd.Categorical.from_codes(codes, categories=found.categories)
