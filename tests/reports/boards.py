"""Hand-made records: one of every kind of board a report can meet."""

from dataclasses import replace

from kiss_bench.records.board import (
    AmendmentFacts,
    Board,
    BoardRow,
    ChangeFacts,
    FoldFacts,
    HonestyFacts,
    LedgerFacts,
    LuckFacts,
    MetricFacts,
    PastRunFacts,
    PlaceboDraw,
    PlaceboFacts,
    RecommendedFacts,
    ShiftFacts,
    StabilityFacts,
    TrialCounts,
    VariantFacts,
    VaultFacts,
)
from kiss_bench.tasks.audit.findings import Answer, Audit, Finding

ROWS_ALONE, REDRAWN = "row variance, inflated", "row variance, inflated by instability"


def reliable(brier, reliability, resolution, within=-0.0009):
    """The reliability of a rung in three bins, whose parts add up to its Brier score."""
    bins = [
        {"count": 334, "probability": 0.0871, "observed": 0.0778, "low": 0.0537, "high": 0.1116},
        {"count": 333, "probability": 0.2613, "observed": 0.2462, "low": 0.2031, "high": 0.2951},
        {"count": 333, "probability": 0.5571, "observed": 0.5766, "low": 0.523, "high": 0.6285},
    ]
    return {
        "top_label": False, "bins": bins, "ece": 0.0148, "ece_by_chance": 0.0171, "brier": brier,
        "reliability": reliability, "resolution": resolution, "uncertainty": 0.21, "within": within,
    }  # fmt: skip


DUMMY = BoardRow(
    rung="dummy", level=0, arm="default", status="ok", repeats=1, score=0.6109, score_low=0.5921, score_high=0.6297,
    skill=0.0, also={"roc_auc": 0.5, "brier": 0.21}, verdict="BASELINE", clipped=0, fit_seconds=0.0021,
    predict_us_per_row=0.41, model_bytes=612, seeds={"estimator": [1, 2, 3]}, summary="the training prior",
    reliability={
        "top_label": False, "ece": 0.0, "ece_by_chance": 0.0116, "brier": 0.21, "reliability": 0.0, "resolution": 0.0,
        "bins": [{"count": 1000, "probability": 0.3, "observed": 0.3, "low": 0.2724, "high": 0.3291}],
        "uncertainty": 0.21, "within": 0.0,
    },
)  # fmt: skip
STUMP = BoardRow(
    rung="stump", level=1, arm="default", status="ok", repeats=1, score=0.5702, score_low=0.5489, score_high=0.5915,
    skill=0.0666, also={"roc_auc": 0.6712, "brier": 0.1934}, incumbent="dummy", gain=0.0407, gain_low=0.0251,
    gain_high=0.0563, p_gain=0.99982, p_equal=0.00018, p_harm=0.0, alpha=0.00143, verdict="JUSTIFIED",
    min_detectable_gain=0.0371, clipped=0, fit_seconds=0.0214, predict_us_per_row=3.2, model_bytes=3104,
    method=ROWS_ALONE, gain_repeats=1, reliability=reliable(0.1934, 0.0003, 0.016),
)  # fmt: skip
LINEAR = BoardRow(
    rung="linear", level=2, arm="tuned", status="ok", repeats=5, score=0.5134, score_low=0.4869, score_high=0.5399,
    skill=0.1596, also={"roc_auc": 0.7741, "brier": 0.1693}, default_score=0.5151, default_verdict="JUSTIFIED",
    default_skill=0.1568, default_gain=0.0551, default_gain_low=0.0321, default_gain_high=0.0781,
    default_p_gain=0.99996,
    tuning_gain=0.0017, tuning_verdict="NOT JUSTIFIED", incumbent="stump", gain=0.0568, gain_low=0.0342,
    gain_high=0.0794, p_gain=0.99998, p_equal=0.00002, p_harm=0.0, alpha=0.00286, verdict="JUSTIFIED",
    min_detectable_gain=0.0475, clipped=0, fit_seconds=0.0931, predict_us_per_row=8.75, model_bytes=14213,
    tuning_seconds=11.2, trials=TrialCounts(complete=118, pruned=30, failed=2), seeds={"study": {"0/0": 991}},
    method=ROWS_ALONE, gain_repeats=1, p_default_enough=0.9874, reliability=reliable(0.1693, 0.0006, 0.0404),
)  # fmt: skip
TREE = BoardRow(
    rung="tree", level=4, arm="tuned", status="ok", repeats=1, score=0.5489, score_low=0.5222, score_high=0.5756,
    skill=0.1015, also={"roc_auc": 0.7204, "brier": 0.1841}, default_score=0.5611, default_verdict="NOT JUSTIFIED",
    tuning_gain=0.0122, tuning_verdict="INCONCLUSIVE", incumbent="linear", gain=-0.0355, gain_low=-0.0561,
    gain_high=-0.0149, p_gain=0.00003, p_equal=0.00291, p_harm=0.99706, alpha=0.00429, verdict="NOT JUSTIFIED",
    min_detectable_gain=0.0437, clipped=214, fit_seconds=0.0382, predict_us_per_row=2.9, model_bytes=9120,
    tuning_seconds=6.4, trials=TrialCounts(complete=150), method=ROWS_ALONE, gain_repeats=1, p_default_enough=0.2713,
    flags=("1 % of the rows carry 54 % of the difference.",),
)  # fmt: skip
BOOSTING = BoardRow(
    rung="boosting", level=6, arm="tuned", status="ok", repeats=5, score=0.5062, score_low=0.4774, score_high=0.535,
    skill=0.1714, also={"roc_auc": 0.7893, "brier": 0.1668}, default_score=0.5811, default_verdict="NOT JUSTIFIED",
    tuning_gain=0.0749, tuning_verdict="JUSTIFIED", incumbent="linear", gain=0.0084, gain_low=-0.0067,
    gain_high=0.0235, p_gain=0.61874, p_equal=0.35211, p_harm=0.02915, alpha=0.00714, verdict="INCONCLUSIVE",
    min_detectable_gain=0.0304, rows_needed=13214, repeats_needed=38, clipped=0,
    fit_seconds=0.512, predict_us_per_row=21.4, model_bytes=488213, tuning_seconds=212.0,
    trials=TrialCounts(complete=96, pruned=54), method=REDRAWN, gain_repeats=5, fold_wins=0.64,
    p_default_enough=0.00001,
    reliability=reliable(0.1668, 0.0011, 0.0434),
)  # fmt: skip

