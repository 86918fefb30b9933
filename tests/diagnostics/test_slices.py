"""A model that is bad somewhere is found out, one that is not is left in peace; intervals are those of textbooks."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from scipy.signal import lfilter

from kiss_bench.diagnostics.slices import (
    MOST_GROUPS,
    MOST_OTHERS,
    Draws,
    Scored,
    draws_of,
    feature_cuts,
    group_cut,
    overall,
    part_means,
    slices,
    time_cut,
)
from kiss_bench.metrics import METRICS
from kiss_bench.tasks.columns import canonical


def scored(losses, metric="log_loss", **draws):
    return Scored(metric=METRICS[metric], losses=losses, simpler=None, draws=Draws(**draws))


def cuts_of(raw):
    return tuple(feature_cuts(*canonical(raw)))


def one_part(values, **draws):
    found = part_means(values, np.zeros(len(values), dtype=np.int64), 1, Draws(**draws))
    return found.mean[0], found.low[0], found.high[0]


class TestIntervals:
    values = np.random.default_rng(0).exponential(size=90)

    def test_of_plain_rows_it_is_students(self):
        mean, low, high = one_part(self.values)
        expected = stats.t.interval(0.95, 89, self.values.mean(), stats.sem(self.values))
        assert (low, high) == pytest.approx(expected)
        assert mean == pytest.approx(self.values.mean())

    def test_of_equal_groups_it_is_the_cluster_robust_one_of_statsmodels(self):
        group = np.repeat(np.arange(15), 6)
        _, low, high = one_part(self.values, group=group)
        fit = sm.OLS(self.values, np.ones(90)).fit(cov_type="cluster", cov_kwds={"groups": group}, use_t=True)
        assert (low, high) == pytest.approx(tuple(fit.conf_int()[0]))

    def test_of_weighted_groups_the_error_is_that_of_weighted_least_squares(self):
        rng = np.random.default_rng(1)
        group, weight = rng.integers(0, 15, 90), rng.uniform(0.5, 2.0, 90)
        mean, low, high = one_part(self.values, group=group, weight=weight)
        wls = sm.WLS(self.values, np.ones(90), weights=weight)
        fit = wls.fit(cov_type="cluster", cov_kwds={"groups": group, "use_correction": False})
        sizes = np.bincount(group, weights=weight)
        df = sizes.sum() ** 2 / (sizes**2).sum() - 1
        error = fit.bse[0] * np.sqrt(15 / 14)
        assert mean == pytest.approx(fit.params[0])
        assert (high - low) / 2 == pytest.approx(stats.t.ppf(0.975, df) * error)

    def test_in_time_intervals_of_losses_that_hang_together_are_wrong_about_as_rarely_as_promised(self):
        """Losses that hang together from row to row (0.95): taken one by one half of all intervals would be wrong."""
        rng, wrong = np.random.default_rng(2), {"blocks": 0, "rows": 0}
        times = np.arange(4000)
        for _ in range(200):
            noise = rng.normal(size=4000)
            losses = 5.0 + lfilter([1.0], [1.0, -0.95], noise)
            task = SimpleNamespace(group=None, time=times, weight=None)
            for name, draws in (("blocks", draws_of(task, times)), ("rows", Draws())):
                found = part_means(losses, np.zeros(4000, dtype=np.int64), 1, draws)
                wrong[name] += not found.low[0] <= 5.0 <= found.high[0]
        assert wrong["rows"] > 80
        assert wrong["blocks"] < 24

    def test_rows_of_weight_nothing_are_as_good_as_none(self):
        more = np.concatenate([self.values, [100.0, 200.0]])
        weight = np.concatenate([np.ones(90), np.zeros(2)])
        assert one_part(more, weight=weight) == pytest.approx(one_part(self.values))

    def test_of_one_row_or_of_one_group_there_is_none(self):
        assert np.isnan(one_part(self.values[:1])[1])
        assert np.isnan(one_part(self.values, group=np.zeros(90, dtype=np.int64))[1])

    def test_each_part_is_as_if_it_were_alone(self):
        rng = np.random.default_rng(2)
        codes, group, weight = rng.integers(-1, 4, 90), rng.integers(0, 30, 90), rng.uniform(1, 2, 90)
        found = part_means(self.values, codes, 4, Draws(weight=weight, group=group))
        for part in range(4):
            inside = codes == part
            alone = one_part(self.values[inside], weight=weight[inside], group=group[inside])
            assert (found.mean[part], found.low[part], found.high[part]) == pytest.approx(alone)
            assert found.rows[part] == inside.sum()


ROWS = 2000
BAD = 100


def planted(task, rng):
    """Losses of a model that is right everywhere but in one town, where it knows nothing; and the table."""
    frame = pd.DataFrame(
        {
            "town": np.where(np.arange(ROWS) < BAD, "badlands", rng.choice([f"t{i}" for i in range(8)], ROWS)),
            "income": rng.normal(size=ROWS),
            "age": rng.integers(18, 80, ROWS),
            "flag": rng.random(ROWS) < 0.5,
        }
    )
    if task == "regression":
        errors = np.where(np.arange(ROWS) < BAD, 2.0, 1.0) * rng.normal(size=ROWS)
        return frame, np.square(errors), "rmse"
    labels = 2 if task == "binary" else 5
    says = np.full((ROWS, labels), 0.2 / (labels - 1))
    says[:, 0] = 0.8
    chance = np.where(np.arange(ROWS) < BAD, 1 / labels, 0.8)
    actual = np.where(rng.random(ROWS) < chance, 0, rng.integers(1, labels, ROWS))
    return frame, METRICS["log_loss"].row_loss(actual, says), "log_loss"


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("seed", range(5))
def test_a_town_of_100_among_2000_rows_where_the_model_is_lost_comes_first(task, seed):
    """Lost: as right as by chance where it claims 80 %, or errors twice as large."""
    frame, losses, metric = planted(task, np.random.default_rng(seed))
    found, _ = slices(cuts_of(frame), scored(losses, metric))
    assert (found[0].column, found[0].label, found[0].rows) == ("town", "badlands", BAD)
    assert found[0].low > overall(scored(losses, metric))


@pytest.mark.parametrize("shape", ["normal errors", "log losses", "in groups"])
def test_of_a_model_that_is_equally_good_everywhere_few_slices_look_bad(shape):
    """Of 95 % intervals about 1 in 20 may leave the whole out, of which fewer look bad than good: losses are skewed."""
    looked = outside = bad = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        frame = pd.DataFrame(
            {"town": rng.choice(list("abcdefgh"), 1000), "income": rng.normal(size=1000), "n": rng.integers(0, 9, 1000)}
        )
        group = rng.integers(0, 100, 1000) if shape == "in groups" else None
        if shape == "log losses":
            chance = rng.uniform(0.5, 0.99, 1000)
            losses = -np.log(np.where(rng.random(1000) < chance, chance, 1 - chance))
        else:
            losses = np.square(rng.normal(size=1000) + (0.0 if group is None else rng.normal(size=100)[group]))
        one = scored(losses, "mse" if shape != "log losses" else "log_loss", group=group)
        whole = overall(one)
        found, count = slices(cuts_of(frame), one)
        assert count == len(found) == 8 + 4 + 9
        looked += count
        outside += sum(not each.low <= whole <= each.high for each in found)
        bad += sum(each.low > whole for each in found)
    assert outside / looked < 0.06
    assert bad / looked < 0.02


def test_a_handful_of_rows_does_not_win_by_chance():
    """Three rows twice as bad, by luck, come after 200 rows that are half as bad again."""
    rng = np.random.default_rng(3)
    losses = rng.exponential(size=1000)
    where = np.array(["fine"] * 797 + ["handful"] * 3 + ["worse"] * 200)
    losses[where == "worse"] *= 1.5
    losses[where == "handful"] = [0.2, 2.0, 4.5]
    found, _ = slices(cuts_of(pd.DataFrame({"where": where})), scored(losses))
    assert [each.label for each in found] == ["worse", "handful", "fine"]
    assert [each.small for each in found] == [False, True, False]


class TestWhatRowsAreCutBy:
    @pytest.mark.parametrize(
        ("values", "labels"),
        [
            (["a"] * 3 + ["b"] * 5 + [None] * 2, {"b": 5, "a": 3, "missing": 2}),
            ([True] * 4 + [False] * 6, {"false": 6, "true": 4}),
            ([2019] * 4 + [2020] * 6, {"2019": 4, "2020": 6}),
            ([0.5] * 4 + [np.nan] * 6, {"0.5": 4, "missing": 6}),
            (list(range(1000, 1040)), {f"{1000 + 10 * i} to {1009 + 10 * i}": 10 for i in range(4)}),
            ([0] * 36 + list(range(1, 13)), {"0": 36, "1 to 12": 12}),
            (
                [1 + i * 1e-6 for i in range(1, 13)],  # as many digits as tell them apart
                {f"1.{3 * i + 1:06} to 1.{3 * i + 3:06}": 3 for i in range(3)} | {"1.00001 to 1.000012": 3},
            ),
            (
                [f"2024-01-{day:02}" for day in range(1, 13)],
                {f"2024-01-{3 * i + 1:02} to 2024-01-{3 * i + 3:02}": 3 for i in range(4)},
            ),
            (
                [f"level {i:02}" for i in range(20) for _ in range(20 - i)],
                {f"level {i:02}": 20 - i for i in range(12)} | {"any of 8 other levels": 36},
            ),
            (["all the same"] * 9, {}),
            ([np.nan] * 9, {}),
        ],
    )
    def test_every_kind_of_column_has_slices_of_its_own(self, values, labels):
        raw = pd.DataFrame({"x": values})
        found, count = slices(cuts_of(raw), scored(np.arange(len(raw), dtype=float) + 1.0))
        rows = {each.label: each.rows for each in found}
        assert count == len(found)
        assert rows == labels

    def test_groups_go_by_their_names_and_those_with_few_rows_are_left_out(self):
        codes = np.repeat(np.arange(50), [5] * 10 + [20] * 40)
        names = [f"<b>group {code}" for code in range(50)]
        losses = np.random.default_rng(4).exponential(size=len(codes))
        losses[codes == 30] *= 5
        found, count = slices([group_cut("who", codes, names)], scored(losses, group=codes))
        assert (found[0].kind, found[0].column, found[0].label) == ("group", "who", "<b>group 30")
        assert (len(found), count) == (MOST_GROUPS, 40)
        assert found[0].low > overall(scored(losses))

    def test_time_has_five_spans_of_equal_length(self):
        days = pd.to_datetime(["2024-01-01"] * 6 + ["2024-01-02", "2024-01-05", "2024-01-11"])
        frame, columns = canonical(pd.DataFrame({"when": days}))
        found, _ = slices([time_cut(frame, columns[0])], scored(np.arange(9.0)))
        assert {each.label: each.rows for each in found} == {
            "2024-01-01 to 2024-01-03": 7,
            "2024-01-05 to 2024-01-07": 1,
            "2024-01-09 to 2024-01-11": 1,
        }
        assert {each.kind for each in found} == {"time"}

    def test_of_many_slices_the_worst_are_kept_and_all_are_counted(self):
        rng = np.random.default_rng(5)
        raw = pd.DataFrame(rng.normal(size=(200, 40)), columns=[f"c{i}" for i in range(40)])
        found, count = slices(cuts_of(raw), scored(rng.exponential(size=200)))
        assert (len(found), count) == (MOST_OTHERS, 160)

    def test_foreign_text_is_stored_as_it_is_but_for_its_length(self):
        hostile = ["<script>alert(1)</script>", "=cmd|' /C calc'!A0", "🏠" * 300]
        found, _ = slices(cuts_of(pd.DataFrame({"a|b": hostile * 4})), scored(np.arange(12.0)))
        assert {each.label for each in found} == {hostile[0], hostile[1], "🏠" * 199 + "…"}


def test_the_root_of_a_score_has_the_roots_of_its_interval():
    rng = np.random.default_rng(6)
    raw, losses = pd.DataFrame({"x": rng.choice(["a", "b"], 100)}), np.square(rng.normal(size=100))
    squared, _ = slices(cuts_of(raw), scored(losses, "mse"))
    rooted, _ = slices(cuts_of(raw), scored(losses, "rmse"))
    for one, other in zip(squared, rooted, strict=True):
        assert (other.score**2, other.low**2, other.high**2) == pytest.approx((one.score, one.low, one.high))
