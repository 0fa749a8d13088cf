"""How good the answers are: at a threshold, as a ranking, and class by class. NumPy only.

The question at a threshold: each query has one match, right or wrong (see `matching.right_match`), at a
distance. Accept it when the distance is at most the threshold. Then

    tp = accepted and right      fp = accepted and wrong
    fn = rejected though right   tn = rejected and wrong
"""

from dataclasses import dataclass

import numpy as np

from simlib import checks, matching
from simlib.classes import UNKNOWN, Classes
from simlib.neighbors import expect


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

    def __getitem__(self, i):
        """The counts at position `i` of the arrays, as whole numbers."""
        return Counts(*(int(c[i]) for c in vars(self).values()))

    def scores(self):
        """{metric: float} of whole numbers."""
        return {name: float(metric(self)) for name, metric in METRICS.items()}


METRICS = {
    "f1": lambda c: _ratio(2 * c.tp, 2 * c.tp + c.fp + c.fn),
    "precision": lambda c: _ratio(c.tp, c.tp + c.fp),
    "recall": lambda c: _ratio(c.tp, c.tp + c.fn),
    "accuracy": lambda c: _ratio(c.tp + c.tn, c.tp + c.fp + c.fn + c.tn),
    "fpr": lambda c: _ratio(c.fp, c.fp + c.tn),
    "npv": lambda c: _ratio(c.tn, c.tn + c.fn),
}


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
        i = np.searchsorted(self.distances, np.float32(checks.distance("distance", distance)), side="right")
        if i:
            return self.counts[i - 1]
        first = self.counts[0]
        return Counts(0, 0, first.tp + first.fn, first.fp + first.tn)


def curve(distances, right):
    """The `Curve` of right and wrong acceptances at every distinct distance.

    Queries at equal distances are accepted together: no cutpoint can part them. Raises ValueError for
    nothing to count, NaN distances, `right` not bool, or lengths that differ.

    Args:
        distances: (n,) the distance of each query's match; infinity, never accepted, where there is none.
        right: (n,) bool, whether that match has the query's own label.

    >>> curve([0.1, 0.2, 0.2], [True, True, False]).metric("precision").round(3)
    array([1.   , 0.667])
    """
    distances, right = checks.as_array("distances", distances), checks.as_array("right", right)
    numbers = (distances.dtype.kind in "fiu" and right.dtype == bool) or not distances.size
    if distances.ndim != 1 or distances.shape != right.shape or not numbers:
        got = f"{distances.dtype} {distances.shape} and {right.dtype} {right.shape}"
        raise ValueError(f"distances and right must be numbers and bool, of one shape (n,); got {got}.")
    if np.isnan(distances).any():
        raise ValueError(f"distances: {np.isnan(distances).sum()} of {len(distances)} are NaN.")
    with np.errstate(over="ignore"):  # beyond float32 is infinitely far
        return count(matching.Decisions(distances.astype(np.float32), right))


def count(decisions):
    """The `Curve` of `matching.Decisions`; ValueError if no query has a match."""
    if not len(decisions):
        raise ValueError("there is no query to learn a cutpoint from. Is the split empty?")
    steps, counts = tally(decisions)
    if not len(steps):
        raise ValueError("distances: all are infinite, so no query has a match. Have the items labels?")
    return Curve(steps, Counts(*(c[1:] for c in vars(counts).values())))


def tally(decisions):
    """(steps, counts): the distinct distances (m,), and `Counts` (m + 1,); entry i accepts i steps."""
    reached = decisions[np.isfinite(decisions.distances)].nearest_first()
    distances, right = reached.distances, reached.right
    last = np.flatnonzero(np.append(distances[1:] != distances[:-1], True)[: len(distances)])  # of each tie
    tp, fp = (np.append(0, np.cumsum(chosen)[last]) for chosen in (right, ~right))
    rights = decisions.right.sum()
    return distances[last], Counts(tp, fp, rights - tp, len(decisions) - rights - fp)


