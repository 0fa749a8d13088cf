"""faiss finds what a reader assumes, tells how much that is, and speaks in sentences."""

import json
import subprocess
import sys
import threading
import warnings

import numpy as np
import pytest

from simlib import Index
from simlib.distances import LONGEST
from simlib.scale import faiss as module

pytest.importorskip("faiss")
K = 10


def vectors(n, clusters, d=64, seed=0):
    """Unit vectors, and 200 queries like them: in so many clusters, or in none."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n + 200, d))
    if clusters:
        x = rng.normal(size=(clusters, d))[rng.integers(0, clusters, n + 200)] + 0.1 * x
    x = (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)
    return x[:n], x[n:]


def shared(a, b):
    return np.mean([np.isin(x, y).mean() for x, y in zip(a.ids, b.ids)])


@pytest.mark.filterwarnings("ignore:search='faiss'")
@pytest.mark.parametrize("distance", ["cosine", "euclidean", "inner_product"])
@pytest.mark.parametrize("clusters, d", [(10, 64), (4000, 64), (0, 64), (0, 8), (4000, 200)])
def test_the_default_finds_what_is_there_whatever_the_vectors_are_like(clusters, d, distance):
    x, queries = vectors(10_000, clusters, d)
    index, exact = (Index(distance, search=s).add(x) for s in ("faiss", "exact"))
    for k in (1, K, 60):
        assert shared(index.lookup(queries, k), exact.lookup(queries, k)) >= 0.97  # 0.99 of 100 is measured
    assert index.recall(K) >= 0.98


def test_where_lists_do_not_pay_it_says_so_once_and_is_exact():
    x, queries = vectors(10_000, 4000)
    index = Index(search="faiss").add(x)
    with pytest.warns(UserWarning, match="fall into no lists that are worth it; it searches exactly"):
        found = index.lookup(queries, K)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        index.lookup(queries, 20)
    np.testing.assert_array_equal(found.ids, Index().add(x).lookup(queries, K).ids)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("clusters, distance", [(4000, "cosine"), (4000, "inner_product"), (0, "euclidean")])
def test_a_graph_is_built_ahead_and_grows_with_the_index(clusters, distance):
    x, queries = vectors(13_000, clusters)
    index = Index(distance, search="faiss").add(x[:10_500]).build()
    graph = index._items.search._built
    assert module._is_graph(graph)
    index.add(x[10_500:])
    found = index.lookup(queries, K)
    assert index._items.search._built is graph and graph.ntotal == 13_000
    assert shared(found, Index(distance).add(x).lookup(queries, K)) >= 0.97 and index.recall(K) >= 0.98


def test_where_a_graph_does_not_pay_either_it_says_so_and_is_exact():
    x, queries = vectors(10_000, 0, d=200)  # each as near as any other
    with pytest.warns(UserWarning, match="searches exactly. Nor is a graph worth it"):
        index = Index(search="faiss").add(x).build()
    np.testing.assert_array_equal(index.lookup(queries, K).ids, Index().add(x).lookup(queries, K).ids)


def test_more_neighbours_than_a_graph_may_look_at_are_found_exactly():
    x, queries = vectors(10_500, 4000)
    index = Index(search="faiss").add(x).build()
    with pytest.warns(UserWarning, match="Nor is a graph worth it"):
        found = index.lookup(queries, 200)
    np.testing.assert_array_equal(found.ids, Index().add(x).lookup(queries, 200).ids)
    assert module._is_graph(index._items.search._built)


@pytest.mark.filterwarnings("ignore:search='faiss'")
def test_building_waits_for_who_builds_already(monkeypatch):
    x, queries = vectors(10_500, 4000)
    index, begun, go_on = Index(search="faiss").add(x), threading.Event(), threading.Event()
    inverted_file = module.FaissSearch._inverted_file

    def slowly(self, vectors):
        begun.set()
        assert go_on.wait(60)
        return inverted_file(self, vectors)

    monkeypatch.setattr(module.FaissSearch, "_inverted_file", slowly)
    lookup = threading.Thread(target=index.lookup, args=(queries,))
    build = threading.Thread(target=index.build)
    lookup.start()
    begun.wait(60)
    build.start()
    go_on.set()
    lookup.join()
    build.join()
    assert module._is_graph(index._items.search._built)


def test_vectors_at_the_end_of_what_float32_holds_are_found():
    """A query for measuring lies beside a vector, and so beyond what could be added."""
    x = vectors(10_000, 0)[0]
    x *= np.float32(0.99 * LONGEST / (np.abs(x).max() * 8))  # 8: the root of 64 dimensions
    found = Index("euclidean", search="faiss").add(x).build().lookup(x[:5], k=3)
    np.testing.assert_array_equal(found.ids[:, 0], np.arange(5))


def test_a_graph_ends_with_what_is_removed_and_is_not_saved(tmp_path):
    x, queries = vectors(10_500, 4000)
    index = Index(search="faiss").add(x).build()
    index.save(tmp_path / "index.npz")
    exact = Index().add(x).remove([3, 7]).lookup(queries, K)
    for other in (index, Index.load(tmp_path / "index.npz")):
        other.remove([3, 7])
        with pytest.warns(UserWarning, match=r"`build\(\)` makes a graph"):
            found = other.lookup(queries, K)
        np.testing.assert_array_equal(found.ids, exact.ids)


def test_building_a_graph_says_how_far_it_is(capsys, monkeypatch):
    x = vectors(10_500, 4000)[0]
    Index(search="faiss").add(x).build(verbose=0)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("simlib.progress.PATIENCE", 0.0)
    Index(search="faiss").add(x).build()
    assert "3 of 3 parts of 5,000 vectors\n" in capsys.readouterr().err


def test_what_you_choose_is_left_as_it_is_and_its_recall_is_told():
    x, queries = vectors(10_000, 0)
    index = Index(search={"name": "faiss", "factory": "IVF100,Flat", "parameters": "nprobe=2"}).add(x)
    found = shared(index.lookup(queries, K), Index().add(x).lookup(queries, K))
    assert 0.02 < found < 0.5 and abs(index.recall(K) - found) < 0.06
    assert Index(search="exact").add(x).recall(K) == 1.0


def test_removing_a_few_trains_nothing_and_finds_all_that_is_left(monkeypatch):
    x, queries = vectors(12_000, 10)
    index = Index(search="faiss").add(x)
    index.lookup(queries)
    gone = np.arange(0, 12_000, 7)
    index.remove(gone)
    monkeypatch.setattr(module, "TRAIN_ROUNDS", "no training")  # else faiss would refuse this
    keep = np.setdiff1d(np.arange(12_000), gone)
    exact = Index().add(x[keep], ids=keep).lookup(queries, K)
    assert shared(index.lookup(queries, K), exact) >= 0.98
    some = index.lookup(queries, K, among=None, without=exact.ids[:, 0])
    assert (some.ids != exact.ids[:, :1]).all() and (some.ids >= 0).all()


def test_who_looks_up_does_not_wait_for_who_builds(monkeypatch):
    x, queries = vectors(12_000, 10)
    index, begun, go_on = Index(search="faiss").add(x), threading.Event(), threading.Event()
    inverted_file = module.FaissSearch._inverted_file

    def slowly(self, vectors):
        begun.set()
        assert go_on.wait(60)
        return inverted_file(self, vectors)

    monkeypatch.setattr(module.FaissSearch, "_inverted_file", slowly)
    builder = threading.Thread(target=index.build)
    builder.start()
    begun.wait(60)
    found = index.lookup(queries, K)  # would wait for ever
    go_on.set()
    builder.join()
    np.testing.assert_array_equal(found.ids, Index().add(x).lookup(queries, K).ids)
    assert index._items.search._built is not None


REFUSED = [  # factory, parameters
    ("HNSW1", None), ("NSG1", None), ("PQ8x0", None), ("PQ8x4fs_0", None), ("HNSW1_SQ8", None),
    ("IVF0,Flat", None), ("HNSW0", None), ("HNSW-1", None), ("IVF-5,Flat", None), ("PQ0", None), ("", None),
    (5, None), ("IVF10,Flat", None), ("IDMap,Flat", None), ("NSG8", None), ("PQ7", None), ("Flat,", None),
    ("Flatt", None), ("Flat", "nprobe=5"), ("IVF2,Flat", "nprobe=0"), ("IVF2,Flat", "nprobe=-1"),
    ("IVF2,Flat", "nprobee=3"), ("HNSW8", "efSearch=0"), (None, 3), ("IVF2,Flat", "nprobe"),
]  # fmt: skip


SCRIPT = """
import json, sys
import numpy as np
from simlib import Index

x = np.random.default_rng(0).normal(size=(4, 64))
for factory, parameters in json.loads(sys.argv[1]):
    try:
        Index("euclidean", search=dict(name="faiss", factory=factory, parameters=parameters)).add(x).lookup(x)
        print(json.dumps("accepted"), flush=True)
    except ValueError as error:
        print(json.dumps(str(error)), flush=True)
"""


@pytest.fixture(scope="module")
def refusals():
    """What simlib says to each, in a process of its own, as faiss would let some of these end it."""
    run = [sys.executable, "-c", SCRIPT, json.dumps(REFUSED)]
    done = subprocess.run(run, capture_output=True, text=True, timeout=300)
    return dict(zip(REFUSED, map(json.loads, done.stdout.splitlines())))


@pytest.mark.parametrize("factory, parameters", REFUSED)
def test_what_faiss_refuses_is_a_sentence(factory, parameters, refusals):
    said = refusals.get((factory, parameters), "the process ended")
    assert ("factory" if parameters is None else "parameters") in said and "\n" not in said
