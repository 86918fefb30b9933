"""The inner folds of one study: encoded once, then fitted on again by every trial."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone

from kiss_bench.evaluation.clock import MODELS
from kiss_bench.evaluation.encoded import encoded
from kiss_bench.evaluation.encodings import Encode
from kiss_bench.evaluation.exam import Exam, Positions
from kiss_bench.evaluation.fit import fit_model, predict
from kiss_bench.evaluation.pipeline import model_of, training_rows
from kiss_bench.evaluation.probabilities import floor_of, floored
from kiss_bench.metrics import Metric
from kiss_bench.rungs import Rung
from kiss_bench.rungs._rung import Growing, Rounds
from kiss_bench.tasks.labels import label_text
from kiss_bench.tuning.fidelity import Told
from kiss_bench.tuning.rounds import grow_to_common_minimum, grow_to_minimum


@dataclass(frozen=True, kw_only=True, slots=True)
class InnerFold:
    train: Positions
    """Rows that a fit uses."""
    valid: Positions
    features: Any
    """Encoded features of the training rows."""
    valid_features: Any
    rounds: Rounds | None
    seen: Positions
    """Class codes that the training rows hold, ascending; empty for regression."""


def inner_folds(
    exam: Exam, rung: Rung, objective: Metric, encoder: Encode | None, splits: tuple[tuple[Positions, Positions], ...]
) -> tuple[InnerFold, ...]:
    """Every inner fold encoded, the encoder fitted anew on each, and for rungs grown in rounds binned."""
    return tuple(_inner_fold(exam, rung, objective, encoder, split) for split in splits)


def _inner_fold(
    exam: Exam, rung: Rung, objective: Metric, encoder: Encode | None, split: tuple[Positions, Positions]
) -> InnerFold:
    train, valid = training_rows(exam, rung, split[0]), split[1]
    part = encoded(exam, rung, clone(encoder) if encoder is not None else None, (train, valid))
    seen = np.unique(exam.task.y[train]).astype(np.int64) if exam.task.kind != "regression" else np.array([], np.int64)
    rounds = None
    if rung.rounds is not None:
        pairs = [(part.train, _codes(exam, seen, train)), (part.test, _codes(exam, seen, valid))]
        with MODELS.running():
            rounds = rung.rounds(exam.task.kind, objective.name, pairs[0], pairs[1])
    return InnerFold(train=train, valid=valid, features=part.train, valid_features=part.test, rounds=rounds, seen=seen)


def _codes(exam: Exam, seen: Positions, rows: Positions) -> Any:
    """Targets as a booster wants them: 0..k-1 over the classes seen in training, -1 for any other."""
    if exam.task.kind == "regression":
        return exam.task.y[rows]
    codes = exam.task.y[rows].astype(np.int64)
    place = np.clip(np.searchsorted(seen, codes), 0, len(seen) - 1)
    return np.where(seen[place] == codes, place, -1)


class TrialFits:
    """Fits one trial's settings on one inner fold after the other."""

    def __init__(self, exam: Exam, rung: Rung, settings: Mapping[str, Any], seed: int) -> None:
        self.exam, self.rung, self.settings, self.seed = exam, rung, settings, seed
        self.begun = 0
        """Inner folds on which a fit was begun."""
        self.missing = 0.0
        """Share of the members of a mean that these settings do without; see `Told`."""
        self.growings: list[tuple[InnerFold, Growing]] = []
        self.found: list[Told] = []

    @property
    def learns_rounds(self) -> bool:
        """Whether the number of rounds comes from the curve rather than from the settings (trial 0 has its own)."""
        return self.rung.rounds is not None and not self._fixed_rounds

    @property
    def _fixed_rounds(self) -> int:
        return int(self.settings.get("n_estimators", 0)) if self.rung.rounds is not None else 0

    def fit(self, inner: InnerFold) -> Told:
        """What is said of the fold's validation rows; by a growing model at the minimum of its own curve."""
        self.begun += 1
        told = self._fitted(inner) if inner.rounds is None else self._grown_to_minimum(inner, inner.rounds)
        self.found.append(told)
        return told

    def _fitted(self, inner: InnerFold) -> Told:
        model = model_of(self.exam, self.rung, self.settings, self.seed)
        fit_model(self.exam, model, inner.features, inner.train)
        if self.rung.halves is None or not self.missing:
            return Told(prediction=predict(self.exam, model, inner.valid_features)[0])
        return self._of_halves(model, self.rung.halves, inner.valid_features)

    def _of_halves(self, model: Any, halves: Callable[[Any], tuple[Any, Any]], features: Any) -> Told:
        """The mean of both halves is what the whole predicts; no tree is asked twice."""
        with MODELS.running():
            if self.exam.task.kind == "regression":
                first, second = (half.predict(features) for half in halves(model))
            else:
                parts = (model.with_fitted(half) for half in halves(model.classifier_))
                first, second = (part.raw_proba(features) for part in parts)
        if self.exam.task.kind == "regression":
            return Told(prediction=(first + second) / 2.0, halves=(first, second), missing=self.missing)
        mean, *both = (floored(each, model.floor_) for each in ((first + second) / 2.0, first, second))
        return Told(prediction=mean, halves=(both[0], both[1]), missing=self.missing)

    def _grown_to_minimum(self, inner: InnerFold, rounds: Rounds) -> Told:
        with MODELS.running():
            growing = rounds.start(self._settings_in_codes(inner), self.seed)
            growing.grow(self._fixed_rounds)
            reached = self._fixed_rounds or grow_to_minimum(growing, rounds)
        self.growings.append((inner, growing))
        return self._grown(inner, growing, reached)

    def _settings_in_codes(self, inner: InnerFold) -> Mapping[str, Any]:
        """Weights of labels by their codes, which is all that a growing model knows of them."""
        weights = self.settings.get("class_weight")
        if not isinstance(weights, Mapping):
            return self.settings
        of = {label_text(label): weight for label, weight in weights.items()}
        named = [of.get(label_text(self.exam.task.labels[code]), 1.0) for code in inner.seen]
        return {**self.settings, "class_weight": dict(enumerate(named))}

    def settle(self) -> dict[str, Any]:
        """After the last inner fold: the number of rounds for all folds, with `found` brought to it; else nothing."""
        if not self.learns_rounds or not self.growings:
            return {}
        with MODELS.running():
            rounds = grow_to_common_minimum([growing for _, growing in self.growings])
        self.found = [self._grown(inner, growing, rounds) for inner, growing in self.growings]
        first = self.growings[0][0].rounds
        return {first.parameter: rounds} if first is not None else {}

    def _grown(self, inner: InnerFold, growing: Growing, rounds: int) -> Told:
        with MODELS.running():
            values = growing.predict(rounds)
        if self.exam.task.kind == "regression":
            return Told(prediction=values)
        probabilities = np.zeros((len(inner.valid), len(self.exam.task.labels)))
        probabilities[:, inner.seen] = values
        return Told(prediction=floored(probabilities, floor_of(len(inner.train))))
