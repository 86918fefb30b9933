"""What tuning brought, in a rung's section of `tuning.md`: on the outer folds, by parameter, and by trial."""

from collections.abc import Sequence

from kiss_bench.reports import amounts
from kiss_bench.reports.escape import markdown
from kiss_bench.reports.settings import column
from kiss_bench.reports.tables import markdown_table
from kiss_bench.tuning.record.rung import ArmGain, BudgetPoint, RungTuning


def arms_told(rung: RungTuning) -> str:
    """Compare default, random and tuned settings on the outer folds."""
    if not rung.scores:
        return ""
    decimals = amounts.shared_decimals(rung.scores.values())
    several = len({study.repeat for study in rung.studies}) > 1
    scores = ", ".join(f"{markdown(arm)} {amounts.number(value, decimals)}" for arm, value in rung.scores.items())
    verdict = f" Tuned over default: {markdown(rung.tuning_verdict)}." if rung.tuning_verdict else ""
    enough = ""
    if rung.p_default_enough is not None:
        enough = f" Chance that tuning gains less than the margin: {amounts.probability(rung.p_default_enough)}."
    first = " of the first repeat" if several else ""
    table = f"\n\n{_gains(rung.gains)}" if rung.gains else ""
    return f"On the outer folds{first}: {scores}.{verdict}{enough}{table}"


def _gains(gains: Sequence[ArmGain]) -> str:
    decimals = amounts.shared_decimals(one.gain for one in gains)
    return markdown_table(
        [
            column("arm", (one.arm for one in gains)),
            column("over", (one.over for one in gains)),
            column("gain", (amounts.number(one.gain, decimals, sign=True) for one in gains), right=True),
            column("95 % interval", (amounts.interval(one.low, one.high, decimals, sign=True) for one in gains)),
            column("P(gain > margin)", (amounts.probability(one.p_gain) for one in gains), right=True),
            column("repeats", (str(one.repeats) for one in gains), right=True),
        ]
    )


def optimism_told(rung: RungTuning) -> str:
    if rung.optimism is None:
        return ""
    found = amounts.number(rung.optimism, sign=True)
    halves = [study.best_at_half for study in rung.studies if study.best_at_half is not None]
    return (
        f"Optimism, by how much the best inner value is better than the score on the outer fold, mean of the studies: "
        f"{found}. Half of the budget had found the same trial in {sum(halves)} of {len(halves)} studies."
    )


def importance_told(rung: RungTuning) -> str:
    told = rung.importance
    if not told.shares:
        return ""
    shares = ", ".join(f"{markdown(name)} {amounts.percent(share)}" for name, share in told.shares.items())
    word = "Importance" if told.reliable else "Importance (not reliable)"
    return (
        f"{word}: {shares}. By {markdown(told.evaluator)}; {told.trials:,} complete trials, "
        f"{amounts.percent(told.excluded)} of all left out; {markdown('; '.join(told.caveats))}."
    )


def curves_told(rung: RungTuning, metric: str) -> str:
    """Draw both curves up as tables; `metric` is the one that trials optimise."""
    unit = markdown(metric)
    parts = []
    if rung.budget_curve:
        told = (
            f"What trials bought: gain of the best inner {unit} so far over trial 0, mean of studies (lowest, highest)"
        )
        parts.append(f"{told}:\n\n{_curve(rung.budget_curve)}")
    if rung.control_curve:
        told = f"Of random search, the expected best {unit} of so many trials drawn without replacement, likewise"
        parts.append(f"{told}:\n\n{_curve(rung.control_curve)}")
    if rung.enough_trials is not None:
        parts.append(
            f"Smallest budget within the margin of the whole: {rung.enough_trials:,} of {rung.trials:,} trials."
        )
    return "\n\n".join(parts)


def _curve(points: Sequence[BudgetPoint]) -> str:
    decimals = amounts.shared_decimals(point.gain for point in points)

    def cell(point: BudgetPoint) -> str:
        low, high = (amounts.number(end, decimals) for end in (point.low, point.high))
        return f"{amounts.number(point.gain, decimals)} ({low}, {high})"

    return markdown_table([column(f"{point.trials:,}", (cell(point),), right=True) for point in points])
