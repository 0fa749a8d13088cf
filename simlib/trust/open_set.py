"""Open set: queries whose class is in nobody's index. The only right answer to them is "unknown".

A true label of -1 says so outright. How well do distances part such strangers from the known (AUROC, no
cutpoint needed), and what does one cutpoint do to both?
"""

from dataclasses import dataclass

import numpy as np

from simlib import checks, matching
from simlib.classes import UNKNOWN


@dataclass(frozen=True, eq=False)
class OpenSet:
    """Strangers against the known, at every distance that occurs.

    Attributes:
        auroc: the chance that a stranger's match is further away than a known query's; of equals, half.
        distances: float32 (m,), ascending; each is a candidate cutpoint.
        strangers_unknown, known_unknown: float64 (m,), the share of each called unknown there.
        strangers, known: how many there are of each.
    """

    auroc: float
    distances: np.ndarray
    strangers_unknown: np.ndarray
    known_unknown: np.ndarray
    strangers: int
    known: int

    def at(self, cutpoint):
        """(share of strangers, share of known queries) called unknown at a cutpoint."""
        i = np.searchsorted(self.distances, checks.distance("cutpoint", cutpoint), side="right") - 1
        if i < 0:
            return 1.0, 1.0
        return float(self.strangers_unknown[i]), float(self.known_unknown[i])

    def __repr__(self):
        return f"{self.strangers} strangers among {self.known} known queries: AUROC {self.auroc:.3f}"


def open_set(neighbors, labels, known, strangers=None, matcher="nearest"):
    """`OpenSet`: how well distances tell strangers from queries whose class the index holds.

    Raises ValueError for no query of a known class, or no stranger, or a class that is both.

    Args:
        neighbors: `Neighbors` (queries, k). labels: (queries,) their true class ids, -1 for nobody's.
        known: the class ids that the index holds, such as `index.class_sizes()`; -1 is never known.
        strangers: the classes to set against them, -1 among them or not; None takes all others that occur.
        matcher: as in `calibrate`.

    >>> from simlib import Neighbors
    >>> near = Neighbors([[1], [1], [1], [1]], [[0.1], [0.3], [0.2], [0.4]], [[0]] * 4)
    >>> open_set(near, [1, 1, 5, 6], known=[1])
    2 strangers among 2 known queries: AUROC 0.750
    """
    from scipy.stats import rankdata

    decisions = matching.decisions(neighbors, labels, matcher)
    known, classes = decisions.classes.members("known", known)
    known = [c for c in known if c != UNKNOWN]
    others = np.setdiff1d(decisions.labels, known)
    if strangers is not None:
        others, classes = classes.members("strangers", strangers)
    both = classes.call(np.intersect1d(known, others))
    if both:
        raise ValueError(f"strangers: class {both[0]} is in the index too, so it is no stranger.")
    labels, distances = decisions.labels, decisions.distances
    far, near = (distances[np.isin(labels, classes)] for classes in (others, known))
    for name, group in (("strangers", far), ("known", near)):
        if not len(group):
            raise ValueError(f"{name}: none of the queries has such a class; there is nothing to compare.")
    steps = np.unique(distances[np.isfinite(distances)])
    shares = [1 - np.searchsorted(np.sort(d), steps, side="right") / len(d) for d in (far, near)]
    # The area under the ROC curve is Mann and Whitney's U (1947) over n m (Hanley and McNeil 1982).
    n, m, ranks = len(far), len(near), rankdata(np.concatenate([far, near]))  # equals share their ranks' mean
    return OpenSet(float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m)), steps, *shares, n, m)
