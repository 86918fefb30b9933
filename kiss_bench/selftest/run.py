"""The story of a self-test, plan -> shape -> draws -> rates -> reports; and what a person sees of it on the way."""

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from kiss_bench.engines.local import each
from kiss_bench.engines.processes import warm_up
from kiss_bench.plan.plan import Plan
from kiss_bench.records.folder import held, write_whole
from kiss_bench.reports import amounts
from kiss_bench.reports.wrapping import wrapped
from kiss_bench.runs.exam import set_exam
from kiss_bench.runs.judging import check_judgeable
from kiss_bench.selftest.draws import Draw, Place, draw_store, drawn, resumed
from kiss_bench.selftest.report import ScenarioRates, rates_of, selftest_facts, selftest_markdown, shape_lines
from kiss_bench.selftest.scenarios import SCENARIOS
from kiss_bench.selftest.shape import Shape, shape_of

FOLDER = ".selftest"
LINES = 10
"""A log gets this many lines on the way, whatever the number of draws."""
Watch = Callable[[Shape, int, int], None]
"""Is told the shape, how many draws are in, and of how many: before the first that is simulated, then after each."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """How much to simulate and where to keep it; `jobs` alone changes no number."""

    results: Path = Path("results")
    draws: int = 100
    jobs: int | None = None
    rows: int | None = None
    """Simulated rows; None: those of the table, but no more than 20,000."""


def selftest(plan: Plan, options: Options, watch: Watch) -> tuple[ScenarioRates, ...]:
    """Simulate what is not stored yet, count, and write `selftest.md` and `selftest.json` into the project's folder.

    Raises what `kiss-bench plan` raises for a plan or a table that cannot be judged, before anything is simulated.
    """
    warm_up()
    exam = set_exam(plan)
    check_judgeable(exam)
    shape, seed = shape_of(exam, options.rows), plan.seed or 0
    folder = options.results / shape.project
    # scenario by scenario in turn, so that all rates grow sure together
    asked = [Place(scenario=name, number=number, seed=seed) for number in range(options.draws) for name in SCENARIOS]

    def simulate(todo: Sequence[Place]) -> Iterable[tuple[Place, Draw]]:
        return each(drawn, shape, todo, options.jobs)

    with held(folder / FOLDER, ("kiss-bench", "selftest", plan.source)):
        store = draw_store(folder / FOLDER, shape)
        draws = resumed(store, asked, simulate, lambda done, *_: watch(shape, done, len(asked)))
        rates = rates_of(draws.values())
        facts = selftest_facts(shape, rates, options.draws, seed)
        write_whole(folder / "selftest.json", json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
        write_whole(folder / "selftest.md", selftest_markdown(shape, rates, seed))
    return rates


class Watcher:
    """Shows on stderr how far a self-test is: a bar on a terminal, a plain line now and then anywhere else."""

    def __init__(self, console: Console) -> None:
        self.console, self.started = console, time.monotonic()
        self.stored: int | None = None
        """Draws that were in the store before; None until that is known."""
        self.bar = Progress(
            TextColumn("simulated benchmarks"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self.task = self.bar.add_task("", total=None)

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self.bar.stop()

    def __call__(self, shape: Shape, done: int, total: int) -> None:
        left = total - done
        if self.stored is None:
            self.stored = done
            self._say(f"{shape.project}: {total:,} simulated benchmarks")
            for line in shape_lines(shape):
                self._say(line)
            if done:
                self._say(f"{done:,} of {total:,} draws are in the store already, {left:,} to do")
        elif not self.console.is_terminal and (not left or not done % max(total // LINES, 1)):
            ahead = (time.monotonic() - self.started) / (done - self.stored) * left
            self._say(f"{done:,} of {total:,} draws{f', {amounts.left(ahead)}' if left else ''}")
        self.bar.update(self.task, total=total, completed=done)

    def _say(self, line: str) -> None:
        if self.console.is_terminal:
            line = wrapped(line, self.console.width)
        else:
            line = f"[{amounts.clock(time.monotonic() - self.started)}] {line}"
        self.console.print(line, markup=False, highlight=False, emoji=False, soft_wrap=True)
