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


# %% wrong expects="the best F1"
def cheapest(distances, right, cost_wrong, cost_unknown):
    curve = simlib.metrics.curve(distances, right)
    return curve.distances[np.nanargmax(curve.metric("f1"))]


# %% wrong expects="the two costs exchanged"
def cheapest(distances, right, cost_wrong, cost_unknown):
    candidates = np.unique(distances)
    accepted = distances[None, :] <= candidates[:, None]
    wrong, unknown = (accepted & ~right[None, :]).sum(axis=1), (~accepted).sum(axis=1)
    return candidates[np.argmin(cost_unknown * wrong + cost_wrong * unknown)]


# %% wrong expects="a digit exactly at the cutpoint"
def cheapest(distances, right, cost_wrong, cost_unknown):
    candidates = np.unique(distances)
    accepted = distances[None, :] < candidates[:, None]
    wrong, unknown = (accepted & ~right[None, :]).sum(axis=1), (~accepted).sum(axis=1)
    return candidates[np.argmin(cost_wrong * wrong + cost_unknown * unknown)]


# %% wrong expects="the lowest cost itself"
def cheapest(distances, right, cost_wrong, cost_unknown):
    candidates = np.unique(distances)
    accepted = distances[None, :] <= candidates[:, None]
    wrong, unknown = (accepted & ~right[None, :]).sum(axis=1), (~accepted).sum(axis=1)
    return np.min(cost_wrong * wrong + cost_unknown * unknown)


# %% wrong expects="the price of the unknown"
def cheapest(distances, right, cost_wrong, cost_unknown):
    candidates = np.unique(distances)
    accepted = distances[None, :] <= candidates[:, None]
    return candidates[np.argmin(cost_wrong * (accepted & ~right[None, :]).sum(axis=1))]


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
from judging import ask, expect, number, reference


def check(cheapest):
    rng = np.random.default_rng(0)
    for cost_wrong, cost_unknown in ((25, 1), (3, 1), (10, 2), (40, 3)):
        distances = rng.integers(1, 30, 60) / 30  # with ties
        right = rng.random(60) > 0.7 * distances
        compare(cheapest, distances, right, cost_wrong, cost_unknown)
    model, splits, embedded = reference()
    near = model.index_summary().lookup(embedded.calibration, k=1)
    distances, right = near.distances[:, 0], near.labels[:, 0] == splits.calibration.y
    cutpoint = compare(cheapest, distances, right, 25, 1)
    near = model.index_summary().lookup(embedded.test, k=1)
    test_right, test_distances = near.labels[:, 0] == splits.test.y, near.distances[:, 0]
    f1 = model.calibration["optimal"].distance
    bills = [cost(test_distances, test_right, c, 25, 1) / 100 for c in (cutpoint, f1)]
    return (
        f"For these prices, accept up to {cutpoint:.3f}. On the 1,000 test digits, which had no say in it, "
        f"your cutpoint costs {bills[0]:.2f} euros, and the one with the best F1 ({f1:.3f}) {bills[1]:.2f}. "
        "F1 is a good default when you know nothing. When you know what a mistake costs, ask for that.",
        picture(distances, right, cutpoint, f1),
    )


def cost(distances, right, cutpoint, cost_wrong, cost_unknown):
    accepted = distances <= cutpoint
    return cost_wrong * (accepted & ~right).sum() + cost_unknown * (~accepted).sum()


def compare(cheapest, distances, right, cost_wrong, cost_unknown):
    found = number("the cutpoint", ask(cheapest, distances, right, cost_wrong, cost_unknown))
    candidates = np.unique(distances)

    def best(cost_wrong, cost_unknown, edge=0.0):
        costs = [cost(distances, right, c - edge, cost_wrong, cost_unknown) for c in candidates]
        return candidates[np.argmin(costs)], min(costs)

    cutpoint, lowest = best(cost_wrong, cost_unknown)
    if np.isclose(found, cutpoint):
        return found
    prices = f"with {cost_wrong} for a wrong answer and {cost_unknown} for an unknown, "
    curve = simlib.metrics.curve(distances, right)
    costs_more = (
        f"costs {cost(distances, right, found, cost_wrong, cost_unknown)} in all; {lowest} is possible."
    )
    expect(
        not np.isclose(found, lowest),
        prices + f"you return {found:g}: the lowest cost itself. The question is at which distance it lies.",
    )
    expect(
        not np.isclose(found, best(cost_unknown, cost_wrong)[0]),
        prices + f"your cutpoint {costs_more} It would be right with the two costs exchanged.",
    )
    expect(
        not np.isclose(found, best(cost_wrong, 0)[0]),
        prices + f"your cutpoint {costs_more} It forgets the price of the unknown: rejecting is not free.",
    )
    expect(
        not np.isclose(found, curve.distances[np.nanargmax(curve.metric("f1"))]),
        prices + f"your cutpoint {costs_more} It is the one with the best F1, which knows no prices.",
    )
    expect(
        not np.isclose(found, best(cost_wrong, cost_unknown, 1e-9)[0]),
        prices + f"your cutpoint {costs_more} A look at `<`: a digit exactly at the cutpoint is accepted.",
    )
    expect(False, prices + f"your cutpoint {found:.4f} {costs_more}")


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
