"""Same or different? Thresholds for pairs: is this the same person, the same product?

The words are those of ISO/IEC 19795-1: the false match rate (FMR) is the share of different pairs that are
accepted, the false non-match rate (FNMR) the share of same pairs that are not; they are equal at the EER.
Pairs share items, so there is less behind them than their number says: intervals here resample the items.
"""

from dataclasses import dataclass

import numpy as np

from simlib import calibration, checks, matching, metrics
from simlib.classes import UNKNOWN, Classes
from simlib.trust.bootstrap import Interval, checked_confidence
from simlib.trust.guarantee import guarantee_decisions


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of items: positions `first` and `second`, int64 (n,), and are they the `same`: bool (n,)."""

    first: np.ndarray
    second: np.ndarray
    same: np.ndarray

    def apart(self):
        """Those of the `Pairs`, in random order, that share no item with one before: a guarantee's pairs."""
        seen, rows = set(), []
        for row in np.random.default_rng(0).permutation(len(self)).tolist():
            if seen.isdisjoint(two := {int(self.first[row]), int(self.second[row])}):
                seen |= two
                rows.append(row)
        return Pairs(self.first[rows], self.second[rows], self.same[rows])

    def __len__(self):
        return len(self.same)

    def __repr__(self):
        items = len(np.unique([self.first, self.second]))
        return f"{self.same.sum():,} same and {(~self.same).sum():,} different pairs of {items:,} items"


