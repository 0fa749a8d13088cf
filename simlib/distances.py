"""Distances between vectors. This is the one place that says: **smaller is closer**.

Each distance is a class of short methods. `prepare` does what can be done once for each vector.
`pairwise` measures all of `a` against all of `b` with one matrix product: fast, and it runs on NumPy
(`xp=np`) as well as inside a loss (`xp=keras.ops`). `paired` measures vector against vector, summed in
float64, without that product's rounding: equal vectors are at distance 0 exactly (inner product aside).
`rank` and `slack` let a search go from the one to the other without losing a true neighbour.
"""

import numpy as np

from simlib import checks

TINY = 1e-12  # keeps the gradients of a square root finite at 0
SHORTEST = 1e-30  # a vector whose largest entry is below this has no direction that float32 can tell
EPSILON, SMALLEST = np.finfo(np.float32).eps, np.finfo(np.float32).tiny
LONGEST = 2.0**62  # below this length, squares of differences stay finite in float32


def _difference(a, b):
    return (a - b).astype(np.float64)  # float32 subtracts to the last digit; only the sums need more


def _squares(x):
    return np.einsum("...j,...j->...", x, x)  # their sum, without a temporary product


def _rounding(a, size):
    d = a.shape[1] + 8
    return (d * EPSILON * size + 4 * d * SMALLEST)[:, None]


class Distance:
    """A distance between vectors; see the module's docstring for the methods."""

    def prepare(self, x, xp=np):  # (n, d) -> (n, d)
        return x

    def sizes(self, x):
        """float32 (n,): what `rank` and `slack` need to know of each vector, its squared length."""
        return _squares(x)

    def rank(self, a, b, sizes):
        """(q, n) numbers in the order of the distances, but for rounding; `sizes` are those of b."""
        return self.pairwise(a, b)

    def slack(self, a, largest):
        """float32 (q, 1): how far rounding can move two ranks apart, `largest` being the largest size of b.

        Twice the error bound of a sum of d products, d * 2**-24 * |a| |b| (Higham 2002, "Accuracy and
        Stability of Numerical Algorithms", 3.1); (|a| + |b|)**2 for |a| |b| covers differences, too.
        """
        return _rounding(a, (np.sqrt(self.sizes(a)) + np.sqrt(largest)) ** 2)


class Cosine(Distance):
    """1 - cos(a, b): 0 for the same direction, 1 for a right angle, 2 for opposite directions."""

    name = "cosine"

    def prepare(self, x, xp=np):
        # Divide by the largest entry first, so that squaring neither overflows nor underflows.
        largest = xp.max(xp.abs(x), axis=-1, keepdims=True)
        # A zero vector stays zero, with a small gradient: one divided by SHORTEST would wreck a model.
        x = x / xp.where(largest < SHORTEST, xp.ones_like(largest), largest)
        return x / xp.sqrt(xp.maximum(xp.sum(x * x, axis=-1, keepdims=True), 0.5))

    def pairwise(self, a, b, xp=np):
        return xp.maximum(1 - xp.matmul(a, xp.transpose(b)), 0.0)

    def rank(self, a, b, sizes):
        return np.matmul(-a, b.T)

    def paired(self, a, b):
        return _squares(_difference(a, b)) / 2  # equals 1 - cos for unit vectors


class SquaredEuclidean(Distance):
    """The square of the straight line between two points."""

    name = "squared_euclidean"

    def pairwise(self, a, b, xp=np):
        square_norms = xp.sum(a * a, axis=-1)[:, None] + xp.sum(b * b, axis=-1)[None, :]
        return xp.maximum(square_norms - 2 * xp.matmul(a, xp.transpose(b)), 0.0)

    def rank(self, a, b, sizes):
        rank = np.matmul(-2 * a, b.T)  # |a|^2 is the same for all of b, so the order can do without
        return np.add(rank, sizes, out=rank)

    def paired(self, a, b):
        return _squares(_difference(a, b))


class Euclidean(SquaredEuclidean):
    """The straight line between two points: the same order, with a square root."""

    name = "euclidean"

    def pairwise(self, a, b, xp=np):
        squares = super().pairwise(a, b, xp)
        # Two `where`s: the branch not taken must not have an infinite gradient either.
        positive = xp.where(squares > TINY, squares, xp.ones_like(squares))
        return xp.where(squares > TINY, xp.sqrt(positive), xp.zeros_like(squares))

    def paired(self, a, b):
        return np.sqrt(super().paired(a, b))


class Manhattan(Distance):
    """The sum of the differences along each axis."""

    name = "manhattan"

    def pairwise(self, a, b, xp=np):
        return xp.sum(xp.abs(a[:, None, :] - b[None, :, :]), axis=-1)

    def paired(self, a, b):
        return np.abs(_difference(a, b)).sum(-1)

    def sizes(self, x):
        return np.abs(x).sum(-1)

    def slack(self, a, largest):
        return _rounding(a, self.sizes(a) + largest)


class InnerProduct(Distance):
    """-a.b: a larger product is closer, so the sign is turned round. It can be negative."""

    name = "inner_product"

    def pairwise(self, a, b, xp=np):
        return -xp.matmul(a, xp.transpose(b))

    def paired(self, a, b):
        return -np.einsum("...j,...j->...", a.astype(np.float64), b.astype(np.float64))


DISTANCES = {d.name: d() for d in (Cosine, Euclidean, SquaredEuclidean, Manhattan, InnerProduct)}


def get(name):
    """Return the distance called `name`; an unknown name raises ValueError with the closest one.

    >>> get("cosine").pairwise(np.eye(2), np.eye(2))
    array([[0., 1.],
           [1., 0.]])
    """
    return checks.choose("distance", name, DISTANCES)


def prepare(name, distance, x):
    """Check vectors of shape (n, d), or a single (d,), and prepare them for `distance`; float32 (n, d).

    Raises ValueError that says `name` for a wrong shape, NaN, lengths that overflow, zeros under cosine.
    """
    x = checks.embeddings(name, x, single=True)
    prepared = distance.prepare(x)
    if distance.name == "cosine":
        bad = _squares(prepared) < 0.5  # else it is 1
        why = "is all zeros (or nearly): it has no direction. Remove such rows, or use distance='euclidean'."
    else:
        bad = np.abs(x).max(axis=1, initial=0) * np.sqrt(x.shape[1]) > LONGEST
        why = "is so long that its distances overflow float32. Scale the vectors down."
    if bad.any():
        raise ValueError(f"{name}: row {bad.argmax()} {why}")
    return prepared
