"""What the index keeps beside each vector: its id, and its payload, such as the image itself.

A store has `check(items, length)`, `add(items)`, `get(rows)`, `kept(rows)`, `len()`, `reset()`, and
`state()` / `restore(state)` (name -> array) for saving and copying. `reset()` deletes what it keeps outside
of this process, too. `Growing`, rows that many threads read while one appends, also carries the vectors, and
the ids: keys of the caller's own, or 0, 1, 2, ...
"""

import numpy as np

from simlib import checks

LARGEST = np.iinfo(np.int64).max


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


def read_ids(name, value, length=None, of="items"):
    """Ids of items as an array (n,) of int64, 0 or more, or of text; ValueError for anything else."""
    ids = checks.labels(name, value, length, of, single=True, text=True, what="item ids")
    bad = ids[ids == "" if ids.dtype.kind == "U" else ids < 0]  # they stand for "none was found"
    if len(bad):
        raise ValueError(f"{name} must be whole numbers of 0 or more, or text; got {bad[0].item()!r}.")
    return ids


class Ids(Growing):
    """The items' ids: the caller's own, or 0, 1, 2, ... A number that was ever given is not drawn again."""

    def __init__(self, rows=None, following=0):
        super().__init__(np.empty(0, np.int64) if rows is None else rows)
        self.following, self._row = following, {}
        self.counted = not len(self.rows)  # just 0, 1, 2, ...: an id is a position

    def check(self, ids, n):
        """`ids` for n more items, or the next numbers; ValueError if one is there or they do not fit."""
        text = len(self) and self.rows.dtype.kind == "U"
        if ids is None:
            if text or self.following > LARGEST - n:
                raise ValueError("ids: nothing follows the ids that are there; give each item an id.")
            return np.arange(self.following, self.following + n)
        ids = read_ids("ids", ids, n)
        if len(self) and len(ids) and text != (ids.dtype.kind == "U"):
            raise ValueError(f"ids: got {ids[0].item()!r}, but those there are like {self.rows[0].item()!r}.")
        distinct, times = np.unique(ids, return_counts=True)
        for taken, why in ((ids[self.find(ids) >= 0], "there already; use `replace`"),
                           (distinct[times > 1], "given twice")):  # fmt: skip
            if len(taken):
                raise ValueError(f"ids: {taken[0].item()!r} is {why}.")
        return ids

    def add(self, items):
        start = len(self)
        if items.dtype.kind == "i":
            self.counted &= bool((items == np.arange(start, start + len(items))).all())
            self.following = max(self.following, int(items.max()) + 1)
        else:
            self.counted = False
        super().add(items)

    def find(self, ids):
        """int64: the position of each of the ids (n,); -1 where there is none."""
        rows = self.rows
        if self.counted and ids.dtype.kind == "i":
            return np.where(ids < len(rows), ids, -1)
        row = self._row  # filled as it is needed: two threads may do it twice, to the same end
        row.update(zip(rows[len(row) :].tolist(), range(len(row), len(rows))))
        found = np.array([row.get(i, -1) for i in ids.tolist()], np.int64)
        return np.where(found < len(rows), found, -1)


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
