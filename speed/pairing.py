"""The same rows, examined twice: per-row losses of the ladder and of the rival, paired."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kiss_bench.metrics.losses import log_loss, squared_error
from kiss_bench.tasks.labels import label_text
from speed.measure import SpeedError

Floats = NDArray[np.float64]
LEVEL = 1e-12
"""Losses that differ by less than this share of themselves differ by rounding."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Paired:
    """One rung of both, on all tested rows. Smaller scores are better; a positive difference means ours is worse."""

    rung: str
    metric: str
    """`log_loss` or `rmse`."""
    ladder: float
    rival: float
    """Mean loss over rows; for `rmse` its root."""
    difference: float
    """Ladder minus rival, in the score's unit."""
    error: float
    """Its standard error over rows; that of a difference of roots by the delta method."""
    loss_difference: float
    """Ladder minus rival, in mean loss: squared errors for `rmse`."""
    loss_error: float

    @property
    def worse(self) -> bool:
        """Whether ours is worse by more than one standard error of the mean loss."""
        return self.loss_difference > self.loss_error


def paired(ladder: Path, rival: Path) -> list[Paired]:
    """Pair two files of out-of-fold predictions, rung by rung; of ours the tuned arm where there is one.

    Raises SpeedError where they were not examined on the same rows in the same folds.
    """
    ours, theirs = pd.read_parquet(ladder), pd.read_parquet(rival)
    ours = ours[ours["repeat"] == 0]
    found = []
    for rung in theirs["rung"].unique():
        mine = ours[ours["rung"] == rung]
        if "tuned" in set(mine["arm"]):
            mine = mine[mine["arm"] == "tuned"]
        both = [part.sort_values("row_id", ignore_index=True) for part in (mine, theirs[theirs["rung"] == rung])]
        for name in ("row_id", "fold"):
            if both[0][name].tolist() != both[1][name].tolist():
                raise SpeedError(
                    f"{rung}: {name} of {ladder} and of {rival} differ, so their rows cannot be paired; "
                    f"delete the folder that holds them and measure again"
                )
        found.append(compare(rung, both[0], both[1]))
    return found


def compare(rung: str, ours: pd.DataFrame, theirs: pd.DataFrame) -> Paired:
    """Compare predictions of the same rows, in the same order; `actual` is a column of ours."""
    regression = "prediction" in ours
    mine, other = (_losses(frame, ours["actual"]) for frame in (ours, theirs))
    gap = np.where(np.isclose(mine, other, rtol=LEVEL, atol=0.0), 0.0, mine - other)
    means = float(mine.mean()), float(other.mean())
    gain = float(gap.mean())
    if regression:
        roots = math.sqrt(means[0]), math.sqrt(means[1])
        shifts = _halved(mine, roots[0]) - _halved(other, roots[1])
    else:
        roots, shifts = means, gap
    total = sum(roots) if regression and gain else 1.0
    return Paired(
        rung=rung,
        metric="rmse" if regression else "log_loss",
        ladder=roots[0],
        rival=roots[1],
        difference=gain / total,  # of roots: (a² - b²) / (a + b), exactly 0 where no row differs
        error=_error(shifts),
        loss_difference=gain,
        loss_error=_error(gap),
    )


def _losses(frame: pd.DataFrame, actual: "pd.Series[Any]") -> Floats:
    if "prediction" in frame:
        return squared_error(actual.to_numpy(dtype=np.float64), frame["prediction"].to_numpy(dtype=np.float64))
    columns = [name for name in frame if str(name).startswith("p_")]
    codes = pd.Categorical([f"p_{label_text(label)}" for label in actual], categories=columns).codes
    if (codes < 0).any():
        raise SpeedError(f"a row's label has no column of probabilities; there are {', '.join(map(str, columns))}")
    return log_loss(codes.astype(np.int64), frame[columns].to_numpy(dtype=np.float64))


def _halved(losses: Floats, root: float) -> Floats:
    """What each row moves the root by: d sqrt(m) = dm / (2 sqrt(m)); nothing where no row has a loss."""
    return losses / (2.0 * root) if root > 0.0 else np.zeros_like(losses)


def _error(values: Floats) -> float:
    return float(values.std(ddof=1) / math.sqrt(len(values)))
