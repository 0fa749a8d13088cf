"""simlib: train an embedding, index it, look up, calibrate, match, save.

    images --sampler--> batches --model--> embeddings --index--> Neighbors
    Neighbors --calibrate--> Calibration --match--> labels

Names load when they are first used, so `import simlib` needs neither TensorFlow nor Keras.
"""

import importlib

from simlib import startup

__version__ = "0.1.0"

_HOME = {
    "checks": ["ArtifactError", "NotReadyError"],
    "calibration": ["Calibration", "Cutpoint", "calibrate"],
    "explorer": ["Explorer", "View", "explore_threshold"],
    "guarantee": ["Guarantee", "guaranteed_cutpoint"],
    "openset": ["OpenSet", "open_set"],
    "trust": ["Bootstrap", "bootstrap"],
    "datasets": ["load_mnist", "select_examples"],
    "index": ["Index"],
    "layers": ["MetricEmbedding"],
    "losses": [
        "CircleLoss",
        "ContrastiveLoss",
        "MultiSimilarityLoss",
        "SoftNearestNeighborLoss",
        "TripletLoss",
    ],
    "matching": ["match"],
    "model": ["SimilarityModel"],
    "neighbors": ["UNKNOWN", "Neighbors"],
    "sampling": ["ClassBalancedSampler"],
    "shards": ["ShardSampler", "write_shards"],
    "streams": ["SingleShotSampler", "as_dataset", "sampler_from_catalogue", "sampler_from_dataset"],
    "training_metrics": ["PairDistance", "pair_distances"],
}
_MODULES = ["augment", "distances", "metrics", "panel", "plots", "plots_trust", "recipe", *_HOME]
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = sorted(_MODULE_OF)


def __getattr__(name):
    if name in _MODULE_OF:
        value = getattr(importlib.import_module(f"simlib.{_MODULE_OF[name]}"), name)
    elif name in _MODULES:
        value = importlib.import_module(f"simlib.{name}")
    else:
        raise AttributeError(f"module 'simlib' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *__all__, *_MODULES})


startup.install()
