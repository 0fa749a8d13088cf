"""The index: everything or nothing, all in step, the same after saving, safe between threads."""

import copy
import itertools
import multiprocessing
import pickle
import threading
from concurrent.futures import ProcessPoolExecutor

import joblib
import numpy as np
import pytest
from same import assert_same

from simlib import Index, NotReadyError, calibrate, search
from simlib.distances import DISTANCES
from simlib.store import Growing

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(60, 8)), np.repeat(np.arange(6), 10)
IMAGES = rng.integers(0, 256, (60, 4, 4), dtype=np.uint8)
QUERIES = rng.normal(size=(7, 8))


def assert_same_index(a, b):
    assert repr(a) == repr(b)
    assert_same(a.lookup(QUERIES, k=60), b.lookup(QUERIES, k=60))
    np.testing.assert_array_equal(a.payload(a.ids), b.payload(b.ids))
    assert a.payload(a.ids[0]).dtype == b.payload(b.ids[0]).dtype


@pytest.mark.parametrize("distance", DISTANCES)
def test_label_and_payload_are_those_of_the_found_id(distance):
    index = Index(distance).add(X, Y, IMAGES)
    found = index.lookup(QUERIES, k=9)
    np.testing.assert_array_equal(found.labels, Y[found.ids])
    np.testing.assert_array_equal(index.payload(found.ids), IMAGES[found.ids])
    assert (np.diff(found.distances, axis=1) >= 0).all()
    assert index.distance == distance


def test_one_by_one_equals_all_at_once():
    once, single = Index().add(X, Y, IMAGES), Index()
    for x, y, image in zip(X, Y, IMAGES):
        assert single.add(x, y, image[None]) is single
    assert_same_index(once, single)


def test_later_changes_of_the_caller_s_arrays_change_nothing():
    x, y, images = X.astype(np.float32), Y.copy(), IMAGES.copy()
    index = Index("euclidean").add(x, y, images)
    x[:], y[:], images[:] = 0, 0, 0
    assert_same_index(index, Index("euclidean").add(X, Y, IMAGES))


BAD = {
    "another dimension": (X[:, :5], Y, IMAGES),
    "too few labels": (X, Y[:-1], IMAGES),
    "no payload": (X, Y, None),
    "payload of another shape": (X, Y, IMAGES[:, 1:]),
}


@pytest.mark.parametrize("case", BAD)
def test_a_failing_add_leaves_the_index_as_it_was(case):
    index, same = Index().add(X, Y, IMAGES), Index().add(X, Y, IMAGES)
    with pytest.raises(ValueError):
        index.add(*BAD[case])
    assert_same_index(index, same)
    assert_same_index(index.add(X, Y, IMAGES), same.add(X, Y, IMAGES))


@pytest.mark.parametrize("broken", range(4))  # of four arrays: payload, labels, ids, vectors
@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt])
@pytest.mark.parametrize("held", [0, 60])
def test_an_add_that_breaks_in_the_middle_leaves_the_index_as_it_was(broken, error, held, monkeypatch):
    def filled():
        return Index().add(X[:held], Y[:held], IMAGES[:held] if held else None, ids=old)

    old, more = ([f"{word} {i}" for i in range(n)] for word, n in (("old", held), ("more", len(X))))
    index, same, calls, add = filled(), filled(), itertools.count(), Growing.add

    def fail(self, items):
        if next(calls) == broken:
            with pytest.raises(ValueError, match="there is no item with the id 'more 0'"):
                index.vectors(more[:1])  # as somebody else may meanwhile
            raise error
        add(self, items)

    with monkeypatch.context() as patch:
        patch.setattr(Growing, "add", fail)
        with pytest.raises(error):
            index.add(X[:, :8], Y[::-1] + 1, IMAGES[::-1], ids=more)
    assert repr(index) == repr(same)
    assert_same_index(index.add(X, Y, IMAGES, more[::-1]), same.add(X, Y, IMAGES, more[::-1]))
    np.testing.assert_array_equal(index.vectors(more), same.vectors(more))


