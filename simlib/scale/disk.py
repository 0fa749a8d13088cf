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
        if self.like is None:
            return items
        if not np.can_cast(items.dtype, self.like.dtype):
            raise ValueError(
                f"payload entries are {items.dtype}, and the {self.name} store was begun with "
                f"{self.like.dtype}; convert them, or reset the index and begin with {items.dtype}."
            )
        return items.astype(self.like.dtype)


class DiskStore(FixedStore):
    """Keeps payloads in a file and reads those that are asked for: they may exceed the memory.

    The file is a plain `.npy`: `numpy.load(path, mmap_mode="r")` opens it too.

    Args:
        path: a new file, to keep. A saved index, and a copy or a pickle of it, then holds its name alone and
            needs it: several may read it, and one may add or reset. None takes a temporary file; saving
            puts the payloads into the index's own, and a copy has a file of its own.

    Raises:
        FileExistsError: there is a file at `path` already (said when the first items are added).

    >>> from simlib import Index
    >>> index = Index("euclidean", store="disk").add([[0.0], [2.0]], [7, 1], payload=["a", "b"])
    >>> index.payload([[1, 0]]).tolist()
    [['b', 'a']]
    """

    name = "disk"

    def __init__(self, path=None):
        self._own, self._rows = path is None, None
        if self._own:
            folder = tempfile.mkdtemp(prefix="simlib-")
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
            path = Path(folder) / "payload.npy"
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
            raise FileExistsError(
                f"store: {self.path} exists. Load the index that belongs to it, choose another path, "
                "or delete it."
            )
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
        if not len(self):
            return {}
        if self._own:
            return {"payload": np.asarray(self._rows)}
        return {"payload_like": np.empty((0, *self._rows.shape[1:]), self._rows.dtype),
                "payload_length": np.int64(len(self))}  # fmt: skip

    def restore(self, state):
        """Take back what `state` gave; raises ValueError if the file has gone or is another."""
        if self._own:
            super().restore(state)
        elif "payload_like" in state:
            like, length = state["payload_like"], int(state["payload_length"])
            try:
                rows = np.load(self.path, mmap_mode="r")
            except (OSError, ValueError) as error:
                raise ValueError(
                    f"the payload file {self.path} cannot be read ({error}); put it back."
                ) from error
            if (rows.dtype, rows.shape[1:]) != (like.dtype, like.shape[1:]) or len(rows) < length:
                raise ValueError(f"the payload file {self.path} is not the one that was saved; put it back.")
            self._rows = rows[:length]  # some may have been added after saving
