"""`tuning.md`: how every rung was tuned, told from the objects that ran."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from kiss_bench.reports import amounts
from kiss_bench.reports.escape import MARKDOWN, listed, markdown
from kiss_bench.reports.replayed import replay_sentences
from kiss_bench.reports.settings import column, setting, settings
from kiss_bench.reports.tables import markdown_table
from kiss_bench.reports.tuning_rung import rung_section
from kiss_bench.tuning.record.facts import ParentFacts, PruningFacts, SamplerFacts, TuningRecord, UnitFacts
from kiss_bench.tuning.record.rung import RungTuning

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
