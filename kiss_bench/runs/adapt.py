"""Writes a config that is a result folder's plan with changes, and a link back to it."""

import os
import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kiss_bench.errors import RecordError
from kiss_bench.plan.child import changed, config_of, config_text, project_name, with_parent
from kiss_bench.plan.plan import Parent, Plan
from kiss_bench.plan.read import plan_from_mapping
from kiss_bench.records.folder import write_whole
from kiss_bench.runs.exam import check_buildable
from kiss_bench.runs.known import catalogue
from kiss_bench.runs.pipelines import exam_without_rows
from kiss_bench.runs.recorded import Recorded, config_folder, read_recorded


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    changes: tuple[str, ...]
    """`KEY=VALUE`, each."""
    out: Path
    project: str | None = None
    """None: named after `out`."""
    reason: str = ""


def adapt(folder: Path, options: Options) -> Plan:
    """Writes the child config and returns its plan.

    Raises PlanError for changes that give no plan, RecordError for a folder that is no whole record and where `out` is
    there already. Nothing is written then.
    """
    recorded, known = read_recorded(folder), catalogue()
    _check_place(options.out)
    plan = replace(recorded.plan, parent=None)
    before = config_of(plan, known)
    after = changed(before, options.changes, options.reason)
    asked, had = (plan_from_mapping(each, known, str(options.out)) for each in (after, before))
    if asked == had:
        raise RecordError("nothing would change: the plan has these values already; nothing was written")
    config = _with_paths(after, recorded, options.out)
    project = options.project or project_name(options.out.stem)
    if project == plan.project:
        raise RecordError(f"the child would be called {project!r}, as its parent is; give it a --project of its own")
    parent = Parent(
        project=plan.project,
        plan_hash=recorded.record.plan_hash,
        digest=recorded.record.digest,
        results=os.path.relpath(folder.resolve(), options.out.resolve().parent),
    )
    child = with_parent(config, project, parent)
    made = plan_from_mapping(child, known, str(options.out))
    exam = exam_without_rows(made, recorded.facts["understood"], recorded.record.root_seed)
    check_buildable(exam)
    write_whole(options.out, config_text(child, _comment(recorded, options)))
    return made


def _check_place(out: Path) -> None:
    if out.exists():
        raise RecordError(f"{out} is there already; choose another --out")
    if not out.parent.is_dir() or not os.access(out.parent, os.W_OK):
        raise RecordError(
            f"{out} cannot be written: give a file in a folder that is there, and yours to write, as --out"
        )


def _with_paths(config: dict[str, Any], recorded: Recorded, out: Path) -> dict[str, Any]:
    """The child's config with inherited paths as seen from where it lies; a path that was set stays as it is."""
    data, folds = config.get("data"), config.get("folds")
    if data is None:
        raise RecordError(
            f"{recorded.folder} came from a frame in Python: say where its rows are, --set data.path=FILE"
        )
    if isinstance(data, dict) and data.get("path") and data["path"] == recorded.plan.data.path:
        config = {**config, "data": {**data, "path": _seen_from(out, recorded, data["path"])}}
    if isinstance(folds, dict) and folds.get("file") and folds["file"] == recorded.plan.folds.file:
        config = {**config, "folds": {**folds, "file": _seen_from(out, recorded, folds["file"])}}
    return config


def _seen_from(out: Path, recorded: Recorded, path: str) -> str:
    """A relative path of the parent's config as the child's has it."""
    if Path(path).expanduser().is_absolute():
        return path
    return os.path.relpath((config_folder(recorded) / path).resolve(), out.resolve().parent)


def _comment(recorded: Recorded, options: Options) -> str:
    sets = " ".join(f"--set {shlex.quote(change)}" for change in options.changes)
    sets += f" --reason {shlex.quote(options.reason)}" if options.reason else ""
    return (
        f"Adapted from {recorded.plan.project}, plan {recorded.record.plan_hash[:12]}, by\n"
        f"kiss-bench adapt {shlex.quote(str(recorded.folder))} {sets} --out {shlex.quote(str(options.out))}"
    )
