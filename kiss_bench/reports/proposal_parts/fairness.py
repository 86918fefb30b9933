"""Parts 6 to 9: fair play, whose the gain is, leaks, tuning."""

from kiss_bench.records.board import BoardRow
from kiss_bench.records.tuning import ArmGain, RungTuning
from kiss_bench.reports import amounts
from kiss_bench.reports.columns import board_decimals
from kiss_bench.reports.escape import code, listed, markdown
from kiss_bench.reports.proposal_parts.subject import Subject
from kiss_bench.reports.proposal_parts.writing import blocks, fact, lines, question, table
from kiss_bench.reports.words import is_judged, rungs_below

_BLENDS = "stack"


def fair_play(subject: Subject) -> str:
    board, record = subject.board, subject.evidence.tuning
    unequal = [row for row in board.rungs if row.verdict == "NOT COMPARABLE"]
    capped = [rung for rung in record.rungs if rung.most_rows is not None and rung.most_rows < board.rows]
    trials = f"{record.budget:,} trials of {markdown(record.sampler.name)} for every tuned rung in every study"
    return lines(
        fact(
            "Folds: drawn once, before anything was fitted; every score was checked to be of these.",
            *("leaderboard.json: folds_hash", "folds.parquet"),
        ),
        fact(
            f"Rows: the same {board.rows:,} for every rung, scored as they are; nothing was resampled before a split.",
            "leaderboard.json: rows",
        ),
        fact(
            f"Tuning: {trials}, inside the training part of each fold.",
            *("tuning.json: budget", "tuning.json: sampler.name"),
        ),
        fact("Preparation: scaling, encoding and imputing are part of each rung, and learnt in the training part."),
        [
            fact(
                f"Exception: {code(row.rung)} had another budget ({markdown(row.reason)}); it is not compared.",
                *subject.at(row, "reason"),
            )
            for row in unequal
        ],
        [
            fact(
                f"Exception: {code(rung.rung)} is fitted on at most {rung.most_rows:,} rows of a training part.",
                f"tuning.json: rungs[{record.rungs.index(rung)}].most_rows",
            )
            for rung in capped
        ],
        "" if unequal or capped else fact("Exceptions: none."),
    )


def credit(subject: Subject) -> str:
    """What came from the algorithm, from tuning, from blending; and that the rest is not told apart."""
    path = [*_path(subject), subject.row] if subject.below is not None else []
    decimals = board_decimals(subject.board)
    steps = [
        (
            f"{row.incumbent} → {row.rung}{subject.whose if row is subject.row else ''}",
            "ensembling" if row.rung == _BLENDS else "algorithm",
            (row.gain, row.gain_low, row.gain_high),
        )
        for row in path
    ]
    tuned = _of_tuning(subject.tuning)
    if tuned is not None:
        steps.append((f"default → tuned {subject.row.rung}", "tuning", (tuned.gain, tuned.low, tuned.high)))
    places = [place for row in path for place in subject.at(row, "gain")] + subject.in_tuning("gains")
    told = "Every rung meets the one that had stood its ground so far, so these steps do not add up to one sum exactly"
    return blocks(
        table(
            steps,
            ("step", lambda step: step[0]),
            ("credit", lambda step: step[1]),
            (f"gain in {subject.board.metric.name} (95 % interval)", lambda step: _gained(step[2], decimals)),
            words=["credit"],
        ),
        lines(
            fact(f"{told}; a rung's gain includes its own tuning and its own encoding.", *places) if steps else "",
            fact(
                "Features and preprocessing: not told apart from the algorithm in this record; all rungs saw the same "
                "columns.",
                "leaderboard.json: features",
            ),
            question("Which columns or preparations were made for this model, and what did each bring?"),
        ),
    )


def _gained(gain: tuple[float | None, float | None, float | None], decimals: int | None) -> str:
    found, low, high = gain
    ends = amounts.interval(low, high, decimals, sign=True)
    return f"{amounts.number(found, decimals, sign=True)} {ends}".strip()


def _of_tuning(rung: RungTuning | None) -> ArmGain | None:
    """What tuned settings gain over default ones on the outer folds."""
    gains = rung.gains if rung is not None else ()
    return next((one for one in gains if (one.arm, one.over) == ("tuned", "default")), None)


def _path(subject: Subject) -> list[BoardRow]:
    """The rungs that were promoted on the way to the proposed one, simplest first."""
    names, row = set(), subject.row
    while row is not None and row.incumbent is not None and row.incumbent not in names:
        names.add(row.incumbent)
        row = next((each for each in subject.board.rungs if each.rung == row.incumbent), row)
    return [each for each in rungs_below(subject.board, subject.row) if each.rung in names and each.gain is not None]


def tuning(subject: Subject) -> str:
    record, own, decimals = subject.evidence.tuning, subject.tuning, board_decimals(subject.board)
    rows = {row.rung: row for row in subject.board.rungs}
    judged = [rung for rung in record.rungs if rung.rung in rows and is_judged(rows[rung.rung])]

    def gained(rung: RungTuning) -> str:
        found = _of_tuning(rung)
        return _gained((found.gain, found.low, found.high), decimals) if found else amounts.NOTHING_THERE

    edges = [line.name for line in own.space if 2 * line.on_edge > len(own.studies)] if own else []
    sampler = f"{markdown(record.sampler.implementation)} of {markdown(record.sampler.library)}"
    return blocks(
        table(
            judged,
            ("rung", lambda rung: rung.rung),
            ("studies", lambda rung: str(len(rung.studies))),
            ("trials complete/pruned/failed", _trials),
            ("default", lambda rung: amounts.number(rung.scores.get("default"), decimals)),
            ("tuned", lambda rung: amounts.number(rung.scores.get("tuned"), decimals)),
            ("gain of tuning (95 % interval)", gained),
            ("optimism of inner values", lambda rung: amounts.number(rung.optimism, decimals, sign=True)),
            ("enough trials", lambda rung: str(rung.enough_trials or amounts.NOTHING_THERE)),
        ),
        lines(
            fact(
                f"Sampler: {sampler}. Every space with its reasons, seed and trial is in `tuning.md`, `tuning.json`, "
                "and `trials.parquet`.",
                *("tuning.json: sampler.implementation", "tuning.json: sampler.library", "tuning.json: rungs"),
            ),
            fact(
                f"Best values of {subject.name} sit at the edge of their range for {listed(map(code, edges))}: that "
                "range may be too narrow.",
                *subject.in_tuning("space"),
            )
            if edges
            else "",
            "" if own else fact(f"{subject.name} was not tuned.", *subject.at(subject.row, "arm")),
        ),
    )


def _trials(rung: RungTuning) -> str:
    return "/".join(
        str(sum(getattr(study, state) for study in rung.studies)) for state in ("complete", "pruned", "failed")
    )
