"""Parts 6 to 9: fair play, whose the gain is, leaks, tuning."""

from kiss_bench.records.board import BoardRow
from kiss_bench.reports import amounts
from kiss_bench.reports.columns import Column, board_decimals
from kiss_bench.reports.escape import code, inline, listed, markdown
from kiss_bench.reports.proposal_parts.asked import blocks, fact, lines, question
from kiss_bench.reports.proposal_parts.subject import Subject
from kiss_bench.reports.tables import markdown_table
from kiss_bench.reports.words import is_judged, rungs_below
from kiss_bench.tuning.record.rung import RungTuning

_BLENDS = "stack"


def fair_play(subject: Subject) -> str:
    board, record = subject.board, subject.evidence.tuning
    unequal = [row for row in board.rungs if row.verdict == "NOT COMPARABLE"]
    capped = [rung for rung in record.rungs if rung.most_rows is not None and rung.most_rows < board.rows]
    trials = f"{record.budget:,} trials of {markdown(record.sampler.name)} for every tuned rung in every study"
    return lines(
        fact("Folds: drawn once, before anything was fitted; every score was checked to be of these.",
             "leaderboard.json: folds_hash", "folds.parquet"),
        fact(f"Rows: the same {board.rows:,} for every rung, scored as they are; nothing was resampled before a split.",
             "leaderboard.json: rows"),
        fact(f"Tuning: {trials}, inside the training part of each fold.", "tuning.json: budget", "tuning.json: sampler.name"),
        fact("Preparation: scaling, encoding and imputing are part of each rung, and learnt in the training part."),
        [fact(f"Exception: {code(row.rung)} had another budget ({markdown(row.reason)}); it is not compared.",
              *subject.at(row, "reason")) for row in unequal],
        [fact(f"Exception: {code(rung.rung)} is fitted on at most {rung.most_rows:,} rows of a training part.",
              f"tuning.json: rungs[{record.rungs.index(rung)}].most_rows") for rung in capped],
        "" if unequal or capped else fact("Exceptions: none."),
    )  # fmt: skip


def credit(subject: Subject) -> str:
    """What came from the algorithm, from tuning, from blending; and that the rest is not told apart."""
    path = [*_path(subject), subject.row] if subject.below is not None else []
    steps = [(f"{row.incumbent} → {row.rung}", "algorithm" if row.rung != _BLENDS else "ensembling",
              (row.gain, row.gain_low, row.gain_high)) for row in path]  # fmt: skip
    rung = subject.tuning
    tuned = next((each for each in rung.gains if (each.arm, each.over) == ("tuned", "default")), None) if rung else None
    if tuned is not None:
        steps.append((f"default → tuned {subject.row.rung}", "tuning", (tuned.gain, tuned.low, tuned.high)))
    decimals = board_decimals(subject.board)
    name = inline(subject.board.metric.name)
    table = markdown_table([
        Column(title="step", cells=tuple(inline(step) for step, _, _ in steps), right=False),
        Column(title="credit", cells=tuple(what for _, what, _ in steps), right=False),
        Column(title=f"gain in {name} (95 % interval)",
               cells=tuple(f"{amounts.number(gain, decimals, sign=True)} {amounts.interval(low, high, decimals, sign=True)}"
                           for _, _, (gain, low, high) in steps)),
    ])  # fmt: skip
    places = [place for row in path for place in subject.at(row, "gain")] + subject.in_tuning("gains")
    told = "Every rung meets the one that had stood its ground so far, so these steps do not add up to one sum exactly"
    return blocks(
        table,
        lines(
            fact(f"{told}; a rung's gain includes its own tuning and its own encoding.", *places) if steps else "",
            fact("Features and preprocessing: not told apart from the algorithm in this record; all rungs saw the same columns.",
                 "leaderboard.json: features"),
            question("Which columns or preparations were made for this model, and what did each bring?"),
        ),
    )  # fmt: skip


def _path(subject: Subject) -> list[BoardRow]:
    """The rungs that were promoted on the way to the proposed one, simplest first."""
    names, row = set(), subject.row
    while row is not None and row.incumbent is not None and row.incumbent not in names:
        names.add(row.incumbent)
        row = next((each for each in subject.board.rungs if each.rung == row.incumbent), row)
    return [each for each in rungs_below(subject.board, subject.row) if each.rung in names and each.gain is not None]


def tuning(subject: Subject) -> str:
    record, decimals = subject.evidence.tuning, board_decimals(subject.board)
    rungs = record.rungs
    rows = {row.rung: row for row in subject.board.rungs}
    judged = [rung for rung in rungs if rung.rung in rows and is_judged(rows[rung.rung])]
    gains = [next((one for one in rung.gains if (one.arm, one.over) == ("tuned", "default")), None) for rung in judged]
    table = markdown_table([
        Column(title="rung", cells=tuple(inline(rung.rung) for rung in judged), right=False),
        Column(title="studies", cells=tuple(str(len(rung.studies)) for rung in judged)),
        Column(title="trials complete/pruned/failed", cells=tuple(map(_trials, judged))),
        Column(title="default", cells=tuple(amounts.number(rung.scores.get("default"), decimals) for rung in judged)),
        Column(title="tuned", cells=tuple(amounts.number(rung.scores.get("tuned"), decimals) for rung in judged)),
        Column(title="gain of tuning (95 % interval)", cells=tuple(
            f"{amounts.number(one.gain, decimals, sign=True)} {amounts.interval(one.low, one.high, decimals, sign=True)}"
            if one else amounts.NOTHING_THERE for one in gains)),
        Column(title="optimism of inner values", cells=tuple(amounts.number(rung.optimism, decimals, sign=True) for rung in judged)),
        Column(title="enough trials", cells=tuple(str(rung.enough_trials or amounts.NOTHING_THERE) for rung in judged)),
    ])  # fmt: skip
    edges = [
        line.name
        for rung in rungs
        if rung.rung == subject.row.rung
        for line in rung.space
        if line.on_edge * 2 > len(rung.studies)
    ]
    own = subject.tuning
    return blocks(
        table,
        lines(
            fact(f"Sampler {markdown(record.sampler.implementation)} of {markdown(record.sampler.library)}; every space with its "
                 "reasons, seed and trial is in `tuning.md`, `tuning.json` and `trials.parquet`.",
                 "tuning.json: sampler.implementation", "tuning.json: rungs"),
            fact(f"Best values of {subject.name} sit at the edge of their range for {listed(map(code, edges))}: the range may be too "
                 "narrow.", *subject.in_tuning("space")) if edges else "",
            fact(f"{subject.name} was not tuned.", *subject.at(subject.row, "arm")) if own is None else "",
        ),
    )  # fmt: skip


def _trials(rung: RungTuning) -> str:
    return "/".join(
        str(sum(getattr(study, state) for study in rung.studies)) for state in ("complete", "pruned", "failed")
    )
