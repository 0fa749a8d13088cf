"""One contract for all backends and stores: ids, removing, replacing, filters, leaving out, reading back."""

import threading

import numpy as np
import pytest
from test_search_contract import D, places, wanted  # noqa: F401

from simlib import Index, NotReadyError

rng = np.random.default_rng(1)
X = rng.normal(size=(240, D)).astype(np.float32)
NAMES = np.array(["cat", "dog", "eel", "fox"])[rng.integers(0, 4, 240)]
KEYS = np.array([f"item {i:03d} ü" for i in rng.permutation(240)])
QUERIES = rng.normal(size=(9, D)).astype(np.float32)


class Referee:
    """The same by a dict and a loop: key -> (vector, label, payload), in the order of adding."""

    def __init__(self):
        self.items = {}

    def add(self, x, labels, payload, ids):
        self.items |= dict(zip(ids.tolist(), zip(x, labels, payload)))

    def remove(self, ids):
        for i in ids:
            del self.items[i]

    def replace(self, ids, x, labels=None, payload=None):
        _, old_labels, old_payload = zip(*map(self.items.pop, ids.tolist()))
        self.add(
            x, old_labels if labels is None else labels, old_payload if payload is None else payload, ids
        )

    def lookup(self, query, k, among=None, without=None):
        left = [(i, *v) for i, v in self.items.items() if i != without and (among is None or v[1] in among)]
        far = [float(np.sqrt(((query - v[1]).astype(np.float64) ** 2).sum())) for v in left]
        best = sorted(range(len(left)), key=far.__getitem__)[:k]
        return [left[j][0] for j in best], [left[j][2] for j in best], [far[j] for j in best]


def assert_answers(index, referee, queries=QUERIES, k=7, among=None, without=None):
    found = index.lookup(queries, k, among=among, without=without)
    shown, widest = np.reshape(found.classes.show(found.labels.ravel()), found.labels.shape), 0
    nobody = "" if found.ids.dtype.kind == "U" else -1
    for row, query in enumerate(queries):
        ids, labels, far = referee.lookup(query, k, among, None if without is None else without[row])
        n = len(ids)
        widest = max(widest, n)
        assert found.ids[row, :n].tolist() == ids and shown[row, :n].tolist() == labels
        np.testing.assert_allclose(found.distances[row, :n], far, rtol=1e-6)
        assert np.isinf(found.distances[row, n:]).all() and (found.labels[row, n:] == -1).all()
        assert (found.ids[row, n:] == nobody).all()
    assert found.k == widest


def living(wanted, keys):
    """An index and its referee after some life: added in parts, removed, replaced, added again."""
    index, referee = Index("euclidean", search=wanted), Referee()
    for part in np.split(np.arange(200), [1, 90, 150]):
        for one in (index, referee):
            one.add(X[part], NAMES[part], part, ids=keys[part])
    for one in (index, referee):
        one.remove(keys[np.arange(0, 200, 3)])
        one.replace(keys[[1, 4, 100]], X[[201, 202, 203]], ["fox", "new", "cat"], np.array([7, 8, 9]))
        one.replace(keys[[7, 10]], X[[204, 205]])  # and keeps what belongs to them
        one.replace(keys[[10, 13]], X[[206, 207]], payload=np.array([5, 6]))
        one.add(X[210:], NAMES[210:], np.arange(210, 240), ids=keys[210:])
        one.remove(keys[[1, 239]])
    return index, referee


@pytest.fixture(params=["text", "numbers"])
def keys(request):
    return KEYS if request.param == "text" else np.random.default_rng(2).permutation(10**6)[:240]


def test_after_any_life_it_answers_as_the_referee(wanted, keys):
    index, referee = living(wanted, keys)
    assert len(index) == len(referee.items) and set(index.ids.tolist()) == set(referee.items)
    assert_answers(index, referee)
    assert_answers(index, referee, k=500)
    assert_answers(index, referee, among=["cat"])
    assert_answers(index, referee, among=["new", "dog"], k=60)
    own = index.ids[5:14]
    assert_answers(index, referee, index.vectors(own), without=own)
    assert_answers(index, referee, index.vectors(own), without=own, k=500)
    assert_answers(index, referee, index.vectors(own), without=own, among=["fox", "eel"], k=60)


def test_labels_vectors_and_payloads_are_read_back_by_id(wanted, keys, tmp_path):
    index, referee = living(wanted, keys)
    index.save(tmp_path / "index.npz")
    for one in (index, Index.load(tmp_path / "index.npz", connect=places(wanted))):
        ids = one.ids[::-1][:20].reshape(4, 5)
        expected = [referee.items[i] for i in ids.ravel().tolist()]
        np.testing.assert_array_equal(one.vectors(ids).reshape(20, D), [v for v, _, _ in expected])
        np.testing.assert_array_equal(one.payload(ids).ravel(), [p for _, _, p in expected])
        labels = dict(zip(one.ids.tolist(), one.labels.tolist()))
        assert labels == {i: label for i, (_, label, _) in referee.items.items()}
        assert_answers(one, referee)


