"""Embedding by Keras's compiled call, and its guard: does the model embed as when it filled its index?

The guard watches answers, not bytes: LoRA merged on saving changes the weights and no answer, a changed
constant in a layer changes the answers and no weight. So a few indexed inputs are kept with their
embeddings, as probes. They fill up each batch that is looked up, in turn.
"""

import itertools
import logging
import operator
import threading
import zlib

import keras
import numpy as np
from keras import ops

from simlib import distances
from simlib.checks import NotReadyError

ROWS = 255  # of x in a batch, at most: with a probe, 256
PROGRESS_FROM = 5_000  # examples; from here on embedding takes seconds, so show a bar
KERAS_OWN = frozenset(vars(keras.layers.Layer())) - {"_dtype_policy"}  # what every layer has
PROBES, PROBE_BYTES = 8, 2**20  # kept at most: they are saved with the model

# How far an embedding may move, in lengths of the longest one kept. Measured, the largest of 400 moves:
# another batch size moves float32 by 1e-7, bfloat16 by 0.003; bfloat16 instead of float32, 0.009; one step of
# Adam at 0.001, 0.11 to 0.32 in the median. Layers quantised since: int8 0.02, float8 0.11, int4 0.11 to
# 0.21.
ROUNDING, QUANTISING = 0.02, 0.15

# A model that compiles anew does so on purpose, and TensorFlow would warn of it.
logging.getLogger("tensorflow").addFilter(lambda record: "make_predict_function" not in record.getMessage())


class Embedder:
    """A model's compiled call, (n, ...) -> float32 (n, d), at most `ROWS` at a time, from any thread.

    Keras compiles what a layer keeps in Python into the call, so a changed attribute compiles it anew.
    `probes` may be None: then those of the first guarded call will do from there on. `checksum`, the CRC-32
    of the weights that filled the index, is None but in files from before there were probes.
    """

    def __init__(self, model):
        self._model, self._one_at_a_time = model, threading.Lock()  # JAX lends the weights to the call
        self._dtype = str if model.input.dtype == "string" else model.input.dtype
        self.reset()

    def reset(self):
        """Forget the probes, and compile anew."""
        self.probes = self.checksum = self._state = None

    def __call__(self, x, caller=None):
        """Embed x. With a `caller`, which is named, raise NotReadyError if the probes embed otherwise now."""
        probes = self._trusted_probes(caller) if caller else None
        # Fill up to a size that comes again, as JAX and XLA compile for each.
        step = 1 << max(0, len(x).bit_length() - 3)
        extra = step - len(x) % step
        rows = np.zeros(extra, int) if probes is None else probes.next(extra)
        embeddings = self._run(np.concatenate([x, (x if probes is None else probes.inputs)[rows]]))
        if probes is not None and not probes.hold(self._model, rows, embeddings[len(x) :]):
            _refuse(caller)
        return embeddings[: len(x)]

    def all(self, x, verbose, caller=None):
        """Embed x of any length, with a progress bar if `verbose` (None: from 5,000 on)."""
        show = len(x) >= PROGRESS_FROM if verbose is None else verbose
        bar = keras.utils.Progbar(-(-len(x) // ROWS), verbose=int(bool(show)))
        parts = [np.empty((0, self._model.output_shape[-1]), np.float32)]
        for start in range(0, len(x), ROWS):
            parts.append(self(x[start : start + ROWS], caller))
            bar.add(1)
        return np.concatenate(parts)

    def keep(self, x, embeddings, distance, more=False):
        """Take probes from what was embedded; `more`: beside those that are there."""
        if len(x):
            self.probes = Probes.of(self._model, x, embeddings, distance, self.probes if more else None)
            self.checksum = None

    def keep_first(self, x, embeddings, distance):
        """Take probes from a lookup, where `Index.add` filled the index, or the file is an older one."""
        if self.probes is None or self.checksum is not None:
            self.keep(x, embeddings, distance)

    def _trusted_probes(self, caller):
        if self.checksum is None:
            return self.probes
        now = zlib.crc32(b"".join(ops.convert_to_numpy(w).tobytes() for w in self._model.weights))
        return None if now == self.checksum else self.probes or _refuse(caller)

    def _run(self, x):
        with np.errstate(over="ignore"):
            x = x.astype(self._dtype, copy=False)  # Keras would compile for each dtype
        with self._one_at_a_time:
            if changed := self._state is None or not self._state.holds():
                self._model.make_predict_function(force=True)
            embeddings = self._model.predict_on_batch(x)
            if changed:  # a first call may set attributes itself
                self._state = _PythonState(self._model)
        return np.asarray(embeddings).astype(np.float32, copy=False)


class Probes:
    """Inputs (m, ...) with their embeddings (m, d), and the model's dtype policies when it embedded them."""

    def __init__(self, inputs, embeddings, distance, policies):
        self._prepare = distances.get(distance).prepare  # cosine does not mind another length
        self.inputs, self.embeddings, self.policies = inputs, self._prepare(embeddings), policies
        self._turn = itertools.count()

    @classmethod
    def of(cls, model, x, embeddings, distance, before=None):
        """Some of x, and some of those from `before`."""
        if before is not None:
            rows = _spread(len(x), PROBES)
            x = np.concatenate([before.inputs, x[rows]])
            embeddings = np.concatenate([before.embeddings, embeddings[rows]])
        rows = _spread(len(x), max(1, min(PROBES, PROBE_BYTES // max(1, x[0].nbytes))))
        return cls(x[rows], embeddings[rows], distance, _policies(model))

    def next(self, n):  # row numbers: all have their turn
        return np.array([next(self._turn) for _ in range(n)]) % len(self.inputs)

    def hold(self, model, rows, embeddings):
        """Are these embeddings what those rows had, but for rounding?"""
        moved = np.linalg.norm(self._prepare(embeddings) - self.embeddings[rows], axis=1).max()
        length = np.linalg.norm(self.embeddings, axis=1).max()
        if moved <= ROUNDING * length:  # not so for NaN
            return True
        return bool(moved <= QUANTISING * length) and self.policies != _policies(model)


def _refuse(caller):
    why = "it was trained since, a layer's setting or its file was changed"
    cure = f"{why}. `reset_index`, then `index` and `calibrate` again."
    raise NotReadyError(f"`{caller}`: the model no longer embeds as when it filled the index; {cure}")


def _policies(model):
    return [layer.dtype_policy.name for layer in model._flatten_layers(include_self=False)]


def _spread(n, most):
    return np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(int))


class _PythonState:
    """The attributes of a model's layers, and what is in their lists, dicts and small arrays, at one time."""

    def __init__(self, model):
        layers = model._flatten_layers()
        operations = dict.fromkeys(op for layer in layers for op in getattr(layer, "operations", (layer,)))
        self._attributes = [vars(operation) for operation in operations]
        own = [v for attributes in self._attributes for k, v in attributes.items() if k not in KERAS_OWN]
        self._holders = [value for value in own if isinstance(value, (list, dict, np.ndarray))]
        self._then = self._now()

    def _now(self):
        return [list(_content(holder)) for holder in (*self._attributes, *self._holders)]

    def holds(self):  # is all as it was?
        pairs = zip(self._now(), self._then)
        return all(len(a) == len(b) and all(map(operator.is_, a, b)) for a, b in pairs)


def _content(holder):
    if isinstance(holder, np.ndarray):  # bytes are small numbers, of which Python has one object each
        return holder.tobytes() if holder.nbytes < 2**12 else b""
    return holder.values() if isinstance(holder, dict) else holder
