"""The one small table of the tests that run whole ladders, and configs beside it."""

from pathlib import Path

import numpy as np
import pandas as pd

ROWS = 120


def raw_table() -> pd.DataFrame:
    """Text, many levels, gaps, booleans and dates, as people have them; nothing prepared."""
    random = np.random.default_rng(7)
    income, ratio = random.normal(size=ROWS), random.normal(size=ROWS)
    home = random.choice(["own", "rent", "lodge"], ROWS)
    signal = income + 0.8 * (home == "own") + np.where(ratio > 0.5, 1.0, 0.0)
    frame = pd.DataFrame(
        {
            "income": income,
            "ratio": np.where(random.random(ROWS) < 0.15, np.nan, ratio),
            "home": np.where(random.random(ROWS) < 0.1, None, home),
            "street": [f"street {number}" for number in random.integers(0, 30, ROWS)],
            "member": random.random(ROWS) < 0.5,
            "since": (pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(0, 900, ROWS), unit="D")),
            "late": np.where(signal + random.normal(size=ROWS) > 0.5, "yes", "no"),
            "kind": np.digitize(signal + random.normal(size=ROWS), [0.0, 1.0]).astype(float),
            "owed": np.round(100 * signal + 50 * random.normal(size=ROWS), 2),
            "week": np.arange(ROWS) // 2,
        }
    )
    frame["since"] = frame["since"].dt.strftime("%Y-%m-%d").where(random.random(ROWS) > 0.1)
    frame["repaid"] = frame["late"] == "no"
    return frame


def write_tables(folder: Path) -> None:
    frame = raw_table()
    frame.drop(columns="repaid").to_csv(folder / "table.csv", index=False)
    frame.to_parquet(folder / "table.parquet", index=False)


def write_config(folder: Path, project: str, text: str) -> Path:
    config = folder / f"{project}.yaml"
    config.write_text(f"project: {project}\n{text}", encoding="utf8")
    return config
