"""`Neighbors`: frozen, checked, sliceable, readable."""

import numpy as np
import pytest

from simlib import Neighbors

LABELS, DISTANCES, IDS = (
    [[7, 1], [2, 2], [3, -1]],
    [[0.1, 0.2], [0.0, 0.0], [0.5, np.inf]],
    [[4, 9], [1, 2], [3, -1]],
)


def made():
    return Neighbors(LABELS, DISTANCES, IDS)


def test_holds_what_it_was_given_in_fixed_dtypes():
    n = made()
    assert (len(n), n.k) == (3, 2)
    assert (n.labels.dtype, n.distances.dtype, n.ids.dtype) == (np.int64, np.float32, np.int64)
    np.testing.assert_array_equal(n.labels, LABELS)
    np.testing.assert_array_equal(n.distances, np.float32(DISTANCES))
    np.testing.assert_array_equal(n.ids, IDS)


@pytest.mark.parametrize("name", ["labels", "distances", "ids"])
def test_is_frozen_and_shares_nothing_with_its_makers(name):
    given = {"labels": np.array(LABELS), "distances": np.float32(DISTANCES), "ids": np.array(IDS)}
    n = Neighbors(**given)
    given[name][0, 0] = 0  # the caller's array may change; ours does not
    assert getattr(n, name)[0, 0] == getattr(made(), name)[0, 0]
    with pytest.raises(ValueError, match="read-only"):
        getattr(n, name)[0, 0] = 5
    with pytest.raises(AttributeError):
        setattr(n, name, given[name])


@pytest.mark.parametrize(
    "rows, wanted",
    [(1, [1]), (-1, [2]), (slice(0, 2), [0, 1]), ([2, 0], [2, 0]), (np.array([True, False, True]), [0, 2])],
)
def test_rows_keep_label_distance_and_id_together(rows, wanted):
    part = made()[rows]
    np.testing.assert_array_equal(part.labels, np.array(LABELS)[wanted])
    np.testing.assert_array_equal(part.distances, np.float32(DISTANCES)[wanted])
    np.testing.assert_array_equal(part.ids, np.array(IDS)[wanted])


@pytest.mark.parametrize("k, width", [(0, 0), (1, 1), (2, 2), (9, 2)])
def test_first_takes_the_nearest_k(k, width):
    first = made().first(k)
    np.testing.assert_array_equal(first.labels, np.array(LABELS)[:, :width])
    np.testing.assert_array_equal(first.distances, np.float32(DISTANCES)[:, :width])


def test_repr_shows_three_queries_and_five_neighbours_each():
    assert repr(made()[0]) == "Neighbors of 1 query, k = 2\n  query 0: 7 at 0.1000, 1 at 0.2000"
    many = Neighbors(np.zeros((5, 7), int), np.zeros((5, 7)), np.zeros((5, 7), int))
    assert repr(many).splitlines()[0] == "Neighbors of 5 queries, k = 7"
    assert repr(many).splitlines()[1] == "  query 0: " + "0 at 0.0000, " * 5 + "..."
    assert repr(many).splitlines()[3:] == ["  query 2: " + "0 at 0.0000, " * 5 + "...", "  ... 2 more"]
    few = many[:3].first(5)
    assert repr(few).splitlines()[3:] == ["  query 2: " + ", ".join(["0 at 0.0000"] * 5)]
    assert repr(many[:4].first(6)).splitlines()[3:] == [
        "  query 2: " + "0 at 0.0000, " * 5 + "...", "  ... 1 more"
    ]  # fmt: skip


def test_no_queries():
    n = Neighbors(np.empty((0, 3), int), np.empty((0, 3)), np.empty((0, 3), int))
    assert (len(n), n.k) == (0, 3)
    assert repr(n) == "Neighbors of 0 queries, k = 3"
