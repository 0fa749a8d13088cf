"""Guarantees against the binomial distribution, one rank after the other. Their rate of success: test_trust.

simlib asks the beta distribution. The referee asks how likely so few (or so many) are among n, and finds
each bound as the share at which that becomes as unlikely as allowed.
"""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import binom

from simlib.neighbors import Neighbors
from simlib.trust.guarantee import guaranteed_cutpoint


def made_of(distances, right, goal, confidence=0.95):
    labels = np.where(right, 1, 2)[:, None]
    near = Neighbors(labels, np.asarray(distances, np.float32)[:, None], np.zeros((len(right), 1), int))
    return guaranteed_cutpoint(near, np.ones(len(right), int), goal, confidence)


def share_at(chance, error):
    """The share at which a chance, which rises or falls with it, is `error`."""
    return brentq(lambda share: chance(share) - error, 0, 1, xtol=1e-12)


def below(distance):
    return float(np.nextafter(np.float32(distance), np.float32(-np.inf)))


def two_digits(number):
    digits = len(str(math.ceil(number))) - 2
    return math.ceil(number / 10**digits) * 10**digits if digits > 0 else math.ceil(number)


CASES = st.tuples(
    st.integers(0, 2**32 - 1), st.integers(2, 250), st.floats(0.05, 0.95),
    st.sampled_from([0.6, 0.9, 0.95, 0.99]),
)  # fmt: skip


def drawn(seed, n, share):
    rng = np.random.default_rng(seed)
    distances = np.sort(rng.permutation(n).astype(np.float32) / n)
    return distances, rng.random(n) < share


@settings(deadline=None, max_examples=250)
@given(CASES, st.sampled_from(["recall >= 0.55", "recall >= 0.97", "fpr <= 0.02", "fpr <= 0.2"]))
def test_recall_and_false_accepts_are_the_binomials(case, goal):
    *case, confidence = case
    name, target = goal.split()[0], float(goal.split()[2])
    distances, right = drawn(*case)
    chosen, error = right if name == "recall" else ~right, 1 - confidence
    own, n = distances[chosen], int(chosen.sum())
    made = made_of(distances, right, goal, confidence)
    if name == "recall":  # the k-th of n lies below the target's share of all if that holds k or more of them
        chance, share = (lambda k, w: binom.sf(k - 1, n, w)), target
        hits, others = made.counts.tp, made.counts.fp
    else:  # below the k-th of n lies more than the target's share of all if that holds fewer than k of them
        chance, share = (lambda k, w: binom.cdf(k - 1, n, w)), 1 - target
        hits, others = made.counts.fp, made.counts.tp
    good = [k for k in range(1, n + 1) if chance(k, target) <= error]
    assert made.met == bool(good)
    k = n if name == "recall" else 1
    if good:
        k = good[0] if name == "recall" else good[-1]
        assert (
            made.distance == (own[k - 1] if name == "recall" else below(own[k - 1])) and made.needed is None
        )
        assert made.bound >= target if name == "recall" else made.bound <= target
    else:
        fewest = next(m for m in range(1, 999) if share**m <= error)
        assert math.isnan(made.distance) and made.needed == two_digits(len(right) * (fewest / max(1, n)))
    bound = share_at(lambda w: chance(k, w), error) if n else float(name == "fpr")
    assert made.bound == pytest.approx(bound, abs=1e-8)
    assert hits == (k if name == "recall" else max(k - 1, 0) if n else 0)
    last = own[k - 1] if n else -np.inf if name == "recall" else np.inf
    assert others == (distances[~chosen] <= last).sum()


@settings(deadline=None, max_examples=150)
@given(
    st.integers(0, 2**32 - 1), st.integers(2, 400), st.floats(0.7, 1), st.sampled_from([0.55, 0.9, 0.95]),
    st.sampled_from([0.6, 0.8, 0.9, 0.97]),
)  # fmt: skip
def test_precision_is_the_binomials_step_by_step(seed, n, share, confidence, wanted):
    distances, right = drawn(seed, n, share)
    error, goal = 1 - confidence, f"precision >= {wanted}"
    made = made_of(distances, right, goal, confidence)

    def chance(accepted):  # of so few wrong ones, were the precision no better than wanted
        return binom.cdf((~right[:accepted]).sum(), accepted, 1 - wanted)

    fewest = next(m for m in range(1, 999) if wanted**m <= error)
    first = min(max(fewest, min(2 * fewest, n // 2)), n - 1)
    tried = range(first, n) if n > fewest else range(n - 1, n)
    accepted = None
    for each in tried:
        if chance(each) > error:
            break
        accepted = each
    assert made.met == (accepted is not None)
    if accepted is None:
        accepted = min((each for each in tried), key=lambda each: (chance(each), each))
        assert math.isnan(made.distance)
    else:
        assert made.distance == below(distances[accepted]) and made.needed is None
        assert made.bound >= wanted
    counts, bad = made.counts, int((~right[:accepted]).sum())
    assert (counts.tp + counts.fp, counts.fp) == (accepted, bad)
    assert counts.tp + counts.fn == right.sum() and counts.fp + counts.tn == (~right).sum()
    limit = share_at(lambda p: binom.cdf(bad, accepted, 1 - p), error) if bad < accepted else 0
    assert made.bound == pytest.approx(limit, abs=1e-8)


@pytest.mark.parametrize("goal", ["precision >= 0.9", "recall >= 0.9", "fpr <= 0.1"])
def test_where_nobody_was_found_there_is_nothing_to_promise(goal):
    with pytest.raises(ValueError, match="distances: all are infinite, so no query has a match"):
        made_of(np.full(5, np.inf), np.zeros(5, bool), goal)
    one = made_of([0.1, np.inf], [False, False], goal)
    assert not one.met and one.counts.fn == one.counts.tp == 0


def test_it_reads_as_a_sentence():
    distances, right = np.arange(400) / 1000, np.arange(400) != 350
    made = made_of(distances, right, "recall >= 0.9")
    accepted, bad = made.counts.tp + made.counts.fp, made.counts.fp
    assert repr(made) == (
        f"recall >= 0.9 with 95% confidence: distance <= {made.distance:.4f} "
        f"({accepted} accepted, {bad} of them wrong, of 400 queries; bound {made.bound:.4f})"
    )
    assert bad == 1 and accepted < 400
    few = made_of(distances[:20], right[:20], "recall >= 0.9")
    assert repr(few) == (
        "recall >= 0.9 with 95% confidence: NOT MET with 20 queries (closest try: 20 accepted, 0 of them "
        f"wrong; bound {few.bound:.4f}); about 29 queries like these would be needed."
    )
    never = made_of(distances, np.arange(400) % 2 == 0, "precision >= 0.9")
    assert repr(never).endswith(
        f"bound {never.bound:.4f}); and more queries like these would not help: the model does not reach it."
    )
