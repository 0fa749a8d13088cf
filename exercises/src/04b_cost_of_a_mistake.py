# %% about
level, minutes, notebook = "write a function", 15, "04_calibrate"
learn = "to choose a cutpoint for what mistakes cost"

# %% [markdown]
# # What does a mistake cost?
#
# A machine sorts letters by a handwritten digit. If it is unsure, a person looks: that costs **1 cent**. If
# it is sure and wrong, the letter goes astray: that costs **25 cents**. A right answer costs nothing. The
# cutpoint with the best F1 knows nothing of cents. Should yours be tighter, or looser?

# %%
import keras
import numpy as np

import simlib

model = keras.models.load_model("../notebooks/models/digits.keras")
_, (x_cal, y_cal), _ = simlib.load_mnist()
nearest = model.lookup(x_cal, k=1)
distances, right = nearest.distances[:, 0], nearest.labels[:, 0] == y_cal
ax = simlib.plots.distance_histogram(nearest, y_cal, model.calibration["optimal"].distance)

# %% [markdown]
# Write a function that gets, for each calibration digit, the distance of its match and whether that match is
# right. It returns the cutpoint with the **lowest total cost**. A digit is accepted when its distance is *at
# most* the cutpoint. Only distances that occur need to be tried; of equally cheap ones, return the smallest.


# %% starter
def cheapest(distances, right, cost_wrong, cost_unknown):
    """The distance that, as the cutpoint, makes the total cost smallest."""
    return ...


# %%
check(cheapest)


# %% solution
def cheapest(distances, right, cost_wrong, cost_unknown):
    """The distance that, as the cutpoint, makes the total cost smallest."""
    candidates = np.unique(distances)
    accepted = distances[None, :] <= candidates[:, None]
    wrong = (accepted & ~right[None, :]).sum(axis=1)
    unknown = (~accepted).sum(axis=1)
    return candidates[np.argmin(cost_wrong * wrong + cost_unknown * unknown)]


# %% alternative
def cheapest(distances, right, cost_wrong, cost_unknown):
    """Walk outwards from the smallest distance; the next digit leaves the unknown."""
    order = np.argsort(distances)
    cost, best, answer = cost_unknown * len(distances), np.inf, None
    for place, i in enumerate(order):
        cost += (0 if right[i] else cost_wrong) - cost_unknown
        last_of_equals = place + 1 == len(order) or distances[order[place + 1]] > distances[i]
        if last_of_equals and cost < best:
            best, answer = cost, float(distances[i])
    return answer


# %% alternative
def cheapest(distances, right, cost_wrong, cost_unknown):
    """Every candidate in turn, with a key for min()."""

    def bill(cutpoint):
        accepted = distances <= cutpoint
        return cost_wrong * np.sum(accepted & ~right) + cost_unknown * np.sum(~accepted), cutpoint

    return [min(distances, key=bill)]


# %% alternative
def cheapest(distances, right, cost_wrong, cost_unknown):
    """With simlib's curve: fp are accepted and wrong, fn and tn are refused."""
    curve = simlib.metrics.curve(distances, right)
    counts = curve.counts
    return curve.distances[np.argmin(cost_wrong * counts.fp + cost_unknown * (counts.fn + counts.tn))]


# %% wrong
def cheapest(distances, right, cost_wrong, cost_unknown):
    """your cutpoint is the one with the best F1, which knows no prices."""
    curve = simlib.metrics.curve(distances, right)
    return curve.distances[np.nanargmax(curve.metric("f1"))]