STAYS = Board(
    project="german-credit", question="Does boosting earn its keep over logistic regression for new loans?",
    target="class", task="binary", task_why="two labels", positive="bad", plan_hash="a1" * 32, data_hash="b2" * 32,
    folds_hash="c3" * 32, digest="d4" * 32, rows_read=1000, rows=1000, rows_vault=0, rows_dropped=0, features=20,
    metric=MetricFacts(name="log_loss", greater_is_better=False, margin=0.01, margin_unit="skill", margin_abs=0.006109),
    folds=FoldFacts(kind="stratified", count=5, inner=3, repeats="auto"), alpha=0.05, replayable=True,
    recommended=RecommendedFacts(rung="linear", arm="default", why="last rung promoted on the way up"),
    also_consider=None, rungs=(DUMMY, STUMP, LINEAR, TREE, BOOSTING), notes=("Column `officer` dropped as asked.",),
    seconds=234.0,
)  # fmt: skip

BASELINE_ONLY = replace(
    STAYS, rungs=(DUMMY,), recommended=RecommendedFacts(rung="dummy", arm="default", why="nothing else ran")
)

NOISE = replace(
    STAYS,
    project="noise",
    question="",
    recommended=RecommendedFacts(rung="dummy", arm="default", why="no rung was promoted"),
    rungs=(
        DUMMY,
        replace(STUMP, score=0.6124, score_low=0.5930, score_high=0.6318,
                also={"roc_auc": 0.4961, "brier": 0.2106},
                skill=-0.0025, gain=-0.0015, gain_low=-0.0052, gain_high=0.0022, p_gain=0.00002,
                p_equal=0.98, p_harm=0.01998, verdict="NOT JUSTIFIED"),
        replace(LINEAR, repeats=1, score=0.6093, score_low=0.5884, score_high=0.6302,
                also={"roc_auc": 0.5204, "brier": 0.2097}, default_score=0.6131, default_verdict="NOT JUSTIFIED",
                default_skill=-0.0036, default_gain=-0.0022, default_gain_low=-0.0131, default_gain_high=0.0087,
                default_p_gain=0.0713, tuning_gain=0.0038, tuning_verdict="INCONCLUSIVE", skill=0.0026,
                incumbent="dummy", gain=0.0016, gain_low=-0.0093, gain_high=0.0125,
                p_gain=0.2081, p_equal=0.7102, p_harm=0.0817, alpha=0.00714, verdict="INCONCLUSIVE"),
    ),
)  # fmt: skip

