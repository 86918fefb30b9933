"""What models said of rows that they were not fitted on: all that the judge is given, made here and nowhere else.

Three ways in: the outcomes of a run (`of_outcomes`), the tables of a result folder or of anybody else (`of_record`,
`of_vault`), and the frames of `compare` (`of_frames`). Whatever the way, rows are in ascending order of their ids.
"""

import itertools
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kiss_bench.errors import DataError, RecordError
from kiss_bench.evaluation.exam import Exam, Outcome
from kiss_bench.metrics import Metric
from kiss_bench.metrics.labels import most_probable
from kiss_bench.plan.plan import Arm, FoldKind, TaskKind
from kiss_bench.tasks.labels import label_text, labels_of
from kiss_bench.tasks.task import Fold

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
ROLES = ("group", "time", "weight")
KEYS = ["repeat", "row_id"]
PREFIX = "p_"
FIRST = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Predicted:
    """What one arm of one rung said of n rows in its r repeats, the first ones of those drawn."""

    values: Floats
    """(r, n) numbers or probabilities of code 1, or (r, n, k) probabilities in the order of the class codes."""
    codes: Codes | None = None
    """(r, n) class codes after the threshold learnt in training; None: the most probable class, or no classes."""

    def first(self, repeats: int) -> "Predicted":
        return Predicted(values=self.values[:repeats], codes=None if self.codes is None else self.codes[:repeats])

    def labels(self, repeat: int) -> Codes:
        """(n,) class codes of a repeat."""
        return most_probable(self.values[repeat]) if self.codes is None else self.codes[repeat]


