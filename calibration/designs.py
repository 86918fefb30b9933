"""All designs, one line each. A new one is a line here and, where its world is new, a function that draws it."""

from dataclasses import replace
from functools import partial

from calibration import ladders, rungs
from calibration.figures import (
    LADDERS,
    POWERS,
    RIGHT_ENDINGS,
    SIZES,
    SIZES_GROUPED,
    SIZES_ONCE,
    Design,
    Group,
)
from calibration.pairs import (
    boosted_trees,
    discriminant_pair,
    forward_pair,
    gain_at_skill,
    grouped_pair,
    judged,
    learner_pair,
    least_squares_pair,
    logistic_pair,
    neighbour_pair,
    nested_gain,
    nested_pair,
    shallow_tree,
    skill_gain,
    unreliable_pair,
)

ABOVE_LINEAR = ("tree", "forest", "boosting", "stack")


def _least_squares(n: int, p: int) -> Design:
    draw = judged(partial(least_squares_pair, n=n, p=p))
    return Design(name=f"ols-{n}-{p}", what=f"least squares, n = {n}, {p} columns", draw=draw)


def _folds(count: int) -> tuple[Design, Design]:
    """The least and the most stable learner in other numbers of folds."""
    columns = 20 if count > 2 else 5
    smooth = partial(least_squares_pair, n=100, p=columns, folds=count)
    covers = (0.93, 0.99 if count > 2 else 1.0)  # of two folds K/(K-1) doubles the variance, which is careful
    return (
        Design(
            name=f"ols-folds-{count}",
            what=f"{count} folds: least squares, n = 100, {columns} columns",
            draw=judged(smooth),
            coverage=covers,
        ),
        Design(
            name=f"neighbour-folds-{count}",
            what=f"{count} folds: nearest neighbour, n = 200",
            draw=judged(partial(neighbour_pair, n=200, folds=count)),
            coverage=covers,
        ),
    )


def _nested(n: int, extra: int, signal: float) -> Design:
    return Design(
        name=f"nested-{n}",
        what=f"least squares, n = {n}, 5 columns against the same and {extra} more worth {signal:g}",
        draw=judged(partial(nested_pair, n=n, p=5, extra=extra, signal=signal)),
        truth=nested_gain(n, 5, extra, signal),
    )


def _skill(n: int, p: int, skill: float) -> Design:
    return Design(
        name=f"skill-{n}",
        what=f"least squares, n = {n}, {p} columns, margin {skill:.0%} of the dummy's loss",
        draw=judged(partial(least_squares_pair, n=n, p=p, gain=gain_at_skill(n, p, skill), skill=skill)),
        truth=skill_gain(n, p, skill),
    )


def _ranks(n: int, share: float, metric: str) -> Design:
    return Design(
        name=f"{metric}-{n}-{share:.0%}",
        what=f"{metric}, n = {n}, {share:.0%} positive",
        draw=judged(partial(discriminant_pair, n=n, share=share, metric=metric)),
    )


def _labels(n: int, share: float, metric: str) -> Design:
    return Design(
        name=f"{metric}-{n}-{share:.0%}-learnt",
        what=f"{metric}, n = {n}, {share:.0%} positive, threshold learnt in training",
        draw=judged(partial(discriminant_pair, n=n, share=share, metric=metric, learnt=True)),
    )


def _most_probable(n: int, share: float, metric: str) -> Design:
    """Reported only: where labels are not cut where the metric is best, what is common to all training parts counts."""
    plain = _ranks(n, share, metric)
    return replace(plain, what=f"{plain.what}, most probable label", bar=None)


def _grouped(groups: int, sizes: str, what: str, widest: float = 0.99) -> Design:
    draw = judged(partial(grouped_pair, groups=groups, sizes=sizes))
    return Design(name=f"{sizes}-{groups}", what=f"{groups} groups, {what}", draw=draw, coverage=(0.93, widest))


def _forward(length: int, phi: float, bar: float = 0.05, metric: str = "mse") -> Design:
    return Design(
        name=f"forward-{metric}-{length}-{phi:g}",
        what=f"{metric}, T = {length}, φ = {phi:g}",
        draw=judged(partial(forward_pair, length=length, phi=phi, metric=metric)),
        bar=bar,
    )


