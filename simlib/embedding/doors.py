"""What a model is handed: which distance, are the labels class ids, does x come in batches?"""

import functools
import inspect
import re
from collections.abc import Iterator

import keras
import numpy as np

from simlib import checks

LARGEST_ID = 2**24  # Keras hands labels to a loss as float32, which is exact up to here
BATCHES, ROWS = 32, 8  # of a dataset, whose first examples are kept, and how many of each


def check_labels(name, y, floats=False):
    """Raise ValueError unless `y`, an array, a tensor or its spec, can be class ids (batch,) or (batch, 1).

    `floats`: also as a loss gets them, in float32, which tells whole numbers apart up to 2**24.
    """
    y = y if hasattr(y, "dtype") else checks.as_array(name, y)
    shape, dtype = tuple(y.shape or ()), str(y.dtype)
    renumber = f"_, {name} = np.unique({name}, return_inverse=True)."
    if shape[2:] or shape[1:] not in ((), (1,)):
        what = f"got {shape}, which looks one-hot. Use {name}.argmax(axis=1)."
        raise ValueError(f"{name} must be integer class ids of shape (batch,); {what}")
    if not re.search("int|bool|float" if floats else "int|bool", dtype):
        cure = f'Use {name}.astype("int64").' if "float" in dtype else f"Give each class a number: {renumber}"
        raise ValueError(f"{name} must be integer class ids; got dtype {dtype}. {cure}")
    seen = isinstance(y, np.ndarray) or hasattr(y, "to_numpy")  # a compiled graph shows no values
    if seen and np.size(y) and max(-int(y.min()), int(y.max())) > LARGEST_ID:
        what = f"up to 2**24 = {LARGEST_ID}; got {y.max()}. Renumber them: {renumber}"
        raise ValueError(f"{name}: a loss tells class ids apart {what}")


def check_training(x, y, held_out=None):
    """`check_labels` of what `fit` is given, where it can be seen: arrays, a `tf.data.Dataset`, a sampler."""
    if y is None:
        batch = x[0] if isinstance(x, keras.utils.PyDataset) else getattr(x, "element_spec", None)
        y = batch[1] if isinstance(batch, tuple) and len(batch) > 1 else None
    if y is not None:
        check_labels("y", y)
    if held_out is not None:
        check_training(*(held_out if isinstance(held_out, tuple) else (held_out, None))[:2])


def distances_of(loss, depth=6):
    """The distances of what `compile` takes: a loss, one within another or a function, lists and dicts."""
    if isinstance(name := getattr(loss, "distance", None), str):
        return [name]
    inner = loss if isinstance(loss, (list, tuple)) else ()
    if isinstance(loss, (dict, keras.losses.Loss)):
        inner = (loss if isinstance(loss, dict) else vars(loss)).values()
    elif inspect.isfunction(loss):
        inner = inspect.getclosurevars(loss)[:2]  # dicts of the nonlocals and of the globals
    elif inspect.ismethod(loss):
        inner = [loss.__self__]
    elif isinstance(loss, functools.partial):
        inner = [loss.func, loss.args, loss.keywords]
    return list(dict.fromkeys(name for part in inner if depth for name in distances_of(part, depth - 1)))


def the_one(names):
    """The distance of a compiled model's losses, None without any; ValueError if they disagree."""
    if len(names) > 1:
        several = " and ".join(map(repr, names))
        raise ValueError(f"distance: the losses measure {several}. Say which: compile(..., distance=...).")
    return names[0] if names else None


def is_dataset(x):
    """Does x come in batches: a `tf.data.Dataset`, a `PyDataset`, a PyTorch loader, a generator?"""
    known = isinstance(x, (keras.utils.PyDataset, Iterator))
    return known or hasattr(x, "element_spec") or hasattr(x, "batch_sampler")


def needed(y):
    """Return labels as they are, or raise ValueError for None."""
    if y is None:
        raise ValueError("y: give the true label of each example, or as x a dataset of batches (x, y).")
    return y


def batches(x, y, verbose):
    """Yield (examples, labels or None) of each batch of a dataset, with a bar unless `verbose` is 0."""
    if y is not None:
        raise ValueError("y: a dataset gives its own labels, in batches of (x, y). Put them there.")
    if isinstance(x, keras.utils.PyDataset):
        size, x = x.num_batches, map(x.__getitem__, range(x.num_batches or 0))
    else:  # tf.data says -1 of what never ends, and -2 of what it does not know
        size = int(x.cardinality()) if hasattr(x, "cardinality") else -2
    if size in (None, -1):
        raise ValueError("x gives batches without an end. Leave out `repeat`, or `take` some of them.")
    bar = keras.utils.Progbar(size if size >= 0 else None, verbose=int(verbose != 0))
    for count, batch in enumerate(x, 1):
        yield (*batch, None)[:2] if isinstance(batch, (tuple, list)) else (batch, None)
        bar.update(count)


def joined(parts):
    """Join what `_embed` gives of batches: embeddings, labels, and a few of the examples with theirs."""
    embeddings, labels, some = [], [], []
    for vectors, of, x, _ in parts:
        embeddings.append(vectors)
        labels += [] if of is None else [of]
        if len(some) < BATCHES:
            some.append((x[:ROWS], vectors[:ROWS]))
    if not embeddings:
        raise ValueError("x gives no batch. A generator gives them only once.")
    labels = np.concatenate(labels) if labels else None
    return np.concatenate(embeddings), labels, *map(np.concatenate, zip(*some))
