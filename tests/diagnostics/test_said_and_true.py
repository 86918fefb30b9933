"""Disagreements, confusion and residuals of predictions that were made by hand."""

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from kiss_bench.diagnostics.residuals import MOST_LABELS, MOST_ROWS, Said, Truth, confusion, disagreements, residuals

pytestmark = pytest.mark.slow

HOW = "the most probable one"


def classes(chances, cut=0.5):
    chances = np.asarray(chances, dtype=float)
    return Said(prediction=np.column_stack([1 - chances, chances]), labels=(chances >= cut).astype(np.int64))


def truth(actual, names=("no", "yes")):
    actual = np.asarray(actual)
    read = np.array(names)[actual] if actual.dtype.kind == "i" else actual
    return Truth(row_id=np.arange(len(actual)) * 10, actual=actual, read=read)


class TestDisagreements:
    actual = np.array([1, 1, 0, 0, 1])
    one, other = classes([0.9, 0.4, 0.4, 0.8, 0.2]), classes([0.3, 0.6, 0.7, 0.2, 0.1])

    def test_are_rows_with_different_labels_and_who_is_right(self):
        found = disagreements(truth(self.actual), self.one, self.other, HOW)
        assert (found.rows, found.differing, found.right, found.simpler_right) == (5, 4, 2, 2)
        assert found.what == "different labels: the most probable one"
        told = [(row.row_id, row.actual, round(row.says, 9), round(row.simpler_says, 9)) for row in found.most]
        # the largest difference in the probability given to what came true is first, whoever gave it
        assert told == [
            (0, "yes", 0.9, 0.3), (30, "no", 0.2, 0.8), (20, "no", 0.6, 0.3), (10, "yes", 0.4, 0.6)
        ]  # fmt: skip
        assert [row.nearer for row in found.most] == ["recommended", "simpler", "recommended", "simpler"]

    def test_labels_are_those_after_the_threshold(self):
        cut = classes([0.9, 0.4, 0.4, 0.8, 0.2], cut=0.1)
        assert disagreements(truth(self.actual), cut, classes([0.9] * 5), HOW).differing == 0

    @pytest.mark.parametrize("said", [one, Said(prediction=np.array([1.0, 2.0, 3.0, 4.0, 5.0]))])
    def test_a_model_never_disagrees_with_itself(self, said):
        actual = self.actual if said.labels is not None else self.actual.astype(float)
        found = disagreements(truth(actual), said, said, HOW)
        assert (found.rows, found.differing, found.right, found.simpler_right, found.most) == (5, 0, 0, 0, ())

    def test_in_three_classes_both_may_be_wrong(self):
        says = Said(prediction=np.array([[0.2, 0.7, 0.1]]), labels=np.array([1]))
        simpler = Said(prediction=np.array([[0.2, 0.1, 0.7]]), labels=np.array([2]))
        found = disagreements(truth(np.array([0]), ("a", "b", "c")), says, simpler, HOW)
        assert (found.differing, found.right, found.simpler_right, found.most[0].nearer) == (1, 0, 0, "neither")

    def test_of_numbers_half_the_typical_error_is_a_difference(self):
        """Errors of the recommended are 2, 2, 2, 8: predictions more than 1 apart differ."""
        actual = np.array([10.0, 20.0, 30.0, 40.5])
        says, simpler = (
            Said(prediction=actual + np.array([2, -2, 2, 8])),
            Said(prediction=actual + np.array([3, -3.1, 0.5, -9])),
        )
        found = disagreements(truth(actual), says, simpler, HOW)
        assert (found.differing, found.right, found.simpler_right) == (3, 2, 1)
        assert found.what == "predictions more than 1 apart, half the recommended rung's typical (median) error"
        assert [(row.row_id, row.actual) for row in found.most] == [(30, "40.5"), (20, "30"), (10, "20")]

    def test_no_more_than_ten_are_shown(self):
        actual = np.zeros(50, dtype=np.int64)
        found = disagreements(truth(actual), classes([0.9] * 50), classes(np.linspace(0, 0.4, 50)), HOW)
        assert (found.differing, found.simpler_right, len(found.most)) == (50, 50, MOST_ROWS)
        assert [row.row_id for row in found.most] == list(range(0, 100, 10))


class TestConfusion:
    @pytest.mark.parametrize("labels", [2, 5, MOST_LABELS])
    def test_is_scikit_learns(self, labels):
        rng = np.random.default_rng(labels)
        actual, said = rng.integers(0, labels, 400), rng.integers(0, labels, 400)
        found = confusion([f"<b>{i}" for i in range(labels)], actual, said)
        np.testing.assert_array_equal(found.counts, confusion_matrix(actual, said, labels=range(labels)))
        assert found.labels == tuple(f"<b>{i}" for i in range(labels))

    def test_has_a_row_for_a_label_that_never_came_true(self):
        found = confusion([1.0, 2.5, "x" * 300], np.array([0, 1]), np.array([1, 1]))
        assert found.counts == ((0, 1, 0), (0, 1, 0), (0, 0, 0))
        assert found.labels == ("1", "2.5", "x" * 199 + "…")

    def test_is_none_of_more_labels_than_a_page_holds(self):
        assert confusion(list(range(MOST_LABELS + 1)), np.array([0]), np.array([0])) is None


class TestResiduals:
    rng = np.random.default_rng(0)
    predicted = rng.permutation(1000).astype(float)
    actual = predicted + rng.normal(size=1000) * (1 + predicted / 100)

    def test_bins_hold_equally_many_rows_from_the_smallest_prediction_to_the_largest(self):
        found = residuals(self.actual, self.predicted, 1)
        order = np.argsort(self.predicted).reshape(10, 100)
        for rows, one in zip(order, found.bins, strict=True):
            assert one.rows == 100
            assert (one.predicted, one.actual) == pytest.approx((self.predicted[rows].mean(), self.actual[rows].mean()))
            expected = np.percentile((self.actual - self.predicted)[rows], [5, 50, 95])
            assert (one.low, one.middle, one.high) == pytest.approx(tuple(expected))

    def test_a_seed_draws_400_rows_each_once(self):
        found = residuals(self.actual, self.predicted, 1).sample
        pairs = set(zip(self.predicted.tolist(), self.actual.tolist(), strict=True))
        assert (len(found), len(set(found)), set(found) <= pairs) == (400, 400, True)
        assert found == residuals(self.actual, self.predicted, 1).sample
        assert found != residuals(self.actual, self.predicted, 2).sample

    def test_of_few_rows_there_are_fewer_bins_and_all_are_shown(self):
        found = residuals(self.actual[:3], self.predicted[:3], 1)
        assert ([one.rows for one in found.bins], len(found.sample)) == ([1, 1, 1], 3)