INDEPENDENT = Group(
    name="independent",
    title="Independent rows, true gain equal to the margin",
    columns=SIZES,
    designs=(
        _least_squares(100, 5),
        _least_squares(100, 20),
        _least_squares(400, 20),
        Design(name="neighbour-200", what="nearest neighbour, n = 200", draw=judged(partial(neighbour_pair, n=200))),
        Design(
            name="tree-200",
            what="tree of depth 6, n = 200",
            draw=judged(partial(learner_pair, make=shallow_tree, n=200)),
        ),
        Design(
            name="boosting-300",
            what="boosted trees, n = 300",
            draw=judged(partial(learner_pair, make=boosted_trees, n=300)),
        ),
        Design(
            name="unreliable-200",
            what="least squares, n = 200, of whose fits one in ten goes wrong",
            draw=judged(partial(unreliable_pair, n=200, p=5, chance=0.1, shift=2.0)),
            coverage=(0.93, 1.0),  # the folds decide, and count one bad fit as if all shared it
        ),
        _nested(400, 10, 0.1),
        _skill(400, 5, 0.01),
        Design(name="logistic-300", what="logistic, n = 300", draw=judged(partial(logistic_pair, n=300, p=5))),
        *_folds(2),
        *_folds(10),
    ),
)
RANKS = Group(
    name="ranks",
    title="Ranks and labels, true gain equal to the margin",
    columns=SIZES,
    designs=(
        _ranks(200, 0.5, "roc_auc"),
        _ranks(200, 0.2, "roc_auc"),
        _ranks(500, 0.1, "roc_auc"),
        _ranks(1000, 0.1, "roc_auc"),
        _ranks(1000, 0.5, "roc_auc"),
        _ranks(500, 0.3, "average_precision"),
        _ranks(1000, 0.1, "average_precision"),
        _labels(500, 0.3, "f1"),
        _labels(500, 0.3, "balanced_accuracy"),
        _labels(500, 0.3, "mcc"),
        _most_probable(500, 0.3, "f1"),
        _most_probable(500, 0.3, "balanced_accuracy"),
        _ranks(500, 0.5, "accuracy"),
    ),
)
GROUPED = Group(
    name="grouped",
    title="Groups, true gain equal to the margin",
    columns=SIZES_GROUPED,
    designs=(
        _grouped(12, "poisson", "sizes Poisson(12)"),
        _grouped(25, "poisson", "sizes Poisson(12)"),
        _grouped(50, "poisson", "sizes Poisson(12)"),
        _grouped(12, "pareto", "sizes Pareto(1.5)"),
        _grouped(25, "pareto", "sizes Pareto(1.5)"),
        _grouped(50, "pareto", "sizes Pareto(1.5)"),
        # One group tells next to nothing, so an interval that holds everything is the honest one.
        _grouped(16, "giant", "one of them 270 of 300 rows", widest=1.0),
    ),
)
FORWARD = Group(
    name="forward",
    title="Forward in time, true gain equal to the margin",
    columns=SIZES_ONCE,
    designs=(
        _forward(300, 0.0),
        _forward(300, 0.5),
        _forward(300, 0.8, bar=0.08),
        _forward(1200, 0.8),
        _forward(60, 0.0),
        _forward(60, 0.5),
        _forward(300, 0.0, metric="roc_auc"),
        _forward(300, 0.5, metric="roc_auc"),
    ),
)
LADDER = Group(
    name="ladder",
    title="A whole ladder, five rungs above the base, n = 300",
    columns=LADDERS,
    designs=(
        Design(
            name="ladder-equal",
            what="no rung is worth more",
            draw=partial(ladders.least_squares_ladder, n=300, gains=(0.0,) * 6),
        ),
        Design(
            name="ladder-fourth",
            what="only rung 4 is",
            draw=partial(ladders.least_squares_ladder, n=300, gains=(0.0, 0.0, 0.0, 0.0, 1.5, 0.0)),
            bar=None,
        ),
        Design(
            name="ladder-unreliable",
            what="no rung is worth more, and fits go wrong",
            draw=partial(ladders.least_squares_ladder, n=300, gains=(0.0,) * 6, wrong=1.0),
        ),
    ),
)
POWER = Group(
    name="power",
    title="Power where there is a gain, margin 0",
    columns=POWERS,
    designs=(
        Design(
            name="power-ols-100-5",
            what="least squares, n = 100, 5 columns",
            draw=judged(partial(least_squares_pair, n=100, p=5, gain=1.0)),
        ),
        Design(
            name="power-ols-100-20",
            what="least squares, n = 100, 20 columns",
            draw=judged(partial(least_squares_pair, n=100, p=20, gain=1.0)),
        ),
        Design(
            name="power-ols-400-20",
            what="least squares, n = 400, 20 columns",
            draw=judged(partial(least_squares_pair, n=400, p=20, gain=0.4)),
        ),
        Design(
            name="power-neighbour-200",
            what="nearest neighbour, n = 200",
            draw=judged(partial(neighbour_pair, n=200, gain=0.2)),
        ),
        Design(
            name="power-tree-200",
            what="tree of depth 6, n = 200",
            draw=judged(partial(learner_pair, make=shallow_tree, n=200, gain=0.8)),
        ),
        Design(
            name="power-boosting-300",
            what="boosted trees, n = 300",
            draw=judged(partial(learner_pair, make=boosted_trees, n=300, gain=0.4)),
            draws=800,
        ),
        Design(
            name="power-logistic-300",
            what="logistic, n = 300, log_loss",
            draw=judged(partial(logistic_pair, n=300, p=5, gain=1.4)),
        ),
        Design(
            name="power-roc_auc-400",
            what="discriminant, n = 400, 30% positive, roc_auc",
            draw=judged(partial(discriminant_pair, n=400, share=0.3, metric="roc_auc", gain=0.32)),
        ),
        Design(
            name="power-poisson-25",
            what="25 groups, sizes Poisson(12)",
            draw=judged(partial(grouped_pair, groups=25, sizes="poisson", gain=0.8)),
        ),
    ),
)
RUNGS_GROUP = Group(
    name="ladders",
    title="The ladder that ships, default settings",
    columns=RIGHT_ENDINGS,
    designs=(
        Design(
            name="rungs-noise",
            what="noise, n = 200: ends on the dummy",
            draw=partial(rungs.ladder, table=rungs.noise, right=("dummy",)),
            bar=0.95,
            draws=200,
        ),
        Design(
            name="rungs-linear",
            what="a linear truth, n = 400: ends on linear or below",
            draw=partial(rungs.ladder, table=rungs.linear, right=("dummy", "stump", "linear")),
            bar=0.95,
            draws=200,
        ),
        Design(
            name="rungs-interaction",
            what="an interaction, n = 1000: ends on the tree or above",
            draw=partial(rungs.ladder, table=rungs.interaction, right=ABOVE_LINEAR),
            bar=0.9,
            draws=200,
        ),
    ),
)
GROUPS = (INDEPENDENT, RANKS, GROUPED, FORWARD, LADDER, POWER, RUNGS_GROUP)
