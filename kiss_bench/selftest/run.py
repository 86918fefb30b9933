"""The story of a self-test: plan -> shape -> draws -> rates -> reports."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kiss_bench.engines.mapping import each
from kiss_bench.engines.processes import warm_up
from kiss_bench.plan.plan import Plan
from kiss_bench.records.folder import held, write_whole
from kiss_bench.runs.exam import set_exam
from kiss_bench.runs.judging import check_judgeable
from kiss_bench.selftest.draws import Draw, Place, drawn
from kiss_bench.selftest.rates import ScenarioRates, rates_of
from kiss_bench.selftest.report import selftest_facts, selftest_markdown
from kiss_bench.selftest.shape import Shape, shape_of
from kiss_bench.selftest.store import DrawStore, places

FOLDER = ".selftest"


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """How much to simulate and where to keep it; `jobs` alone changes no number."""

    results: Path = Path("results")
    draws: int = 100
    jobs: int | None = None
    rows: int | None = None
    """Simulated rows; None: those of the table, but no more than 20,000."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Something that a watcher may want to show: the shape before the first draw, then each draw."""

    shape: Shape
    done: int
    """Draws that are in, stored ones included."""
    total: int
    draw: Draw | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SelfTest:
    """A finished self-test."""

    shape: Shape
    draws: int
    seed: int
    rates: tuple[ScenarioRates, ...]

    @property
    def passed(self) -> bool:
        """False where a rate of needless promotions is above the claimed level by more than 3 Monte-Carlo errors."""
        return not any(one.too_many for one in self.rates)


Watch = Callable[[Event], None]


def selftest(plan: Plan, options: Options, watch: Watch) -> SelfTest:
    """Simulate what is not stored yet, count, and write `selftest.md` and `selftest.json` into the project's folder.

    Raises what `kiss-bench plan` raises for a plan or a table that cannot be judged, before anything is simulated.
    """
    warm_up()
    exam = set_exam(plan)
    check_judgeable(exam)
    shape, seed = shape_of(exam, options.rows), plan.seed or 0
    folder = options.results / shape.project
    with held(folder / FOLDER, ("kiss-bench", "selftest", plan.source)):
        asked, store = places(options.draws, seed), DrawStore(folder / FOLDER, shape)
        draws = tuple(_draws(store, asked, options.jobs, watch))
        found = SelfTest(shape=shape, draws=options.draws, seed=seed, rates=rates_of(draws))
        _write(folder, found)
    return found


def _draws(store: DrawStore, asked: Sequence[Place], jobs: int | None, watch: Watch) -> Iterator[Draw]:
    """Every draw asked for, from the store where it is there, else simulated and stored."""
    stored = {place: draw for place in asked if (draw := store.load(place)) is not None}
    done, total = len(stored), len(asked)
    watch(Event(shape=store.shape, done=done, total=total))
    yield from stored.values()
    for place, draw in _simulated(store.shape, [place for place in asked if place not in stored], jobs):
        store.save(place, draw)
        done += 1
        watch(Event(shape=store.shape, done=done, total=total, draw=draw))
        yield draw


def _simulated(shape: Shape, todo: list[Place], jobs: int | None) -> Iterable[tuple[Place, Draw]]:
    return each(drawn, shape, todo, jobs) if todo else ()


def _write(folder: Path, found: SelfTest) -> None:
    facts = selftest_facts(found.shape, found.rates, found.draws, found.seed)
    write_whole(folder / "selftest.json", json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
    write_whole(folder / "selftest.md", selftest_markdown(found.shape, found.rates, found.seed))
