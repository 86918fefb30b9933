"""What the probes of `data.prepare` found, told for a person who has to say yes or no to a column."""

from collections.abc import Iterator
from typing import Final

from kiss_bench.plan.plan import Plan
from kiss_bench.tasks.audit.findings import Answer, Finding, Level
from kiss_bench.tasks.names import listed
from kiss_bench.tasks.prepare import prepare_of
from kiss_bench.tasks.probes import WHICH_ROWS, ProbeName, ProbeOutcome, ProbeVerdict, probe
from kiss_bench.tasks.roles import feature_names
from kiss_bench.tasks.task import Table

CHECK: Final = "prepare probes"
REMEDY: Final = (
    "What is learned from many rows (means, quantiles, levels, scales) belongs into a rung's estimator, where it sees "
    "training rows alone"
)
DOES: Final[dict[ProbeName, str]] = {
    "past-cut": "changes when later rows are taken away",
    "subset": "changes when other rows are taken away",
    "y-shuffle": "changes when the target is shuffled",
    "again": "is not the same when it is made twice",
}
ORDER: Final[dict[Level, int]] = {"leak": 0, "question": 1, "note": 2}


def prepare_findings(plan: Plan, table: Table, seed: int = 0) -> tuple[Finding, ...]:
    """Findings on `data.prepare` and `data.loader`, worst first; `plan` is resolved, `table` as `read_table` gave it.

    Nothing where there is neither, and of a prepare whose columns pass all probes.
    """
    found: list[Finding] = []
    if plan.data.loader is not None:
        found.append(
            Finding(
                check=CHECK,
                level="note",
                sentence=f"data.loader {plan.data.loader} takes no rows, so what it does to them cannot be probed; "
                "steps in data.prepare can.",
            )
        )
    if plan.data.prepare is not None and table.raw is not None:
        time = plan.data.time
        verdicts = probe(prepare_of(plan), table.raw, target=plan.target, time=time, seed=seed)
        found += _findings(plan, table, verdicts)
    return tuple(sorted(found, key=lambda finding: ORDER[finding.level]))


def _findings(plan: Plan, table: Table, verdicts: tuple[ProbeVerdict, ...]) -> Iterator[Finding]:
    features = feature_names(plan, table)
    ordered = plan.data.time is not None and plan.folds.kind in (None, "forward")
    moved = any(one.column == plan.target and {"past-cut", "subset"} & {*one.failed} for one in verdicts)
    trailing = []
    for verdict in verdicts:
        told = _worst(verdict)
        if told is None:
            continue
        if verdict.column in features and ordered and verdict.failed == ("subset",):
            trailing.append(verdict)
        elif verdict.column in features:
            yield _of_a_feature(plan, verdict, told, target_moved=moved)
        elif verdict.column in (plan.target, WHICH_ROWS, plan.data.time, plan.data.group, plan.data.weight):
            yield _of_another(plan, verdict, told)
    if trailing:
        yield _of_trailing(plan, tuple(trailing))


def _worst(verdict: ProbeVerdict) -> ProbeName | None:
    """The probe that says most of a column; None where all are passed."""
    order: tuple[ProbeName, ...] = ("again", "y-shuffle", "past-cut", "subset")
    for result in ("failed", "could not be probed"):
        for name in order:
            if verdict.outcomes[name].result == result:
                return name
    return None


