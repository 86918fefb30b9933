"""Runs the studies of a record again and compares them, trial by trial, with what it holds."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from kiss_bench.engines import Choice, hired
from kiss_bench.errors import RecordError
from kiss_bench.evaluation.exam import Exam, Outcome, Unit
from kiss_bench.plan.faults import not_among
from kiss_bench.plan.plan import Arm, Limits
from kiss_bench.records.environment import differing, environment
from kiss_bench.records.folder import check_free, held, write_whole
from kiss_bench.records.frames import StudyPlace, trials_hash
from kiss_bench.records.keys import rung_sources
from kiss_bench.records.tuning import ReplayFacts
from kiss_bench.reports import tuning_reports
from kiss_bench.runs.exam import check_buildable
from kiss_bench.runs.recorded import Recorded, exam_of, read_recorded
from kiss_bench.runs.result_files import seal_again
from kiss_bench.runs.trials import Difference, best_trials, differences


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What to replay, and where."""

    rung: str | None = None
    fold: int | None = None
    data: Path | None = None
    jobs: int | None = None
    command: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Replayed:
    """One study, run again."""

    place: StudyPlace
    trials: int
    found: tuple[Difference, ...]
    done: int = 0
    """How many studies have come back so far, this one included."""
    of: int = 0

    @property
    def name(self) -> str:
        rung, arm, repeat, fold = self.place
        return f"{rung}/{arm} repeat {repeat} fold {fold}"

    def __str__(self) -> str:
        differ = f"{len(self.found)} of {self.trials} trials differ" if self.found else f"{self.trials} trials equal"
        return f"[{self.done}/{self.of}] {self.name}: {differ}"


def replay(folder: Path, options: Options, watch: Callable[[Replayed], None]) -> tuple[ReplayFacts, str]:
    """Runs the chosen studies again; a whole replay is written into `tuning.json` and `tuning.md`.

    Returns what was found, and why that could not be written; empty where it was, or was not to be. Raises RecordError
    for a folder that is no whole record or contradicts itself, a rung or fold that was not tuned, and other rows.
    """
    check_free(folder)
    recorded = read_recorded(folder)
    chosen = _chosen(recorded, options)
    places = [place for place in chosen if recorded.studies[place].stopped_by in ("trials", "timeout")]
    if not places:
        raise RecordError(f"{folder} holds no study that could be replayed: limits or crashes ended all of them")
    _check_consistent(recorded, places)
    exam = exam_of(recorded, options.data)
    check_buildable(exam)
    studies, level = _run(recorded, exam, places, options, watch)
    lost = tuple(recorded.studies[place].study for place in chosen if place not in places)
    now = environment(list(options.command), options.jobs or 0, arithmetic={"units": level})
    facts = _facts(recorded, studies, lost, now)
    if options.rung is not None or options.fold is not None:
        return facts, ""
    try:
        _write(recorded, exam, facts, options)
    except RecordError as error:
        return facts, str(error)
    return facts, ""


def _chosen(recorded: Recorded, options: Options) -> list[StudyPlace]:
    studies = list(recorded.studies)
    if not studies:
        raise RecordError(f"{recorded.folder} holds no study: nothing was tuned")
    for what, at, wanted in (("rung", 0, options.rung), ("fold", 3, options.fold)):
        there = list(dict.fromkeys(place[at] for place in studies))
        if wanted is not None and wanted not in there:
            raise RecordError(not_among(f"--{what}", wanted, there))
        studies = [place for place in studies if wanted is None or place[at] == wanted]
    return studies


def _run(
    recorded: Recorded, exam: Exam, places: list[StudyPlace], options: Options, watch: Callable[[Replayed], None]
) -> tuple[list[Replayed], str]:
    """The studies in the order of their places, and the level of arithmetic at which they were run."""
    # a clock or a limit here would be a difference that is none of the trials'
    free = replace(exam.plan, tuning=replace(exam.plan.tuning, timeout=None), limits=Limits())
    exam = replace(exam, plan=free)
    studies: list[Replayed] = []
    with hired(Choice(jobs=options.jobs, arithmetic=exam.plan.arithmetic)) as workforce, threadpool_limits(1):
        exam = replace(exam, level=workforce.level)
        engine = workforce.engine(exam)
        try:
            for unit, outcome in engine.run(_units(recorded, exam, places)):
                place = (unit.step.name, unit.arm, unit.repeat, unit.fold)
                found = tuple(_compared(recorded, place, outcome))
                asked = recorded.studies[place].spent
                one = Replayed(place=place, trials=asked, found=found, done=len(studies) + 1, of=len(places))
                studies.append(one)
                watch(one)
        finally:
            engine.close()
    return sorted(studies, key=lambda study: places.index(study.place)), exam.level


