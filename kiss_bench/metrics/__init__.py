"""Metrics: pure functions of arrays, numpy and scipy only. To add one is to add a row to `table.py`."""

from kiss_bench.metrics.losses import Floats, RowLoss, Values
from kiss_bench.metrics.ranking import Placements, placements
from kiss_bench.metrics.scores import label_score, rank_rows, row_losses, score
from kiss_bench.metrics.table import ALIASES, LATER, METRICS, Metric, Pooling, Task, find_metric, objective_metric

__all__ = [
    "ALIASES",
    "LATER",
    "METRICS",
    "Floats",
    "Metric",
    "Placements",
    "Pooling",
    "RowLoss",
    "Task",
    "Values",
    "find_metric",
    "label_score",
    "objective_metric",
    "placements",
    "rank_rows",
    "row_losses",
    "score",
]
