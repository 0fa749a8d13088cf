"""Labels are ids or names, everywhere the same: ids inside, names outside."""

import numpy as np
import pandas as pd
import pytest

import simlib
from simlib import Classes, Index, Neighbors, metrics, plots

rng = np.random.default_rng(0)
NAMES = np.array(["Äpfel", "dog", "eel", "fox", "gnu"])
IDS = rng.integers(0, 4, 120)  # nobody's is a gnu: it is a stranger
X = rng.normal(size=(120, 8)) + 3 * np.eye(8)[IDS]
TRUE = np.append(rng.integers(0, 4, 50), [4] * 10)
QUERIES = rng.normal(size=(60, 8)) + 3 * np.eye(8)[TRUE]
FORMS = {
    "array": np.asarray,
    "list": lambda names: names.tolist(),
    "objects": lambda names: names.astype(object),
    "Series": pd.Series,
    "Categorical": pd.Categorical,
    "string[python]": lambda names: pd.Series(names, dtype="string"),
    "bytes": lambda names: np.char.encode(names, "utf-8"),
}


@pytest.fixture(params=FORMS)
def form(request):
    return FORMS[request.param]


def both(call):
    """What `call(labels_of)` gives with ids, and with names."""
    return call(lambda ids: np.asarray(ids)), call(lambda ids: NAMES[ids])


def near(labels_of):
    return Index("euclidean").add(X, labels_of(IDS)).lookup(QUERIES, k=40)


def match(labels_of, **how):
    return simlib.match(near(labels_of), 2.5, **how)


NUMBERS = {  # what is counted or measured is the same, whatever the classes are called
    "calibrate": lambda of: repr(simlib.calibrate(near(of), of(TRUE), targets=["fpr <= 0.1"])),
    "bootstrap": lambda of: repr(simlib.bootstrap(near(of), of(TRUE), resamples=50)),
    "guarantee": lambda of: repr(simlib.guaranteed_cutpoint(near(of), of(TRUE), "recall >= 0.5")),
    "open set": lambda of: repr(simlib.open_set(near(of), of(TRUE), of([0, 1, 2, 3]), of([4]))),
    "base rate": lambda of: repr(simlib.base_rate(near(of), of(TRUE), of([0, 1, 2, 3]), 2.5)),
    "classification": lambda of: metrics.classification(match(of), of(TRUE), {"a": of([0, 4]), "b": of([2])}),
    "confusion": lambda of: metrics.confusion_matrix(match(of), of(TRUE), of(range(5))).tolist(),
    "retrieval": lambda of: repr(
        metrics.retrieval(near(of), of(TRUE), dict(zip(of([0, 1, 2, 3]), np.bincount(IDS).tolist())))
    ),
    "explorer": lambda of: (
        simlib.explore_threshold(near(of), of(TRUE), groups={"strange": of([4])}).view(2.5, "strange").words
    ),
}


@pytest.mark.parametrize("call", NUMBERS.values(), ids=NUMBERS)
def test_names_change_no_number(call):
    by_id, by_name = both(call)
    assert by_id == by_name


def test_every_form_of_names_is_read_alike(form):
    index = Index("euclidean").add(X, form(NAMES[IDS]))
    found = index.lookup(QUERIES, k=5)
    assert index.labels.tolist() == NAMES[IDS].tolist()
    assert simlib.match(found, 2.5).tolist() == match(lambda ids: NAMES[ids]).tolist()
    expected = simlib.calibrate(near(np.asarray).first(5), TRUE)
    assert repr(simlib.calibrate(found, form(NAMES[TRUE]))) == repr(expected)


def test_a_match_is_a_name_and_never_a_position_in_a_list_of_names():
    """`names[model.match(x)]` made every unknown, -1, the last class: now `match` gives the names itself."""
    answers = match(lambda ids: NAMES[ids])
    ids = match(np.asarray)
    assert (ids == -1).any()  # or this test could not fail
    assert answers.tolist() == [NAMES[i] if i >= 0 else "unknown" for i in ids]
    with pytest.raises(IndexError):
        NAMES[answers]


@pytest.mark.parametrize("taken", ["dog", 2])
def test_what_the_unknown_are_called_is_no_class(taken):
    of = (lambda ids: NAMES[ids]) if isinstance(taken, str) else np.asarray
    with pytest.raises(ValueError, match=f"no_match_label: a class is called {taken!r} too"):
        match(of, no_match_label=taken)
    # Even where none of these queries has met that class.
    few = Index("euclidean").add(X, of(IDS)).lookup(X[IDS == 0][:1], k=1)
    with pytest.raises(ValueError, match="no_match_label"):
        simlib.match(few, 2.5, no_match_label=taken)


