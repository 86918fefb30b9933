"""The units of one run, without the run around them: by the engine's workers, or by plain processes.

usage: python -m speed.units CONFIG OUT --workers N                    the engine, with N workers
       python -m speed.units CONFIG OUT --processes N --dealt OUT1     N processes, units dealt by the times in OUT1
       python -m speed.units CONFIG OUT --share I --of N --dealt OUT1  one of these processes
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kiss_bench.engines.processes import ONE_THREAD
from kiss_bench.evaluation.exam import Exam, Outcome, Unit
from speed.measure import SpeedError


def set_up(config: Path) -> tuple[Exam, tuple[Unit, ...]]:
    """The exam of a config and all units that it asks for, in the order in which a run schedules them."""
    from kiss_bench.plan.read import read_plan
    from kiss_bench.runs.exam import set_exam
    from kiss_bench.runs.known import catalogue
    from kiss_bench.runs.units import Progress

    exam = set_exam(read_plan(config, catalogue()))
    return exam, Progress(exam=exam, quick=False).units()


def by_engine(config: Path, workers: int) -> dict[str, Any]:
    """Run all units in the local engine; with one worker the gaps between outcomes are what each unit took."""
    from kiss_bench.engines.local import LocalEngine
    from kiss_bench.engines.processes import warm_up
    from kiss_bench.runs.execution import slowest_first
    from kiss_bench.runs.units import Progress

    warm_up()
    exam, units = set_up(config)
    engine = LocalEngine(exam, workers)
    facts: dict[str, Any] = {"gaps": {}, "unit_seconds": 0.0, "model_seconds": 0.0}
    try:
        before = time.perf_counter()
        progress = Progress(exam=exam, quick=False)
        for unit, outcome in engine.run(slowest_first(progress, units)):
            check(unit, outcome)
            progress.add(unit, outcome)
            now = time.perf_counter()
            facts["gaps"][unit.name], before = now - before, now
            facts["unit_seconds"] += outcome.costs.unit_seconds
            facts["model_seconds"] += outcome.costs.model_seconds
    finally:
        engine.close()
    return facts


def by_processes(words: Sequence[str], processes: int) -> None:
    """Start this module once for each share, and wait for all."""
    environment = {**os.environ, **ONE_THREAD}
    shares = [
        subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "speed.units", *words, "--share", str(share), "--of", str(processes)],
            env=environment,
        )
        for share in range(processes)
    ]
    if codes := [code for share in shares if (code := share.wait())]:
        raise SystemExit(codes[0])


def by_hand(config: Path, share: int, of: int, gaps: dict[str, float]) -> None:
    """Run one share of the units in a plain loop."""
    from kiss_bench.tuning.unit import run_unit

    exam, units = set_up(config)
    for unit in dealt(units, gaps, of)[share]:
        check(unit, run_unit(exam, unit))


def dealt(units: Sequence[Unit], seconds: dict[str, float], shares: int) -> list[list[Unit]]:
    """Deal the units into shares that take about the same time: each, longest first, to whoever has least to do."""
    hands: list[list[Unit]] = [[] for _ in range(shares)]
    loads = [0.0] * shares
    for unit in sorted(units, key=lambda unit: -seconds[unit.name]):
        lightest = loads.index(min(loads))
        hands[lightest].append(unit)
        loads[lightest] += seconds[unit.name]
    return hands


def check(unit: Unit, outcome: Outcome) -> None:
    """Raise SpeedError for a unit that failed: its time would be that of something else."""
    if outcome.status != "ok":
        raise SpeedError(f"{unit.name} failed with {outcome.error}: {outcome.reason}")


def main(words: Sequence[str]) -> None:
    asked = _parsed(words)
    dealing = [str(asked.config), str(asked.out), "--dealt", str(asked.dealt)]
    if asked.workers:
        asked.out.write_text(json.dumps(by_engine(asked.config, asked.workers)), encoding="utf8")
    elif asked.processes:
        by_processes(dealing, asked.processes)
    else:
        gaps = json.loads(asked.dealt.read_text(encoding="utf8"))["gaps"]
        by_hand(asked.config, asked.share, asked.of, gaps)


def _parsed(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m speed.units", description="Units without a run.")
    parser.add_argument("config", type=Path)
    parser.add_argument("out", type=Path)
    for name in ("--workers", "--processes", "--share", "--of"):
        parser.add_argument(name, type=int)
    parser.add_argument("--dealt", type=Path)
    return parser.parse_args(words)


if __name__ == "__main__":
    main(sys.argv[1:])