@dataclass(frozen=True, kw_only=True, slots=True)
class Predictions:
    """Rows that were tested, all in the same folds, and what every arm of every rung said of them.

    n rows, r repeats. Rungs may have fewer repeats than were drawn, and arms may be missing.
    """

    actual: NDArray[Any]
    """(n,) numeric target, or class codes 0..k-1; (r, n) where repeats test other rows (repeated holdout)."""
    fold: Codes
    """(r, n) the fold in which each row was tested."""
    arms: Mapping[str, Mapping[Arm, Predicted]] = field(default_factory=dict)
    """Rung -> arm -> what it said."""
    row_id: NDArray[Any] | None = None
    """(n,), or (r, n) where repeats test other rows."""
    labels: tuple[Any, ...] = ()
    """Classes in the order of their codes; empty for numbers."""
    group: Codes | None = None
    time: Codes | None = None
    """(n,) rank of the time value, forward folds only."""
    n_train: float = 0.0
    """Mean number of training rows over folds; 0: all rows that a fold does not test."""
    weight: Floats | None = None
    """(n,) what each row counts, at least 0, in any unit; None: all the same."""

    @classmethod
    def of_outcomes(cls, exam: Exam, outcomes: Mapping[tuple[str, Arm], Sequence[Outcome | None]]) -> Self:
        """From the units of a run: (rung, arm) -> its outcomes by repeat and fold, None where one is still to come.

        An arm is given the repeats it has whole, from the first on; without one it is left out.
        """
        task, rows, kind = exam.task, exam.tested, exam.folds.kind
        arms: dict[str, dict[Arm, Predicted]] = {}
        for (rung, arm), found in outcomes.items():
            if whole := whole_repeats(exam, found):
                arms.setdefault(rung, {})[arm] = _pooled(exam, whole, rows)
        fold = _folds(exam.folds.splits, len(task.row_id))
        return cls(
            actual=task.y[rows],
            fold=fold[:, rows],
            arms=arms,
            row_id=task.row_id[rows],
            labels=task.labels,
            group=task.group[rows] if task.group is not None and kind != "forward" else None,
            time=task.time[rows] if task.time is not None and kind == "forward" else None,
            n_train=float(np.mean([len(split.train) for split in exam.folds.splits])),
            weight=task.weight[rows] if task.weight is not None else None,
        )

    @classmethod
    def of_record(  # noqa: PLR0913  (the tables of a folder, and what its plan says of them)
        cls,
        table: pd.DataFrame,
        folds: pd.DataFrame,
        *,
        kind: FoldKind,
        labels: Sequence[Any] = (),
        roles: pd.DataFrame | None = None,
        rungs: Collection[str] | None = None,
    ) -> Self:
        """From `predictions.parquet`, `folds.parquet` and, where roles are declared, `rows.parquet`.

        `table` may hold rungs and columns that nobody here knows. `labels` are the classes in the order of their codes.
        `rungs` are those that are asked for, all where it is left out: of one that failed there may be some folds only.
        Raises RecordError for tables that do not belong to each other.
        """
        ids = np.unique(folds["row_id"].to_numpy(dtype=np.int64))
        splits = tuple(_splits(folds, ids))
        first = [split.test for split in splits if split.repeat == FIRST]
        if not first:
            raise RecordError("folds.parquet has no test rows in the first repeat")
        rows = np.sort(np.concatenate(first))
        names = [label_text(label) for label in labels]
        known = roles_of(roles, ids[rows])
        return cls(
            actual=_targets(table, ids[rows], names),
            fold=_folds(splits, len(ids))[:, rows],
            arms=_arms(table if rungs is None else table[table["rung"].isin(rungs)], ids[rows], names),
            row_id=ids[rows],
            labels=tuple(labels),
            group=known.get("group") if kind != "forward" else None,
            time=known.get("time") if kind == "forward" else None,
            n_train=float(np.mean([len(split.train) for split in splits])),
            weight=known.get("weight"),
        )

    @classmethod
    def of_vault(cls, table: pd.DataFrame, *, kind: FoldKind, n_train: float) -> Self:
        """From `vault.parquet`: one test part, with the roles of its rows in columns of their own.

        Raises RecordError for a table in which models say something of different rows.
        """
        names = [name.removeprefix(PREFIX) for name in table.columns if name.startswith(PREFIX)]
        one = table.sort_values("row_id", kind="stable").drop_duplicates("row_id")
        rows = one["row_id"].to_numpy()
        known = {name: one[name].to_numpy() for name in ROLES if name in one}
        return cls(
            actual=_targets(table, rows, names),
            fold=np.zeros((1, len(rows)), dtype=np.int64),
            arms=_arms(table, rows, names),
            row_id=rows,
            labels=tuple(names),
            group=known.get("group") if kind != "forward" else None,
            time=known.get("time") if kind == "forward" else None,
            n_train=n_train,
            weight=known.get("weight"),
        )

    @classmethod
    def of_frames(cls, metric: Metric, frames: Mapping[str, pd.DataFrame]) -> Self:
        """From frames of one model each, as `compare` describes them; the first one sets rows, folds and targets.

        Raises DataError with every fault of every frame.
        """
        faults: list[str] = []
        tidy = {name: _tidy(name, frame, metric, faults) for name, frame in frames.items()}
        _raise(faults)
        first, *others = tidy
        for name in others:
            _same_rows(first, tidy[first], name, tidy[name], faults)
        _raise(faults)
        found = {name: one for name, frame in tidy.items() if (one := cls._of_frame(name, frame, metric, faults))}
        _raise(faults)
        for name, one in found.items():
            if one.labels != (base := found[first]).labels:
                faults.append(f"{name}: p_ of {_listed(one.labels)}, but {first} has p_ of {_listed(base.labels)}")
        _raise(faults)
        return replace(found[first], arms={name: one.arms[name] for name, one in found.items()})

    @classmethod
    def _of_frame(cls, name: str, frame: pd.DataFrame, metric: Metric, faults: list[str]) -> Self | None:
        """One model's; None where faults were found."""
        before = len(faults)
        sizes = frame.groupby("repeat").size()
        if sizes.min() < sizes.max():
            faults.append(f"{name}: repeats test {sizes.min()} to {sizes.max()} rows; allowed: the same number in each")
            return None
        shape = (len(sizes), int(sizes.iloc[0]))
        numbers = "regression" in metric.tasks
        named = [str(column).removeprefix(PREFIX) for column in frame if str(column).startswith(PREFIX)]
        by_label = {} if numbers else {text_of(label): f"{PREFIX}{label}" for label in named}
        if not numbers and len(by_label) < len(named):
            faults.append(f"{name}: two p_ columns stand for one class, as p_1 and p_1.0 do")
            return None
        labels = _in_order(tuple(by_label))
        columns = ["prediction"] if numbers else [by_label[label] for label in labels]
        values = _floats(name, frame, columns, faults)
        codes = None if numbers else _codes(name, "actual", frame["actual"], labels, faults)
        actual = _floats(name, frame, ["actual"], faults)[:, 0] if numbers else codes
        if actual is None or len(faults) > before:
            return None
        if not numbers and (values.min() < 0.0 or np.abs(values.sum(axis=1) - 1.0).max() > 1e-5):
            faults.append(f"{name}: probabilities are negative, or do not sum to 1 in each line")
        if task_of(labels) not in metric.tasks:
            faults.append(f"{name}: {metric.name} is for {' and '.join(metric.tasks)}; there are {len(labels)} classes")
            return None
        given = None
        if metric.pooling == "labels" and "predicted" in frame:
            given = _codes(name, "predicted", frame["predicted"], labels, faults)
        row_id, targets = frame["row_id"].to_numpy().reshape(shape), np.asarray(actual).reshape(shape)
        ragged = bool((row_id != row_id[0]).any())
        said = Predicted(
            values=values[:, 0].reshape(shape) if numbers else values.reshape(*shape, -1),
            codes=None if given is None else given.reshape(shape),
        )
        return cls(
            actual=targets if ragged else targets[0],
            fold=np.unique(frame["fold"].to_numpy(), return_inverse=True)[1].reshape(shape),
            arms={name: {"default": said}},
            row_id=row_id if ragged else row_id[0],
            labels=labels,
        )

    @property
    def task(self) -> TaskKind:
        return task_of(self.labels)

    @property
    def ragged(self) -> bool:
        """Whether repeats test different rows."""
        return self.actual.ndim == 2

    def of(self, rung: str) -> Mapping[Arm, Predicted]:
        """The arms of a rung that there are."""
        return self.arms.get(rung, {})

    def with_most_probable_labels(self) -> Self:
        """The same without the thresholds that were learnt."""
        arms = {
            rung: {arm: replace(said, codes=None) for arm, said in of_rung.items()}
            for rung, of_rung in self.arms.items()
        }
        return replace(self, arms=arms)


