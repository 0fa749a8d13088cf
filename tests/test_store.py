"""The array that grows beneath labels, vectors and payloads, and the one store that widens its dtype."""

import numpy as np

from simlib import store
from simlib.store import Growing


def test_memory_widens_numbers_and_text_as_they_come():
    for parts in ([np.float32([1, 2]), np.float64([1 / 3])], [["a", "bc"], ["a longer one"]]):
        memory = store.store("memory")
        for part in parts:
            memory.add(memory.check(part, len(part)))
        np.testing.assert_array_equal(memory.get(np.arange(len(memory))), np.concatenate(parts))


def test_growing_many_small_adds_equal_one_and_copy_seldom():
    one, buffers = Growing(np.empty((0, 2))), []
    for i in range(1000):
        one.add(np.full((1, 2), i))
        buffers.append(one.rows)  # kept, or the next might be in its place
    np.testing.assert_array_equal(one.rows, np.repeat(np.arange(1000.0)[:, None], 2, axis=1))
    assert len({rows.ctypes.data for rows in buffers}) < 20


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
