"""Examples that do not fit into memory: TFRecord shards, and a sampler that draws from them.

A shard is an ordinary TFRecord file of `tf.train.Example`s with the features "image" (the raw bytes) and
"label". Beside the shards lies `shards.npz`, which says where each example's bytes begin. So a batch is read
in any order, and the sampler needs 32 bytes of memory an example.
"""

import contextlib
import zlib

import numpy as np

from simlib import archive, checks
from simlib.checks import ArtifactError
from simlib.embedding.sampling import ClassBalancedSampler

CATALOGUE = "shards.npz"
LENGTH_BYTES, CHECKSUM_BYTES = 8 + 4, 4  # a TFRecord: length and its checksum, the data, its checksum


def write_shards(folder, examples, classes_per_shard=1):
    """Write examples into TFRecord shards, in one pass: they need never be in memory together.

    folder: where to; made if it is not there, and it must hold no shards yet; examples: pairs (x, y) of an
    array, all of one shape and dtype, and a class id or name; any iterable, such as zip(x, y) or a
    `tf.data.Dataset`'s `as_numpy_iterator()`; classes_per_shard: how many classes share a file, in the order
    in which they first appear. Returns the folder, as a `Path`. The catalogue is written last: a folder
    without one was not finished. Raises ValueError for no examples, one of another shape or dtype, or a label
    that is no class id, FileExistsError if the folder holds shards already or is a file, ImportError without
    TensorFlow.
    """
    tf = checks.extra("tensorflow", "writing TFRecord shards", "keras")
    per_shard = checks.whole_number("classes_per_shard", classes_per_shard, at_least=1)
    folder = checks.path("folder", folder)
    if (folder / CATALOGUE).exists() or folder.is_file():
        raise FileExistsError(f"folder: {folder} is a file or holds shards already; choose another one.")
    folder.mkdir(parents=True, exist_ok=True)
    shard_of, ends, rows, like = {}, [], [], None
    with contextlib.ExitStack() as stack:
        writers = []
        for x, label in checks.examples("examples", examples):
            like = x[None] if like is None else like
            if (x.shape, x.dtype) != (like.shape[1:], like.dtype):
                held = f"those before {like.dtype} of {like.shape[1:]}; a shard holds one shape and dtype."
                raise ValueError(f"examples: number {len(rows)} is {x.dtype} of {x.shape}, {held}")
            shard = shard_of.setdefault(label, len(shard_of) // per_shard)
            if shard == len(writers):
                writers.append(stack.enter_context(tf.io.TFRecordWriter(str(_shard(folder, shard)))))
                ends.append(0)
            raw = x.tobytes()
            record = _example(tf, raw, label)
            rows.append((label, shard, ends[shard] + LENGTH_BYTES + record.rindex(raw), zlib.crc32(raw)))
            ends[shard] += LENGTH_BYTES + len(record) + CHECKSUM_BYTES
            writers[shard].write(record)
    if not rows:
        raise ValueError("examples: there are none to write.")
    columns, dtypes = zip(*rows), {"shard": np.int32, "start": np.int64, "checksum": np.uint32}
    arrays = {"label": checks.labels("examples: y", list(next(columns)), text=True), "like": like[:0]}
    arrays |= {name: np.array(column, dtypes[name]) for name, column in zip(dtypes, columns)}
    archive.write(folder / CATALOGUE, "shards", {}, arrays | {"sizes": np.array(ends, np.int64)})
    return folder


def _shard(folder, number):
    return folder / f"shard-{number:05d}.tfrecord"


def _example(tf, raw, label):
    example = tf.train.Example()
    example.features.feature["image"].bytes_list.value.append(raw)
    feature, name = example.features.feature["label"], isinstance(label, str)
    (feature.bytes_list if name else feature.int64_list).value.append(label.encode() if name else label)
    return example.SerializeToString(deterministic=True)


class Shards:
    """What `write_shards` wrote, read like an array: `shards[rows]`, `shards.labels`, `len(shards)`.

    Raises ArtifactError for no catalogue, or a shard that is missing, cut short or longer than it was; on
    reading, for an example whose bytes have changed.
    """

    def __init__(self, folder):
        self.folder = checks.path("folder", folder)
        if not (self.folder / CATALOGUE).exists():
            raise ArtifactError(f"folder: {self.folder} holds no {CATALOGUE}; `write_shards` makes one.")
        _, arrays = archive.read(self.folder / CATALOGUE, "shards")
        self.labels, self._shard, self._start = (arrays[name] for name in ("label", "shard", "start"))
        self._checksum, self._like, self._maps = arrays["checksum"], arrays["like"], {}
        self._verified = np.zeros(len(self.labels), bool)
        for number, size in enumerate(arrays["sizes"].tolist()):
            path = _shard(self.folder, number)
            there = path.stat().st_size if path.exists() else None
            if there != size:
                what = "is missing" if there is None else f"has {there} bytes, and {size} were written"
                raise ArtifactError(f"the shard {path} {what}; put it back, or write the shards again.")

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, rows):
        rows = checks.positions("rows", rows, len(self))
        out = np.empty((len(rows), *self._like.shape[1:]), self._like.dtype)
        raw, shards = out.reshape(len(rows), -1).view(np.uint8), self._shard[rows]
        for number in set(shards.tolist()):
            if number not in self._maps:  # as all runs of so many bytes; only those asked for are read
                whole = np.memmap(_shard(self.folder, number), np.uint8, mode="r")
                self._maps[number] = np.lib.stride_tricks.sliding_window_view(whole, raw.shape[1])
            mine = shards == number
            raw[mine] = self._maps[number][self._start[rows[mine]]]
        for i in np.flatnonzero(~self._verified[rows]).tolist():  # once, the first time it is read
            if zlib.crc32(raw[i]) != self._checksum[rows[i]]:
                what = f"is damaged: the bytes of example {rows[i]} have changed."
                raise ArtifactError(f"the shard {_shard(self.folder, shards[i])} {what}")
            self._verified[rows[i]] = True
        return out

    def __getstate__(self):  # maps stay in their process
        return {**self.__dict__, "_maps": {}}


class ShardSampler(ClassBalancedSampler):
    """`ClassBalancedSampler` over the shards in a folder: the same batches, read from disk.

    It reads single examples at random places, which local disks do well; over a network, copy the shards
    first. `folder` is what `write_shards` wrote, `args` and `kwargs` are as in `ClassBalancedSampler`, from
    `classes_per_batch` on. Raises ArtifactError as `Shards`, ValueError as `ClassBalancedSampler`.
    """

    def __init__(self, folder, *args, **kwargs):
        shards = Shards(folder)
        super().__init__(np.arange(len(shards)), shards.labels, *args, **kwargs)
        self.x = shards  # from now on a drawn row number is read from its shard
