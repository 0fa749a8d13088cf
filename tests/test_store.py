"""The payload store and the array that grows beneath it."""

import numpy as np
import pytest

from simlib import store
from simlib.store import Growing


def filled(*parts):
    one = store.store("memory")
    for part in parts:
        one.add(one.check(part, len(part)))
    return one


@pytest.mark.parametrize(
    "parts",
    [
        [np.arange(4)],
        [np.zeros((2, 3, 3), np.uint8), np.ones((5, 3, 3), np.uint8), np.full((1, 3, 3), 7, np.uint8)],
        [np.float32([1, 2]), np.float64([1 / 3])],
        [["a", "bc"], ["a longer one"]],
        [np.array([True, False]), np.array([True])],
    ],
)
def test_gives_back_what_was_added_in_any_shape_of_ids(parts):
    one, whole = filled(*parts), np.concatenate(parts)
    assert len(one) == len(whole)
    ids = np.array([[0, len(whole) - 1], [1, 0]])
    np.testing.assert_array_equal(one.get(ids), whole[ids])
    np.testing.assert_array_equal(one.state()["payload"], whole)


def test_keeps_and_gives_copies():
    items = np.zeros((3, 2))
    one = filled(items)
    items += 1
    one.get(np.array([0, 1]))[:] = 5
    one.get(np.array(2))[:] = 5
    assert not one.get(np.arange(3)).any()


def test_truncate_then_add_then_reset():
    one = filled(np.arange(4), np.arange(4, 6))
    one.truncate(3)
    one.add(np.array([9]))
    assert one.get(np.arange(4)).tolist() == [0, 1, 2, 9]
    one.truncate(0)
    one.add(np.array([[1, 2]]))  # empty again, so any shape will do
    assert one.get(np.array([0])).tolist() == [[1, 2]]
    one.reset()
    assert len(one) == 0 and one.state() == {}


def test_restore():
    again = store.store("memory")
    again.restore(filled(np.arange(3)).state())
    assert again.get(np.arange(3)).tolist() == [0, 1, 2]
    again.restore({})
    assert len(again) == 0


@pytest.mark.parametrize(
    "items, length, message",
    [
        (np.zeros(3), 2, "payload must have one entry a vector"),
        (5, 1, "payload must have one entry a vector"),
        ([[1], [1, 2]], 2, "payload: rows of different lengths"),
        ([{}, None], 2, "payload must be an array of numbers"),
        (np.array([(1, None)], dtype=[("a", int), ("b", object)]), 1, "payload must be an array of numbers"),
        (np.zeros((2, 3)), 2, "use one shape and kind"),
        (["a", "b"], 2, "use one shape and kind"),
    ],
)
def test_bad_payload(items, length, message):
    with pytest.raises(ValueError, match=message):
        filled(np.zeros((1, 2))).check(items, length)


def test_growing_many_small_adds_equal_one_and_copy_seldom():
    one, buffers = Growing(np.empty((0, 2))), []
    for i in range(1000):
        one.add(np.full((1, 2), i))
        if not buffers or one._buffer is not buffers[-1]:  # kept, or the next might be in its place
            buffers.append(one._buffer)
    np.testing.assert_array_equal(one.rows, np.repeat(np.arange(1000.0)[:, None], 2, axis=1))
    assert len(buffers) < 20


def test_growing_keeps_the_digits_of_those_that_are_there():
    one = Growing(np.float64([1 / 3]))
    one.add(np.float32([0.5]))
    assert one.rows.tolist() == [1 / 3, 0.5]


def test_a_view_taken_before_an_add_stays_as_it_was():
    one = Growing([1, 2, 3])
    one.add([4])
    before = one.rows
    for i in range(50):
        one.add([i])
    assert before.tolist() == [1, 2, 3, 4]
