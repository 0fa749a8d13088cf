# %% about
level, minutes, notebook = "run an experiment", 20, "04_calibrate"
learn = "how sure a measured precision is, and how to find out"

# %% [markdown]
# # How sure is that precision?
#
# "At this cutpoint, the precision is 0.985." Measured on 500 digits; on 500 others it would be another number. How
# far may it be off? We have no other digits. But we can **draw 500 from ours, with replacement**: some come twice,
# some not at all. Each such draw is a world that might have been. This is the *bootstrap*. Guess: between which
# two values lie 90% of the draws?

# %%
import keras
import numpy as np

import simlib

model = keras.models.load_model("../notebooks/models/digits.keras")
_, (x_cal, y_cal), _ = simlib.load_mnist()
nearest = model.lookup(x_cal, k=1)
distances, right = nearest.distances[:, 0], nearest.labels[:, 0] == y_cal
cutpoint = model.calibration["optimal"].distance
print(f"precision at {cutpoint:.3f}: {right[distances <= cutpoint].mean():.4f}")

# %% [markdown]
# Write a function that draws `times` worlds and returns the precision in each: an array (times,). One world: n
# positions out of n, with replacement; the *same* positions for `distances` and `right`, as a digit keeps its
# answer. All randomness comes from `rng`. (In each world at least one digit is accepted; do not care about worlds
# where none is.)


# %% starter
def precisions(distances, right, cutpoint, times, rng):
    """The precision at the cutpoint in each of `times` bootstrap worlds: (times,)."""
    return ...


# %%
check(precisions)


# %% solution
def precisions(distances, right, cutpoint, times, rng):
    """The precision at the cutpoint in each of `times` bootstrap worlds: (times,)."""
    n, found = len(distances), []
    for _ in range(times):
        rows = rng.integers(0, n, n)
        accepted = distances[rows] <= cutpoint
        found.append(right[rows][accepted].mean())
    return np.array(found)


# %% alternative
def precisions(distances, right, cutpoint, times, rng):
    """All worlds at once."""
    rows = rng.choice(len(distances), size=(times, len(distances)), replace=True)
    accepted = distances[rows] <= cutpoint
    return (accepted & right[rows]).sum(axis=1) / accepted.sum(axis=1)


# %% alternative
def precisions(distances, right, cutpoint, times, rng):
    """A world is a number of copies of each digit."""
    n = len(distances)
    copies = rng.multinomial(n, np.full(n, 1 / n), size=times)
    accepted = (distances <= cutpoint).astype(float)
    return (copies @ (accepted * right) / (copies @ accepted)).tolist()


# %% wrong expects="far from"
def precisions(distances, right, cutpoint, times, rng):
    """Draws among all, and forgets the cutpoint."""
    rows = rng.integers(0, len(right), (times, len(right)))
    return right[rows].mean(axis=1)


# %% wrong expects="with replacement"
def precisions(distances, right, cutpoint, times, rng):
    """Draws four times as many as there are."""
    good = right[distances <= cutpoint]
    return rng.choice(good, (times, 4 * len(good))).mean(axis=1)


