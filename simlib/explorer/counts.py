"""The threshold explorer: move the cutpoint, and see at once what changes.

Everything is counted here, once. `view(threshold)` looks it up; `tables()` gives the same counts to the
panel, `explorer.js`, which computes no metric of its own.
"""

from dataclasses import dataclass

import numpy as np

from simlib import checks, matching, metrics
from simlib.calibration import OPTIMAL, Calibration, Cutpoint, calibrate_decisions, meeting, optimal
from simlib.classes import UNKNOWN
from simlib.explorer import picture, widget
from simlib.neighbors import expect

ALL = "all"
EACH = 5  # digits shown on either side of the line
SHOWN = ("f1", "precision", "recall", "fpr")


@dataclass(frozen=True, eq=False)
class View:
    """What one cutpoint does to one group of queries; `view.precision` and so on are its metrics.

    threshold: the largest distance accepted. group: "all", or a group's name. counts: `metrics.Counts` of
    whole numbers. matrix: int64 (classes, classes + 1), of `classes`; one row more if any query of the
    explorer belongs to nobody. inside, outside: the last queries matched, the first called unknown:
    positions, from the line on. noun: of the queries, in `words`.
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
        unknown = f"{c.fn + c.tn} of {total} {self.noun} called unknown ({c.fn} with a right match)"
        return f"At {self.threshold:.4f}, {unknown}; {c.tp} matched rightly, {c.fp} wrongly."

    def __repr__(self):
        return self.words


class _Group:
    """The queries of one group, counted once: entry i of each table is for `steps[:i]` accepted."""

    def __init__(self, rows, decisions):
        self.rows = rows[np.argsort(decisions.distances[rows], kind="stable")]
        self.decisions = decisions[self.rows]
        self.near = np.isfinite(self.decisions.distances)  # no cutpoint reaches the others
        self.steps, self.counts = metrics.tally(self.decisions)

    def tables(self, edges):
        lists = {"rows": self.rows.tolist(), "steps": _short(self.steps), "reachable": int(self.near.sum())}
        distances, right = self.decisions.distances, self.decisions.right
        for name, chosen in (("same", right), ("different", ~right)):
            lists[name] = np.histogram(distances[chosen & self.near], edges)[0].tolist()
        for name in SHOWN:  # JSON has no NaN
            lists[name] = [None if np.isnan(v) else v for v in self.counts.metric(name).tolist()]
        return lists | {name: c.tolist() for name, c in vars(self.counts).items()}


class Explorer(widget.Face):
    """The cutpoint, explored: a panel whose slider moves it, and shows what changes.

    As the last line of a cell it shows itself: live where `anywidget` is installed and a kernel runs,
    else as a picture at the calibrated cutpoint. `view` and `best` give the same numbers in Python.
    Raises ValueError for no queries, lengths that differ, no right match at all, an empty group.

    Args:
        neighbors: `Neighbors` (queries, k). labels: (queries,) their true class ids, -1 for nobody's.
        images: (queries, height, width[, 3]), to show the digits that the decision turns on; or None.
        neighbor_images: `model.payload(neighbors)`, (queries, k, height, width[, 3]); or None.
        groups: {name: class ids}, such as {"seen": [2, 3], "strangers": [-1]}, to look at apart.
        calibration: a `Calibration`, for its cutpoint, matcher and k; None calibrates on these neighbours.
        guess: a distance, scored against the calibrated one; "ask" hides the answer until the reader
            has set a guess in the panel. noun: what the queries are, for the sentences.

    Attributes:
        calibration: as given, or of these neighbours; calibrated: its cutpoint's distance.
        guess: as given; a number as soon as the reader has set it in the panel.
        decisions: the `matching.Decisions`. images, neighbor_images: (queries, ...) uint8, ink; or None.
        classes: the confusion matrix's, by id. groups: what `view` and `best` take: "all" and those given.

    >>> from simlib import Neighbors
    >>> near = Neighbors(labels=[[1], [1], [2]], distances=[[0.1], [0.2], [0.3]], ids=[[0], [1], [2]])
    >>> explore_threshold(near, [1, 1, 1]).view(0.15)
    At 0.1500, 2 of 3 digits called unknown (1 with a right match); 1 matched rightly, 0 wrongly.
    """

    def __init__(self, neighbors, labels, images=None, neighbor_images=None, groups=None,
                 calibration=None, guess=None, noun="digits"):  # fmt: skip
        matcher = "nearest"
        if calibration is not None:
            matcher, k = checks.kind("calibration", calibration, Calibration).matcher, calibration.k
            if expect(neighbors).k < k:
                raise ValueError(f"calibration is for k = {k}; look up that many, not {neighbors.k}.")
            neighbors = neighbors.first(k)
        self.decisions = decisions = matching.decisions(neighbors, labels, matcher)
        self.curve = metrics.count(decisions)  # an error if there is nothing to explore
        self.calibration = calibration or calibrate_decisions(decisions, matcher=matcher, k=neighbors.k)
        self.calibrated = self.calibration.distance(OPTIMAL)
        rows = np.arange(len(decisions))
        column = (neighbors.labels == decisions.predicted[:, None]).argmax(1)  # of whom decided: the nearest
        self._ids = neighbors.ids[rows, column]
        self.images, self.neighbor_images = picture.as_shown(images, neighbor_images, column)
        ids = np.union1d(decisions.labels, decisions.predicted).tolist()
        self._classes = [c for c in ids if c != UNKNOWN]
        self.classes = tuple(decisions.classes.call(self._classes))
        self._nobody = bool((decisions.labels == UNKNOWN).any())
        self._groups = {ALL: _Group(rows, decisions)}
        groups = {} if groups is None else checks.kind("groups", groups, dict, ", name -> class ids")
        for name, classes in groups.items():
            members = rows[np.isin(decisions.labels, decisions.classes.members("groups", classes)[0])]
            if checks.kind("groups: a name", name, str) == ALL or not len(members):
                why = "none of the queries has such a label" if name != ALL else "the name is taken"
                raise ValueError(f"groups: {name!r}: {why}; leave it out.")
            self._groups[name] = _Group(members, decisions)
        self.groups, self.noun = tuple(self._groups), checks.kind("noun", noun, str)
        asked = guess is None or (isinstance(guess, str) and guess == widget.ASK)
        self.guess = guess if asked else checks.number("guess", guess)

    def view(self, threshold, group=ALL):
        """What accepting every match up to `threshold` gives: a `View`, looked up."""
        part, threshold = checks.choose("group", group, self._groups), checks.number("threshold", threshold)
        i = np.searchsorted(part.steps, np.float32(checks.distance("threshold", threshold)), side="right")
        counts = part.counts[i]
        border = counts.tp + counts.fp
        answers = np.where(np.arange(len(part.rows)) < border, part.decisions.predicted, UNKNOWN)
        matrix = metrics.cross_table(answers, part.decisions.labels, self._classes, self._nobody)
        inside = part.rows[max(0, border - EACH) : border][::-1]
        outside = part.rows[part.near][border : border + EACH]
        return View(threshold, group, counts, matrix, self.classes, inside, outside, self.noun)

    def best(self, goal="max f1", group=ALL, wrong=1.0, missed=1.0):
        """The `Cutpoint` that reaches a goal in one group; `met` is False where no distance does.

        goal: "max f1" or another metric, a target such as "fpr <= 0.01", or "min cost" of `wrong` matches and
        right ones `missed`. Raises ValueError for an unknown goal or group, or a group without any match.
        """
        part = checks.choose("group", group, self._groups)
        if not len(part.steps):
            raise ValueError(f"group: no query of {group!r} has a match, so there is no distance to choose.")
        if goal != "min cost":
            goal = str(goal).removeprefix("max ")
            curve = metrics.count(part.decisions)
            return optimal(curve, goal) if goal in metrics.METRICS else meeting(curve, goal, goal)
        wrong, missed = checks.amount("wrong", wrong), checks.amount("missed", missed)
        i = int(np.argmin((wrong * part.counts.fp + missed * part.counts.fn)[1:]))
        terms = f"min {wrong:g} x wrong + {missed:g} x missed"
        return Cutpoint(goal, terms, float(part.steps[i]), True, part.counts[i + 1].scores())

    def score(self, guess, group=ALL):
        """A guessed cutpoint against the calibrated one in one group, in words."""
        mine, best = self.view(checks.number("guess", guess), group), self.view(self.calibrated, group)
        loss, errors = best.f1 - mine.f1, mine.counts.fp + mine.counts.fn - best.counts.fp - best.counts.fn
        more = f"decides {abs(errors)} {'fewer' if errors < 0 else 'more'} {self.noun} wrongly"
        start = f"{'' if group == ALL else f'Among {group}: '}Your guess {mine.threshold:.4f}"
        if np.isnan(loss):  # nobody of this group has a right match, and no one is accepted
            return f"{start} {more} than the calibrated {best.threshold:.4f}."
        both = f"{start} has F1 {mine.f1:.3f}; the calibrated {best.threshold:.4f} has {best.f1:.3f}"
        return f"{both}. The guess {'gains' if loss < 0 else 'costs'} {abs(loss):.3f} of F1 and {more}."

    def tables(self):
        """Everything that the panel looks up, as plain lists: ready for JSON."""
        finite = self.decisions.distances[np.isfinite(self.decisions.distances)]
        edges = np.histogram_bin_edges(finite.astype(float), min(60, max(10, len(finite) // 8)))
        return {
            "noun": self.noun,
            "classes": list(self.classes),
            "calibrated": self.calibrated,
            "guess": self.guess,
            "edges": edges.tolist(),
            "groups": {name: part.tables(edges) for name, part in self._groups.items()},
            "nobody": self._nobody,
            "distance": _short(self.decisions.distances),
            "label": self.decisions.classes.call(self.decisions.labels),
            "match": self.decisions.classes.call(self.decisions.predicted),
            "right": self.decisions.right.tolist(),
            "pictures": picture.sheet(self.images, self.neighbor_images, self._ids),
        }


explore_threshold = Explorer


def _short(distances):
    """float32 as the shortest decimals that give it back; what is not finite as None."""
    return [float(str(d)) if np.isfinite(d) else None for d in distances]
