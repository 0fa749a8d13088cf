"""Checks of what a caller hands in: each error names the argument, what was given and what to do."""

import contextlib
import difflib
import importlib
import inspect
import math
import re
from pathlib import Path

import numpy as np

MAX_CLASS_ID = 2**24  # Keras hands labels to a loss as float32, which is exact up to here


class NotReadyError(RuntimeError):
    """A step was asked for before the step it stands on, such as `lookup` before `index`."""


class ArtifactError(ValueError):
    """A saved file is damaged, foreign, or written by a newer simlib."""


def choose(name, given, options):
    """Return `options[given]`, or raise ValueError listing the options and the closest one.

    >>> choose("distance", "cosin", {"cosine": 1, "euclidean": 2})
    Traceback (most recent call last):
        ...
    ValueError: distance: 'cosin' is unknown. Did you mean 'cosine'? Choose one of: cosine, euclidean.
    """
    if isinstance(given, str) and given in options:
        return options[given]
    close = difflib.get_close_matches(str(given).lower(), options, 1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise ValueError(f"{name}: {given!r} is unknown.{hint} Choose one of: {', '.join(options)}.")


def construct(name, wanted, homes, *arguments):
    """Make the object that `wanted` names: "faiss", or {"name": "faiss", **options}.

    `homes` says in which module of simlib each name's class lives: it is imported only when wanted.
    Raises ValueError for an unknown name or option.
    """
    options = dict(wanted) if isinstance(wanted, dict) else {"name": wanted}
    module, kind = choose(name, options.pop("name", None), homes).rsplit(".", 1)
    made = getattr(importlib.import_module(f"simlib.{module}"), kind)
    known = list(inspect.signature(made).parameters)[len(arguments) :]
    for option in options:
        choose(f"{name}: an option of {made.name!r}", option, dict.fromkeys(known))
    return made(*arguments, **options)


def extra(module, package, why):
    """Import an optional package; ImportError with the command that installs it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"{why} needs {package}, which is not here ({error}). Install it: pip install {package}"
        ) from error


def whole_number(name, value, at_least=0):
    """Return `value` as an int, or raise ValueError if it is no whole number >= `at_least`."""
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value >= at_least:
        return int(value)
    raise ValueError(f"{name} must be a whole number of at least {at_least}; got {value!r}.")


def number(name, value):
    """Return `value` as a float, or raise ValueError if it is no real number, or NaN."""
    found = math.nan
    if isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool):
        with contextlib.suppress(OverflowError):  # a whole number beyond every float
            found = float(value)
    if math.isnan(found):
        raise ValueError(f"{name} must be a number, and not NaN; got {value!r}.")
    return found


def amount(name, value):
    """Return `value` as a float, or raise ValueError if it is no number of 0 or more, finite in float32."""
    if 0 <= distance(name, value) < math.inf:
        return float(value)
    raise ValueError(f"{name} must be a finite number of 0 or more; got {value!r}.")


def distance(name, value):
    """Return `value` as the index keeps distances, rounded to float32; ValueError if it is no number."""
    with np.errstate(over="ignore"):  # beyond float32 is infinity
        return float(np.float32(number(name, value)))


def path(name, value):
    """Return `value` as a `Path`, or raise ValueError if it is no file name."""
    try:
        found = Path(value)
    except TypeError:
        found = None
    if found is None or "\0" in str(found):
        raise ValueError(f"{name} must be the name of a file; got {value!r}.")
    return found


def kind(name, value, wanted, whence=""):
    """Return `value`, or raise ValueError if it is no `wanted`, a class; `whence` says who makes one."""
    if isinstance(value, wanted):
        return value
    raise ValueError(f"{name} must be a `{wanted.__name__}`{whence}; got {type(value).__name__}.")


def mapping(name, value, of):
    """Return `value`, or raise ValueError if it is no dict; `of` says what it should hold."""
    if isinstance(value, dict):
        return value
    raise ValueError(f"{name} must be a dict, {of}; got {value!r}.")


def listed(name, value):
    """Return the items of any iterable as a list, or raise ValueError."""
    try:
        return list(value)
    except TypeError:
        raise ValueError(f"{name} must be a list; got {value!r}.") from None


def as_array(name, value):
    """Return `value` as a NumPy array; ragged lists and arbitrary objects raise ValueError."""
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name}: rows of different lengths do not make an array.") from error
    if array.dtype.hasobject:
        raise ValueError(f"{name} must be an array of numbers; got Python objects (dtype {array.dtype}).")
    return array


def tensor_shape(name, value):
    """The shape of a tensor of any backend, or of what makes an array; ValueError if it holds no numbers."""
    tensor = value if hasattr(value, "dtype") else as_array(name, value)
    if not re.search("int|float|bool", str(tensor.dtype)):
        raise ValueError(f"{name} must be numbers; got dtype {tensor.dtype}.")
    return tuple(tensor.shape)


def rows(name, value):
    """Return `value` as an array with a first axis, one row for each example, or raise ValueError."""
    array = as_array(name, value)
    if array.ndim == 0:
        raise ValueError(f"{name} must be an array, one row for each example; got {value!r}.")
    return array


def embeddings(name, value):
    """Return `value` as finite float32 vectors of shape (n, d), or raise ValueError."""
    array = as_array(name, value)
    if array.ndim != 2 or (len(array) and not array.shape[1]):
        raise ValueError(f"{name} must have the shape (n, d), one vector a row; got the shape {array.shape}.")
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} must be numbers; got dtype {array.dtype}.")
    with np.errstate(over="ignore"):
        array = np.ascontiguousarray(array, dtype=np.float32)
    bad = np.flatnonzero(~np.isfinite(array).all(axis=1))
    if len(bad):
        raise ValueError(
            f"{name}: {len(bad)} of {len(array)} vectors hold NaN, infinity or numbers beyond "
            f"float32 (the first is row {bad[0]}); remove or mend them."
        )
    return array


def labels(name, value, length=None, of="rows"):
    """Return `value` as int64 class ids of shape (n,), or raise ValueError."""
    array = as_array(name, value)
    if array.ndim == 2 and array.shape[1] > 1:
        raise ValueError(
            f"{name} must be integer class ids of shape (n,); got the shape {array.shape}, which "
            f"looks one-hot. Use {name}.argmax(axis=1)."
        )
    if array.ndim != 1:
        raise ValueError(
            f"{name} must be integer class ids of shape (n,), one for each row; got the shape {array.shape}."
        )
    if array.dtype.kind not in "iu" and len(array):
        raise ValueError(
            f"{name} must be integer class ids; got dtype {array.dtype}. "
            f"Map each class to a whole number first."
        )
    if length is not None and len(array) != length:
        raise ValueError(f"{name} has {len(array)} entries, but there are {length} {of}.")
    if len(array) and (array.min() < -MAX_CLASS_ID or array.max() > MAX_CLASS_ID):
        raise ValueError(f"{name}: class ids must lie within +-{MAX_CLASS_ID} (2**24); renumber them.")
    return array.astype(np.int64)


def classes(name, value):
    """Return `value` as a list of distinct class ids, 0 or more, or raise ValueError."""
    ids = labels(name, listed(name, value)).tolist()
    if len(set(ids)) < len(ids) or min(ids, default=0) < 0:
        raise ValueError(f"{name} must be distinct class ids of 0 or more; got {ids}.")
    return ids


def images(name, value, shape=None):
    """`value` as images (n, height, width), or with 3 or 4 colours at the end; shape: their first axes."""
    array = as_array(name, value)
    leading = 1 if shape is None else len(shape)
    if array.ndim == leading + 3 and array.shape[-1] == 1:
        array = array[..., 0]
    gray = array.ndim == leading + 2
    colored = array.ndim == leading + 3 and array.shape[-1] in (3, 4)
    fits = (gray or colored) and shape in (None, array.shape[:leading]) and 0 not in array.shape[leading:]
    if not fits or array.dtype.kind not in "fiub":
        wanted = ", ".join(map(str, shape or ["n"]))
        raise ValueError(
            f"{name} must be images of the shape ({wanted}, height, width); got {array.dtype} {array.shape}."
        )
    return array


def examples(name, value):
    """Yield (array, class id) for each of the pairs that `value` gives, or raise ValueError."""
    if isinstance(value, dict) or not hasattr(value, "__iter__"):
        raise ValueError(f"{name} must give pairs (x, y); got {type(value).__name__}.")
    for pair in value:
        if not (isinstance(pair, (tuple, list)) and len(pair) == 2):
            raise ValueError(f"{name} must give pairs (x, y); got {type(pair).__name__}.")
        y = as_array(f"{name}: y", pair[1])
        if y.ndim:
            raise ValueError(
                f"{name} must give single examples; its labels have the shape {y.shape}. Leave out its "
                "`batch`, or undo it with `unbatch`; of one-hot labels take the `argmax`."
            )
        yield as_array(f"{name}: x", pair[0]), int(labels(f"{name}: y", y[None])[0])


def positions(name, value, n):
    """Positions 0 .. n - 1 from positions or from a mask of n."""
    rows = as_array(name, value)
    if rows.dtype == bool and rows.shape == (n,):
        return np.flatnonzero(rows)
    if rows.size == 0:
        return np.empty(0, int)
    if rows.dtype.kind in "iu" and rows.ndim == 1 and 0 <= rows.min() <= rows.max() < n:
        return rows
    raise ValueError(f"{name} must be row numbers from 0 to {n - 1}, or a mask of {n}; got {value!r}.")


def members(name, value):
    """Return `value` as a list of distinct class ids, -1 (nobody) allowed, or raise ValueError."""
    ids = labels(name, listed(name, value)).tolist()
    if len(set(ids)) < len(ids) or min(ids, default=0) < -1:
        raise ValueError(f"{name} must be distinct class ids, or -1 for nobody; got {ids}.")
    return ids