PROMOTED = replace(
    STAYS,
    recommended=RecommendedFacts(rung="boosting", arm="tuned", why="last rung promoted on the way up"),
    also_consider="linear",
    rungs=(
        DUMMY, STUMP, LINEAR, TREE,
        replace(BOOSTING, score=0.4411, score_low=0.4132, score_high=0.469, skill=0.2780,
                also={"roc_auc": 0.8402, "brier": 0.1432}, tuning_gain=0.14,
                gain=0.0721, gain_low=0.0503,
                gain_high=0.0939, p_gain=0.999997, p_equal=0.000003, p_harm=0.0, verdict="JUSTIFIED", rows_needed=None,
                repeats_needed=None),
        BoardRow(rung="stack", level=7, arm="tuned", status="ok", repeats=1, score=0.4402, skill=0.2794,
                 incumbent="boosting", gain_repeats=1, gain=0.0009, gain_low=-0.0021, gain_high=0.0039, p_gain=0.0004,
                 p_equal=0.9996, p_harm=0.0, alpha=0.00857, verdict="NOT JUSTIFIED",
                 min_detectable_gain=0.0129, fit_seconds=2.9),
    ),
)  # fmt: skip

TROUBLE = replace(
    STAYS,
    replayable=False,
    notes=("Skipped: stump.", "3 rows without a target were dropped."),
    rungs=(
        DUMMY,
        BoardRow(rung="stump", level=1, status="skipped", reason="the regulator forbids one-column rules"),
        replace(LINEAR, incumbent="dummy", gain=0.0975, gain_low=0.0741, gain_high=0.1209,
                default_gain=0.0958, default_gain_low=0.0720, default_gain_high=0.1196),
        BoardRow(rung="tree", level=4, status="failed", verdict="FAILED", alpha=0.00714,
                 reason="ValueError in repeat 0, fold 3:\nInput X contains infinity or a value too large for "
                        "dtype('float32'). The column is `amount | raw`."),
        BoardRow(rung="forest", level=5, status="failed", verdict="FAILED", reason="out of memory"),
        replace(BOOSTING, verdict="NOT COMPARABLE", reason="100 trials, linear had 30", rows_needed=None,
                repeats_needed=None),
    ),
)  # fmt: skip

PROVISIONAL = replace(
    STAYS,
    rungs=tuple(
        replace(row, status="provisional", arm="default", trials=None, tuning_gain=None, tuning_verdict=None,
                tuning_seconds=None, p_default_enough=None, repeats=1, repeats_needed=None,
                method=row.method and ROWS_ALONE, gain_repeats=row.gain_repeats and 1)
        for row in STAYS.rungs
    ),
)  # fmt: skip

RUNNING = replace(
    STAYS,
    digest="",
    recommended=None,
    rungs=(DUMMY, STUMP, BoardRow(rung="linear", level=2), BoardRow(rung="boosting", level=6)),
    seconds=None,
)

HOSTILE_NAMES = (
    "a|b | c",
    "line\nbreak\r\n\u2028end",
    "<script>alert('x')</script>",
    "`tick``s` **bold** [link](http://x) $a$ _u_",
    "🦔 hedgehog",
    "x" * 200,
    "<!-- kiss-bench:end -->",
    "[red]markup[/red] \x1b[31m",
    '=HYPERLINK("http://x")',
    "# heading",
)
HOSTILE = replace(
    STAYS,
    question="<img src=x onerror=alert(1)> | what\n# now?",
    target="cla|ss`<b>",
    positive="b\nad <i>",
    task_why="two <labels>",
    notes=("note <b> | `x`\n# y",),
    recommended=RecommendedFacts(rung=HOSTILE_NAMES[2], arm="tuned", why="because <b>\nof | that"),
    also_consider=HOSTILE_NAMES[0],
    rungs=(
        DUMMY,
        *(
            replace(LINEAR if place < 3 else BOOSTING, rung=name, level=place + 1, flags=(f"flag of {name}",),
                    incumbent="dummy" if place == 0 else HOSTILE_NAMES[min(place - 1, 2)], reason=name,
                    also={"m|<b>": 0.5})
            for place, name in enumerate(HOSTILE_NAMES)
        ),
        BoardRow(rung="+broken", level=99, status="failed", reason="=cmd|' /C calc'!A0 <b>" * 40),
    ),
)  # fmt: skip