def _of_a_feature(plan: Plan, verdict: ProbeVerdict, told: ProbeName, *, target_moved: bool) -> Finding:
    """A leak where the row's own target is in it; where only targets that may be known by then are, a question."""
    innocent = verdict.earlier_targets_only or target_moved
    level: Level = "leak" if told == "y-shuffle" and "y-shuffle" in verdict.failed and not innocent else "question"
    review = plan.reviewed.get(verdict.column)
    answer = None
    if review is not None:
        answer = Answer(answer=bool(review["answer"]), by=str(review["by"]), reason=str(review["reason"]))
    outcome = verdict.outcomes[told]
    if outcome.result == "could not be probed":
        sentence = f"{_column(plan, verdict)} could not be probed ({told}: {outcome.why}). {REMEDY}."
    elif told == "again":
        sentence = f"{_said(plan, verdict)}. Seed its random numbers, or leave it out: no score of it can be repeated."
    elif level == "leak":
        sentence = f"{_said(plan, verdict)}: the target, of scored rows too, is in it. Leave it out. {REMEDY}."
    elif told == "y-shuffle" and target_moved:
        sentence = (
            f"{_said(plan, verdict)}, but the target to predict is made of other rows: is this one known by then?"
        )
    elif told == "y-shuffle":
        sentence = f"{_said(plan, verdict)}, those of earlier rows alone: are these targets known by the row's time?"
    else:
        sentence = f"{_said(plan, verdict)}. {REMEDY}."
    return Finding(
        check=CHECK, level=level, columns=(verdict.column,), sentence=sentence, answer=answer,
        figures=_figures(verdict, outcome),
    )  # fmt: skip


def _of_another(plan: Plan, verdict: ProbeVerdict, told: ProbeName) -> Finding:
    """Which rows are kept, the target, and columns with a part to play: no feature, so nobody has to answer."""
    outcome = verdict.outcomes[told]
    columns = () if verdict.column == WHICH_ROWS else (verdict.column,)
    if outcome.result == "could not be probed":
        subject = f"data.prepare {plan.data.prepare}" if verdict.column == WHICH_ROWS else _column(plan, verdict)
        sentence = f"{subject} could not be probed ({told}: {outcome.why})."
    elif verdict.column == WHICH_ROWS:
        does = "; ".join(DOES[name] for name in verdict.failed)
        sentence = (
            f"Which rows data.prepare {plan.data.prepare} keeps {does} ({_rows(outcome)}): scores hold for rows chosen "
            f"like these alone{_part(verdict)}."
        )
    else:
        sentence = f"{_said(plan, verdict)}. It is no feature; a target may be made of later rows, but not be learned."
    return Finding(check=CHECK, level="note", columns=columns, sentence=sentence, figures=_figures(verdict, outcome))


def _of_trailing(plan: Plan, verdicts: tuple[ProbeVerdict, ...]) -> Finding:
    names, part = tuple(verdict.column for verdict in verdicts), _part(verdicts[0])
    return Finding(
        check=CHECK,
        level="note",
        columns=names,
        sentence=f"{listed(names)}, made by data.prepare {plan.data.prepare}, use other rows, but none later: "
        f"they change when some rows are taken away, not when all later ones are, as trailing windows do{part}.",
        figures={"rows": max(one.outcomes["subset"].differing for one in verdicts), "probed": verdicts[0].probed},
    )


def _column(plan: Plan, verdict: ProbeVerdict) -> str:
    return f"{verdict.column!r}, made by data.prepare {plan.data.prepare},"


def _said(plan: Plan, verdict: ProbeVerdict) -> str:
    """What the column does under each probe that it fails, and in how many rows."""
    does = [f"{DOES[name]} ({_rows(verdict.outcomes[name])})" for name in verdict.failed]
    return f"{_column(plan, verdict)} {' and '.join(does)}{_part(verdict)}"


def _rows(outcome: ProbeOutcome) -> str:
    size = f", by up to {outcome.largest:.3g}" if outcome.largest is not None else ""
    return f"{outcome.differing:,} of {outcome.compared:,} rows{size}"


def _part(verdict: ProbeVerdict) -> str:
    return f"; {verdict.probed:,} of {verdict.rows:,} rows were probed" if verdict.probed < verdict.rows else ""


def _figures(verdict: ProbeVerdict, outcome: ProbeOutcome) -> dict[str, float]:
    largest = {} if outcome.largest is None else {"largest": outcome.largest}
    return {"rows": outcome.differing, "compared": outcome.compared, **largest, "probed": verdict.probed}
