"""The items' ids: keys of the caller's own, or 0, 1, 2, ..."""

import numpy as np

from simlib import checks
from simlib.store import Growing

LARGEST = np.iinfo(np.int64).max


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
