"""`compare`: one incumbent against one candidate, from frames of predictions that may come from anywhere."""

from collections.abc import Mapping
from dataclasses import replace
from numbers import Real
from typing import Any, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kiss_bench.errors import DataError, KissBenchError
from kiss_bench.judge.comparison import compare_measured
from kiss_bench.judge.contrasts import Exam, measure, set_exam
from kiss_bench.judge.judgement import Codes, Comparison, Scheme, Terms
from kiss_bench.judge.predictions import Predicted, Predictions, is_sortable, listed_some, text_of
from kiss_bench.metrics import Metric, find_metric
from kiss_bench.plan.plan import MarginUnit

SCHEMES: Mapping[str, Scheme] = {
    "kfold": "shuffled",
    "shuffled": "shuffled",
    "stratified": "stratified",
    "group": "group",
    "leave_one_group_out": "group",
    "forward": "forward",
    "predefined": "predefined",
    "holdout": "holdout",
    "repeated_holdout": "repeated_holdout",
}
REFUSED = {
    "loo": "its training sets are all but the same, and its intervals cover worst of all; use 5 or 10 folds",
    "bootstrap": "rows out of the bag are tested unequally often on training sets with copies; use folds",
}
"""Schemes that have no valid error bar for a difference, and what to use."""
REFUSED |= {"leave_one_out": REFUSED["loo"]}


def compare(  # noqa: PLR0913  (the whole question stands in one call)
    incumbent: pd.DataFrame,
    candidate: pd.DataFrame,
    *,
    metric: str,
    margin: float,
    margin_unit: MarginUnit = "skill",
    scheme: str = "kfold",
    dummy: pd.DataFrame | None = None,
    groups: Any = None,
    order: Any = None,
    weights: Any = None,
    alpha: float = 0.05,
    positive: Any = None,
) -> Comparison:
    """Test whether the candidate beats the incumbent by more than the margin.

    `incumbent` and `candidate` hold one line per row tested, with `row_id, repeat, fold, actual` (repeat and fold may
    be left out where there is one), then `prediction` (numbers) or one `p_<class>` a class, and for metrics of labels
    optionally `predicted`, the label after a threshold learnt in training (else the most probable one). Both hold the
    same rows in the same folds; the lines may come in any order.

    - `metric`: a name that `kiss-bench metrics` lists.
    - `margin`: smallest gain worth having, at least 0; `margin_unit` says of what: a share of the dummy's loss (skill),
      of the incumbent's (relative), or in the metric's own units (absolute).
    - `scheme`: kfold, stratified, group, leave_one_group_out, forward, predefined, holdout or repeated_holdout.
    - `dummy`: predictions of the training average, same columns, for margins of skill; where left out it is worked out
      from `actual` where training is all other rows (kfold, stratified, group, predefined).
    - `groups`, `order`, `weights`: what rows share an entity, their place in time, what each counts: the name of a
      column of `incumbent`, a value for each of its lines, or a mapping by row_id.
    - `alpha`: level of the test in (0, 0.5). With one or two repeats of folds that could be redrawn a fifth of it is
      applied: else one split would be an easier exam than five.
    - `positive`: the label that counts as positive; the last in sorted order unless told.

    Training parts are taken to be all rows that a fold does not test; with repeated_holdout, all that a split does not.

    Gives a frozen `Comparison`, whose fields are described there. `verdict` is JUSTIFIED (`p_gain`, the chance that the
    gain exceeds the margin, is at least 1 - `alpha` as applied), NOT JUSTIFIED (it is below 0.05) or INCONCLUSIVE;
    `contested` says that a third repeat or more could still justify it. The test is one-sided and the interval
    two-sided 95 %, for display, so a gain can be JUSTIFIED whose interval holds the margin.

    Raises:
        DataError: columns, rows or values that cannot be used, all that are found.
        FoldError: too few rows, groups, points in time or members of a class.
        KissBenchError: an unknown metric or scheme, or a pair of them that has no valid method.
    """
    if not isinstance(metric, str):
        raise KissBenchError(f"metric: found {metric!r}; allowed: a name, such as 'log_loss'")
    found = find_metric(metric)
    _check_terms(scheme, margin, margin_unit, alpha)
    frames = {"incumbent": incumbent, "candidate": candidate} | ({} if dummy is None else {"dummy": dummy})
    one = Predictions.of_frames(found, frames)
    one = _with_roles(one, scheme, {"groups": groups, "order": order, "weights": weights}, incumbent)
    terms = Terms(
        task=one.task, metric=found.name, margin=float(margin), margin_unit=margin_unit, scheme=SCHEMES[scheme],
        alpha=float(alpha), positive=_code_of(one, positive),
    )  # fmt: skip
    exam = set_exam(one, terms)
    said = {name: arms["default"] for name, arms in one.arms.items()}
    with np.errstate(over="ignore", invalid="ignore"):  # told below, in words
        if margin_unit == "skill" and found.pooling != "ranks":
            blind = said.get("dummy") or _average(exam, found, one, scheme)
            exam = replace(exam, dummy=measure(exam, blind.values, blind.codes))
        old, new = (measure(exam, said[name].values, said[name].codes) for name in ("incumbent", "candidate"))
        return _with_care(found, one, _finite(compare_measured(exam, old, new, terms.alpha)))


