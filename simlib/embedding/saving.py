"""What simlib adds to a `.keras` file: the index, the probes of the model that filled it, the calibration."""

import os
import zlib

from keras import ops

from simlib import archive
from simlib.calibration import Calibration
from simlib.index import Index


def write(folder, index, embedder, calibration):
    """Write what there is into `folder`."""
    if index is not None and len(index):
        index.save(os.path.join(folder, "index.npz"))
        if embedder.checksum is not None:  # of an older file: not looked up yet
            archive.write(os.path.join(folder, "weights.npz"), "weights", {"checksum": embedder.checksum}, {})
        elif probes := embedder.probes:
            arrays = {"inputs": probes.inputs, "embeddings": probes.embeddings}
            archive.write(os.path.join(folder, "probes.npz"), "probes", {"policies": probes.policies}, arrays)
    if calibration is not None:
        archive.write(os.path.join(folder, "calibration.npz"), "calibration", *calibration.state())


def read(folder):
    """Read what `write` wrote: (index, probes, checksum, calibration), None for what is not there.

    `probes` are (inputs, embeddings, policies). Files from before there were any have a checksum of the
    weights, and with it the first payloads and their vectors are returned: they may be the inputs.

    Raises ArtifactError for what is damaged.
    """
    kinds = ("index", "probes", "weights", "calibration")
    paths = {kind: os.path.join(folder, f"{kind}.npz") for kind in kinds}
    contents = {kind: archive.read(path, kind) for kind, path in paths.items() if os.path.exists(path)}
    index = Index.load(paths["index"]) if "index" in contents else None
    calibration = Calibration.from_state(*contents["calibration"]) if "calibration" in contents else None
    checksum = contents["weights"][0]["checksum"] if "weights" in contents else None
    probes = None
    if "probes" in contents:
        header, arrays = contents["probes"]
        probes = arrays["inputs"], arrays["embeddings"], header["policies"]
    elif checksum is not None and {"payload", "vectors"} <= set(contents["index"][1]):
        probes = contents["index"][1]["payload"][:8], contents["index"][1]["vectors"][:8], None
    return index, probes, checksum, calibration


def crc(weights):
    """CRC-32 of Keras variables, as in older files."""
    value = 0
    for weight in weights:
        value = zlib.crc32(ops.convert_to_numpy(weight).tobytes(), value)
    return value
