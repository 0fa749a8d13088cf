"""Payloads in Milvus beside the vectors: in a collection of their own, as text (base64)."""

import base64

import numpy as np

from simlib.scale.disk import FixedStore
from simlib.scale.milvus import LONGEST_TEXT, Collection, InMilvus


class MilvusStore(InMilvus, FixedStore):
    """Payloads in Milvus beside the vectors: in a collection of their own, as text (base64).

    `uri`, `collection` and `timeout` are as in `MilvusSearch`. One item may have up to 49,149 bytes.
    """

    def __init__(self, uri="milvus.db", collection=None, timeout=30.0):
        self._collection = Collection(uri, collection, timeout)

    def check(self, items, length):
        """As in `FixedStore`; also, an item must not be too long for Milvus."""
        items = super().check(items, length)
        size = items[:1].nbytes
        if 4 * -(-size // 3) > LONGEST_TEXT:
            raise ValueError(f"payload: an entry has {size:,} bytes, too long for Milvus; use store='disk'.")
        return items

    def add(self, items):
        """Append checked items. They count once all have arrived."""
        raw = np.ascontiguousarray(items).reshape(len(items), -1).view(np.uint8)
        rows = [{"item": base64.b64encode(row).decode(), "vector": [0.0, 0.0]} for row in raw]
        keys = self._collection.add(rows, like=items[:0])  # with a vector, as Milvus asks for one
        self._keys = np.append(self._keys, keys)

    def get(self, rows):
        """A copy of the items in some rows (any shape), of the shape rows.shape + item shape."""
        wanted, where = np.unique(self._keys[rows], return_inverse=True)
        out = np.empty((len(wanted), *self.like.shape[1:]), self.like.dtype)
        for key, text in self._collection.fetch(wanted, "item"):
            item = np.frombuffer(base64.b64decode(text), out.dtype)
            out[np.searchsorted(wanted, key)] = item.reshape(out.shape[1:])
        return out[where].reshape((*np.shape(rows), *out.shape[1:]))

    def state(self):
        """What to save: where the items are, how many, their shape and dtype."""
        if not len(self):
            return {}
        what = {"payload_like": np.array(self.like[:0]), "payload_keys": self._keys}
        what["payload_length"] = np.int64(self._collection.length)
        return {**what, "payload_collection": np.array(self._collection.name)}

    def restore(self, state):
        """Find the items again; raises ValueError if they are not there."""
        if "payload_like" in state:
            name, length = str(state["payload_collection"]), int(state["payload_length"])
            self._keys = state.get("payload_keys", np.arange(length))
            self._collection.attach(name, self._keys, length, state["payload_like"])
