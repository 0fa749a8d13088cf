"""`Growing`: rows that are appended in place, read by many threads while one appends."""

import numpy as np


class Growing:
    """An array to which rows are added; `rows` is a view of those that are there.

    The buffer doubles when it is full, so that many small adds stay cheap.

    >>> labels = Growing([7, 1])
    >>> labels.add([3])
    >>> labels.rows
    array([7, 1, 3])
    """

    def __init__(self, rows=()):
        self.rows = self._buffer = np.array(rows)

    def __len__(self):
        return len(self.rows)

    def add(self, items):
        """Append an array (n, ...) of the shape and kind of the rows before it."""
        items = np.asarray(items)
        if not len(self.rows):
            self.rows = self._buffer = items.copy()
            return
        used, total = len(self.rows), len(self.rows) + len(items)
        dtype = np.result_type(self._buffer, items)
        if total > len(self._buffer) or dtype != self._buffer.dtype:
            buffer = np.empty((max(total, 2 * used), *items.shape[1:]), dtype)
            buffer[:used] = self.rows
            self._buffer = buffer
        self._buffer[used:total] = items
        self.rows = self._buffer[:total]  # one assignment: a reader sees all the new rows or none

    def truncate(self, length):
        """Keep the first `length` rows."""
        self.rows = self.rows[:length]
