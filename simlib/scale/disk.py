"""Payloads in a file: they may exceed the memory."""

import copy
import shutil
import tempfile
import weakref
import zlib
from pathlib import Path

import numpy as np

from simlib import checks
from simlib.store import MemoryStore

COMPARED = 1000  # items of a file, at most, that a saved index is compared with


class FixedStore(MemoryStore):
    """What the stores outside of memory share: the first items fix the dtype of all."""

    def check(self, items, length):
        """As in `MemoryStore`; also, the items must fit the dtype of those that are there."""
        items = super().check(items, length)
        dtype = items.dtype if self.like is None else self.like.dtype
        if not np.can_cast(items.dtype, dtype):
            cure = f"convert them, or reset the index and begin with {items.dtype}"
            what = f"payload entries are {items.dtype}, and the {self.name} store was begun with {dtype}"
            raise ValueError(f"{what}; {cure}.")
        return items.astype(dtype, copy=False)


class DiskStore(FixedStore):
    """Keeps payloads in a plain `.npy` file, and reads those that are asked for.

    Args:
        path: a new file, to keep. A saved index, and a copy or a pickle of it, then holds its name alone and
            needs it: several may read it, one may add, remove or reset. What is removed stays in the file
            until the reset. None takes a temporary file: what is saved holds the payloads themselves, and a
            copy has a file of its own.

    Raises FileExistsError, when the first items are added, if there is a file at `path` already.

    >>> from simlib import Index
    >>> index = Index("euclidean", store="disk").add([[0.0], [2.0]], [7, 1], payload=["a", "b"])
    >>> index.payload([[1, 0]]).tolist()
    [['b', 'a']]
    """

    name = "disk"

    def __init__(self, path=None):
        self._own, self._file, self._places = path is None, None, np.empty(0, np.int64)
        if self._own:
            path = Path(tempfile.mkdtemp(prefix="simlib-")) / "payload.npy"
            self._owners = set()  # the copies share it; the last of them takes the folder along
            weakref.finalize(self._owners, shutil.rmtree, path.parent, ignore_errors=True)
        self.path = checks.path("path", path)

    def reset(self):
        """Forget all items, and delete the file; who still reads it can go on."""
        if self._file is not None:
            self.path.unlink(missing_ok=True)
            self._file, self._places = None, self._places[:0]

    def __len__(self):
        return len(self._places)

    @property
    def like(self):
        return None if self._file is None else self._file[:0]

    def add(self, items):
        """Append checked items. The header, which counts them, is written last."""
        new = self._file is None
        if new and self.path.exists():
            cure = "Load the index that belongs to it, choose another path, or delete it."
            raise FileExistsError(f"store: {self.path} exists. {cure}")
        items, there = np.ascontiguousarray(items), 0 if new else len(self._file)
        try:
            with open(self.path, "wb" if new else "r+b") as file:
                start = self._write_header(file, items, there)
                file.seek(start + there * items[:1].nbytes)
                file.write(items.reshape(-1).view(np.uint8))
                self._write_header(file, items, there + len(items))
        except BaseException:
            if new:
                self.path.unlink(missing_ok=True)
            raise
        self._file = np.load(self.path, mmap_mode="r")
        self._places = np.append(self._places, np.arange(there, len(self._file)))

    @staticmethod
    def _write_header(file, items, length):
        """NumPy pads its header, so that a longer array needs no longer one. Where the rows begin."""
        file.seek(0)
        header = {"descr": items.dtype.str, "fortran_order": False, "shape": (length, *items.shape[1:])}
        np.lib.format.write_array_header_1_0(file, header)
        return file.tell()

    def get(self, rows):
        return np.array(self._file[self._places[rows]])

    def kept(self, rows):
        """As in `MemoryStore`; a file of your own stays as it is, too."""
        if self._own:
            return super().kept(rows)
        other = copy.copy(self)
        other._places = self._places[rows]
        return other

    def state(self):
        """What to save: the items, or where in the file at `path` they are, and what tells it from others."""
        if not len(self):
            return {}
        if self._own:
            return {"payload": self.get(np.arange(len(self)))}
        crc = np.int64(self._crc())
        return {"payload_like": self.like, "payload_places": self._places, "payload_crc": crc}

    def _crc(self):
        some = np.unique(np.linspace(0, len(self) - 1, COMPARED).round().astype(int))
        return zlib.crc32(self.get(some).tobytes())

    def restore(self, state):
        """Take back what `state` gave; raises ValueError if the file has gone or is another."""
        if self._own:
            super().restore(state)
        elif "payload_like" in state:
            like = state["payload_like"]
            places = state.get("payload_places", np.arange(int(state.get("payload_length", 0))))
            try:
                self._file, self._places = np.load(self.path, mmap_mode="r"), places
                fits = (self._file.dtype, self._file.shape[1:]) == (like.dtype, like.shape[1:])
                if not fits or places.max() >= len(self._file) or places.min() < 0:
                    raise ValueError("it is not the one that was saved")
                if "payload_crc" in state and self._crc() != state["payload_crc"]:
                    raise ValueError("its content is not what was saved")
            except (OSError, ValueError, EOFError) as error:
                self._file = None  # it is not ours to delete
                raise ValueError(f"the payload file {self.path}: {error}; put it back.") from error
