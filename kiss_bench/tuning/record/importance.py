"""Which parameters mattered: Optuna's PED-ANOVA over the complete trials of a rung's studies."""

from collections.abc import Mapping, Sequence
from typing import Any

from scipy.stats import rankdata

from kiss_bench.evaluation.exam import Trial
from kiss_bench.rungs import Parameter
from kiss_bench.tuning.record.rung import Importance
from kiss_bench.tuning.sampling import importance_shares

ENOUGH = 50
"""Complete trials from which shares are called reliable: a tenth of them, five, are then the best ones compared."""
EVALUATOR = (
    "PedAnovaImportanceEvaluator, the best tenth against all (Watanabe, Bansal and Hutter 2023, arXiv 2304.10255)"
)


def importance_of(
    space: Sequence[Parameter], studies: Sequence[Sequence[Trial]], *, maximise: bool, sampled: str
) -> Importance:
    """Shares over the trials of all studies, by the rank of each in its study, since every study has its own rows.

    `sampled` names how the trials were chosen. Trial 0, repeated, pruned and failed trials are left out.
    """
    sign = -1.0 if maximise else 1.0
    found: list[tuple[Mapping[str, Any], float]] = []
    for trials in studies:
        used = [t for t in trials[1:] if t.state == "COMPLETE" and t.value is not None and t.duplicate_of is None]
        ranks = rankdata([sign * (t.value or 0.0) for t in used]) if used else ()
        found += [(t.params, float(rank) / len(used)) for t, rank in zip(used, ranks, strict=True)]
    total = sum(len(trials) for trials in studies)
    shares = importance_shares(space, found) if len(space) > 1 or not found else {line.name: 1.0 for line in space}
    caveats = [f"the trials were chosen by {sampled}"]
    if sampled == "tpe":
        caveats[0] += ", which looks where it was good before: what it soon settled seems to matter less"
    if any(line.when for line in space):
        names = ", ".join(line.name for line in space if line.when)
        caveats.append(f"searched only at some values of others, and compared where they were: {names}")
    if len(found) < ENOUGH:
        caveats.append(f"not reliable: {len(found)} complete trials, and it takes {ENOUGH}")
    return Importance(
        evaluator=EVALUATOR,
        seed="none, it draws nothing",
        trials=len(found),
        excluded=1.0 - len(found) / total if total else 0.0,
        reliable=len(found) >= ENOUGH,
        caveats=tuple(caveats),
        shares=shares,
    )
