"""A rung's section of `tuning.md`."""

from collections import Counter
from collections.abc import Sequence

from kiss_bench.reports import amounts
from kiss_bench.reports.escape import MARKDOWN, markdown
from kiss_bench.reports.settings import column, count, distribution, setting, settings
from kiss_bench.reports.tables import markdown_table
from kiss_bench.reports.tuning_gains import arms_told, curves_told, importance_told, optimism_told
from kiss_bench.tuning.record.rung import ParameterFacts, RungTuning, StudyFacts

NOT_SAID = "nobody said"


def rung_section(rung: RungTuning, metric: str) -> str:
    """Space, procedure, studies, what they came to, and how to change them."""
    warnings = [f"> **{_edge_warning(line, len(rung.studies))}**" for line in rung.space if _too_narrow(rung, line)]
    blocks = [
        f"## {MARKDOWN.name(rung.rung)} (level {rung.level:g})",
        markdown(rung.note),
        *warnings,
        _space(rung),
        "\n".join(f"- {line}" for line in _procedure(rung)),
        _studies(rung.studies),
        _errors(rung.studies),
        _best(rung.studies),
        *_control(rung),
        arms_told(rung),
        optimism_told(rung),
        importance_told(rung),
        curves_told(rung, metric),
        _adaptation(rung),
    ]
    return "\n\n".join(block for block in blocks if block)


def _space(rung: RungTuning) -> str:
    if not rung.space:
        return "Nothing to tune: the space is empty."
    columns = [
        column("parameter", (line.name for line in rung.space)),
        column("meaning", (line.meaning or amounts.NOTHING_THERE for line in rung.space)),
        column("distribution", map(distribution, rung.space)),
        column("default", (_default(line) for line in rung.space)),
        column("reason", (line.reason or NOT_SAID for line in rung.space)),
        column("landed on", map(_landed, rung.space)),
        column("studies disagree", (_disagree(line) for line in rung.space)),
        column("edge of the range", (_edge(line, len(rung.studies)) for line in rung.space)),
    ]
    if any(line.shipped is not None for line in rung.space):
        columns.insert(3, column("as shipped", (line.shipped or "the same" for line in rung.space)))
    return markdown_table(columns)


def _default(line: ParameterFacts) -> str:
    outside = "" if line.default_inside or line.default is None else " (outside the range)"
    return f"{setting(line.default)}{outside}"


def _landed(line: ParameterFacts) -> str:
    found = [value for value in line.best if value is not None]
    if not found:
        return amounts.NOTHING_THERE
    if line.kind == "choice" or not all(isinstance(value, int | float) for value in found):
        return ", ".join(f"{value} ({times}×)" for value, times in Counter(map(setting, found)).most_common())
    low, high = setting(min(found)), setting(max(found))
    return low if low == high else f"{low} to {high}"


def _disagree(line: ParameterFacts) -> str:
    if line.spread is None:
        return amounts.NOTHING_THERE
    return f"{amounts.percent(line.spread)} of {'studies' if line.kind == 'choice' else 'the range'}"


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


def _procedure(rung: RungTuning) -> list[str]:
    points = "continuous" if rung.space_points is None else f"{rung.space_points:,} points"
    sets = [
        f"{line.name} sets {', '.join(line.sets)}" for line in rung.space if line.sets and line.sets != (line.name,)
    ]
    lines = [
        f"Encoding: {markdown(rung.encoding)}; source {markdown(rung.source[:40])}.",
        f"Default settings: {settings(rung.default_settings)}.",
        f"Fixed: {settings(rung.fixed)}." if rung.fixed else "",
        f"Why nothing else is tuned: {markdown(rung.left_alone or NOT_SAID)}.",
        f"{markdown('; '.join(sets))}." if sets else "",
        f"Space: {points}, hash {rung.space_hash[:12]}; {_outside(rung.outside)}.",
        f"Grid: {settings(rung.grid)}." if rung.grid else "",
        f"In trials only: {settings(rung.trial_settings)}." if rung.trial_settings else "",
        f"Their values are extrapolated {markdown(rung.extrapolated)}." if rung.extrapolated else "",
        f"Number of rounds: {markdown(rung.early_stopping)}." if rung.early_stopping else "",
        _pruning(rung),
        f"A fit uses at most {rung.most_rows:,} rows of its training part." if rung.most_rows else "",
    ]
    return [line for line in lines if line]