def retrieval(neighbors, labels, class_sizes, ks=(1, 5, 10)):
    """A dict such as {"recall@1": 0.97, "precision@1": 0.97, "map@r": 0.91}, of fractions of 1.

    recall@k is metric learning's: the share of queries with at least one right neighbour among the
    first k (Jegou et al. 2011). precision@k is the mean share of right ones among the first k. MAP@R
    (Musgrave et al. 2020, "A Metric Learning Reality Check", section 3.2) looks at the first R, where R is
    how many items of the query's class the index holds, and rewards right ones that come early; NaN if
    k does not reach R. Queries whose class the index lacks, or who are nobody's (-1), are left out of it.

    Args:
        neighbors: `Neighbors` (queries, k), with k >= max(ks). labels: (queries,) the true classes.
        class_sizes: {class: how many the index holds}. ks: which k to report.
    """
    labels, classes = expect(neighbors).classes.read("labels", labels, len(neighbors), "queries")
    if not len(labels):
        raise ValueError("labels is empty: there is no query to score.")
    checks.kind("class_sizes", class_sizes, dict, ", class -> how many")
    known, _ = classes.members("class_sizes", class_sizes)
    sizes = [checks.whole_number("class_sizes", n) for n in class_sizes.values()]
    sizes = {c: n for c, n in zip(known, sizes) if c != UNKNOWN}
    hits = matching.right_match(neighbors.labels, labels[:, None])
    scores = {}
    for k in np.atleast_1d(checks.as_array("ks", ks)):
        if checks.whole_number("ks", k, at_least=1) > neighbors.k:
            raise ValueError(f"ks asks for k = {k}, but each query has {neighbors.k} neighbours.")
        scores[f"recall@{k}"] = float(hits[:, :k].any(1).mean())
        scores[f"precision@{k}"] = float(hits[:, :k].mean())
    r, rank = np.array([sizes.get(int(c), 0) for c in labels]), np.arange(1, neighbors.k + 1)
    gained = (hits.cumsum(1) / rank * (hits & (rank <= r[:, None]))).sum(1)
    reached = r.any() and r.max() <= neighbors.k
    scores["map@r"] = float((gained[r > 0] / r[r > 0]).mean()) if reached else float("nan")
    return scores


def classification(predicted, labels, groups=None, no_match_label=None):
    """Shares of right, unknown and wrong answers, for all queries and for each group of classes.

    Returns {"overall": {"queries": n, "right": .., "unknown": .., "wrong": ..}, name: ...}.

    Args:
        predicted: (n,) matched labels; -1 or "unknown", or else `no_match_label`, for the unknown.
        labels: (n,) the true class ids or names; for nobody's (-1, "unknown"), "unknown" is right.
        groups: {name: classes}, such as {"seen": [2, 3], "unseen": [0, 4], "nobody's": [-1]}.
    """
    return shares(*_read(predicted, labels, no_match_label), groups)


def shares(answers, labels, classes, groups):
    """`classification` of int64 ids (n,) and their `Classes`."""
    groups = {} if groups is None else checks.kind("groups", groups, dict, ", name -> classes")
    if "overall" in groups:
        raise ValueError("groups: the name 'overall' is taken; choose another.")
    rows = {"overall": np.ones(len(labels), bool)}
    rows |= {n: np.isin(labels, classes.members(f"groups[{n!r}]", c)[0]) for n, c in groups.items()}
    judged = dict(zip(("right", "unknown", "wrong"), matching.judge_answers(answers, labels)))
    report = {name: {"queries": int(mine.sum())} for name, mine in rows.items()}
    for name, mine in rows.items():
        report[name] |= {part: float(_ratio(of[mine].sum(), mine.sum())) for part, of in judged.items()}
    return report


def _read(predicted, labels, no_match_label):
    """(answers, labels, `Classes`): both as class ids (n,), -1 for what is unknown or nobody's."""
    labels, classes = Classes().read("labels", labels)
    answers, classes = classes.read("predicted", predicted, len(labels), "labels")
    if no_match_label is not None:
        nobody, classes = classes.read("no_match_label", [no_match_label])
        if np.isin(nobody, labels):
            raise ValueError(f"no_match_label: {no_match_label!r} is a class, too; choose another label.")
        answers = np.where(answers == nobody, UNKNOWN, answers)
    return answers, labels, classes


def confusion_matrix(predicted, labels, classes, no_match_label=None):
    """Count true class (rows) against matched class (columns); the last column is "unknown".

    Returns int64 (classes, classes + 1). Where `labels` or `classes` hold -1, one more row, the last, is for
    the queries of nobody: the right answers still stand on the diagonal.

    Args:
        predicted, labels, no_match_label: as in `classification`.
        classes: every class that occurs, in the order of rows and columns.

    >>> confusion_matrix(["dog", "unknown"], ["dog", "cat"], classes=["cat", "dog"])
    array([[0, 0, 1],
           [0, 1, 0]])
    """
    answers, labels, found = _read(predicted, labels, no_match_label)
    order, found = found.members("classes", classes)
    missing = {*labels.tolist(), *answers.tolist()} - {*order, UNKNOWN}
    if missing:
        lacking = found.call([min(missing)])[0]
        raise ValueError(f"classes lacks the label {lacking!r}; list every class that occurs.")
    known = [c for c in order if c != UNKNOWN]
    return cross_table(answers, labels, known, UNKNOWN in order or UNKNOWN in labels)


def cross_table(predicted, labels, classes, nobody):
    """`confusion_matrix` of what is known to fit; `nobody` says whether it has the last row."""
    place = {c: i for i, c in enumerate([*classes, UNKNOWN])}
    matrix = np.zeros((len(classes) + nobody, len(classes) + 1), np.int64)
    np.add.at(matrix, tuple([place[c] for c in axis.tolist()] for axis in (labels, predicted)), 1)
    return matrix
