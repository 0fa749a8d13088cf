"""What simlib adds to a `.keras` file: the index, the probes of the model that filled it, the calibration."""

import os

from simlib import archive
from simlib.calibration import Calibration
from simlib.embedding.guard import PROBES, Probes
from simlib.embedding.inputs import Inputs
from simlib.index import Index


def write(folder, index, embedder, inputs, calibration):
    """Write what there is into `folder`."""
    if index is not None and len(index):
        index.save(os.path.join(folder, "index.npz"))
        if embedder.checksum is not None:  # of an older file: not looked up yet
            archive.write(os.path.join(folder, "weights.npz"), "weights", {"checksum": embedder.checksum}, {})
        elif probes := embedder.probes:
            arrays = {"inputs": probes.inputs, "embeddings": probes.embeddings}
            archive.write(os.path.join(folder, "probes.npz"), "probes", {"policies": probes.policies}, arrays)
        if inputs is not None:
            archive.write(os.path.join(folder, "inputs.npz"), "inputs", {"inputs": inputs.state()}, {})
    if calibration is not None:
        archive.write(os.path.join(folder, "calibration.npz"), "calibration", *calibration.state())


def read(folder):
    """Read what `write` wrote: (index, probes, checksum, inputs, calibration), None for what is not there.

    Files from before there were probes have a checksum of the weights; their first payloads, with their
    vectors, become the probes: they may be the inputs. Raises ArtifactError for what is damaged.
    """
    kinds = ("index", "probes", "weights", "inputs", "calibration")
    paths = {kind: os.path.join(folder, f"{kind}.npz") for kind in kinds}
    contents = {kind: archive.read(path, kind) for kind, path in paths.items() if os.path.exists(path)}
    calibration = Calibration.from_state(*contents["calibration"]) if "calibration" in contents else None
    if "index" not in contents:
        return None, None, None, None, calibration
    index, indexed = Index.load(paths["index"]), contents["index"][1]
    checksum = contents["weights"][0]["checksum"] if "weights" in contents else None
    probes = None
    if "probes" in contents:
        header, arrays = contents["probes"]
        probes = Probes(arrays["inputs"], arrays["embeddings"], index.distance, header["policies"])
    elif checksum is not None and {"payload", "vectors"} <= set(indexed):
        probes = Probes(indexed["payload"][:PROBES], indexed["vectors"][:PROBES], index.distance, None)
    inputs = Inputs(*contents["inputs"][0]["inputs"]) if "inputs" in contents else None
    return index, probes, checksum, inputs, calibration
