"""Columns that alone come near to what all columns say together: a proxy of the answer, or simply the best column."""

from collections.abc import Iterator

from kiss_bench.tasks.audit.findings import Finding, Level
from kiss_bench.tasks.audit.levels import levels
from kiss_bench.tasks.audit.missingness import missingness
from kiss_bench.tasks.audit.scene import Scene
from kiss_bench.tasks.audit.target_copies import target_copies
from kiss_bench.tasks.audit.words import percent, remedy, skill_words

LEAK_FROM = 0.99
"""Skill alone from which nothing is left to predict. Measured: 0.995 where planted, 0.94 on the best honest column."""
ASKED_FROM = 0.95
"""Skill alone that is always asked about. Measured: 0.94 on honest columns (diamonds, where the size is the price)."""
BESIDE_FROM = 0.9
"""Skill alone that is asked about where a stronger column is in question: a coarser copy of the same answer."""
STRONG_FROM = 0.6
"""Skill alone below which a column is no proxy, however little the others say. Measured: 0.44 where one honest column
is all there is (isl_default), 0.71 for a two-class label of which 5 % are changed."""
LEFT_SHARE = 0.5
"""A strong column is asked about where it leaves at most this share of what all others leave together. Measured on
honest columns of that strength: 0.67 at least (bike_hourly, hr); a label with 5 % changed among weak columns: 0.3."""
DOMINANT = 1.2
"""How many times what all others say together a weaker column says alone, to be asked about if it is also apart."""
APART = 0.95
"""Least ratio of what all columns say together to the sum of what the column says alone and what all others say. What
is known beforehand overlaps; a second look at the answer overlaps with nothing. Measured on dominant columns: 1.12
where planted (bank_marketing, duration), 0.87 at most on honest ones (bike_hourly, hr)."""
FEWEST_OTHERS = 10
"""Other columns below which one that dominates them is to be expected: textbooks have one cause and some noise."""
FEWEST_ROWS = 1_000
"""Rows below which the quick model makes too little of many weak columns to say that one dominates them."""
OTHERS_SAY = 0.05
"""Skill of all others below which there is nothing to overlap with."""
NOTED_SHARE = 0.5
"""Share of the full model's skill from which a column is worth a note, as the strongest always is."""
NOTED_FROM = 0.02
"""Skill below which a full model has found nothing, and no column can come near to it."""
MOST_NOTES = 5


def single_columns(scene: Scene) -> Iterator[Finding]:
    named = {
        name for check in (target_copies, missingness, levels) for each in scene.found(check) for name in each.columns
    }
    asked = set(named)
    others = [(name, skill) for name, skill in scene.strengths.items() if name not in named]
    while others and (found := _in_question(scene, others[0], asked) or _dominant(scene, others[0], asked, named)):
        asked.add(others.pop(0)[0])
        yield found
    if not others or others[0][1] < NOTED_FROM:
        return
    full = max(scene.together(asked), others[0][1])
    for place, (name, skill) in enumerate(others[:MOST_NOTES]):
        if place == 0 or skill >= max(NOTED_FROM, NOTED_SHARE * full):
            yield _finding(scene, (name, skill), "note", full)


def _in_question(scene: Scene, column: tuple[str, float], asked: set[str]) -> Finding | None:
    """Judge the strongest column that is not in question yet; where it passes, so do all weaker ones.

    For the others of a weaker column have the stronger one among them, and leave no more than that does.
    """
    name, skill = column
    if skill < STRONG_FROM:
        return None
    rest = scene.together({*asked, name})
    if skill >= ASKED_FROM or (asked and skill >= BESIDE_FROM) or 1 - skill <= LEFT_SHARE * (1 - rest):
        return _finding(scene, column, "leak" if skill >= LEAK_FROM else "question", rest)
    return None


def _dominant(scene: Scene, column: tuple[str, float], asked: set[str], named: set[str]) -> Finding | None:
    """Judge whether one column, and there is but one, outweighs all others together and overlaps with none."""
    name, skill = column
    others = len(scene.strengths) - len(asked) - 1
    if asked != named or skill < OTHERS_SAY or others < FEWEST_OTHERS or len(scene.rows) < FEWEST_ROWS:
        return None
    rest = scene.together({*asked, name})
    if rest < OTHERS_SAY or skill < DOMINANT * rest or scene.together(asked) < APART * (skill + rest):
        return None
    return _finding(scene, column, "question", rest)


def _finding(scene: Scene, column: tuple[str, float], level: Level, others: float) -> Finding:
    name, skill = column
    if level == "note":
        compared = f"all columns together that are not in question: {percent(others)}"
        end = f"A strong column is no fault, but make sure it is known when a prediction is made: {name!r}."
    else:
        compared = f"all others together, without those in question: {percent(others)}"
        end = remedy(name)
    return Finding(
        check="single_columns",
        level=level,
        columns=(name,),
        sentence=f"Alone, {name!r} tells {percent(skill)} {skill_words(scene.goal.classes)} ({compared}). {end}",
        figures={"skill": skill, "full" if level == "note" else "others": others},
    )
