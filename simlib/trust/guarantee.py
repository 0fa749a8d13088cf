"""A cutpoint that meets a target on queries yet to come, at a stated confidence.

It takes the calibration queries to be independent draws of what will come: no bound helps against change.
"""

import math
from dataclasses import dataclass

import numpy as np

from simlib import calibration, checks, matching, metrics
from simlib.trust.bootstrap import checked_confidence


@dataclass(frozen=True)
class Guarantee:
    """A cutpoint with a promise about queries yet to come.

    Attributes:
        goal: the target, such as "precision >= 0.97". confidence: how sure the promise is.
        distance: the largest distance accepted; NaN if nothing could be promised. met: whether it could.
        bound: what the promise is about is at least (for fpr at most) this much.
        counts: `metrics.Counts` of the calibration queries at the cutpoint, or at the closest try.
        needed: about how many queries would do, if not met; None if no number would.
    """

    goal: str
    confidence: float
    distance: float
    met: bool
    bound: float
    counts: metrics.Counts
    needed: int | None = None

    def __repr__(self):
        c = self.counts
        n, accepted = c.tp + c.fp + c.fn + c.tn, f"{c.tp + c.fp} accepted, {c.fp} of them wrong"
        sure, bound = f"{self.goal} with {self.confidence:.0%} confidence", f"bound {self.bound:.4f}"
        if self.met:
            return f"{sure}: distance <= {self.distance:.4f} ({accepted}, of {n} queries; {bound})"
        more = "and more queries like these would not help: the model does not reach it."
        if self.needed:
            more = f"about {self.needed:,} queries like these would be needed."
        metric = calibration.parse_goal(self.goal)[0]
        if metric != "precision" and math.isnan(c.metric(metric)):
            more = f"{metric} is 0 of 0: {calibration.EMPTY[metric]}"
        return f"{sure}: NOT MET with {n} queries (closest try: {accepted}; {bound}); {more}"


def guaranteed_cutpoint(neighbors, labels, goal, confidence=0.95, matcher="nearest"):
    """`Guarantee`: the loosest cutpoint that can be shown to meet a target on new queries as well.

    Its `met` is False where these queries cannot carry the promise; ValueErrors as from `calibrate`.
    `calibrate(targets=...)` meets it *on the calibration queries*, and on new ones misses it about every
    second time. This cutpoint misses it at most once in 1 / (1 - confidence) calibrations.

    - "recall >= r" and "fpr <= a": an order statistic of the right (wrong) matches' distances is a
      tolerance limit, exact for every distribution (Wilks 1941).
    - "precision >= p": fixed-sequence testing (Learn then Test, Angelopoulos et al. 2021, section 4).
      Begin at a rank that the target alone decides; accept one query more as long as an exact binomial test
      (Clopper and Pearson 1934) rejects "precision < p" among those accepted, at the full 1 - confidence, as
      it is the first false promise that counts. The k - 1 queries nearer than the k-th are independent draws
      from those nearer than it, so a cutpoint read off the data is allowed. Exact where precision, as the
      cutpoint grows, falls below p once and for all.

    Args:
        neighbors: `Neighbors` (queries, k) of a calibration split. labels: their true class ids (queries,).
        goal: "precision >= p", "recall >= r" or "fpr <= a". matcher: as in `calibrate`.

    >>> from simlib import Neighbors
    >>> near = Neighbors([[1]] * 400, np.linspace(0, 0.4, 400)[:, None], [[0]] * 400)
    >>> guaranteed_cutpoint(near, [1] * 400, "precision >= 0.97")
    precision >= 0.97 with 95% confidence: distance <= 0.4000
        (399 accepted, 0 of them wrong, of 400 queries; bound 0.9925)
    """
    return guarantee_decisions(matching.decisions(neighbors, labels, matcher), goal, confidence)


