"""What to watch while training, in Keras's logs: is retrieval good, do pairs of a class draw together?"""

import re
import warnings

import keras
import numpy as np
from keras import ops

from simlib import checks, distances, metrics
from simlib.calibration import OWN
from simlib.embedding import losses
from simlib.index import Index

ROWS = 256  # embedded at once
REDUCE = ("mean", "min", "max")


class RetrievalMetrics(keras.callbacks.Callback):
    """Looks up a validation set after each epoch, and logs `val_recall@1`, or others.

    List it first: Keras calls callbacks in their order, and those behind it can watch what it logs, such as
    `keras.callbacks.EarlyStopping("val_recall@1", mode="max")`. The model and its index stay as they are.

    Args:
        items: (x, y) to search, examples and their class ids or names. queries: (x, y) to look up; None,
            or the same x, looks up the items, each without itself. Warns where many stand among the items.
        names: of `metrics.retrieval`: "recall@k", "precision@k" for any k, "map@r".
        distance: None takes the model's, or else "cosine".

    Raises ValueError for an unknown name, or lengths that differ.

    >>> x, y = np.eye(4)[[0, 0, 1, 1]], [0, 0, 1, 1]
    >>> RetrievalMetrics((x, y), names=["recall@1", "map@r"]).names
    ['recall@1', 'map@r']
    """

    def __init__(self, items, queries=None, names=("recall@1",), distance=None):
        super().__init__()
        self.names, self._distance = checks.listed("names", names), distance
        for name in self.names:
            if not re.fullmatch(r"(recall|precision)@[1-9]\d*|map@r", str(name)):
                raise ValueError(f"names: {name!r} is unknown; write 'recall@1', 'precision@5' or 'map@r'.")
        self._items = self._read("items", items)
        self._queries = self._items if queries is None else self._read("queries", queries)
        self._own = np.array_equal(self._items[0], self._queries[0])
        stored = () if self._own else {row.tobytes() for row in self._items[0]}
        if (twice := np.mean([row.tobytes() in stored for row in self._queries[0]])) > OWN:
            warnings.warn(f"queries: {twice:.0%} stand among the items, and find themselves.", stacklevel=2)

    @staticmethod
    def _read(name, pair):
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise ValueError(f"{name} must be a pair (x, y); got {type(pair).__name__}.")
        x = checks.rows(f"{name}: x", pair[0])
        return x, checks.labels(f"{name}: y", pair[1], len(x), "examples in x", text=True)

    def on_epoch_end(self, epoch, logs=None):
        index = Index(self._distance or getattr(self.model, "_distance", None) or "cosine")
        index.add(self._embed(self._items[0]), self._items[1])
        x, y = self._queries
        sizes = {c: n - self._own for c, n in index.class_sizes().items()}
        ks = {name: int(name.split("@")[1]) for name in self.names if name != "map@r"}
        k = max([1, *ks.values(), *(sizes.values() if "map@r" in self.names else ())])
        queries = index.vectors(index.ids) if self._own else self._embed(x)
        found = index.lookup(queries, k, without=index.ids if self._own else None)
        ks = {name: min(k, found.k) for name, k in ks.items()}  # there may be fewer
        scores = metrics.retrieval(found, y, sizes, list(ks.values()))
        if logs is not None:
            logs |= {f"val_{name}": scores[re.sub(r"\d+", f"{ks.get(name)}", name)] for name in self.names}

    def _embed(self, x):
        parts = (self.model.predict_on_batch(x[i : i + ROWS]) for i in range(0, len(x), ROWS))
        return np.concatenate([np.asarray(part, np.float32) for part in parts])


class EpochBar(keras.callbacks.Callback):
    """One progress bar for all epochs of `fit(..., verbose=0)`; Keras shows one for each. List it last."""

    def on_train_begin(self, logs=None):
        self._bar = keras.utils.Progbar(self.params["epochs"], stateful_metrics=["loss"], unit_name="epoch")

    def on_epoch_end(self, epoch, logs=None):
        last = self.model.stop_training or epoch + 1 == self.params["epochs"]
        self._bar.update(epoch + 1, [("loss", logs["loss"])], finalize=last)


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
