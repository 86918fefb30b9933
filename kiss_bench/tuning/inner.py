"""The inner folds of one study: encoded once, then fitted on again by every trial."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from kiss_bench.evaluation.encodings import Encode
from kiss_bench.evaluation.exam import Exam, Floats, Positions
from kiss_bench.evaluation.fit import predict
from kiss_bench.evaluation.pipeline import frame_of, model_of
from kiss_bench.evaluation.probabilities import floor_of, floored
from kiss_bench.metrics import Metric
from kiss_bench.rungs import Rung
from kiss_bench.rungs._rung import Growing, Rounds
from kiss_bench.tuning.rounds import grow_to_common_minimum, grow_to_minimum


@dataclass(frozen=True, kw_only=True, slots=True)
class InnerFold:
    train: Positions
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
    """Encodes every inner fold, fitting the encoder anew, and for rungs grown in rounds bins it."""
    return tuple(_inner_fold(exam, rung, objective, encoder, split) for split in splits)


def _inner_fold(
    exam: Exam, rung: Rung, objective: Metric, encoder: Encode | None, split: tuple[Positions, Positions]
) -> InnerFold:
    train, valid = split
    frame = frame_of(exam, rung)
    features, valid_features = frame.iloc[train], frame.iloc[valid]
    if encoder is not None:
        features = encoder.fit_transform(features, exam.targets[train])
        valid_features = encoder.transform(valid_features)
    seen = np.unique(exam.task.y[train]).astype(np.int64) if exam.task.kind != "regression" else np.array([], np.int64)
    rounds = None
    if rung.rounds is not None:
        pairs = [(features, _codes(exam, seen, train)), (valid_features, _codes(exam, seen, valid))]
        rounds = rung.rounds(exam.task.kind, objective.name, pairs[0], pairs[1])
    return InnerFold(
        train=train, valid=valid, features=features, valid_features=valid_features, rounds=rounds, seen=seen
    )


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
        self.growings: list[tuple[InnerFold, Growing]] = []
        self.found: list[Floats] = []

    @property
    def learns_rounds(self) -> bool:
        """Whether the number of rounds comes from the curve rather than from the settings (trial 0 has its own)."""
        return self.rung.rounds is not None and not self._fixed_rounds

    @property
    def _fixed_rounds(self) -> int:
        return int(self.settings.get("n_estimators", 0)) if self.rung.rounds is not None else 0

    def fit(self, inner: InnerFold) -> Floats:
        """Predictions for the fold's validation rows; for a growing model those at the minimum of its own curve."""
        if inner.rounds is None:
            model = model_of(self.exam, self.rung, self.settings, self.seed)
            model.fit(inner.features, self.exam.targets[inner.train])
            prediction = predict(self.exam, model, inner.valid_features)[0]
        else:
            growing = inner.rounds.start(self.settings, self.seed)
            fixed = self._fixed_rounds
            growing.grow(fixed)
            rounds = fixed or grow_to_minimum(growing, inner.rounds)
            self.growings.append((inner, growing))
            prediction = self._grown(inner, growing, rounds)
        self.found.append(prediction)
        return prediction

    def settle(self) -> dict[str, Any]:
        """After the last inner fold: the number of rounds for all folds, with `found` brought to it; else nothing."""
        if not self.learns_rounds or not self.growings:
            return {}
        rounds = grow_to_common_minimum([growing for _, growing in self.growings])
        self.found = [self._grown(inner, growing, rounds) for inner, growing in self.growings]
        first = self.growings[0][0].rounds
        return {first.parameter: rounds} if first is not None else {}

    def _grown(self, inner: InnerFold, growing: Growing, rounds: int) -> Floats:
        values = growing.predict(rounds)
        if self.exam.task.kind == "regression":
            return values
        probabilities = np.zeros((len(inner.valid), len(self.exam.task.labels)))
        probabilities[:, inner.seen] = values
        return floored(probabilities, floor_of(len(inner.train)))
