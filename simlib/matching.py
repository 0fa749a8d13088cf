"""From neighbours to one label for each query, and whether that label is right.

Every matcher has one shape: `matcher(neighbors) -> (labels, distances)`, both of shape (queries,).
The distance is that of the *nearest* neighbour which carries the chosen label, so one cutpoint, in
the units of the index, decides for every matcher.
"""

from dataclasses import dataclass

import numpy as np

from simlib import checks
from simlib.classes import UNKNOWN, Classes
from simlib.neighbors import expect


def nearest(neighbors):
    """The label and the distance of the nearest neighbour."""
    return neighbors.labels[:, 0], neighbors.distances[:, 0]


def majority(neighbors):
    """The label that most of the k neighbours carry; of equals, the one that has the nearest."""
    return _vote(neighbors, np.isfinite(neighbors.distances).astype(float))


def weighted(neighbors):
    """The label with the largest sum of 1 / distance (Dudani 1976); of equals, the nearest.

    One at distance 0 outweighs everything. Raises ValueError for distances below 0 (inner products).
    """
    if (neighbors.distances < 0).any():
        raise ValueError("matcher 'weighted' needs distances of 0 or more; use 'majority' or 'nearest'.")
    distances = neighbors.distances.astype(float)
    exact = distances == 0
    with np.errstate(divide="ignore"):
        return _vote(neighbors, np.where(exact.any(1, keepdims=True), exact, 1 / distances))


def _vote(neighbors, weights):
    # votes[q, j] is the weight of all neighbours of q that carry the label of its j-th neighbour.
    same = neighbors.labels[:, :, None] == neighbors.labels[:, None, :]
    votes = (same * weights[:, None, :]).sum(-1)
    # Sums of the same weights in another order differ in the last bits, and must still be equals.
    equals = votes >= votes.max(1, keepdims=True) * (1 - 1e-12)
    winner = np.arange(len(neighbors)), equals.argmax(1)  # the first of equals is the nearest
    return neighbors.labels[winner], neighbors.distances[winner]


MATCHERS = {"nearest": nearest, "majority": majority, "weighted": weighted}


def decide(neighbors, matcher="nearest"):
    """Return (labels, distances), each of shape (queries,), as the named matcher sees them.

    No match is -1 at infinity: a padded place, an item without a label. ValueError for k = 0.
    """
    matcher = checks.choose("matcher", matcher, MATCHERS)
    if expect(neighbors).k == 0:
        raise ValueError("neighbors: k is 0, so there is nobody to match; look up k >= 1.")
    labels, distances = matcher(neighbors)
    return labels, np.where(labels == UNKNOWN, np.float32(np.inf), distances)


def answers(neighbors, cutpoint, matcher="nearest"):
    """The class id of each query's match, int64 (queries,); -1 where it lies beyond the cutpoint."""
    cutpoint = checks.distance("cutpoint", cutpoint)
    labels, distances = decide(neighbors, matcher)
    return np.where(distances <= cutpoint, labels, UNKNOWN)


def match(neighbors, cutpoint, matcher="nearest", no_match_label=None):
    """Label each query, or call it unknown where its match lies beyond the cutpoint.

    Returns labels (queries,): names where the classes have names, else int64 ids. Raises ValueError for an
    unknown matcher, a cutpoint that is no number, a `no_match_label` that is no such label, or is a class.

    Args:
        neighbors: `Neighbors` (queries, k). matcher: "nearest", "majority" or "weighted".
        cutpoint: the largest distance that still counts as a match.
        no_match_label: of the unknown; None takes -1, or "unknown" beside names.

    >>> from simlib import Neighbors
    >>> match(Neighbors(labels=[[7], [1]], distances=[[0.1], [0.9]], ids=[[0], [1]]), cutpoint=0.5)
    array([ 7, -1])
    """
    return expect(neighbors).classes.show(answers(neighbors, cutpoint, matcher), no_match_label)


def right_match(predicted, labels):
    """Whether a match is right: it carries the query's own label. Arrays that broadcast; bool.

    A true label of -1 says that the query belongs to nobody: "unknown" is its only right answer.
    """
    return (predicted == labels) & (labels != UNKNOWN)


def judge_answers(answers, labels):
    """Which answers, -1 for unknown, are (right, unknown, wrong): three bool arrays (queries,)."""
    refused = answers == UNKNOWN
    right = np.where(labels == UNKNOWN, refused, right_match(answers, labels))
    return right, refused & ~right, ~refused & ~right


@dataclass(frozen=True, eq=False)
class Decisions:
    """What a matcher decided about queries whose truth is known; the cutpoint is still open.

    Attributes:
        distances: float32 (queries,), of each query's match; infinity where it has none.
        right: bool (queries,), see `right_match`.
        predicted, labels: int64 (queries,), the class id of the match, and the true one; -1 is nobody's.
            None where only pairs are known. classes: the `Classes` of both.
    """

    distances: np.ndarray
    right: np.ndarray
    predicted: np.ndarray | None = None
    labels: np.ndarray | None = None
    classes: Classes | None = None

    def __len__(self):
        return len(self.distances)

    def __getitem__(self, rows):
        """Those about some of the queries."""
        arrays = self.distances, self.right, self.predicted, self.labels
        return Decisions(*(None if array is None else array[rows] for array in arrays), self.classes)

    def nearest_first(self):
        """The same in order of distance, those without a match last."""
        return self[np.argsort(self.distances, kind="stable")]


def decisions(neighbors, labels, matcher="nearest"):
    """`Decisions` about the queries of `Neighbors`; ValueError for true labels that do not fit."""
    predicted, distances = decide(neighbors, matcher)
    labels, classes = neighbors.classes.read("labels", labels, len(neighbors), "queries")
    return Decisions(distances, right_match(predicted, labels), predicted, labels, classes)
