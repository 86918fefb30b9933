"""What came true against what was said."""

from collections.abc import Sequence

import numpy as np

from kiss_bench.diagnostics.scored import Codes
from kiss_bench.diagnostics.wording import short
from kiss_bench.records.diagnostics import Confusion
from kiss_bench.tasks.labels import label_text
from kiss_bench.tasks.task import Label

MOST_LABELS = 30


def confusion(labels: Sequence[Label], actual: Codes, said: Codes) -> Confusion | None:
    """Rows by label, (n,) codes each, every row counting once whatever its weight; None for more than 30 labels."""
    size = len(labels)
    if size > MOST_LABELS:
        return None
    cells = np.bincount(actual * size + said, minlength=size * size).reshape(size, size)
    return Confusion(
        labels=tuple(short(label_text(label)) for label in labels),
        counts=tuple(tuple(int(count) for count in row) for row in cells),
    )
