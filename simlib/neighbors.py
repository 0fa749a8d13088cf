"""`Neighbors`: what a lookup answers with. Calibration, matching, metrics and plots read it."""

from dataclasses import dataclass

import numpy as np

from simlib import checks

UNKNOWN = -1  # the label of "no match"


@dataclass(frozen=True, eq=False, repr=False)
class Neighbors:
    """The k nearest indexed items of each query, nearest first.

    Attributes:
        labels: int64 (queries, k), the class ids of the neighbours.
        distances: float32 (queries, k), ascending along each row; smaller is closer.
        ids: int64 (queries, k), positions in the index, in the order in which items were added.
            An approximate search that finds fewer than k pads with id -1, label -1, distance inf.

    >>> Neighbors(labels=[[7, 1]], distances=[[0.02, 0.31]], ids=[[4, 9]])
    Neighbors of 1 query, k = 2
      query 0: 7 at 0.0200, 1 at 0.3100
    """

    labels: np.ndarray
    distances: np.ndarray
    ids: np.ndarray

    def __post_init__(self):
        whole, real = (np.int64, "iu", "whole numbers"), (np.float32, "fiu", "numbers")
        for name, (dtype, kinds, numbers) in zip(vars(self), (whole, real, whole)):
            array = checks.as_array(f"Neighbors: {name}", getattr(self, name))
            if array.size and array.dtype.kind not in kinds:
                raise ValueError(f"Neighbors: {name} must be {numbers}; got dtype {array.dtype}.")
            with np.errstate(over="ignore"):  # beyond float32 is infinitely far
                array = array.astype(dtype)  # a copy of our own, then frozen
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        shapes = [array.shape for array in vars(self).values()]
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
        return trusted(*(array[where] for array in vars(self).values()))  # what was checked as a whole

    def __repr__(self):
        lines = [f"Neighbors of {len(self)} quer{'y' if len(self) == 1 else 'ies'}, k = {self.k}"]
        for row in range(min(3, len(self))):
            near = zip(self.labels[row, :5], self.distances[row, :5])
            shown = ", ".join(f"{label} at {distance:.4f}" for label, distance in near)
            lines.append(f"  query {row}: {shown}{', ...' if self.k > 5 else ''}")
        if len(self) > 3:
            lines.append(f"  ... {len(self) - 3} more")
        return "\n".join(lines)


def trusted(labels, distances, ids):
    """`Neighbors` of arrays that a search has just put together: sound, in order, and nobody else's."""
    neighbors = object.__new__(Neighbors)
    for name, array in (("labels", labels), ("distances", distances), ("ids", ids)):
        array.setflags(write=False)
        object.__setattr__(neighbors, name, array)
    return neighbors


def expect(neighbors):
    """Return `neighbors`, or raise ValueError if it is something else."""
    return checks.kind("neighbors", neighbors, Neighbors, ", as `lookup` gives it")