def _check_terms(scheme: str, margin: float, unit: str, alpha: float) -> None:
    faults = []
    if not isinstance(scheme, str):
        raise KissBenchError(f"scheme: found {scheme!r}; allowed: {', '.join(SCHEMES)}")
    if scheme in REFUSED:
        raise KissBenchError(f"scheme={scheme!r} has no valid error bar for a difference: {REFUSED[scheme]}")
    if scheme not in SCHEMES:
        faults.append(f"scheme: found {scheme!r}; allowed: {', '.join(SCHEMES)}")
    known = isinstance(unit, str) and unit in get_args(MarginUnit)
    if not known:
        faults.append(f"margin_unit: found {unit!r}; allowed: {', '.join(get_args(MarginUnit))}")
    if not (_is_number(margin) and np.isfinite(margin) and margin >= 0.0):
        faults.append(f"margin: found {margin!r}; allowed: a number of at least 0, such as 0.01 for 1 %")
    elif known and unit != "absolute" and margin >= 1.0:
        faults.append(f"margin: found {margin!r}; allowed: below 1, as it is a share ({unit}); 0.01 is 1 %")
    if not (_is_number(alpha) and 0.0 < alpha < 0.5):
        faults.append(f"alpha: found {alpha!r}; allowed: a number above 0 and below 0.5")
    if faults:
        raise KissBenchError("\n".join(faults))


def _finite(found: Comparison) -> Comparison:
    if not np.isfinite([found.gain, found.low, found.high, found.se, found.p_gain, found.p_harm]).all():
        raise DataError("the losses, or their squares, are too large for a computer's numbers; rescale the target")
    return found


def _with_care(metric: Metric, one: Predictions, found: Comparison) -> Comparison:
    """Say where labels were not cut where the metric is best: what moves all training sets alike then counts as well.

    Simulated with F1 in docs/statistics.md: 7 % instead of 5 %.
    """
    learnt = all(said.codes is not None for arms in one.arms.values() for said in arms.values())
    if not metric.thresholded or learnt or one.task != "binary":
        return found
    flag = (
        f"labels are the most probable class: {metric.name} of a threshold learnt in training (a column `predicted`) "
        f"is steadier, and of others the error bar is a little short"
    )
    return replace(found, flags=(*found.flags, flag))


def _is_number(value: Any) -> bool:
    """Whether it is a number that a float can hold."""
    real = isinstance(value, Real) and not isinstance(value, bool | np.bool_)
    try:
        float(value)
    except (OverflowError, TypeError, ValueError):
        return False
    return real


