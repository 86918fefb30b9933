"""Drafts a first config from a table: read as a run reads it, its columns guessed at, and tried as `plan` would."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kiss_bench.errors import DataError, FoldError, RecordError
from kiss_bench.plan.child import project_name
from kiss_bench.plan.draft import draft_text
from kiss_bench.plan.plan import Plan
from kiss_bench.plan.read import plan_from_mapping, plan_from_text
from kiss_bench.reports.drafted import Sketch, drafted, fewer_folds, opening
from kiss_bench.reports.escape import clean, shortened
from kiss_bench.runs.init_source import Source, source_of
from kiss_bench.runs.known import catalogue
from kiss_bench.tasks.audit.scene import Scene
from kiss_bench.tasks.folds import draw_folds
from kiss_bench.tasks.guessed_roles import guessed_roles, infinite_columns, questions_only, with_dropped
from kiss_bench.tasks.guessed_target import guessed_positive, guessed_target, positive_guess
from kiss_bench.tasks.guesses import Guesses
from kiss_bench.tasks.make import make_task
from kiss_bench.tasks.names import listed, nearest, unique_names
from kiss_bench.tasks.seeds import root_seed
from kiss_bench.tasks.table import make_table
from kiss_bench.tasks.task import Folds, Table, Task

NO_FOLDS = Folds(kind="shuffled", splits=(), hash="")
"""The checks that guesses rest on look at columns alone."""
TOLD = 300
"""Signs of a refusal that are repeated in a comment."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What the user said of the table."""

    data: str
    """A file, or the URL of a database."""
    target: str | None = None
    positive: str | None = None
    sql: str | None = None
    table: str | None = None
    project: str | None = None
    out: Path | None = None
    """Where the config is going to lie; None: named after the project, in the working directory."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    text: str
    path: Path
    project: str


def init(options: Options, stage: Callable[[str], None] = lambda _: None) -> Draft:
    """Drafts a config that `kiss-bench plan` takes; writes nothing. `stage` is told what is done after it is read.

    Raises DataError for a table that cannot be read, a target that is no column of it or that nothing can be fitted to,
    a password in a URL; FoldError for rows that no folds can be drawn of; PlanError for a bad project name.
    """
    project, path = _project(options), place_of(options)
    source = source_of(options.data, options.sql, options.table, path.parent)
    target = _target(options, source)
    table = make_table(source.frame, target, source.notes)
    given: dict[str, Any] = {
        "project": project, "target": target, "positive": options.positive,
        "drop_missing_target": bool(table.raw_target is not None and table.raw_target.isna().any()),
        "data": {"drop": list(infinite_columns(table, target))},
    }  # fmt: skip
    plan, task = make_task(plan_from_mapping(given, catalogue(), str(path)), table)
    stage("looking at its columns")
    sketch = Sketch(
        project=project, source=source.entries, target=target, task=task, metric=plan.metric.primary or "",
        columns=len(table.columns), guesses=_guesses(plan, task, table, options),
    )  # fmt: skip
    stage("drawing its folds, as plan will")
    return Draft(text=_tried(sketch, table, path, source.shown), path=path, project=project)


def place_of(options: Options) -> Path:
    """Where the config is going to lie."""
    return options.out or Path(f"{_project(options)}.yaml")


def write_draft(draft: Draft) -> None:
    """Writes the config where nothing is yet. Raises RecordError where something is, or nothing can be written."""
    check_place(draft.path)
    try:
        with draft.path.open("x", encoding="utf8") as file:
            file.write(draft.text)
    except FileExistsError:
        check_place(draft.path)
    except OSError as error:
        raise RecordError(f"{draft.path} cannot be written: {error.strerror or error}") from None


def check_place(path: Path) -> None:
    """Raises RecordError where there is a file already, or no folder for one."""
    if path.exists() or path.is_symlink():
        raise RecordError(
            f"{path} is there already, and is left as it is; give another file by --out, or another --project (--out - "
            f"shows the config and writes nothing)"
        )
    if not path.parent.is_dir():
        raise RecordError(f"{path} cannot be written: there is no folder {path.parent}")


def _project(options: Options) -> str:
    """The name asked for, or that of the table of a database, else of the file without its endings."""
    if options.project is not None:
        return options.project
    name = options.table or re.split(r"[/\\]", options.data.partition("?")[0].rstrip("/"))[-1]
    return project_name(re.sub(r"(?i)(\.(csv|tsv|parquet|pq|db|sqlite3?|gz))+$", "", name), "bench")


def _target(options: Options, source: Source) -> str:
    names = unique_names(source.frame.columns)
    if options.target in names:
        return options.target
    if not names:
        raise DataError(f"{source.shown}: the table has no columns")
    columns = f"the columns are {listed(names, most=30)}"
    if options.target is None:
        raise DataError(f"--target is missing: the column to predict, perhaps {guessed_target(names)!r}; {columns}")
    raise DataError(f"--target: there is no column {options.target!r}{nearest(options.target, names)}; {columns}")


def _guesses(plan: Plan, task: Task, table: Table, options: Options) -> Guesses:
    roles = guessed_roles(Scene(task=task, folds=NO_FOLDS, plan=plan), table)
    positive = guessed_positive(task)
    if options.positive is not None and task.positive is not None:
        positive = positive_guess(task, task.positive, "the label asked for")
    return Guesses(roles=with_dropped(roles, infinite_columns(table, plan.target)), positive=positive)


def _tried(sketch: Sketch, table: Table, path: Path, shown: str) -> str:
    """The config as it stands; where that is invalid, with fewer folds, or with its roles as questions."""
    try:
        return _valid(sketch, table, path, shown)
    except (DataError, FoldError) as refused:
        reason = refused
    asked = replace(sketch, guesses=questions_only(sketch.guesses, shortened(str(reason), TOLD)))
    others = [other for other in (replace(sketch, folds=fewer_folds(sketch.task)), asked) if other != sketch]
    for other in others:
        try:
            return _valid(other, table, path, shown)
        except (DataError, FoldError) as refused:
            reason = refused
    raise reason


def _valid(sketch: Sketch, table: Table, path: Path, shown: str) -> str:
    """The text of a config whose rows, roles and folds are as `plan` wants them. Raises what it raises."""
    try:
        text = draft_text(opening(sketch, clean(shown)), drafted(sketch))
    except UnicodeEncodeError:
        raise DataError(f"{shown!r}: a name in it is not UTF-8, and no config can hold it; rename it") from None
    resolved, task = make_task(plan_from_text(text, catalogue(), path), table)
    draw_folds(task, resolved, root_seed(resolved, task.data_hash))
    return text
