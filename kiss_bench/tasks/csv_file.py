"""CSV as people save it: comma, semicolon or tab, plain or gzipped, with names that may repeat."""

import csv
import gzip
import io
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import pandas as pd

from kiss_bench.errors import DataError
from kiss_bench.tasks.names import listed, unique_names

SEPARATORS: Final = ",;\t"
DECIMAL_COMMA: Final = r"[+-]?\d+,\d+"
BYTE_ORDER_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
BEYOND: Final = 2.0**53
EXACT_FLOATS: Final[dict[str, str]] = {} if pd.__version__ >= "3.1" else {"float_precision": "round_trip"}
"""Before 3.1, pandas was off by the last bit unless told not to be; since then it is exact, and warns when told."""


def read_csv(path: Path) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Read the rows of a UTF-8 CSV file, and notes on them; the header decides the separator.

    Cells are missing where pandas takes them so.

    Raises DataError for an empty file, another encoding, a damaged gzip, and rows longer than the header.
    """
    text = _text(path)
    names, separator = _header(text, path)
    notes: tuple[str, ...] = ()
    options = {"sep": separator, "names": list(unique_names(names)), "header": 0, "low_memory": False, **EXACT_FLOATS}
    frame = _parse(text, options, path)
    if separator == ";" and (commas := _decimal_commas(frame)):
        frame = _parse(text, {**options, "decimal": ","}, path)
        notes = (f"a comma is read as the decimal point in {listed(commas)}",)
    return _keep_large_integers(frame, text, options).set_axis(names, axis=1), notes


def _text(path: Path) -> str:
    content = path.read_bytes()
    if path.suffix.lower() == ".gz":
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(f"{path}: not a readable gzip file ({error})") from error
    if not content.strip():
        raise DataError(f"{path}: the file is empty")
    if content.startswith(BYTE_ORDER_MARKS):
        raise DataError(f"{path}: the file is UTF-16; save it as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        byte = content[error.start]
        raise DataError(f"{path}: line {line} is not UTF-8 (byte 0x{byte:02x}); save the file as UTF-8") from None


def _header(text: str, path: Path) -> tuple[list[str], str]:
    start = text.lstrip("\r\n ")[:1_000_000]
    first = start.splitlines()[0]
    outside = "".join(first.split('"')[::2])
    separator = max(SEPARATORS, key=outside.count)
    try:
        lines = (line for line in csv.reader(io.StringIO(start, newline=""), delimiter=separator) if line)
        names, row = next(lines), next(lines, [])
    except csv.Error as error:
        raise DataError(f"{path}: the header cannot be read ({error})") from error
    if len(row) > len(names):
        raise DataError(f"{path}: the rows have {len(row)} fields, the header names {len(names)}")
    return [name or f"Unnamed: {position}" for position, name in enumerate(names)], separator


def _parse(text: str, options: dict[str, Any], path: Path) -> pd.DataFrame:
    try:
        return cast("pd.DataFrame", pd.read_csv(io.StringIO(text), **options))
    except (ValueError, pd.errors.ParserError) as error:
        detail = str(error).removeprefix("Error tokenizing data. ").strip()
        raise DataError(f"{path}: not a readable CSV table ({detail})") from error


def _decimal_commas(frame: pd.DataFrame) -> Sequence[str]:
    found = []
    for name in frame.columns:
        if isinstance(frame[name].dtype, pd.StringDtype):
            texts = frame[name].dropna()
            if texts.str.fullmatch(DECIMAL_COMMA).any() and texts.str.fullmatch(DECIMAL_COMMA + r"|[+-]?\d+").all():
                found.append(name)
    return found


def _keep_large_integers(frame: pd.DataFrame, text: str, options: dict[str, Any]) -> pd.DataFrame:
    """Read columns again, exactly, in which a gap turned integers into floats and so made large ids equal."""
    large = [
        name
        for name in frame.select_dtypes("float64").columns
        if frame[name].isna().any() and _all_large_and_whole(frame[name].dropna().to_numpy())
    ]
    if not large:
        return frame
    texts = pd.read_csv(io.StringIO(text), usecols=large, dtype="str", **options)
    for name in large:
        digits = texts[name].str.strip()
        if digits.dropna().str.fullmatch(r"[+-]?\d+").all():
            exact = [int(cell) if isinstance(cell, str) else None for cell in digits]
            frame[name] = pd.Series(exact, dtype=object)
    return frame


def _all_large_and_whole(values: np.ndarray[Any, np.dtype[np.float64]]) -> bool:
    return bool(values.size and np.isfinite(values).all() and (values == np.floor(values)).all()) and bool(
        np.abs(values).max() >= BEYOND
    )
