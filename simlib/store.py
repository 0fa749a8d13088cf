"""Payloads: what the index keeps beside each vector, such as the image itself.

A store has `check(items, length)`, `add(items)`, `get(rows)`, `kept(rows)`, `len()`, `reset()`, and
`state()` / `restore(state)` (name -> array) for saving and copying. `reset()` deletes what it keeps outside
of this process, too. `Growing`, rows that many threads read while one appends, also carries the vectors.
"""

import numpy as np

from simlib import checks


class Growing:
    """An array to which rows are added, cheaply, as its buffer doubles; `rows` views those that are there.

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


class MemoryStore(Growing):
    """Keeps payloads in memory, as one array: item i belongs to vector i."""

    name = "memory"

    def reset(self):
        super().__init__()

    @property
    def like(self):
        """An array of the items' shape and dtype, whatever its length; None while there are none."""
        return self.rows if len(self) else None

    def check(self, items, length):
        """Return `items` as an array that fits the ones before, or raise ValueError."""
        items = checks.as_array("payload", items)
        if items.ndim == 0 or len(items) != length:
            raise ValueError(f"payload must have one entry a vector ({length}); got {items.shape}.")
        there = self.like
        if there is not None and (items.shape[1:], items.dtype.kind) != (there.shape[1:], there.dtype.kind):
            cure = f"those there are {there.dtype} of {there.shape[1:]}; use one shape and kind, or reset."
            raise ValueError(f"payload entries are {items.dtype} of the shape {items.shape[1:]}, but {cure}")
        return items

    def get(self, rows):
        """A copy of the items in some rows (any shape), of the shape rows.shape + item shape."""
        return self.rows[rows]

    def kept(self, rows):
        """A new store with the items of these rows alone; this one stays as it is."""
        other = type(self)()
        other.add(self.get(rows))
        return other

    def state(self):
        return {"payload": self.rows} if len(self) else {}

    def restore(self, state):
        self.reset()
        if "payload" in state:
            self.add(checks.rows("payload", state["payload"]))


STORES = {"memory": "store.MemoryStore", "disk": "scale.disk.DiskStore"}


def store(given):
    """Make a payload store: by name, or {"name": ..., **options}."""
    return checks.construct("store", given, STORES)
