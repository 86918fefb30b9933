"""The Python door: `bench(frame, target=…)`, the same code path as the command line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kiss_bench.errors import Fault, PlanError
from kiss_bench.plan.plan import Arm
from kiss_bench.plan.read import plan_from_mapping
from kiss_bench.records.board import Board
from kiss_bench.reports.csv import leaderboard_csv
from kiss_bench.reports.markdown import leaderboard_markdown
from kiss_bench.reports.notebook import leaderboard_html_fragment
from kiss_bench.reports.terminal import leaderboard_text
from kiss_bench.runs.known import catalogue
from kiss_bench.runs.pipelines import estimator
from kiss_bench.runs.run import Options, run
from kiss_bench.runs.stability import checked_seeds

if TYPE_CHECKING:
    import pandas as pd


SOURCES = ("path", "sql", "url", "loader")


@dataclass(frozen=True, kw_only=True, slots=True)
class Leaderboard:
    """A finished board and the folder it was written to; a notebook shows it as a table."""

    board: Board
    folder: Path

    @property
    def recommended(self) -> str | None:
        """Name of the recommended rung; None where nothing could be judged."""
        return self.board.recommended.rung if self.board.recommended else None

    def to_frame(self) -> "pd.DataFrame":
        """One line a rung, with the columns of `leaderboard.csv`."""
        import io

        import pandas as pd

        return pd.read_csv(io.StringIO(leaderboard_csv(self.board)))

    def to_markdown(self) -> str:
        """The text of `leaderboard.md`."""
        return leaderboard_markdown(self.board)

    def estimator(self, rung: str | None = None, arm: Arm | None = None) -> Any:
        """The unfitted pipeline for all rows, of the recommended rung unless another is named."""
        return estimator(self.folder, rung or self.recommended or "dummy", arm)

    def __str__(self) -> str:
        return leaderboard_text(self.board, 120)

    def _repr_html_(self) -> str:
        return leaderboard_html_fragment(self.board)


def refuse_second_source(data: Any) -> None:
    """Raises PlanError where `data` names a source although the frame is one."""
    found = [name for name in SOURCES if isinstance(data, Mapping) and data.get(name) is not None]
    found = ["path"] if isinstance(data, str) else found
    if found:
        raise PlanError(
            [
                Fault(
                    place="bench()",
                    key=f"data.{name}",
                    found="a second source beside the frame",
                    allowed="roles of columns (time, group, id, drop, features), since the frame is the data",
                )
                for name in found
            ]
        )


def bench(  # noqa: PLR0913  (a door: all but two by name)
    frame: "pd.DataFrame", target: str, *, results: str | Path = "results", jobs: int | None = None,
    quick: bool = False, engine: str = "local", scheduler: str | None = None,
    seeds: int | Sequence[int] | None = None, **keys: Any,
) -> Leaderboard:  # fmt: skip
    """Runs the ladder on a frame and gives the leaderboard.

    `keys` are those of a config: `bench(frame, target="class", metric="roc_auc", folds={"count": 10})`; `project`,
    the name of the folder below `results`, is `bench` unless given. `engine="dask"` runs the units on Dask workers,
    those of a running `scheduler` where its address is given. `seeds` runs the whole ladder under other root seeds,
    too: how many in all, or which. A run that was interrupted goes on where it stopped.
    Raises PlanError, DataError or FoldError with everything that is wrong.
    """
    from kiss_bench.tasks.prepare import table_of

    config: Mapping[str, Any] = {"project": "bench", "target": target, **keys}
    refuse_second_source(config.get("data"))
    plan = plan_from_mapping(config, catalogue())
    asked = tuple(seeds) if isinstance(seeds, Sequence) else seeds
    options = Options(
        results=Path(results), jobs=jobs, engine=engine, scheduler=scheduler, quick=quick,
        seeds=None if asked is None else checked_seeds(asked, seeds),
    )  # fmt: skip
    board = run(plan, options, table=table_of(plan, frame))
    return Leaderboard(board=board, folder=options.results / plan.project)
