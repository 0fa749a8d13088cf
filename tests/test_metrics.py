"""Metrics against scikit-learn and against slow loops written from the definitions."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from simlib import Neighbors, metrics
from simlib.metrics import METRICS

# few distinct distances, so that ties abound, in any float32 range
DISTANCES = st.sampled_from([-2.0, 0.0, 1e-30, 0.1, 0.1 + 1e-12, 0.5, 1.0, 3e38, 1e300])
PAIRS = st.lists(st.tuples(DISTANCES, st.booleans()), min_size=1, max_size=30)
REFEREES = {
    "f1": sk.f1_score,
    "precision": sk.precision_score,
    "recall": sk.recall_score,
    "accuracy": sk.accuracy_score,
    "fpr": lambda y, p, zero_division: sk.recall_score(~y, p, zero_division=zero_division),
    "npv": lambda y, p, zero_division: sk.precision_score(~y, ~p, zero_division=zero_division),
}


def referee(name, right, accepted):
    options = {} if name == "accuracy" else {"zero_division": np.nan}
    return REFEREES[name](right, accepted, **options)


@settings(deadline=None, max_examples=150)
@given(PAIRS)
def test_curve_is_a_recount_at_every_distinct_distance(pairs):
    distances, right = np.array([d for d, _ in pairs]), np.array([r for _, r in pairs])
    if not (distances < 1e39).any():
        with pytest.raises(ValueError, match="all are infinite"):
            metrics.curve(distances, right)
        return
    curve = metrics.curve(distances, right)
    with np.errstate(over="ignore"):
        rounded = distances.astype(np.float32)
    assert curve.distances.tolist() == sorted({d for d in rounded.tolist() if math.isfinite(d)})
    for i, cut in enumerate(curve.distances):
        accepted = rounded <= cut
        wanted = (accepted & right, accepted & ~right, ~accepted & right, ~accepted & ~right)
        assert [int(c[i]) for c in vars(curve.counts).values()] == [int(w.sum()) for w in wanted]
        assert vars(curve.at(cut)) == dict(zip(("tp", "fp", "fn", "tn"), (int(w.sum()) for w in wanted)))
        for name in METRICS:
            np.testing.assert_allclose(curve.metric(name)[i], referee(name, right, accepted), rtol=1e-12)


@pytest.mark.parametrize("distance", [-1.0, 0.0, 0.05, 0.1, 0.15, 0.2, 1.0, np.inf, 1e300, np.float64(0.1)])
def test_counts_between_the_distances_that_occur(distance):
    distances, right = np.float32([0.1, 0.1, 0.2]), np.array([True, False, True])
    accepted = distances <= np.float32(min(distance, 1e30))
    counts = metrics.curve(distances, right).at(distance)
    assert (counts.tp, counts.fp) == ((accepted & right).sum(), (accepted & ~right).sum())
    assert (counts.fn, counts.tn) == ((~accepted & right).sum(), (~accepted & ~right).sum())


# retrieval


def slow_retrieval(hits, k):
    recall = sum(any(row[:k]) for row in hits) / len(hits)
    precision = sum(sum(row[:k]) / k for row in hits) / len(hits)
    return recall, precision


def slow_map_at_r(hits, r):
    """Musgrave et al. 2020, section 3.2: MAP@R = 1/R sum_i P(i), P(i) = precision at i if i is right."""
    scores = []
    for row, many in zip(hits, r):
        if many:
            precisions = [sum(row[: i + 1]) / (i + 1) if row[i] else 0 for i in range(many)]
            scores.append(sum(precisions) / many)
    return sum(scores) / len(scores) if scores else float("nan")


@settings(deadline=None, max_examples=150)
@given(st.data(), st.integers(1, 6), st.integers(1, 12))
def test_retrieval_equals_slow_loops(data, queries, k):
    draw = data.draw
    found = np.array([draw(st.lists(st.integers(-1, 3), min_size=k, max_size=k)) for _ in range(queries)])
    labels = draw(st.lists(st.integers(-1, 4), min_size=queries, max_size=queries))
    sizes = {c: draw(st.integers(0, k)) for c in range(4)}
    n = Neighbors(found, np.zeros(found.shape), np.zeros(found.shape, int))
    ks = sorted({1, k})
    scores = metrics.retrieval(n, labels, sizes, ks)
    hits = [[c == y and c != -1 for c in row] for row, y in zip(found.tolist(), labels)]
    for each in ks:
        wanted = slow_retrieval(hits, each)
        np.testing.assert_allclose((scores[f"recall@{each}"], scores[f"precision@{each}"]), wanted)
    wanted = slow_map_at_r(hits, [sizes.get(y, 0) for y in labels])
    np.testing.assert_allclose(scores["map@r"], wanted)


def test_map_at_r_by_hand():
    # R = 3; right, wrong, right: (1/1 + 0 + 2/3) / 3
    n = Neighbors([[1, 2, 1, 1]], [[0.1, 0.2, 0.3, 0.4]], [[0, 1, 2, 3]])
    assert metrics.retrieval(n, [1], {1: 3, 2: 1}, ks=[2])["map@r"] == pytest.approx((1 + 2 / 3) / 3)


def test_map_at_r_is_nan_where_k_does_not_reach_r():
    n = Neighbors([[1, 1]], [[0.1, 0.2]], [[0, 1]])
    assert np.isnan(metrics.retrieval(n, [1], {1: 3}, ks=[1])["map@r"])
    assert list(metrics.retrieval(n, [1], {1: 2}, ks=2)) == ["recall@2", "precision@2", "map@r"]


# classification and the confusion matrix


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.integers(-1, 3), st.integers(0, 3)), max_size=30))
def test_confusion_matrix_equals_scikit_learn(pairs):
    predicted, labels = [p for p, _ in pairs], [y for _, y in pairs]
    classes = [2, 0, 3, 1]
    matrix = metrics.confusion_matrix(predicted, labels, classes)
    assert matrix.shape == (4, 5) and matrix.dtype == np.int64
    if pairs:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wanted = sk.confusion_matrix(labels, predicted, labels=[*classes, -1])[:4]
        np.testing.assert_array_equal(matrix, wanted)
    assert matrix.sum() == len(pairs)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.integers(-1, 3), st.integers(-1, 3)), max_size=30))
def test_classification_equals_a_slow_count_and_its_shares_sum_to_1(pairs):
    predicted, labels = [p for p, _ in pairs], [y for _, y in pairs]
    report = metrics.classification(predicted, labels, {"seen": [0, 1], "unseen": (2, 3)})
    assert list(report) == ["overall", "seen", "unseen"]
    np.testing.assert_equal(metrics.classification(predicted, labels), {"overall": report["overall"]})
    for name, members in (("overall", {-1, 0, 1, 2, 3}), ("seen", {0, 1}), ("unseen", {2, 3})):
        chosen = [(p, y) for p, y in pairs if y in members]
        assert report[name]["queries"] == len(chosen)
        if not chosen:
            assert all(np.isnan(report[name][part]) for part in ("right", "unknown", "wrong"))
            continue
        right = sum(p == y for p, y in chosen) / len(chosen)
        unknown = sum(p == -1 != y for p, y in chosen) / len(chosen)
        assert report[name]["right"] == pytest.approx(right)
        assert report[name]["unknown"] == pytest.approx(unknown)
        assert report[name]["wrong"] == pytest.approx(1 - right - unknown)
