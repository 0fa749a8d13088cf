"""One contract for all search backends: the same neighbours as exact, whatever finds them."""

import sys
import threading

import numpy as np
import pytest
from milvus_places import KINDS, place
from same import assert_same

from simlib import ArtifactError, Index, NotReadyError, archive
from simlib.scale import faiss as faiss_search

D, N = 16, 300
rng = np.random.default_rng(0)
X, Y = rng.normal(size=(N, D)).astype(np.float32), np.arange(N) % 7
IDS = np.arange(N)  # given, as Milvus draws others
QUERIES = rng.normal(size=(11, D)).astype(np.float32)
ALL = ["cosine", "euclidean", "squared_euclidean", "manhattan", "inner_product"]


@pytest.fixture(params=["exact", "faiss", "faiss ivf", "faiss hnsw", *KINDS])
def wanted(request, tmp_path, monkeypatch):
    if request.param.startswith("milvus"):
        yield from place(request, tmp_path)
    else:
        yield in_process(request.param, monkeypatch)


def in_process(kind, monkeypatch):
    if kind != "exact":
        pytest.importorskip("faiss")
    if kind == "faiss ivf":  # the inverted file already at this size, every list looked into
        monkeypatch.setattr(faiss_search, "EXACT_BELOW", 2)
        monkeypatch.setattr(faiss_search, "PROBES", 10_000)
        monkeypatch.setattr(faiss_search, "TOO_MANY", 1)
        return "faiss"
    if kind == "faiss hnsw":
        return {"name": "faiss", "factory": "HNSW32", "parameters": "efSearch=300"}
    return kind


def places(wanted):
    """What loading an index of this kind may open."""
    return [wanted["uri"]] if isinstance(wanted, dict) and "uri" in wanted else None


def supported(wanted, distance):
    if isinstance(wanted, dict) and wanted["name"] == "milvus" and distance == "manhattan":
        pytest.skip("Milvus has no Manhattan distance; the test below reads its message")
    return Index(distance, search=wanted)