def test_adding_nothing_changes_nothing_and_fixes_nothing():
    index = Index().add(np.empty((0, 3)), [])
    assert len(index) == 0
    index.add(np.empty((0, 3)), [], np.empty((0, 2)))
    assert_same_index(index.add(X, Y, IMAGES), Index().add(X, Y, IMAGES))


def test_reset_forgets_all_and_then_takes_other_dimensions_and_payloads():
    index = Index().add(X, Y, IMAGES)
    index.reset()
    assert len(index) == 0 and index.class_sizes() == {}
    with pytest.raises(NotReadyError, match="the index is empty"):
        index.lookup(QUERIES)
    with pytest.raises(NotReadyError, match="holds no payload"):
        index.payload([0])
    index.add([[1.0, 2.0]], [3], ["a name"])
    assert index.payload([0]).tolist() == ["a name"]
    assert index.lookup([1.0, 2.0]).labels.tolist() == [[3]]


def test_class_sizes_and_repr():
    index = Index("euclidean").add([[0.0], [1.0], [2.0]], [4, 0, 4])
    assert index.class_sizes() == {0: 1, 4: 2}
    assert repr(index).splitlines() == [
        "Index of 3 items of 1 dimensions, euclidean distance, exact search",
        "  items in each class: 0: 1, 4: 2",
        "  payload: none",
    ]
    assert repr(Index()).splitlines()[1] == "  items in each class: none"


def test_a_repr_stays_a_few_lines_however_many_classes_there_are():
    shown = repr(Index("euclidean").add(np.arange(5000.0)[:, None], 10**15 + np.arange(5000)))
    assert len(shown) < 700 and "10000000000000" in shown and "and 4,980 more classes" in shown


def test_class_ids_may_be_as_long_as_article_numbers():
    labels = [4006381333931, 2**63 - 1]
    assert Index().add(X[:2], labels).lookup(X[:2], k=1).labels[:, 0].tolist() == labels


# saving


@pytest.mark.parametrize("distance", DISTANCES)
@pytest.mark.parametrize("payload", [None, IMAGES, IMAGES / 3, [f"name {i}" for i in range(60)], Y > 2])
def test_a_loaded_index_answers_bit_for_bit_and_can_grow(distance, payload, tmp_path):
    index = Index(distance).add(X, Y, payload)
    index.save(tmp_path / "index.npz")
    again = Index.load(tmp_path / "index.npz")
    for _ in range(2):
        assert repr(again) == repr(index)
        assert_same(again.lookup(QUERIES, k=60), index.lookup(QUERIES, k=60))
        if payload is not None:
            ids = np.arange(len(index))
            np.testing.assert_array_equal(again.payload(ids), index.payload(ids))
            assert again.payload(ids).dtype == index.payload(ids).dtype
        index.add(X + 1, Y, payload)
        again.add(X + 1, Y, payload)


# copies


def through_joblib(index, folder):
    joblib.dump(index, folder / "index.joblib")
    return joblib.load(folder / "index.joblib")


COPIES = {
    "pickle": lambda index, _: pickle.loads(pickle.dumps(index)),
    "deepcopy": lambda index, _: copy.deepcopy(index),
    "copy": lambda index, _: copy.copy(index),
    "joblib": through_joblib,
}


@pytest.mark.parametrize("way", COPIES)
@pytest.mark.parametrize("search", ["exact", {"name": "faiss", "factory": "HNSW8"}])
def test_a_copy_answers_the_same_and_goes_its_own_way(way, search, tmp_path):
    if search != "exact":
        pytest.importorskip("faiss")
    index, same = (Index("euclidean", search).add(X, Y, IMAGES) for _ in range(2))
    assert_same(index.lookup(QUERIES), same.lookup(QUERIES))
    twin = COPIES[way](index, tmp_path)
    assert_same_index(twin, index)
    twin.add(X, Y, IMAGES)
    assert_same_index(index, same)
    assert_same_index(index.add(X, Y, IMAGES), twin)


