"""`tuning.md`: how every rung was tuned, told from the objects that ran."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from kiss_bench.records.environment import LEVEL
from kiss_bench.records.ledger import CLOSE
from kiss_bench.records.tuning import (
    ArmGain,
    BudgetPoint,
    ParameterFacts,
    ParentFacts,
    PruningFacts,
    ReplayFacts,
    RungTuning,
    SamplerFacts,
    StudyFacts,
    TuningRecord,
    UnitFacts,
)
from kiss_bench.reports import amounts
from kiss_bench.reports.escape import MARKDOWN, inline, listed, markdown
from kiss_bench.reports.table import Column, markdown_table

_NO_VALUE = "unset"


def setting(value: Any) -> str:
    """Write one setting."""
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


def settings(found: Mapping[str, Any]) -> str:
    """Write several, escaped for Markdown."""
    return ", ".join(f"{markdown(str(key))} = {markdown(setting(value))}" for key, value in found.items()) or "none"


def distribution(parameter: ParameterFacts) -> str:
    """Write a range in words, with what it depends on."""
    if parameter.kind == "choice":
        told = f"one of {setting(parameter.choices)}"
    else:
        scale = ", log scale" if parameter.log else ""
        kind = "whole number" if parameter.kind == "int" else "number"
        told = f"{kind} from {setting(parameter.low)} to {setting(parameter.high)}{scale}"
    conditions = [f"{name} is {' or '.join(map(setting, values))}" for name, values in parameter.when.items()]
    return f"{told}, where {' and '.join(conditions)}" if conditions else told


def column(title: str, cells: Iterable[str], *, right: bool = False) -> Column:
    return Column(title=inline(title), cells=tuple(inline(cell) for cell in cells), right=right)


def count(value: int | None) -> str:
    return amounts.NOTHING_THERE if value is None else str(value)


def arms_told(rung: RungTuning) -> str:
    """Compare default, random and tuned settings on the outer folds."""
    if not rung.scores:
        return ""
    decimals = amounts.shared_decimals(rung.scores.values())
    several = len({study.repeat for study in rung.studies}) > 1
    scores = ", ".join(f"{markdown(arm)} {amounts.number(value, decimals)}" for arm, value in rung.scores.items())
    verdict = f" Tuned over default: {markdown(rung.tuning_verdict)}." if rung.tuning_verdict else ""
    enough = ""
    if rung.p_default_enough is not None:
        enough = f" Chance that tuning gains less than the margin: {amounts.probability(rung.p_default_enough)}."
    first = " of the first repeat" if several else ""
    table = f"\n\n{_gains(rung.gains)}" if rung.gains else ""
    return f"On the outer folds{first}: {scores}.{verdict}{enough}{table}"


def _gains(gains: Sequence[ArmGain]) -> str:
    decimals = amounts.shared_decimals(one.gain for one in gains)
    return markdown_table(
        [
            column("arm", (one.arm for one in gains)),
            column("over", (one.over for one in gains)),
            column("gain", (amounts.number(one.gain, decimals, sign=True) for one in gains), right=True),
            column("95 % interval", (amounts.interval(one.low, one.high, decimals, sign=True) for one in gains)),
            column("P(gain > margin)", (amounts.probability(one.p_gain) for one in gains), right=True),
            column("repeats", (str(one.repeats) for one in gains), right=True),
        ]
    )


def optimism_told(rung: RungTuning) -> str:
    if rung.optimism is None:
        return ""
    found = amounts.number(rung.optimism, sign=True)
    halves = [study.best_at_half for study in rung.studies if study.best_at_half is not None]
    return (
        f"Optimism, by how much the best inner value is better than the score on the outer fold, mean of the studies: "
        f"{found}. Half of the budget had found the same trial in {sum(halves)} of {len(halves)} studies."
    )


def importance_told(rung: RungTuning) -> str:
    told = rung.importance
    if not told.shares:
        return ""
    shares = ", ".join(f"{markdown(name)} {amounts.percent(share)}" for name, share in told.shares.items())
    word = "Importance" if told.reliable else "Importance (not reliable)"
    return (
        f"{word}: {shares}. By {markdown(told.evaluator)}; {told.trials:,} complete trials, "
        f"{amounts.percent(told.excluded)} of all left out; {markdown('; '.join(told.caveats))}."
    )


def curves_told(rung: RungTuning, metric: str) -> str:
    """Draw both curves up as tables; `metric` is the one that trials optimise."""
    unit = markdown(metric)
    parts = []
    if rung.budget_curve:
        told = (
            f"What trials bought: gain of the best inner {unit} so far over trial 0, mean of studies (lowest, highest)"
        )
        parts.append(f"{told}:\n\n{_curve(rung.budget_curve)}")
    if rung.control_curve:
        told = f"Of random search, the expected best {unit} of so many trials drawn without replacement, likewise"
        parts.append(f"{told}:\n\n{_curve(rung.control_curve)}")
    if rung.enough_trials is not None:
        parts.append(
            f"Smallest budget within the margin of the whole: {rung.enough_trials:,} of {rung.trials:,} trials."
        )
    return "\n\n".join(parts)


def _curve(points: Sequence[BudgetPoint]) -> str:
    decimals = amounts.shared_decimals(point.gain for point in points)

    def cell(point: BudgetPoint) -> str:
        low, high = (amounts.number(end, decimals) for end in (point.low, point.high))
        return f"{amounts.number(point.gain, decimals)} ({low}, {high})"

    return markdown_table([column(f"{point.trials:,}", (cell(point),), right=True) for point in points])


def replay_sentences(replay: ReplayFacts) -> list[str]:
    """Say whether the trials were equal, in which environment, and what differs in it."""
    where = "in the same environment" if replay.same_environment else "in another environment"
    if replay.equal:
        told = f"Replayed {where}: all {replay.trials:,} trials of {replay.studies:,} studies came out equal."
    elif LEVEL in replay.differing and replay.largest is not None and replay.largest <= CLOSE:
        told = (
            f"Replayed at another level of arithmetic: {replay.trials:,} trials of {replay.studies:,} studies came out "
            f"equal within {CLOSE:g}, {replay.differences:,} of them not to the bit."
        )
    else:
        size = "" if replay.largest is None else f", by at most {replay.largest:.3g}"
        told = (
            f"Replayed {where}: {replay.differences:,} of {replay.trials:,} trials of {replay.studies:,} studies "
            f"differ{size}. The first: {replay.first}."
        )
    differing = [
        f"  {name}: {setting(pair[0])} then, {setting(pair[1])} now" for name, pair in replay.differing.items()
    ]
    names = ", ".join(replay.left_out)
    left = [f"Not replayed, since a limit or a crash had ended them: {names}."] if names else []
    return [told, *left, *(["What differs in the environment:"] if differing else []), *differing]


NOT_SAID = "nobody said"


def rung_section(rung: RungTuning, metric: str) -> str:
    """Space, procedure, studies, what they came to, and how to change them."""
    warnings = [f"> **{_edge_warning(line, len(rung.studies))}**" for line in rung.space if _too_narrow(rung, line)]
    blocks = [
        f"## {MARKDOWN.name(rung.rung)} (level {rung.level:g})",
        markdown(rung.note),
        *warnings,
        _space(rung),
        "\n".join(f"- {line}" for line in _rung_procedure(rung)),
        _studies(rung.studies),
        _errors(rung.studies),
        _best(rung.studies),
        *_control(rung),
        arms_told(rung),
        optimism_told(rung),
        importance_told(rung),
        curves_told(rung, metric),
        _rung_adaptation(rung),
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


def _rung_procedure(rung: RungTuning) -> list[str]:
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
        _rung_pruning(rung),
        f"A fit uses at most {rung.most_rows:,} rows of its training part." if rung.most_rows else "",
    ]
    return [line for line in lines if line]


def _outside(trials: int) -> str:
    return f"**{trials} trials outside it**" if trials else "every sampled trial lies in it"


def _rung_pruning(rung: RungTuning) -> str:
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


def _rung_adaptation(rung: RungTuning) -> str:
    lines = "\n".join(rung.adaptation)
    return f"To change it:\n\n```console\n{lines}\n```" if lines else ""


_NO_ESTIMATE = (
    "Inner values choose a trial; they are no estimate of a rung's score, which is taken on outer rows that no trial "
    "has seen."
)
_WHERE_MORE = (
    "Every trial, with its own seed, parameters, inner values and error, is in `trials.parquet`; exact values of what "
    "follows, and the seed and all settings of every unit, are in `tuning.json`; `kiss_bench.estimator(…)` builds "
    "the pipeline of any unit from them."
)
_NEVER_RESUMED = "A study that was interrupted begins anew, so none was taken up in the middle."


def tuning_markdown(record: TuningRecord) -> str:
    """Render the procedure, then a section a rung, then the rungs without a study."""
    blocks = [
        f"# Tuning of {MARKDOWN.name(record.project)}",
        *(f"> **{markdown(stamp).rstrip('.')}.**" for stamp in record.stamps),
        _procedure(record),
        _parent(record.parent),
        *(rung_section(rung, record.objective.metric) for rung in record.rungs),
        *_blends(record.units),
        _untuned(record.untuned),
        _context(record),
        _replay(record),
        _adaptation(record.adaptation),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _procedure(record: TuningRecord) -> str:
    studies = [study for rung in record.rungs for study in (*rung.studies, *rung.control)]
    complete, pruned, failed = (
        sum(getattr(study, state) for study in studies) for state in ("complete", "pruned", "failed")
    )
    by_state = f": {complete:,} complete, {pruned:,} pruned, {failed:,} failed"
    asked, objective = sum(study.asked for study in studies), record.objective
    better = "higher" if objective.greater_is_better else "lower"
    stop = "none; every study ends with its budget"
    if record.timeout is not None:
        stop = f"{amounts.seconds(record.timeout)} a study; how many trials that is depends on the machine"
    control = f" Beside every study runs one by {markdown(record.control.implementation)}." if record.control else ""
    lines = [
        f"Objective: {markdown(objective.metric)}, {better} is better.",
        f"A trial's value: {markdown(objective.aggregation)}. {_capital(objective.tie_rule)}.",
        f"{_capital(objective.not_a_number)}.",
        f"Budget: {record.budget:,} trials for every tuned rung in every study; {markdown(record.enqueued)}.{control}",
        f"Asked for {asked:,} trials in {len(studies):,} studies; {complete + pruned + failed:,} spent{by_state}.",
        *_repeats(record.rungs),
        _sampler(record.sampler),
        *_start_up(record),
        f"Pruning: {_pruning(record.pruning)}.",
        f"Inner folds: {settings(asdict(objective.inner))}.",
        f"Wall-clock stop: {stop}. {_NEVER_RESUMED}",
        f"Root seed {record.root_seed}; {markdown(record.seeds)}.",
        _NO_ESTIMATE,
        _WHERE_MORE,
    ]
    return "\n".join(f"- {line}" for line in lines)


def _sampler(sampler: SamplerFacts) -> str:
    given = {name: value for name, value in sampler.arguments.items() if value is not None}
    own = f"; of its own accord {settings(sampler.in_force)}" if sampler.in_force else ""
    return (
        f"Sampler: {markdown(sampler.implementation)} of {markdown(sampler.library)}; arguments {settings(given)}, all "
        f"others unset{own}; seed: {markdown(sampler.seed)}; one trial at a time."
    )


def _start_up(record: TuningRecord) -> list[str]:
    """Say where an adaptive sampler never came to adapt."""
    start = record.sampler.in_force.get("n_startup_trials")
    if not isinstance(start, int) or not record.rungs or record.budget > start:
        return []
    return [
        f"All {record.budget} trials are start-up trials, drawn at random: {markdown(record.sampler.name)} had no say."
    ]


def _pruning(pruning: PruningFacts) -> str:
    return f"{markdown(pruning.rule)}; how many standard errors is told with each rung" if pruning.enabled else "none"


def _capital(sentence: str) -> str:
    return markdown(sentence[:1].upper() + sentence[1:])


def _repeats(rungs: Sequence[RungTuning]) -> list[str]:
    """Say whose folds were drawn more than once: each draw has studies of its own."""
    by_rung = {rung.rung: len({study.repeat for study in rung.studies}) for rung in rungs}
    again = [f"{MARKDOWN.name(name)} {times}" for name, times in by_rung.items() if times > 1]
    if not again:
        return []
    rest = "" if len(again) == len(rungs) else "; 1 for every other rung"
    return [f"Draws of the outer folds, each tuned anew in every fold: {listed(again)}{rest}."]


def _parent(parent: ParentFacts | None) -> str:
    """Say what this plan has otherwise than the one it was adapted from, and what came of it."""
    if parent is None:
        return ""
    head = (
        f"## Adapted from {MARKDOWN.name(parent.project)}\n\nPlan {parent.plan_hash[:12]}, digest {parent.digest[:12]}."
    )
    if not parent.found:
        return f"{head} Its results are not there, or are others by now, so nothing can be said of what changed."
    changes = markdown_table(
        [
            column("changed", (one.key for one in parent.changes)),
            column("before", (setting(one.before) for one in parent.changes)),
            column("after", (setting(one.after) for one in parent.changes)),
        ]
    )
    decimals = amounts.shared_decimals(one.score_after for one in parent.effects)
    effects = markdown_table(
        [
            column("rung", (one.rung for one in parent.effects)),
            column("score before", (amounts.number(one.score_before, decimals) for one in parent.effects), right=True),
            column("score after", (amounts.number(one.score_after, decimals) for one in parent.effects), right=True),
            column("gain", (amounts.number(one.gain, decimals, sign=True) for one in parent.effects), right=True),
            column(
                "95 % interval", (amounts.interval(one.low, one.high, decimals, sign=True) for one in parent.effects)
            ),
            column("verdict before", (one.verdict_before or amounts.NOTHING_THERE for one in parent.effects)),
            column("verdict after", (one.verdict_after or amounts.NOTHING_THERE for one in parent.effects)),
        ]
    )
    told = "What it did (a gain is given where both were scored on the same rows and folds by the same metric):"
    looked = "A change made after looking at results is not a second opinion: the same rows have judged both."
    return "\n\n".join([head, changes if parent.changes else "Nothing was changed.", told, effects, looked])


def _blends(units: Sequence[UnitFacts]) -> list[str]:
    """A section per rung that fits nothing but learns weights."""
    learnt = [unit for unit in units if unit.arm == "tuned" and "weights" in unit.settings]
    sections = []
    for rung in dict.fromkeys(unit.rung for unit in learnt):
        own = [unit for unit in learnt if unit.rung == rung]
        bases = list(dict.fromkeys(base for unit in own for base in unit.settings["weights"]))
        columns = [
            column("repeat", (str(unit.repeat) for unit in own), right=True),
            column("fold", (str(unit.fold) for unit in own), right=True),
            *(
                column(base, (f"{unit.settings['weights'].get(base, 0.0):.3f}" for unit in own), right=True)
                for base in bases
            ),
        ]
        told = "Weights learnt on out-of-fold predictions inside each training part; no fits and no trials of its own."
        sections.append(f"## {MARKDOWN.name(rung)}\n\n{told}\n\n{markdown_table(columns)}")
    return sections


def _untuned(untuned: Mapping[str, Mapping[str, Any]]) -> str:
    if not untuned:
        return ""
    lines = "\n".join(f"- {MARKDOWN.name(rung)}: {settings(found)}" for rung, found in untuned.items())
    return f"## Not tuned\n\n{lines}"


def _context(record: TuningRecord) -> str:
    """Say on which rows, by which code and on which machine."""
    data, around = record.data, record.environment
    packages = {name: version for name, version in around.packages.items() if version}
    machine = {name: getattr(around, name) for name in ("python", "system", "machine", "cpu", "cores", "blas")}
    level = [f"Level of arithmetic: {around.arithmetic['units']}."] if around.arithmetic else []
    how = {name: getattr(around, name) for name in ("engine", "workers", "threads_per_worker", "hash_seed")}
    lines = [
        f"Rows: {data.rows:,} of {data.rows_read:,} read, {len(data.columns)} features; vault: {markdown(data.vault)}.",
        f"Data hash {data.data_hash[:12]}, folds hash {data.folds_hash[:12]}.",
        f"Target: {settings(data.target)}.",
        f"Plan {record.plan_hash[:12]}, digest {record.digest[:12] or 'none yet'}; config {_name(record.config)}.",
        f"Command: {MARKDOWN.name(' '.join(record.command))}." if record.command else "Started from Python.",
        f"Code: {settings(around.git) if around.git else 'no checkout'}; of kiss_bench {around.sources[:12]}.",
        f"Machine: {settings(machine)}; {settings(how)}.",
        *level,
        f"Versions: {settings(packages)}.",
    ]
    return "## Where and on what\n\n" + "\n".join(f"- {line}" for line in lines)


def _name(config: str | None) -> str:
    return MARKDOWN.name(config) if config else "none, it came from Python"


def _replay(record: TuningRecord) -> str:
    if not record.replayable:
        told = "A wall clock or a limit had a say in how far studies came; a replay compares the trials that there are."
        if record.replay is None:
            return f"## Replay\n\n{told}"
    if record.replay is None:
        told = "Not replayed yet: `kiss-bench replay DIR` runs every study again and compares it trial by trial."
        return f"## Replay\n\n{told}"
    first, *rest = replay_sentences(record.replay)
    lines = [f"On {record.replay.when}: {markdown(first)}", *(f"- {markdown(line.strip())}" for line in rest)]
    return "## Replay\n\n" + "\n\n".join(lines)


def _adaptation(commands: Sequence[str]) -> str:
    if not commands:
        return ""
    lines = "\n".join(commands)
    told = "Each writes a config with a link to this plan; its run says what changed and what it did."
    return f"## To change it\n\n{told}\n\n```console\n{lines}\n```"


TUNING_FILES = {"tuning.md": tuning_markdown}
