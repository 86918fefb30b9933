"""Part 8: each way in which the answer may have leaked, what was asked about it, and who answered."""

from collections.abc import Iterator, Mapping
from typing import Any

from kiss_bench.reports.escape import listed, markdown, shortened
from kiss_bench.reports.leaks import is_open
from kiss_bench.reports.proposal_parts.subject import Subject
from kiss_bench.reports.proposal_parts.writing import blocks, fact, lines, question, table
from kiss_bench.tasks.audit.findings import Answer, Finding

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