def whole_repeats(exam: Exam, outcomes: Sequence[Outcome | None]) -> list[tuple[Outcome, ...]]:
    """The outcomes of an arm by repeat, from the first on, as far as every fold is there."""
    folds = len(exam.folds.of(FIRST))
    fine = [outcome for outcome in outcomes if outcome is not None and outcome.prediction is not None]
    by_repeat = [tuple(one for one in fine if one.repeat == repeat) for repeat in range(len(outcomes) // folds)]
    return list(itertools.takewhile(lambda repeat: len(repeat) == folds, by_repeat))


def task_of(labels: Sequence[Any]) -> TaskKind:
    """What kind of task has these classes."""
    if not labels:
        return "regression"
    return "binary" if len(labels) == 2 else "multiclass"


def text_of(label: Any) -> str:
    """A label as in column names of frames: integral floats without their point, as text too (`p_1.0`)."""
    return re.sub(r"^(-?\d+)\.0$", r"\1", label_text(label))


def is_sortable(values: pd.Series) -> bool:
    """Whether numbers, texts or dates can be put in an order, as mixtures cannot."""
    try:
        np.unique(np.asarray(values.dropna().unique()))
    except TypeError:
        return False
    return True


def listed_some(values: NDArray[Any]) -> str:
    """The first three, and a sign that there are more."""
    return ", ".join(map(str, values[:3])) + (", …" if len(values) > 3 else "")


# from outcomes


def _pooled(exam: Exam, whole: Sequence[tuple[Outcome, ...]], rows: Codes) -> Predicted:
    """What one arm said of `rows` in its whole repeats; its labels where thresholds were learnt."""
    learnt = whole[0][0].threshold is not None
    values, codes = [], []
    for outcomes in whole:
        found = [(exam.split(one.repeat, one.fold).test, one, one.prediction) for one in outcomes]
        shape = next(prediction.shape[1:] for _, _, prediction in found if prediction is not None)
        said = np.full((len(exam.task.row_id), *shape), np.nan)
        labels = np.full(len(exam.task.row_id), -1, dtype=np.int64)
        for test, one, prediction in found:
            assert prediction is not None
            said[test] = prediction
            if learnt:
                labels[test] = labels_of(prediction, one.threshold, exam.task.positive)
        values.append(said[rows])
        codes.append(labels[rows])
    return Predicted(values=np.stack(values), codes=np.stack(codes) if learnt else None)


def _folds(splits: Iterable[Fold], n: int) -> Codes:
    """(r, n) the fold that tests each row in each repeat; what it is where none does, nobody asks."""
    splits = tuple(splits)
    fold = np.empty((1 + max(split.repeat for split in splits), n), dtype=np.int64)
    for split in splits:
        fold[split.repeat, split.test] = split.fold
    return fold


# from tables of a record


def roles_of(roles: pd.DataFrame | None, ids: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """Group, time and weight of these rows, as far as they are declared. Raises RecordError for rows that lack them."""
    if roles is None:
        return {}
    found = roles.set_index("row_id")
    if not np.isin(ids, found.index).all():
        raise RecordError("rows.parquet lacks rows of folds.parquet")
    return {name: found.loc[ids, name].to_numpy() for name in ROLES if name in found}


def _splits(folds: pd.DataFrame, ids: NDArray[np.int64]) -> Iterator[Fold]:
    """All splits as positions into the rows; training is all other rows where none are listed."""
    parts: dict[Any, NDArray[np.int64]] = {
        place: np.searchsorted(ids, np.sort(block["row_id"].to_numpy(dtype=np.int64)))
        for place, block in folds.groupby(["repeat", "fold", "part"], sort=True)
    }
    everything = np.arange(len(ids))
    for (repeat, fold, part), test in parts.items():
        if part == "test":
            others = np.setdiff1d(everything, test, assume_unique=True)
            train = parts.get((repeat, fold, "train"), others)
            yield Fold(repeat=int(repeat), fold=int(fold), train=train, test=test)


def _targets(table: pd.DataFrame, rows: NDArray[Any], names: Sequence[str]) -> NDArray[Any]:
    """(n,) numbers or class codes."""
    known = table[["row_id", "actual"]].drop_duplicates().set_index("row_id")["actual"]
    if not known.index.is_unique:
        raise RecordError("predictions.parquet holds two targets of one row")
    if not np.isin(rows, known.index).all():
        raise RecordError(f"predictions.parquet does not hold the rows of folds.parquet for repeat {FIRST}")
    found = known.loc[rows]
    return codes_in(found, names) if names else found.to_numpy(dtype=np.float64)


def _arms(table: pd.DataFrame, rows: NDArray[Any], names: Sequence[str]) -> dict[str, dict[Arm, Predicted]]:
    columns = [f"{PREFIX}{name}" for name in names] or ["prediction"]
    arms: dict[str, dict[Arm, Predicted]] = {}
    for (rung, arm), own in table.groupby(["rung", "arm"], sort=False):
        values: list[Floats] = []
        codes: list[Codes] = []
        for repeat, block in own.sort_values("row_id", kind="stable").groupby("repeat", sort=True):
            if repeat != len(values) or not np.array_equal(block["row_id"].to_numpy(), rows):
                raise RecordError(f"predictions.parquet does not hold the rows of folds.parquet for repeat {repeat}")
            found = block[columns].to_numpy(dtype=np.float64)
            values.append(found if names else found[:, 0])
            if names:
                codes.append(codes_in(block["predicted"], names))
        said = Predicted(values=np.stack(values), codes=np.stack(codes) if names else None)
        arms.setdefault(str(rung), {})[cast("Arm", str(arm))] = said
    return arms


def codes_in(values: "pd.Series[Any]", names: Sequence[str]) -> Codes:
    """(n,) places of stored labels among these; raises RecordError for one that is not among them."""
    codes = pd.Index(names).get_indexer(pd.Index([label_text(value) for value in values.to_list()]))
    if (codes < 0).any():
        raise RecordError("predictions.parquet holds a label that plan.json does not know")
    return np.asarray(codes, dtype=np.int64)


# from frames


def _tidy(name: str, frame: pd.DataFrame, metric: Metric, faults: list[str]) -> pd.DataFrame:
    if not isinstance(frame, pd.DataFrame):
        raise DataError(f"{name}: found {type(frame).__name__}; allowed: a pandas DataFrame")
    if not frame.columns.is_unique:
        again = map(str, frame.columns[frame.columns.duplicated()].unique())
        raise DataError(f"{name}: more than one column is called {', '.join(again)}")
    filled = frame.reset_index(drop=True).assign(**{key: 0 for key in ("repeat", "fold") if key not in frame})
    for key in (*KEYS, "fold"):  # categories sort by their own order, which need not be the other frame's
        if key in filled and isinstance(filled[key].dtype, pd.CategoricalDtype):
            filled[key] = filled[key].astype(filled[key].cat.categories.dtype)
    lacking = [column for column in ("row_id", "actual") if column not in frame]
    numbers = "regression" in metric.tasks
    if numbers and "prediction" not in frame:
        lacking.append("prediction")
    if not numbers and sum(str(column).startswith(PREFIX) for column in frame) < 2:
        lacking.append("p_<class> for each of two or more classes")
    if lacking:
        has = ", ".join(map(str, frame.columns))
        faults.append(f"{name}: {metric.name} needs the column(s) {', '.join(lacking)}; it has {has}")
        return filled
    if not len(frame):
        faults.append(f"{name}: there are no rows")
    gaps = filled[["row_id", "repeat", "fold", "actual"]].isna().sum()
    faults += [
        f"{name}: {column} is missing in {count} of {len(frame)} lines" for column, count in gaps.items() if count
    ]
    return _ordered(name, filled, faults)


def _ordered(name: str, frame: pd.DataFrame, faults: list[str]) -> pd.DataFrame:
    odd = [key for key in (*KEYS, "fold") if not is_sortable(frame[key])]
    if odd:
        faults.append(f"{name}: {', '.join(odd)} must hold numbers, texts or dates, not a mixture nor anything else")
        return frame
    if (twice := int(frame.duplicated(KEYS).sum())) > 0:
        faults.append(f"{name}: {twice} line(s) repeat a row_id within a repeat; each row is tested once a repeat")
    elif frame["row_id"].duplicated().any():
        targets = pd.DataFrame({"row_id": frame["row_id"], "actual": frame["actual"].map(text_of)}).drop_duplicates()
        if (changed := int(targets["row_id"].duplicated().sum())) > 0:
            faults.append(f"{name}: {changed} row(s) have another actual in another repeat; a row has one target")
    return frame.sort_values(KEYS, kind="stable", ignore_index=True)


def _same_rows(first: str, one: pd.DataFrame, name: str, other: pd.DataFrame, faults: list[str]) -> None:
    keys = [set(zip(frame["repeat"], frame["row_id"], strict=True)) for frame in (one, other)]
    if keys[0] != keys[1]:
        lone = [len(keys[0] - keys[1]), len(keys[1] - keys[0])]
        faults.append(
            f"{name}: other rows than {first}: {lone[0]} (row_id, repeat) are in {first} alone, {lone[1]} in {name} "
            f"alone; a comparison needs identical rows"
        )
        return
    if (one["fold"].to_numpy() != other["fold"].to_numpy()).any():
        faults.append(f"{name}: other folds than {first}; a comparison needs identical folds")
    if (one["actual"].map(text_of).to_numpy() != other["actual"].map(text_of).to_numpy()).any():
        faults.append(f"{name}: other values of actual than {first}; a comparison needs identical targets")


def _in_order(labels: tuple[str, ...]) -> tuple[str, ...]:
    """Sort labels as the labels sort: numbers by value."""
    try:
        return tuple(sorted(labels, key=float))
    except ValueError:
        return tuple(sorted(labels))


def _floats(name: str, frame: pd.DataFrame, columns: list[str], faults: list[str]) -> Floats:
    try:
        values = None if _holds_no_numbers(frame[columns]) else frame[columns].to_numpy(dtype=np.float64)
    except (TypeError, ValueError):
        values = None
    if values is None:
        faults.append(f"{name}: {', '.join(columns)} must hold numbers")
        return np.zeros((len(frame), len(columns)))
    bad = ~np.isfinite(values).all(axis=1)
    if bad.any():
        where = listed_some(frame["row_id"].to_numpy()[bad])
        what = columns[0] if len(columns) == 1 else "probability"
        hint = "" if what == "actual" else "; a model that fails on rows cannot be compared on others"
        faults.append(
            f"{name}: {what} is no finite number in {int(bad.sum())} of {len(frame)} lines, such as row_id "
            f"{where}{hint}"
        )
    return values


def _holds_no_numbers(frame: pd.DataFrame) -> bool:
    """Dates, spans of time and complex numbers, which all turn into floats without a word."""
    return any(dtype.kind in "mMc" for dtype in frame.dtypes)


def _codes(name: str, column: str, values: pd.Series, labels: tuple[str, ...], faults: list[str]) -> Codes | None:
    texts = values.map(text_of)
    unknown = sorted(set(texts) - set(labels))
    if unknown:
        faults.append(
            f"{name}: {column} holds {', '.join(unknown[:5])}, which has no p_ column; there is p_ of {_listed(labels)}"
        )
        return None
    return np.asarray(texts.map({label: code for code, label in enumerate(labels)}).to_numpy(dtype=np.int64))


def _listed(labels: tuple[Any, ...]) -> str:
    return ", ".join(map(str, labels))


def _raise(faults: list[str]) -> None:
    if faults:
        raise DataError("\n".join(dict.fromkeys(faults)))