@pytest.mark.parametrize("search", ["exact", "faiss"])
def test_a_process_pool_looks_up_as_we_do(search):
    pytest.importorskip("faiss")
    index = Index("euclidean", search, store="disk").add(X, Y, IMAGES)
    spawn = multiprocessing.get_context("spawn")  # faiss's own threads do not survive a fork
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        assert_same(pool.submit(index.lookup, QUERIES).result(), index.lookup(QUERIES))


# threads


def in_threads(*functions):
    errors = []

    def guarded(function):
        try:
            function()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(f,)) for f in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert errors == []


def test_a_growing_index_never_serves_half_a_batch(tmp_path):
    """Item i lies at (i, 1), its label is i and its payload is i: any mix of batches shows."""
    batch, batches = 7, 150
    index = Index("euclidean").add([[0.0, 1.0]], [0], [0])
    done = threading.Event()

    def grow():
        try:
            for b in range(batches):
                ids = np.arange(1 + b * batch, 1 + (b + 1) * batch)
                index.add(np.stack([ids, np.ones(batch)], axis=1), ids, ids)
        finally:
            done.set()

    def look_up():
        seen = 0
        while not done.is_set():
            n = len(index)
            found = index.lookup([[1e9, 1.0], [0.0, 1.0]], k=1 + batch * batches)  # all: one may come now
            assert found.k >= n >= seen and (found.k - 1) % batch == 0  # whole batches, and never fewer
            np.testing.assert_array_equal(found.labels, found.ids)
            np.testing.assert_array_equal(index.payload(found.ids), found.ids)
            assert sorted(found.ids[0].tolist()) == list(range(found.k))
            assert sum(index.class_sizes().values()) >= n
            seen = n

    def save():
        while not done.is_set():
            index.save(tmp_path / "index.npz")
            again = Index.load(tmp_path / "index.npz")
            ids = np.arange(len(again))
            assert (len(again) - 1) % batch == 0
            np.testing.assert_array_equal(again.payload(ids), ids)

    in_threads(grow, look_up, look_up, save)
    assert len(index) == 1 + batch * batches


def test_a_save_in_the_middle_of_an_add_waits_for_its_end(tmp_path, monkeypatch):
    index, path = Index().add(X, Y, IMAGES), tmp_path / "index.npz"
    saver, add = threading.Thread(target=index.save, args=(path,)), search.ExactSearch.add

    def save_meanwhile(self, vectors):  # labels and payloads are in already, the vectors are not
        saver.start()
        saver.join(0.2)
        add(self, vectors)

    with monkeypatch.context() as patch:
        patch.setattr(search.ExactSearch, "add", save_meanwhile)
        index.add(X, Y, IMAGES)
        saver.join()
    assert_same_index(Index.load(path), index)


def test_a_lookup_during_a_reset_answers_from_what_was_there(monkeypatch):
    index = Index().add(X, Y, IMAGES)
    before, searched = index.lookup(QUERIES), search.ExactSearch.search

    def reset_meanwhile(self, *arguments):
        answer = searched(self, *arguments)
        index.reset()
        index.add(X[:1], [99], IMAGES[:1])
        return answer

    monkeypatch.setattr(search.ExactSearch, "search", reset_meanwhile)
    assert_same(index.lookup(QUERIES), before)
    assert len(index) == 1


def test_a_calibration_is_kept_with_the_index_and_in_its_file(tmp_path):
    x = np.random.default_rng(0).normal(size=(60, 4))
    index = Index("euclidean").add(x, np.arange(60) % 3)
    assert index.calibration is None
    index.calibration = calibrate(index.lookup(x + 0.1), np.arange(60) % 3, targets=["recall >= 0.5"])
    index.remove([0])
    index.save(tmp_path / "index.npz")
    again = Index.load(tmp_path / "index.npz")
    assert repr(again.calibration) == repr(index.calibration)
    assert again.calibration.distance("recall >= 0.5") == index.calibration.distance("recall >= 0.5")
    index.reset()
    assert index.calibration is None  # it was made for what was there
    with pytest.raises(ValueError, match="calibration must be a `Calibration`; got float"):
        index.calibration = 0.5