def draw_pairs(labels, n=1000, seed=0):
    """`Pairs`: n same and n different ones, or all there are; none twice, and no item with itself.

    Each class gives as many of the same pairs, and each two classes as many of the different ones, as the
    others: no large class rules. What a small one lacks, the others give. `labels`: (m,) class ids or
    names of the items; nobody's (-1, "unknown") are left out. ValueError where no two share one, or all do.

    >>> draw_pairs(["ant", "ant", "bee", "bee", "bee"], n=3)
    3 same and 3 different pairs of 5 items
    """
    ids, _ = Classes().read("labels", labels)
    n, rng = checks.whole_number("n", n, at_least=1), np.random.default_rng(checks.whole_number("seed", seed))
    order = np.argsort(ids, kind="stable")
    order = order[ids[order] != UNKNOWN]
    members = np.split(order, np.flatnonzero(np.diff(ids[order])) + 1)
    several = [members[i] for i in rng.permutation(len(members)) if len(members[i]) > 1]
    if not several or len(members) < 2:
        raise ValueError("labels must hold two items of one class, and items of two classes.")
    room = [len(rows) * (len(rows) - 1) // 2 for rows in several[:n]]
    same = [rows[_two(rng, len(rows), share)] for rows, share in zip(several, _shares(room, n))]
    two = [(members[a], members[b]) for a, b in _two(rng, len(members), n)]
    shares = _shares([len(a) * len(b) for a, b in two], n)
    codes = [rng.choice(len(a) * len(b), share, replace=False) for (a, b), share in zip(two, shares)]
    different = [np.stack([a[i // len(b)], b[i % len(b)]], 1) for (a, b), i in zip(two, codes)]
    parts = [rng.permutation(np.concatenate(part)) for part in (same, different)]
    return Pairs(*np.concatenate(parts).T, np.repeat([True, False], [len(part) for part in parts]))


def _shares(room, n):
    """How many of n each gives: as equal as can be, and none more than its room, ints (len(room),)."""
    shares = np.zeros(len(room), int)
    for done, i in enumerate(np.argsort(room, kind="stable")):  # the small ones first
        shares[i] = min(room[i], n // (len(room) - done))
        n -= shares[i]
    return shares


def _two(rng, m, n):
    """(n, 2): n of the pairs of 0 .. m - 1, or all of them."""
    every = m * (m - 1) // 2
    number = rng.choice(every, min(n, every), replace=False)
    larger = ((1 + np.sqrt(1 + 8 * number.astype(float))) // 2).astype(int)
    return np.stack([number - larger * (larger - 1) // 2, larger], axis=1)


@dataclass(frozen=True, eq=False)
class ErrorRates:
    """fmr and fnmr, float64 (m,), at the distinct `distances`, ascending, of pairs."""

    distances: np.ndarray
    fmr: np.ndarray
    fnmr: np.ndarray

    @property
    def eer(self):
        """The equal error rate: where the two are nearest to each other, their mean."""
        i = np.abs(self.fmr - self.fnmr).argmin()
        return float(self.fmr[i] + self.fnmr[i]) / 2


def error_rates(distances, same):
    """`ErrorRates` of pairs: their distances (n,), and whether each is the same, bool (n,).

    >>> error_rates([0.1, 0.2, 0.3, 0.4], [True, True, False, False]).eer
    0.0
    """
    curve = metrics.curve(distances, same)
    return ErrorRates(curve.distances, curve.metric("fpr"), 1 - curve.metric("recall"))


def calibrate_pairs(distances, same, metric="f1", targets=()):
    """`Calibration` of a threshold for pairs, as `simlib.calibrate`; "fpr <= 0.001" asks for an FMR.

    distances: (n,) of pairs that the model has not seen. same: bool (n,). metric, targets: as there.
    Raises ValueError as it does, and where all pairs are the same, or all different.
    """
    decisions = _decisions(distances, same)
    if len(np.unique(decisions.right)) < 2:
        raise ValueError("same: a threshold parts same pairs from different ones; these are all of one kind.")
    return calibration.calibrate_decisions(decisions, metric, targets)


def guaranteed_pairs(distances, same, pairs, goal, confidence=0.95):
    """`Guarantee` of a threshold, as `simlib.guaranteed_cutpoint`, for `Pairs` of which no two share an item.

    Raises ValueError if two do: they are not independent, so nothing can be guaranteed; and for precision.
    """
    decisions = _decisions(distances, same, checks.kind("pairs", pairs, Pairs))
    items = np.concatenate([pairs.first, pairs.second])
    if again := len(items) - len(np.unique(items)):
        raise ValueError(f"pairs share items ({again} times); for a guarantee, take `pairs.apart()`.")
    if calibration.parse_goal(goal)[0] == "precision":
        raise ValueError(f"goal: {goal!r} hangs on how many pairs of each kind there are; use fpr or recall.")
    return guarantee_decisions(decisions, goal, confidence)


def bootstrap_pairs(distances, same, pairs, cutpoint, confidence=0.95, resamples=1000, seed=0):
    """{"fmr": (value, `Interval`), "fnmr": ...} at a cutpoint: what other items would have given.

    Items are drawn again, with replacement; a pair counts as often as its two items, multiplied (Owen 2007,
    "The pigeonhole bootstrap"). Too wide where pairs share nothing; too narrow where a few items decide.

    distances, same: (n,) of `pairs`. cutpoint: the distance that is judged, chosen on other pairs. Will *new
    people* come? Then give `Pairs` of people: all pictures of one come and go. (A pair of one counts once.)
    """
    decisions = _decisions(distances, same, checks.kind("pairs", pairs, Pairs))
    tail = (1 - checked_confidence(confidence)) / 2
    right, accepted = decisions.right, decisions.distances <= checks.distance("cutpoint", cutpoint)
    items, where = np.unique([pairs.first, pairs.second], return_inverse=True)
    n, (first, second) = len(items), where.reshape(2, -1)
    wrong = (~right, accepted), (right, ~accepted)
    rng, rates = np.random.default_rng(checks.whole_number("seed", seed)), []
    for turn in range(1 + checks.whole_number("resamples", resamples, at_least=1)):  # first, each once
        times = rng.multinomial(n, np.full(n, 1 / n)) if turn else np.ones(n, int)
        weight = times[first] * np.where(first == second, 1, times[second])
        with np.errstate(invalid="ignore"):  # 0 of 0 is NaN
            rates.append([weight[of & bad].sum() / weight[of].sum() for of, bad in wrong])
    ends = np.nanquantile(rates[1:], [tail, 1 - tail], axis=0).T.tolist()
    return {k: (float(v), Interval(*two)) for k, v, two in zip(("fmr", "fnmr"), rates[0], ends)}


def _decisions(distances, same, pairs=None):
    metrics.curve(distances, same)  # checks both
    if pairs is not None and len(pairs) != len(same):
        raise ValueError(f"pairs: there are {len(pairs)}, but {len(same)} distances.")
    return matching.Decisions(np.asarray(distances, np.float32), np.asarray(same, bool))
