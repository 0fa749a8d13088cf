"""What to watch while training: do same-class pairs draw together, and others apart?"""

import keras
from keras import ops

from simlib import checks, distances
from simlib.embedding import losses

REDUCE = ("mean", "min", "max")


@keras.saving.register_keras_serializable("simlib")
class PairDistance(keras.metrics.Mean):
    """The mean, smallest or largest distance of the positive or negative pairs in a batch.

    Keras shows the running mean over the batches that have such a pair; before there is one, 0. Sample
    weights have no say: a pair has two. pairs: "positive" (same class) or "negative"; reduce: "mean", "min"
    or "max"; distance: a name from `simlib.distances`; else ValueError.

    >>> import numpy as np
    >>> metric = PairDistance("negative", "max", distance="euclidean")
    >>> metric.update_state(np.array([0, 1]), np.array([[0.0, 0.0], [3.0, 4.0]], "float32"))
    >>> float(metric.result())
    5.0
    """

    def __init__(self, pairs="positive", reduce="mean", distance="cosine", name=None, **kwargs):
        checks.choose("pairs", pairs, {"positive": 0, "negative": 1})
        checks.choose("reduce", reduce, dict.fromkeys(REDUCE))
        super().__init__(name=checks.kind("name", name or f"{pairs}_{reduce}", str), **kwargs)
        self.pairs, self.reduce, self.distance = pairs, reduce, distance
        self._distance = distances.get(distance)

    def update_state(self, y_true, y_pred, sample_weight=None):
        losses.check_batch(y_true, y_pred)
        mask = losses.pair_masks(y_true)[0 if self.pairs == "positive" else 1]
        d = losses.pairwise(self._distance, ops.cast(y_pred, self.dtype))
        number = ops.sum(ops.cast(mask, d.dtype))
        if self.reduce == "mean":
            value = ops.sum(ops.where(mask, d, ops.zeros_like(d))) / ops.maximum(number, 1)
        else:
            largest = self.reduce == "max"
            value = ops.max(losses.masked_max(d, mask)) if largest else ops.min(losses.masked_min(d, mask))
        super().update_state(ops.where(number > 0, value, 0), ops.cast(number > 0, d.dtype))

    def get_config(self):
        return {**super().get_config(), "pairs": self.pairs, "reduce": self.reduce, "distance": self.distance}


def pair_distances(distance="cosine"):
    """All six: the mean, min and max distance of positive and of negative pairs, for `compile`."""
    return [PairDistance(p, r, distance) for p in ("positive", "negative") for r in REDUCE]
