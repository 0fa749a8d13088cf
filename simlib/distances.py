"""Distances between vectors. This is the one place that says: **smaller is closer**.

Each distance is a class with three short functions. `prepare` does what can be done once for each
vector. `pairwise` measures all of `a` against all of `b` with one matrix product: fast, and it runs
on NumPy (`xp=np`) as well as inside a loss (`xp=keras.ops`). `paired` measures vector against
vector without that product's rounding: equal vectors are at distance 0 exactly (inner product aside).
"""

import numpy as np

from simlib import checks

TINY = 1e-12  # keeps the gradients of a square root finite at 0


def _squared(a, b, xp):
    square_norms = xp.sum(a * a, axis=-1)[:, None] + xp.sum(b * b, axis=-1)[None, :]
    return xp.maximum(square_norms - 2 * xp.matmul(a, xp.transpose(b)), 0.0)


def _safe_sqrt(x, xp):
    # Two `where`s: the branch not taken must not have an infinite gradient either.
    return xp.where(x > TINY, xp.sqrt(xp.where(x > TINY, x, xp.ones_like(x))), xp.zeros_like(x))


class Distance:
    """A distance between vectors; see the module's docstring for the three functions."""

    name = ""

    @staticmethod
    def prepare(x, xp=np):
        """(n, d) -> (n, d): what can be done once for each vector."""
        return x


class Cosine(Distance):
    """1 - cos(a, b): 0 for the same direction, 1 for a right angle, 2 for opposite directions."""

    name = "cosine"

    @staticmethod
    def prepare(x, xp=np):
        # Divide by the largest entry first, so that squaring neither overflows nor underflows.
        x = x / xp.maximum(xp.max(xp.abs(x), axis=-1, keepdims=True), 1e-30)
        return x / xp.sqrt(xp.maximum(xp.sum(x * x, axis=-1, keepdims=True), TINY))

    @staticmethod
    def pairwise(a, b, xp=np):
        return xp.maximum(1 - xp.matmul(a, xp.transpose(b)), 0.0)

    @staticmethod
    def paired(a, b):
        return np.square(a - b).sum(-1) / 2  # equals 1 - cos for unit vectors


class Euclidean(Distance):
    """The straight line between two points."""

    name = "euclidean"

    @staticmethod
    def pairwise(a, b, xp=np):
        return _safe_sqrt(_squared(a, b, xp), xp)

    @staticmethod
    def paired(a, b):
        return np.sqrt(np.square(a - b).sum(-1))


class SquaredEuclidean(Distance):
    """The square of the straight line: the same order, without a square root."""

    name = "squared_euclidean"

    @staticmethod
    def pairwise(a, b, xp=np):
        return _squared(a, b, xp)

    @staticmethod
    def paired(a, b):
        return np.square(a - b).sum(-1)


class Manhattan(Distance):
    """The sum of the differences along each axis."""

    name = "manhattan"

    @staticmethod
    def pairwise(a, b, xp=np):
        return xp.sum(xp.abs(a[:, None, :] - b[None, :, :]), axis=-1)

    @staticmethod
    def paired(a, b):
        return np.abs(a - b).sum(-1)


class InnerProduct(Distance):
    """-a.b: a larger product is closer, so the sign is turned round. It can be negative."""

    name = "inner_product"

    @staticmethod
    def pairwise(a, b, xp=np):
        return -xp.matmul(a, xp.transpose(b))

    @staticmethod
    def paired(a, b):
        return -(a * b).sum(-1)


DISTANCES = {d.name: d for d in (Cosine, Euclidean, SquaredEuclidean, Manhattan, InnerProduct)}


def get(name):
    """Return the distance called `name`; an unknown name raises ValueError with the closest one.

    >>> get("cosine").pairwise(np.eye(2), np.eye(2))
    array([[0., 1.],
           [1., 0.]])
    """
    return checks.choose("distance", name, DISTANCES)


def prepare(name, distance, x):
    """Check vectors of shape (n, d) and prepare them for `distance`; float32.

    Raises ValueError for a wrong shape, NaN, and for zero vectors under cosine: they have no
    direction. `name` is the argument's name in those messages.
    """
    x = checks.embeddings(name, x)
    zero = np.flatnonzero(~x.any(axis=1)) if distance is Cosine else ()
    if len(zero):
        raise ValueError(
            f"{name}: row {zero[0]} is all zeros, and a zero vector has no direction, so no cosine "
            "distance. Remove such rows, or use distance='euclidean'."
        )
    return distance.prepare(x)
