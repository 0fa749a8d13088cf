"""The threshold explorer: move the cutpoint, and see at once what changes.

    Neighbors --Explorer: everything counted once--> view(threshold): looked up
                                                  -> tables(): the same counts, for the browser

The panel that draws them is `explorer.js`. It looks up what was counted here and computes no metric of
its own. Where it cannot run, the explorer shows a picture that carries the tables inside.
"""

from dataclasses import dataclass

import numpy as np

from simlib import checks, matching, metrics
from simlib.calibration import OPTIMAL, Calibration, Cutpoint, calibrate
from simlib.explorer import picture, widget
from simlib.neighbors import UNKNOWN, Neighbors, expect

ALL = "all"
EACH = 5  # digits shown on either side of the line
SHOWN = ("f1", "precision", "recall", "fpr")


@dataclass(frozen=True, eq=False)
class View:
    """What one cutpoint does to one group of queries.

    Attributes:
        threshold: the largest distance accepted. group: "all", or a group's name.
        counts: `metrics.Counts` of whole numbers; `counts.metric("precision")` and so on.
        matrix: int64 (classes, classes + 1), see `metrics.confusion_matrix`. classes: its class ids.
        inside, outside: positions of the queries nearest the line: the last ones matched and the
            first ones called unknown, each nearest first.
        noun: what the queries are called in `words`.
    """

    threshold: float
    group: str
    counts: metrics.Counts
    matrix: np.ndarray
    classes: tuple
    inside: np.ndarray
    outside: np.ndarray
    noun: str

    def __getattr__(self, name):
        if name in metrics.METRICS:
            return float(self.counts.metric(name))
        raise AttributeError(f"View has no attribute {name!r}")

    @property
    def words(self):
        """The counts as a sentence."""
        c, total = self.counts, sum(vars(self.counts).values())
        return (
            f"At {self.threshold:.4f}, {c.fn + c.tn} of {total} {self.noun} called unknown "
            f"({c.fn} with a right match); {c.tp} matched rightly, {c.fp} wrongly."
        )

    def __repr__(self):
        return self.words


class _Group:
    """The queries of one group, counted once: entry i of each table is for `steps[:i]` accepted."""

    def __init__(self, rows, distances, right):
        self.rows = rows[np.argsort(distances[rows], kind="stable")]
        self.distances, self.right = distances[self.rows], right[self.rows]
        self.curve = metrics.curve(self.distances, self.right)
        # A place that a search padded lies at infinity: no cutpoint gets there.
        finite = np.isfinite(self.curve.distances)
        self.steps, self.reachable = self.curve.distances[finite], int(np.isfinite(self.distances).sum())
        nothing = vars(self.curve.at(-np.inf))
        tables = {name: np.append(nothing[name], c[finite]) for name, c in vars(self.curve.counts).items()}
        self.counts = metrics.Counts(**tables)

    def position(self, threshold):
        return int(np.searchsorted(self.steps, checks.distance("threshold", threshold), side="right"))

    def tables(self, edges):
        lists = {"rows": self.rows.tolist(), "steps": _short(self.steps), "reachable": self.reachable}
        near = np.isfinite(self.distances)
        for name, chosen in (("same", self.right), ("different", ~self.right)):
            lists[name] = np.histogram(self.distances[chosen & near], edges)[0].tolist()
        lists |= {name: c.tolist() for name, c in vars(self.counts).items()}
        for name in SHOWN:  # JSON has no NaN
            lists[name] = [None if np.isnan(v) else v for v in self.counts.metric(name).tolist()]
        return lists


