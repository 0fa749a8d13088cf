"""How good the answers are: at a threshold, as a ranking, and class by class. NumPy only.

The question at a threshold: each query has one match, right or wrong, at a distance. Accept it when
the distance is at most the threshold. Then

    tp = accepted and right      fp = accepted and wrong
    fn = rejected though right   tn = rejected and wrong
"""

from dataclasses import dataclass

import numpy as np

from simlib import checks
from simlib.neighbors import UNKNOWN, expect


def _ratio(a, b):
    with np.errstate(invalid="ignore"):
        return np.true_divide(a, b)  # a part of a whole, so the only division by 0 is 0 / 0: NaN


@dataclass(frozen=True)
class Counts:
    """True and false positives and negatives: whole numbers, or arrays of one shape."""

    tp: np.ndarray
    fp: np.ndarray
    fn: np.ndarray
    tn: np.ndarray

    def metric(self, name):
        """The metric called `name` (see METRICS); NaN where it is 0 of 0.

        >>> float(Counts(tp=8, fp=2, fn=0, tn=0).metric("precision"))
        0.8
        """
        return checks.choose("metric", name, METRICS)(self)


METRICS = {
    "f1": lambda c: _ratio(2 * c.tp, 2 * c.tp + c.fp + c.fn),
    "precision": lambda c: _ratio(c.tp, c.tp + c.fp),
    "recall": lambda c: _ratio(c.tp, c.tp + c.fn),
    "accuracy": lambda c: _ratio(c.tp + c.tn, c.tp + c.fp + c.fn + c.tn),
    "fpr": lambda c: _ratio(c.fp, c.fp + c.tn),
    "npv": lambda c: _ratio(c.tn, c.tn + c.fn),
}
FULL_NAMES = {"f1": "F1", "fpr": "false positive rate", "npv": "negative predictive value"}


@dataclass(frozen=True, eq=False)
class Curve:
    """The counts at every distance that occurs: exact, from one sort, no grid.

    Attributes:
        distances: float32 (m,), distinct and ascending; each is a candidate cutpoint.
        counts: `Counts` of int64 arrays (m,): what accepting `<= distances[i]` gives.
    """

    distances: np.ndarray
    counts: Counts

    def metric(self, name):
        """The metric called `name` at every distance, float64 (m,)."""
        return self.counts.metric(name)

    def at(self, distance):
        """The `Counts` when everything up to `distance` is accepted."""
        distance = checks.distance("distance", distance)
        i = np.searchsorted(self.distances, np.float32(distance), side="right") - 1
        if i < 0:  # nothing is accepted
            right, wrong = (
                (self.counts.tp + self.counts.fn)[0],
                (self.counts.fp + self.counts.tn)[0],
            )
            return Counts(0, 0, int(right), int(wrong))
        return Counts(*(int(c[i]) for c in vars(self.counts).values()))


def curve(distances, right):
    """Count right and wrong acceptances at every distinct distance.

    Args:
        distances: (n,) the distance of each query's match; infinity where it found none.
        right: (n,) bool, whether that match has the query's own label.

    Returns:
        A `Curve`. Queries at equal distances are accepted together: no cutpoint can part them. Those
        that found nothing are counted as rejected at every cutpoint.

    Raises:
        ValueError: nothing to count, NaN distances, `right` not bool, or lengths that differ.

    >>> curve([0.1, 0.2, 0.2], [True, True, False]).metric("precision").round(3)
    array([1.   , 0.667])
    """
    distances, right = checks.as_array("distances", distances), checks.as_array("right", right)
    if distances.shape != right.shape or distances.ndim != 1:
        raise ValueError(
            f"distances and right must share one shape (n,); got {distances.shape} and {right.shape}."
        )
    if not len(distances):
        raise ValueError("distances is empty: there is no query to learn a cutpoint from.")
    if distances.dtype.kind not in "fiu" or right.dtype != bool:
        raise ValueError(
            f"distances must be numbers and right True or False; got {distances.dtype} and {right.dtype}."
        )
    if np.isnan(distances).any():
        raise ValueError(f"distances: {np.isnan(distances).sum()} of {len(distances)} are NaN.")
    with np.errstate(over="ignore"):  # beyond float32 is infinitely far
        distances = distances.astype(np.float32)
    all_right, all_wrong = right.sum(), (~right).sum()
    found = np.isfinite(distances)
    if not found.any():
        raise ValueError("distances: all are infinite, so no query has a match to accept.")
    order = np.argsort(distances[found], kind="stable")
    distances, right = distances[found][order], right[found][order]
    last = np.flatnonzero(np.append(distances[1:] != distances[:-1], True))  # last of each tie
    tp, fp = np.cumsum(right)[last], np.cumsum(~right)[last]
    return Curve(distances[last], Counts(tp, fp, all_right - tp, all_wrong - fp))


