"""Every distance against slow loops in float64 and against SciPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.spatial.distance import cdist

from simlib import distances
from simlib.distances import DISTANCES

SCIPY = {
    "cosine": "cosine",
    "euclidean": "euclidean",
    "squared_euclidean": "sqeuclidean",
    "manhattan": "cityblock",
    "inner_product": lambda a, b: -float(np.dot(a, b)),
}


def slow(name, a, b):
    """One pair, written from the definition, in Python's own floats."""
    a, b = [float(v) for v in a], [float(v) for v in b]
    dot = sum(p * q for p, q in zip(a, b))
    if name == "cosine":
        return 1 - dot / (sum(p * p for p in a) ** 0.5 * sum(q * q for q in b) ** 0.5)
    if name == "manhattan":
        return sum(abs(p - q) for p, q in zip(a, b))
    if name == "inner_product":
        return -dot
    square = sum((p - q) ** 2 for p, q in zip(a, b))
    return square if name == "squared_euclidean" else square**0.5


def prepared(name, *arrays):
    return [distances.prepare("x", distances.get(name), a) for a in arrays]


@pytest.mark.parametrize("name", DISTANCES)
@pytest.mark.parametrize("n, m, d", [(1, 1, 1), (3, 5, 2), (7, 4, 64), (2, 9, 784)])
def test_pairwise_and_paired_equal_slow_loops_and_scipy(name, n, m, d):
    rng = np.random.default_rng(d)
    a, b = rng.normal(size=(n, d)), rng.normal(size=(m, d))
    wanted = np.array([[slow(name, p, q) for q in b] for p in a])
    np.testing.assert_allclose(cdist(a, b, SCIPY[name]), wanted, rtol=1e-9, atol=1e-12)
    pa, pb = prepared(name, a, b)
    one = distances.get(name)
    np.testing.assert_allclose(one.pairwise(pa, pb), wanted, rtol=2e-5, atol=2e-5)
    np.testing.assert_allclose(one.paired(pa[:, None], pb[None]), wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", [n for n in DISTANCES if n != "inner_product"])
@pytest.mark.parametrize("scale", [1e-20, 1e-3, 1.0, 1e15])
def test_equal_vectors_are_at_distance_0_exactly_and_none_is_below(name, scale):
    x = np.random.default_rng(0).normal(size=(20, 33)) * scale
    (p,) = prepared(name, x)
    one = distances.get(name)
    assert (one.paired(p, p) == 0).all()
    assert (one.pairwise(p, p) >= 0).all()
    assert np.isfinite(one.pairwise(p, p)).all()


@pytest.mark.parametrize("scale", [1e-29, 1e-12, 1.0, 1e12, 1e30, 3e38])
def test_cosine_does_not_depend_on_length_even_at_the_ends_of_float32(scale):
    a, b = np.array([[0.3, -0.9, 0.1]]), np.array([[1.0, 0.2, -0.5]])
    pa, pb = prepared("cosine", (a * scale).astype(np.float32), b)
    np.testing.assert_allclose(np.linalg.norm(pa), 1, rtol=1e-6)
    np.testing.assert_allclose(distances.get("cosine").paired(pa, pb), slow("cosine", a[0], b[0]), rtol=1e-5)


@pytest.mark.parametrize("name", ["euclidean", "manhattan"])
@pytest.mark.parametrize("scale", [1e-30, 1e-10, 1e10, 1e18])
def test_paired_keeps_its_digits_at_any_scale(name, scale):
    a, b = np.array([[0.25, -0.5]]), np.array([[1.0, 0.75]])
    pa, pb = prepared(name, a * scale, b * scale)
    np.testing.assert_allclose(distances.get(name).paired(pa, pb), slow(name, a[0], b[0]) * scale, rtol=1e-6)


@pytest.mark.parametrize("name", DISTANCES)
def test_non_contiguous_arrays_give_the_same(name):
    x = np.random.default_rng(1).normal(size=(6, 10))
    for view in (x[::-2, 1::3], np.asfortranarray(x), x.T):
        (a,), (b,) = prepared(name, view), prepared(name, np.ascontiguousarray(view))
        np.testing.assert_array_equal(a, b)


@settings(deadline=None, max_examples=60)
@given(
    st.data(), st.sampled_from(list(DISTANCES)), st.integers(1, 40), st.sampled_from([1e-18, 1e-9, 1, 1e9])
)
def test_slack_bounds_what_rounding_does_to_rank(data, name, d, scale):
    """rank may part two equal distances by no more than slack: that is what exact search stands on."""
    values = st.floats(-1, 1, width=32)
    a, b = (
        data.draw(hnp.arrays(np.float32, (n, d), elements=values)) * np.float32(scale) + np.float32(offset)
        for n, offset in ((2, data.draw(st.sampled_from([0, 100 * scale]))), (8, 0))
    )
    if name == "cosine":
        a[:, 0], b[:, 0] = scale, -scale  # no zero vectors
    a, b = prepared(name, a, b)
    one = distances.get(name)
    exact = DISTANCES["squared_euclidean" if name == "euclidean" else name].paired(a[:, None], b[None])
    # What rank leaves out is the same for all of b, so only the spread along a row is rounding.
    off = one.rank(a, b, one.sizes(b)).astype(np.float64) - exact
    assert (np.ptp(off, axis=1, keepdims=True) <= one.slack(a, one.sizes(b).max())).all()


@pytest.mark.parametrize("name", DISTANCES)
def test_slack_is_no_wider_than_its_bound_so_that_few_are_measured_again(name):
    rng = np.random.default_rng(2)
    a, b = prepared(name, rng.normal(size=(4, 20)), 3 * rng.normal(size=(30, 20)))
    order = 1 if name == "manhattan" else 2
    lengths = [np.linalg.norm(x, order, axis=1) for x in (a, b)]
    size = lengths[0] + lengths[1].max()
    bound = 28 * np.finfo(np.float32).eps * (size if name == "manhattan" else size**2)
    one = distances.get(name)
    np.testing.assert_allclose(one.slack(a, one.sizes(b).max())[:, 0], bound, rtol=0.01)