def guarantee_decisions(decisions, goal, confidence=0.95):
    """`guaranteed_cutpoint` for `matching.Decisions`, which must be independent."""
    name, _, target = calibration.parse_goal(goal)
    prove = checks.choose("goal", name, PROOFS)
    if not 0 < target < 1:
        raise ValueError(f"goal: {goal!r}: no sample proves 0 or 1; ask for a value between them.")
    error = 1 - checked_confidence(confidence)
    decisions = decisions.nearest_first()
    curve, reached = metrics.count(decisions), decisions[np.isfinite(decisions.distances)]
    distance, bound, met, times = prove(reached.distances, reached.right, target, error)
    needed = None if met or not times else _two_digits(len(decisions) * times)
    at = float(distance) if met else math.nan
    return Guarantee(goal, confidence, at, met, float(bound), curve.at(distance), needed)


def _precision(distances, right, target, error):
    from scipy.stats import beta, binom

    n = len(distances)  # 1 or more, as `metrics.count` has made sure
    # At twice the fewest there is room for a first mistake; the target share and n alone decide.
    fewest = _fewest(target, error)
    ranks = np.arange(min(max(fewest, min(2 * fewest, n // 2)) + 1, n), n + 1)
    nearer = np.searchsorted(distances, distances[ranks - 1], side="left")  # fewer than the rank if tied
    if (nearer >= fewest).any():  # the others prove nothing, whatever the labels
        ranks, nearer = ranks[nearer >= fewest], nearer[nearer >= fewest]
    wrong = np.append(0, np.cumsum(~right))
    chance = binom.cdf(wrong[nearer], nearer, 1 - target)  # of so few wrong, were the precision `target`
    proven = int(np.argmin(np.append(chance <= error, False)))  # how many are, before the first that is not
    i = proven - 1 if proven else int(chance.argmin())
    accepted, bad = int(nearer[i]), int(wrong[nearer[i]])
    bound = beta.ppf(error, accepted - bad, bad + 1) if accepted > bad else 0.0
    times = None if proven else _times_more(wrong, target, error)
    return _below(distances[ranks[i] - 1]), bound, bool(proven), times


def _times_more(wrong, target, error):
    # How many times as many such queries would about do; None for never. wrong[m] of the m nearest are wrong.
    from scipy.stats import binom

    accepted = np.unique(np.linspace(1, len(wrong) - 1, 60).astype(int))
    times = 1.1 ** np.arange(1, 80)[:, None]
    # One mistake more than was seen: none among few is not none among many.
    mistakes, drawn = np.ceil((wrong[accepted] + 1) * times), np.floor(accepted * times)
    enough = (binom.cdf(mistakes, drawn, 1 - target) <= error).any(axis=1)
    return float(times[enough.argmax(), 0]) if enough.any() else None


def _recall(distances, right, target, error):
    from scipy.stats import beta

    own = distances[right]
    n, ranks = len(own), np.arange(1, len(own) + 1)
    times = _fewest(target, error) / max(1, n)
    if not n:
        return -math.inf, 0.0, False, times
    proven = ranks[beta.cdf(target, ranks, n + 1 - ranks) <= error]
    k = proven[0] if len(proven) else n
    return own[k - 1], beta.ppf(error, k, n + 1 - k), len(proven) > 0, times


def _fpr(distances, right, target, error):
    # Seen from afar, it is a recall of the wrong matches: 1 - target of them must lie beyond the cutpoint.
    far, bound, met, times = _recall(-distances[::-1], ~right[::-1], 1 - target, error)
    return _below(-far), 1 - bound, met, times


PROOFS = {"precision": _precision, "recall": _recall, "fpr": _fpr}


def _fewest(share, error):
    """The fewest draws, all of them good, that prove a share of good ones: share ** n <= error."""
    return math.ceil(math.log(error) / math.log(share))


def _two_digits(number):
    power = 10 ** max(0, math.floor(math.log10(number)) - 1)
    return math.ceil(number / power) * power


def _below(distance):
    """The largest float32 that is nearer than `distance`."""
    return float(np.nextafter(np.float32(distance), np.float32(-np.inf)))
