"""Frames of predictions as a stranger would bring them."""

import numpy as np
import pandas as pd

from kiss_bench.metrics import METRICS

NAMES = {2: ["no", "yes"], 3: ["a", "b", "c"]}


def frame_of(actual, fold, prediction, names=None, row_id=None):
    """Lines by repeat and row: (r, n) folds, (n,) or (r, n) targets, (r, n) values or (r, n[, k]) probabilities."""
    repeats, n = fold.shape
    lines = pd.DataFrame(
        {
            "row_id": np.ravel(np.broadcast_to(np.arange(n) if row_id is None else row_id, (repeats, n))),
            "repeat": np.repeat(np.arange(repeats), n),
            "fold": fold.ravel(),
            "actual": np.ravel(np.broadcast_to(actual, (repeats, n))),
        }
    )
    if names is None:
        return lines.assign(prediction=prediction.ravel())
    chances = np.stack([1.0 - prediction, prediction], axis=-1) if prediction.ndim == 2 else prediction
    lines["actual"] = [names[code] for code in lines["actual"]]
    return lines.assign(**{f"p_{name}": chances[..., code].ravel() for code, name in enumerate(names)})


def names_for(metric, models):
    """Class names for the example of this metric; None for numbers."""
    if "regression" in METRICS[metric].tasks:
        return None
    return NAMES[2 if models[0].ndim == 2 else models[0].shape[2]]


def two_columns(metric, models):
    """Binary probabilities as (r, n, 2), as frames hold them; other predictions as they are."""
    binary = "binary" in METRICS[metric].tasks and models[0].ndim == 2
    return [np.stack([1.0 - p, p], axis=-1) if binary else p for p in models]
