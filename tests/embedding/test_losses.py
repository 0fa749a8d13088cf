"""Each loss against a slow loop, written anchor by anchor from the paper's formula, in float64."""

import json
import math

import hypothesis
import hypothesis.strategies as st
import keras
import numpy as np
import pytest
from gradients import value_and_gradient
from keras import ops
from scipy.spatial.distance import cdist

from simlib import CircleLoss, ContrastiveLoss, MultiSimilarityLoss, SoftNearestNeighborLoss, TripletLoss
from simlib.distances import DISTANCES

# JAX compiles every shape anew, and takes seconds for each.
EXAMPLES = 5 if keras.backend.backend() == "jax" else 30

# --- the referees ----------------------------------------------------------------------------------


def distance_matrix(name, x):
    if name == "inner_product":
        return -(x @ x.T)
    scipys = {"squared_euclidean": "sqeuclidean", "manhattan": "cityblock"}.get(name, name)
    return np.nan_to_num(cdist(x, x, scipys), nan=1.0)  # a zero row has no direction


def anchors(y):
    """Each anchor, its positives and its negatives."""
    for i in range(len(y)):
        others = [j for j in range(len(y)) if j != i]
        yield i, [j for j in others if y[j] == y[i]], [j for j in others if y[j] != y[i]]


def log1pexp(x):
    return x + math.log1p(math.exp(-x)) if x > 0 else math.log1p(math.exp(x))


def logsumexp(values):
    top = max(values)
    return top + math.log(sum(math.exp(v - top) for v in values))


def multi_similarity(d, y, alpha=2.0, beta=40.0, lambda_=0.5, epsilon=0.1, fixed=None):
    losses, s = [], 1 - d
    for i, positives, negatives in anchors(y):
        if epsilon is not None:
            hardest_positive = min((s[i, p] for p in positives), default=math.inf)
            hardest_negative = max((s[i, n] for n in negatives), default=-math.inf)
            negatives = [n for n in negatives if s[i, n] > hardest_positive - epsilon]
            positives = [p for p in positives if s[i, p] < hardest_negative + epsilon]
        pull = logsumexp([0] + [-alpha * (s[i, p] - lambda_) for p in positives]) / alpha
        push = logsumexp([0] + [beta * (s[i, n] - lambda_) for n in negatives]) / beta
        losses.append(pull + push)
    return losses


def triplet(d, y, margin=0.2, fixed=None):
    losses = []
    for i, positives, negatives in anchors(y):
        if not positives or not negatives:
            losses.append(0.0)
            continue
        gap = max(d[i, p] for p in positives) - min(d[i, n] for n in negatives)
        losses.append(log1pexp(gap) if margin is None else max(0.0, margin + gap))
    return losses


def circle(d, y, gamma=80.0, margin=0.4, fixed=None):
    """`fixed` are the distances that the weights, which carry no gradient, are computed from."""
    losses, s, held = [], 1 - d, 1 - (d if fixed is None else fixed)
    for i, positives, negatives in anchors(y):
        if not positives or not negatives:
            losses.append(0.0)
            continue
        pull = [-gamma * max(0, 1 + margin - held[i, p]) * (s[i, p] - (1 - margin)) for p in positives]
        push = [gamma * max(0, held[i, n] + margin) * (s[i, n] - margin) for n in negatives]
        # Equation 6 sums over all combinations of one negative and one positive.
        losses.append(log1pexp(logsumexp([a + b for a in push for b in pull])))
    return losses


def soft_nearest_neighbor(d, y, temperature=0.1, fixed=None):
    losses = []
    for i, positives, negatives in anchors(y):
        if not positives:
            losses.append(0.0)
            continue
        share = logsumexp([-d[i, p] / temperature for p in positives])
        losses.append(logsumexp([-d[i, j] / temperature for j in positives + negatives]) - share)
    return losses


def contrastive(d, y, margin=1.0, fixed=None):
    losses = []
    for i, positives, negatives in anchors(y):
        pairs = [d[i, p] ** 2 / 2 for p in positives] + [max(0, margin - d[i, n]) ** 2 / 2 for n in negatives]
        losses.append(sum(pairs) / len(pairs) if pairs else 0.0)
    return losses


