"""Payloads: what the index keeps beside each vector, such as the image itself.

A store has `add(items)`, `get(ids)`, `len()`, `reset()`, `truncate(n)`, and `state()` / `restore()`.
"""

import numpy as np

from simlib import checks


class MemoryStore:
    """Keeps payloads in memory, as one array: item i belongs to vector i."""

    name = "memory"

    def __init__(self):
        self.reset()

    def reset(self):
        """Forget all items."""
        self._parts, self._length = [], 0

    def __len__(self):
        return self._length

    def check(self, items, length):
        """Return `items` as an array that fits the ones before, or raise ValueError."""
        items = checks.as_array("payload", items)
        if items.ndim == 0 or len(items) != length:
            raise ValueError(f"payload must have one entry a vector ({length}); got {items.shape}.")
        if self._parts and items.shape[1:] != self._parts[0].shape[1:]:
            raise ValueError(
                f"payload entries have the shape {items.shape[1:]}, but those already there have "
                f"{self._parts[0].shape[1:]}; use one shape, or reset the index."
            )
        return items

    def add(self, items):
        """Append checked items, shape (n, ...)."""
        self._parts = [*self._parts, items.copy()]
        self._length += len(items)

    def truncate(self, length):
        """Keep the first `length` items."""
        kept = self._all()[:length]
        self._parts, self._length = ([kept] if length else []), length

    def get(self, ids):
        """The items at `ids` (any shape); the answer has the shape ids.shape + item shape."""
        return self._all()[ids]

    def _all(self):
        parts = self._parts
        if len(parts) > 1:  # join once, when first read after an add
            parts = [np.concatenate(parts)]
            self._parts = parts
        return parts[0] if parts else np.empty(0)

    def state(self):
        """What to save: name -> array."""
        return {"payload": self._all()} if self._length else {}

    def restore(self, state):
        """Take back what `state` gave."""
        self.reset()
        if "payload" in state:
            self.add(state["payload"])


STORES = {s.name: s for s in (MemoryStore,)}


def store(name):
    """Make the payload store called `name`."""
    return checks.choose("store", name, STORES)()
