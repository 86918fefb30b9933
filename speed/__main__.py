"""`python -m speed`: measure, and write the tables of docs/speed.md. What is finished is kept and not repeated."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from kiss_bench.errors import KissBenchError
from speed.bench import Bench
from speed.engines import ENGINES
from speed.first import FIRST
from speed.measure import ROOT
from speed.report import made, write
from speed.rivalry import RIVALRY
from speed.sets import TABLES, Effort, Table, chosen, remember, remembered
from speed.shown import Part
from speed.workers import WORKERS

PARTS = {part.name: part for part in (RIVALRY, FIRST, WORKERS, ENGINES)}


def main(words: Sequence[str]) -> int:
    """Measure what is asked for; 1 where a figure misses its bar, 2 where something cannot be measured."""
    asked = _parsed(words)
    effort = Effort(trials=asked.trials, outer=asked.outer, inner=asked.inner)
    bench = Bench(
        folder=asked.store.resolve(),
        effort=effort,
        rounds=asked.rounds,
        runs=asked.runs,
        keep_rival=asked.keep_rival,
    )
    missed: list[str] = []
    try:
        given = _given(asked)
        if given is not None:
            remember(bench.folder, given)
        for part in [PARTS[name] for name in asked.only or PARTS]:
            tables = (given,) if given is not None else _named(asked.sets, part, bench)
            for table in tables:
                part.measure(bench, table)
            missed += show(bench, part, tables, told=_told(words), page=asked.page if asked.write else None)
    except KissBenchError as error:
        sys.stderr.write(f"speed: {error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("\nspeed: stopped. Finished measurements are kept; the same command goes on from there.\n")
        return 130
    sys.stdout.write("".join(f"\nmisses its bar: {line}" for line in missed) + "\n")
    return 1 if missed else 0


def show(bench: Bench, part: Part, tables: Sequence[Table], *, told: str, page: Path | None) -> tuple[str, ...]:
    """Print a part's table; write it to the page where nothing is missing that has its place there."""
    note = made(told, None if part is FIRST else bench.rounds)
    shown = part.show(bench, tables)
    sys.stdout.write(f"\n{part.title}\n\n{shown.text}\n\n{note}\n")
    if page is None:
        return shown.missed
    own = [table for table in TABLES if table.name in part.sets]
    lacking = [table.name for table in own if not part.complete(bench, table)]
    others = [table for table in (*TABLES, *remembered(bench.folder)) if table not in own]
    whole = [*own, *(table for table in others if part.complete(bench, table))]
    if bench.effort != Effort():
        sys.stdout.write(f"(shown, not written to {page.name}: another setting than the page's)\n")
    elif lacking:
        sys.stdout.write(f"(shown, not written to {page.name}: not measured yet: {', '.join(lacking)})\n")
    else:
        write(page, part.name, f"{part.show(bench, whole).text}\n\n{note}")
    return shown.missed


def _named(names: str | None, part: Part, bench: Bench) -> tuple[Table, ...]:
    """The tables that are named; the part's own where none is."""
    if names is not None:
        return chosen(names, (*TABLES, *remembered(bench.folder)))
    return tuple(table for table in TABLES if table.name in part.sets)


def _given(asked: argparse.Namespace) -> Table | None:
    """The table of `--data`. Raises KissBenchError where it is not there, or its name is taken."""
    if asked.data is None:
        return None
    path = Path(asked.data).resolve()
    if not path.is_file():
        raise KissBenchError(f"--data: {asked.data} is no file; a Parquet or CSV file is wanted")
    if asked.target is None:
        raise KissBenchError("--data needs --target, the column to predict")
    name = asked.name or path.name.partition(".")[0]
    if name in {table.name for table in TABLES}:
        raise KissBenchError(f"{name} is a table of the project's own; give yours another --name")
    drop = tuple(asked.drop.split(",")) if asked.drop else ()
    return Table(name=name, path=path, target=asked.target, positive=asked.positive, drop=drop)


def _told(words: Sequence[str]) -> str:
    """The command as it may be shown to others: of paths the last part alone."""
    return " ".join(["python -m speed", *(Path(word).name if "/" in word else word for word in words)])


def _parsed(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m speed", description=__doc__)
    parser.add_argument(
        "--only", action="append", choices=tuple(PARTS), help="a part of the benchmark; may be repeated"
    )
    parser.add_argument("--sets", metavar="A,B", help=f"of {', '.join(table.name for table in TABLES)}")
    parser.add_argument("--data", metavar="FILE", help="measure this Parquet or CSV file instead")
    parser.add_argument("--target", metavar="COL", help="column to predict, with --data")
    parser.add_argument("--positive", metavar="LABEL", help="label that counts as positive, with --data")
    parser.add_argument("--drop", metavar="A,B", help="columns that nobody may see, with --data")
    parser.add_argument("--name", help="what to call the table of --data; default: its file's name")
    parser.add_argument("--rounds", type=int, default=1, help="how often each pair is run, in turn (default 1)")
    parser.add_argument("--runs", type=int, default=5, help="how often the first table is timed (default 5)")
    parser.add_argument("--keep-rival", action="store_true", help="a rival measured before our sources changed will do")
    parser.add_argument("--trials", type=int, default=Effort().trials)
    parser.add_argument("--outer", type=int, default=Effort().outer)
    parser.add_argument("--inner", type=int, default=Effort().inner)
    parser.add_argument("--no-write", dest="write", action="store_false", help="leave docs/speed.md alone")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "speed.md")
    parser.add_argument("--store", type=Path, default=ROOT / ".speed", help="folder of finished measurements")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
