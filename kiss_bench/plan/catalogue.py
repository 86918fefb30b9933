"""What the reader of a config has to know about rungs and metrics, without importing any of them."""

from dataclasses import dataclass
from typing import get_args

from kiss_bench.plan.plan import TaskKind

EVERY_TASK: tuple[TaskKind, ...] = get_args(TaskKind)


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownRung:
    """A rung that ships."""

    name: str
    level: float
    tunable: bool = True
    """False: it has no search space, so it gets no trials."""
    blends: bool = False
    """It fits nothing, so it has no settings."""
    needs_time: bool = False
    """Only on the ladder where `data.season` or `data.horizon` is given."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownMetric:
    """A metric that ships, under its canonical name."""

    name: str
    aliases: tuple[str, ...] = ()
    tasks: tuple[TaskKind, ...] = EVERY_TASK


@dataclass(frozen=True, kw_only=True, slots=True)
class Catalogue:
    """The names a config may use."""

    rungs: tuple[KnownRung, ...]
    metrics: tuple[KnownMetric, ...]
    later_metrics: frozenset[str] = frozenset()
    """Metrics (or aliases) that are refused by name, because their part is not built yet."""

    def rung(self, name: str) -> KnownRung | None:
        return next((rung for rung in self.rungs if rung.name == name), None)

    def metric(self, name: str) -> KnownMetric | None:
        return next((metric for metric in self.metrics if name in (metric.name, *metric.aliases)), None)

    def metric_names(self) -> tuple[str, ...]:
        """Every name and alias that is built."""
        names = (name for metric in self.metrics for name in (metric.name, *metric.aliases))
        return tuple(name for name in names if name not in self.later_metrics)
