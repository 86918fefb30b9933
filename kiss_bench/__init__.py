"""Is the complicated model worth it, rung by rung.

    from kiss_bench import bench
    board = bench(frame, target="class")

Names are loaded on first use, so that the command line answers before scikit-learn is imported.
"""

import importlib
from typing import Any

__all__ = ["Leaderboard", "bench", "estimator"]
__version__ = "0.1.0"

_HOMES = {
    "Leaderboard": "kiss_bench.runs.door",
    "bench": "kiss_bench.runs.door",
    "estimator": "kiss_bench.runs.pipelines",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'kiss_bench' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
