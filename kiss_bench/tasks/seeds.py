"""Seeds as a stable hash of what they are for: never of position, count or order of work."""

import hashlib
import json
from typing import Any, Literal, TypedDict, Unpack

from kiss_bench.plan.plan import Plan

Purpose = Literal["fold", "inner", "estimator", "study", "trial"]


class Axes(TypedDict, total=False):
    """What a seed belongs to; an axis left out is null."""

    rung: str | None
    arm: str | None
    repeat: int | None
    fold: int | None
    trial: int | None


def seed_of(root: int, purpose: Purpose, **axes: Unpack[Axes]) -> int:
    """Give the seed, in [0, 2**31), of one purpose: `seed_of(root, "study", rung="tree", repeat=0, fold=1)`."""
    names = ("rung", "arm", "repeat", "fold", "trial")
    return _seed([root, purpose, *(axes.get(name) for name in names)])


def root_seed(plan: Plan, data_hash: str) -> int:
    """Give the seed all others come from: `plan.seed` where set by hand, else of the data and what is asked of it.

    `plan` is resolved, that is with task, positive label, kind of folds and gap filled in. Weights redraw nothing:
    they count in scores, which are made when all is drawn and fitted.
    """
    if plan.seed is not None:
        return plan.seed
    data, folds = plan.data, plan.folds
    return _seed(
        {
            "data_hash": data_hash,
            "target": plan.target,
            "positive": plan.positive,
            "task": plan.task,
            "roles": {"id": data.id, "time": data.time, "group": data.group, "weight": None},
            "vault": plan.vault,
            "folds": {
                "kind": folds.kind,
                "count": folds.count,
                "inner": folds.inner,
                "gap": folds.gap,
                "window": folds.window,
            },
        }
    )


def other_root(root: int, what: Literal["placebo", "seed"], number: int) -> int:
    """Give the root seed of an exam beside the one of `root`: on its placebo target, or other folds, of this number."""
    return _seed([root, what, number])


def _seed(content: Any) -> int:
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") % 2**31
