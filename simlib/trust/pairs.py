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

    def __len__(self):
        return len(self.same)

    def __repr__(self):
        items = len(np.unique([self.first, self.second]))
        return f"{self.same.sum():,} same and {(~self.same).sum():,} different pairs of {items:,} items"


def draw_pairs(labels, n=1000, seed=0):
    """`Pairs`: up to n same and n different ones, none twice, and no item with itself.

    Each class has as many of the same pairs, as far as it has them, and each two classes as many of the
    different ones: no large class rules. Raises ValueError where no two items share a class, or all do.

    Args:
        labels: (m,) class ids or names of the items; those of nobody (-1, "unknown") are left out.

    >>> draw_pairs(["ant", "ant", "bee", "bee", "bee"], n=3)
    3 same and 3 different pairs of 5 items
    """
    ids, _ = Classes().read("labels", labels)
    n, rng = checks.whole_number("n", n, at_least=1), np.random.default_rng(checks.whole_number("seed", seed))
    members = [np.flatnonzero(ids == c) for c in np.unique(ids[ids != UNKNOWN])]
    several = [rows for rows in members if len(rows) > 1]
    if not several or len(members) < 2:
        raise ValueError("labels must hold two items of one class, and items of two classes.")
    same = [rows[_two(rng, len(rows), -(-n // len(several)))] for rows in several]
    different = []
    every = len(members) * (len(members) - 1) // 2
    for a, b in _two(rng, len(members), min(n, every)):
        count = len(members[a]) * len(members[b])
        some = rng.choice(count, min(-(-n // every), count), replace=False)
        different.append(
            np.stack([members[a][some // len(members[b])], members[b][some % len(members[b])]], 1)
        )
    parts = [rng.permutation(np.concatenate(part))[:n] for part in (same, different)]
    first, second = np.concatenate(parts).T
    return Pairs(first, second, np.arange(len(first)) < len(parts[0]))


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

    Args:
        distances: (n,) of pairs that the model has not seen. same: bool (n,). metric, targets: as there.
    """
    return calibration.calibrate_decisions(_decisions(distances, same), metric, targets)


def guaranteed_pairs(distances, same, pairs, goal, confidence=0.95):
    """`Guarantee` of a threshold, as `simlib.guaranteed_cutpoint`, for `Pairs` of which no two share an item.

    Raises ValueError if two do: then they are not independent, and nothing can be guaranteed.
    """
    items = np.concatenate([pairs.first, pairs.second])
    if len(np.unique(items)) < len(items):
        shared = len(items) - len(np.unique(items))
        raise ValueError(f"pairs share items ({shared} times); a guarantee needs pairs that share none.")
    return guarantee_decisions(_decisions(distances, same), goal, confidence)


def bootstrap_pairs(distances, same, pairs, cutpoint, confidence=0.95, resamples=1000, seed=0):
    """{"fmr": (value, `Interval`), "fnmr": ...} at a cutpoint: what other items would have given.

    Items are drawn again, with replacement; a pair counts as often as its two items, multiplied (Owen 2007,
    "The pigeonhole bootstrap", which errs on the side of too wide an interval).

    Args:
        distances, same: (n,) of `pairs`. cutpoint: the distance that is judged, chosen on other pairs.
    """
    decisions = _decisions(distances, same)
    if len(checks.kind("pairs", pairs, Pairs)) != len(decisions):
        raise ValueError(f"pairs: there are {len(pairs)}, but {len(decisions)} distances.")
    tail = (1 - checked_confidence(confidence)) / 2
    accepted = decisions.distances <= checks.distance("cutpoint", cutpoint)
    items, where = np.unique([pairs.first, pairs.second], return_inverse=True)
    first, second = where.reshape(2, -1)
    wrong = {"fmr": (~decisions.right, accepted), "fnmr": (decisions.right, ~accepted)}
    rng, drawn = np.random.default_rng(checks.whole_number("seed", seed)), {name: [] for name in wrong}
    for _ in range(checks.whole_number("resamples", resamples, at_least=1)):
        times = rng.multinomial(len(items), np.full(len(items), 1 / len(items)))
        weight = times[first] * times[second]
        for name, (of, bad) in wrong.items():
            total = weight[of].sum()
            drawn[name].append((weight * bad)[of].sum() / total if total else np.nan)
    ends = {name: np.nanquantile(values, [tail, 1 - tail]) for name, values in drawn.items()}
    return {
        name: (float(bad[of].mean()), Interval(*map(float, ends[name]))) for name, (of, bad) in wrong.items()
    }


def _decisions(distances, same):
    metrics.curve(distances, same)  # checks both
    return matching.Decisions(np.asarray(distances, np.float32), np.asarray(same, bool))