def retrieval(neighbors, labels, class_sizes, ks=(1, 5, 10)):
    """Retrieval metrics: recall@k, precision@k and MAP@R, as fractions of 1.

    recall@k is metric learning's: the share of queries with at least one right neighbour among the
    first k (Jegou et al. 2011). precision@k is the mean share of right ones among the first k.
    MAP@R (Musgrave et al. 2020, "A Metric Learning Reality Check", section 3.2) looks at the first R,
    where R is how many items of the query's class the index holds, and rewards right ones that come
    early; k must reach R. Queries whose class is not in the index are left out of MAP@R.

    Args:
        neighbors: `Neighbors` (queries, k), with k >= max(ks) and, for MAP@R, k >= R.
        labels: (queries,) the true class ids.
        class_sizes: {class id: how many the index holds}.
        ks: which k to report.

    Returns:
        A dict such as {"recall@1": 0.97, "precision@1": 0.97, "map@r": 0.91}; "map@r" is NaN if k
        does not reach R.
    """
    labels = checks.labels("labels", labels, len(expect(neighbors)), "queries")
    if not len(labels):
        raise ValueError("labels is empty: there is no query to score.")
    if not isinstance(class_sizes, dict):
        raise ValueError(f"class_sizes must be a dict, class id -> how many; got {class_sizes!r}.")
    sizes = {c: checks.whole_number("class_sizes", size) for c, size in class_sizes.items()}
    hits = (neighbors.labels == labels[:, None]) & (neighbors.labels != UNKNOWN)
    scores = {}
    for k in np.atleast_1d(checks.as_array("ks", ks)):
        k = checks.whole_number("ks", k, at_least=1)
        if k > neighbors.k:
            raise ValueError(f"ks asks for k = {k}, but each query has {neighbors.k} neighbours.")
        scores[f"recall@{k}"] = float(hits[:, :k].any(1).mean())
        scores[f"precision@{k}"] = float(hits[:, :k].mean())
    scores["map@r"] = _map_at_r(hits, np.array([sizes.get(int(c), 0) for c in labels]))
    return scores


def _map_at_r(hits, r):
    if not r.any() or r.max() > hits.shape[1]:
        return float("nan")
    rank = np.arange(1, hits.shape[1] + 1)
    precision = hits.cumsum(1) / rank
    relevant = hits & (rank <= r[:, None])
    return float(((precision * relevant).sum(1)[r > 0] / r[r > 0]).mean())


def classification(predicted, labels, groups=None):
    """Shares of right, unknown and wrong answers, for all queries and for each group of classes.

    Args:
        predicted: (n,) matched labels, -1 for unknown.
        labels: (n,) the true class ids.
        groups: {name: class ids}, such as {"seen": [2, 3], "unseen": [0, 4]}.

    Returns:
        {"overall": {"queries": n, "right": .., "unknown": .., "wrong": ..}, name: ...}.
    """
    labels = checks.labels("labels", labels)
    predicted = checks.labels("predicted", predicted, len(labels), "labels")
    members = {"overall": np.ones(len(labels), bool)}
    groups = {} if groups is None else groups
    if not isinstance(groups, dict):
        raise ValueError(f"groups must be a dict, name -> class ids; got {groups!r}.")
    for name, classes in groups.items():
        if name in members:
            raise ValueError(f"groups: the name {name!r} is taken; choose another.")
        members[name] = np.isin(labels, checks.classes(f"groups[{name!r}]", classes))
    report = {}
    for name, chosen in members.items():
        p, y = predicted[chosen], labels[chosen]
        shares = {"right": p == y, "unknown": (p != y) & (p == UNKNOWN), "wrong": (p != y) & (p != UNKNOWN)}
        report[name] = {"queries": int(chosen.sum())}
        report[name] |= {k: float(v.mean()) if len(v) else float("nan") for k, v in shares.items()}
    return report


def confusion_matrix(predicted, labels, classes):
    """Count true class (rows) against matched class (columns); the last column is "unknown".

    Args:
        predicted: (n,) matched labels, each one of `classes` or -1 for unknown.
        labels: (n,) true labels, each one of `classes`.
        classes: class ids in the order of rows and columns.

    Returns:
        int64 (classes, classes + 1).

    >>> confusion_matrix([7, -1], [7, 1], classes=[1, 7])
    array([[0, 0, 1],
           [0, 1, 0]])
    """
    labels = checks.labels("labels", labels)
    predicted = checks.labels("predicted", predicted, len(labels), "labels")
    classes = checks.classes("classes", classes)
    strange = (set(labels.tolist()) | set(predicted.tolist()) - {UNKNOWN}) - set(classes)
    if strange:
        raise ValueError(f"classes lacks the label {min(strange)}; list every class that occurs.")
    column = {c: i for i, c in enumerate([*classes, UNKNOWN])}
    matrix = np.zeros((len(classes), len(classes) + 1), np.int64)
    np.add.at(matrix, ([column[c] for c in labels.tolist()], [column[c] for c in predicted.tolist()]), 1)
    return matrix
