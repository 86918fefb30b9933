"""The simulated tables: four worlds with a known truth, and one draw of each in the shape of a user's table.

A table is a pure function of shape, scenario and random generator. Numbers: the user's own values are the errors, so
that their tails stay. Classes come first and columns follow from them: a column of class k is d * centre_k * gate +
N(0, 1). By Bayes' rule the log-odds of the classes are then linear in the columns exactly (linear discriminant
analysis, Fisher 1936), which is the logistic model, and the softmax one for more than two classes; the class counts are
the user's to the last row.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.special import log_softmax
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline

from kiss_bench.metrics import METRICS, find_metric, score
from kiss_bench.plan.plan import Step, TaskKind
from kiss_bench.selftest.shape import Codes, Floats, Shape

HALF = "kiss_bench.selftest.scenarios:half"
GATE = (1.0, -0.5)
"""What the effects of the gated columns are multiplied by, where the gate column is above zero and where it is not."""
MOST_REMOVED, MOST_REMOVED_BY_HALF = 0.9, 0.45
WITHIN_GROUP = 0.3
"""Correlation of two rows of one group, in columns and in errors."""
PERSISTENCE = 0.5
"""Correlation of one point in time with the next: AR(1), in columns and in errors."""
WITHIN_TIME = 0.5
"""Correlation of two rows of one point in time, where there are several."""
MOST_EXPLAINED = 0.95
TARGET, GROUP, TIME, WEIGHT = "target", "group", "time", "weight"
SAMPLE = 20_000
STEPS = 30
FARTHEST = 64.0
"""Rows, halvings and the largest distance of the search for how far classes have to lie apart."""


Signal = Literal["none", "half", "gated", "both"]
"""none: nothing · half: the first half of the columns, additively · gated: two columns whose effects turn round with
the sign of a third · both: all columns, additively, so that either half is worth the same."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """One world. `removes` is the share of the dummy's loss, on top of the margin, that its truth removes."""

    name: str
    title: str
    what: str
    signal: Signal
    removes: float
    truth: str
    """The simplest rung that nothing above it can beat, or from which on the world can be seen."""
    rungs: tuple[tuple[str, float], ...]
    """Rungs of the ladder with their levels."""
    needless: bool
    """Whether a rung above the truth is one too many."""
    over_truth: bool = False
    """Whether it is one too many only where it was promoted over the truth itself: on its own it is as good."""


SHIPPED = (("dummy", 0.0), ("linear", 2.0), ("tree", 4.0), ("boosting", 6.0))
HALVES = (("dummy", 0.0), ("first", 1.0), ("second", 2.0))

_TABLE = (
    Scenario(
        name="noise",
        title="no rung helps",
        what="The target has nothing to do with any column.",
        signal="none",
        removes=0.0,
        truth="dummy",
        rungs=SHIPPED,
        needless=True,
    ),
    Scenario(
        name="linear",
        title="linear is the truth",
        what="Half of the columns act additively: a linear (logistic, softmax) model is exactly right.",
        signal="half",
        removes=0.25,
        truth="linear",
        rungs=SHIPPED,
        needless=True,
    ),
    Scenario(
        name="interactions",
        title="interactions are real",
        what="Two columns act, and a third one decides by its sign in which direction and how much "
        f"({GATE[0]:g} above zero, {GATE[1]:g} below).",
        signal="gated",
        removes=0.3,
        truth="tree",
        rungs=SHIPPED,
        needless=False,
    ),
    Scenario(
        name="equal",
        title="two equal rungs",
        what="Either half of the columns says the same about the target, and two linear rungs see one half each: "
        "they are equally good, and the second stands above the first.",
        signal="both",
        removes=0.2,
        truth="first",
        rungs=HALVES,
        needless=True,
        over_truth=True,
    ),
)

SCENARIOS: Mapping[str, Scenario] = MappingProxyType({scenario.name: scenario for scenario in _TABLE})


def removed_share(scenario: Scenario, shape: Shape) -> float:
    """Share of the dummy's loss that the truth removes in this shape: the scenario's own on top of the margin."""
    if scenario.signal == "none":
        return 0.0
    most = MOST_REMOVED_BY_HALF if scenario.signal == "both" else MOST_REMOVED
    return min(shape.margin_share + scenario.removes, most)


def ladder_of(scenario: Scenario, kind: TaskKind) -> tuple[Step, ...]:
    """Steps of the scenario's ladder: default settings, nothing to tune."""
    return tuple(_step(scenario, kind, name, level) for name, level in scenario.rungs)


def level_of(scenario: Scenario, rung: str) -> float:
    return dict(scenario.rungs)[rung]


def _step(scenario: Scenario, kind: TaskKind, name: str, level: float) -> Step:
    if scenario.rungs != HALVES or name == "dummy":
        return Step(name=name, level=level, trials=0)
    settings = {"which": name, "task": kind}
    return Step(name=name, level=level, estimator=HALF, settings=settings, trials=0)