class Explorer(widget.Face):
    """What `explore_threshold` returns: `view` and `best` for numbers, itself for the panel.

    Attributes:
        calibration: the `Calibration` whose "optimal" cutpoint the panel starts at.
        classes: the class ids of the confusion matrix, ascending.
        groups: the names that `view` and `best` take: "all" and those given.
        guess: a distance, "ask" or None.
    """

    def __init__(self, neighbors, labels, images=None, neighbor_images=None, groups=None,
                 calibration=None, guess=None, noun="digits"):  # fmt: skip
        if labels is None:
            raise ValueError("labels: none were given; the explorer needs the true class of each query.")
        self._labels = checks.labels("labels", labels, len(expect(neighbors)), "queries")
        if not len(self._labels):
            raise ValueError("neighbors is empty: there is no query to explore. Is the split empty?")
        neighbors = _as_calibrated(neighbors, calibration)
        matcher = "nearest" if calibration is None else calibration.matcher
        self.calibration = calibration or calibrate(neighbors, self._labels, matcher=matcher)
        self._predicted, self._distances = matching.decide(neighbors, matcher)
        rows = np.arange(len(neighbors))
        column = (neighbors.labels == self._predicted[:, None]).argmax(1)  # the nearest of that label
        self._ids = neighbors.ids[rows, column]
        self._matches = Neighbors(self._predicted[:, None], self._distances[:, None], self._ids[:, None])
        if images is None and neighbor_images is not None:
            raise ValueError("neighbor_images stand beside images: give both, or neither.")
        self._images = picture.as_ink("images", images, len(rows))
        shown = None if neighbor_images is None else checks.as_array("neighbor_images", neighbor_images)
        if shown is not None and shown.ndim > np.ndim(images) and len(shown) == len(rows):
            shown = shown[rows, column]  # one of k
        self._neighbor_images = picture.as_ink("neighbor_images", shown, len(rows))
        sizes = {np.shape(i)[1:] for i in (self._images, self._neighbor_images) if i is not None}
        if len(sizes) > 1:
            raise ValueError(f"neighbor_images must have the size of images; got {sizes}.")
        occurring = np.union1d(self._labels, self._predicted)
        self.classes = tuple(occurring[occurring != UNKNOWN].tolist())
        if not np.isfinite(self._distances).any():
            raise ValueError("neighbors: no query found anybody, so there is no distance to explore.")
        right = self._predicted == self._labels
        self._groups = {ALL: _Group(rows, self._distances, right)}
        groups = {} if groups is None else checks.mapping("groups", groups, "name -> class ids")
        for name, classes in groups.items():
            members = rows[np.isin(self._labels, checks.classes("groups", classes))]
            if name == ALL or not isinstance(name, str) or not len(members):
                why = "none of the queries has such a label" if name != ALL else "the name is taken"
                why = why if isinstance(name, str) else "a name must be text"
                raise ValueError(f"groups: {name!r}: {why}; leave it out.")
            self._groups[name] = _Group(members, self._distances, right)
        self.groups, self.noun, self.guess = tuple(self._groups), noun, guess
        if not isinstance(noun, str):
            raise ValueError(f"noun must be a word; got {noun!r}.")
        if guess is not None and not (isinstance(guess, str) and guess == widget.ASK):
            self.guess = checks.number("guess", guess)

    @property
    def calibrated(self):
        """The calibrated cutpoint's distance."""
        return self.calibration.distance(OPTIMAL)

    def view(self, threshold, group=ALL):
        """What accepting every match up to `threshold` gives: a `View`, looked up."""
        threshold = checks.number("threshold", threshold)
        part = checks.choose("group", group, self._groups)
        i = part.position(threshold)
        counts = metrics.Counts(*(int(c[i]) for c in vars(part.counts).values()))
        border = counts.tp + counts.fp
        predicted = self._predicted[part.rows]
        predicted[border:] = UNKNOWN
        matrix = metrics.confusion_matrix(predicted, self._labels[part.rows], self.classes)
        inside = part.rows[max(0, border - EACH) : border][::-1]
        outside = part.rows[border : min(border + EACH, part.reachable)]
        return View(threshold, group, counts, matrix, self.classes, inside, outside, self.noun)

    def best(self, goal="max f1", group=ALL, wrong=1.0, missed=1.0):
        """The cutpoint that reaches a goal in one group.

        Args:
            goal: "max f1" (or another metric), a target such as "precision >= 0.99" or "fpr <= 0.01",
                or "min cost".
            group: "all", or a group's name.
            wrong, missed: for "min cost", what a wrong match costs, and what it costs to call unknown
                what had a right match.

        Returns:
            `Cutpoint`; `met` is False where no distance reaches the target.
        """
        part = checks.choose("group", group, self._groups)
        if not isinstance(goal, str):
            raise ValueError(f"goal: {goal!r} is no goal; write it like 'max f1' or 'precision >= 0.99'.")
        if goal == "min cost":
            return self._cheapest(part, checks.amount("wrong", wrong), checks.amount("missed", missed))
        metric = goal.removeprefix("max ")
        known = (self._matches[part.rows], self._labels[part.rows])
        if metric in metrics.METRICS:
            return calibrate(*known, metric=metric)[OPTIMAL]
        return calibrate(*known, targets=[goal])[goal]

    def _cheapest(self, part, wrong, missed):
        cost = (wrong * part.counts.fp + missed * part.counts.fn)[1:]
        i = 1 + int(np.argmin(cost))
        scores = {m: float(part.counts.metric(m)[i]) for m in metrics.METRICS}
        goal = f"min {wrong:g} x wrong + {missed:g} x missed"
        return Cutpoint("min cost", goal, float(part.steps[i - 1]), True, scores)

    def score(self, guess):
        """A guessed cutpoint against the calibrated one, in words."""
        mine, best = self.view(checks.number("guess", guess)), self.view(self.calibrated)
        loss, errors = best.f1 - mine.f1, mine.counts.fp + mine.counts.fn - best.counts.fp - best.counts.fn
        return (
            f"Your guess {mine.threshold:.4f} has F1 {mine.f1:.3f}; the calibrated {best.threshold:.4f} has "
            f"{best.f1:.3f}. The guess {'gains' if loss < 0 else 'costs'} {abs(loss):.3f} of F1 and decides "
            f"{abs(errors)} {'fewer' if errors < 0 else 'more'} {self.noun} wrongly."
        )

    def tables(self):
        """Everything that the panel looks up, as plain lists: ready for JSON."""
        finite = self._distances[np.isfinite(self._distances)]
        edges = np.histogram_bin_edges(finite.astype(float), min(60, max(10, len(finite) // 8)))
        return {
            "noun": self.noun,
            "classes": list(self.classes),
            "calibrated": self.calibrated,
            "guess": self.guess,
            "edges": edges.tolist(),
            "groups": {name: part.tables(edges) for name, part in self._groups.items()},
            "distance": _short(self._distances),
            "label": self._labels.tolist(),
            "match": self._predicted.tolist(),
            "pictures": picture.sheet(self._images, self._neighbor_images, self._ids),
        }


def explore_threshold(neighbors, labels, images=None, neighbor_images=None, groups=None,
                      calibration=None, guess=None, noun="digits"):  # fmt: skip
    """Explore the cutpoint: a panel whose slider moves it, and shows what changes.

    As the last line of a cell it shows itself: live where `anywidget` is installed and a kernel runs,
    else as a picture at the calibrated cutpoint. `view` and `best` give the same numbers in Python.

    Args:
        neighbors: `Neighbors` (queries, k). labels: (queries,) their true class ids.
        images: (queries, height, width[, 3]), to show the digits that the decision turns on; or None.
        neighbor_images: `model.payload(neighbors)`, (queries, k, height, width[, 3]); or None.
        groups: {name: class ids}, such as {"seen": [2, 3], "unseen": [0, 4]}, to look at apart.
        calibration: a `Calibration` to compare with; its matcher and k are used. None calibrates on
            these neighbours.
        guess: a distance, scored against the calibrated one; "ask" hides the answer until the reader
            has set a guess in the panel.
        noun: what the queries are, for the sentences.

    Returns:
        an `Explorer`.

    Raises:
        ValueError: no labels or no queries, lengths that differ, no right match at all, an empty group.

    >>> from simlib import Neighbors
    >>> near = Neighbors(labels=[[1], [1], [2]], distances=[[0.1], [0.2], [0.3]], ids=[[0], [1], [2]])
    >>> explore_threshold(near, [1, 1, 1]).view(0.15)
    At 0.1500, 2 of 3 digits called unknown (1 with a right match); 1 matched rightly, 0 wrongly.
    """
    return Explorer(neighbors, labels, images, neighbor_images, groups, calibration, guess, noun)


def _as_calibrated(neighbors, calibration):
    if calibration is None:
        return neighbors
    if neighbors.k < checks.kind("calibration", calibration, Calibration).k:
        raise ValueError(f"calibration is for k = {calibration.k}; look up that many, not {neighbors.k}.")
    return neighbors.first(calibration.k)


def _short(distances):
    """float32 as the shortest decimals that give it back; what is not finite as None."""
    return [float(str(d)) if np.isfinite(d) else None for d in distances]
