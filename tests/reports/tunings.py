"""Hand-made tuning records."""

from dataclasses import replace

from boards import HOSTILE_NAMES

from kiss_bench.records.tuning import (
    SCHEMA,
    ArmGain,
    BudgetPoint,
    Change,
    DataFacts,
    Effect,
    EnvironmentFacts,
    Importance,
    InnerFacts,
    ObjectiveFacts,
    ParameterFacts,
    ParentFacts,
    PruningFacts,
    ReplayFacts,
    RungTuning,
    SamplerFacts,
    StudyFacts,
    TopTrial,
    TuningRecord,
    UnitFacts,
)

STUDIES = tuple(
    StudyFacts(
        study=f"german-credit/boosting/tuned/0/{fold}",
        purpose=f"tuning inside the training part of repeat 0, outer fold {fold}",
        repeat=0,
        fold=fold,
        status="ok",
        error="",
        reason="",
        seed=104_729 + fold,
        inner_seed=1_299_709,
        inner_hash="5d" * 32,
        rows=800,
        started="2026-11-25T08:00:00+00:00",
        ended="2026-11-25T08:00:42+00:00",
        asked=30,
        spent=30,
        complete=24 - fold,
        pruned=6,
        failed=fold,
        duplicates=fold,
        duplicate_of={"7": 3} if fold == 1 else {"7": 3, "8": 3} if fold else {},
        begun=(0.0, 1.4),
        trial_fits=(3, 1),
        errors={"ValueError": fold} if fold else {},
        fits=80 - fold,
        seconds=41.7 + fold,
        cpu_seconds=40.1,
        peak_bytes=141_000_000 if fold else 0,
        stopped_by="trials",
        resumed=0,
        best_number=17 + fold,
        best_value=0.5021 + fold / 1000,
        default_value=0.5833,
        best_params={"num_leaves": 4, "learning_rate": 0.0312, "extra_trees": fold == 1},
        best_settings={"num_leaves": 4, "learning_rate": 0.0312, "extra_trees": fold == 1, "verbose": -1},
        top=(TopTrial(number=17 + fold, value=0.5021 + fold / 1000, params={"num_leaves": 4}),),
        best_at_half=fold == 0,
        outer_score=0.5101,
        optimism=0.5101 - 0.5021 - fold / 1000,
        trials_hash="7e" * 32,
    )
    for fold in range(3)
)
CRASHED = replace(
    STUDIES[0], status="failed", error="TimeLimit", reason="more than 5 s", seed=None, inner_seed=None, inner_hash=None,
    rows=None, started=None, ended=None, spent=0, complete=0, pruned=0, failed=0, fits=0, stopped_by="TimeLimit",
    best_number=None, best_value=None, default_value=None, best_params={}, best_settings={}, top=(), best_at_half=None,
    outer_score=None, optimism=None, begun=(), trial_fits=(), duplicates=0, duplicate_of={},
)  # fmt: skip
LEAVES = ParameterFacts(
    name="num_leaves", meaning="leaves a tree", kind="int", low=4, high=64, step=1, log=True, choices=(), when={},
    sets=("num_leaves",), default=31, default_inside=True, reason="size of a tree; LightGBM's own guide", shipped=None,
    best=(4, 4, 4), spread=0.0, on_edge=3,
)  # fmt: skip
RATE = replace(
    LEAVES, name="learning_rate", meaning="step of each tree", kind="float", low=0.01, high=0.3, step=None,
    sets=("learning_rate",), default=0.1, reason="", shipped="float(0.05, 0.3, log)", best=(0.0312, 0.0511, None),
    spread=0.145, on_edge=0,
)  # fmt: skip
EXTRA = replace(
    LEAVES, name="extra_trees", meaning="", kind="choice", low=None, high=None, step=None, log=False,
    choices=(True, False), when={"num_leaves": (4, 5)}, sets=("class", "extra_trees"), default=None,
    default_inside=False, reason="", best=(False, True, False), spread=1 / 3, on_edge=0,
)  # fmt: skip
IMPORTANCE = Importance(
    evaluator="PedAnovaImportanceEvaluator", seed="none, it draws nothing", trials=66, excluded=0.2667, reliable=True,
    caveats=("the trials were chosen by tpe",), shares={"num_leaves": 0.81, "learning_rate": 0.15, "extra_trees": 0.04},
)  # fmt: skip
TUNED = RungTuning(
    rung="boosting",
    level=6,
    note="The number of trees is the minimum of the mean inner curve.",
    left_alone="other penalties do what these do",
    encoding="native",
    source="c0" * 32,
    trials=30,
    default_settings={"num_leaves": 31, "max_depth": None, "verbose": -1},
    fixed={"boosting_type": "gbdt"},
    trial_settings={"n_estimators": 200},
    extrapolated="",
    early_stopping="a trial grows until 20 more trees bring nothing",
    pruning={"standard_errors": 2.0, "after_inner_folds": 2},
    most_rows=200_000,
    space=(LEAVES, RATE, EXTRA),
    space_hash="a1" * 32,
    space_points=None,
    outside=0,
    grid={},
    studies=STUDIES,
    control=(),
    scores={"default": 0.5811, "tuned": 0.5062},
    gains=(ArmGain(arm="tuned", over="default", gain=0.0749, low=0.0411, high=0.1087, p_gain=0.9993, repeats=1),),
    tuning_verdict="JUSTIFIED",
    p_default_enough=0.0007,
    optimism=0.0070,
    importance=IMPORTANCE,
    budget_curve=(
        BudgetPoint(trials=1, gain=0.0, low=0.0, high=0.0),
        BudgetPoint(trials=10, gain=0.0711, low=0.0622, high=0.0766),
        BudgetPoint(trials=30, gain=0.0802, low=0.0792, high=0.0812),
    ),
    control_curve=(),
    enough_trials=30,
    adaptation=("kiss-bench adapt DIR --set 'boosting.num_leaves=int(1, 256, log)' --out CHILD.yaml",),
)
TPE = SamplerFacts(
    name="tpe", implementation="TPESampler", library="optuna 5.0.0", seed="one of each trial", n_jobs=1,
    arguments={"n_startup_trials": 10, "gamma": None}, in_force={"prior_weight": 1.0},
)  # fmt: skip
RANDOM = replace(TPE, name="random", implementation="RandomSampler", arguments={}, in_force={})
ENVIRONMENT = EnvironmentFacts(
    schema="kiss-bench/environment/1", command=("kiss-bench", "run", "configs/german_credit.yaml"), python="3.11.7",
    implementation="cpython", system="Linux", release="6.1", machine="x86_64", cpu="a CPU", cores=2, engine="local",
    workers=2, threads_per_worker=1, packages={"optuna": "5.0.0", "mlflow": None}, sources="50" * 32,
    blas=("openblas 0.3.30",), lightgbm={"deterministic": True}, installed=("optuna==5.0.0",),
    git={"commit": "cedd80b", "dirty": False, "diff": None}, hash_seed="random",
)  # fmt: skip
TUNING = TuningRecord(
    schema=SCHEMA,
    project="german-credit",
    plan_hash="9c" * 32,
    digest="3f" * 32,
    config="configs/german_credit.yaml",
    command=("kiss-bench", "run", "configs/german_credit.yaml"),
    replayable=True,
    stamps=(),
    objective=ObjectiveFacts(
        metric="log_loss", greater_is_better=False, sign="the metric's own", aggregation="mean over inner folds",
        tie_rule="the best value wins, of equal ones the lowest number", not_a_number="a trial without a value is FAIL",
        inner=InnerFacts(kind="stratified", count=3, gap=0, window="expanding", rows=None),
    ),
    data=DataFacts(
        data_hash="2d" * 32, folds_hash="48" * 32, rows_read=1000, rows=1000, columns={"age": "number"},
        target={"name": "credit_risk", "rows": {"bad": 300, "good": 700}}, vault="none",
    ),
    root_seed=622_799_356,
    seeds="every seed follows from it",
    budget=30,
    timeout=None,
    sampler=TPE,
    control=None,
    pruning=PruningFacts(enabled=True, rule="paired row losses against the best complete trial"),
    enqueued="trial 0 is the default settings",
    rungs=(TUNED,),
    untuned={"dummy": {"strategy": "prior"}, "stump": {"max_depth": 1, "random_state": None}},
    units=(
        UnitFacts(rung="stump", arm="default", repeat=0, fold=1, seed=7, settings={"max_depth": 1}, threshold=None),
    ),
    environment=ENVIRONMENT,
    parent=None,
    replay=None,
    adaptation=("kiss-bench adapt DIR --set tuning.trials=100 --out CHILD.yaml",),
)  # fmt: skip
CONTROLLED = replace(
    TUNED,
    control=tuple(replace(study, study=study.study.replace("tuned", "random"), errors={}) for study in STUDIES),
    scores={"default": 0.5811, "random": 0.5102, "tuned": 0.5062},
    gains=(
        *TUNED.gains,
        ArmGain(arm="tuned", over="random", gain=0.004, low=-0.0031, high=0.0111, p_gain=0.2711, repeats=1),
        ArmGain(arm="random", over="default", gain=0.0709, low=0.0322, high=0.1096, p_gain=0.9983, repeats=1),
    ),
    control_curve=TUNED.budget_curve,
    importance=replace(IMPORTANCE, trials=18, reliable=False, caveats=("not reliable: 18 complete trials",)),
)
REPEATED = replace(
    TUNING,
    rungs=(
        replace(TUNED, rung="linear", level=2),
        replace(TUNED, studies=tuple(replace(study, repeat=repeat) for repeat in range(2) for study in STUDIES)),
    ),
    units=tuple(
        UnitFacts(rung="stack", arm="tuned", repeat=repeat, fold=fold, seed=None, threshold=None,
                  settings={"weights": {"linear": 0.25 + fold / 10, "boosting": 0.75 - fold / 10}})
        for repeat in range(2) for fold in range(3)
    ),
)  # fmt: skip
ADAPTED = replace(
    TUNING,
    control=RANDOM,
    rungs=(CONTROLLED,),
    parent=ParentFacts(
        project="german-credit-0", plan_hash="0a" * 32, digest="0b" * 32, found=True,
        changes=(Change(key="ladder.boosting.space.num_leaves", before=None, after="int(4, 64, log)"),),
        effects=(
            Effect(rung="boosting", score_before=0.5102, score_after=0.5062, verdict_before="INCONCLUSIVE",
                   verdict_after="JUSTIFIED", gain=0.004, low=-0.0012, high=0.0092),
            Effect(rung="stump", score_before=0.58, score_after=None, verdict_before=None, verdict_after=None,
                   gain=None, low=None, high=None),
        ),
    ),
    replay=ReplayFacts(
        when="2026-11-25T09:00:00+00:00", machine="a CPU, Linux", tolerance="none", left_out=(), equal=False,
        studies=3, trials=90, differences=2, largest=3.1e-9,
        first="boosting/tuned/0/1 trial 12: value 0.5 then, 0.5000000031 now", same_environment=False,
        differing={"packages.lightgbm": ["4.6.0", "4.7.0"]},
    ),
)  # fmt: skip
LEFT_OUT = replace(
    ADAPTED.replay, equal=True, differences=0, largest=None, first="", same_environment=True, differing={},
    left_out=("german-credit/boosting/tuned/0/0",),
)  # fmt: skip
TUNINGS = {
    "several repeats": REPEATED,
    "one rung": TUNING,
    "adapted": ADAPTED,
    "replayed": replace(ADAPTED, replay=replace(ADAPTED.replay, equal=True, same_environment=True, differing={})),
    "parent lost": replace(ADAPTED, parent=replace(ADAPTED.parent, found=False, changes=(), effects=())),
    "from Python": replace(
        TUNING, config=None, command=(), environment=replace(ENVIRONMENT, git=None, command=()), replayable=False
    ),
    "limits": replace(TUNING, rungs=(replace(TUNED, studies=(CRASHED, *STUDIES[1:])),), replay=LEFT_OUT),
    "nothing tuned": replace(TUNING, rungs=(), untuned={}, timeout=90.0),
    "hostile": replace(
        TUNING,
        rungs=tuple(
            replace(TUNED, rung=name, note=name, left_alone=name, default_settings={name: name}, fixed={name: name},
                    space=(replace(EXTRA, name=name, meaning=name, choices=(name,), when={name: (name,)}, reason=name,
                                   best=(name, None, name)),))
            for name in HOSTILE_NAMES
        ),
    ),
    "every trial failed": replace(
        TUNING,
        rungs=(
            replace(TUNED, scores={}, gains=(), tuning_verdict=None, p_default_enough=None, optimism=None,
                    budget_curve=(), enough_trials=None, importance=replace(IMPORTANCE, trials=0, shares={}),
                    space=tuple(replace(line, best=(None, None, None), spread=None, on_edge=0) for line in TUNED.space),
                    studies=tuple(replace(study, complete=0, pruned=0, failed=30, errors={"MemoryError": 30},
                                          best_number=None, best_value=None, default_value=None, best_params={},
                                          best_settings={}, top=(), best_at_half=None, outer_score=None, optimism=None)
                                  for study in STUDIES)),
        ),
    ),
}  # fmt: skip
