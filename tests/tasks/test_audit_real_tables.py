"""Planted columns of real tables come first in the audit, and nothing is asked about honest ones."""

import json
from pathlib import Path

import pandas as pd
import pytest
from task_tables import plan_for

from kiss_bench.tasks.audit import audit
from kiss_bench.tasks.audit.run import SCREEN
from kiss_bench.tasks.folds import draw_folds
from kiss_bench.tasks.make import make_task
from kiss_bench.tasks.table import table_from_frame

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"
COMMITTED = {
    "adult": ("adult.parquet", {"target": "income", "weight": "fnlwgt"}),
    "bank_marketing": (
        "bank_marketing.csv.gz",
        {"target": "y", "id": "id", "leaks": ["duration"]},
    ),
    "bike_hourly": (
        "bike_hourly.parquet",
        {"target": "bikers", "time": "timestamp", "cv": "time", "leaks": ["casual", "registered"]},
    ),
    "diamonds": ("diamonds_15000.parquet", {"target": "price", "cv": "kfold"}),
    "german_credit": ("german_credit.csv", {"target": "credit_risk"}),
    "storm_status": (
        "storm_status.parquet",
        {"target": "status", "time": "timestamp", "group": "storm_id", "cv": "group", "leaks": ["category"]},
    ),
}
"""What is committed in configs/data, for where the folder beside the project is not."""
KINDS = {"stratified": "stratified", "kfold": "shuffled", "time": "forward", "group": "group"}
LEAKS = {
    "airline_cancel_2015": ["TAXI_OUT", "DEPARTURE_DELAY", "AIR_TIME"],
    "bank_marketing": ["duration"],
    "bike_hourly": ["registered", "casual"],
    "flchain_death": ["chapter"],
    "hmda_denial": ["insurance"],
    "lending_rate": ["sub_grade", "grade"],
    "mid_atlantic_wage": ["logwage"],
    "sp500_weekly": ["Today"],
    "storm_status": ["category"],
}
"""Planted columns that are questions or leaks, in the order of the audit."""
HONEST = [
    "adult", "ames", "credit_scoring", "diamonds", "german_credit", "hotel_rates", "isl_default", "nls_wages",
    "telco_churn_mlc", "tissue_genes",
]  # fmt: skip


def table(name):
    """Frame, roles and planted columns; from beside the project, or from what is committed."""
    if (SHARED / f"{name}.json").exists():
        about = json.loads((SHARED / f"{name}.json").read_text(encoding="utf8"))
        roles = {"time": about["time_column"], "group": about["group_column"], "weight": about["weight_column"]}
        roles["id"] = about["id_columns"][0] if about["id_columns"] else None
        planted = about["leakage_columns"]
        features = [*about["features"], *planted]
        return pd.read_parquet(SHARED / f"{name}.parquet"), about["target"], roles, planted, features, about["cv"]
    if name not in COMMITTED:
        pytest.skip(f"{name} is neither in {SHARED.parent.name}/{SHARED.name} beside the project nor in configs/data")
    file, about = COMMITTED[name]
    path = ROOT / "configs" / "data" / file
    frame = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    roles = {role: about.get(role) for role in ("time", "group", "weight", "id")}
    features = [column for column in frame.columns if column not in {about["target"], *roles.values()}]
    return frame, about["target"], roles, about.get("leaks", []), features, about.get("cv", "stratified")


def audited(name, *, planted):
    frame, target, roles, leaks, features, cv = table(name)
    chosen = tuple(c for c in frame.columns if c in features and (planted or c not in leaks))
    plan = plan_for(target, data={"features": chosen, **roles}, folds={"kind": KINDS[cv]})
    plan, task = make_task(plan, table_from_frame(frame, target))
    return audit(task, draw_folds(task, plan, 1), plan), leaks


@pytest.mark.parametrize("name", LEAKS)
def test_planted_columns_come_first_and_are_in_question(name):
    found, leaks = audited(name, planted=True)
    screen = [finding for finding in found.findings if finding.check in SCREEN]
    asked = [column for finding in screen if finding.level != "note" for column in finding.columns]
    assert found.findings[0] == screen[0]
    assert asked == LEAKS[name]
    assert set(asked) <= set(leaks)


@pytest.mark.parametrize("name", [*HONEST, *LEAKS])
def test_honest_columns_are_notes_at_most(name):
    found, _ = audited(name, planted=False)
    assert [finding for finding in found.findings if finding.level != "note"] == []
