"""The names a config may use, gathered from the rungs and metrics that ship. Imports nothing heavy."""

from kiss_bench.metrics import LATER, METRICS
from kiss_bench.plan.rules import Catalogue, KnownMetric, KnownRung
from kiss_bench.rungs import shipped_rungs


def catalogue() -> Catalogue:
    rungs = tuple(
        KnownRung(
            name=rung.name,
            level=rung.level,
            tunable=any(rung.space(task) for task in rung.tasks),
            blends=rung.blends,
            needs_time=rung.needs_time,
        )
        for rung in shipped_rungs().values()
    )
    metrics = tuple(
        KnownMetric(name=metric.name, aliases=metric.aliases, tasks=metric.tasks) for metric in METRICS.values()
    )
    return Catalogue(rungs=rungs, metrics=metrics, later_metrics=frozenset(LATER))