def _with_roles(one: Predictions, scheme: str, roles: Mapping[str, Any], frame: pd.DataFrame) -> Predictions:
    needed = {"group": "groups", "leave_one_group_out": "groups", "forward": "order"}.get(scheme)
    if needed and roles[needed] is None:
        raise DataError(f"scheme={scheme!r} needs {needed}=: a column of incumbent, or one value a line")
    if (same := _copied(one)) is not None:
        raise DataError(
            f"repeats {same[0]} and {same[1]} (counted from 0) are the same rows in the same folds; a second draw that "
            f"is a copy proves nothing more: draw the folds anew, with another seed, or hand in one of them"
        )
    if roles["order"] is not None and scheme != "forward":
        raise DataError(f"order= says when rows were, which scheme={scheme!r} does not ask; say scheme='forward'")
    if roles["groups"] is not None and scheme == "forward":
        raise DataError(
            "groups= has no part in scheme='forward', where rows of one moment are averaged; to judge new groups use "
            "folds of groups and scheme='group'"
        )
    given = {name: values_by_row(name, values, frame, one) for name, values in roles.items() if values is not None}
    if scheme != "repeated_holdout" and one.ragged:
        raise DataError(
            "repeats test different rows; that is scheme='repeated_holdout', where each split is one repeat"
        )
    if scheme not in {"forward", "predefined", "holdout", "repeated_holdout"} and (one.fold == one.fold[0, 0]).all():
        raise DataError(f"scheme={scheme!r} needs a column fold with two folds or more; of one split say 'holdout'")
    codes = {name: np.unique(given[name], return_inverse=True)[1] for name in ("groups", "order") if name in given}
    if SCHEMES[scheme] == "group":
        _refuse_parted(given["groups"], codes["groups"], one)
    return replace(
        one,
        group=codes.get("groups"),
        time=codes.get("order"),
        weight=given["weights"].astype(np.float64) if "weights" in given else None,
        n_train=_others(one) if scheme == "repeated_holdout" else 0.0,
    )


def _refuse_parted(groups: NDArray[Any], codes: Codes, one: Predictions) -> None:
    """A group in two folds was trained on and tested: that is what group folds are there to prevent."""
    for fold in one.fold:
        pairs = np.unique(np.stack([codes, fold]), axis=1)
        parted = np.flatnonzero(np.bincount(pairs[0]) > 1)
        if len(parted):
            raise DataError(
                f"groups: {len(parted)} of {pairs[0].max() + 1} groups lie in more than one fold of a repeat, such as "
                f"{groups[codes == parted[0]][0]!r}; group folds keep a group whole. Of folds that part groups say "
                f"scheme='kfold' with groups=, which gives an error bar for rows that hang together"
            )


def _average(exam: Exam, metric: Metric, one: Predictions, scheme: str) -> Predicted:
    """What the training average predicts, where the training rows are all that a fold does not test."""
    if scheme not in {"kfold", "shuffled", "stratified", "group", "leave_one_group_out", "predefined"}:
        raise DataError(
            f"a margin of skill is a share of the dummy's loss, and with scheme={scheme!r} the rows that trained it "
            f"are not known here; pass dummy=, or say margin_unit='relative' or 'absolute'"
        )
    if exam.layout.folds < 2:
        raise DataError("a margin of skill needs dummy= where there is one fold; or say margin_unit='relative'")
    from kiss_bench.judge.power import best_constant, best_label

    values = np.empty((*one.fold.shape, len(one.labels))) if one.labels else np.empty(one.fold.shape)
    codes = np.empty_like(one.fold) if metric.pooling == "labels" else None
    for repeat, fold in enumerate(exam.layout.fold):
        for number in range(exam.layout.folds):
            training = exam.actual(repeat)[fold != number]
            if one.task == "regression":
                value: Any = best_constant(training, metric.best_constant)
            else:
                value = np.bincount(training.astype(np.int64), minlength=len(one.labels)) / len(training)
            values[repeat, fold == number] = value
            if codes is not None:
                codes[repeat, fold == number] = best_label(training, metric, exam.positive)
    return Predicted(values=values, codes=codes)


