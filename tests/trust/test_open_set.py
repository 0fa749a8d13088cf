"""AUROC against scikit-learn's, and the trade-off against slow counts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import roc_auc_score

from simlib import plots
from simlib.neighbors import Neighbors
from simlib.trust.open_set import open_set


def some_queries(n=200, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 6, n)
    distances = (rng.gamma(2, 0.1, n) + 0.2 * (labels >= 4)).round(2)
    found = rng.integers(0, 4, n)
    return Neighbors(found[:, None], distances[:, None], np.zeros((n, 1), int)), labels


few = arrays(np.int64, st.integers(1, 30), elements=st.integers(0, 8))


@settings(deadline=None, max_examples=100)
@given(few, few)
def test_auroc_is_scikit_learns_ties_included(above, below):
    truth, distances = np.r_[np.ones(len(above)), np.zeros(len(below))], np.r_[above, below]
    near = Neighbors(np.ones((len(truth), 1), int), distances[:, None], np.zeros((len(truth), 1), int))
    made = open_set(near, np.where(truth, 7, 1), known=[1])
    assert made.auroc == pytest.approx(roc_auc_score(truth, distances))


@pytest.mark.parametrize("strangers", [None, [4], [5]])
def test_shares_are_what_a_slow_count_finds(strangers):
    neighbors, labels = some_queries()
    made = open_set(neighbors, labels, known=range(4), strangers=strangers)
    far = np.isin(labels, [4, 5] if strangers is None else strangers)
    distances = neighbors.distances[:, 0]
    for cutpoint in (0.0, 0.1, 0.25, 0.5, 9.0, *made.distances[::9]):
        expected = (
            (distances[far] > np.float32(cutpoint)).mean(),
            (distances[labels < 4] > np.float32(cutpoint)).mean(),
        )
        assert made.at(cutpoint) == pytest.approx(expected)
    assert (made.strangers, made.known) == (far.sum(), (labels < 4).sum())


@pytest.mark.parametrize(
    "known, strangers, sentence",
    [
        (range(6), None, "strangers: none of the queries"),
        ([9], [1], "known: none of the queries"),
        (range(4), [3], "class 3 is in the index too"),
    ],
)
def test_nothing_to_compare_gets_a_sentence(known, strangers, sentence):
    with pytest.raises(ValueError, match=sentence):
        open_set(*some_queries(), known, strangers)


def test_the_curve_runs_from_nothing_rejected_to_everything():
    made = open_set(*some_queries(), known=range(4))
    ax = plots.open_set_tradeoff({"seen": made}, {"optimal": 0.3})
    x, y = ax.lines[0].get_data()
    assert (x[0], y[0]) == (0, 0) and (x[-1], y[-1]) == (100, 100)
    assert (np.diff(x) >= 0).all() and (np.diff(y) >= 0).all()
    assert ax.lines[1].get_xydata()[0].tolist() == pytest.approx(
        [100 * made.at(0.3)[1], 100 * made.at(0.3)[0]]
    )
