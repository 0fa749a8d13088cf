# %% about
level, minutes, notebook = "design it", 20, "05_match"
learn = "to refuse what is in nobody's index"

# %% [markdown]
# # Strangers at the door
#
# Real life brings queries that belong to **no** class in the index. Here the index knows eight digits; the
# digits 4 and 0 are strangers. Every stranger has a nearest neighbour all the same. What gives it away?

# %%
import keras
import numpy as np

import simlib

model = keras.models.load_model("../notebooks/models/digits.keras")
(x, y), (x_cal, y_cal), _ = simlib.load_mnist()
known = [1, 2, 3, 5, 6, 7, 8, 9]
index = simlib.Index().add(model.embed(simlib.select_examples(x, y, known)[0]), np.repeat(known, 20))

guests = np.isin(y_cal, known)
near_guests = index.lookup(model.embed(x_cal[guests]), k=5)
near_strangers = index.lookup(model.embed(x_cal[~guests]), k=5)
print("the nearest, on average:", near_guests.distances[:, 0].mean(), near_strangers.distances[:, 0].mean())

# %% [markdown]
# Write `strangers(known, queries)`. Both are `Neighbors` with k = 5: `known` those of calibration digits that
# *do* have a class in the index, `queries` those of the guests at the door. Return an array with `True` for
# each query to refuse. You learn from `known` alone: nobody knows in advance who will come.
#
# The rule of the house: at most **10%** of the known may be refused, and at least **70%** of the strangers.


# %% starter
def strangers(known, queries):
    """True for each query that looks like none of the classes in the index: (queries,)."""
    return ...


# %%
check(strangers)


# %% solution
def strangers(known, queries):
    """Refuse whoever is further from the nearest than 95% of the known are."""
    cutpoint = np.quantile(known.distances[:, 0], 0.95)
    return queries.distances[:, 0] > cutpoint


# %% alternative
def strangers(known, queries):
    """The same idea with the mean distance of three neighbours, and a loop."""
    usual = sorted(row[:3].mean() for row in known.distances)
    limit = usual[int(0.96 * len(usual))]
    return [bool(row[:3].mean() > limit) for row in queries.distances]


# %% wrong expects="of the strangers come in"
def strangers(known, queries):
    return queries.distances[:, 0] > 1.0


# %% wrong expects="known are refused"
def strangers(known, queries):
    return queries.distances[:, 0] > np.median(known.distances[:, 0])


# %% wrong expects="the wrong way round"
def strangers(known, queries):
    return queries.distances[:, 0] <= np.quantile(known.distances[:, 0], 0.95)


# %% wrong expects="depends on who else is at the door"
def strangers(known, queries):
    return queries.distances[:, 0] > np.quantile(queries.distances[:, 0], 0.75)


# %% hint [markdown]
# A stranger is further from everything in the index than a known digit usually is. `distances[:, 0]` holds
# the distance of the nearest neighbour.

# %% hint [markdown]
# What is the distance that 95% of the known stay below? `np.quantile(values, 0.95)`.

# %% hint [markdown]
# Set the limit from `known`, and compare `queries` with it. Of the known at the door, about 5% will then be
# refused: new digits of the same kind.

# %% check
import matplotlib.pyplot as plt
import numpy as np

import simlib
from judging import array, ask, expect, reference


def check(strangers):
    _, splits, embedded = reference()
    classes = [1, 2, 3, 5, 6, 7, 8, 9]
    rows, y = simlib.select_examples(np.arange(len(splits.train.y)), splits.train.y, classes)
    index = simlib.Index().add(embedded.train[rows], y)
    known = index.lookup(embedded.calibration[np.isin(splits.calibration.y, classes)], k=5)
    queries = index.lookup(embedded.test, k=5)
    answer = array("the answer", ask(strangers, known, queries), (len(queries),), kind="bool")
    half = array("the answer", ask(strangers, known, queries[:200]), (200,), kind="bool")
    expect(
        np.array_equal(half, answer[:200]),
        "whether a query is refused depends on who else is at the door: the same query gets another answer "
        "in another company. Set the limit from `known`, not from the queries.",
    )
    guest = np.isin(splits.test.y, classes)
    lost, caught = answer[guest].mean(), answer[~guest].mean()
    told = f"{lost:.1%} of the known are refused, and {caught:.1%} of the strangers. "

    def figure():
        return histogram(queries.distances[:, 0], guest, answer)

    expect(
        not (lost > 0.5 and caught < 0.5),
        told + "That is the wrong way round: strangers are *further* away.",
        figure,
    )
    expect(
        caught >= 0.7,
        told + f"So {1 - caught:.1%} of the strangers come in. Draw the limit tighter: the one known digit "
        "that lies furthest out should not set it for all.",
        figure,
    )
    expect(
        lost <= 0.1,
        told + "More than 10% of the known are refused: draw the limit wider.",
        figure,
    )
    return (
        told + "Nobody showed you a stranger, and still most are recognised: the known alone say how near is "
        "near. A few strangers do lie among the known (look at the overlap): no limit parts them, only a "
        "better embedding does. This is why `match` has the answer -1, unknown.",
        figure(),
    )


def histogram(distances, guest, refused):
    figure, ax = plt.subplots(figsize=(6.4, 3.0), layout="constrained")
    bins = np.linspace(0, distances.max(), 50)
    ax.hist(distances[guest], bins, alpha=0.6, color=simlib.plots.SAME, label="known")
    ax.hist(distances[~guest], bins, alpha=0.6, color=simlib.plots.DIFFERENT, label="strangers")
    if refused.any():
        ax.axvline(distances[refused].min(), color=simlib.plots.CUT, ls="dashed", label="nearest one refused")
    ax.set(xlabel="distance of the nearest neighbour", ylabel="test digits")
    ax.legend(frameon=False)
    return figure