def _units(recorded: Recorded, exam: Exam, places: list[StudyPlace]) -> Iterator[Unit]:
    """A study that a wall clock ended has so many trials as it came to."""
    steps = {step.name: step for step in exam.plan.ladder}
    for rung, arm, repeat, fold in places:
        study, step = recorded.studies[rung, arm, repeat, fold], steps[rung]
        shorter = study.spent if study.stopped_by == "timeout" and exam.plan.tuning.sampler != "grid" else study.asked
        which: Arm = "random" if arm == "random" else "tuned"
        yield Unit(step=replace(step, trials=shorter), arm=which, repeat=repeat, fold=fold, purpose="search")


def _compared(recorded: Recorded, place: StudyPlace, outcome: Outcome) -> list[Difference]:
    """Trial by trial; by hash and best trial alone where the table of trials is not there."""
    study = recorded.studies[place]
    if not outcome.trials:
        why = f"none, {outcome.error}: {outcome.reason}"
        return [Difference(trial=n, what="outcome", then="a trial", now=why, size=None) for n in range(study.spent)]
    now = outcome.trials[: study.spent]
    if recorded.trials is not None:
        return differences(recorded.trials.get(place, ()), now)
    if trials_hash(now) == study.trials_hash:
        return []
    best = best_trials(now, maximise=recorded.record.objective.greater_is_better)
    found = best[0].value if best else None
    size = abs(found - study.best_value) if found is not None and study.best_value is not None else None
    what = "which one is not known without trials.parquet; best value"
    return [Difference(trial=study.best_number or 0, what=what, then=study.best_value, now=found, size=size)]


def _check_consistent(recorded: Recorded, places: list[StudyPlace]) -> None:
    """Raises RecordError where trials.parquet is not what tuning.json was made of: no replay could tell then."""
    if recorded.trials is None:
        return
    for place in places:
        study, trials = recorded.studies[place], recorded.trials.get(place, ())
        best = best_trials(trials, maximise=recorded.record.objective.greater_is_better)
        if trials_hash(trials) != study.trials_hash or (best[0].value if best else None) != study.best_value:
            raise RecordError(
                f"{recorded.folder} contradicts itself: of {study.study} trials.parquet and tuning.json tell different "
                "trials, so one of them was changed. `kiss-bench run` writes both again, nothing is refitted"
            )


def _facts(recorded: Recorded, studies: list[Replayed], lost: tuple[str, ...], now: Mapping[str, Any]) -> ReplayFacts:
    other = differing(asdict(recorded.record.environment), now) | _other_sources(recorded)
    different = [(study, one) for study in studies for one in study.found]
    sizes = [one.size for _, one in different if one.size is not None]
    return ReplayFacts(
        when=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=f"{now['cpu']}, {now['system']}, python {now['python']}",
        tolerance="none: every value is compared bit by bit",
        equal=not different,
        studies=len(studies),
        trials=sum(study.trials for study in studies),
        differences=len(different),
        largest=max(sizes, default=None),
        first=f"{different[0][0].name}, {different[0][1]}" if different else "",
        left_out=lost,
        same_environment=not other,
        differing=other,
    )


def _other_sources(recorded: Recorded) -> dict[str, list[str]]:
    """Rungs whose own code is not what it was."""
    tuned = {rung.rung: rung.source for rung in recorded.record.rungs}
    now = rung_sources([step for step in recorded.plan.ladder if step.name in tuned])
    return {f"code of {rung}": [tuned[rung][:12], now[rung][:12]] for rung in tuned if tuned[rung] != now[rung]}


def _write(recorded: Recorded, exam: Exam, facts: ReplayFacts, options: Options) -> None:
    """Raises RecordError where the folder is held, cannot be written, or holds other results by now."""
    with held(recorded.folder, options.command):
        now = read_recorded(recorded.folder).record
        if now.digest != recorded.record.digest:
            raise RecordError(f"{recorded.folder} holds other results by now")
        for name, render in tuning_reports().items():
            write_whole(recorded.folder / name, render(replace(now, replay=facts)))
        said = {"what": "replay", "equal": facts.equal, "studies": facts.studies, "differences": facts.differences}
        seal_again(recorded.folder, exam, "checked", said, ())