# %% edits
DRAW = "rng.integers(0, n, n)"
EDITS = [
    (DRAW, "rng.choice(n, n)", "right"),
    ("return np.array(found)", "return found", "right"),
    ("return np.array(found)", "return (found[: (times + 1) // 2] * 2)[:times]", "...hang together"),
    (DRAW, "rng.choice(np.flatnonzero(distances <= cutpoint), np.sum(distances <= cutpoint))", "...how many are accepted"),
    ("right[rows][accepted].mean()", "rng.binomial(np.sum(distances <= cutpoint), right[distances <= cutpoint].mean()) / "
     "np.sum(distances <= cutpoint)", "...how many are accepted"),
    ("right[rows][accepted].mean()", "round(right[rows][accepted].mean(), 2)", "...of yours do"),
    (DRAW, "rng.integers(0, n - 1, n)", "...of yours do"),
    ("return np.array(found)", "return sorted(found)", "right"),
    (DRAW, "rng.permutation(n)", "...with replacement"),
    (DRAW, "rng.choice(n, n, replace=False)", "...with replacement"),
    (DRAW, "np.arange(n)", "...with replacement"),
    (DRAW, "np.random.randint(0, n, n)", "...a second time with the same seed"),
    (DRAW, "np.random.default_rng().integers(0, n, n)", "...a second time with the same seed"),
    ("    n, found", "    rng = np.random.default_rng(0)\n    n, found", "...whatever the seed"),
    (DRAW, "rng.integers(0, n, n // 4)", "...with replacement"),
    (DRAW, "rng.integers(0, n, 4 * n)", "...with replacement"),
    (DRAW, "rng.choice(n, n // 2, replace=False)", "...with replacement"),
    ("right[rows][accepted]", "right[rng.integers(0, n, n)][accepted]", "...far from"),
    ("right[rows][accepted].mean()", "right[rows].mean()", "...far from"),
    ("right[rows][accepted].mean()", "accepted[right[rows]].mean()", "...NaN"),
    ("right[rows][accepted].mean()", "(right[rows] & accepted).mean()", "...far from"),
    ("<= cutpoint", "< cutpoint", "...NaN"),
    ("<= cutpoint", "> cutpoint", "...NaN"),
    ("return np.array(found)", "return np.mean(found)", "...must have the shape"),
    ("return np.array(found)", "return np.quantile(found, [0.05, 0.95])", "...must have the shape"),
    ("range(times)", "range(1000)", "...must have the shape"),
]  # fmt: skip

# %% hint [markdown]
# `rng.integers(0, n, n)` draws n positions out of n, with replacement. Use the same positions for both arrays.

# %% hint [markdown]
# In one world: `accepted = distances[rows] <= cutpoint`; its precision is the share of True in
# `right[rows][accepted]`. Collect that `times` times.

# %% check
from fractions import Fraction

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import binom

import simlib
from comparing import array
from judging import ask, expect, reference


def check(precisions):
    rng = np.random.default_rng(0)
    few_digits(precisions, np.full(4, 0.25), np.array([False, True, False, False]), 0.25)
    for n, times in ((60, 1500), (300, 1000)):
        distances = rng.integers(1, 17, n) / 16
        right = rng.random(n) > 0.8 * distances
        compare_worlds(precisions, distances, right, times)
    many = [ask(precisions, distances, right, 0.5, 20, np.random.default_rng(seed)) for seed in range(200)]
    expect(
        20 * np.var(np.mean(many, axis=1)) < 1.5 * np.var(many),
        "your worlds hang together: when one is better, so are others of the same call. Draw each of them anew.",
    )
    few_digits(precisions, np.array([3, 1, 2, 3, 9, 2, 1]) / 8, np.array([1, 0, 0, 1, 1, 1, 0], bool), 0.375)
    splits, embedded, index, calibration = reference()
    near = index.lookup(embedded.calibration, k=1)
    distances, right = near.distances[:, 0], near.labels[:, 0] == splits.calibration.y
    cutpoint = calibration["optimal"].distance
    found = array("the answer", ask(precisions, distances, right, cutpoint, 2000, rng), (2000,))
    low, high = np.quantile(found, [0.05, 0.95])
    near = index.lookup(embedded.test, k=1)
    new = (near.labels[:, 0] == splits.test.y)[near.distances[:, 0] <= cutpoint].mean()
    return (
        f"90% of the worlds lie between {low:.4f} and {high:.4f}. On 1,000 new digits, the precision at that cutpoint "
        f"is {new:.4f}. So do not report the third decimal of 500 digits. To halve the interval takes four times as "
        "many. `simlib.bootstrap` draws worlds like yours, and chooses the cutpoint anew in each, as that is luck, too; "
        "`simlib.guaranteed_cutpoint` gives a cutpoint whose error is bounded with a stated probability.",
        lambda: picture(found, low, high, new),
    )


