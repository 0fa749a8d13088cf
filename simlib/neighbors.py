"""`Neighbors`: what a lookup answers with. Calibration, matching, metrics and plots read it."""

from dataclasses import dataclass

import numpy as np

from simlib import checks
from simlib.classes import Classes

ARRAYS = "labels", "distances", "ids"


@dataclass(frozen=True, eq=False, repr=False)
class Neighbors:
    """The k nearest indexed items of each query, nearest first.

    Attributes:
        labels: int64 (queries, k), the class ids of the neighbours; made from names, if given names.
        distances: float32 (queries, k), ascending along each row; smaller is closer.
        ids: (queries, k), the items' ids in the index: int64, or text if they were added with such.
            A search that finds fewer than k pads with id -1 (or ""), label -1, distance inf.
        classes: the `Classes` of the index; None takes those among the neighbours.

    >>> Neighbors(labels=[[7, 1]], distances=[[0.02, 0.31]], ids=[[4, 9]])
    Neighbors of 1 query, k = 2
      query 0: 7 at 0.0200, 1 at 0.3100
    """

    labels: np.ndarray
    distances: np.ndarray
    ids: np.ndarray
    classes: Classes | None = None

    def __post_init__(self):
        labels, distances, ids = (checks.as_array(f"Neighbors: {n}", getattr(self, n)) for n in ARRAYS)
        if self.classes is None or labels.dtype.kind not in "iu":
            given = checks.kind("classes", self.classes or Classes(), Classes)
            flat, classes = given.read("Neighbors: labels", labels.ravel())
            labels = flat.reshape(labels.shape)
        else:
            classes = self.classes
        for name, array, kinds in (("distances", distances, "fiu"), ("ids", ids, "iuU")):
            if array.size and array.dtype.kind not in kinds:
                raise ValueError(f"Neighbors: {name} must be numbers; got dtype {array.dtype}.")
        with np.errstate(over="ignore"):  # beyond float32 is infinitely far
            distances = distances.astype(np.float32)  # copies of our own, then frozen
        ids = ids.astype(ids.dtype if ids.dtype.kind == "U" else np.int64)
        _freeze(self, labels.astype(np.int64), distances, ids, classes)
        shapes = [getattr(self, name).shape for name in ARRAYS]
        if len(set(shapes)) > 1 or len(shapes[0]) != 2:
            raise ValueError(f"Neighbors: all three must share one shape (queries, k); got {shapes}.")
        if not (self.distances[:, 1:] >= self.distances[:, :-1]).all() or np.isnan(self.distances).any():
            raise ValueError("Neighbors: distances must ascend along each row, nearest first, without NaN.")

    @property
    def k(self):
        """How many neighbours each query has."""
        return self.labels.shape[1]

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, rows):
        """The neighbours of some of the queries: a slice, a mask or a list of positions."""
        return self._part(np.atleast_1d(np.arange(len(self))[rows]))

    def first(self, k):
        """The nearest `k` of each query's neighbours; all of them if there are fewer."""
        return self._part(np.s_[:, : checks.whole_number("k", k)])

    def _part(self, where):
        return trusted(*(getattr(self, name)[where] for name in ARRAYS), self.classes)  # checked as a whole

    def __repr__(self):
        lines = [f"Neighbors of {len(self)} quer{'y' if len(self) == 1 else 'ies'}, k = {self.k}"]
        for row in range(min(3, len(self))):
            near = zip(self.classes.call(self.labels[row, :5]), self.distances[row, :5])
            shown = ", ".join(f"{label} at {distance:.4f}" for label, distance in near)
            lines.append(f"  query {row}: {shown}{', ...' if self.k > 5 else ''}")
        if len(self) > 3:
            lines.append(f"  ... {len(self) - 3} more")
        return "\n".join(lines)


def trusted(labels, distances, ids, classes):
    """`Neighbors` of arrays that a search has just put together: sound, in order, and nobody else's."""
    return _freeze(object.__new__(Neighbors), labels, distances, ids, classes)


def _freeze(neighbors, *arrays_and_classes):
    for array in arrays_and_classes[:3]:
        array.setflags(write=False)
    vars(neighbors).update(zip((*ARRAYS, "classes"), arrays_and_classes))
    return neighbors


def expect(neighbors):
    """Return `neighbors`, or raise ValueError if it is something else."""
    return checks.kind("neighbors", neighbors, Neighbors, ", as `lookup` gives it")
