"""How near is near enough? `calibrate` reads neighbours whose truth is known and sets cutpoints.

Every distance that occurs is a candidate, so the cutpoint is exact: no grid, and no matrix of all
pairs. Calibrate on examples that neither trained the model nor stand in the index, or the cutpoint
will not hold for new ones.
"""

import json
import math
import re
import warnings
from dataclasses import dataclass

import numpy as np

from simlib import checks, matching, metrics
from simlib.checks import ArtifactError

OPTIMAL = "optimal"
TIGHTEST = {"recall", "npv"}  # of the cutpoints that meet such a target; of others, the loosest is chosen
LAX, FEWEST = 0.8, 5  # lets this share of the wrong matches in, of this many or more
SAME, OWN = 1e-6, 0.05  # as near, an item is the query itself; so many queries are no chance
EMPTY = {  # why a metric can be 0 of 0 at every distance, and what to do
    "fpr": "no match is wrong. Add queries whose class is not in the index.",
    "npv": "no query is ever rejected. Add queries at other distances.",
    "recall": "no match is right. Add queries whose class is in the index.",
}


@dataclass(frozen=True)
class Cutpoint:
    """The largest distance that still counts as a match, and what it gives on the calibration set.

    Attributes:
        name: "optimal", or the target's name. goal: "max f1", or a target such as "precision >= 0.99".
        distance: the cutpoint; NaN when the target was not met at any distance.
        met: whether the goal was reached; False too where its metric is 0 of 0 at every distance.
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
        return f"{self.title}: {where}: {scores}" if not self.empty else f"{self.title}: {self.empty}"

    @property
    def empty(self):
        """What to say where the target's metric is 0 of 0 at every distance; elsewhere ""."""
        metric = "" if self.met else parse_goal(self.goal)[0]
        empty = metric and math.isnan(self.scores[metric])
        return f"{metric} is 0 of 0 at every distance: {EMPTY[metric]}" if empty else ""

    @property
    def title(self):
        """The name, and the goal where that says something else."""
        return self.name if self.name == self.goal else f"{self.name} ({self.goal})"