def few_digits(precisions, distances, right, cutpoint, times=4000):
    """Of so few, the share of the worlds with each precision is known: two binomial distributions say it."""
    n, accepted = len(right), distances <= cutpoint
    found = array(
        "the answer", ask(precisions, distances, right, cutpoint, times, np.random.default_rng(3)), (times,)
    )
    shares = {}
    for m in range(1, n + 1):  # how many of a world are accepted, and then how many of those are right
        for good in range(m + 1):
            chance = binom.pmf(m, n, accepted.mean()) * binom.pmf(good, m, right[accepted].mean())
            shares[Fraction(good, m)] = shares.get(Fraction(good, m), 0) + chance
    for value, share in sorted(shares.items(), key=lambda item: -item[1]):
        yours = np.isclose(found, float(value), atol=1e-6).mean()
        expect(
            abs(yours - share) < 6 * np.sqrt(share / times) + 1e-3,
            f"of {n} digits, {accepted.sum()} are at most the cutpoint away, and {(accepted & right).sum()} of these are "
            f"right. {share:.1%} of the worlds should then have a precision of {value}, and {yours:.1%} of yours do. A "
            f"world is {n} draws *with replacement* from all {n}, the same for distances and answers"
            + ("." if accepted.all() else ", so that how many are accepted differs from world to world."),
        )


def compare_worlds(precisions, distances, right, times):
    """The answer has the mean and the spread of the bootstrap, and the same seed gives the same worlds."""
    n, cutpoint = len(distances), 0.5

    def worlds(seed):
        answer = ask(precisions, distances, right, cutpoint, times, np.random.default_rng(seed))
        return array(f"for times = {times}, the answer", answer, (times,))

    found = worlds(1)
    expect(
        np.array_equal(found, worlds(1)),
        "asked a second time with the same seed, your function gives other worlds. All randomness must come from "
        "`rng`, or nobody can repeat your experiment.",
    )
    expect(
        np.ptp(found) > 1e-9,
        "all worlds are the same. Draw *with replacement*: some digits come twice, some not at all. Without, each "
        "world is your sample in another order.",
    )
    expect(not np.array_equal(found, worlds(2)), "you draw the same worlds, whatever the seed of `rng` is.")
    rows = np.random.default_rng(9).integers(0, n, (4000, n))
    accepted = distances[rows] <= cutpoint
    ours = (accepted & right[rows]).sum(axis=1) / accepted.sum(axis=1)
    # Chance moves the mean by spread / sqrt(times), and the spread by 1 / sqrt(2 times) of itself.
    off = abs(found.mean() - ours.mean()) / (ours.std() / np.sqrt(times))
    expect(
        off < 6,
        f"for {n} digits, the mean of your worlds is {found.mean():.4f}, far from {ours.mean():.4f}. In each world, "
        "of those at most the cutpoint away: what share is right? Do distances and answers stay together?",
    )
    ratio = found.std() / ours.std()
    expect(
        0.85 < ratio < 1.15,
        f"for {n} digits, the spread of your worlds (their standard deviation) is {ratio:.2f} times what it should be. "
        "Does each world hold as many draws as there are digits?",
    )


def picture(found, low, high, new):
    figure, ax = plt.subplots(figsize=(6.4, 3.0), layout="constrained")
    ax.hist(found, 30, color=simlib.plots.UNCERTAIN)
    for edge in (low, high):
        ax.axvline(edge, color=simlib.plots.CUT, ls="dashed")
    ax.axvline(new, color=simlib.plots.SAME, label="on 1,000 new digits")
    ax.set(xlabel="precision in a world (dashed: 90% lie between)", yticks=[])
    ax.legend(frameon=False)
    return figure
