"""The bootstrap against slow resampling, and the guarantees against many simulated calibrations."""

import re

import numpy as np
import pytest

from simlib import metrics, plots
from simlib.calibration import calibrate
from simlib.neighbors import Neighbors
from simlib.trust import bootstrap as trust
from simlib.trust.guarantee import guaranteed_cutpoint


def as_neighbors(distances, right):
    """Queries of class 1 whose match is right or of class 2; and their labels."""
    labels, n = np.where(right, 1, 2)[:, None], len(distances)
    near = Neighbors(labels, np.asarray(distances)[:, None], np.zeros((n, 1), int))
    return near, np.ones(n, int)


class World:
    """Queries without end: distance uniform on 0..1, right with a chance that depends on the distance."""

    def __init__(self, chance):
        self.chance = chance
        grid = np.linspace(0, 1, 100_001)
        p = chance(grid)
        self.grid, mass = grid, np.concatenate([[0], np.cumsum((p[1:] + p[:-1]) / 2) * grid[1]])
        with np.errstate(invalid="ignore"):
            self.truth = {
                "precision": np.where(grid > 0, mass / grid, p),
                "recall": mass / mass[-1],
                "fpr": (grid - mass) / (1 - mass[-1]),
            }

    def draw(self, n, rng):
        distances = rng.random(n).astype(np.float32)
        return distances, rng.random(n) < self.chance(distances)

    def true(self, name, cutpoint):
        return float(np.interp(cutpoint, self.grid, self.truth[name]))


FALLING = World(lambda d: 1 - 0.15 * d**2)  # precision falls through 0.97 at 0.775
STEEP = World(lambda d: np.where(d < 0.5, 0.99, 0.6))  # through 0.97 at 0.527
FLAT = World(lambda d: np.full_like(d, 0.9699))  # just below 0.97 everywhere: no promise is true
WAVY = World(lambda d: 0.97 + 0.03 * np.cos(20 * d))  # through 0.97 again and again


def naive(neighbors, labels, goal):
    """What meets the target on these queries themselves."""
    return calibrate(neighbors, labels, targets=[goal])[goal]


def broken(world, choose, goal, n=500, trials=400, seed=0):
    """The share of calibrations after which the goal is *not* met on new queries."""
    rng, (name, sign, wanted) = np.random.default_rng(seed), goal.split()
    misses = 0
    for _ in range(trials):
        made = choose(*as_neighbors(*world.draw(n, rng)), goal)
        if made.met:
            value = world.true(name, made.distance)
            misses += value < float(wanted) if sign == ">=" else value > float(wanted)
    return misses / trials


ALLOWED = 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)  # three standard errors of the simulation


@pytest.mark.parametrize("world", [FALLING, STEEP, FLAT, WAVY], ids=["falling", "steep", "flat", "wavy"])
def test_a_guaranteed_precision_holds_at_the_stated_rate(world):
    assert broken(world, guaranteed_cutpoint, "precision >= 0.97") <= ALLOWED


@pytest.mark.parametrize("goal", ["recall >= 0.9", "fpr <= 0.2"])
def test_a_guaranteed_recall_or_false_accept_rate_holds_at_the_stated_rate(goal):
    rate = broken(FALLING, guaranteed_cutpoint, goal, n=1000)
    assert rate <= ALLOWED
    assert rate > 0.005 or goal.startswith("fpr")  # and is no more cautious than it must be


def test_the_naive_choice_breaks_its_word_about_every_second_time():
    assert 0.35 < broken(FALLING, naive, "precision >= 0.97") < 0.85
    assert 0.35 < broken(FALLING, naive, "recall >= 0.9") < 0.65


def test_tied_queries_are_accepted_together_or_not_at_all():
    distances = np.repeat(np.linspace(0.1, 0.5, 5), 80).astype(np.float32)
    right = np.arange(400) < 320
    made = guaranteed_cutpoint(*as_neighbors(distances, right), "precision >= 0.9")
    assert made.met and made.counts.tp + made.counts.fp in (80, 160, 240, 320)


@pytest.mark.parametrize(
    "goal, n, says",
    [
        ("precision >= 0.97", 90, "NOT MET with 90 queries"),
        ("recall >= 0.99", 200, "queries like these would be needed"),
        ("fpr <= 0.01", 500, "queries like these would be needed"),
    ],
)
def test_too_few_queries_are_said_and_how_many_would_do(goal, n, says):
    rng = np.random.default_rng(0)
    made = guaranteed_cutpoint(*as_neighbors(*FALLING.draw(n, rng)), goal)
    assert not made.met and np.isnan(made.distance) and says in repr(made)
    assert made.needed > n
    more = (as_neighbors(*FALLING.draw(4 * made.needed, rng)) for _ in range(20))
    enough = [guaranteed_cutpoint(*known, goal) for known in more]
    assert np.mean([g.met for g in enough]) > 0.8


