"""What is measured: tables, the setting of the comparison, and what is asked of each figure."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kiss_bench.records.folder import write_whole
from speed.measure import ROOT, SpeedError

DATA = ROOT / "configs" / "data"
LADDER = ("dummy", "linear", "tree", "forest", "boosting")
"""The rungs that the rival has."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A Parquet or CSV file of independent rows, and what is predicted."""

    name: str
    path: Path
    target: str
    positive: str | None = None
    drop: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Effort:
    """The setting of the comparison, the same for both sides."""

    trials: int = 20
    outer: int = 5
    inner: int = 3
    workers: int = 2


TABLES = (
    Table(name="german_credit", path=DATA / "german_credit.csv", target="credit_risk", positive="bad"),
    Table(
        name="bank_marketing",
        path=DATA / "bank_marketing.csv.gz",
        target="y",
        positive="yes",
        drop=("id", "duration"),
    ),
    Table(name="diamonds_15000", path=DATA / "diamonds_15000.parquet", target="price"),
    Table(name="adult", path=DATA / "adult.parquet", target="income", positive=">50K", drop=("fnlwgt",)),
)
RATIOS: Mapping[str, float] = {"credit_scoring": 6.0, "adult": 6.0, "diamonds_15000": 3.5}
"""How many times the ladder's wall the rival's is to be, at least."""
FIRST_TABLES: Mapping[str, float] = {"credit_scoring": 6.0, "adult": 25.0}
"""Seconds to the untuned table, at most."""
SPEED_UP, OUTSIDE, DASK = 0.92, 0.10, 1.15
"""Speed-up of two workers as a share of that of two plain processes, at least; share of worker time outside fits and
predictions, at most; Dask's wall over that of the local engine, at most."""


def write_config(folder: Path, table: Table, effort: Effort, *, whole_ladder: bool = False) -> Path:
    """Write the config of a table; YAML reads JSON. Its project is called `speed`."""
    config: dict[str, Any] = {
        "project": "speed",
        "data": {"path": str(table.path.resolve()), "drop": list(table.drop)},
        "target": table.target,
        "positive": table.positive,
        "folds": {"count": effort.outer, "inner": effort.inner, "repeats": 1},
        "tuning": {"trials": effort.trials},
        "ladder": None if whole_ladder else list(LADDER),
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "speed.yaml"
    path.write_text(json.dumps(config, indent=1, ensure_ascii=False), encoding="utf8")
    return path


def chosen(names: str | None, tables: tuple[Table, ...]) -> tuple[Table, ...]:
    """The tables of these names, separated by commas; all of them where none is named.

    Raises SpeedError naming what there is.
    """
    if names is None:
        return tables
    known = {table.name: table for table in tables}
    asked = [name.strip() for name in names.split(",")]
    unknown = [name for name in asked if name not in known]
    if unknown:
        raise SpeedError(f"--sets: there is no {', '.join(unknown)}; there are {', '.join(known)}")
    return tuple(known[name] for name in asked)


def remember(folder: Path, table: Table) -> None:
    """Keep a table that is none of the project's, so that later pages show it too."""
    kept = {one.name: one for one in (*remembered(folder), table)}
    folder.mkdir(parents=True, exist_ok=True)
    plain = [{**asdict(one), "path": str(one.path)} for one in kept.values()]
    write_whole(folder / "tables.json", json.dumps(plain, indent=1, ensure_ascii=False))


def remembered(folder: Path) -> tuple[Table, ...]:
    """The tables that were measured by `--data` and are still where they were."""
    path = folder / "tables.json"
    if not path.exists():
        return ()
    plain = json.loads(path.read_text(encoding="utf8"))
    tables = [Table(**{**one, "path": Path(one["path"]), "drop": tuple(one["drop"])}) for one in plain]
    return tuple(table for table in tables if table.path.exists())
