"""`SimilarityModel`: a Keras model that embeds, and leaves index, calibration and match to the arrays."""

import functools
import os
import warnings
from types import MappingProxyType

import keras
import numpy as np

from simlib import archive, checks, matching, metrics
from simlib.calibration import OPTIMAL
from simlib.calibration import calibrate as calibrate_neighbors
from simlib.checks import NotReadyError
from simlib.embedding import doors, guard, saving
from simlib.index import Index


@keras.saving.register_keras_serializable("simlib")
class SimilarityModel(keras.Model):
    """A functional Keras model whose output is an embedding: `SimilarityModel(inputs, outputs)`.

        compile -> fit -> index -> lookup -> calibrate -> match -> save

    `save("model.keras")` writes model, index and calibration into that one file, and after
    `import simlib`, `keras.models.load_model("model.keras")` gives all of them back.

    >>> inputs = keras.Input((2,))
    >>> model = SimilarityModel(inputs, keras.layers.UnitNormalization()(inputs))
    >>> _ = model.index([[1.0, 0.0], [0.0, 1.0]], [7, 1])
    >>> model.lookup([[2.0, 0.1]], k=1)
    Neighbors of 1 query, k = 1
      query 0: 7 at 0.0012
    """

    _index = _input_kind = None
    _distance = None
    _by_loss = ()
    _backends: MappingProxyType = MappingProxyType({})
    calibration = None

    def __init__(self, inputs=None, outputs=None, name=None, **kwargs):
        if not all(isinstance(given, keras.KerasTensor) for given in (inputs, outputs)):
            how = "SimilarityModel(inputs, outputs), from one keras.Input to one embedding"
            got = f"{type(inputs).__name__} and {type(outputs).__name__}"
            raise ValueError(f"SimilarityModel is built as {how}; got {got}.")
        if len(outputs.shape) != 2:
            cure = "Put a Flatten or a GlobalAveragePooling layer before the last one."
            raise ValueError(f"outputs must be embeddings of shape (batch, d); got {outputs.shape}. {cure}")
        super().__init__(inputs, outputs, name=name, **kwargs)
        self._embedder = guard.Embedder(self)

    def compile(self, optimizer="adam", loss=None, distance=None, search="exact", store="memory", **kwargs):
        """Configure training, as Keras does, and the index: `distance`, `search` and `store` as in `Index`.

        Index and match need no loss. distance None takes the loss's own, else that of before, else "cosine".
        An index that already holds items keeps its own settings until `reset_index`. Raises ValueError for an
        unknown name, or losses of several distances without `distance`.
        """
        self._by_loss = doors.distances_of(loss)
        distance = distance or doors.the_one(self._by_loss) or self._distance or "cosine"
        empty = Index(distance, search, store)  # an unknown name is said now, not at `index`
        super().compile(optimizer=optimizer, loss=loss, **kwargs)
        self._distance, self._backends = distance, {"search": search, "store": store}
        if self._index is None or self._index.dim is None:
            self._index = empty

    def get_compile_config(self):
        config, optimizer = super().get_compile_config(), getattr(self, "optimizer", None)
        built = optimizer is not None and optimizer.built
        return config and {**config, "distance": self._distance, **self._backends, "optimizer_built": built}

    def compile_from_config(self, config):
        config = keras.saving.deserialize_keras_object(config)
        optimizer_built = config.pop("optimizer_built", True)
        self.compile(**config)
        # One that was never used has no state in the file, and Keras would warn that it finds none.
        if optimizer_built and self.optimizer is not None:
            self.optimizer.build(self.trainable_variables)

    @functools.wraps(keras.Model.fit)
    def fit(self, x=None, y=None, *args, **kwargs):
        if self._by_loss:  # other losses may want other targets
            doors.check_training(x, y, kwargs.get("validation_data"))
        return super().fit(x, y, *args, **kwargs)

    @functools.wraps(keras.Model.evaluate)
    def evaluate(self, x=None, y=None, *args, **kwargs):
        if self._by_loss:
            doors.check_training(x, y)
        return super().evaluate(x, y, *args, **kwargs)

    def embed(self, x, verbose=None):
        """Embed examples (n, ...) into float32 (n, d). `verbose` None shows a bar from 5,000 examples on.

        Here, and wherever x is examples, it may also be a dataset, of batches of x or (x, y), which is y
        then: a `tf.data.Dataset`, a `PyDataset`, a PyTorch loader, `pictures.batches(...)`.
        """
        return self._embed(x, None, verbose)[0]

    def index(self, x, y=None, payload=None, verbose=None, ids=None):
        """Embed examples and add them to the index; `get_index()` also removes and replaces.

        x: examples (n, ...); y: (n,) classes, whole numbers or names, or None; payload: (n, ...) kept beside
        them, such as the images themselves; ids: (n,) keys of your own, or None. Returns the model; a
        calibration from before stays. Raises NotReadyError if the index already holds items, and the model
        embeds otherwise since.
        """
        index = self.get_index()
        more = len(index) > 0
        embeddings, y, *some = self._embed(x, y, verbose, "index" if more else None)
        index.add(embeddings, y, payload, ids)
        self._embedder.keep(*some, index.distance, more)
        self._input_kind = guard.Inputs.of(some[0], self._input_kind)
        return self

    def index_single(self, x, y=None, payload=None, id=None):
        """Add one example: x without its first axis, y one class, payload one item, id one key."""
        payload = None if payload is None else np.asarray(payload)[None]
        y, ids = (None if value is None else [value] for value in (y, id))
        return self.index(np.asarray(x)[None], y, payload, ids=ids)

    def reset_index(self):
        """Empty the index and forget the calibration, which was made for it."""
        if self._index is not None:
            self._index.reset()  # its files and collections too
        self._index = self._input_kind = self.calibration = None
        self._embedder.reset()

    def get_index(self):
        """The `Index`, whose repr counts its items, classes and payload; empty at first."""
        if self._index is None:
            self._index = Index(self._distance or "cosine", **self._backends)
        return self._index

    index_summary = get_index  # its name in TensorFlow Similarity

    def lookup(self, x, k=5, verbose=None, among=None, without=None):
        """The k nearest indexed items of each example: `Neighbors` (n, k), nearest first; see `Index.lookup`.

        Raises NotReadyError: nothing is indexed, or the model no longer embeds as it did then. Warns, once,
        of pictures in another range than those in the index, such as 0 to 1 for 0 to 255.
        """
        return self._lookup(x, None, k, verbose, among, without)[0]

    def _lookup(self, x, y, k, verbose, among=None, without=None):
        index = self._filled_index("lookup")
        embeddings, y, *some = self._embed(x, y, verbose, "lookup")
        if self._input_kind is not None:
            self._input_kind.warn(some[0])
        if self._embedder.probes is None:  # `Index.add` filled the index, or the file is an older one
            self._embedder.keep(*some, index.distance)
        return index.lookup(embeddings, k, among, without), y

    def single_lookup(self, x, k=5):
        """`lookup` for one example, given without its first axis: `Neighbors` (1, k)."""
        return self.lookup(np.asarray(x)[None], k)

    def payload(self, neighbors):
        """The payloads of neighbours, shape (queries, k, ...), such as their images."""
        return self._filled_index("payload").payload(neighbors.ids)

    def calibrate(self, x, y=None, metric="f1", targets=(), matcher="nearest", k=1, verbose=None):
        """`simlib.calibrate` of examples not trained on, nor indexed; also kept as `model.calibration`."""
        neighbors, y = self._lookup(x, y, k, verbose)
        self.calibration = calibrate_neighbors(neighbors, doors.needed(y), metric, targets, matcher)
        return self.calibration

    def match(self, x, cutpoint=OPTIMAL, no_match_label=None, verbose=None):
        """`simlib.match` of a lookup: labels (n,), names if the classes have names; beyond the cutpoint
        `no_match_label`, None for -1 or "unknown".

        cutpoint: a cutpoint's name ("optimal" or a target's), or a distance. The matcher and k are those of
        the calibration; a distance needs none, and is then of the nearest neighbour.
        """
        neighbors, _, *decide = self._to_match(x, None, cutpoint, verbose)
        return matching.match(neighbors, *decide, no_match_label)

    def _to_match(self, x, y, cutpoint, verbose):
        distance, k, matcher = cutpoint, 1, "nearest"
        if found := self.calibration:
            distance, k, matcher = found.distance(cutpoint), found.k, found.matcher
        elif isinstance(cutpoint, str):
            needs = f"match with cutpoint={cutpoint!r} needs a calibration"
            raise NotReadyError(f"{needs}: call `calibrate` first, or give the cutpoint as a distance.")
        neighbors, y = self._lookup(x, y, k, verbose)
        if isinstance(cutpoint, str) and (lax := self.calibration.lax(cutpoint)):
            warnings.warn(lax, stacklevel=3)
        return neighbors, y, distance, matcher

    def evaluate_retrieval(self, x, y=None, ks=(1, 5, 10), verbose=None, without=None):
        """recall@k, precision@k and MAP@R of a lookup: a dict; see `simlib.metrics.retrieval`.

        without: (n,) the ids of the examples themselves if they are indexed, for each to leave itself out.
        """
        index = self._filled_index("evaluate_retrieval")
        ks = [checks.whole_number("ks", k, at_least=1) for k in checks.listed("ks", ks)]
        sizes = {c: n - (without is not None) for c, n in index.class_sizes().items()}
        k = min(len(index) - (without is not None), max(*ks, *sizes.values()))
        neighbors, y = self._lookup(x, y, k, verbose, without=without)
        return metrics.retrieval(neighbors, doors.needed(y), sizes, ks)

    def evaluate_classification(self, x, y=None, cutpoint=OPTIMAL, groups=None, verbose=None):
        """Right, unknown and wrong shares, overall and by group; see `metrics.classification`."""
        neighbors, y, *decide = self._to_match(x, y, cutpoint, verbose)
        labels, classes = neighbors.classes.read("y", doors.needed(y))
        return metrics.shares(matching.answers(neighbors, *decide), labels, classes, groups)

    def save(self, filepath, overwrite=True, **kwargs):
        """Save model, index and calibration to one `.keras` file; an old one stays whole until then."""
        if not overwrite and os.path.exists(filepath):
            raise FileExistsError(f"{filepath} exists; choose another name, or overwrite=True.")
        if not str(filepath).endswith(".keras"):
            raise ValueError(f"filepath must end in .keras; got {str(filepath)!r}.")
        with archive.replacing(filepath) as temporary:
            super().save(temporary, **kwargs)

    def save_assets(self, folder):
        """Called by Keras's `save`: index, probes and calibration go into the `.keras` file."""
        saving.write(folder, self._index, self._embedder, self._input_kind, self.calibration)

    def load_assets(self, folder):
        """Called by Keras's `load_model`, before it loads the weights: the first lookup tries those."""
        index, probes, inputs, calibration = saving.read(folder)
        if index is not None:
            self._index, self._input_kind = index, inputs
            self._distance = self._distance or index.distance  # when it is loaded uncompiled
            self._embedder.probes = probes if probes and self._fits(probes.inputs) else None
        self.calibration = calibration or self.calibration

    def _filled_index(self, caller):
        if self._index is None or self._index.dim is None:
            raise NotReadyError(f"`{caller}` needs an index: call `index(x, y)` first.")
        return self._index

    def _fits(self, x):
        shape = self.input_shape
        return x.ndim == len(shape) and all(want in (None, got) for want, got in zip(shape, x.shape))

    def _examples(self, x):
        x = checks.as_array("x", x)
        if not self._fits(x):
            axes = ", ".join(map(str, self.input_shape[1:]))
            cure = "For one example use `index_single` or `single_lookup`, or x[None]."
            raise ValueError(f"x must have the shape (n, {axes}); got {x.shape}. {cure}")
        if x.dtype.kind not in "fiub" and self.inputs[0].dtype != "string":
            raise ValueError(f"x must be numbers; got dtype {x.dtype}.")
        return x

    def _embed(self, x, y, verbose, caller=None):
        """(embeddings, labels or None, examples, theirs): these two are all, or some of a dataset's."""
        if doors.is_dataset(x):
            parts = (self._embed(part, of, 0, caller) for part, of in doors.batches(x, y, verbose))
            return doors.joined(parts)
        x = self._examples(x)
        if y is not None:
            y = checks.labels("y", y, len(x), "examples in x", text=True)
        embeddings = self._embedder.all(x, verbose, caller)
        return embeddings, y, x, embeddings