def _copied(one: Predictions) -> tuple[int, int] | None:
    """Two repeats of the same rows in the same folds, whatever the folds are called."""
    assert one.row_id is not None
    seen: dict[tuple[str, bytes], int] = {}
    for repeat, (row_id, fold) in enumerate(zip(np.broadcast_to(one.row_id, one.fold.shape), one.fold, strict=True)):
        _, first, codes = np.unique(fold, return_index=True, return_inverse=True)
        key = (str(row_id.tolist()), first[codes].tobytes())
        if key in seen:
            return seen[key], repeat
        seen[key] = repeat
    return None


def _others(one: Predictions) -> float:
    """How many of all rows a repeat does not test."""
    assert one.row_id is not None
    return float(len(np.unique(one.row_id)) - one.fold.shape[1])


def _code_of(one: Predictions, positive: Any) -> int | None:
    """Position of the positive label; DataError for one that is not there."""
    if len(one.labels) != 2:
        return None
    if positive is None:
        return 1
    names = [text_of(label) for label in one.labels]
    if text_of(positive) not in names:
        raise DataError(f"positive: found {positive!r}; allowed: {', '.join(names)}")
    return names.index(text_of(positive))


# what rows are besides predicted: their group, their place in time, their weight, by row_id


def values_by_row(role: str, given: Any, frame: pd.DataFrame, one: Predictions) -> NDArray[Any]:
    """(n,) values of a role, rows as in the first repeat, from a column, a value a line, or a mapping."""
    assert one.row_id is not None
    rows = one.row_id[0] if one.ragged else one.row_id
    by_row = _by_row(role, given, frame)
    if not (is_sortable(by_row) and is_sortable(by_row.index.to_series())):
        raise DataError(f"{role}: must be numbers, texts or dates, not a mixture nor anything else")
    if role == "weights":
        by_row = _numbers(role, by_row)
    distinct = pd.DataFrame({"id": by_row.index, "value": by_row.to_numpy()}).drop_duplicates()
    if distinct["id"].duplicated().any():
        raise DataError(f"{role}: a row_id has two different values; a row has one in all repeats")
    by_row = by_row[~by_row.index.duplicated()]
    lacking = by_row.reindex(rows).isna().to_numpy()
    if lacking.any():
        some = listed_some(rows[lacking])
        raise DataError(f"{role}: missing for {int(lacking.sum())} of {len(lacking)} rows, such as row_id {some}")
    return np.asarray(by_row.loc[rows].to_numpy())


def _by_row(role: str, given: Any, frame: pd.DataFrame) -> pd.Series:
    if isinstance(given, str):
        if given not in frame:
            raise DataError(f"{role}: incumbent has no column {given!r}; it has {', '.join(map(str, frame.columns))}")
        given = frame[given]
    if isinstance(getattr(given, "dtype", None), pd.CategoricalDtype) and role == "order":
        given = _places(given)
    if isinstance(given, Mapping) and not given:
        raise DataError(f"{role}: found an empty mapping; allowed: a value for each row_id")
    if isinstance(given, Mapping):
        return pd.Series(list(given.values()), index=list(given))
    values = np.asarray(given)
    if values.shape != (len(frame),):
        raise DataError(f"{role}: found {values.shape} values; allowed: one for each of incumbent's {len(frame)} lines")
    return pd.Series(values, index=frame["row_id"].to_numpy())


def _numbers(role: str, values: pd.Series) -> pd.Series:
    try:
        found = None if pd.api.types.is_string_dtype(values) else pd.to_numeric(values).astype(np.float64)
    except (TypeError, ValueError):
        found = None
    if found is None:
        raise DataError(f"{role}: found values such as {values.iloc[0]!r}; allowed: numbers of at least 0")
    return found


def _places(given: Any) -> NDArray[Any]:
    """Categories by their place where they have an order, which need not be that of their names."""
    codes = pd.Categorical(given)
    return np.where(codes.codes < 0, np.nan, codes.codes) if codes.ordered else np.asarray(given)
