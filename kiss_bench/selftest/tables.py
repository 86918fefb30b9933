"""One simulated table of a shape and a scenario: a pure function of them and a random generator."""

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.signal import lfilter

from kiss_bench.metrics import find_metric
from kiss_bench.selftest.scenarios import GATE, Scenario, removed_share
from kiss_bench.selftest.shape import Shape
from kiss_bench.selftest.strength import Aim, centres, distance, gates

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]

WITHIN_GROUP = 0.3
"""Correlation of two rows of one group, in columns and in errors."""
PERSISTENCE = 0.5
"""Correlation of one point in time with the next: AR(1), in columns and in errors."""
WITHIN_TIME = 0.5
"""Correlation of two rows of one point in time, where there are several."""
MOST_EXPLAINED = 0.95
TARGET, GROUP, TIME, WEIGHT = "target", "group", "time", "weight"


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
    """(T, m) AR(1) series, each stationary from its first point on."""
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
