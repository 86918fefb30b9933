"""Functions of raw rows, as users write them, each with the probes that it must fail."""

import numpy as np
import pandas as pd


def raw(rows=200, seed=0):
    """A day a row; `amount` with gaps, `town` in five levels, a binary target."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(rows), unit="D"),
            "amount": np.where(rng.random(rows) < 0.1, np.nan, rng.gamma(2.0, 100.0, rows)),
            "town": rng.choice(list("abcde"), rows),
            "y": rng.integers(0, 2, rows),
        }
    )


def row_local(frame):
    return frame.assign(made=np.log1p(frame["amount"]) * (frame["town"] == "a"))


def trailing_mean(frame):
    return frame.assign(made=frame["amount"].rolling(7, min_periods=1).mean())


def z_score(frame):
    return frame.assign(made=(frame["amount"] - frame["amount"].mean()) / frame["amount"].std())


def quantile_bins(frame):
    return frame.assign(made=pd.qcut(frame["amount"], 10, labels=False))


def quantile_intervals(frame):
    return frame.assign(made=pd.qcut(frame["amount"], 4))


def median_imputed(frame):
    return frame.assign(made=frame["amount"].fillna(frame["amount"].median()))


def centred_mean(frame):
    return frame.assign(made=frame["amount"].rolling(7, min_periods=1, center=True).mean())


def tomorrow(frame):
    return frame.assign(made=frame["amount"].shift(-1))


def target_mean(frame):
    return frame.assign(made=frame["y"].mean())


def target_mean_by_town(frame):
    return frame.assign(made=frame.groupby("town")["y"].transform("mean"))


def label_copy(frame):
    return frame.assign(made=frame["y"] * 2 + 1)


NINE = {
    row_local: (),
    trailing_mean: ("subset",),
    z_score: ("past-cut", "subset"),
    quantile_bins: ("past-cut", "subset"),
    quantile_intervals: ("past-cut", "subset"),
    median_imputed: ("past-cut", "subset"),
    centred_mean: ("past-cut", "subset"),
    tomorrow: ("past-cut", "subset"),
    target_mean: ("past-cut", "subset", "y-shuffle"),
    target_mean_by_town: ("past-cut", "subset", "y-shuffle"),
    label_copy: ("y-shuffle",),
}
"""Function -> the probes that it fails; two of the nine come in two ways of writing them."""


def random_numbers(frame):
    return frame.assign(made=np.random.default_rng().normal(size=len(frame)))


def dummies(frame):
    return pd.get_dummies(frame, columns=["town"])


def without_unknown(frame):
    return frame[frame["amount"].notna()]


def without_large(frame):
    return frame[frame["amount"] < frame["amount"].quantile(0.9)]


def without_no(frame):
    return frame[frame["y"] == 1]


def tomorrow_known(frame):
    return tomorrow(frame).dropna()


def next_target(frame):
    return frame.assign(y=frame["y"].shift(-1), today=frame["y"]).iloc[:-1]


def renamed(frame):
    return frame.rename(columns={"amount": "sum", "day": "when"}).drop(columns="y")


def needs_all(frame):
    if len(frame) < 200:
        raise ValueError("too few rows")
    return row_local(frame)


def repeated(frame):
    return pd.concat([frame, frame[frame["y"] == 1]])


def added(frame):
    return pd.concat([frame, frame[frame["y"] == 1]], ignore_index=True)


def sorted_by_amount(frame):
    return frame.sort_values("amount")


def counted_anew(frame):
    return frame[frame["amount"].notna()].reset_index(drop=True)


def without_last(frame):
    return frame.iloc[:-5]


def joined(frame):
    towns = pd.DataFrame({"town": list("abcde"), "height": [1.0, 2.0, 3.0, 4.0, 5.0]})
    return frame.merge(towns, on="town", how="left")


def by_day(frame):
    return frame.set_index("day")


def nothing(frame):
    return frame.iloc[:0]


def a_number(frame):
    return 3


def fails(frame):
    return frame["gone"]


not_a_function = pd.DataFrame({"a": [1]})
