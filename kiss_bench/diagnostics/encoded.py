"""What each column of an encoded matrix is, in words and values of the table it was made from."""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kiss_bench.diagnostics.wording import listed, short
from kiss_bench.evaluation.encodings import DATE_PARTS, Encode, date_parts
from kiss_bench.tasks.task import Column

Floats = NDArray[np.float64]
PARTS = {
    "days": "days since 1970",
    "month": "month",
    "day": "day of the month",
    "weekday": "weekday, 0 = Monday",
    "hour": "hour",
}
MISSING = "missing"


@dataclass(frozen=True, kw_only=True, slots=True)
class Feature:
    """One encoded column."""

    column: Column | None
    """The one it was made from; None: a column of zeros, where there is no other."""
    kind: Literal["value", "missing", "level", "codes", "average"]
    """value: a number, boolean or part of a date · missing: whether it is missing · level: whether it is one of
    `levels` · codes: the place among `levels` · average: that of the target in each level, learnt in training."""
    part: str = ""
    """Of a date."""
    levels: tuple[str, ...] = ()
    holds_missing: bool = False
    """`level`: whether missing values count as one of them."""
    fill: float | None = None
    """`value`: what stands for a missing one; None: it stays missing."""
    averages: tuple[float, ...] = ()
    """One a level, then that of missing values and that of any other level."""
    of: str = ""
    """`average`: the label whose share it is; empty for the target itself."""
    scale: float = 1.0
    """What one unit of the encoded column is in the table's own."""

    @property
    def name(self) -> str:
        """The column, with what of it this is."""
        if self.column is None:
            return "nothing"
        name = short(self.column.name)
        if self.kind == "level":
            members = [*self.levels, *([MISSING] if self.holds_missing else [])]
            return f"{name} = {members[0]}" if len(members) == 1 else f"{name} = any of {listed(members)}"
        if self.kind == "average":
            return f"{name} (each level's average of {self.of})"
        return f"{name} {MISSING}" if self.kind == "missing" else f"{name} ({PARTS[self.part]})" if self.part else name

    @property
    def is_flag(self) -> bool:
        """Whether it is one of zeros and ones."""
        is_boolean = self.column is not None and self.column.kind == "boolean" and self.kind == "value"
        return is_boolean or self.kind in ("level", "missing")

    def values(self, frame: pd.DataFrame) -> Floats:
        """(n,) its values before scaling, from a canonical frame; NaN where they stay missing."""
        if self.column is None:
            return np.zeros(len(frame))
        cells = frame[self.column.name]
        if self.column.kind == "category":
            return self._of_levels(cells)
        numbers = date_parts(cells)[self.part] if self.part else cells.to_numpy(dtype=np.float64)
        if self.kind == "missing":
            return np.isnan(numbers).astype(np.float64)
        return numbers if self.fill is None else np.where(np.isnan(numbers), self.fill, numbers)

    def _of_levels(self, cells: pd.Series) -> Floats:
        place = {level: number for number, level in enumerate(self.levels)}
        other = len(self.levels) + 1
        lookup = np.array([*(place.get(level, other) for level in cells.cat.categories), len(self.levels)])
        places = lookup[cells.cat.codes.to_numpy()]  # code -1, missing, picks the last
        if self.kind == "average":
            return np.asarray(np.array(self.averages)[places])
        if self.kind == "level":
            return (places < len(self.levels) + int(self.holds_missing)).astype(np.float64)
        return np.where(places < len(self.levels), places, np.nan)


def features(encoder: Encode, labels: tuple[str, ...], target: str) -> tuple[Feature, ...]:
    """What each column of the matrix of a fitted encoder, `onehot` or `ordinal`, is; `labels` are the task's."""
    numbers = [feature for feature, is_there in zip(_numbers(encoder), encoder.present_, strict=True) if is_there]
    categories = [column for column in encoder.columns if column.kind == "category"]
    few, many = (
        [_codes(encoder, categories, int(place)) for place in places] for places in (encoder.few_, encoder.many_)
    )
    parts = encoder.parts_
    averages = parts["many"] if encoder.encoding == "ordinal" else parts["many"][0] if many else None
    told = _averages(averages, many, labels, target) if many else []
    if encoder.encoding == "ordinal":
        found = [*numbers, *few, *told]
    else:
        found = [*(_filled(parts["numbers"], numbers) if numbers else []), *(_onehot(parts["few"], few) if few else [])]
        scales = parts["many"][1].scale_ if many else []
        found += [replace(feature, scale=float(scale)) for feature, scale in zip(told, scales, strict=True)]
    return tuple(found) or (Feature(column=None, kind="value"),)


def _numbers(encoder: Encode) -> list[Feature]:
    found = []
    for column in encoder.columns:
        if column.kind != "category":
            parts = DATE_PARTS if column.kind == "date" else ("",)
            found += [Feature(column=column, kind="value", part=part) for part in parts]
    return found


def _codes(encoder: Encode, categories: list[Column], place: int) -> Feature:
    levels = tuple(str(level) for level in encoder.levels_.levels[place])
    return Feature(column=categories[place], kind="codes", levels=levels)


def _filled(pipeline: Any, numbers: list[Feature]) -> list[Feature]:
    """Imputed, with a column for each that has gaps, all of them scaled."""
    imputer, scaler = pipeline[0], pipeline[1]
    found = [replace(feature, fill=float(fill)) for feature, fill in zip(numbers, imputer.statistics_, strict=True)]
    found += [replace(numbers[place], kind="missing") for place in imputer.indicator_.features_]
    return [replace(feature, scale=float(scale)) for feature, scale in zip(found, scaler.scale_, strict=True)]


def _onehot(encoder: Any, few: list[Feature]) -> list[Feature]:
    """A column for each level that is not rare, then one for those that are."""
    found = []
    for feature, codes, rare in zip(few, encoder.categories_, encoder.infrequent_categories_, strict=True):
        together = np.array([]) if rare is None else rare
        is_rare = np.isin(codes, together) | (np.isnan(codes) & np.isnan(together).any())
        found += [_level(feature, codes[[place]]) for place in np.flatnonzero(~is_rare)]
        found += [_level(feature, codes[is_rare])] if is_rare.any() else []
    return found


def _level(feature: Feature, codes: Floats) -> Feature:
    known = codes[~np.isnan(codes)].astype(int)
    levels = tuple(feature.levels[code] for code in known)
    return replace(feature, kind="level", levels=levels, holds_missing=len(known) < len(codes))


def _averages(encoder: Any, many: list[Feature], labels: tuple[str, ...], target: str) -> list[Feature]:
    """One a column, or of several labels one a column and label, in this order."""
    several = encoder.target_type_ == "multiclass"
    named = [f"'{label}'" for label in labels] if several else [f"'{labels[1]}'" if labels else short(target)]
    found = []
    for place, feature in enumerate(many):
        for number, of in enumerate(named):
            means = encoder.encodings_[place * len(named) + number]
            overall = encoder.target_mean_[number] if several else encoder.target_mean_
            by_code = dict(zip(encoder.categories_[place], means, strict=True))
            gone = next((mean for code, mean in by_code.items() if np.isnan(code)), overall)
            averages = (*(by_code.get(float(code), overall) for code in range(len(feature.levels))), gone, overall)
            found.append(replace(feature, kind="average", averages=tuple(map(float, averages)), of=of))
    return found
