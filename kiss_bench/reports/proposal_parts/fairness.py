"""Parts 6 to 9: whether the comparison was fair, whose the gain is, leaks, and tuning."""

from collections.abc import Iterator, Mapping
from typing import Any

from kiss_bench.records.board import BoardRow
from kiss_bench.records.tuning import ArmGain, RungTuning
from kiss_bench.reports import amounts
from kiss_bench.reports.checks import is_open
from kiss_bench.reports.escape import code, listed, markdown, shortened
from kiss_bench.reports.phrases import is_judged, rungs_below
from kiss_bench.reports.proposal_parts.subject import Subject, blocks, fact, lines, question, table
from kiss_bench.reports.table import board_decimals
from kiss_bench.tasks.audit.findings import Answer, Finding

_BLENDS = "stack"


def fair_play(subject: Subject) -> str:
    board, record = subject.board, subject.evidence.tuning
    unequal = [row for row in board.rungs if row.verdict == "NOT COMPARABLE"]
    capped = [rung for rung in record.rungs if rung.most_rows is not None and rung.most_rows < board.rows]
    trials = f"{record.budget:,} trials of {markdown(record.sampler.name)} for every tuned rung in every study"
    return lines(
        fact(
            "Folds: drawn once, before anything was fitted; every score was checked to be of these.",
            *("leaderboard.json: folds_hash", "folds.parquet"),
        ),
        fact(
            f"Rows: the same {board.rows:,} for every rung, scored as they are; nothing was resampled before a split.",
            "leaderboard.json: rows",
        ),
        fact(
            f"Tuning: {trials}, inside the training part of each fold.",
            *("tuning.json: budget", "tuning.json: sampler.name"),
        ),
        fact("Preparation: scaling, encoding and imputing are part of each rung, and learnt in the training part."),
        [
            fact(
                f"Exception: {code(row.rung)} had another budget ({markdown(row.reason)}); it is not compared.",
                *subject.at(row, "reason"),
            )
            for row in unequal
        ],
        [
            fact(
                f"Exception: {code(rung.rung)} is fitted on at most {rung.most_rows:,} rows of a training part.",
                f"tuning.json: rungs[{record.rungs.index(rung)}].most_rows",
            )
            for rung in capped
        ],
        "" if unequal or capped else fact("Exceptions: none."),
    )


def credit(subject: Subject) -> str:
    """What came from the algorithm, from tuning, from blending; and that the rest is not told apart."""
    path = [*_path(subject), subject.row] if subject.below is not None else []
    decimals = board_decimals(subject.board)
    steps = [
        (
            f"{row.incumbent} → {row.rung}{subject.whose if row is subject.row else ''}",
            "ensembling" if row.rung == _BLENDS else "algorithm",
            (row.gain, row.gain_low, row.gain_high),
        )
        for row in path
    ]
    tuned = _of_tuning(subject.tuning)
    if tuned is not None:
        steps.append((f"default → tuned {subject.row.rung}", "tuning", (tuned.gain, tuned.low, tuned.high)))
    places = [place for row in path for place in subject.at(row, "gain")] + subject.in_tuning("gains")
    told = "Every rung meets the one that had stood its ground so far, so these steps do not add up to one sum exactly"
    return blocks(
        table(
            steps,
            ("step", lambda step: step[0]),
            ("credit", lambda step: step[1]),
            (f"gain in {subject.board.metric.name} (95 % interval)", lambda step: _gained(step[2], decimals)),
            words=["credit"],
        ),
        lines(
            fact(f"{told}; a rung's gain includes its own tuning and its own encoding.", *places) if steps else "",
            fact(
                "Features and preprocessing: not told apart from the algorithm in this record; all rungs saw the same "
                "columns.",
                "leaderboard.json: features",
            ),
            question("Which columns or preparations were made for this model, and what did each bring?"),
        ),
    )


def _gained(gain: tuple[float | None, float | None, float | None], decimals: int | None) -> str:
    found, low, high = gain
    ends = amounts.interval(low, high, decimals, sign=True)
    return f"{amounts.number(found, decimals, sign=True)} {ends}".strip()


