"""What the probes of `data.prepare` found, told for a person who has to say yes or no to a column."""

from collections.abc import Iterator, Sequence
from typing import Final

from kiss_bench.plan.plan import Plan
from kiss_bench.tasks.audit.findings import Answer, Finding, Level
from kiss_bench.tasks.columns import canonical
from kiss_bench.tasks.names import listed, unique_names
from kiss_bench.tasks.prepare import prepare_of, rows_prepared
from kiss_bench.tasks.probes import WHICH_ROWS, ProbeName, ProbeOutcome, ProbeVerdict, probe
from kiss_bench.tasks.roles import feature_names
from kiss_bench.tasks.same_values import differing
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
        verdicts = probe(prepare_of(plan), rows_prepared(table), target=plan.target, time=time, seed=seed)
        found += _findings(plan, table, verdicts)
    return tuple(sorted(found, key=lambda finding: ORDER[finding.level]))


def _findings(plan: Plan, table: Table, verdicts: tuple[ProbeVerdict, ...]) -> Iterator[Finding]:
    features = feature_names(plan, table)
    played = (plan.target, WHICH_ROWS, plan.data.time, plan.data.group, plan.data.weight)
    moved = any(one.column == plan.target and {"past-cut", "subset"} & {*one.failed} for one in verdicts)
    failed = [one for one in verdicts if one.failed]
    trailing = tuple(one for one in failed if one.column in features and _is_trailing(plan, one))
    for verdict in failed:
        if verdict.column in features and verdict not in trailing:
            yield _of_a_feature(plan, verdict, target_moved=moved)
        elif verdict.column in played:
            yield _of_another(plan, verdict)
    if trailing:
        yield _of_trailing(plan, trailing)
    yield from _of_unknown(plan, table, [one for one in verdicts if not one.failed])


def _nothing_came_out(verdict: ProbeVerdict) -> bool:
    """Whether the function raised on the very part that is probed, so that nothing is known of any column."""
    return verdict.column == WHICH_ROWS and verdict.outcomes["again"].result == "could not be probed"


def _is_trailing(plan: Plan, verdict: ProbeVerdict) -> bool:
    """Whether it looks at other rows, none of them later, where folds go forward in time."""
    ordered = plan.data.time is not None and plan.folds.kind in (None, "forward")
    return ordered and verdict.failed == ("subset",) and verdict.outcomes["past-cut"].result == "passed"


def _as_read(table: Table) -> set[str]:
    """The columns that came out as they went in."""
    assert table.raw is not None
    raw = table.raw.set_axis(list(unique_names(table.raw.columns)), axis=1)
    raw = raw if table.row_id is None else raw.iloc[table.row_id]
    both = [name for name in table.frame.columns if name in raw.columns]
    before, _ = canonical(raw[both].reset_index(drop=True))
    return {name for name in both if not differing(before[name], table.frame[name])[0].any()}


def _worst(verdict: ProbeVerdict) -> ProbeName:
    """The failed probe that says most."""
    order: tuple[ProbeName, ...] = ("again", "y-shuffle", "past-cut", "subset")
    return next(name for name in order if name in verdict.failed)


def _of_a_feature(plan: Plan, verdict: ProbeVerdict, *, target_moved: bool) -> Finding:
    """A leak where the row's own target is in it; where only targets that may be known by then are, a question."""
    told = _worst(verdict)
    innocent = verdict.earlier_targets_only or target_moved
    level: Level = "leak" if told == "y-shuffle" and not innocent else "question"
    if told == "again":
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
        check=CHECK, level=level, columns=(verdict.column,), sentence=sentence,
        answer=_answer(plan, [verdict.column]), figures=_figures(verdict, verdict.outcomes[told]),
    )  # fmt: skip


def _of_unknown(plan: Plan, table: Table, verdicts: Sequence[ProbeVerdict]) -> Iterator[Finding]:
    """Columns that nobody could look into, by what was in the way; one that came out as it went in needs no look."""
    features = feature_names(plan, table)
    unknown: dict[str, list[str]] = {}
    for verdict in verdicts:
        names = features if _nothing_came_out(verdict) else [name for name in features if name == verdict.column]
        for name, outcome in verdict.outcomes.items():
            if outcome.result == "could not be probed":
                unknown.setdefault(f"{name}: {outcome.why}", []).extend(names)
                break
    as_read = _as_read(table) if unknown else set()
    for why, names in unknown.items():
        made = tuple(name for name in names if name not in as_read)
        subject = (
            f"{listed(made)}, made by data.prepare {plan.data.prepare},"
            if made
            else f"data.prepare {plan.data.prepare}"
        )
        remedy = f" {REMEDY}." if made else ""
        yield Finding(
            check=CHECK, level="question" if made else "note", columns=made,
            sentence=f"{subject} could not be probed ({why}).{remedy}", answer=_answer(plan, made),
        )  # fmt: skip


def _answer(plan: Plan, names: Sequence[str]) -> Answer | None:
    """What a person said of these columns, where somebody answered for all of them."""
    if not names or any(name not in plan.reviewed for name in names):
        return None
    last = plan.reviewed[names[-1]]
    yes = all(plan.reviewed[name]["answer"] for name in names)
    return Answer(answer=yes, by=str(last["by"]), reason=str(last["reason"]))


def _of_another(plan: Plan, verdict: ProbeVerdict) -> Finding:
    """Which rows are kept, and columns with a part to play; rows that are chosen by the target alone are a question."""
    outcome = verdict.outcomes[_worst(verdict)]
    columns = () if verdict.column == WHICH_ROWS else (verdict.column,)
    sentence = f"{_said(plan, verdict)}. It is no feature; a target may be made of later rows, but not be learned."
    if verdict.column == WHICH_ROWS:
        does = "; ".join(DOES[name] for name in verdict.failed)
        sentence = (
            f"Which rows data.prepare {plan.data.prepare} keeps {does} ({_rows(outcome)}): scores hold for rows chosen "
            f"like these alone{_part(verdict)}."
        )
    chosen = verdict.column == WHICH_ROWS and "y-shuffle" in verdict.failed
    if chosen:
        sentence += (
            " They are chosen by the target, which nobody knows of rows to come: reviewed: {prepare: {answer: …}}."
        )
    return Finding(
        check=CHECK, level="question" if chosen else "note", columns=columns, sentence=sentence,
        answer=_answer(plan, ["prepare"]) if chosen else None, figures=_figures(verdict, outcome),
    )  # fmt: skip


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
