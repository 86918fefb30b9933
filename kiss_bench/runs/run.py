"""The story: plan -> task -> folds -> units -> judgement -> reports."""

import time
import warnings
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from threadpoolctl import threadpool_limits

from kiss_bench.engines import Choice, Workforce, hired
from kiss_bench.engines.memory import check_watchable
from kiss_bench.errors import RecordError
from kiss_bench.evaluation.exam import Exam
from kiss_bench.plan.plan import Limits, Plan
from kiss_bench.records.board import Board
from kiss_bench.records.environment import arithmetic_facts
from kiss_bench.records.folder import check_free, held, read_board
from kiss_bench.records.keys import Keys
from kiss_bench.records.ledger import read_ledger, rerun_told
from kiss_bench.records.store import UnitStore
from kiss_bench.runs.board import board_of, tables_of
from kiss_bench.runs.diagnosed import diagnosed, known
from kiss_bench.runs.exam import audit_of, check_buildable, set_exam
from kiss_bench.runs.execution import Beside, Event, Filling, Watch
from kiss_bench.runs.judging import check_judgeable
from kiss_bench.runs.placebo import placebo_facts
from kiss_bench.runs.prepared_again import remade_by
from kiss_bench.runs.recorded import exports_of_run
from kiss_bench.runs.registration import note, note_seen
from kiss_bench.runs.result_files import Findings, rewrite, write_plan, write_results
from kiss_bench.runs.stability import Seeds, stability_of, with_seeds
from kiss_bench.runs.stopping import interruptible
from kiss_bench.runs.units import Progress
from kiss_bench.tasks.read import read_table
from kiss_bench.tasks.task import Table


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """How to run, as against what: none of it can change a score."""

    results: Path = Path("results")
    jobs: int | None = None
    engine: str = "local"
    scheduler: str | None = None
    quick: bool = False
    finishing: bool = False
    """Whether the first Ctrl-C lets the units under way end, as on the command line; else it stops at once."""
    placebo: bool = False
    """Whether the ladder is run on targets that cannot be known, too, whatever the plan says."""
    seeds: Seeds | None = None
    """Root seeds to run the whole ladder under again: how many, the exam's own among them, or which others."""
    command: tuple[str, ...] = ()
    """The words that started the run, for `environment.json`; empty where it was called from Python."""


def unwatched(event: Event) -> None:
    """What the Python door does with events: nothing, but for warnings."""
    if event.kind == "warning":
        warnings.warn(event.reason, stacklevel=2)


def run(plan: Plan, options: Options, watch: Watch = unwatched, table: Table | None = None) -> Board:
    """Runs what is not in the store yet, judges, and writes the result folder `options.results / plan.project`.

    Raises PlanError, DataError, FoldError or RungError before anything is fitted or written; RecordError where
    another run holds the folder, and at any time where something cannot be written.
    """
    choice = Choice(
        engine=options.engine, jobs=options.jobs, scheduler=options.scheduler, arithmetic=plan.arithmetic,
        limited=plan.limits != Limits(),
    )  # fmt: skip
    # the workers have the cores; and the stack's weights, found here, are not to depend on how many there are
    with hired(choice) as workforce, threadpool_limits(1):
        return _run(plan, options, workforce, watch, table)


def _run(plan: Plan, options: Options, workforce: Workforce, watch: Watch, table: Table | None) -> Board:
    started = time.perf_counter()
    folder = options.results / plan.project
    check_free(folder)
    table = read_table(plan) if table is None else table
    exam = replace(set_exam(plan, table), level=workforce.level)
    check_judgeable(exam)
    check_watchable(exam.plan.limits)
    keys = Keys(exam)
    check_buildable(exam)
    audit = audit_of(exam, table)
    with held(folder, options.command):
        write_plan(folder, exam)
        progress = Progress(exam=exam, quick=options.quick, audit=audit)
        filling = Filling(progress, keys, UnitStore(folder / ".units"), workforce)
        with interruptible(partial(filling.finish, watch)) if options.finishing else nullcontext(), filling:
            judgement = filling.to_the_end(_noting(watch, folder, exam))
        tables = tables_of(progress)
        board = board_of(progress, judgement, tables, time.perf_counter() - started)
        before = _same_results(folder, board.digest)
        if filling.resumed:  # how long the run took that first came to this board; None where it took several
            board = replace(board, seconds=before.seconds if before else None)
        facts = {
            "command": options.command, "engine": options.engine, "jobs": workforce.size, "ran": filling.ran,
            "arithmetic": arithmetic_facts(exam),
        }  # fmt: skip
        if board.recommended is not None:
            board = _as_asked_before(replace(board, stability=stability_of(progress, judgement)), before)
        diagnostics = known(folder, board.digest) or diagnosed(progress, board, table, watch)
        findings = Findings(board=board, tables=tables, diagnostics=diagnostics)
        board = write_results(folder, progress, findings, facts)
        if differs := rerun_told(read_ledger(folder)):
            watch(Event(kind="rerun", progress=progress, reason=differs))
        beside = Beside(
            store=filling.store, workforce=workforce, watch=watch, quick=options.quick, finishing=options.finishing
        )
        board = _with_checks(board, (exam, table), options, beside)
    for told, sentence in exports_of_run(plan, folder):
        watch(Event(kind="exported" if told else "warning", progress=progress, reason=sentence))
    watch(Event(kind="done", progress=progress, board=board))
    return board


def _noting(watch: Watch, folder: Path, exam: Exam) -> Watch:
    """The same watch; before it shows the first scores, the ledger says that they were seen."""
    seen = False

    def noted(event: Event) -> None:
        nonlocal seen
        if event.kind == "board" and not seen:
            seen = True
            note_seen(folder, exam)
        watch(event)

    return noted


def _with_checks(board: Board, of: tuple[Exam, Table], options: Options, beside: Beside) -> Board:
    """The board with what is run beside the ladder, where asked for: it stands without, should this be interrupted."""
    exam, table = of
    folder, before = options.results / exam.plan.project, board
    if exam.plan.placebo or options.placebo:
        placebo = placebo_facts(exam, beside, remade_by(exam, table))
        said = {"what": "placebo", "leaking": list(placebo.leaking), "digest": board.digest}
        note(folder, exam, "checked", said)
        board = replace(board, placebo=placebo)
    if options.seeds is not None and board.recommended is not None and board.stability is not None:
        facts = with_seeds(board.stability, exam, board.recommended.rung, options.seeds, beside)
        board = replace(board, stability=facts)
    if board is not before:
        board = rewrite(folder, exam, board)
    return board


def _same_results(folder: Path, digest: str) -> Board | None:
    """The board that lies in the folder, where it is of these very results."""
    try:
        before = read_board(folder)
    except RecordError:
        return None
    return before if before.digest == digest else None


def _as_asked_before(board: Board, before: Board | None) -> Board:
    """The board with what a placebo and other seeds said of these very results: it is not asked away again."""
    if before is None:
        return board
    now, then = board.stability, before.stability
    if now is not None and then is not None:
        now = replace(now, seeds=then.seeds, by_hand=then.by_hand, flip_rate=then.flip_rate)
    return replace(board, placebo=before.placebo, stability=now)
