"""How near is near enough? `calibrate` reads neighbours whose truth is known and sets cutpoints.

Every distance that occurs is a candidate, so the cutpoint is exact: no grid, and no matrix of all
pairs. Calibrate on examples that neither trained the model nor stand in the index, or the cutpoint
will not hold for new ones.
"""

import math
import operator
import re
from dataclasses import asdict, dataclass

import numpy as np

from simlib import checks, matching, metrics
from simlib.checks import ArtifactError
from simlib.neighbors import UNKNOWN, expect

OPTIMAL = "optimal"
COMPARE = {">=": operator.ge, "<=": operator.le}
# As the cutpoint grows, these only grow, or are about the rejected: the tightest cutpoint that
# meets such a target is the one wanted. For all others it is the loosest.
TIGHTEST = {"recall", "npv"}


@dataclass(frozen=True)
class Cutpoint:
    """The largest distance that still counts as a match, and what it gives on the calibration set.

    Attributes:
        name: "optimal", or the target's name.
        goal: "max f1", or a target such as "precision >= 0.99".
        distance: the cutpoint; NaN when the target was not met at any distance.
        met: whether the goal was reached.
        scores: {metric name: value} at that distance (for an unmet target: at the closest try).
    """

    name: str
    goal: str
    distance: float
    met: bool
    scores: dict

    def __repr__(self):
        scores = ", ".join(f"{name} {value:.3f}" for name, value in self.scores.items())
        where = f"distance <= {self.distance:.4f}" if self.met else "NOT MET; the closest try gives"
        return f"{self.title}: {where}: {scores}"

    @property
    def title(self):
        """The name, and the goal where that says something else."""
        return self.name if self.name == self.goal else f"{self.name} ({self.goal})"


@dataclass(frozen=True, eq=False)
class Calibration:
    """Cutpoints by name, with the curve that they were chosen from.

    `calibration["optimal"]` is a `Cutpoint`. `matcher` and `k` are those it was made for; a match
    at another matcher or k is another question, and needs another calibration.
    """

    cutpoints: dict
    curve: metrics.Curve
    metric: str
    matcher: str
    k: int

    def __getitem__(self, name):
        """The `Cutpoint` of that name; an unknown one raises ValueError with the closest."""
        return checks.choose("cutpoint", name, self.cutpoints)

    def distance(self, cutpoint=OPTIMAL):
        """The distance of a cutpoint given by name, or of a number as it is.

        Raises ValueError for an unknown name, a NaN, or a target that was not met.
        """
        if isinstance(cutpoint, (int, float, np.number)):
            return checks.number("cutpoint", cutpoint)
        chosen = self[cutpoint]
        if not chosen.met:
            raise ValueError(
                f"cutpoint {cutpoint!r} was not met at any distance, so it cannot decide a match: "
                f"{chosen!r}. Lower the target, or improve the model."
            )
        return chosen.distance

    def __repr__(self):
        n = int(sum(c[-1] for c in vars(self.curve.counts).values()))
        rows = [("cutpoint", "distance", *metrics.METRICS)]
        for c in self.cutpoints.values():
            where = f"{c.distance:.4f}" if c.met else "NOT MET"
            rows.append((c.title, where, *(f"{value:.3f}" for value in c.scores.values())))
        width = max(len(row[0]) for row in rows)
        lines = [f"  {row[0]:{width}}" + "".join(f"{cell:>10}" for cell in row[1:]) for row in rows]
        if not all(c.met for c in self.cutpoints.values()):
            lines.append("  NOT MET: no distance reaches the target; the row shows the closest try.")
        return "\n".join([f"Calibration on {n} queries ({self.matcher} of k = {self.k})", *lines])

    def state(self):
        """(header, arrays) for saving."""
        header = {"metric": self.metric, "matcher": self.matcher, "k": self.k}
        # JSON has no NaN: what is not a number travels as null.
        header["cutpoints"] = [_map_floats(asdict(c), _nan_to_none) for c in self.cutpoints.values()]
        counts = {name: np.asarray(c) for name, c in vars(self.curve.counts).items()}
        return header, {"distances": self.curve.distances, **counts}

    @classmethod
    def from_state(cls, header, arrays):
        """Take back what `state` gave; raises ArtifactError if it does not hold together."""
        try:
            counts = metrics.Counts(*(arrays[name] for name in ("tp", "fp", "fn", "tn")))
            curve = metrics.Curve(arrays["distances"], counts)
            if {c.shape for c in vars(counts).values()} != {curve.distances.shape}:
                raise ValueError("counts and distances differ in length")
            points = [Cutpoint(**_map_floats(c, _none_to_nan)) for c in header["cutpoints"]]
            matcher, k = header["matcher"], checks.whole_number("k", header["k"], at_least=1)
            checks.choose("matcher", matcher, matching.MATCHERS)
            return cls({p.name: p for p in points}, curve, header["metric"], matcher, k)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ArtifactError(f"the saved calibration is not consistent: {error}") from error


