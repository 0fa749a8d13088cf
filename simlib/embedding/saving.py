"""What simlib adds to a `.keras` file: the index, a note of the weights that made it, the calibration."""

import os
import zlib

from keras import ops

from simlib import archive
from simlib.calibration import Calibration
from simlib.index import Index


def write(folder, index, indexed_by, calibration):
    """Write what there is. `indexed_by` is the checksum of the weights that embedded the index's items."""
    if index is not None and len(index):
        index.save(os.path.join(folder, "index.npz"))
        archive.write(os.path.join(folder, "weights.npz"), "weights", {"checksum": indexed_by}, {})
    if calibration is not None:
        archive.write(os.path.join(folder, "calibration.npz"), "calibration", *calibration.state())


def read(folder):
    """Read what `write` wrote: (index, checksum, calibration), each None if it is not there.

    Raises ArtifactError for what is damaged, or an index without its note.
    """
    index = indexed_by = calibration = None
    if os.path.exists(path := os.path.join(folder, "index.npz")):
        index = Index.load(path)
        indexed_by = archive.read(os.path.join(folder, "weights.npz"), "weights")[0]["checksum"]
    if os.path.exists(path := os.path.join(folder, "calibration.npz")):
        calibration = Calibration.from_state(*archive.read(path, "calibration"))
    return index, indexed_by, calibration


def checksum(weights):
    """CRC-32 of Keras variables, to the bit."""
    value = 0
    for weight in weights:
        value = zlib.crc32(ops.convert_to_numpy(weight).tobytes(), value)
    return value
