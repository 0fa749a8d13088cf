"""How far can a cutpoint be trusted? It was chosen on few queries; others would have chosen another.

A promise about queries yet to come is another matter: see `simlib.guarantee`.
"""

import math
from dataclasses import dataclass

import numpy as np

from simlib import calibration, checks, matching, metrics

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
        cutpoints: float32 (resamples,), each resample's own choice. cutpoint: `Interval` of these.
        scores: {metric: (value, `Interval`)} at `distance`, kept fixed.
    """

    distance: float
    confidence: float
    cutpoint: Interval
    scores: dict
    cutpoints: np.ndarray

    def __repr__(self):
        lines = [f"{self.confidence:.0%} intervals from {len(self.cutpoints)} resamples of the queries"]
        for name, (value, interval) in {"cutpoint": (self.distance, self.cutpoint), **self.scores}.items():
            lines.append(f"  {name:10}{value:.3f}   {interval}")
        return "\n".join(lines)


def bootstrap(neighbors, labels, metric="f1", cutpoint=None, confidence=0.95, resamples=2000, seed=0,
              matcher="nearest"):  # fmt: skip
    """`Bootstrap`: percentile intervals for a cutpoint and for what it scores (Efron 1979).

    Draw as many queries again, with replacement, and look once more; do so `resamples` times. The
    cutpoint's interval is of the choices that resamples make, a rough guide only, and too narrow where the
    choice is the last of the distances. The scores' intervals are of one fixed cutpoint. On the queries
    that chose it they are flattering: to judge it, give `cutpoint`, and queries of a split of their own.
    Raises ValueError as `calibrate` does, and for a confidence outside 0 to 1.

    Args:
        neighbors: `Neighbors` (queries, k). labels: (queries,) their true class ids, -1 for nobody's.
        metric, matcher: as in `calibrate`. confidence, resamples, seed: of the intervals.
        cutpoint: the distance to score; None takes the best on these queries.
    """
    decisions = matching.decisions(neighbors, labels, matcher).nearest_first()
    calibrated = calibration.calibrate_decisions(decisions, metric)
    distance = calibrated.distance(calibration.OPTIMAL if cutpoint is None else cutpoint)
    tail = (1 - checked_confidence(confidence)) / 2
    rng, n = np.random.default_rng(checks.whole_number("seed", seed)), len(decisions)
    left, block = checks.whole_number("resamples", resamples, at_least=1), max(1, BLOCK // n)
    steps = calibrated.curve.distances
    accepted = np.append(0, np.searchsorted(decisions.distances, steps, side="right"))  # by none, by each
    at = np.searchsorted(steps, np.float32(distance), side="right")
    sign, cutpoints, samples = -1 if metric == "fpr" else 1, [], {name: [] for name in metrics.METRICS}
    while left > 0:
        times = rng.multinomial(n, np.full(n, 1 / n), size=min(block, left))  # how often each query is drawn
        of = [times * decisions.right, times * ~decisions.right]
        sums = [np.cumsum(np.pad(drawn, ((0, 0), (1, 0))), axis=1) for drawn in of]
        tp, fp = (total[:, accepted] for total in sums)
        counts = metrics.Counts(tp, fp, sums[0][:, -1:] - tp, sums[1][:, -1:] - fp)  # each (resamples, steps)
        values = sign * metrics.METRICS[metric](counts)[:, 1:]
        cutpoints.append(steps[np.where(np.isnan(values), -np.inf, values).argmax(1)])
        fixed = metrics.Counts(*(c[:, at] for c in vars(counts).values()))
        for name, drawn in samples.items():
            drawn.append(fixed.metric(name))
        left -= len(times)
    cutpoints, values = np.concatenate(cutpoints), calibrated.curve.at(distance).scores()
    scores = {name: (values[name], _interval(np.concatenate(drawn), tail)) for name, drawn in samples.items()}
    return Bootstrap(distance, confidence, _interval(cutpoints, tail), scores, cutpoints)


def _interval(values, tail):
    values = values[~np.isnan(values)]
    ends = np.quantile(values, [tail, 1 - tail]) if len(values) else (math.nan, math.nan)
    return Interval(*(float(end) for end in ends))


def checked_confidence(confidence):
    """Return it, or raise ValueError if it is no share between 0 and 1."""
    if 0 < checks.number("confidence", confidence) < 1:
        return float(confidence)
    raise ValueError(f"confidence must lie between 0 and 1, such as 0.95; got {confidence!r}.")
