"""Pairs: drawn honestly, counted by hand, and intervals that hold though pairs share items."""

import itertools

import numpy as np
import pytest

from simlib import (
    Pairs,
    bootstrap_pairs,
    calibrate_pairs,
    draw_pairs,
    error_rates,
    guaranteed_pairs,
    plots,
)

LABELS = np.array([*"aaaaaaaaaaaa", *"bbbb", *"cc", "d", "unknown", "unknown"])


@pytest.mark.parametrize("n", [1, 5, 9, 40, 1000])
@pytest.mark.parametrize("seed", [0, 1])
def test_no_pair_comes_twice_and_each_says_rightly_whether_it_is_the_same(n, seed):
    pairs = draw_pairs(LABELS, n, seed)
    drawn = [tuple(sorted(pair)) for pair in zip(pairs.first.tolist(), pairs.second.tolist())]
    assert len(set(drawn)) == len(drawn) and all(a != b for a, b in drawn)
    assert [LABELS[a] == LABELS[b] for a, b in drawn] == pairs.same.tolist()
    assert "unknown" not in LABELS[np.unique(drawn)]
    assert pairs.same.sum() <= n and (~pairs.same).sum() <= n


def test_all_pairs_are_drawn_where_all_are_asked_for():
    pairs = draw_pairs(LABELS, 1000)
    every = list(itertools.combinations(range(19), 2))
    assert len(pairs) == len(every)
    assert pairs.same.sum() == sum(LABELS[a] == LABELS[b] for a, b in every)


def test_a_large_class_does_not_rule():
    labels = np.repeat([0, 1, 2], [1000, 20, 20])
    pairs = draw_pairs(labels, 300)
    assert np.bincount(labels[pairs.first[pairs.same]]).tolist() == [100, 100, 100]
    between = np.sort([labels[pairs.first], labels[pairs.second]], axis=0)[:, ~pairs.same]
    assert np.unique(between, axis=1, return_counts=True)[1].tolist() == [100, 100, 100]


def test_what_a_small_class_lacks_the_others_give():
    labels = np.repeat(["a", "b", "c"], [2, 9, 9])
    pairs = draw_pairs(labels, 41)
    kinds = ["".join(sorted(labels[[a, b]])) for a, b in zip(pairs.first, pairs.second)]
    assert [kinds.count(kind) for kind in ("aa", "bb", "cc")] == [1, 20, 20]
    assert sorted(kinds.count(kind) for kind in ("ab", "ac", "bc")) == [13, 14, 14]


