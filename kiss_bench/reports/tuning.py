"""`tuning.md`: how every rung was tuned, told from the objects that ran."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kiss_bench.reports import amounts
from kiss_bench.reports.columns import Column
from kiss_bench.reports.escape import MARKDOWN, inline, listed, markdown
from kiss_bench.reports.tables import markdown_table
from kiss_bench.tuning.record import ParameterFacts, RungTuning, StudyFacts, TuningRecord, UnitFacts

_NO_VALUE = "unset"
_HOW_BEST = "A trial's value is the mean over inner folds; the best value wins, ties go to the earlier trial."
_NO_ESTIMATE = (
    "Inner values choose a trial; they are no estimate of a rung's score, which is taken on outer rows that no trial "
    "has seen."
)
_WHERE_MORE = (
    "Every trial, with its own seed, parameters, inner values and error, is in `trials.parquet`; exact values of what "
    "follows, and the seed and all settings of every unit, are in `tuning.json`; `kiss_bench.estimator(…)` builds "
    "the pipeline of any unit from them."
)


def tuning_markdown(record: TuningRecord) -> str:
    """Render the procedure, then a section a rung, then the rungs without a study."""
    blocks = [
        f"# Tuning of {MARKDOWN.name(record.project)}",
        _procedure(record),
        *(_rung(rung) for rung in record.rungs),
        *_blends(record.units),
        _untuned(record.untuned),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def setting(value: Any) -> str:
    """Write a setting as a person reads it; the exact one is in tuning.json."""
    if value is None:
        return _NO_VALUE
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.6g}" if math.isfinite(value) else amounts.NOTHING_THERE
    if isinstance(value, Mapping):
        return "; ".join(f"{key} = {setting(entry)}" for key, entry in value.items()) or "none"
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(setting(entry) for entry in value) or "none"
    return str(value)


def distribution(parameter: ParameterFacts) -> str:
    if parameter.kind == "choice":
        return f"one of {setting(parameter.choices)}"
    scale = ", log scale" if parameter.log else ""
    kind = "whole number" if parameter.kind == "int" else "number"
    return f"{kind} from {setting(parameter.low)} to {setting(parameter.high)}{scale}"


def _procedure(record: TuningRecord) -> str:
    studies = [study for rung in record.rungs for study in rung.studies]
    complete, pruned, failed = (
        sum(getattr(study, state) for study in studies) for state in ("complete", "pruned", "failed")
    )
    by_state = f": {complete:,} complete, {pruned:,} pruned, {failed:,} failed"
    asked = sum(study.asked for study in studies)
    better = "higher" if record.greater_is_better else "lower"
    stop = "none; every study ends with its budget" if record.timeout is None else amounts.seconds(record.timeout)
    lines = [
        f"Objective: {markdown(record.objective)}, {better} is better. {_HOW_BEST}",
        f"Budget: {record.budget:,} trials for every tuned rung in every study; trial 0 is the default settings.",
        f"Asked for {asked:,} trials in {len(studies):,} studies; {complete + pruned + failed:,} spent{by_state}.",
        *_repeats(record.rungs),
        f"Sampler: {_settings(record.sampler)}.",
        f"Pruning: {_settings(record.pruning)}.",
        f"Inner folds: {_settings(record.inner)}.",
        f"Wall-clock stop: {stop}.",
        _NO_ESTIMATE,
        _WHERE_MORE,
    ]
    return "\n".join(f"- {line}" for line in lines)


def _repeats(rungs: Sequence[RungTuning]) -> list[str]:
    """Say whose folds were drawn more than once: each draw has studies of its own."""
    by_rung = {rung.rung: len({study.repeat for study in rung.studies}) for rung in rungs}
    again = [f"{MARKDOWN.name(name)} {count}" for name, count in by_rung.items() if count > 1]
    if not again:
        return []
    rest = "" if len(again) == len(rungs) else "; 1 for every other rung"
    return [f"Draws of the outer folds, each tuned anew in every fold: {listed(again)}{rest}."]


def _rung(rung: RungTuning) -> str:
    warnings = [f"> **{_edge_warning(line, len(rung.studies))}**" for line in rung.space if _too_narrow(rung, line)]
    blocks = [
        f"## {MARKDOWN.name(rung.rung)} ({markdown(rung.arm)}, level {rung.level:g})",
        markdown(rung.note),
        *warnings,
        _space(rung),
        f"Default settings: {_settings(rung.default_settings)}.",
        f"In trials only: {_settings(rung.trial_settings)}." if rung.trial_settings else "",
        f"Their values are extrapolated {markdown(rung.extrapolated)}." if rung.extrapolated else "",
        f"A trial is pruned by {_settings(rung.pruning)}." if rung.pruning else "",
        f"A fit uses at most {rung.most_rows:,} rows of its training part." if rung.most_rows else "",
        _studies(rung.studies),
        _errors(rung.studies),
        _best(rung.studies),
        _default_against_tuned(rung),
    ]
    return "\n\n".join(block for block in blocks if block)


def _space(rung: RungTuning) -> str:
    if not rung.space:
        return "Nothing to tune: the space is empty."
    return markdown_table(
        [
            _column("parameter", (line.name for line in rung.space)),
            _column("distribution", map(distribution, rung.space)),
            _column("default", (_default(line) for line in rung.space)),
            _column("reason", (line.reason or amounts.NOTHING_THERE for line in rung.space)),
            _column("landed on", map(_landed, rung.space)),
            _column("edge of the range", (_edge(line, len(rung.studies)) for line in rung.space)),
        ]
    )


def _default(line: ParameterFacts) -> str:
    outside = "" if line.default_inside or line.default is None else " (outside the range)"
    return f"{setting(line.default)}{outside}"


def _landed(line: ParameterFacts) -> str:
    found = [value for value in line.best if value is not None]
    if not found:
        return amounts.NOTHING_THERE
    if line.kind == "choice" or not all(isinstance(value, int | float) for value in found):
        return ", ".join(f"{value} ({count}×)" for value, count in Counter(map(setting, found)).most_common())
    low, high = setting(min(found)), setting(max(found))
    return low if low == high else f"{low} to {high}"


def _edge(line: ParameterFacts, studies: int) -> str:
    if line.kind == "choice":
        return "has none"
    return f"in {line.on_edge} of {studies} studies" if line.on_edge else "never"


def _too_narrow(rung: RungTuning, line: ParameterFacts) -> bool:
    return line.kind != "choice" and bool(rung.studies) and 2 * line.on_edge >= len(rung.studies)


def _edge_warning(line: ParameterFacts, studies: int) -> str:
    return (
        f"{MARKDOWN.name(line.name)} sat on an edge of its range in {line.on_edge} of {studies} studies: the range may "
        f"be too narrow, and a wider one may do better."
    )


def _studies(studies: Sequence[StudyFacts]) -> str:
    decimals = amounts.shared_decimals(study.best_value for study in studies)
    return markdown_table(
        [
            _column("repeat", (str(study.repeat) for study in studies), right=True),
            _column("fold", (str(study.fold) for study in studies), right=True),
            _column("seed", (str(study.seed) for study in studies), right=True),
            _column("asked", (str(study.asked) for study in studies), right=True),
            _column("complete/pruned/failed", (f"{each.complete}/{each.pruned}/{each.failed}" for each in studies)),
            _column("best trial", (_count(study.best_number) for study in studies), right=True),
            _column("best value", (amounts.number(study.best_value, decimals) for study in studies), right=True),
            _column("trial 0", (amounts.number(study.default_value, decimals) for study in studies), right=True),
            _column("time", (amounts.seconds(study.seconds) for study in studies), right=True),
            _column("stopped by", (study.stopped_by for study in studies)),
        ]
    )


def _errors(studies: Sequence[StudyFacts]) -> str:
    counts: Counter[str] = Counter()
    for study in studies:
        counts.update(study.errors)
    if not counts:
        return ""
    return f"Failed trials: {', '.join(f'{markdown(name)} {count:,}×' for name, count in counts.most_common())}."


def _best(studies: Sequence[StudyFacts]) -> str:
    names = list(dict.fromkeys(name for study in studies for name in study.best_params))
    if not names:
        return ""
    columns = [_column("repeat", (str(study.repeat) for study in studies), right=True)]
    columns.append(_column("fold", (str(study.fold) for study in studies), right=True))
    for name in names:
        cells = (setting(each.best_params[name]) if name in each.best_params else "–" for each in studies)
        columns.append(_column(name, cells, right=True))
    return f"Best trial of each study:\n\n{markdown_table(columns)}"


def _default_against_tuned(rung: RungTuning) -> str:
    decimals = amounts.shared_decimals((rung.default_score, rung.tuned_score))
    if rung.default_score is None and rung.tuned_score is None:
        return ""
    gain = (
        f", a gain of {amounts.number(rung.tuning_gain, decimals, sign=True)}" if rung.tuning_gain is not None else ""
    )
    several = len({study.repeat for study in rung.studies}) > 1
    gain += " on the repeats that the verdict rests on" if gain and several else ""
    first = " of the first repeat" if several else ""
    verdict = f": {markdown(rung.tuning_verdict)}" if rung.tuning_verdict else ""
    return (
        f"On the outer folds{first}: default settings {amounts.number(rung.default_score, decimals)}, tuned "
        f"{amounts.number(rung.tuned_score, decimals)}{gain}{verdict}."
    )


def _blends(units: Sequence[UnitFacts]) -> list[str]:
    """A section per rung that fits nothing but learns weights."""
    learnt = [unit for unit in units if unit.arm == "tuned" and "weights" in unit.settings]
    sections = []
    for rung in dict.fromkeys(unit.rung for unit in learnt):
        own = [unit for unit in learnt if unit.rung == rung]
        bases = list(dict.fromkeys(base for unit in own for base in unit.settings["weights"]))
        columns = [
            _column("repeat", (str(unit.repeat) for unit in own), right=True),
            _column("fold", (str(unit.fold) for unit in own), right=True),
            *(
                _column(base, (f"{unit.settings['weights'].get(base, 0.0):.3f}" for unit in own), right=True)
                for base in bases
            ),
        ]
        told = "Weights learnt on out-of-fold predictions inside each training part; no fits and no trials of its own."
        sections.append(f"## {MARKDOWN.name(rung)}\n\n{told}\n\n{markdown_table(columns)}")
    return sections


def _untuned(untuned: Mapping[str, Mapping[str, Any]]) -> str:
    if not untuned:
        return ""
    lines = "\n".join(f"- {MARKDOWN.name(rung)}: {_settings(settings)}" for rung, settings in untuned.items())
    return f"## Not tuned\n\n{lines}"


def _settings(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{markdown(str(key))} = {markdown(setting(value))}" for key, value in settings.items()) or "none"


def _count(value: int | None) -> str:
    return amounts.NOTHING_THERE if value is None else str(value)


def _column(title: str, cells: Iterable[str], *, right: bool = False) -> Column:
    return Column(title=inline(title), cells=tuple(inline(cell) for cell in cells), right=right)


TUNING_FILES = {"tuning.md": tuning_markdown}
