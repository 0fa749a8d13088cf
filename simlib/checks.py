"""Checks of what a caller hands in: each error names the argument, what was given and what to do."""

import difflib
import importlib
import inspect
from pathlib import Path

import numpy as np

MISSING = ("NoneType", "NAType", "NaTType")


class NotReadyError(RuntimeError):
    """A step was asked for before the step it stands on, such as `lookup` before `index`."""


class ArtifactError(ValueError):
    """A saved file is damaged, foreign, or of a format that this simlib does not read."""


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


def construct(name, given, homes, *arguments):
    """Make the object that `given` names: "faiss", or {"name": "faiss", **options}; else ValueError.

    `homes` says where in simlib each name's class lives: its module is imported only when it is named.
    """
    options = dict(given) if isinstance(given, dict) else {"name": given}
    module, kind = choose(name, options.pop("name", None), homes).rsplit(".", 1)
    factory = getattr(importlib.import_module(f"simlib.{module}"), kind)
    known = list(inspect.signature(factory).parameters)[len(arguments) :]
    for option in options:
        choose(f"{name}: an option of {factory.name!r}", option, dict.fromkeys(known))
    return factory(*arguments, **options)


def extra(module, why, name="scale"):
    """Import a module that the extra `name` brings; ImportError with the command that installs it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        cure = f'Install what it needs: pip install "simlib-course[{name}]"'
        raise ImportError(f"{why} needs a package that is not here ({error}). {cure}") from error


def whole_number(name, value, at_least=0):
    """Return `value` as an int, or raise ValueError if it is no whole number >= `at_least`."""
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value >= at_least:
        return int(value)
    raise ValueError(f"{name} must be a whole number of at least {at_least}; got {value!r}.")


def number(name, value):
    """Return `value` as a float, or raise ValueError if it is no real number, or NaN."""
    real = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if real and value == value:
        return float(value)
    raise ValueError(f"{name} must be a number, and not NaN; got {value!r}.")


def amount(name, value):
    """Return `value` as a float, or raise ValueError if it is no number of 0 or more, finite in float32."""
    if 0 <= distance(name, value) < np.inf:
        return float(value)
    raise ValueError(f"{name} must be a finite number of 0 or more; got {value!r}.")


def distance(name, value):
    """Return `value` as the index keeps distances, rounded to float32; ValueError if it is no number."""
    with np.errstate(over="ignore"):  # beyond float32 is infinity
        return float(np.float32(number(name, value)))


def path(name, value):
    """Return `value` as a `Path`, or raise ValueError if it is no file name."""
    if (isinstance(value, str) or hasattr(value, "__fspath__")) and "\0" not in str(value):
        return Path(value)
    raise ValueError(f"{name} must be the name of a file; got {value!r}.")


def kind(name, value, expected, whence=""):
    """Return `value`, or raise ValueError if it is no `expected`, a class; `whence` says who makes one."""
    if isinstance(value, expected):
        return value
    raise ValueError(f"{name} must be a `{expected.__name__}`{whence}; got {type(value).__name__}.")


def listed(name, value, length=None, of="rows"):
    """Return the items of any iterable as a list, or raise ValueError; a text is one item, and no list."""
    if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
        raise ValueError(f"{name} must be a list; got {value!r}.")
    if length is not None and len(value := list(value)) != length:
        raise ValueError(f"{name} has {len(value)} entries, but there are {length} {of}.")
    return list(value)


def as_array(name, value):
    """Return `value` as a NumPy array of numbers, truth values or text, or raise ValueError.

    What pandas, Arrow, polars and ml_dtypes hand over (object and extension dtypes, columns of vectors) is
    converted where nothing is lost by it. Missing and masked entries, ragged rows and objects are refused.
    """
    parts = value if isinstance(value, (list, tuple)) else [value]
    if any(isinstance(part, np.ma.MaskedArray) and np.ma.is_masked(part) for part in parts):
        raise ValueError(f"{name} has masked entries; remove them, or fill them with `.filled(...)`.")
    try:
        array = np.asarray(value)
        plain = np.array(array.tolist()) if array.dtype.hasobject else array
    except ValueError as error:
        raise ValueError(f"{name}: rows of different lengths do not make an array.") from error
    except (TypeError, RuntimeError) as error:  # a tensor that cannot be copied says why
        raise ValueError(f"{name} cannot be read as an array: {error}") from error
    changed = plain is not array and plain.shape == array.shape and plain.tolist() != array.tolist()
    if changed or plain.dtype.hasobject:
        bad = plain if plain.dtype.hasobject else array
        flat = bad.ravel().tolist()
        missing = [type(v).__name__ in MISSING or (isinstance(v, float) and v != v) for v in flat]
        what = f"got Python objects ({', '.join(sorted({type(v).__name__ for v in flat}))})."
        if bad.ndim and any(missing):
            what = f"row {missing.index(True) * len(bad) // len(flat)} lacks one: remove or fill it."
        raise ValueError(f"{name} must be an array of numbers; {what}")
    small = plain.dtype.kind == "V" and plain.dtype.names is None  # bfloat16 and its like
    exact = [dtype for dtype in (np.int64, np.float32) if small and np.can_cast(plain.dtype, dtype)]
    return plain.astype(exact[0]) if exact else plain


def rows(name, value):
    """Return `value` as an array with a first axis, one row for each example, or raise ValueError."""
    array = as_array(name, value)
    if array.ndim == 0:
        raise ValueError(f"{name} must be an array, one row for each example; got {value!r}.")
    return array


def embeddings(name, value, single=False):
    """Return `value` as finite float32 vectors (n, d), or raise ValueError; `single`: (d,) will do."""
    array = as_array(name, value)
    if single and array.ndim == 1:
        array = array[None]
    if array.ndim != 2 or (len(array) and not array.shape[1]):
        raise ValueError(f"{name} must have the shape (n, d), one vector a row; got the shape {array.shape}.")
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} must be numbers; got dtype {array.dtype}.")
    with np.errstate(over="ignore"):
        array = np.ascontiguousarray(array, dtype=np.float32)
    if not np.isfinite(array).all():
        bad = np.flatnonzero(~np.isfinite(array).all(axis=1))
        what = f"NaN, infinity or numbers beyond float32 (the first is row {bad[0]}); remove or mend them."
        raise ValueError(f"{name}: {len(bad)} of {len(array)} vectors hold {what}")
    return array


def labels(name, value, length=None, of="rows", single=False, text=False, what="class ids"):
    """Return `value` as int64 class ids (n,), or raise ValueError; `single`: one alone will do.

    `text`: also as names, an array of text. `what`: they are, in the error.
    """
    array = as_array(name, value)
    mixed = text and isinstance(value, (list, tuple)) and not all(isinstance(v, (str, bytes)) for v in value)
    if single and array.ndim == 0:
        array = array[None]
    if array.ndim != 1:
        one_hot = array.ndim == 2 and array.shape[1] > 1
        cure = f", which looks one-hot. Use {name}.argmax(axis=1)" if one_hot else ", one for each row"
        raise ValueError(f"{name} must be integer {what} of shape (n,); got {array.shape}{cure}.")
    if length is not None and len(array) != length:
        raise ValueError(f"{name} has {len(array)} entries, but there are {length} {of}.")
    if text and array.dtype.kind in "UST" and len(array):
        if mixed:
            raise ValueError(f"{name} mixes text and others: give all as text, or all as whole numbers.")
        return np.char.decode(array, "utf-8") if array.dtype.kind == "S" else array.astype(str)
    if array.dtype.kind not in "iu" and len(array):
        missing = [f"Row {row} lacks one: fill it." for row in np.flatnonzero(array != array)[:1]]
        cure = [*missing, f"Map each {what[:-4]} to a whole number first."][0]
        raise ValueError(f"{name} must be integer {what}; got dtype {array.dtype}. {cure}")
    if array.dtype == np.uint64 and len(array) and array.max() > np.iinfo(np.int64).max:
        raise ValueError(f"{name}: {what} must fit int64; got {array.max()}. Renumber them.")
    return array.astype(np.int64)


def classes(name, value, at_least=0):
    """Return `value` as a list of distinct class ids, `at_least` or more, or raise ValueError."""
    ids = labels(name, listed(name, value)).tolist()
    if len(set(ids)) < len(ids) or min(ids, default=0) < at_least:
        raise ValueError(f"{name} must be distinct class ids of {at_least} or more; got {ids}.")
    return ids


def images(name, value, shape=None):
    """`value` as images (n, height, width), or with 3 or 4 colours at the end; shape: their first axes."""
    array = as_array(name, value)
    leading = 1 if shape is None else len(shape)
    if array.ndim == leading + 3 and array.shape[-1] == 1:
        array = array[..., 0]
    sizes = array.shape[leading:]
    fits = (len(sizes) == 2 or (len(sizes) == 3 and sizes[2] in (3, 4))) and 0 not in sizes
    if not fits or shape not in (None, array.shape[:leading]) or array.dtype.kind not in "fiub":
        axes = ", ".join(map(str, shape or ["n"]))
        got = f"{array.dtype} {array.shape}"
        raise ValueError(f"{name} must be images of the shape ({axes}, height, width); got {got}.")
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
            cure = "Leave out its `batch`, or undo it with `unbatch`; of one-hot labels take the `argmax`."
            raise ValueError(f"{name} must give single examples; its labels have the shape {y.shape}. {cure}")
        yield as_array(f"{name}: x", pair[0]), labels(f"{name}: y", y, single=True, text=True)[0].item()


def positions(name, value, n):
    """Positions 0 .. n - 1 from positions or from a mask of n."""
    array = as_array(name, value)
    if array.dtype == bool and array.shape == (n,):
        return np.flatnonzero(array)
    whole = array.dtype.kind in "iu" and array.ndim == 1
    if array.size == 0 or (whole and 0 <= array.min() <= array.max() < n):
        return array.astype(int).reshape(-1)
    raise ValueError(f"{name} must be row numbers from 0 to {n - 1}, or a mask of {n}; got {value!r}.")