def test_another_word_for_the_unknown_is_understood_where_answers_are_judged():
    for of, word in (np.asarray, 10), (lambda ids: NAMES[ids], "nobody I know"):
        own, usual = match(of, no_match_label=word), match(of)
        assert (own == word).any()
        assert metrics.classification(own, of(TRUE), no_match_label=word) == metrics.classification(
            usual, of(TRUE)
        )
        matrices = [
            metrics.confusion_matrix(own, of(TRUE), of(range(5)), no_match_label=word),
            metrics.confusion_matrix(usual, of(TRUE), of(range(5))),
        ]
        np.testing.assert_array_equal(*matrices)


def test_a_class_may_be_called_unknown_if_another_word_is_chosen():
    found = Index("euclidean").add([[0.0], [9.0]], ["unknown", "cat"]).lookup([[0.1], [5.0]], k=1)
    with pytest.raises(ValueError, match="a class is called 'unknown' too"):
        simlib.match(found, 1.0)
    assert simlib.match(found, 1.0, no_match_label="nobody").tolist() == ["unknown", "nobody"]


def test_a_new_name_keeps_the_old_ids(tmp_path):
    index = Index("euclidean").add([[0.0], [1.0]], ["eel", "fox"])
    before = index.lookup([[0.0], [1.0]], k=1)
    index.add([[2.0], [3.0]], ["ant", "eel"])
    index.save(tmp_path / "index.npz")
    for one in (index, Index.load(tmp_path / "index.npz")):
        after = one.lookup([[0.0], [1.0], [2.0], [3.0]], k=1)
        assert after.labels[:2].tolist() == before.labels.tolist()
        assert simlib.match(after, 0.5).tolist() == ["eel", "fox", "ant", "eel"]
        assert list(one.class_sizes().items()) == [("eel", 2), ("fox", 1), ("ant", 1)]


def test_neighbors_show_names_and_take_them():
    found = Neighbors([["cat", "dog"]], [[0.1, 0.2]], [["a", "b"]])
    assert "query 0: cat at 0.1000, dog at 0.2000" in repr(found)
    assert "query 0: cat at 0.1000" in repr(found[:1].first(1))


@pytest.mark.parametrize(
    "labels, message",
    [
        (["cat"], "got 'cat', but the classes here are numbers, such as 0"),
        ([None], "row 0 lacks one"),
        (["cat", 3], "mixes text and others|has 2 entries"),
        ([b"\xff"], "."),
    ],
)
def test_names_among_numbers_are_refused(labels, message):
    with pytest.raises(ValueError, match=message):
        Index("euclidean").add(X[:1], [0]).add(X[:1], labels)
    named = Index("euclidean").add(X[:1], ["cat"])
    with pytest.raises(ValueError, match="got 3, but the classes here are names, such as 'cat'"):
        named.add(X[:1], [3])
    with pytest.raises(ValueError, match="but the classes here are names"):
        simlib.calibrate(named.lookup(X[:1], k=1), [0])


def test_nobody_is_nobody_by_number_and_by_word():
    found = Neighbors([["cat"], ["cat"]], [[0.1], [0.2]], [[0], [1]])
    shares = metrics.classification(simlib.match(found, 0.15), ["cat", "unknown"])
    assert shares["overall"]["right"] == 1.0
    assert simlib.calibrate(found, ["cat", "unknown"])["optimal"].scores["precision"] == 1.0


def test_pictures_are_titled_with_names():
    found, images = near(lambda ids: NAMES[ids])[:3].first(5), np.zeros((3, 4, 4))
    titles = [
        ax.get_title()
        for figure in (
            plots.neighbor_strips(images, NAMES[TRUE[:3]], found, np.zeros((3, 5, 4, 4))),
            plots.decision_strip(images, NAMES[TRUE[:3]], found, 2.5),
        )
        for ax in figure.axes
    ]
    text = " ".join(titles)
    assert all(name in text for name in NAMES[TRUE[:3]]) and "query: " in text


def test_a_long_list_of_names_costs_a_lookup_nothing():
    index = Index("euclidean").add(np.arange(50_000.0)[:, None], [f"person {i}" for i in range(50_000)])
    assert simlib.match(index.lookup([[77.2]], k=1), 0.5).tolist() == ["person 77"]
    assert Classes() is not index.classes and "person 77" in index.classes
