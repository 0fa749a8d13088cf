"""simlib: train an embedding, index it, look up, calibrate, match, save.

    images --sampler--> batches --model--> embeddings --index--> Neighbors
    Neighbors --calibrate--> Calibration --match--> labels

Names load when they are first used, so `import simlib` needs neither TensorFlow nor Keras.
"""

import importlib

from simlib.embedding import register

__version__ = "0.1.0"

_HOME = {  # where each public name lives
    "checks": ["ArtifactError", "NotReadyError"],
    "calibration": ["Calibration", "Cutpoint", "calibrate"],
    "index": ["Index"],
    "matching": ["match"],
    "classes": ["UNKNOWN", "Classes"],
    "neighbors": ["Neighbors"],
    "embedding.callbacks": ["PairDistance", "RetrievalMetrics", "pair_distances"],
    "embedding.layers": ["MetricEmbedding"],
    "embedding.losses": ["CircleLoss", "ContrastiveLoss", "MultiSimilarityLoss", "SoftNearestNeighborLoss",
                         "TripletLoss"],
    "embedding.model": ["SimilarityModel"],
    "embedding.pictures": ["Pictures"],
    "embedding.sampling": ["ClassBalancedSampler"],
    "embedding.special_samplers": ["JoinedSampler", "SingleShotSampler"],
    "embedding.splits": ["split_by_thing"],
    "scale.shards": ["ShardSampler", "write_shards"],
    "scale.sources": ["as_dataset", "sampler_from_catalogue", "sampler_from_dataset"],
    "trust.bootstrap": ["Bootstrap", "bootstrap"],
    "trust.drift": ["BaseRate", "Drift", "base_rate", "drift"],
    "trust.guarantee": ["Guarantee", "guaranteed_cutpoint"],
    "trust.open_set": ["OpenSet", "open_set"],
    "trust.pairs": ["ErrorRates", "Pairs", "bootstrap_pairs", "calibrate_pairs", "draw_pairs", "error_rates",
                    "guaranteed_pairs"],
    "explorer.counts": ["Explorer", "View", "explore_threshold"],
    "course.alphabet": ["alphabet"],
    "course.datasets": ["load_mnist", "select_examples"],
}  # fmt: skip
_MODULES = {  # rooms and modules that stand for themselves: `simlib.plots`, `simlib.losses`
    **{name: name for name in ("distances", "explorer", "metrics", "plots", "search", "store", "trust")},
    **{home.split(".")[-1]: home for home in (*_HOME, "embedding.augment", "course.recipe")},
}
_EXTRA = {"embedding": "keras", "course": "keras", "plots": "plots"}  # what a room needs
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = sorted(_MODULE_OF)


def __getattr__(name):
    if name in _MODULE_OF:
        value = getattr(_load(_MODULE_OF[name], name), name)
    elif name in _MODULES:
        value = _load(_MODULES[name], name)
    else:
        raise AttributeError(f"module 'simlib' has no attribute {name!r}")
    globals()[name] = value
    return value


def _load(module, name):
    room = module.split(".")[0]
    if room not in _EXTRA:
        return importlib.import_module(f"simlib.{module}")
    from simlib import checks

    return checks.extra(f"simlib.{module}", f"simlib.{name}", _EXTRA[room])


def __dir__():
    return sorted({*globals(), *__all__, *_MODULES})


register.install()
