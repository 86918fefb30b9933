"""The verdict on the vault's rows, as a pure function of their predictions."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from scipy.special import stdtrit

from kiss_bench.judge.comparison import compare_all, interval
from kiss_bench.judge.contrasts import Measured, measure, set_exam
from kiss_bench.judge.judgement import Comparison, Scheme, Terms
from kiss_bench.judge.predictions import Predictions

ALPHA = 0.05
"""One-sided, whatever the config says of the ladder: one pair is tested, once."""
TINY = 1e-6


@dataclass(frozen=True, kw_only=True, slots=True)
class Holdout:
    scores: Mapping[str, tuple[float, float, float]]
    """Rung -> score, and its two-sided 95 % interval."""
    comparison: Comparison
    low: float
    """One-sided 95 % lower bound of the gain: above the margin where the verdict is `confirmed`."""
    high: float
    verdict: str
    """confirmed | contradicted | not contradicted"""


def judge_holdout(predictions: Predictions, terms: Terms, dummy: str, pair: tuple[str, str]) -> Holdout:
    """Test whether `pair[1]` beats `pair[0]` by more than the margin on rows that no run has read.

    Every rung has one arm here; `dummy` names the one that is the yardstick of a skill margin. The interval is
    conditional on these two fitted models: it says nothing of other training sets, which the folds did. Forward in time
    it is the long-run variance of the block's series, with groups cluster-robust, else that of the rows. Raises what
    the judge raises for rows that decide nothing.
    """
    exam = set_exam(predictions, _once(terms))
    measured: dict[str, Measured] = {}
    for rung, arms in predictions.arms.items():
        [said] = arms.values()
        measured[rung] = measure(exam, said.values, said.codes)
    exam = replace(exam, dummy=measured[dummy])
    found = compare_all(exam, measured[pair[0]], measured[pair[1]], ALPHA)
    low, high = bounds(found)
    scores = {rung: (one.score.value, *interval(one.score, exam.layout)) for rung, one in measured.items()}
    return Holdout(scores=scores, comparison=found, low=low, high=high, verdict=verdict_of(found.p_gain))


def check_holdout(predictions: Predictions, terms: Terms) -> None:
    """Raise what the judge would raise once everything is fitted."""
    set_exam(predictions, _once(terms))


def _once(terms: Terms) -> Terms:
    """The same terms for one test part."""
    scheme: Scheme = "forward" if terms.scheme == "forward" else "holdout"
    return replace(terms, scheme=scheme, escalates=False, alpha=ALPHA)


def verdict_of(p_gain: float) -> str:
    """`confirmed` where the lower bound lies above the margin, `contradicted` where the upper bound lies below it."""
    if p_gain >= 1.0 - ALPHA:
        return "confirmed"
    return "contradicted" if p_gain <= ALPHA else "not contradicted"


def bounds(found: Comparison) -> tuple[float, float]:
    """One-sided 95 % bounds of the gain that lie beyond the margin exactly where the test says so.

    The test is on the contrast with the margin, which has an error of its own where it is a share of a loss; so the
    distance from gain to margin is measured in the test's own standard errors.
    """
    reach = float(stdtrit(found.df, 1.0 - ALPHA))
    statistic = float(stdtrit(found.df, min(max(found.p_gain, 1e-12), 1.0 - 1e-12)))
    excess = found.gain - found.margin
    if abs(statistic) < TINY or excess * statistic <= 0.0 or not 1e-9 < found.p_gain < 1.0 - 1e-9:
        wide = float(stdtrit(found.df, 0.975))
        return found.gain - (found.gain - found.low) * reach / wide, found.gain + (
            found.high - found.gain
        ) * reach / wide
    error = excess / statistic
    return found.gain - reach * error, found.gain + reach * error
