"""Hand-made diagnostics, and evidence around the hand-made boards."""

from dataclasses import replace

from boards import BOARDS, HOSTILE_NAMES, STAYS
from tunings import ADAPTED, TUNING, TUNINGS

from kiss_bench.records.board import Board
from kiss_bench.records.diagnostics import (
    Branch,
    ColumnImportance,
    Confusion,
    Diagnostics,
    DisagreeingRow,
    Disagreements,
    Importance,
    Reading,
    ResidualBin,
    Residuals,
    Slice,
    StudyTrials,
    Term,
)
from kiss_bench.records.evidence import Evidence
from kiss_bench.records.ledger import Line
from kiss_bench.records.tuning import TuningRecord
from kiss_bench.reports.phrases import recommended_row


def a_slice(column, label, rows, score, *, kind="level", half=0.04):
    return Slice(
        column=column, kind=kind, label=label, rows=rows, score=score, low=score - half, high=score + half,
        simpler_score=score + 0.03, small=rows < 50,
    )  # fmt: skip


SLICES = (
    a_slice("purpose", "education", 41, 0.7214, half=0.11),
    a_slice("amount", "4,000 to 18,424", 250, 0.6021, kind="range"),
    a_slice("checking", "below 0", 274, 0.5933),
    a_slice("savings", "missing", 183, 0.5711, kind="missing"),
    a_slice("branch", "branch 7", 120, 0.5633, kind="group"),
    a_slice("applied_at", "2024-01 to 2024-06", 333, 0.5421, kind="time"),
    replace(a_slice("housing", "for free", 9, 0.6), score=None, low=None, high=None, simpler_score=None),
)
DISAGREEMENTS = Disagreements(
    what="the label said, at a probability of 0.5", rows=1000, differing=113, right=70, simpler_right=43,
    most=(
        DisagreeingRow(row_id=17, actual="bad", says=0.9123, simpler_says=0.2214, nearer="recommended"),
        DisagreeingRow(row_id=733, actual="good", says=0.3127, simpler_says=0.8891, nearer="simpler"),
        DisagreeingRow(row_id=211, actual="good", says=0.4127, simpler_says=0.4127, nearer="neither"),
    ),
)  # fmt: skip
IMPORTANCE = Importance(
    loss="log_loss", folds=5, rows=1000, shuffles=3,
    columns=tuple(
        ColumnImportance(column=name, loss=loss, low=loss - 0.006, high=loss + 0.006)
        for name, loss in (("checking", 0.0612), ("duration", 0.0231), ("amount", 0.0113), ("telephone", -0.0004))
    ),
)  # fmt: skip
TREE = (
    Branch(node=0, parent=None, answer="", question="checking is below 0", rows=1000, says="bad 30 %", value=0.3),
    Branch(node=1, parent=0, answer="yes", question="duration > 22.5", rows=274, says="bad 49 %", value=0.4927),
    Branch(node=2, parent=0, answer="no", question="", rows=726, says="bad 23 %", value=0.2273),
    Branch(node=3, parent=1, answer="yes", question="", rows=118, says="bad 64 %", value=0.6441),
    Branch(node=4, parent=1, answer="no", question="", rows=156, says="bad 38 %", value=0.3782),
)
READINGS = (
    Reading(
        rung="stump", arm="default", rows=1000, unit="the share of bad", intercept=None, terms=(), terms_left_out=0,
        sentence="If checking is below 0, then bad 49 %, else bad 23 %.", branches=TREE[:1] + tuple(
            replace(branch, question="") for branch in TREE[1:3]
        ),
    ),
    Reading(
        rung="linear", arm="default", rows=1000, unit="log-odds of bad for one standard deviation, or for the level",
        sentence="", intercept=-1.0432, terms_left_out=37, branches=(),
        terms=(
            Term(name="checking = no account", label="", effect=-0.8731),
            Term(name="duration", label="", effect=0.3412),
            Term(name="amount", label="", effect=0.1127),
        ),
    ),
    Reading(
        rung="tree", arm="tuned", rows=1000, unit="the share of bad", sentence="", intercept=None, terms=(),
        terms_left_out=0, branches=TREE,
    ),
)  # fmt: skip


def trials_of(*rungs, start=0.58, lower=True):
    sign = -1 if lower else 1
    return tuple(
        StudyTrials(
            rung=rung, arm="tuned", fold=fold, states=("COMPLETE", "PRUNED", "COMPLETE", "FAIL", "COMPLETE"),
            values=(start, start - sign * 0.02, start + sign * (0.03 + fold / 100), None, start + sign * 0.01),
        )
        for rung in rungs for fold in range(3)
    )  # fmt: skip


