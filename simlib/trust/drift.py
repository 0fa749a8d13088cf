"""After the calibration: how many strangers come, and are the queries still like those of then?"""

from dataclasses import dataclass

import numpy as np

from simlib import checks, matching
from simlib.calibration import OPTIMAL, Calibration
from simlib.neighbors import expect

FURTHER = "Further away. Add new things, and known ones that look different, to the index; calibrate again."
NEARER = "Nearer. Are these copies of what is in the index, or fewer strangers? Else calibrate again."


@dataclass(frozen=True)
class BaseRate:
    """Shares at one cutpoint: of known queries, `right` and `wrong`; of strangers, `let_in`."""

    right: float
    wrong: float
    let_in: float

    def precision(self, strangers):
        """The share of answers that are right, where this share of the queries are strangers (Bayes).

        >>> BaseRate(right=0.9, wrong=0.01, let_in=0.02).precision([0.01, 0.9]).round(3)
        array([0.989, 0.826])
        """
        share = checks.as_array("strangers", strangers)
        if share.dtype.kind not in "fi" or not ((0 <= share) & (share <= 1)).all():
            raise ValueError(f"strangers must be shares between 0 and 1; got {strangers!r}.")
        right = (1 - share) * self.right
        with np.errstate(invalid="ignore"):
            return right / (right + (1 - share) * self.wrong + share * self.let_in)


def base_rate(neighbors, labels, known, cutpoint, matcher="nearest"):
    """The `BaseRate` of queries with these true `labels` (n,); those not among `known` are strangers.

    Raises ValueError for labels of another length, or that hold no stranger or nobody else.
    """
    decided = matching.decisions(neighbors, labels, matcher)
    taken = decided.distances <= checks.distance("cutpoint", cutpoint)
    inside = np.isin(decided.labels, decided.classes.members("known", known)[0])
    if inside.all() or not inside.any():
        raise ValueError("labels must hold both: queries of classes among `known`, and strangers.")
    right = taken & decided.right
    return BaseRate(*(float(of.mean()) for of in (right[inside], (taken & ~right)[inside], taken[~inside])))


@dataclass(frozen=True)
class Drift:
    """Of now's `queries`, how many are `unknown` and how many are `usual` (low, high); the chance that a
    distance is larger now (`further`); how likely all this is on a day like those before.
    """

    queries: int
    unknown: int
    usual: tuple
    further: float
    p_value: float
    noticed: bool

    def __repr__(self):
        low, high = self.usual
        counts = f"{self.unknown} of {self.queries} queries unknown, {low} to {high} are usual"
        chance = f"larger than before with a chance of {self.further:.2f} (p = {self.p_value:.2g})"
        verdict = "Nothing unusual." if not self.noticed else FURTHER if self.further >= 0.5 else NEARER
        return f"{counts}; a distance is {chance}\n{verdict}"


def drift(before, neighbors, cutpoint=OPTIMAL, alarm=0.01):
    """Are these queries like those of the calibration?

    How many unknown are usual is the beta-binomial prediction from those before (Jeffreys prior), as both are
    samples; the distances are compared by Kolmogorov and Smirnov's test. The smaller p, doubled, decides.

    Args:
        before: a `Calibration`, such as `model.calibration`: its queries, strangers included, should be
            those of a normal day. neighbors: `Neighbors` (queries, k) of now, with the same k.
        cutpoint: a name, or a distance. alarm: about how often a normal day may raise one.

    Returns `Drift`. Raises ValueError for no queries, or an alarm that is no share.
    """
    from scipy import stats

    checks.kind("before", before, Calibration, ", as `calibrate` gives it")
    if not len(expect(neighbors)) or not 0 < checks.number("alarm", alarm) < 1:
        raise ValueError("neighbors must hold queries, and alarm be above 0 and below 1.")
    cut, counts = np.float32(before.distance(cutpoint)), before.curve.counts
    old = np.repeat(before.curve.distances, np.diff(counts.tp + counts.fp, prepend=0))
    total = sum(int(count[-1]) for count in vars(counts).values())
    old = np.append(old, np.full(total - len(old), np.inf))  # where nobody was found
    new = matching.decide(neighbors, before.matcher)[1]
    was, unknown = int((old > cut).sum()), int((new > cut).sum())
    expected = stats.betabinom(len(new), was + 0.5, len(old) - was + 0.5)
    p = 2 * min(expected.cdf(unknown), expected.sf(unknown - 1), stats.ks_2samp(old, new).pvalue / 2)
    p = float(min(1, 2 * p))  # there were two ways to an alarm
    usual = tuple(int(count) for count in expected.ppf([alarm / 4, 1 - alarm / 4]))
    further = stats.mannwhitneyu(new, old).statistic / (len(new) * len(old))
    return Drift(len(new), unknown, usual, float(further), p, p <= alarm)
