"""The same question asked a little otherwise: by other margins, by other metrics, under other seeds."""

from collections.abc import Sequence
from dataclasses import replace

from kiss_bench.errors import DataError, FoldError, KissBenchError
from kiss_bench.evaluation.exam import Exam
from kiss_bench.evaluation.thresholds import threshold_metric
from kiss_bench.judge.judgement import Candidate, Judgement, Terms
from kiss_bench.judge.ladder import judge
from kiss_bench.judge.predictions import Predictions
from kiss_bench.metrics import find_metric
from kiss_bench.plan.plan import MetricPlan
from kiss_bench.records.board import StabilityFacts, VariantFacts
from kiss_bench.runs.execution import Beside, run_beside
from kiss_bench.runs.judging import candidates_of, check_judgeable, predictions_of, terms_in
from kiss_bench.runs.units import Progress
from kiss_bench.tasks.folds import draw_folds
from kiss_bench.tasks.seeds import other_root

MARGINS = (("half the margin", 0.5), ("the margin", 1.0), ("twice the margin", 2.0))
Seeds = int | tuple[int, ...]
"""How many root seeds to look at, the exam's own among them, or which others."""


def seeds_read(text: str) -> Seeds:
    """One number is how many, several are which ones. Raises KissBenchError for anything else."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() for part in parts):
        parts = []
    return checked_seeds(int(parts[0]) if len(parts) == 1 else tuple(map(int, parts)), text)


def checked_seeds(asked: Seeds, found: object) -> Seeds:
    """Raises KissBenchError, showing what was `found`, for seeds that cannot be looked at."""
    fine = 2 <= asked <= 100 if isinstance(asked, int) else bool(asked) and all(0 <= one < 2**31 for one in asked)
    if not fine:
        raise KissBenchError(
            f"seeds: found {found!r}; allowed: how many, such as 5 (2 to 100), or which, such as 11,12 (below 2**31)"
        )
    return asked


def stability_of(progress: Progress, judgement: Judgement) -> StabilityFacts:
    """The verdict at other margins and under the secondary metrics, from the predictions there are: fits nothing."""
    ladder, said, terms = candidates_of(progress), predictions_of(progress), replace(terms_in(progress), also=())
    rung = judgement.recommended.rung
    margins = [
        variant(what, judgement, rung)
        if factor == 1.0
        else _asked(what, ladder, said, replace(terms, margin=terms.margin * factor), rung)
        for what, factor in (MARGINS if terms.margin else MARGINS[1:2])
    ]
    metrics = [_under(progress.exam, name, ladder, (said, terms), rung) for name in terms_in(progress).also]
    return StabilityFacts(margins=tuple(margins), metrics=tuple(metrics))


def _under(
    exam: Exam, name: str, ladder: Sequence[Candidate], on: tuple[Predictions, Terms], rung: str
) -> VariantFacts:
    """With a secondary metric in the primary's place; a margin in the primary's own units is 1 % of skill there."""
    metric, (said, terms) = find_metric(name), on
    if exam.task.kind == "binary" and metric.thresholded and threshold_metric(exam) is not metric:
        return _unanswered(metric.name, "no decision threshold was learnt for it")
    if not metric.thresholded:
        said = said.with_most_probable_labels()
    usual = MetricPlan()
    if terms.margin_unit == "absolute":
        terms = replace(terms, margin=usual.margin, margin_unit=usual.margin_unit)
    return _asked(metric.name, ladder, said, replace(terms, metric=metric.name), rung)


def _asked(what: str, ladder: Sequence[Candidate], said: Predictions, terms: Terms, rung: str) -> VariantFacts:
    try:
        return variant(what, judge(ladder, said, terms), rung)
    except KissBenchError as error:
        return _unanswered(what, str(error))


def variant(what: str, judgement: Judgement, rung: str) -> VariantFacts:
    """What a judgement says of the rung that the board recommends, and whether it recommends it as well."""
    chosen = judgement.recommended
    entry = next(entry for entry in judgement.entries if entry.rung == rung)
    return VariantFacts(
        what=what, recommended=chosen.rung, arm=chosen.arm, verdict=entry.verdict, same=chosen.rung == rung
    )


def _unanswered(what: str, reason: str) -> VariantFacts:
    return VariantFacts(what=what, recommended=None, arm=None, verdict=None, same=False, reason=reason)


def other_seeds(exam: Exam, asked: Seeds) -> tuple[int, ...]:
    """The root seeds to look at beside the exam's own: derived from it, or as set by hand, each once."""
    found = asked if isinstance(asked, tuple) else [other_root(exam.root, "seed", k) for k in range(1, asked)]
    return tuple(seed for seed in dict.fromkeys(found) if seed != exam.root)


def with_seeds(facts: StabilityFacts, exam: Exam, rung: str, asked: Seeds, beside: Beside) -> StabilityFacts:
    """The whole ladder again under other root seeds, each judged by itself on folds of its own."""
    seeds = other_seeds(exam, asked)
    told = [f"seed {seed} ({place + 1} of {len(seeds)})" for place, seed in enumerate(seeds)]
    found = tuple(_under_seed(exam, seed, rung, what, beside) for seed, what in zip(seeds, told, strict=True))
    answers = [one for one in found if one.recommended is not None]
    flips = sum(not one.same for one in answers) / len(answers) if answers else None
    return replace(facts, seeds=found, by_hand=isinstance(asked, tuple), flip_rate=flips)


def _under_seed(exam: Exam, seed: int, rung: str, what: str, beside: Beside) -> VariantFacts:
    try:
        other = Exam(plan=exam.plan, task=exam.task, folds=draw_folds(exam.task, exam.plan, seed), root=seed)
        check_judgeable(other)
    except (FoldError, DataError) as error:
        return _unanswered(f"seed {seed}", str(error))
    _, judgement = run_beside(beside, other, what, failures_told=True)
    if all(entry.status != "ok" for entry in judgement.entries if entry.rung == judgement.recommended.rung):
        return _unanswered(f"seed {seed}", judgement.recommended.why)
    return variant(f"seed {seed}", judgement, rung)
