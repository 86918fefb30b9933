"""Columns that are read as text although nearly all of it is numbers or dates: said aloud, never repaired.

One `?` among a thousand numbers makes a column of text, and a rung that needs numbers lose its best one.
"""

import warnings

import pandas as pd

from kiss_bench.tasks.names import listed
from kiss_bench.tasks.task import Column

NEARLY_ALL = 0.9
ORNAMENTS = r"[\s,$€£%]"
"""Thousands separators, currencies and percent signs."""
SAMPLE = 200


def doubts(frame: pd.DataFrame, columns: tuple[Column, ...]) -> tuple[str, ...]:
    """One sentence per category column of a canonical frame that looks like something else."""
    told = (_doubt(frame[column.name], column.name) for column in columns if column.kind == "category")
    return tuple(sentence for sentence in told if sentence)


def _doubt(values: pd.Series, name: str) -> str:
    counts = values.value_counts()
    counts = counts[counts > 0]
    total = int(counts.sum())
    if not total:
        return ""
    levels = pd.Series(counts.index.astype(str))
    plain = pd.to_numeric(levels, errors="coerce").notna().to_numpy()
    share = counts.to_numpy()[plain].sum() / total
    if NEARLY_ALL <= share < 1.0:
        others = listed(levels[~plain].tolist(), most=3)
        return (
            f"column {name!r} is taken as text, though {share:.1%} of its values are numbers (not: {others}); "
            f"leave those cells empty if they mean missing."
        )
    bare = pd.to_numeric(levels.str.replace(ORNAMENTS, "", regex=True), errors="coerce").notna().to_numpy()
    if counts.to_numpy()[bare].sum() / total >= NEARLY_ALL and not plain.all():
        return f"column {name!r} is taken as text: {listed(levels.tolist(), most=3)} are no plain numbers."
    return _date_doubt(levels.head(SAMPLE), name)


def _date_doubt(levels: pd.Series, name: str) -> str:
    if not levels.str.contains(r"\d.*[-/. ].*\d", regex=True).all():
        return ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas says which format it guessed
        read = pd.to_datetime(levels, errors="coerce", format="mixed").notna().mean()
    if read < NEARLY_ALL:
        return ""
    shown = listed(levels.tolist(), most=3)
    return f"column {name!r} is taken as text: {shown} look like dates, but not in the form 2024-05-31 throughout."