# %% edits
COSTS = "cost_wrong * wrong + cost_unknown * unknown"
EDITS = [
    (COSTS, "(cost_wrong * wrong + cost_unknown * unknown) / len(distances)", "right"),
    (COSTS, "cost_unknown * wrong + cost_wrong * unknown", "your cutpoint would be right with the two costs exchanged."),
    ("distances[None, :] <= candidates", "distances[None, :] < candidates", "you refuse a digit exactly at the "
     "cutpoint, and it is accepted: `<=`."),
    ("return candidates[np.argmin(" + COSTS + ")]", "return np.min(" + COSTS + ")", "you return the lowest cost itself. "
     "The question is at which distance it lies."),
    ("return candidates[np.argmin(" + COSTS + ")]", "return np.argmin(" + COSTS + ")", "you return the *place* of the "
     "cheapest candidate. The distance there is asked for: `candidates[place]`."),
    (" + cost_unknown * unknown", "", "your cutpoint forgets the price of the unknown: refusing is not free."),
    ("cost_wrong * wrong + ", "", "your cutpoint forgets the price of a wrong answer."),
    ("np.argmin", "np.argmax", "you take the *dearest* cutpoint."),
    ("candidates = np.unique(distances)", "candidates = np.unique(distances)[::-1]", "of equally cheap cutpoints, you "
     "take the largest. The smallest is asked for."),
    ("(~accepted)", "(~accepted & right[None, :])", "you charge a refusal only where the match was right. A person looks "
     "at every refused digit, whatever it is."),
    ("cost_unknown * unknown", "int(cost_unknown) * unknown", "...is right"),
    ("~right[None, :]", "right[None, :]", "you charge the *right* answers, and they cost nothing."),
    ("np.unique(distances)", "np.linspace(0, 2, 1001)", "...is right"),
    ("np.unique(distances)", "distances", "of equally cheap cutpoints, you take the one that comes first in the list. "
     "The smallest is asked for."),
    ("    candidates =", "    cost_wrong, cost_unknown = 25, 1\n    candidates =", "you use 25 and 1, and not the prices "
     "that your function is handed."),
    ("return candidates[np.argmin(" + COSTS + ")]",
     "costs = cost_wrong * wrong + cost_unknown * unknown\n    return candidates[costs == costs.min()].mean()",
     "of equally cheap cutpoints, you take the mean. The smallest is asked for."),
]  # fmt: skip

# %% hint [markdown]
# For one cutpoint: the accepted are `distances <= cutpoint`. The accepted and wrong cost `cost_wrong` each;
# all that are not accepted cost `cost_unknown` each.

# %% hint [markdown]
# Try every distance in `np.unique(distances)` and note its cost. `np.argmin(costs)` is the place of the
# smallest (the first of equals); you need the *distance* at that place.

# %% check
import matplotlib.pyplot as plt
import numpy as np

import simlib
from judging import reference


def check(cheapest):
    rng, cases = np.random.default_rng(0), {}
    for cost_wrong, cost_unknown, scale in (
        (25, 1, 1),
        (3, 1, 40),
        (10, 2, 0.001),
        (40, 3, 1),
        (1, 4, 1),
        (2.5, 0.4, 1),
    ):
        # Few distances, so that many are equal, and in no order.
        distances = scale * rng.permutation(np.repeat(np.arange(1, 31), 2)) / 32
        right = rng.random(60) > 0.7 * distances / scale
        told = f"with {cost_wrong} for a wrong answer and {cost_unknown} for an unknown"
        cases[told + f" (distances up to {distances.max():g})"] = (distances, right, cost_wrong, cost_unknown)
    tie = np.array([0.75, 0.25, 0.5, 1.0]), np.array([False, True, False, False])
    cases["where several cutpoints cost the same"] = (*tie, 1, 1)
    cases["where all are wrong"] = (tie[0], np.zeros(4, bool), 5, 1)
    splits, embedded, index, calibration = reference()
    near = index.lookup(embedded.calibration, k=1)
    distances, right = near.distances[:, 0], near.labels[:, 0] == splits.calibration.y
    cases["for the calibration digits, with 25 and 1"] = (distances, right, 25, 1)
    *_, cutpoint = compare("cheapest", cheapest, cases, name="your cutpoint")
    near = index.lookup(embedded.test, k=1)
    test_right, test_distances = near.labels[:, 0] == splits.test.y, near.distances[:, 0]
    f1 = calibration["optimal"].distance
    bills = [cost(test_distances, test_right, c, 25, 1) / 100 for c in (cutpoint, f1)]
    return (
        f"For these prices, accept up to {cutpoint:.3f}. On the 1,000 test digits, which had no say in it, "
        f"your cutpoint costs {bills[0]:.2f} euros, and the one with the best F1 ({f1:.3f}) {bills[1]:.2f}. "
        "F1 is a good default when you know nothing. When you know what a mistake costs, ask for that.",
        lambda: picture(distances, right, cutpoint, f1),
    )


def cost(distances, right, cutpoint, cost_wrong, cost_unknown):
    accepted = distances <= cutpoint
    return cost_wrong * (accepted & ~right).sum() + cost_unknown * (~accepted).sum()


def picture(distances, right, cutpoint, f1):
    candidates = np.unique(distances)
    costs = [cost(distances, right, c, 25, 1) for c in candidates]
    figure, ax = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
    ax.step(candidates, costs, where="post", color=simlib.plots.UNCERTAIN)
    ax.axvline(cutpoint, color=simlib.plots.SAME, label=f"yours, {cutpoint:.3f}")
    ax.axvline(f1, color=simlib.plots.DIFFERENT, ls="dashed", label=f"best F1, {f1:.3f}")
    ax.set(xlabel="cutpoint", ylabel="cents for the calibration digits", ylim=(0, None))
    ax.legend(frameon=False)
    return figure
