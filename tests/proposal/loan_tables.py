"""A small table in which two columns tell, and one does not."""

import numpy as np
import pandas as pd


def loans(rows: int = 240, seed: int = 0) -> pd.DataFrame:
    """Late payment follows from income and age, and from nothing else."""
    rng = np.random.default_rng(seed)
    income, age = rng.normal(size=rows), rng.normal(size=rows)
    late = rng.random(rows) < 1 / (1 + np.exp(-2.5 * income + 2.0 * age))
    town = rng.choice(["Łódź", "Oslo", "a | b"], rows)
    return pd.DataFrame({"income": income, "age": age, "town": town, "late": np.where(late, "yes", "no")})