@pytest.mark.parametrize(
    "goal, confidence, sentence",
    [
        ("f1 >= 0.9", 0.95, "goal: 'f1' is unknown"),
        ("precision", 0.95, "is no goal"),
        ("precision >= 1.0", 0.95, "no sample proves 0 or 1"),
        ("precision >= 0.9", 95, "confidence must lie between 0 and 1"),
    ],
)
def test_a_bad_goal_or_confidence_gets_a_sentence(goal, confidence, sentence):
    known = as_neighbors([0.1, 0.2], [True, False])
    with pytest.raises(ValueError, match=re.escape(sentence)):
        guaranteed_cutpoint(*known, goal, confidence)


# ---------------------------------------------------------------- the bootstrap


def slow_score(name, near, right):
    """From its definition, of queries that are accepted (near) or not, and matched rightly or not."""
    tp, fp = sum(a and r for a, r in zip(near, right)), sum(a and not r for a, r in zip(near, right))
    fn, tn = sum(right) - tp, sum(not r for r in right) - fp
    over = {
        "f1": (2 * tp, 2 * tp + fp + fn), "precision": (tp, tp + fp), "recall": (tp, tp + fn),
        "accuracy": (tp + tn, tp + tn + fp + fn), "fpr": (fp, fp + tn), "npv": (tn, tn + fn),
    }  # fmt: skip
    part, whole = over[name]
    return part / whole if whole else np.nan


@pytest.mark.parametrize("cutpoint", [0.05, 0.1, 0.3, 9.0])
@pytest.mark.parametrize("metric", metrics.METRICS)
def test_every_choice_and_every_score_is_that_of_a_slow_resample(metric, cutpoint):
    rng = np.random.default_rng(11)
    distances = np.sort(rng.choice([0.1, 0.2, 0.3, 0.4, 0.5], 25)).astype(np.float32)
    right, steps = rng.random(25) < 0.7, np.unique(distances)
    known = as_neighbors(distances, right)
    made = trust.bootstrap(*known, metric, cutpoint, confidence=0.8, resamples=60, seed=4)
    times = np.random.default_rng(4).multinomial(25, np.full(25, 1 / 25), size=60)
    sign, found = -1 if metric == "fpr" else 1, {name: [] for name in metrics.METRICS}
    for chosen, drawn in zip(made.cutpoints, times):
        rows = np.repeat(np.arange(25), drawn)
        scores = [sign * slow_score(metric, distances[rows] <= step, right[rows]) for step in steps]
        assert chosen == steps[np.nanargmax(scores)]
        for name, values in found.items():
            values.append(slow_score(name, distances[rows] <= np.float32(cutpoint), right[rows]))
    fixed = calibrate(*known, metric)["optimal"].distance
    assert trust.bootstrap(*known, metric, resamples=1).distance == fixed
    assert (made.cutpoint.low, made.cutpoint.high) == pytest.approx(
        tuple(np.quantile(made.cutpoints, [0.1, 0.9]))
    )
    for name, values in found.items():
        value, interval = made.scores[name]
        expected = slow_score(name, distances <= np.float32(cutpoint), right)
        assert value == pytest.approx(expected, nan_ok=True)
        if not np.isnan(values).all():
            assert (interval.low, interval.high) == pytest.approx(tuple(np.nanquantile(values, [0.1, 0.9])))
        else:
            assert np.isnan(interval.low) and np.isnan(interval.high)


def test_another_matcher_is_asked_everywhere():
    rng = np.random.default_rng(12)
    near = Neighbors(
        rng.integers(0, 2, (80, 3)), np.sort(rng.random((80, 3)), axis=1), np.zeros((80, 3), int)
    )
    labels = rng.integers(0, 2, 80)
    made = trust.bootstrap(near, labels, resamples=5, matcher="majority")
    best = calibrate(near, labels, matcher="majority")["optimal"]
    assert made.distance == best.distance != calibrate(near, labels)["optimal"].distance
    assert made.scores["f1"][0] == pytest.approx(best.scores["f1"])


def test_the_interval_of_a_score_holds_the_truth_at_about_the_stated_rate():
    rng, inside = np.random.default_rng(8), 0
    for seed in range(120):
        known = as_neighbors(*FALLING.draw(300, rng))
        made = trust.bootstrap(*known, cutpoint=0.9, resamples=200, seed=seed)
        inside += FALLING.true("precision", 0.9) in made.scores["precision"][1]
    assert 0.88 <= inside / 120 <= 0.99


def test_the_bootstrap_repeats_itself_and_reads_well():
    known = as_neighbors(*FALLING.draw(100, np.random.default_rng(2)))
    made = trust.bootstrap(*known)
    assert repr(made) == repr(trust.bootstrap(*known)) != repr(trust.bootstrap(*known, seed=1))
    assert "95% intervals from 2000 resamples" in repr(made) and "precision" in repr(made)
    ax = plots.bootstrap_cutpoints(made)
    assert sum(patch.get_height() for patch in ax.patches[:40]) == pytest.approx(100)
