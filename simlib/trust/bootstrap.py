"""How far can a cutpoint be trusted? It was chosen on few queries; others would have chosen another.

`bootstrap` shows how much the cutpoint, and what it scores, would differ on other queries. A promise about
queries yet to come is another matter: see `simlib.guarantee`.
"""

import math
from dataclasses import dataclass

import numpy as np

from simlib import calibration, checks, matching, metrics
from simlib.neighbors import expect

BLOCK = 2**22  # entries of one block of resamples: memory stays small


@dataclass(frozen=True)
class Interval:
    """A confidence interval, both ends included."""

    low: float
    high: float

    def __contains__(self, value):
        return self.low <= value <= self.high

    def __repr__(self):
        return f"{self.low:.3f} to {self.high:.3f}"


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """What resampling the queries says about a cutpoint.

    Attributes:
        distance: the cutpoint. confidence: of each interval.
        cutpoint: `Interval` of the cutpoints that resamples choose.
        scores: {metric: (value, `Interval`)} at `distance`, kept fixed.
        cutpoints: float32 (resamples,), each resample's own choice.
    """

    distance: float
    confidence: float
    cutpoint: Interval
    scores: dict
    cutpoints: np.ndarray

    def __repr__(self):
        rows = [("cutpoint", self.distance, self.cutpoint)]
        rows += [(name, value, interval) for name, (value, interval) in self.scores.items()]
        lines = [f"  {name:10}{value:.3f}   {interval}" for name, value, interval in rows]
        head = f"{self.confidence:.0%} intervals from {len(self.cutpoints)} resamples of the queries"
        return "\n".join([head, *lines])


def bootstrap(neighbors, labels, metric="f1", cutpoint=None, confidence=0.95, resamples=2000, seed=0,
              matcher="nearest"):  # fmt: skip
    """Percentile intervals for a cutpoint and for what it scores (Efron 1979).

    Draw as many queries again, with replacement, and look once more; do so `resamples` times. The
    cutpoint's interval is of the choices that resamples make: how far the choice hangs on the queries. The
    scores' intervals are of one fixed cutpoint. On the queries that chose it they are flattering: give
    `cutpoint`, and queries of a split of their own, to judge it. The cutpoint's interval is a rough guide
    only, and too narrow where the choice is the last of the distances.

    Args:
        neighbors: `Neighbors` (queries, k). labels: (queries,) their true class ids.
        metric: what the cutpoint maximises; "fpr" is minimised.
        cutpoint: the distance to score; None takes the best on these queries.
        confidence, resamples, seed: of the intervals. matcher: as in `calibrate`.

    Returns:
        `Bootstrap`.

    Raises:
        ValueError: as `calibrate`, or a confidence outside 0 to 1.
    """
    made = calibration.calibrate(neighbors, labels, metric, matcher=matcher)
    distance = made.distance(calibration.OPTIMAL if cutpoint is None else cutpoint)
    tail = (1 - checked_confidence(confidence)) / 2
    distances, right = sorted_matches(neighbors, labels, matcher)
    steps = made.curve.distances
    last = np.searchsorted(distances, steps, side="right") - 1  # the last query of each step
    at = np.searchsorted(steps, np.float32(distance), side="right") - 1
    rng, n = np.random.default_rng(checks.whole_number("seed", seed)), len(distances)
    left, block = checks.whole_number("resamples", resamples, at_least=1), max(1, BLOCK // n)
    cutpoints, scores = [], {name: [] for name in metrics.METRICS}
    while left > 0:
        times = rng.multinomial(n, np.full(n, 1 / n), size=min(block, left))  # how often each query is drawn
        counts = _counts(times, right, last)
        values = counts.metric(metric) * (-1 if metric == "fpr" else 1)
        cutpoints.append(steps[np.where(np.isnan(values), -np.inf, values).argmax(1)])
        for name in scores:
            scores[name].append(_at(counts, at, right, times).metric(name))
        left -= len(times)
    cutpoints = np.concatenate(cutpoints)
    values = made.curve.at(distance)
    intervals = {name: _interval(np.concatenate(found), tail) for name, found in scores.items()}
    scores = {name: (float(values.metric(name)), interval) for name, interval in intervals.items()}
    return Bootstrap(distance, confidence, _interval(cutpoints, tail), scores, cutpoints)


def _counts(times, right, last):
    """`Counts` of arrays (resamples, steps)."""
    tp, fp = (np.cumsum(times * chosen, axis=1)[:, last] for chosen in (right, ~right))
    return metrics.Counts(tp, fp, (times @ right)[:, None] - tp, (times @ ~right)[:, None] - fp)


def _at(counts, i, right, times):
    """The counts at step i; below the first step nothing is accepted."""
    if i >= 0:
        return metrics.Counts(*(c[:, i] for c in vars(counts).values()))
    nothing = np.zeros(len(times), np.int64)
    return metrics.Counts(nothing, nothing, times @ right, times @ ~right)


def _interval(values, tail):
    values = values[~np.isnan(values)]
    if not len(values):
        return Interval(math.nan, math.nan)
    return Interval(*(float(q) for q in np.quantile(values, [tail, 1 - tail])))


def sorted_matches(neighbors, labels, matcher):
    """(distances, right), each (queries,), nearest match first."""
    labels = checks.labels("labels", labels, len(expect(neighbors)), "queries")
    predicted, distances = matching.decide(neighbors, matcher)
    order = np.argsort(distances, kind="stable")
    return distances[order], (predicted == labels)[order]


def checked_confidence(confidence):
    """Return it, or raise ValueError if it is no share between 0 and 1."""
    confidence = checks.number("confidence", confidence)
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, such as 0.95; got {confidence!r}.")
    return confidence
