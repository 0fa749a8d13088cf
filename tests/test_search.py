"""Exact search against scikit-learn and against a brute loop in float64."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.neighbors import NearestNeighbors

from simlib import distances, search
from simlib.distances import DISTANCES

SKLEARN = {"cosine": "cosine", "euclidean": "euclidean", "squared_euclidean": "sqeuclidean"}
SKLEARN |= {"manhattan": "manhattan"}


def searcher(name, vectors):
    one = search.ExactSearch(distances.get(name))
    one.add(distances.prepare("vectors", one.distance, vectors))
    return one


def look_up(name, vectors, queries, k):
    one = searcher(name, vectors)
    return one.search(distances.prepare("queries", one.distance, queries), k)


def brute(name, vectors, queries, k):
    """Measure each pair alone, round to float32, sort; of equals, the one added first."""
    one = distances.get(name)
    v, q = (distances.prepare("x", one, x) for x in (vectors, queries))
    ids, near = [], []
    for row in q:
        d = np.array([one.paired(row, other) for other in v], np.float32)
        best = sorted(range(len(v)), key=lambda i: (d[i], i))[:k]
        ids.append(best)
        near.append(d[best])
    return np.array(ids), np.array(near)


def assert_exact(name, vectors, queries, k):
    ids, near = look_up(name, vectors, queries, k)
    wanted_ids, wanted = brute(name, vectors, queries, k)
    np.testing.assert_array_equal(near, wanted)
    np.testing.assert_array_equal(ids, wanted_ids)


@pytest.mark.parametrize("name", SKLEARN)
@pytest.mark.parametrize("d", [2, 64])
def test_equals_scikit_learn(name, d):
    rng = np.random.default_rng(d)
    vectors, queries = rng.normal(size=(300, d)), rng.normal(size=(40, d))
    ids, near = look_up(name, vectors, queries, 7)
    referee = NearestNeighbors(n_neighbors=7, metric=SKLEARN[name], algorithm="brute").fit(vectors)
    wanted, wanted_ids = referee.kneighbors(queries)
    np.testing.assert_array_equal(ids, wanted_ids)
    np.testing.assert_allclose(near, wanted, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", DISTANCES)
@pytest.mark.parametrize("k", [1, 5, 59, 60, 61, 1000])
def test_any_k_equals_a_brute_loop_and_k_beyond_n_gives_n(name, k):
    rng = np.random.default_rng(k)
    vectors, queries = rng.normal(size=(60, 8)), rng.normal(size=(9, 8))
    assert look_up(name, vectors, queries, k)[0].shape == (9, min(k, 60))
    assert_exact(name, vectors, queries, min(k, 60))


@pytest.mark.parametrize("name", DISTANCES)
def test_of_many_duplicates_the_first_added_comes_first(name):
    rng = np.random.default_rng(3)
    vectors = np.repeat(rng.normal(size=(4, 5)), 50, axis=0)  # 50 of each, far more than k
    rng.shuffle(vectors)
    assert_exact(name, vectors, vectors[:20], 3)


@pytest.mark.parametrize("name", DISTANCES)
@pytest.mark.parametrize("block", [1, 100, 2**12])
@pytest.mark.parametrize("order", ["nearest first", "nearest last", "as they come"])
def test_many_small_blocks_in_any_order_equal_a_brute_loop(name, block, order, monkeypatch):
    rng = np.random.default_rng(4)
    vectors, queries = rng.integers(-2, 3, size=(300, 6)) + 0.5, rng.normal(size=(13, 6))
    if order != "as they come":
        far = brute(name, vectors, queries[:1], 300)[0][0]
        vectors = vectors[far if order == "nearest first" else far[::-1]]
    monkeypatch.setattr(search, "BLOCK", block)
    for k in (1, 6):
        assert_exact(name, vectors, queries, k)


@pytest.mark.parametrize("name", ["cosine", "euclidean"])
def test_among_many_vectors_the_nearest_equal_those_of_a_full_sort_in_float64(name):
    rng = np.random.default_rng(5)  # by class, as an index is filled; each query's are in one place
    vectors = np.repeat(rng.normal(size=(50, 32)), 600, axis=0) + 0.3 * rng.normal(size=(30_000, 32))
    queries = vectors[::1000] + 0.1 * rng.normal(size=(30, 32))
    ids, near = look_up(name, vectors, queries, 10)
    v, q = (distances.prepare("x", distances.get(name), x).astype(np.float64) for x in (vectors, queries))
    far = np.array([np.linalg.norm(row - v, axis=-1) for row in q])
    np.testing.assert_array_equal(ids, far.argsort(axis=1)[:, :10])
    far = np.sort(far, axis=1)[:, :10]
    np.testing.assert_allclose(near, far**2 / 2 if name == "cosine" else far, rtol=1e-5)


@pytest.mark.parametrize("name", ["euclidean", "squared_euclidean", "manhattan"])
@pytest.mark.parametrize("offset, scale", [(1000, 1e-3), (0, 1e-7), (0, 1e-20), (0, 1e17), (1e6, 1.0)])
def test_stays_exact_where_a_matrix_product_rounds_the_order_away(name, offset, scale, monkeypatch):
    rng = np.random.default_rng(5)
    vectors, queries = (rng.normal(size=(n, 16)) * scale + offset for n in (120, 10))
    assert_exact(name, vectors, queries, 5)
    monkeypatch.setattr(search, "BLOCK", 30)  # and where each block is nearer than those before
    far = brute(name, vectors, queries[:1], 120)[0][0][::-1]
    assert_exact(name, vectors[far], queries[:1], 5)


@pytest.mark.parametrize("name", DISTANCES)
def test_an_answer_does_not_depend_on_its_companions(name):
    rng = np.random.default_rng(6)
    vectors, queries = rng.normal(size=(200, 64)), rng.normal(size=(300, 64))
    together = look_up(name, vectors, queries, 5)
    for i in range(0, 300, 17):
        alone = look_up(name, vectors, queries[i : i + 1], 5)
        np.testing.assert_array_equal(alone[0][0], together[0][i])
        np.testing.assert_array_equal(alone[1][0], together[1][i])


@settings(deadline=None, max_examples=80)
@given(st.data(), st.sampled_from(list(DISTANCES)), st.integers(1, 30), st.integers(1, 4), st.integers(1, 40))
def test_exact_on_grids_full_of_ties(data, name, n, d, k):
    grid = st.sampled_from([-1.0, 0.0, 1.0, 2.0])
    vectors, queries = (data.draw(hnp.arrays(np.float64, (m, d), elements=grid)) for m in (n, 3))
    if name == "cosine":
        vectors[:, 0], queries[:, 0] = 3, 3
    assert_exact(name, vectors, queries, min(k, n))


def test_an_empty_search_finds_nothing_and_reset_forgets():
    one = searcher("euclidean", [[1.0, 2.0]])
    assert len(one) == 1
    one.reset()
    assert len(one) == 0
    ids, near = one.search(np.zeros((3, 2), np.float32), 5)
    assert ids.shape == near.shape == (3, 0)
