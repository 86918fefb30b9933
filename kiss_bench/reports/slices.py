"""Which slices a short list has room for."""

from collections.abc import Sequence

from kiss_bench.records.diagnostics import Slice


def kept_slices(slices: Sequence[Slice], most: int) -> list[Slice]:
    """At most `most` of them, in their order; single groups and spans of time have a third of the room each.

    There are often more bad groups than there is room for, and what can be acted on is what a column says.
    """
    crowds = [place for kind in ("group", "time") for place in _places(slices, (kind,))[: most // 3]]
    of_columns = _places(slices, ("level", "range", "missing"))[: most - len(crowds)]
    return [slices[place] for place in sorted([*crowds, *of_columns])]


def _places(slices: Sequence[Slice], kinds: Sequence[str]) -> list[int]:
    return [place for place, each in enumerate(slices) if each.kind in kinds]
