"""What simlib adds to a `.keras` file: the index, the probes of the model that filled it, the calibration."""

import os

from simlib import archive
from simlib.calibration import Calibration
from simlib.embedding import guard
from simlib.index import Index


def write(folder, index, embedder, inputs, calibration):
    """Write what there is into `folder`."""
    if index is not None and index.dim is not None:
        index.save(os.path.join(folder, "index.npz"))
        if probes := embedder.probes:
            arrays = {"inputs": probes.inputs, "embeddings": probes.embeddings}
            archive.write(os.path.join(folder, "probes.npz"), "probes", {"policies": probes.policies}, arrays)
        if inputs is not None:
            archive.write(os.path.join(folder, "inputs.npz"), "inputs", {"inputs": inputs.state()}, {})
    if calibration is not None:
        archive.write(os.path.join(folder, "calibration.npz"), "calibration", *calibration.state())


def read(folder):
    """Read what `write` wrote: (index, probes, inputs, calibration), None for what is not there.

    Raises ArtifactError for what is damaged.
    """
    kinds = ("index", "probes", "inputs", "calibration")
    paths = {kind: os.path.join(folder, f"{kind}.npz") for kind in kinds}
    contents = {kind: archive.read(path, kind) for kind, path in paths.items() if os.path.exists(path)}
    calibration = Calibration.from_state(*contents["calibration"]) if "calibration" in contents else None
    if "index" not in contents:
        return None, None, None, calibration
    index, probes = Index.load(paths["index"]), None
    if "probes" in contents:
        header, arrays = contents["probes"]
        probes = guard.Probes(arrays["inputs"], arrays["embeddings"], index.distance, header["policies"])
    inputs = guard.Inputs(*contents["inputs"][0]["inputs"]) if "inputs" in contents else None
    return index, probes, inputs, calibration