def _outside(trials: int) -> str:
    return f"**{trials} trials outside it**" if trials else "every sampled trial lies in it"


def _pruning(rung: RungTuning) -> str:
    if not rung.pruning:
        return ""
    folds, errors = rung.pruning.get("after_inner_folds"), rung.pruning.get("standard_errors")
    return (
        f"A trial is given up where, after one of the first {setting(folds)} inner folds, its paired losses exceed the "
        f"best complete trial's by more than {setting(errors)} standard errors."
    )


def _studies(studies: Sequence[StudyFacts]) -> str:
    decimals = amounts.shared_decimals(study.best_value for study in studies)
    return markdown_table(
        [
            column("repeat", (str(study.repeat) for study in studies), right=True),
            column("fold", (str(study.fold) for study in studies), right=True),
            column("seed", (count(study.seed) for study in studies), right=True),
            column("asked", (str(study.asked) for study in studies), right=True),
            column("complete/pruned/failed", (f"{each.complete}/{each.pruned}/{each.failed}" for each in studies)),
            column("repeated", (str(study.duplicates) for study in studies), right=True),
            column("best trial", (count(study.best_number) for study in studies), right=True),
            column("best value", (amounts.number(study.best_value, decimals) for study in studies), right=True),
            column("trial 0", (amounts.number(study.default_value, decimals) for study in studies), right=True),
            column("on the outer fold", (amounts.number(each.outer_score, decimals) for each in studies), right=True),
            column("fits", (str(study.fits) for study in studies), right=True),
            column("time", (amounts.seconds(study.seconds) for study in studies), right=True),
            column("CPU", (amounts.seconds(study.cpu_seconds) for study in studies), right=True),
            column("memory", (amounts.size(study.peak_bytes or None) for study in studies), right=True),
            column("stopped by", (study.stopped_by for study in studies)),
        ]
    )


def _errors(studies: Sequence[StudyFacts]) -> str:
    counts: Counter[str] = Counter()
    for study in studies:
        counts.update(study.errors)
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    told = [f"Failed trials: {', '.join(f'{markdown(name)} {times:,}×' for name, times in ordered)}."] if counts else []
    ended = [study for study in studies if study.status == "failed"]
    told += [f"Failed: {markdown(f'{one.study}: {one.error}: {one.reason}')}." for one in ended]
    return "\n\n".join(told)


def _best(studies: Sequence[StudyFacts]) -> str:
    names = list(dict.fromkeys(name for study in studies for name in study.best_params))
    if not names:
        return ""
    columns = [column("repeat", (str(study.repeat) for study in studies), right=True)]
    columns.append(column("fold", (str(study.fold) for study in studies), right=True))
    for name in names:
        cells = (setting(each.best_params[name]) if name in each.best_params else "–" for each in studies)
        columns.append(column(name, cells, right=True))
    return f"Best trial of each study:\n\n{markdown_table(columns)}"


def _control(rung: RungTuning) -> list[str]:
    """Say how the random search beside the studies went."""
    if not rung.control:
        return []
    told = "Random search beside them, with the same budget, inner folds and pruning:"
    return [f"{told}\n\n{_studies(rung.control)}", _errors(rung.control)]


def _adaptation(rung: RungTuning) -> str:
    lines = "\n".join(rung.adaptation)
    return f"To change it:\n\n```console\n{lines}\n```" if lines else ""