def calibrate(neighbors, labels, metric="f1", targets=(), matcher="nearest"):
    """Choose cutpoints from neighbours whose true labels are known.

    Args:
        neighbors: `Neighbors` (queries, k) of examples that the model has not seen.
        labels: (queries,) their true class ids.
        metric: what "optimal" maximises: "f1", "precision", "recall", "accuracy", "fpr" (which it
            minimises) or "npv". Of equally good distances, the smallest.
        targets: goals such as "precision >= 0.99" or "fpr <= 0.01"; a list, or {name: goal}.
        matcher: how k neighbours become one label: "nearest", "majority" or "weighted".

    Returns:
        `Calibration`; a target that cannot be met is in it, with `met=False`.

    Raises:
        ValueError: no queries, lengths that differ, or an unknown metric, target or matcher; also
            if no query's match is right, as there is then nothing to accept.

    >>> from simlib import Neighbors
    >>> near = Neighbors(labels=[[1], [1], [2]], distances=[[0.1], [0.2], [0.3]], ids=[[0]] * 3)
    >>> calibrate(near, [1, 1, 1], targets=["precision >= 0.9"])["optimal"].distance.__round__(3)
    0.2
    """
    checks.choose("metric", metric, metrics.METRICS)
    labels = checks.labels("labels", labels, len(expect(neighbors)), "queries")
    predicted, distances = matching.decide(neighbors, matcher)
    curve = metrics.curve(distances, (predicted == labels) & (predicted != UNKNOWN))
    if not curve.counts.tp[-1]:
        raise ValueError(
            "no query's match has the right label, so no cutpoint can be right. Do `labels` belong "
            "to these neighbours, and does the index hold their classes?"
        )
    points = [_optimal(curve, metric)]
    named = targets.items() if isinstance(targets, dict) else ((t, t) for t in _listed(targets))
    points += [_target(curve, name, goal) for name, goal in named]
    return Calibration({p.name: p for p in points}, curve, metric, matcher, neighbors.k)


def parse_goal(goal):
    """Split "precision >= 0.99" into ("precision", ">=", 0.99); ValueError for anything else."""
    found = re.fullmatch(r"\s*(\w+)\s*(>=|<=)\s*([0-9.eE+-]+)\s*", goal) if isinstance(goal, str) else None
    try:
        name, sign, value = found.group(1), found.group(2), float(found.group(3))
    except (AttributeError, ValueError):
        raise ValueError(
            f"targets: {goal!r} is no goal; write it like 'precision >= 0.99' or 'fpr <= 0.01'."
        ) from None
    checks.choose("targets", name, metrics.METRICS)
    if (sign == "<=") != (name == "fpr") or not 0 <= value <= 1:
        raise ValueError(f"targets: {goal!r}: use '>=' ('<=' for fpr alone) and a value from 0 to 1.")
    return name, sign, value


def _listed(targets):
    return [targets] if isinstance(targets, str) else checks.listed("targets", targets)


def _optimal(curve, metric):
    values = curve.metric(metric)
    if np.isnan(values).all():
        raise ValueError(
            f"metric {metric!r} is 0 of 0 at every distance here (no match is wrong?); use another, "
            "such as 'f1'."
        )
    best = np.nanargmin(values) if metric == "fpr" else np.nanargmax(values)
    return _cutpoint(curve, best, OPTIMAL, f"{'min' if metric == 'fpr' else 'max'} {metric}")


def _target(curve, name, goal):
    if name == OPTIMAL or not isinstance(name, str):
        raise ValueError(f"targets: {name!r} cannot be a target's name; choose another text.")
    metric, sign, wanted = parse_goal(goal)
    values = curve.metric(metric)
    meets = np.flatnonzero(COMPARE[sign](values, wanted))  # NaN meets nothing
    if len(meets):
        return _cutpoint(curve, meets[0 if metric in TIGHTEST else -1], name, goal)
    if np.isnan(values).all():
        closest = 0
    else:
        closest = np.nanargmin(values) if sign == "<=" else np.nanargmax(values)
    return _cutpoint(curve, closest, name, goal, met=False)


def _cutpoint(curve, i, name, goal, met=True):
    scores = {m: float(curve.metric(m)[i]) for m in metrics.METRICS}
    return Cutpoint(name, goal, float(curve.distances[i]) if met else math.nan, met, scores)


def _nan_to_none(x):
    return None if math.isnan(x) else x


def _none_to_nan(x):
    return math.nan if x is None else x


def _map_floats(record, change):
    """Apply `change` to a cutpoint record's distance and scores."""
    scores = {name: change(value) for name, value in record["scores"].items()}
    return {**record, "distance": change(record["distance"]), "scores": scores}
