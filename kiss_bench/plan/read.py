"""From a config to the frozen plan: every fault at once, each with its place."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kiss_bench.errors import Fault, PlanError
from kiss_bench.plan.catalogue import Catalogue
from kiss_bench.plan.columns import reviewed
from kiss_bench.plan.config import refuse_later
from kiss_bench.plan.document import plain_mapping, yaml_values
from kiss_bench.plan.faults import Faults
from kiss_bench.plan.ladder import ladder_plan
from kiss_bench.plan.plan import Arithmetic, Export, Limits, Parent, Plan, TuningPlan
from kiss_bench.plan.rules import data_plan, folds_plan, metric_plan, vault_plan
from kiss_bench.plan.validate import valid_config


def read_plan(path: str | Path, catalogue: Catalogue) -> Plan:
    """Read the plan of a YAML file. Raises PlanError with all its faults."""
    return plan_from_text(_text(Path(path)), catalogue, path)


def arithmetic_of(path: str | Path) -> Arithmetic:
    """Read the level of arithmetic that a YAML file asks for, before anything that computes is loaded.

    That is the default where the file is faulty: reading the plan tells what is wrong.
    """
    try:
        asked = yaml_values(_text(Path(path)), Faults(str(path))).get("arithmetic")
    except PlanError:
        asked = None
    return "native" if asked == "native" else "v3"


def plan_from_text(text: str, catalogue: Catalogue, path: str | Path) -> Plan:
    """Read the plan of what stands, or is going to, in a YAML file at `path`. Raises PlanError with all its faults."""
    faults = Faults(str(path))
    return _plan(yaml_values(text, faults), catalogue, faults, folder=str(Path(path).parent))


def plan_from_mapping(mapping: Mapping[str, Any], catalogue: Catalogue, place: str = "bench()") -> Plan:
    """Read the plan of a mapping with the keys of a config. Raises PlanError with all its faults.

    The rows may be in the caller's hands already, so `data` needs no path, sql or loader here.
    """
    faults = Faults(place)
    values = plain_mapping(mapping, faults)
    if values.get("data") is None:
        values["data"] = {}
    return _plan(values, catalogue, faults, folder=None)


def _plan(values: dict[str, Any], catalogue: Catalogue, faults: Faults, *, folder: str | None) -> Plan:
    config = valid_config(values, faults)
    refuse_later(config, faults)
    data = data_plan(config, faults, source_needed=folder is not None)
    metric = metric_plan(config, catalogue, faults)
    folds = folds_plan(config, faults)
    ladder = ladder_plan(config, catalogue, faults)
    vault = vault_plan(config, faults)
    answers = reviewed(config, faults)
    faults.raise_any()
    return Plan(
        project=config.project,
        question=config.question,
        population=config.population,
        data=data,
        target=config.target,
        positive=config.positive,
        task=config.task,
        metric=metric,
        folds=folds,
        tuning=TuningPlan(**config.tuning.model_dump()),
        ladder=ladder,
        skip=config.skip,
        seed=config.seed,
        alpha=config.alpha,
        multiplicity=config.multiplicity,
        drop_missing_target=config.drop_missing_target,
        limits=Limits(**config.limits.model_dump()),
        vault=vault,
        reviewed=answers,
        parent=None if config.parent is None else Parent(**config.parent.model_dump()),
        export=Export(**config.export.model_dump()),
        placebo=config.placebo,
        arithmetic=config.arithmetic,
        source=faults.place,
        folder="." if folder is None else folder,
    )


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        found = "no such file"
    except IsADirectoryError:
        found = "a folder"
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        fault = Fault(place=f"{path}:{line}", key="", found="bytes that are not UTF-8", allowed="text saved as UTF-8")
        raise PlanError([fault]) from None
    except (OSError, ValueError) as error:
        found = f"a file that cannot be read ({getattr(error, 'strerror', None) or error})"
    raise PlanError([Fault(place=str(path), key="", found=found, allowed="a YAML file")])