def _of_tuning(rung: RungTuning | None) -> ArmGain | None:
    """What tuned settings gain over default ones on the outer folds."""
    gains = rung.gains if rung is not None else ()
    return next((one for one in gains if (one.arm, one.over) == ("tuned", "default")), None)


def _path(subject: Subject) -> list[BoardRow]:
    """The rungs that were promoted on the way to the proposed one, simplest first."""
    names, row = set(), subject.row
    while row is not None and row.incumbent is not None and row.incumbent not in names:
        names.add(row.incumbent)
        row = next((each for each in subject.board.rungs if each.rung == row.incumbent), row)
    return [each for each in rungs_below(subject.board, subject.row) if each.rung in names and each.gain is not None]


def tuning(subject: Subject) -> str:
    record, own, decimals = subject.evidence.tuning, subject.tuning, board_decimals(subject.board)
    rows = {row.rung: row for row in subject.board.rungs}
    judged = [rung for rung in record.rungs if rung.rung in rows and is_judged(rows[rung.rung])]

    def gained(rung: RungTuning) -> str:
        found = _of_tuning(rung)
        return _gained((found.gain, found.low, found.high), decimals) if found else amounts.NOTHING_THERE

    edges = [line.name for line in own.space if 2 * line.on_edge > len(own.studies)] if own else []
    sampler = f"{markdown(record.sampler.implementation)} of {markdown(record.sampler.library)}"
    return blocks(
        table(
            judged,
            ("rung", lambda rung: rung.rung),
            ("studies", lambda rung: str(len(rung.studies))),
            ("trials complete/pruned/failed", _trials),
            ("default", lambda rung: amounts.number(rung.scores.get("default"), decimals)),
            ("tuned", lambda rung: amounts.number(rung.scores.get("tuned"), decimals)),
            ("gain of tuning (95 % interval)", gained),
            ("optimism of inner values", lambda rung: amounts.number(rung.optimism, decimals, sign=True)),
            ("enough trials", lambda rung: str(rung.enough_trials or amounts.NOTHING_THERE)),
        ),
        lines(
            fact(
                f"Sampler: {sampler}. Every space with its reasons, seed and trial is in `tuning.md`, `tuning.json`, "
                "and `trials.parquet`.",
                *("tuning.json: sampler.implementation", "tuning.json: sampler.library", "tuning.json: rungs"),
            ),
            fact(
                f"Best values of {subject.name} sit at the edge of their range for {listed(map(code, edges))}: that "
                "range may be too narrow.",
                *subject.in_tuning("space"),
            )
            if edges
            else "",
            "" if own else fact(f"{subject.name} was not tuned.", *subject.at(subject.row, "arm")),
        ),
    )


def _trials(rung: RungTuning) -> str:
    return "/".join(
        str(sum(getattr(study, state) for study in rung.studies)) for state in ("complete", "pruned", "failed")
    )


_BY_DESIGN = "by design"
_MOST = 12
"""Columns named in one cell."""


def leakage(subject: Subject) -> str:
    return blocks(
        table(
            list(_sheet(subject)),
            ("how it leaks", lambda line: line[0]),
            ("state", lambda line: line[1]),
            ("what was found", lambda line: line[2]),
            words=["state", "what was found"],
        ),
        lines(
            fact("By design: the harness alone splits, fits and tunes, and its own tests hold it to that."),
            [
                fact(_answered(finding, finding.answer), f"leaderboard.json: audit.findings[{place}].answer")
                for place, finding in enumerate(subject.board.audit.findings)
                if finding.answer is not None
            ],
            fact("All findings are in the board at the end, *Leaks looked for*.", "leaderboard.json: audit.findings"),
            question("How were these rows collected, and was every column known before the target was?"),
        ),
    )


