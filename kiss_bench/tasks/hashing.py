"""One SHA-256 of a table's content: equal for equal columns, kinds, values and row order, in whatever file they are."""

import hashlib
import json
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from kiss_bench.tasks.task import Column


def data_hash(frame: pd.DataFrame, columns: Sequence[Column], exact: Mapping[str, pd.Series]) -> str:
    """SHA-256 (64 hex digits) over names, logical types and values of a canonical frame; row order counts.

    A boolean counts as the number 0 or 1, since not every database tells them apart. `exact` holds the integer
    columns that float64 cannot hold; they are hashed digit by digit.
    """
    digest = hashlib.sha256(f"kiss_bench table 1: {len(frame)} rows\n".encode())
    for column in columns:
        if column.name in exact:
            logical, content = "integer", _digits(exact[column.name])
        elif column.kind == "category":
            logical, content = "category", _levels_and_codes(frame[column.name])
        elif column.kind == "date":
            logical, content = "date", frame[column.name].to_numpy().astype("datetime64[us]").astype("<i8").tobytes()
        else:
            logical, content = "number", _numbers(frame[column.name])
        digest.update(json.dumps([column.name, logical, len(content)]).encode() + b"\n")
        digest.update(content)
    return digest.hexdigest()


def _numbers(values: pd.Series) -> bytes:
    """Little-endian float64 with one NaN and one zero."""
    numbers = values.to_numpy(dtype="<f8", copy=True)
    numbers[np.isnan(numbers)] = np.nan
    numbers[numbers == 0] = 0.0
    return numbers.tobytes()


def _levels_and_codes(values: pd.Series) -> bytes:
    """Length-prefixed UTF-8 levels in order of appearance, then int32 codes (-1: missing)."""
    stored = values.cat.codes.to_numpy().astype(np.int64)
    codes = np.full(len(stored), -1, dtype="<i4")
    codes[stored >= 0], appeared = pd.factorize(stored[stored >= 0])
    texts = [level.encode("utf-8", "surrogatepass") for level in values.cat.categories[appeared]]
    prefixed = b"".join(len(text).to_bytes(4, "little") + text for text in texts)
    return len(texts).to_bytes(4, "little") + prefixed + codes.tobytes()


def _digits(values: pd.Series) -> bytes:
    return "\n".join(
        "" if gone else str(int(value)) for value, gone in zip(values, values.isna(), strict=True)
    ).encode()