def clustered(n, d=32, clusters=400, spread=0.25, seed=0):
    """Vectors in clusters, as embeddings of classes and their variants are; the last 200 to ask with."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(clusters, d))
    x = centres[rng.integers(0, clusters, n + 200)] + rng.normal(0, spread, (n + 200, d))
    return x[:n].astype(np.float32), x[n:].astype(np.float32)


@pytest.mark.parametrize("distance", ALL)
def test_the_same_neighbours_and_the_same_distances_as_exact(wanted, distance):
    index = supported(wanted, distance).add(X, Y, ids=IDS)
    assert_same(index.lookup(QUERIES, k=9), Index(distance).add(X, Y).lookup(QUERIES, k=9))


@pytest.mark.parametrize("distance", ["cosine", "inner_product"])
def test_many_queries_at_once_are_answered_as_each_alone(wanted, distance):
    many = np.random.default_rng(3).normal(size=(700, D)).astype(np.float32)  # more than a block of each kind
    whole = supported(wanted, distance).add(X, Y, ids=IDS)
    together = whole.lookup(many, k=9)
    assert_same(together, Index(distance).add(X, Y).lookup(many, k=9))
    wide = whole.lookup(many[:150], k=40)  # measured in several parts
    assert_same(wide[149], whole.lookup(many[149:150], k=40))
    assert_same(wide, Index(distance).add(X, Y).lookup(many[:150], k=40))
    for row in (0, 226, 227, 255, 256, 699):
        assert_same(together[row], whole.lookup(many[row : row + 1], k=9))


def test_of_equals_the_one_added_first_comes_first(wanted):
    if isinstance(wanted, dict):
        pytest.skip("a graph or a database may find equals in any order")
    index = Index("euclidean", search=wanted).add(np.tile(X[:3], (60, 1)), np.tile(Y[:3], 60))
    found = index.lookup(X[:3], k=60)
    np.testing.assert_array_equal(found.ids, np.arange(3)[:, None] + 3 * np.arange(60))
    everybody = index.lookup(X[:3], k=180)  # three groups of equals
    far = np.linalg.norm(X[:3, None] - X[None, :3], axis=-1)[:, np.arange(180) % 3]
    np.testing.assert_array_equal(everybody.ids, far.argsort(axis=1, kind="stable"))


def test_ids_count_items_in_the_order_of_adding_however_they_come(wanted):
    whole, parts = Index("euclidean").add(X, Y), Index("euclidean", search=wanted)
    for start, end in ((0, 1), (1, 2), (2, 150), (150, 150), (150, N)):
        parts.add(X[start:end], Y[start:end], ids=IDS[start:end])
        parts.lookup(QUERIES[:1])  # a lookup in between must not freeze anything
    assert len(parts) == N
    assert_same(parts.lookup(QUERIES, k=9), whole.lookup(QUERIES, k=9))
    assert parts.lookup(X[[5, 290]], k=1).ids.tolist() == [[5], [290]]


@pytest.mark.parametrize("k", [N - 1, N, N + 50])
def test_k_as_large_as_the_index_and_larger(wanted, k):
    index = Index("euclidean", search=wanted).add(X, Y, ids=IDS)
    assert_same(index.lookup(QUERIES, k=k), Index("euclidean").add(X, Y).lookup(QUERIES, k=k))


def test_an_empty_index_and_no_queries(wanted):
    index = Index("euclidean", search=wanted)
    with pytest.raises(NotReadyError, match="the index is empty"):
        index.lookup(X[0])
    index.add(np.empty((0, D)), [])
    index.add(X[:3], Y[:3], ids=IDS[:3])
    assert index.lookup(np.empty((0, D)), k=2).ids.shape == (0, 2)
    assert index.lookup(X[0], k=2).ids[0, 0] == 0


def test_duplicates_are_all_found_at_distance_zero(wanted):
    x = np.repeat(X[:30], 6, axis=0)
    found = Index("cosine", search=wanted).add(x, IDS[:180], ids=IDS[:180]).lookup(X[:30], k=6)
    assert not found.distances.any()
    np.testing.assert_array_equal(found.ids, np.arange(180).reshape(30, 6))


def test_reset_forgets_all_and_takes_other_dimensions(wanted):
    index = Index("euclidean", search=wanted).add(X, Y)
    index.lookup(QUERIES)
    index.reset()
    assert len(index) == 0
    index.add(X[:50, :4], Y[:50], ids=IDS[:50])
    expected = Index("euclidean").add(X[:50, :4], Y[:50])
    assert_same(index.lookup(QUERIES[:, :4]), expected.lookup(QUERIES[:, :4]))


@pytest.mark.parametrize("looked_up", [False, True])
def test_a_reloaded_index_answers_the_same_and_can_grow(wanted, looked_up, tmp_path):
    index = Index("euclidean", search=wanted).add(X, Y, ids=IDS)
    if looked_up:
        index.lookup(QUERIES)
    index.save(tmp_path / "index.npz")
    again = Index.load(tmp_path / "index.npz", connect=places(wanted))
    assert repr(again) == repr(index)
    assert_same(again.lookup(QUERIES, k=9), index.lookup(QUERIES, k=9))
    again.add(X + 9, Y, ids=IDS + N)
    assert_same(again.lookup(QUERIES + 9), Index("euclidean").add(X, Y).add(X + 9, Y).lookup(QUERIES + 9))


def test_an_empty_index_can_be_saved(wanted, tmp_path):
    Index("euclidean", search=wanted).save(tmp_path / "index.npz")
    assert len(Index.load(tmp_path / "index.npz", connect=places(wanted)).add(X, Y)) == N


@pytest.mark.parametrize("distance", ["cosine", "euclidean", "inner_product"])
def test_recall_of_ten_neighbours_among_100_000_clustered_vectors(distance):
    pytest.importorskip("faiss")
    vectors, queries = clustered(100_000)
    if distance == "inner_product":  # of about one length, as embeddings are; else the longest win always
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    labels = np.zeros(len(vectors), int)
    near = Index(distance, search="faiss").add(vectors, labels).lookup(queries, k=10)
    exact = Index(distance).add(vectors, labels).lookup(queries, k=10)
    assert np.mean([len(set(a) & set(b)) / 10 for a, b in zip(near.ids, exact.ids)]) >= 0.99
    same = near.ids == exact.ids
    np.testing.assert_array_equal(near.distances[same], exact.distances[same])


def test_lookups_while_adding_see_whole_batches(wanted):
    index, errors = Index("euclidean", search=wanted).add(X[:20], Y[:20]), []

    def look_up():
        try:
            for _ in range(15):
                found = index.lookup(QUERIES, k=1000)
                assert found.k % 20 == 0 and (found.ids >= 0).all()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=look_up) for _ in range(3)]
    for thread in threads:
        thread.start()
    for start in range(20, N, 20):
        index.add(X[start : start + 20], Y[start : start + 20])
    for thread in threads:
        thread.join(60)
    assert errors == [] and len(index) == N


# what is said of a wrong wish


@pytest.mark.parametrize("options", [{"factory": "HNWS"}, {"factory": "HNSW8", "parameters": "nprobes=3"}])
def test_what_faiss_does_not_understand_is_named(options):
    pytest.importorskip("faiss")
    index = Index(search={"name": "faiss", **options}).add(X, Y)
    with pytest.raises(ValueError, match=r"faiss refuses .*='(HNWS|nprobes=3)'"):
        index.lookup(QUERIES)


def test_milvus_has_no_manhattan_distance():
    with pytest.raises(ValueError, match="Milvus has no manhattan distance; use 'exact'"):
        Index("manhattan", search="milvus")


@pytest.mark.parametrize(
    "module, search", [("faiss", "faiss"), ("pymilvus", "milvus"), ("milvus_lite", "milvus")]
)
def test_without_the_package_the_command_is_named(module, search, monkeypatch):
    if module == "milvus_lite":
        pytest.importorskip("pymilvus")
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=r"pip install .simlib-course\[scale\]"):
        Index(search=search)


# faiss: lists, growth and saving


def test_a_small_index_is_exact_and_a_growing_one_stays_near_it():
    pytest.importorskip("faiss")
    vectors, queries = clustered(40_000, clusters=100)
    index = Index("euclidean", search="faiss")
    for start, end in ((0, 9_000), (9_000, 15_000), (15_000, 40_000)):
        index.add(vectors[start:end], np.zeros(end - start, int))
        exact = Index("euclidean").add(vectors[:end], np.zeros(end, int)).lookup(queries, k=10)
        assert np.mean(index.lookup(queries, k=10).ids == exact.ids) > (0.98 if end > 9_000 else 0.9999)


def test_a_reloaded_faiss_index_is_not_trained_again_and_answers_the_same(tmp_path, monkeypatch):
    pytest.importorskip("faiss")
    vectors, queries = clustered(20_000, clusters=3, spread=1.0)  # hard: which lists there are shows
    index = Index("euclidean", search="faiss").add(vectors[:15_000], np.zeros(15_000, int))
    index.lookup(queries)
    index.add(vectors[15_000:], np.zeros(5_000, int))
    before = index.lookup(queries, k=10)
    index.save(tmp_path / "index.npz")
    again = Index.load(tmp_path / "index.npz")
    assert_same(again.lookup(queries, k=10), before)
    afresh = Index("euclidean", search="faiss").add(vectors, np.zeros(20_000, int)).lookup(queries, k=10)
    assert (afresh.ids != before.ids).any()  # or this test could not fail


@pytest.mark.parametrize("k", [1_000, 19_999])
def test_for_many_neighbours_more_lists_are_looked_into(k):
    pytest.importorskip("faiss")
    vectors, queries = clustered(20_000, clusters=50)
    labels = np.zeros(len(vectors), int)
    found = Index("euclidean", search="faiss").add(vectors, labels).lookup(queries[:20], k=k)
    exact = Index("euclidean").add(vectors, labels).lookup(queries[:20], k=k)
    assert found.ids.shape == (20, k) and (found.ids >= 0).all()
    assert np.mean([len(set(a) & set(b)) / k for a, b in zip(found.ids, exact.ids)]) >= 0.99


def test_a_build_that_breaks_off_is_made_anew(monkeypatch):
    pytest.importorskip("faiss")
    monkeypatch.setattr(faiss_search, "EXACT_BELOW", 2)
    monkeypatch.setattr(faiss_search, "TOO_MANY", 1)
    index = Index("euclidean", search="faiss").add(X, Y)
    with monkeypatch.context() as patch:

        def broken(self, vectors):
            raise KeyboardInterrupt

        patch.setattr(faiss_search.FaissSearch, "_inverted_file", broken)
        with pytest.raises(KeyboardInterrupt):
            index.lookup(QUERIES)
    assert (index.lookup(X, k=1).ids[:, 0] == np.arange(N)).all()


@pytest.mark.parametrize("spoil", ["centroids", "vectors"])
def test_a_saved_faiss_index_that_does_not_hold_together_is_refused(spoil, tmp_path, monkeypatch):
    pytest.importorskip("faiss")
    monkeypatch.setattr(faiss_search, "EXACT_BELOW", 2)
    monkeypatch.setattr(faiss_search, "TOO_MANY", 1)
    index = Index("euclidean", search="faiss").add(X, Y)
    index.lookup(QUERIES)
    index.save(tmp_path / "index.npz")
    header, arrays = archive.read(tmp_path / "index.npz", "index")
    arrays[spoil] = arrays[spoil][:, :5]
    archive.write(tmp_path / "index.npz", "index", header, arrays)
    with pytest.raises(ArtifactError, match="differ in their dimensions"):
        Index.load(tmp_path / "index.npz")