def _scaled(factor: float) -> Board:
    names = (
        *("score", "score_low", "score_high", "gain", "gain_low", "gain_high", "min_detectable_gain"),
        *("default_score", "default_gain", "default_gain_low", "default_gain_high", "tuning_gain"),
    )
    rows = []
    for row in STAYS.rungs:
        found = {name: getattr(row, name) for name in names}
        rows.append(replace(row, **{name: None if value is None else value * factor for name, value in found.items()}))
    metric = MetricFacts(
        name="rmse", greater_is_better=False, margin=0.006109 * factor, margin_unit="absolute",
        margin_abs=0.006109 * factor,
    )  # fmt: skip
    return replace(STAYS, metric=metric, task="regression", positive=None, rungs=tuple(rows))


TINY, HUGE = _scaled(1e-9), _scaled(1e12)


def covering(width, score, coverage=0.9001):
    """The prediction intervals of a rung whose errors grow with its predictions."""
    return {
        "level": 0.9, "rows": 1000, "coverage": coverage, "coverage_by_third": [0.9988, 0.9824, 0.719],
        "mean_width": width, "interval_score": score,
        "note": "near 90 % for rows drawn like these, and in theory not much below 80 %",
    }  # fmt: skip


INTERVALS = replace(
    _scaled(1000.0),
    project="prices",
    question="",
    target="price",
    task_why="a number",
    multiplicity="per_step",
    ladder_error=0.1147,
    folds=FoldFacts(kind="shuffled", count=5, inner=3, repeats=5),
    rungs=tuple(
        replace(row, repeats=5, also={}, clipped=None, reliability=None, method=row.method and REDRAWN,
                gain_repeats=row.gain_repeats and 5,
                rows_needed=None, repeats_needed=None,
                prediction_intervals=covering(3.2 * row.score, 5.4 * row.score))
        for row in _scaled(1000.0).rungs
    ),
)  # fmt: skip
TOO_FEW = {
    "level": 0.9, "rows": 0, "coverage": None, "coverage_by_third": [], "mean_width": None, "interval_score": None,
    "note": "earlier folds hold fewer than 20 residuals to make them from",
}  # fmt: skip
FORWARD = replace(
    INTERVALS,
    multiplicity="strict",
    ladder_error=None,
    folds=FoldFacts(kind="forward", count=5, inner=3, repeats="auto"),
    rungs=tuple(
        replace(
            row,
            repeats=1,
            method=row.method and "long-run variance, cosine weights",
            gain_repeats=row.gain_repeats and 1,
            prediction_intervals=TOO_FEW,
        )
        for row in INTERVALS.rungs
    ),
)
SEVERAL = replace(
    STAYS,
    task="multiclass",
    positive=None,
    folds=FoldFacts(kind="group", count=5, inner=3, repeats=2),
    rungs=tuple(
        replace(
            row,
            repeats=2,
            gain_repeats=row.gain_repeats and 2,
            reliability=row.reliability and {**row.reliability, "top_label": True},
        )
        for row in STAYS.rungs
    ),
)

EXPLODED = replace(
    STAYS,
    rungs=(
        DUMMY,
        STUMP,
        replace(
            LINEAR,
            score=3.2e11,
            skill=-5.2e11,
            gain=-3.2e11,
            gain_low=float("-inf"),
            gain_high=float("nan"),
            default_score=3.1e11,
            default_skill=-5.1e11,
            default_gain=-3.1e11,
            default_gain_low=float("-inf"),
            default_gain_high=float("nan"),
        ),
        replace(
            BOOSTING,
            reliability={"bins": [], "ece": float("nan")},
            gain=1.2e-9,
            fit_seconds=98_000.0,
            predict_us_per_row=1.2e6,
            model_bytes=7_900_000_000_000,
        ),
    ),
)

EMPTY_FIELDS = replace(
    STAYS, question="", task_why="", positive=None, digest="", also_consider=None, seconds=None, notes=(),
    metric=MetricFacts(name="roc_auc", greater_is_better=True, margin=0.01, margin_unit="relative", margin_abs=None),
    recommended=RecommendedFacts(rung="linear", arm="default", why=""),
    rungs=(
        BoardRow(rung="dummy", level=0, status="ok", verdict="BASELINE"),
        BoardRow(rung="linear", level=2, status="ok", verdict="JUSTIFIED"),
        BoardRow(rung="forest", level=5, status="ok", verdict="INCONCLUSIVE"),
        BoardRow(rung="boosting", level=6, status="ok"),
    ),
)  # fmt: skip