def test_an_id_is_never_given_twice(wanted, tmp_path):
    index = Index("euclidean", search=wanted).add(X[:5], NAMES[:5])
    index.remove(index.ids[3:])
    index.save(tmp_path / "index.npz")
    again = Index.load(tmp_path / "index.npz", connect=places(wanted))
    before = set(index.ids.tolist())
    again.add(X[5:7], NAMES[5:7])
    assert len(set(again.ids.tolist())) == 5 and before < set(again.ids.tolist())
    if not places(wanted):
        assert again.ids.tolist() == [0, 1, 2, 5, 6]


def test_a_refused_change_changes_nothing(wanted):
    index, referee = living(wanted, KEYS)
    there, gone = index.ids[:2], KEYS[:1]
    for change, message in [
        (lambda: index.add(X[:2], NAMES[:2], [1, 2], ids=[there[0], "new"]), "there already; use `replace`"),
        (lambda: index.add(X[:2], NAMES[:2], [1, 2], ids=["new", "new"]), "'new' is given twice"),
        (lambda: index.remove([there[0], gone[0]]), "^ids: there is no item with the id"),
        (lambda: index.replace(gone, X[:1]), "^ids: there is no item with the id"),
        (lambda: index.vectors(gone), "^ids: there is no item with the id"),
        (lambda: index.replace(there, X[:2] * np.nan), "NaN"),
        (lambda: index.replace(there, X[:2], payload=[[1], [2]]), "payload entries are"),
        (lambda: index.replace(there, X[:2, :3]), "3 dimensions"),
        (lambda: index.replace(there, X[:1]), "ids must be distinct, one for each of 1"),
        (lambda: index.add(X[:1], NAMES[:1], [1], ids=[5]), "those there are like"),
        (lambda: index.lookup(X[:1], among=["cart"]), "among must name classes"),
        (lambda: index.lookup(X[:1], among="cat"), "among must be a list"),
        (lambda: index.lookup(X[:2], without=there[:1]), "1 entries, but there are 2 queries"),
        (lambda: index.lookup(X[:1], without=gone), "^without: there is no item with the id"),
    ]:
        with pytest.raises(ValueError, match=message):
            change()
        assert_answers(index, referee)


def test_all_can_be_removed_and_it_can_begin_anew(wanted):
    index = Index("euclidean", search=wanted).add(X[:20], NAMES[:20], X[:20])
    index.remove(index.ids)
    assert len(index) == 0 and index.class_sizes() == {}
    with pytest.raises(NotReadyError):
        index.lookup(QUERIES)
    referee = Referee()
    for one in (index, referee):
        one.add(X[30:50], NAMES[30:50], X[30:50], ids=np.arange(30, 50))
    assert_answers(index, referee)


def test_items_without_a_label_are_found_and_never_match(wanted, tmp_path):
    index = Index("euclidean", search=wanted).add(X[:5], ids=np.arange(5))
    index.add(X[5:9], NAMES[5:9], ids=np.arange(5, 9))
    index.save(tmp_path / "index.npz")
    index = Index.load(tmp_path / "index.npz", connect=places(wanted))
    assert index.labels.tolist() == ["unknown"] * 5 + NAMES[5:9].tolist()
    assert sum(index.class_sizes().values()) == 4
    found = index.lookup(X[:9], k=1)
    assert (found.distances == 0).all() and (found.labels[:5] == -1).all()


def test_who_looks_up_sees_all_of_a_change_or_nothing():
    """One class at each end; each change moves every item from one to the other."""
    ends = np.array([[0.0, 0.0], [9.0, 9.0]])
    index = Index("euclidean").add(np.repeat(ends[:1], 50, 0), ["left"] * 50, np.zeros(50))
    stop, wrong = threading.Event(), []

    def look():
        while not stop.is_set():
            found = index.lookup(ends[:1], k=60)
            payload = np.unique(found.labels), found.k
            if len(payload[0]) != 1 or found.k != 50 or len(np.unique(found.distances)) != 1:
                wrong.append(found)

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    for turn in range(60):
        name = ["right", "left"][turn % 2]
        index.replace(
            index.ids, np.repeat(ends[1 - turn % 2][None], 50, 0), [name] * 50, np.full(50, float(turn))
        )
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong


def test_no_id_at_all_gives_nothing_and_an_empty_one_is_refused():
    index = Index().add(X[:3], NAMES[:3], ids=KEYS[:3])
    assert index.vectors([]).shape == (0, D) and len(index.remove([])) == 3
    assert Index().vectors([]).shape == (0, 0)
    with pytest.raises(ValueError, match="ids must be whole numbers of 0 or more, or text; got ''"):
        index.add(X[3:4], NAMES[3:4], ids=[""])
