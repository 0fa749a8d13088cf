"""Embedding by Keras's compiled call, and its guards: does the model embed as when it filled its index, and
are the pictures of the kind that it was filled with? Another range is the commonest silent mistake.

The first watches answers, not bytes: LoRA merged on saving changes the weights and no answer, a changed
constant in a layer changes the answers and no weight. So a few indexed inputs are kept with their
embeddings, as probes. They fill up each batch that is looked up, in turn.
"""

import itertools
import logging
import operator
import threading
import warnings

import keras
import numpy as np

from simlib import distances
from simlib.checks import NotReadyError

ROWS = 255  # of x in a batch, at most: with a probe, 256
PROGRESS_FROM = 5_000  # examples; from here on embedding takes seconds, so show a bar
KERAS_OWN = frozenset(vars(keras.layers.Layer())) - {"_dtype_policy"}  # what every layer has
PROBES, PROBE_BYTES = 8, 2**20  # kept at most: they are saved with the model
SAMPLE = 256  # pictures looked at, evenly spaced
ENOUGH = 20  # pictures in the index, before their paper and their shades say what is usual

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
    `probes` may be None: then those of the first guarded call will do from there on.
    """

    def __init__(self, model):
        self._model, self._one_at_a_time = model, threading.Lock()  # JAX lends the weights to the call
        self._dtype = str if model.input.dtype == "string" else model.input.dtype
        self.reset()

    def reset(self):
        """Forget the probes, and compile anew."""
        self.probes = self._state = None

    def __call__(self, x, caller=None):
        """Embed x. With a `caller`, which is named, raise NotReadyError if the probes embed otherwise now."""
        probes = self.probes if caller else None
        # Fill up to a size that comes again, as JAX and XLA compile for each.
        step = 1 << max(0, len(x).bit_length() - 3)
        extra = step - len(x) % step
        rows = np.zeros(extra, int) if probes is None else probes.next(extra)
        embeddings = self._run(np.concatenate([x, (x if probes is None else probes.inputs)[rows]]))
        if probes is not None and not probes.hold(self._model, rows, embeddings[len(x) :]):
            why = "it was trained since, a layer's setting or its file was changed"
            cure = f"{why}. `reset_index`, then `index` and `calibrate` again."
            raise NotReadyError(f"`{caller}`: the model no longer embeds as when it filled the index; {cure}")
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
        self._length = np.linalg.norm(self.embeddings, axis=1).max()
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
        if moved <= ROUNDING * self._length:  # not so for NaN
            return True
        return bool(moved <= QUANTISING * self._length) and self.policies != _policies(model)


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


class Inputs:
    """What pictures an index was made from: (smallest, largest) of their pixel values, of their paper (the
    median of a picture's border), mean, and share of shades (pixels at neither end of the range).
    """

    def __init__(self, n, dtype, shape, ends, said=False):
        self.n, self.dtype, self.shape, self.said = n, dtype, list(shape), said
        self._met = 0  # calls of `warn`
        self.ends = np.array(ends, float)
        self.values, self.paper, self.mean, self.shades = self.ends

    @classmethod
    def of(cls, x, before=None):
        """Describe x (n, height, width, ...), joined to what was `before`, to which no picture adds none."""
        x = np.asarray(x)
        if x.ndim < 3 or not x.size or x.dtype.kind not in "fiub":
            return before
        some = x[np.linspace(0, len(x) - 1, min(len(x), SAMPLE)).astype(int)].astype(np.float32)
        border = np.concatenate([some[:, 0], some[:, -1], some[:, :, 0], some[:, :, -1]], axis=1)
        flat, paper = some.reshape(len(some), -1), np.median(border.reshape(len(some), -1), axis=1)
        inside = np.abs(flat - (flat.min() + flat.max()) / 2) < 0.48 * np.ptp(flat)
        each = flat, paper, flat.mean(axis=1), inside.mean(axis=1)
        new = cls(len(x), str(x.dtype), x.shape[1:], [(values.min(), values.max()) for values in each])
        return before.join(new) if before else new

    def join(self, other):  # an empty shape where theirs differ
        shape = self.shape if other.shape == self.shape else []
        low, high = np.minimum(self.ends, other.ends), np.maximum(self.ends, other.ends)
        return Inputs(self.n + other.n, self.dtype, shape, np.where([True, False], low, high), self.said)

    def warn(self, x):
        """Warn, the first time, if x is of another kind; after many single ones, it looks at one in ten."""
        self._met += 1
        rarely = len(x) == 1 and self._met > ENOUGH and self._met % 10
        if not self.said and not rarely and (sentence := self.differs(Inputs.of(x))):
            self.said = True
            warnings.warn(f"{sentence} Prepare both in the same way.", stacklevel=3)

    def differs(self, new):
        """A sentence that names both, or None where `new` may well be of the same kind."""
        if new is None or not np.ptp(self.values) or not np.ptp(new.values):
            return None
        (low, high), size, own = self.values, np.abs(new.values).max(), np.abs(self.values).max()
        # The top of the usual range that the index's values come from; else their own largest size.
        usual = (top for top in (1, 255, 65535) if -10 * low <= high - low and own <= 1.1 * top)
        scale = next(usual, own)
        below = -new.values[0]  # resizing may overshoot by a little
        negative = low >= -0.1 * scale and below > 0.1 * (np.ptp(new.values) if size < 0.1 * scale else scale)
        dark = new.n < 5 and new.dtype == self.dtype and "int" in new.dtype  # may hold 0 and 1 alone
        if negative or size > 4 * scale or (scale > 1 and size <= scale / 250 and not dark):
            return f"x is {new}, and the index was made from {self}."
        if self.shape and new.shape and self.shape != new.shape:
            return f"each of x has the shape {new.shape}, and the index was made from {self.shape}."
        if self.n < ENOUGH or np.ptp(new.values) < 0.5 * np.ptp(self.values):
            return None  # too few, or too faint, to say more
        if new.shades[1] == 0 and self.shades[0] >= 0.01:
            return f"x holds two values only, and the index was made from {self} with shades between."
        span, exchanged = high - low, low + high - new.ends[1:3, ::-1]  # paper and mean, were black white
        fits = ([1, -1] * (self.ends[1:3] - exchanged) <= 0.2 * span).all()  # near to what is usual
        away = max(new.paper[0] - self.paper[1], self.paper[0] - new.paper[1])
        if fits and away > 0.5 * span and np.ptp(self.paper) <= 0.04 * span:
            now, then = (f"{paper[0]:g} to {paper[1]:g}" for paper in (new.paper, self.paper))
            return f"the paper of x is {now}, and the index was made from {then}: is black white?"

    def __str__(self):
        return f"{self.dtype} from {self.values[0]:g} to {self.values[1]:g}"

    def state(self):  # what `Inputs(*state)` takes back, for a file's header
        return [self.n, self.dtype, self.shape, self.ends.tolist()]
