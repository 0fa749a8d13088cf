"""Payloads in a file: they may exceed the memory."""

import shutil
import tempfile
import weakref
from pathlib import Path

import numpy as np

from simlib import checks
from simlib.store import MemoryStore


class FixedStore(MemoryStore):
    """What the stores outside of memory share: the first items fix the dtype of all."""

    def check(self, items, length):
        """As in `MemoryStore`; also, the items must fit the dtype of those that are there."""
        items = super().check(items, length)
        dtype = items.dtype if self.like is None else self.like.dtype
        if not np.can_cast(items.dtype, dtype):
            raise ValueError(
                f"payload entries are {items.dtype}, and the {self.name} store was begun with {dtype}; "
                f"convert them, or reset the index and begin with {items.dtype}."
            )
        return items.astype(dtype, copy=False)

    def state(self):
        """What to save of items that stay where they are: how many, their shape and dtype."""
        if not len(self):
            return {}
        return {"payload_like": np.array(self.like[:0]), "payload_length": np.int64(len(self))}


class DiskStore(FixedStore):
    """Keeps payloads in a plain `.npy` file, and reads those that are asked for.

    Args:
        path: a new file, to keep. A saved index, and a copy or a pickle of it, then holds its name alone and
            needs it: several may read it, one may add or reset. None takes a temporary file: what is saved
            holds the payloads themselves, and a copy has a file of its own.

    Raises FileExistsError, when the first items are added, if there is a file at `path` already.

    >>> from simlib import Index
    >>> index = Index("euclidean", store="disk").add([[0.0], [2.0]], [7, 1], payload=["a", "b"])
    >>> index.payload([[1, 0]]).tolist()
    [['b', 'a']]
    """

    name = "disk"

    def __init__(self, path=None):
        self._own, self._rows = path is None, None
        if self._own:
            path = Path(tempfile.mkdtemp(prefix="simlib-")) / "payload.npy"
            weakref.finalize(self, shutil.rmtree, path.parent, ignore_errors=True)
        self.path = checks.path("path", path)

    def reset(self):
        """Forget all items, and delete the file; who still reads it can go on."""
        if self._rows is not None:
            self.path.unlink(missing_ok=True)
            self._rows = None

    def __len__(self):
        return 0 if self._rows is None else len(self._rows)

    @property
    def like(self):
        return self._rows if len(self) else None

    def add(self, items):
        """Append checked items. The header, which counts them, is written last."""
        new = self._rows is None
        if new and self.path.exists():
            cure = "Load the index that belongs to it, choose another path, or delete it."
            raise FileExistsError(f"store: {self.path} exists. {cure}")
        items = np.ascontiguousarray(items)
        try:
            with open(self.path, "wb" if new else "r+b") as file:
                start = self._write_header(file, items, len(self))
                file.seek(start + len(self) * items[:1].nbytes)
                file.write(items.reshape(-1).view(np.uint8))
                self._write_header(file, items, len(self) + len(items))
        except BaseException:
            if new:
                self.path.unlink(missing_ok=True)
            raise
        self._rows = np.load(self.path, mmap_mode="r")

    @staticmethod
    def _write_header(file, items, length):
        """NumPy pads its header, so that a longer array needs no longer one. Where the rows begin."""
        file.seek(0)
        header = {"descr": items.dtype.str, "fortran_order": False, "shape": (length, *items.shape[1:])}
        np.lib.format.write_array_header_1_0(file, header)
        return file.tell()

    def truncate(self, length):
        """Keep the first `length` items."""
        if length == 0:
            self.reset()
        elif length < len(self):
            with open(self.path, "r+b") as file:
                self._write_header(file, self._rows, length)
            self._rows = np.load(self.path, mmap_mode="r")

    def get(self, ids):
        """A copy of the items at `ids` (any shape), of the shape ids.shape + item shape."""
        return np.array(self._rows[ids])

    def state(self):
        """What to save: the items, or the length, shape and dtype of those in the file at `path`."""
        return {"payload": np.asarray(self._rows)} if self._own and len(self) else super().state()

    def restore(self, state):
        """Take back what `state` gave; raises ValueError if the file has gone or is another."""
        if self._own:
            super().restore(state)
        elif "payload_like" in state:
            like, length = state["payload_like"], int(state["payload_length"])
            try:
                rows = np.load(self.path, mmap_mode="r")
                if (rows.dtype, rows.shape[1:]) != (like.dtype, like.shape[1:]) or len(rows) < length:
                    raise ValueError("it is not the one that was saved")
            except (OSError, ValueError) as error:
                raise ValueError(f"the payload file {self.path}: {error}; put it back.") from error
            self._rows = rows[:length]  # some may have been added after saving