class HalfOfColumns(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Keeps the `first` or the `second` half of the columns."""

    def __init__(self, which: str) -> None:
        self.which = which

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: ARG002  (scikit-learn's signature)
        self.n_features_in_ = np.shape(X)[1]
        return self

    def transform(self, X: Any) -> NDArray[np.float64]:
        columns = np.asarray(X, dtype=np.float64)
        middle = columns.shape[1] // 2
        return columns[:, :middle] if self.which == "first" else columns[:, middle:]


def half(which: str, task: str) -> Pipeline:
    """Build the rung that sees the `first` or the `second` half of the columns."""
    model = Ridge() if task == "regression" else LogisticRegression()
    return make_pipeline(HalfOfColumns(which), model)


def simulated_frame(shape: Shape, scenario: Scenario, rng: np.random.Generator) -> pd.DataFrame:
    """Draw a table of `shape.rows` rows: columns x0, x1, ..., the target, and group, time and weight where there are.

    Groups, times and weights are the user's own; the target's classes or errors are the user's own values, dealt anew.
    """
    columns = _latent(shape, rng, shape.columns, grouped=shape.whole_groups)
    error = _latent(shape, rng, 1, grouped=True)[:, 0]
    if shape.kind == "regression":
        target = _numbers(shape, scenario, columns, error)
    else:
        codes = _dealt_classes(shape, rng, error)
        columns = columns + _class_means(shape, scenario, codes, columns[:, 0])
        target = np.array(label_names(shape.labels))[codes]
    frame = pd.DataFrame(columns, columns=[f"x{place}" for place in range(shape.columns)])
    roles = {GROUP: shape.group, TIME: shape.time, WEIGHT: shape.weight}
    return frame.assign(**{TARGET: target}, **{name: role for name, role in roles.items() if role is not None})


def label_names(labels: int) -> list[str]:
    """Names whose sorted order is that of the class codes."""
    width = len(str(labels - 1))
    return [f"class {code:0{width}d}" for code in range(labels)]


def acting(scenario: Scenario, columns: int) -> slice:
    """Which columns act on the target, or carry the effect of the gate."""
    places = {
        "none": slice(0, 0),
        "half": slice(0, columns // 2),
        "both": slice(0, columns // 2 * 2),
        "gated": slice(1, 3),
    }
    return places[scenario.signal]


def explained(scenario: Scenario, shape: Shape) -> float:
    """Share of a numeric target's variance that all acting columns explain together."""
    share = removed_share(scenario, shape)
    if (shape.metric.primary or "").startswith(("mae", "pinball")):  # these shrink with the root of the variance
        share = 1.0 - (1.0 - share) ** 2
    return min(share * (2.0 if scenario.signal == "both" else 1.0), MOST_EXPLAINED)


def _latent(shape: Shape, rng: np.random.Generator, columns: int, *, grouped: bool) -> Floats:
    """(n, m) standard normal values that hang together within groups, or within and along time."""
    own = rng.normal(size=(shape.rows, columns))
    if shape.time is not None:
        points = int(shape.time.max()) + 1
        share = 1.0 if points == shape.rows else WITHIN_TIME
        return math.sqrt(share) * _along_time(rng, points, columns)[shape.time] + math.sqrt(1.0 - share) * own
    # Columns that knew the group would rightly help where its rows are on both sides, and noise would be none.
    if shape.group is None or shape.folds.kind == "forward" or not grouped:
        return own
    common = rng.normal(size=(int(shape.group.max()) + 1, columns))
    return math.sqrt(WITHIN_GROUP) * common[shape.group] + math.sqrt(1.0 - WITHIN_GROUP) * own


def _along_time(rng: np.random.Generator, points: int, columns: int) -> Floats:
    """(T, m) AR(1) series of variance 1, each stationary from its first point on."""
    shocks = rng.normal(size=(points, columns))
    shocks[1:] *= math.sqrt(1.0 - PERSISTENCE**2)
    return np.asarray(lfilter([1.0], [1.0, -PERSISTENCE], shocks, axis=0))


def _numbers(shape: Shape, scenario: Scenario, columns: Floats, error: Floats) -> Floats:
    """The user's own values as errors, so that their tails stay, around an additive or gated effect."""
    values = np.asarray(shape.target, dtype=np.float64)
    dealt = np.empty(shape.rows)
    dealt[np.argsort(error, kind="stable")] = values
    if scenario.signal == "none":
        return dealt
    acts = columns[:, acting(scenario, shape.columns)]
    effect = acts.sum(axis=1) / math.sqrt(acts.shape[1])
    if scenario.signal == "gated":
        effect *= gates(columns[:, 0], gated=True) / math.sqrt(np.mean(np.square(GATE)))
    share = explained(scenario, shape)
    centred = math.sqrt(share) * values.std() * effect + math.sqrt(1.0 - share) * (dealt - values.mean())
    drawn = np.asarray(values.mean() + centred, dtype=np.float64)
    return np.maximum(drawn, values.min()) if bounded(shape) else drawn


def bounded(shape: Shape) -> bool:
    """Whether the metric has no value for targets below some bound; then none is simulated below the user's own."""
    return find_metric(shape.metric.primary or "").above is not None


def _dealt_classes(shape: Shape, rng: np.random.Generator, error: Floats) -> Codes:
    """(n,) class codes in the user's own counts; like classes lie together where errors do."""
    order = rng.permutation(shape.labels)
    codes = np.asarray(shape.target, dtype=np.int64)
    dealt = np.empty(shape.rows, dtype=np.int64)
    dealt[np.argsort(error, kind="stable")] = codes[np.argsort(order[codes], kind="stable")]
    return dealt


def _class_means(shape: Shape, scenario: Scenario, codes: Codes, gate: Floats) -> Floats:
    """(n, m) by how much each row's class moves its columns."""
    moved = np.zeros((shape.rows, shape.columns))
    if scenario.signal == "none":
        return moved
    place, gated = acting(scenario, shape.columns), scenario.signal == "gated"
    acts = place.stop - place.start
    # Of two exchangeable halves, one alone has to remove the share: each half has the same centres.
    seen = acts // 2 if scenario.signal == "both" else acts
    aim = Aim(
        counts=tuple(np.bincount(codes, minlength=shape.labels).tolist()),
        columns=seen,
        metric=shape.metric.primary or "",
        positive=shape.positive,
        gated=gated,
    )
    apart, found = distance(aim, removed_share(scenario, shape)), centres(shape.labels, seen)
    means = apart * np.tile(found, (1, acts // seen))[codes]
    moved[:, place] = means * gates(gate, gated=gated)[:, None]
    return moved


def centres(labels: int, columns: int) -> Floats:
    """(k, m) directions in which classes lie, the same in every draw; two classes lie opposite each other."""
    if labels == 2:
        return np.tile(np.array([[-0.5], [0.5]]) / np.sqrt(columns), (1, columns))
    drawn = np.random.default_rng(0).normal(size=(labels, columns))
    return np.asarray(drawn / np.sqrt(columns))


def log_chances(columns: Floats, means: Floats, prior: Floats) -> Floats:
    """(n, k) log-probabilities of the classes; `means` (n, k, m) are the class means that hold for each row."""
    odds = np.log(prior) + np.einsum("nm,nkm->nk", columns, means) - 0.5 * np.square(means).sum(axis=2)
    return np.asarray(log_softmax(odds, axis=1))


@dataclass(frozen=True, kw_only=True, slots=True)
class Aim:
    """What classes have to be set apart for."""

    counts: tuple[int, ...]
    """Rows of each class."""
    columns: int
    """Columns that act."""
    metric: str
    positive: int | None
    gated: bool


@lru_cache(maxsize=16)
def distance(aim: Aim, wanted: float) -> float:
    """Give d such that the best possible model removes the share `wanted` of the dummy's loss, by bisection."""
    if wanted <= 0.0:
        return 0.0
    low, high = 0.0, FARTHEST
    rng = np.random.default_rng(1)
    prior = np.array(aim.counts, dtype=np.float64) / sum(aim.counts)
    codes = np.r_[np.arange(len(prior)), rng.choice(len(prior), SAMPLE, p=prior)]
    noise = rng.normal(size=(len(codes), aim.columns))
    gate = gates(rng.normal(size=len(codes)), gated=aim.gated)
    base = centres(len(prior), aim.columns)
    for _ in range(STEPS):
        middle = 0.5 * (low + high)
        means = middle * gate[:, None, None] * base[None, :, :]
        chances = np.exp(log_chances(noise + means[np.arange(len(codes)), codes], means, prior))
        low, high = (low, middle) if removed(aim, codes, chances) >= wanted else (middle, high)
    return high


def gates(column: Floats, *, gated: bool) -> Floats:
    """(n,) what effects are multiplied by in each row."""
    return np.where(column > 0.0, *GATE) if gated else np.ones(len(column))


def removed(aim: Aim, codes: Codes, chances: Floats) -> float:
    """Share of the dummy's loss that these probabilities remove.

    Of log-loss where the metric hangs on a threshold: what is a good one depends on the distance looked for.
    """
    found = find_metric(aim.metric)
    found = METRICS["log_loss"] if found.thresholded else found
    prior = np.array(aim.counts, dtype=np.float64) / sum(aim.counts)
    blind = score(found, codes, np.tile(prior, (len(codes), 1)), None, aim.positive)
    perfect = found.high if found.greater_is_better else 0.0
    reached = score(found, codes, chances, None, aim.positive)
    return (reached - blind) / (perfect - blind) if perfect != blind else 0.0
