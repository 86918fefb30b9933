"""`python -m calibration`: simulate, and write the tables of docs/statistics.md."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from calibration.designs import GROUPS
from calibration.figures import Group
from calibration.study import Options, drawn, missed, table, write

ROOT = Path(__file__).parent.parent


def main(words: Sequence[str]) -> int:
    """Run what is asked for; 1 where a figure misses its bar."""
    asked = _parsed(words)
    options = Options(draws=asked.draws, seed=asked.seed, jobs=asked.jobs)
    groups = chosen(asked.only)
    draws = drawn(groups, options, asked.store)
    bad = []
    for group in groups:
        text = table(group, draws)
        bad += missed(group, draws)
        sys.stdout.write(f"\n{group.title}\n\n{text}\n")
        if asked.write and group in GROUPS:
            write(asked.page, group, text, f"python -m calibration {' '.join(words)}".strip())
    sys.stdout.write("".join(f"\nmisses its bar: {line}" for line in bad) + "\n")
    return 1 if bad else 0


def chosen(only: Sequence[str]) -> tuple[Group, ...]:
    """Whole groups, or groups cut down to single designs, by name; all of them where none is named.

    Raises SystemExit naming what there is.
    """
    if not only:
        return GROUPS
    found, names = [], set(only)
    for group in GROUPS:
        designs = tuple(design for design in group.designs if design.name in names)
        if group.name in names:
            found.append(group)
        elif designs:
            found.append(replace(group, designs=designs))
        names -= {group.name, *[design.name for design in group.designs]}
    if names:
        known = "\n".join(f"  {group.name}: {', '.join(d.name for d in group.designs)}" for group in GROUPS)
        raise SystemExit(f"--only: there is no {', '.join(sorted(names))}; groups and their designs are\n{known}")
    return tuple(found)


def _parsed(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m calibration", description=__doc__)
    parser.add_argument("--draws", type=int, default=2000, help="draws of each design (default 2000)")
    parser.add_argument("--only", nargs="+", default=(), metavar="NAME", help="groups or designs")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default 2)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-write", dest="write", action="store_false", help="leave docs/statistics.md alone")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "statistics.md")
    parser.add_argument("--store", type=Path, default=ROOT / ".calibration", help="folder of finished draws")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
