"""Rows of a query through SQLAlchemy; no password ever reaches a message."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, quote_plus

import pandas as pd

from kiss_bench.errors import DataError
from kiss_bench.tasks.names import listed, nearest

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine

VARIABLE: Final = re.compile(r"\$\{(\w+)\}|\$([A-Za-z_]\w*)")
SECRET_KEYS: Final = re.compile(r"pass|pwd|token|secret|key", re.IGNORECASE)
WRITTEN_SECRET: Final = re.compile(r"(?i)\b(pwd|password|passwd|token|secret)(\s*[=:]\s*)[^;\s'\"&,)]+")
MASK: Final = "***"
UNSORTED: Final = (
    "data.sql has no ORDER BY: the order of its rows, and with it data hash and folds, is up to the database"
)


def read_sql(sql: str, url: str, folder: Path) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Read the rows that `sql` selects from the database at `url`, cells as the driver gives them, and notes.

    `${NAME}` and `$NAME` in the URL stand for environment variables; a relative SQLite file starts at `folder`.
    Nothing is committed. Raises DataError for a bad URL, a missing driver or file, and a failing query.
    """
    with (
        _database(url, folder, "data.sql: the query") as engine,
        engine.connect().execution_options(no_parameters=True) as connection,
    ):
        result = connection.exec_driver_sql(sql)
        names = list(result.keys())
        rows = [tuple(row) for row in result]
    frame = pd.DataFrame(rows, columns=range(len(names)), dtype=object).set_axis(names, axis=1)
    unsorted = not re.search(r"\border\s+by\b", sql, re.IGNORECASE)
    return frame, (UNSORTED,) if unsorted else ()


def query_of_table(table: str | None, url: str, folder: Path) -> str:
    """Select all of a table or view, its name as that database writes it; `schema.table` names one in a schema.

    Raises DataError, listing what there is, where there is no such table or none is named.
    """
    from sqlalchemy import inspect

    with _database(url, folder, "the list of tables") as engine:
        schema, _, name = (table or "").rpartition(".")
        inspector = inspect(engine)
        known = sorted([*inspector.get_table_names(), *inspector.get_view_names()])
        quote = engine.dialect.identifier_preparer.quote
        if table in known:
            return f"select * from {quote(table)}"  # noqa: S608  (quoted as that database quotes names)
        inside = sorted(inspector.get_table_names(schema)) if schema in inspector.get_schema_names() else []
        if name in inside:
            return f"select * from {quote(schema)}.{quote(name)}"  # noqa: S608
    near = f"there is no table {table!r}{nearest(table, known)}" if table else "a database takes --table or --sql"
    raise DataError(f"{near}; {f'its tables are {listed(known, most=30)}' if known else 'it has no tables'}")


def url_from(url: str, folder: Path, elsewhere: Path) -> str:
    """The same address for a config in `elsewhere`: a relative SQLite file, which starts at `folder`, is named anew."""
    found = re.fullmatch(r"(sqlite(?:\+\w+)?:///)([^/:$?][^$?]*)(\?.*)?", url)
    if found is None or found[2].startswith(("file:", "~")) or folder.resolve() == elsewhere.resolve():
        return url
    path = os.path.relpath((folder / found[2]).resolve(), elsewhere.resolve())
    return f"{found[1]}{path}{found[3] or ''}"


@contextmanager
def _database(url: str, folder: Path, what: str) -> "Iterator[Engine]":
    """An engine for as long as it is needed; what goes wrong with it is a DataError without secrets."""
    from sqlalchemy import create_engine
    from sqlalchemy.exc import SQLAlchemyError

    address = _address(url, folder)
    hide = _masker(address)
    try:
        engine = create_engine(address)
        try:
            yield engine
        finally:
            engine.dispose()
    except ImportError as error:
        raise DataError(hide(f"data.url: the driver for {address.drivername!r} is not installed ({error})")) from None
    except (SQLAlchemyError, OSError, TypeError, ValueError) as error:
        where = address.render_as_string(hide_password=True)
        raise DataError(hide(f"{what} failed at {where}: {_told(error)}")) from None


def _address(url: str, folder: Path) -> "URL":
    """Expand variables part by part, so that a password may hold any character."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        try:
            if VARIABLE.fullmatch(url.strip()):
                return _local(make_url(_expanded(url.strip())), folder)
            parts = make_url(url)
        except (ArgumentError, ValueError):  # such as a variable in the place of the port
            return _local(make_url(_expanded(url)), folder)
    except (ArgumentError, ValueError):
        raise DataError("data.url is not a database URL such as sqlite:///loans.db or postgresql://host/name") from None
    texts = {
        name: _expanded(part)
        for name in ("username", "password", "host", "database")
        if (part := parts_of(parts, name))
    }
    query = {
        key: _expanded(value) if isinstance(value, str) else tuple(map(_expanded, value))
        for key, value in parts.query.items()
    }
    return _local(parts.set(query=query, **texts), folder)  # type: ignore[arg-type]


def parts_of(url: "URL", name: str) -> str | None:
    value = getattr(url, name)
    return None if value is None else str(value)


def _expanded(text: str) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name in os.environ:
            return os.environ[name]
        if match[1]:
            raise DataError(f"data.url: the environment variable {name} is not set")
        return match[0]  # a bare $ may be part of a password

    return VARIABLE.sub(value, text)


def _local(url: "URL", folder: Path) -> "URL":
    """Start a SQLite file at `folder`, and refuse one that is not there: SQLite itself would create it, empty."""
    name = url.database
    if url.get_backend_name() != "sqlite" or not name or name.startswith((":", "file:")):
        return url
    path = folder / Path(name).expanduser()
    if not path.is_file():
        raise DataError(f"data.url: there is no SQLite file {path}")
    return url.set(database=str(path))


def _masker(url: "URL") -> Callable[[str], str]:
    secrets = {str(url.password)} if url.password else set()
    for key, value in url.query.items():
        if SECRET_KEYS.search(key):
            secrets.update([value] if isinstance(value, str) else value)
    forms = {form for secret in secrets if secret for form in (secret, quote(secret, safe=""), quote_plus(secret))}

    def hide(text: str) -> str:
        for form in sorted(forms, key=len, reverse=True):
            text = text.replace(form, MASK)
        return WRITTEN_SECRET.sub(rf"\1\2{MASK}", text)

    return hide


def _told(error: Exception) -> str:
    """Tell the driver's own words, on one line, without the statement and links that SQLAlchemy adds."""
    told = str(getattr(error, "orig", None) or error).partition("\n[SQL")[0]
    return " ".join(told.partition("(Background on this error")[0].split()) or type(error).__name__