CASES = {
    "multi-similarity": (MultiSimilarityLoss, multi_similarity, {}),
    "multi-similarity, no mining": (MultiSimilarityLoss, multi_similarity, {"epsilon": None}),
    "multi-similarity, others": (
        MultiSimilarityLoss,
        multi_similarity,
        {"alpha": 3.0, "beta": 10.0, "lambda_": 1.0, "epsilon": 0.3},
    ),
    "triplet": (TripletLoss, triplet, {}),
    "triplet, wide": (TripletLoss, triplet, {"margin": 1.5}),
    "triplet, soft": (TripletLoss, triplet, {"margin": None}),
    "circle": (CircleLoss, circle, {}),
    "circle, others": (CircleLoss, circle, {"gamma": 10.0, "margin": 0.25}),
    "soft nearest neighbour": (SoftNearestNeighborLoss, soft_nearest_neighbor, {}),
    "soft nearest neighbour, warm": (SoftNearestNeighborLoss, soft_nearest_neighbor, {"temperature": 2.0}),
    "contrastive": (ContrastiveLoss, contrastive, {}),
    "contrastive, wide": (ContrastiveLoss, contrastive, {"margin": 3.0}),
}
LOSSES = [MultiSimilarityLoss, TripletLoss, CircleLoss, SoftNearestNeighborLoss, ContrastiveLoss]

every_case = pytest.mark.parametrize("case", CASES)
every_loss = pytest.mark.parametrize("loss", LOSSES)
every_distance = pytest.mark.parametrize("distance", DISTANCES)


@st.composite
def batches(draw):
    """1 to 8 examples of up to 4 classes. On a grid, so duplicates, ties and zero rows are common."""
    n, d = draw(st.integers(1, 8)), draw(st.integers(1, 4))
    rows = st.lists(st.integers(-8, 8), min_size=d, max_size=d)
    x = np.array(draw(st.lists(rows, min_size=n, max_size=n)), np.float32) / 8
    y = np.array(draw(st.lists(st.integers(0, 3), min_size=n, max_size=n)))
    return x, y


def on_a_mining_edge(d, y, epsilon):
    """Would rounding decide whether a pair is kept?"""
    s = 1 - d
    for i, positives, negatives in anchors(y):
        gaps = [abs(s[i, p] - s[i, n] - epsilon) for p in positives for n in negatives]
        if min(gaps, default=1) < 1e-4:
            return True
    return False


# --- values ----------------------------------------------------------------------------------------


@every_case
@hypothesis.settings(deadline=None, max_examples=EXAMPLES)
@hypothesis.given(batch=batches(), distance=st.sampled_from(sorted(DISTANCES)))
def test_each_anchor_is_what_the_papers_formula_gives(case, batch, distance):
    loss, referee, settings = CASES[case]
    x, y = batch
    d = distance_matrix(distance, x.astype(float))
    epsilon = settings.get("epsilon", 0.1)
    if loss is MultiSimilarityLoss and epsilon is not None:
        hypothesis.assume(not on_a_mining_edge(d, y, epsilon))
    given = ops.convert_to_numpy(loss(distance=distance, reduction=None, **settings)(y, x))
    np.testing.assert_allclose(given, referee(d, y, **settings), rtol=1e-4, atol=1e-3)


