"""Writes a config that is a result folder's plan with changes, and a link back to it."""

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kiss_bench.errors import RecordError
from kiss_bench.plan.child import changed, config_of, config_text, project_name, with_parent
from kiss_bench.plan.plan import Parent, Plan
from kiss_bench.plan.read import plan_from_mapping
from kiss_bench.records.atomic import write_whole
from kiss_bench.runs.known import catalogue
from kiss_bench.runs.recorded import Recorded, read_recorded
from kiss_bench.runs.rows_again import config_folder


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
    recorded = read_recorded(folder)
    if options.out.exists():
        raise RecordError(f"{options.out} is there already; choose another --out")
    plan = replace(recorded.plan, parent=None)
    known = catalogue()
    config = changed(config_of(plan, known), options.changes, options.reason)
    config["data"] = _moved(config["data"], recorded, options.out)
    if "file" in config.get("folds", {}):
        config["folds"] = {**config["folds"], "file": _seen_from(options.out, recorded, config["folds"]["file"])}
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
    write_whole(options.out, config_text(child, _comment(recorded, options)))
    return made


def _moved(data: Mapping[str, Any], recorded: Recorded, out: Path) -> dict[str, Any]:
    return {**data, "path": _seen_from(out, recorded, data["path"])} if data.get("path") else dict(data)


def _seen_from(out: Path, recorded: Recorded, path: str) -> str:
    """A relative path of the parent's config as the child's has it."""
    if Path(path).expanduser().is_absolute():
        return path
    return os.path.relpath((config_folder(recorded) / path).resolve(), out.resolve().parent)


def _comment(recorded: Recorded, options: Options) -> str:
    sets = " ".join(f"--set {shlex.quote(change)}" for change in options.changes)
    return (
        f"Adapted from {recorded.plan.project}, plan {recorded.record.plan_hash[:12]}, by\n"
        f"kiss-bench adapt {shlex.quote(str(recorded.folder))} {sets} --out {shlex.quote(str(options.out))}"
    )