@dataclass(frozen=True, eq=False)
class Calibration:
    """The `Cutpoint` of each name, with the curve that they were chosen from, for one matcher and one k.

    A match by another matcher or k is another question, and needs another calibration.
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
        """The distance of a named cutpoint; a number as it is. ValueError for a target that was not met."""
        if isinstance(cutpoint, (int, float, np.number)):
            return checks.number("cutpoint", cutpoint)
        chosen = self[cutpoint]
        if chosen.met:
            return chosen.distance
        advice = "" if chosen.empty else ". Lower the target, or improve the model."
        unmet = f"cutpoint {cutpoint!r} was not met at any distance, so it cannot decide a match"
        raise ValueError(f"{unmet}: {chosen!r}{advice}")

    def lax(self, name=OPTIMAL):
        """What to say of a cutpoint that lets nearly every wrong match in; of others ""."""
        last, chosen = self.curve.counts[-1], self[name]
        wrong = last.fp + last.tn
        if not chosen.met or wrong < FEWEST or chosen.scores["fpr"] < LAX:
            return ""
        many = f"{name} lets {round(chosen.scores['fpr'] * wrong)} of {wrong} wrong matches in: no threshold"
        return f"{many}. Ask for a target, such as fpr <= 0.1, or calibrate with strangers."

    def __repr__(self):
        n = sum(vars(self.curve.counts[-1]).values())
        rows = [("cutpoint", "distance", *metrics.METRICS)]
        for c in self.cutpoints.values():
            where = f"{c.distance:.4f}" if c.met else "0 of 0" if c.empty else "NOT MET"
            rows.append((c.title, where, *(f"{value:.3f}" for value in c.scores.values())))
        width = max(len(row[0]) for row in rows)
        lines = [f"  {row[0]:{width}}" + "".join(f"{cell:>10}" for cell in row[1:]) for row in rows]
        lines += [f"  {text}" for text in dict.fromkeys(c.empty for c in self.cutpoints.values()) if text]
        if not all(c.met or c.empty for c in self.cutpoints.values()):
            lines.append("  NOT MET: no distance reaches the target; the row shows the closest try.")
        lines += [f"  {self.lax()}"] * bool(self.lax())
        return "\n".join([f"Calibration on {n} queries ({self.matcher} of k = {self.k})", *lines])

    def state(self):
        """(header, arrays) for saving. The curve decides every cutpoint, so its name and goal are enough."""
        header = {"metric": self.metric, "matcher": self.matcher, "k": self.k}
        header["cutpoints"] = [{"name": c.name, "goal": c.goal} for c in self.cutpoints.values()]
        counts = {name: np.asarray(c) for name, c in vars(self.curve.counts).items()}
        return header, {"distances": self.curve.distances, **counts}

    @classmethod
    def from_state(cls, header, arrays):
        """Take back what `state` gave; raises ArtifactError if it does not hold together."""
        try:
            counts = metrics.Counts(*(np.asarray(arrays[n], np.int64) for n in ("tp", "fp", "fn", "tn")))
            curve = metrics.Curve(np.asarray(arrays["distances"], np.float32), counts)
            if {c.shape for c in vars(counts).values()} != {curve.distances.shape}:
                raise ValueError("counts and distances differ in length")
            goals = {c["name"]: c["goal"] for c in header["cutpoints"]}
            goals.pop(OPTIMAL)
            metric, matcher, k = (header[name] for name in ("metric", "matcher", "k"))
            checks.choose("matcher", matcher, matching.MATCHERS)
            checks.whole_number("k", k, at_least=1)
            return cls(_cutpoints(curve, metric, goals.items()), curve, metric, matcher, k)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError, OverflowError) as error:
            raise ArtifactError(f"the saved calibration is not consistent: {error}") from error

    def to_text(self):
        """`state` as JSON."""
        return json.dumps(self.state(), default=np.ndarray.tolist)

    @classmethod
    def from_text(cls, text):
        """Take back what `to_text` gave; raises ArtifactError as `from_state`."""
        try:
            header, arrays = json.loads(text)
        except (TypeError, ValueError, RecursionError) as error:
            raise ArtifactError(f"the saved calibration is not consistent: {error}") from error
        return cls.from_state(header, arrays)


def calibrate(neighbors, labels, metric="f1", targets=(), matcher="nearest"):
    """`Calibration`: cutpoints chosen from neighbours whose true labels are known.

    Unmet targets are in it with `met=False`. Raises ValueError for no queries, lengths that differ, an
    unknown metric, target or matcher, or where no query's match is right.

    Args:
        neighbors: `Neighbors` (queries, k) of examples that the model has not seen.
        labels: (queries,) their true class ids; -1 for a query that belongs to nobody.
        metric: what "optimal" maximises: "f1", "precision", "recall", "accuracy", "fpr" (which it
            minimises) or "npv". Of equally good distances, the smallest.
        targets: goals such as "precision >= 0.99" or "fpr <= 0.01"; a list, or {name: goal}.
        matcher: how k neighbours become one label: "nearest", "majority" or "weighted".

    >>> from simlib import Neighbors
    >>> near = Neighbors(labels=[[1], [1], [2]], distances=[[0.1], [0.2], [0.3]], ids=[[0]] * 3)
    >>> calibrate(near, [1, 1, 1], targets=["precision >= 0.9"])["optimal"].distance.__round__(3)
    0.2
    """
    decisions = matching.decisions(neighbors, labels, matcher)
    own = int((decisions.right & (np.abs(decisions.distances) <= SAME)).sum())
    if own > max(1, OWN * len(decisions)):
        what = f"{own} of {len(decisions)} queries match at distance 0: do they stand in the index?"
        cure = "Calibrate on others, or leave each out: lookup(..., without=ids)."
        warnings.warn(f"{what} Then the cutpoint holds for nobody else. {cure}", stacklevel=2)
    return calibrate_decisions(decisions, metric, targets, matcher, neighbors.k)


def calibrate_decisions(decisions, metric="f1", targets=(), matcher="nearest", k=1):
    """`calibrate` for `matching.Decisions`, which the named matcher made of k neighbours."""
    curve = metrics.count(decisions)
    if not curve.counts.tp[-1]:
        why = "no query's match has the right label, so no cutpoint can be right"
        raise ValueError(f"{why}. Do `labels` belong to these neighbours? Does the index hold their classes?")
    if not isinstance(targets, dict):
        goals = [targets] if isinstance(targets, str) else checks.listed("targets", targets)
        targets = {str(goal): goal for goal in goals}
    return Calibration(_cutpoints(curve, metric, targets.items()), curve, metric, matcher, k)


def _cutpoints(curve, metric, named):
    checks.choose("metric", metric, metrics.METRICS)
    points = [optimal(curve, metric), *(meeting(curve, name, goal) for name, goal in named)]
    return {point.name: point for point in points}


def parse_goal(goal):
    """Split "precision >= 0.99" into ("precision", ">=", 0.99); ValueError for anything else."""
    parts = re.fullmatch(r"\s*(\w+)\s*(>=|<=)\s*((\d+\.?\d*|\.\d+)(e[+-]?\d+)?)\s*", str(goal), re.I)
    if not parts:
        raise ValueError(f"targets: {goal!r} is no goal; write it like 'precision >= 0.99' or 'fpr <= 0.01'.")
    name, sign, value = parts[1], parts[2], float(parts[3])
    checks.choose("targets", name, metrics.METRICS)
    if (sign == "<=") != (name == "fpr") or not 0 <= value <= 1:
        raise ValueError(f"targets: {goal!r}: use '>=' ('<=' for fpr alone) and a value from 0 to 1.")
    return name, sign, value


def optimal(curve, metric):
    """The `Cutpoint` of a `metrics.Curve` that is best by a metric; ValueError where that is 0 of 0."""
    values = metrics.METRICS[metric](curve.counts)
    if np.isnan(values).all():
        raise ValueError(f"metric {metric!r} is 0 of 0 at every distance: {EMPTY[metric]} Or use another.")
    return _cutpoint(curve, _best(values, metric), OPTIMAL, f"{'min' if metric == 'fpr' else 'max'} {metric}")


def meeting(curve, name, goal):
    """The `Cutpoint` of a `metrics.Curve` that meets a goal, or with `met=False` comes closest to it."""
    if name == OPTIMAL or not isinstance(name, str):
        raise ValueError(f"targets: {name!r} cannot be a target's name; choose another text.")
    metric, sign, target = parse_goal(goal)
    values = metrics.METRICS[metric](curve.counts)
    meets = np.flatnonzero(values <= target if sign == "<=" else values >= target)  # NaN meets nothing
    if len(meets):
        return _cutpoint(curve, meets[0 if metric in TIGHTEST else -1], name, goal)
    return _cutpoint(curve, _best(values, metric), name, goal, met=False)


def _best(values, metric):
    values = -values if metric == "fpr" else values
    return np.where(np.isnan(values), -np.inf, values).argmax()  # the first, where all are NaN


def _cutpoint(curve, i, name, goal, met=True):
    distance = float(curve.distances[i]) if met else math.nan
    return Cutpoint(name, goal, distance, met, curve.counts[i].scores())
