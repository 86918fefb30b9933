from collections.abc import Callable
from pathlib import Path

import pytest

from kiss_bench.errors import PlanError
from kiss_bench.plan.plan import Plan
from kiss_bench.plan.read import read_plan
from kiss_bench.plan.rules import Catalogue, KnownMetric, KnownRung

LADDER = [
    ("dummy", 0, False), ("naive", 0, False), ("stump", 1, False), ("linear", 2, True), ("additive", 3, True),
    ("tree", 4, True), ("forest", 5, True), ("boosting", 6, True), ("stack", 7, False),
]  # fmt: skip
CLASSES = ("binary", "multiclass")
CATALOGUE = Catalogue(
    rungs=tuple(
        KnownRung(name=name, level=level, tunable=tunable, needs_time=name == "naive")
        for name, level, tunable in LADDER
    ),
    metrics=(
        KnownMetric(name="log_loss", tasks=CLASSES),
        KnownMetric(name="brier_score_loss", aliases=("brier",), tasks=CLASSES),
        KnownMetric(name="accuracy", tasks=CLASSES),
        KnownMetric(name="roc_auc", tasks=("binary",)),
        KnownMetric(name="root_mean_squared_error", aliases=("rmse",), tasks=("regression",)),
        KnownMetric(name="r2", tasks=("regression",)),
    ),
    later_metrics=frozenset({"d2_pinball_score"}),
)


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return CATALOGUE


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Plan]:
    """Read a config of this text, lying in the current folder as `a.yaml`."""
    monkeypatch.chdir(tmp_path)

    def read_text(text: str) -> Plan:
        Path("a.yaml").write_text(text, encoding="utf-8")
        return read_plan("a.yaml", CATALOGUE)

    return read_text


@pytest.fixture
def refusal(read: Callable[[str], Plan]) -> Callable[[str], str]:
    """The message with which a config of this text is refused."""

    def refused(text: str) -> str:
        with pytest.raises(PlanError) as caught:
            read(text)
        return str(caught.value)

    return refused


@pytest.fixture
def fault(refusal: Callable[[str], str]) -> Callable[[str], str]:
    """The one fault of four good lines plus these (a line of the same key replaces it); place and margin cut off."""

    def only(text: str) -> str:
        keys = {line.split(":")[0] for line in text.splitlines()}
        good = {"project": "loans", "data": "loans.csv", "target": "class"}
        lines = [f"{key}: {value}" for key, value in good.items() if key not in keys]
        first, *rest = refusal("\n".join([*lines, text])).splitlines()
        assert first == "1 fault in the config:", rest
        return rest[0].split(": ", 1)[1]

    return only