DIAGNOSED = Diagnostics(
    digest=STAYS.digest, rung="linear", arm="default", simpler="stump", simpler_arm="default", metric="log_loss",
    greater_is_better=False, overall=0.5134, slices=SLICES, slices_looked_at=42, disagreements=DISAGREEMENTS,
    confusion=Confusion(labels=("bad", "good"), counts=((152, 148), (81, 619))), importance=IMPORTANCE,
    readings=READINGS, trials=trials_of("linear", "tree", "boosting"),
    notes=("Slices of `housing` were left out: one level has nearly all rows.",),
)  # fmt: skip
RESIDUALS = Residuals(
    bins=tuple(
        ResidualBin(rows=200, predicted=at, actual=at + 0.4 * place, low=-0.3 * at, middle=3.1 - place, high=0.35 * at)
        for place, at in enumerate((121.4, 203.7, 311.2, 452.9, 706.6))
    ),
    sample=tuple((100.0 + 37.5 * n, 90.0 + 41.25 * n + (-1) ** n * 13.5) for n in range(16)),
)
PREDICTED = replace(
    DIAGNOSED, metric="rmse", overall=513.4, confusion=None, residuals=RESIDUALS,
    slices=tuple(
        replace(each, score=each.score * 1000, low=each.low * 1000, high=each.high * 1000,
                simpler_score=each.simpler_score * 1000)
        for each in SLICES[:5]
    ),
    disagreements=replace(
        DISAGREEMENTS, what="predictions further apart than the mean absolute error",
        most=(DisagreeingRow(row_id=17, actual="311.5", says=402.25, simpler_says=288.75, nearer="simpler"),),
    ),
    readings=(replace(READINGS[1], unit="units of the target for one standard deviation", intercept=411.27),),
    trials=trials_of("linear", "tree", "boosting", start=580.0),
)  # fmt: skip
CLASSES = tuple(f"class {letter}" for letter in "abcdefghi")
SEVERAL = replace(
    DIAGNOSED,
    confusion=Confusion(labels=CLASSES, counts=tuple(tuple(7 * i + j for j in range(9)) for i in range(9))),
    readings=(replace(READINGS[1], terms=tuple(Term(name="duration", label=name, effect=0.4127) for name in CLASSES)),),
)
HOSTILE = replace(
    DIAGNOSED,
    rung=HOSTILE_NAMES[2],
    simpler=HOSTILE_NAMES[0],
    slices=tuple(a_slice(name, name, 100, 0.6) for name in HOSTILE_NAMES),
    disagreements=replace(
        DISAGREEMENTS, what=HOSTILE_NAMES[2],
        most=tuple(replace(DISAGREEMENTS.most[0], actual=name) for name in HOSTILE_NAMES),
    ),
    confusion=Confusion(labels=HOSTILE_NAMES[:3], counts=((1, 2, 3), (4, 5, 6), (7, 8, 9))),
    importance=replace(
        IMPORTANCE, columns=tuple(replace(IMPORTANCE.columns[0], column=name) for name in HOSTILE_NAMES)
    ),
    readings=tuple(
        replace(
            READINGS[2], rung=name, unit=name, sentence=name,
            terms=tuple(Term(name=name, label=name, effect=0.5) for name in HOSTILE_NAMES),
            branches=tuple(
                replace(branch, question=branch.question and name, says=name) for branch in TREE
            ),
        )
        for name in HOSTILE_NAMES
    ),
    trials=trials_of(*HOSTILE_NAMES),
    notes=HOSTILE_NAMES,
)  # fmt: skip
DIAGNOSES = {
    "several classes": SEVERAL,
    "intervals": PREDICTED,
    "forward": PREDICTED,
    "tiny": PREDICTED,
    "huge": PREDICTED,
    "hostile": HOSTILE,
    "hostile when checked": HOSTILE,
    "hostile when registered": HOSTILE,
    "baseline only": None,
    "provisional": None,
    "nothing judged": None,
    "no rungs": None,
    "running": None,
}
"""What a board is told with, where it is not `DIAGNOSED`."""
RECORDS = {
    "hostile": TUNINGS["hostile"],
    "hostile when checked": TUNINGS["hostile"],
    "hostile when registered": TUNINGS["hostile"],
    "provisional": TUNINGS["nothing tuned"],
    "amended": ADAPTED,
}


def a_line(seq, event, **facts):
    return Line(
        seq=seq, at=f"2026-11-28T10:0{seq}:00+00:00", event=event, plan_hash="a1" * 32, data_hash="b2" * 32,
        code_hash="c3" * 32, facts=facts, previous="" if seq == 1 else f"{seq - 1:02d}" * 32, hash=f"{seq:02d}" * 32,
    )  # fmt: skip


def evidence(board: Board, diagnostics: Diagnostics | None = None, tuning: TuningRecord = TUNING) -> Evidence:
    return Evidence(
        board=board,
        tuning=tuning,
        plan={"schema": "kiss-bench/plan/1", "seed": None, "project": board.project},
        environment={
            "python": "3.11.7", "cores": 2, "cpu": "<script>window.__pwned = 1</script>", "command": ["kiss-bench"],
            "packages": {"numpy": "2.4.6", "mlflow": None}, "git": None, "installed": ["numpy==2.4.6"],
        },
        diagnostics=diagnostics,
        ledger=(
            a_line(1, "registered", asked={}), a_line(2, "begun"), a_line(3, "run", digest="d4" * 32),
            a_line(4, "<img src=x onerror='window.__pwned = 1'>", faults=["line 2 is gone"]),
        ),
    )  # fmt: skip


def told(name: str) -> Evidence:
    """The evidence of one of BOARDS."""
    board = BOARDS[name]
    found = DIAGNOSES.get(name, DIAGNOSED)
    chosen = recommended_row(board)
    if found is not None and chosen is not None:
        found = replace(found, digest=board.digest, rung=chosen.rung, arm=chosen.arm)
    return evidence(board, found, RECORDS.get(name, TUNING))