def variant(what, recommended="linear", verdict="JUSTIFIED", *, same=True, reason=""):
    arm = None if recommended is None else "default"
    return VariantFacts(what=what, recommended=recommended, arm=arm, verdict=verdict, same=same, reason=reason)


def placebo(found, leaking=(), how="The target was permuted over rows."):
    """Each rung with its P on three placebo targets."""
    draws = [
        PlaceboDraw(
            seed=place,
            scores={"dummy": 0.6109, **{rung: _scored(one[place]) for rung, one in found.items()}},
            chances={"dummy": None, **{rung: one[place] for rung, one in found.items()}},
        )
        for place in range(3)
    ]
    return PlaceboFacts(how=how, trials=5, draws=tuple(draws), leaking=leaking)


def _scored(chance):
    return None if chance is None else 0.1109 if chance > 0.9 else 0.6209


MARGINS = (variant("half the margin"), variant("the margin"), variant("twice the margin"))
CHECKED = replace(
    STAYS,
    placebo=placebo({"stump": (0.01, 0.2, 0.96), "linear": (0.4, 0.3, 0.1), "boosting": (None, None, None)}),
    stability=StabilityFacts(
        margins=MARGINS, metrics=(variant("roc_auc"), variant("brier")), flip_rate=0.0,
        seeds=tuple(variant(f"seed {number}") for number in (1203, 77, 150341, 9)),
    ),
)  # fmt: skip
FLIPPED = replace(
    STAYS,
    placebo=placebo(
        {"stump": (0.01, 0.2, 0.5), "linear": (0.99, 0.97, 0.3), "boosting": (1.0, 1.0, 1.0)}, ("linear", "boosting")
    ),
    stability=StabilityFacts(
        margins=(variant("half the margin", "boosting", "JUSTIFIED", same=False), *MARGINS[1:]),
        metrics=(
            variant("roc_auc"), variant("brier", "boosting", "NOT JUSTIFIED", same=False),
            variant("f1", None, None, same=False, reason="no decision threshold was learnt for it"),
        ),
        seeds=(variant("seed 11"), variant("seed 12", "dummy", "INCONCLUSIVE", same=False)), by_hand=True,
        flip_rate=0.5,
    ),
)  # fmt: skip
CHANGED = ChangeFacts(key="margin", before="1 %", after="0.2 %")
OPENED = VaultFacts(
    rows=250, how="rows by the hash of 'loan_id'", openings=1, at="2026-11-28T10:00:00+00:00", plan_hash="a1" * 32,
    rung="linear", arm="tuned", incumbent="stump", gain=0.0412, gain_low=0.0101, gain_high=0.0723, margin=0.0061,
    p_gain=0.9641, verdict="confirmed", method="row variance",
    scores={"dummy": (0.6, 0.55, 0.65), "linear": (0.5, 0.44, 0.56), "stump": (0.5412, 0.5, 0.58)},
    shift=ShiftFacts(auc=0.52, low=0.47, high=0.57, columns=("age", "amount")),
)  # fmt: skip
AMENDED = replace(
    STAYS,
    rows_vault=250,
    honesty=HonestyFacts(
        registered="2026-11-26T08:00:00+00:00",
        amendments=(
            AmendmentFacts(at="2026-11-27T09:00:00+00:00", seen="after results were seen", changes=(CHANGED,)),
        ),
        history=(
            PastRunFacts(
                at="2026-11-26T08:05:00+00:00", plan_hash="b2" * 32, digest="c3" * 32, metric="log_loss",
                margin="1 % of the dummy's loss (0.006109 log_loss)", recommended="stump",
                verdicts={"dummy": "BASELINE", "stump": "JUSTIFIED", "linear": "INCONCLUSIVE", "svm": "FAILED"},
                scores={"dummy": 0.61, "stump": 0.55, "linear": 0.54, "svm": None},
            ),
        ),
        luck=LuckFacts(runs=3, tries=2, se=0.01, luck=0.01177),
        vault=OPENED,
        ledger=LedgerFacts(lines=9, head="d4" * 32),
        stamps=("AMENDED: margin changed from 1 % to 0.2 % after results were seen (2026-11-27)",),
    ),
    audit=Audit(
        findings=(
            Finding(check="target_copies", level="leak", columns=("paid",), sentence="'paid' is the target."),
            Finding(check="single_columns", level="question", columns=("duration",), sentence="Alone it tells 19 %."),
            Finding(
                check="levels", level="question", columns=("officer",), sentence="One level tells the class.",
                answer=Answer(answer=True, by="A. Person", reason="known at the counter"),
            ),
            Finding(check="duplicates", level="note", sentence="3 rows are twins."),
        ),
        checks=("target_copies", "levels", "single_columns", "duplicates", "ids"),
        skipped={"times": "data.time: day is declared."},
    ),
)  # fmt: skip
BURNED = replace(
    STAYS,
    rows_vault=250,
    honesty=HonestyFacts(
        vault=replace(
            OPENED, openings=2, verdict="not contradicted", rows_needed=12_345,
            shift=ShiftFacts(auc=0.91, low=0.88, high=0.94, columns=("age", "amount")),
        ),
        stamps=("BURNED: the vault was opened 2 times, so it is no fresh look any more",),
    ),
)  # fmt: skip
SEALED = replace(STAYS, rows_vault=250, honesty=HonestyFacts(vault=VaultFacts(rows=250, how="whole groups")))
NOTHING_JUDGED = replace(
    STAYS, recommended=None, rungs=(BoardRow(rung="dummy", level=0, status="failed", reason="no rows"),)
)

