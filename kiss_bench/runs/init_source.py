"""Where the rows of a first config come from, as the user named it, and as the config has to name it."""

import os
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from kiss_bench.errors import DataError
from kiss_bench.plan.draft import Entry
from kiss_bench.plan.faults import masked_url
from kiss_bench.tasks.read import read_file
from kiss_bench.tasks.sql import UNSORTED, query_of_table, read_sql, url_from

ORDER = (
    "Without an ORDER BY the rows may come in another order each time, and with it other folds: add one over a column "
    "that names the rows."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    frame: pd.DataFrame
    notes: tuple[str, ...]
    entries: tuple[Entry, ...]
    """The keys of `data` that name it."""
    shown: str
    """How it is called in a sentence; without a password."""


def source_of(data: str, sql: str | None, table: str | None, folder: Path) -> Source:
    """Read a file, or a query or table of a database; relative paths start at the working directory.

    `folder` is that of the config, at which its own paths start. Raises DataError for what cannot be read, for a query
    of a file, and for a URL with a password in it, which is in no message.
    """
    if "://" in data:
        return _database(data, sql, table, folder)
    if sql is not None or table is not None:
        asked = "--sql" if sql is not None else "--table"
        raise DataError(f"{asked} needs the URL of a database, such as sqlite:///loans.db, not a file ({data!r})")
    frame, notes = read_file(Path(data).expanduser())
    path = _path_from(data, folder)
    return Source(frame=frame, notes=notes, entries=(Entry(key="path", value=path),), shown=Path(data).name)


def _database(url: str, sql: str | None, table: str | None, folder: Path) -> Source:
    masked = masked_url(url)
    if masked != url:
        safe = masked.replace("***", "${DB_PASSWORD}")
        raise DataError(
            f"the URL holds a password, which would stand in the config for all to read: put it into an environment "
            f"variable, such as DB_PASSWORD, and name that, in single quotes so that the shell leaves it: '{safe}'"
        )
    if sql is not None and table is not None:
        raise DataError("--sql and --table are both given; one of them says which rows")
    query = sql if sql is not None else query_of_table(table, url, Path())
    frame, notes = read_sql(query, url, Path())
    entries = (
        Entry(key="url", value=url_from(url, Path(), folder)),
        Entry(key="sql", value=query, says=ORDER if UNSORTED in notes else ""),
    )
    return Source(frame=frame, notes=notes, entries=entries, shown=masked)


def _path_from(data: str, folder: Path) -> str:
    """The same file as a config in `folder` has to call it; an absolute path stays one unless it lies inside."""
    written = Path(data).expanduser()
    file, around = written.parent.resolve() / written.name, folder.resolve()
    if written.is_absolute() and not file.is_relative_to(around):
        return str(written)
    relative = Path(os.path.relpath(file, around)).as_posix()
    return str(file) if relative.startswith("~") else relative