@every_loss
@hypothesis.settings(deadline=None, max_examples=EXAMPLES // 3)
@hypothesis.given(batch=batches(), seed=st.integers(0, 99))
def test_neither_the_order_nor_the_names_of_classes_matter(loss, batch, seed):
    x, y = batch
    order = np.random.default_rng(seed).permutation(len(x))
    renamed = np.array([2**24, 2**24 - 1, 7, 0])[y]  # neighbours at the end of what float32 can count
    first = ops.convert_to_numpy(loss(reduction=None)(y, x))
    second = ops.convert_to_numpy(loss(reduction=None)(renamed[order][:, None], x[order]))
    np.testing.assert_allclose(second, first[order], rtol=1e-4, atol=1e-3)


# --- gradients -------------------------------------------------------------------------------------


def by_finite_differences(function, x, step=1e-5):
    gradient = np.empty_like(x)
    for i in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[i] += step
        down[i] -= step
        gradient[i] = (function(up) - function(down)) / (2 * step)
    return gradient


@every_case
@every_distance
def test_the_gradient_is_that_of_the_referee(case, distance):
    loss, referee, settings = CASES[case]
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(7, 3)), np.array([0, 0, 0, 1, 1, 2, 3])
    x /= np.linalg.norm(x, axis=1, keepdims=True) * 1.3
    fixed = distance_matrix(distance, x)
    expected = by_finite_differences(
        lambda z: np.mean(referee(distance_matrix(distance, z), y, fixed=fixed, **settings)), x
    )
    chosen = loss(distance=distance, **settings)
    _, given = value_and_gradient(lambda z: chosen(y, z), x.astype("float32"))
    assert np.abs(expected).max() > 1e-4
    np.testing.assert_allclose(given, expected, rtol=2e-3, atol=2e-3 * np.abs(expected).max())


AWKWARD = {
    "one example": ([1], np.ones((1, 3))),
    "all duplicates": ([0, 0, 1, 1], np.ones((4, 3))),
    "duplicates across classes": ([0, 0, 1, 1], np.eye(3)[[0, 1, 0, 1]]),
    "all zeros": ([0, 0, 1, 1], np.zeros((4, 3))),
    "one zero row": ([0, 0, 1, 1], np.concatenate([np.zeros((1, 3)), np.eye(3)])),
    "same class": ([0, 0, 0, 0], np.random.default_rng(0).normal(size=(4, 3))),
    "all different": ([0, 1, 2, 3], np.random.default_rng(1).normal(size=(4, 3))),
    "opposites": ([0, 0, 1, 1], np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0]])),
    "large": ([0, 0, 1, 1], np.random.default_rng(2).normal(size=(4, 3)) * 1e4),
    "small": ([0, 0, 1, 1], np.random.default_rng(3).normal(size=(4, 3)) * 1e-4),
    "smaller than float32 can square": ([0, 0, 1, 1], np.full((4, 3), 1e-35)),
}


@every_loss
@every_distance
@pytest.mark.parametrize("dtype", ["float32", "float16", "float64"])
def test_no_batch_gives_a_nan_or_a_runaway_gradient(loss, distance, dtype):
    chosen = loss(distance=distance)
    for name, (y, x) in AWKWARD.items():
        value, gradient = value_and_gradient(lambda z, y=y: chosen(np.array(y), z), x.astype(dtype))
        assert np.isfinite(value) and value >= 0, name
        if dtype == "float16" and name in ("large", "small"):  # true gradients beyond its range are infinite
            assert not np.isnan(gradient).any(), name
            continue
        assert np.isfinite(gradient).all(), name
        if name not in ("large", "small"):
            assert np.abs(gradient).max() < 1e4, name


NEEDS_BOTH = [MultiSimilarityLoss, TripletLoss, CircleLoss, SoftNearestNeighborLoss]


@pytest.mark.parametrize("loss", NEEDS_BOTH)
@pytest.mark.parametrize("batch", ["one example", "same class", "all different"])
def test_without_both_kinds_of_pair_there_is_nothing_to_learn(loss, batch):
    y, x = AWKWARD[batch]
    value, gradient = value_and_gradient(lambda z: loss()(np.array(y), z), x.astype("float32"))
    np.testing.assert_allclose(value, 0, atol=1e-6)
    np.testing.assert_allclose(gradient, 0, atol=1e-6)


# --- saving, and bad input -------------------------------------------------------------------------


@every_case
@every_distance
def test_a_loss_comes_back_from_its_config(case, distance):
    loss, _, settings = CASES[case]
    before = loss(distance=distance, name="mine", reduction="sum", **settings)
    written = json.dumps(keras.saving.serialize_keras_object(before))
    after = keras.saving.deserialize_keras_object(json.loads(written))
    assert type(after) is loss and after.get_config() == before.get_config()
    assert after.distance == distance and after.name == "mine"
    x, y = np.random.default_rng(0).normal(size=(6, 4)).astype("float32"), np.array([0, 0, 1, 1, 2, 2])
    assert float(after(y, x)) == float(before(y, x))