def test_a_seed_decides_which_pairs_and_two_small_classes_are_enough():
    labels = np.repeat([0, 1], 100)
    drawn = [(p := draw_pairs(labels, 50, seed)).first.tolist() + p.second.tolist() for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert draw_pairs(labels).apart().first.tolist() == draw_pairs(labels, 1000, 0).apart().first.tolist()
    assert draw_pairs(labels).same.sum() == 1000
    assert repr(draw_pairs(["a", "a", "b"])) == "1 same and 2 different pairs of 3 items"


def test_the_rates_are_counted_by_hand():
    distances, same = [0.1, 0.2, 0.2, 0.4, 0.5], [True, True, False, True, False]
    rates = error_rates(distances, same)
    np.testing.assert_allclose(rates.distances, [0.1, 0.2, 0.4, 0.5])
    np.testing.assert_allclose(rates.fmr, [0, 1 / 2, 1 / 2, 1])
    np.testing.assert_allclose(rates.fnmr, [2 / 3, 1 / 3, 0, 0])
    assert rates.eer == pytest.approx(5 / 12)
    found = calibrate_pairs(distances, same, targets=["fpr <= 0.1"])
    assert found.distance("fpr <= 0.1") == pytest.approx(0.1)
    assert plots.det({"all": rates}).get_xscale() == "log"


def one_sample(rng, items=40, spread=1.0):
    """All pairs of some items; each item brings a difficulty of its own into all of its pairs."""
    own = rng.normal(0, spread, items)
    first, second = np.array(list(itertools.combinations(range(items), 2))).T
    same = rng.random(len(first)) < 0.5
    return (
        own[first] + own[second] + rng.normal(size=len(first)) + 2 * ~same,
        same,
        Pairs(first, second, same),
    )


def test_an_interval_over_items_holds_where_one_over_pairs_does_not():
    rng, cut = np.random.default_rng(0), 0.0
    many = np.random.default_rng(1).normal(2, np.sqrt(3), 10**6)  # a different pair of new items
    truth, holds, naive, turns = (many <= cut).mean(), 0, 0, 120
    for _ in range(turns):
        distances, same, pairs = one_sample(rng)
        holds += truth in bootstrap_pairs(distances, same, pairs, cut, 0.9, 200)["fmr"][1]
        each = np.arange(len(pairs))  # a pair of one and the same counts once for it
        naive += truth in bootstrap_pairs(distances, same, Pairs(each, each, same), cut, 0.9, 200)["fmr"][1]
    assert holds / turns >= 0.84  # 0.9 is promised; 2.2 standard errors of 120 turns
    assert naive / turns <= 0.6


def test_the_interval_is_a_recount_of_items_drawn_again():
    distances, same, pairs = one_sample(np.random.default_rng(2), items=12)
    distances, same = np.append(distances, [0.0, 0.5]).astype(np.float32), np.append(same, [True, False])
    pairs = Pairs(np.append(pairs.first, [3, 5]), np.append(pairs.second, [3, 5]), same)  # two of one item
    cut = float(np.sort(distances)[30])  # that of a pair, which is accepted
    found, rates = bootstrap_pairs(distances, same, pairs, cut), error_rates(distances, same)
    assert found == bootstrap_pairs(distances, same, pairs, cut, 0.95, 1000, 0)
    rng, recount = np.random.default_rng(0), []
    for _ in range(1000):
        times = rng.multinomial(12, [1 / 12] * 12)
        both = np.where(pairs.first == pairs.second, 1, times[pairs.second])  # a pair of one counts once
        often = np.repeat(np.arange(len(pairs)), times[pairs.first] * both)
        taken, of_one = distances[often] <= cut, same[often]
        recount.append((taken[~of_one].mean(), (~taken)[of_one].mean()))
    assert list(found) == ["fmr", "fnmr"]
    for (name, (value, interval)), ends in zip(found.items(), np.quantile(recount, [0.025, 0.975], 0).T):
        assert value == pytest.approx(getattr(rates, name)[30])
        np.testing.assert_allclose((interval.low, interval.high), ends)


def test_a_guarantee_asks_for_pairs_that_share_no_item():
    rng = np.random.default_rng(0)
    same = np.arange(600) < 300
    distances = np.where(same, rng.uniform(0, 1, 600), rng.uniform(0.9, 2, 600))
    apart = Pairs(np.arange(600), np.arange(600, 1200), same)
    bold, usual, careful = (
        guaranteed_pairs(distances, same, apart, "fpr <= 0.05", confidence).distance
        for confidence in (0.5, 0.95, 0.999)
    )
    assert bold > usual > careful
    assert guaranteed_pairs(distances, same, apart, "fpr <= 0.05").met
    some = draw_pairs(np.repeat(np.arange(20), 10), 600).apart()
    assert len(np.unique([some.first, some.second])) == 2 * len(some) > 150
    guaranteed_pairs(distances[: len(some)], some.same, some, "fpr <= 0.05")
    with pytest.raises(ValueError, match="pairs share items"):
        guaranteed_pairs(distances, same, Pairs(apart.first, apart.first[::-1], same), "fpr <= 0.05")


@pytest.mark.parametrize("call, message", [
    (lambda: draw_pairs(["a", "b"]), "two items of one class"),
    (lambda: draw_pairs(["a", "a"]), "items of two classes"),
    (lambda: draw_pairs([0.5, 1.5]), "^labels must be"),
    (lambda: draw_pairs(LABELS, 0), "^n must be a whole number of at least 1"),
    (lambda: draw_pairs(LABELS, 5, 0.5), "^seed must be"),
    (lambda: guaranteed_pairs([0.1], [True], [(0, 1)], "fpr <= 0.1"), "^pairs must be"),
    (lambda: error_rates([0.1], [1]), "numbers and bool"),
    (lambda: calibrate_pairs([0.1, 0.2], [False, False]), "all of one kind"),
    (lambda: guaranteed_pairs([0.1], [True], draw_pairs(LABELS, 1), "fpr <= 0.1"), "pairs: there are 2"),
    (lambda: guaranteed_pairs([0.1], [True], Pairs([0], [1], [True]), "precision >= 0.9"), "of each kind"),
    (lambda: bootstrap_pairs([0.1], [True], draw_pairs(LABELS, 1), 0.5), "pairs: there are 2"),
    (lambda: bootstrap_pairs([0.1], [True], [(0, 1)], 0.5), "^pairs must be"),
    (lambda: bootstrap_pairs([0.1], [True], Pairs([0], [1], [True]), "near"), "^cutpoint must be"),
    (lambda: bootstrap_pairs([0.1], [True], Pairs([0], [1], [True]), 0.5, resamples=0), "^resamples must be"),
    (lambda: bootstrap_pairs([0.1], [True], Pairs([0], [1], [True]), 0.5, seed=0.5), "^seed must be"),
])  # fmt: skip
def test_a_wrong_argument_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