BOARDS = {
    "stays": STAYS,
    "baseline only": BASELINE_ONLY,
    "noise": NOISE,
    "promoted": PROMOTED,
    "trouble": TROUBLE,
    "provisional": PROVISIONAL,
    "running": RUNNING,
    "hostile": HOSTILE,
    "tiny": TINY,
    "huge": HUGE,
    "exploded": EXPLODED,
    "intervals": INTERVALS,
    "forward": FORWARD,
    "several classes": SEVERAL,
    "empty fields": EMPTY_FIELDS,
    "nothing judged": NOTHING_JUDGED,
    "checked": CHECKED,
    "flipped": FLIPPED,
    "flipped by seeds alone": replace(
        FORWARD,
        stability=StabilityFacts(margins=MARGINS[1:2], seeds=FLIPPED.stability.seeds, flip_rate=0.5),
        placebo=placebo({"linear": (None, None, None)}, how="The target was cut in time into pieces."),
    ),
    "hostile when checked": replace(
        HOSTILE,
        placebo=placebo(dict.fromkeys(HOSTILE_NAMES, (1.0, 1.0, 1.0)), HOSTILE_NAMES, "<b>how</b> | it was"),
        stability=StabilityFacts(
            margins=MARGINS,
            metrics=tuple(variant(name, name, "JUSTIFIED", same=False) for name in HOSTILE_NAMES)
            + tuple(variant(name, None, None, same=False, reason=name) for name in HOSTILE_NAMES),
        ),
    ),
    "amended": AMENDED,
    "burned": BURNED,
    "sealed": SEALED,
    "hostile when registered": replace(
        HOSTILE,
        honesty=HonestyFacts(
            registered="<b>",
            amendments=tuple(
                AmendmentFacts(
                    at=name,
                    seen="after results were seen",
                    changes=(
                        ChangeFacts(key=name, before=name, after=[name]),
                        ChangeFacts(key=f"{name}.on the ladder", before=None, after=True),
                    ),
                )
                for name in HOSTILE_NAMES
            ),
            history=(
                PastRunFacts(
                    at="<i>",
                    plan_hash="",
                    digest="",
                    margin="| <b>",
                    metric="`",
                    recommended=HOSTILE_NAMES[2],
                    verdicts=dict.fromkeys(HOSTILE_NAMES, "JUSTIFIED"),
                    scores=dict.fromkeys(HOSTILE_NAMES, 0.5),
                ),
            ),
            vault=replace(
                OPENED,
                rung=HOSTILE_NAMES[2],
                incumbent=HOSTILE_NAMES[0],
                how=HOSTILE_NAMES[3],
                scores=dict.fromkeys(HOSTILE_NAMES, (0.5, 0.4, 0.6)),
                shift=ShiftFacts(auc=0.9, low=0.8, high=1.0, columns=HOSTILE_NAMES),
            ),
            stamps=HOSTILE_NAMES,
        ),
        audit=Audit(
            findings=tuple(
                Finding(check="ids", level=level, columns=(name,), sentence=f"{name!r} {name}", answer=answer)
                for name in HOSTILE_NAMES
                for level, answer in (
                    ("question", None),
                    ("leak", None),
                    ("note", None),
                    ("question", Answer(answer=False, by=name, reason=name)),
                )
            ),
            checks=("ids", "<check>"),
            skipped=dict.fromkeys(HOSTILE_NAMES, "<b>why</b> | so"),
        ),
    ),
    "no rungs": replace(STAYS, recommended=None, rungs=()),
}
