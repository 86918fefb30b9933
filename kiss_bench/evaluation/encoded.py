"""Encoded rows: made once a training part and worker, then shared by all rungs, arms and trials that want them."""

import hashlib
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from kiss_bench.evaluation.encodings import Encode
from kiss_bench.evaluation.exam import Exam, Positions
from kiss_bench.evaluation.pipeline import frame_of
from kiss_bench.rungs import Rung

MOST_BYTES = 64 * 2**20
"""What a worker keeps of encoded parts; the ones not used for longest go first."""
LARGEST_PART = MOST_BYTES // 2
"""A larger part is not kept, and nothing else beside it: its fit takes longer than encoding and wants the memory."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One training part, encoded, with the rows that its models predict."""

    encoder: Encode | None
    """None where the model takes the typed columns as they are."""
    train: Any
    test: Any
    """Encoded rows, or OnDemand."""
    fit_seconds: float
    """Of fitting the encoder and encoding the training rows, whichever unit was the first to need it."""
    transform_seconds: float
    """Of encoding the other rows."""

    @property
    def nbytes(self) -> int:
        return sum(_bytes_of(features) for features in (self.train, self.test))


def _bytes_of(features: Any) -> int:
    found = features.memory_usage(deep=False).sum() if hasattr(features, "memory_usage") else features.nbytes
    return int(found)


class Shelf:
    """Parts of one exam by what they were made from, up to MOST_BYTES, none above LARGEST_PART."""

    def __init__(self) -> None:
        self.exam: Exam | None = None
        self.parts: OrderedDict[Any, Part] = OrderedDict()

    def part(self, exam: Exam, key: Any) -> Part | None:
        if self.exam is not exam:
            self.exam, self.parts = exam, OrderedDict()
        if key in self.parts:
            self.parts.move_to_end(key)
        return self.parts.get(key)

    def keep(self, key: Any, part: Part) -> None:
        if part.nbytes > LARGEST_PART:
            self.parts.clear()
            return
        self.parts[key] = part
        total = sum(each.nbytes for each in self.parts.values())
        while total > MOST_BYTES:
            total -= self.parts.popitem(last=False)[1].nbytes


_shelf = Shelf()


class OnDemand:
    """Rows that are encoded when a slice of them is taken: one-hot columns of a million rows are too many to hold."""

    nbytes = 0

    def __init__(self, encoder: Encode, frame: pd.DataFrame, rows: Positions) -> None:
        self.encoder, self.frame, self.rows = encoder, frame, rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, some: slice) -> Any:
        return self.encoder.transform(self.frame.iloc[self.rows[some]])

    def copy(self) -> Self:
        """Itself: each slice is made afresh."""
        return self


def encoded(
    exam: Exam, rung: Rung, encoder: Encode | None, rows: tuple[Positions, Positions], *, blocks: int | None = None
) -> Part:
    """The training rows and the rows to predict as `encoder`, unfitted, makes them.

    With `blocks`, the rows to predict are asked for once, so many at a time, and more than that are OnDemand.
    What is shared cannot be written to; a custom rung, which may work in place, gets a copy of its own.
    """
    if encoder is None:
        frame = frame_of(exam, rung)
        return Part(
            encoder=None, train=frame.iloc[rows[0]], test=frame.iloc[rows[1]], fit_seconds=0.0, transform_seconds=0.0
        )
    lazily = blocks is not None and len(rows[1]) > blocks
    key = (encoder.encoding, encoder.seed, lazily, *(hashlib.sha256(some.data).digest() for some in rows))
    part = _shelf.part(exam, key)
    if part is None:
        part = _encode(frame_of(exam, rung), exam.task.y, encoder, rows, lazily=lazily)
        _shelf.keep(key, part)
    return _own_copy(part) if rung.custom else part


def _encode(frame: pd.DataFrame, y: Any, encoder: Encode, rows: tuple[Positions, Positions], *, lazily: bool) -> Part:
    started = time.perf_counter()
    train = encoder.fit_transform(frame.iloc[rows[0]], y[rows[0]])
    fitted = time.perf_counter()
    test = OnDemand(encoder, frame, rows[1]) if lazily else encoder.transform(frame.iloc[rows[1]])
    done = time.perf_counter()
    for features in (train, test):
        if isinstance(features, np.ndarray):
            features.flags.writeable = False
    return Part(encoder=encoder, train=train, test=test, fit_seconds=fitted - started, transform_seconds=done - fitted)


def _own_copy(part: Part) -> Part:
    return Part(
        encoder=part.encoder,
        train=part.train.copy(),
        test=part.test.copy(),
        fit_seconds=part.fit_seconds,
        transform_seconds=part.transform_seconds,
    )
