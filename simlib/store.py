"""Payloads: what the index keeps beside each vector, such as the image itself.

A store has `add(items)`, `get(ids)`, `len()`, `reset()`, `truncate(n)`, and `state()` / `restore()`.
"""

from simlib import checks
from simlib.growing import Growing


class MemoryStore:
    """Keeps payloads in memory, as one array: item i belongs to vector i."""

    name = "memory"

    def __init__(self):
        self.reset()

    def reset(self):
        """Forget all items."""
        self._items = Growing()

    def __len__(self):
        return len(self._items)

    def check(self, items, length):
        """Return `items` as an array that fits the ones before, or raise ValueError."""
        items = checks.as_array("payload", items)
        if items.ndim == 0 or len(items) != length:
            raise ValueError(f"payload must have one entry a vector ({length}); got {items.shape}.")
        there = self._items.rows
        if len(there) and (items.shape[1:], items.dtype.kind) != (there.shape[1:], there.dtype.kind):
            raise ValueError(
                f"payload entries are {items.dtype} of the shape {items.shape[1:]}, but those already "
                f"there are {there.dtype} of {there.shape[1:]}; use one shape and kind, or reset the index."
            )
        return items

    def add(self, items):
        """Append checked items, shape (n, ...)."""
        self._items.add(items)

    def truncate(self, length):
        """Keep the first `length` items."""
        self._items.truncate(length)

    def get(self, ids):
        """A copy of the items at `ids` (any shape), of the shape ids.shape + item shape."""
        return self._items.rows[ids]

    def state(self):
        """What to save: name -> array."""
        return {"payload": self._items.rows} if len(self) else {}

    def restore(self, state):
        """Take back what `state` gave."""
        self.reset()
        if "payload" in state:
            self.add(checks.rows("payload", state["payload"]))


STORES = {s.name: s for s in (MemoryStore,)}


def store(name):
    """Make the payload store called `name`."""
    return checks.choose("store", name, STORES)()
