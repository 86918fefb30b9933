"""The files of a result folder: who writes which, and which are sealed in the ledger."""

from pathlib import Path

from kiss_bench.records.evidence import DIAGNOSTICS
from kiss_bench.records.seals import BOARD
from kiss_bench.reports import board_reports, evidence_reports, tuning_reports

COMMITTABLE = 1_000_000
"""Bytes up to which a table of predictions or trials is meant to be committed with the rest."""
BULKY = ("predictions.parquet", "trials.parquet")
"""In the order of `Tables`."""
ROLES = "rows.parquet"
WRITTEN_FIRST = ("plan.json", "folds.parquet", ROLES)
"""Before anything is fitted: while a run is under way they are its own, and all else is of the run before."""
BY_RUNS_ALONE = (*WRITTEN_FIRST, *BULKY, "environment.json", DIAGNOSTICS, ".gitignore")
"""Nothing writes them again once the run has ended."""
VAULT = "vault.parquet"
"""Sealed by the opening that wrote it, not by runs."""
SEALED = (
    *BY_RUNS_ALONE,
    *(name for name in (*board_reports(), *tuning_reports(), *evidence_reports()) if name != BOARD),
)
"""Files whose seals a run notes in the ledger, beside that of the board."""


def ignored(folder: Path) -> list[str]:
    """What the folder keeps from being committed: its store, and tables too large for a repository."""
    large = [name for name in BULKY if (folder / name).exists() and (folder / name).stat().st_size > COMMITTABLE]
    return [".units/", *large]