def _answered(finding: Finding, answer: Answer) -> str:
    about = listed(finding.columns) if finding.columns else finding.check
    said = "yes" if answer.answer else "no"
    return f"{markdown(about)}: answered by {markdown(answer.by)}, {said}: {markdown(answer.reason)}"


def _sheet(subject: Subject) -> Iterator[tuple[str, str, str]]:
    """One line a way: what, pass | fail | not applicable | answered | open | by design, and the finding."""
    plan, kind = subject.evidence.plan, subject.board.folds.kind
    yield ("values stamped before anybody knew them", *_availability(plan))
    forward = kind == "forward"
    yield (
        "folds that train on the future",
        "pass" if forward else "not applicable",
        ("folds go forward in time" if forward else "no time column is declared"),
    )
    yield "copies of test rows among training rows", *_audited(subject, "duplicates")
    yield "encoders, imputers, selectors fitted on test rows", _BY_DESIGN, "each is learnt in the training part"
    prepared = (plan.get("data") or {}).get("prepare")
    yield (
        "steps of one's own that look at other rows",
        *(
            _audited(subject, "prepare probes", "prepare")
            if prepared
            else ("not applicable", "data.prepare is not used")
        ),
    )
    yield "scores taken from the tuning itself", _BY_DESIGN, "outer rows are in no trial"
    yield "early stopping, thresholds, calibration on scored rows", _BY_DESIGN, "they use inner folds"
    yield "a stack that sees its own training predictions", _BY_DESIGN, "weights are learnt on inner out-of-fold rows"
    yield "rows of one customer or device on both sides", *_groups(subject)
    yield (
        "columns that are the answer in disguise",
        *_audited(subject, "target_copies", "single_columns", "missingness", "levels", "ids"),
    )
    yield "a target that nobody can know is found all the same", *_placebo(subject)


def _availability(plan: Mapping[str, Any]) -> tuple[str, str]:
    data = plan.get("data") or {}
    if not data.get("time"):
        return "not applicable", "no time column is declared, so nothing is known of when values were known"
    declared: Mapping[str, Any] = data.get("available_after") or {}
    understood: Mapping[str, Any] = (plan.get("understood") or {}).get("columns") or {}
    undeclared = [name for name in understood if name not in declared]
    told = [f"{name}: {_lag(lag)}" for name, lag in declared.items()]
    if undeclared:
        return "UNDECLARED", f"nobody said when these are known: {_few(undeclared)}"
    return "pass", f"declared of every column: {_few(told)}"


def _lag(lag: Any) -> str:
    if isinstance(lag, Mapping):
        return f"at {lag.get('as_of')}"
    return "at once" if lag in (0, "0") else str(lag)


def _few(names: list[str]) -> str:
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return f"{', '.join(shortened(name, 60) for name in names[:_MOST])}{more}"


def _audited(subject: Subject, *checks: str) -> tuple[str, str]:
    audit = subject.board.audit
    found = [each for each in audit.findings if each.check in checks]
    if not found:
        asked = [check for check in checks if check in audit.checks]
        return ("pass", "nothing found") if asked else ("not applicable", "not asked")
    worst = next((each for each in found if is_open(each)), found[0])
    return _state(worst), worst.sentence if len(found) == 1 else f"{worst.sentence} ({len(found) - 1} more)"


def _state(finding: Finding) -> str:
    if finding.answer is not None:
        return "answered"
    return {"leak": "FAIL", "question": "open"}.get(finding.level, "pass, with a note")


def _groups(subject: Subject) -> tuple[str, str]:
    group = (subject.evidence.plan.get("data") or {}).get("group")
    if group and subject.board.folds.kind == "group":
        return "pass", f"rows of one {group} stay together"
    return _audited(subject, "groups")


def _placebo(subject: Subject) -> tuple[str, str]:
    facts = subject.board.placebo
    if facts is None:
        return "not applicable", "no placebo was run; kiss-bench run --placebo does"
    if facts.leaking:
        return "FAIL", f"found by {listed(facts.leaking)}"
    return "pass", f"no rung beats the dummy twice on {len(facts.draws)} targets"
