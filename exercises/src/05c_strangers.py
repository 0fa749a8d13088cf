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
# The rule of the house: at most **10%** of those in `known` would be refused, and at least **70%** of the strangers
# must be. The check also asks with other distances, as another model would measure them.


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


# %% alternative
def strangers(known, queries):
    """As the rule says: exactly 10% of the known are refused."""
    return queries.distances[:, 0] > np.quantile(known.distances[:, 0], 0.9)


# %% alternative
def strangers(known, queries):
    """How far out is each query, as a share of the known? Zeros and ones."""
    usual = np.sort(known.distances[:, 0])
    share = np.searchsorted(usual, queries.distances[:, 0], side="right") / len(usual)
    return (share > 0.93).astype(int)


# %% wrong expects="depends on who else is at the door"
def strangers(known, queries):
    """A limit from the queries."""
    return queries.distances[:, 0] > np.quantile(queries.distances[:, 0], 0.75)


# %% wrong expects="depends on who else is at the door"
def strangers(known, queries):
    order = np.argsort(queries.distances[:, 0])
    refused = np.zeros(len(queries), bool)
    refused[order[int(0.75 * len(queries)) :]] = True
    return refused


# %% wrong expects="from `known`"
def strangers(known, queries):
    limit = np.quantile(near_guests.distances[:, 0], 0.95)  # the notebook's own
    return queries.distances[:, 0] > limit


# %% wrong expects="from `known`"
def strangers(known, queries):
    return np.array([label in (4, 0) for label in y_cal[: len(queries)]] + [False] * (len(queries) - 500))[
        : len(queries)
    ]


# %% edits
LIMIT = "np.quantile(known.distances[:, 0], 0.95)"
EDITS = [
    ("queries.distances[:, 0] > cutpoint", "(queries.distances[:, 0] > cutpoint).tolist()", "right"),
    (LIMIT, "0.25", "...from `known`"),
    (LIMIT, "np.quantile(known.distances[:, 0] - known.distances[:, 0].mean(), 0.93) + queries.distances[:, 0].mean()",
     "...depends on who else is at the door"),
    (LIMIT, "1.0", "...from `known`"),
    (LIMIT, "np.percentile(known.distances.mean(axis=1), 92)", "right"),
    (LIMIT, "known.distances[:, 0].mean() + 2 * known.distances[:, 0].std()", "right"),
    (LIMIT, "(known.distances[:, 0].min() + known.distances[:, 0].max()) / 2", "...a single smudged digit"),
    (LIMIT, "known.distances[:, 0].max()", "...of the strangers come in"),
    (LIMIT, "np.quantile(known.distances[:, 0], 0.5)", "...of the known are refused"),
    (LIMIT, "known.distances[:, 0].mean()", "...of the known are refused"),
    (LIMIT, "np.quantile(near_strangers.distances[:, 0], 0.2)", "...from `known`"),
    ("> cutpoint", "<= cutpoint", "...of the known are refused"),
    ("queries.distances[:, 0] > cutpoint", "queries.distances[:, 0] < np.quantile(known.distances[:, 0], 0.1)",
     "...the wrong way round"),
    ("> cutpoint", ">= 0", "...of the known are refused"),
    ("queries.distances[:, 0] > cutpoint", "np.zeros(len(queries), bool)", "...of the strangers come in"),
    ("queries.distances[:, 0] > cutpoint", "queries.distances > cutpoint", "...must have the shape"),
    ("queries.distances[:, 0] > cutpoint", "np.flatnonzero(queries.distances[:, 0] > cutpoint)", "...must have the shape"),
    ("queries.distances[:, 0] > cutpoint", "queries.distances[:, 0]", "...True and False"),
    ("queries.distances[:, 0] > cutpoint", "~np.isin(queries.labels[:, 0], known.labels)", "...of the strangers come in"),
    ("queries.distances[:, 0]", "known.distances[:, 0]", "...must have the shape"),
]  # fmt: skip

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
from comparing import array
from judging import ask, expect, reference

CLASSES = [1, 2, 3, 5, 6, 7, 8, 9]


def check(strangers):
    splits, embedded, *_ = reference()
    rows, y = simlib.select_examples(np.arange(len(splits.train.y)), splits.train.y, CLASSES)
    index = simlib.Index().add(embedded.train[rows], y)
    known = index.lookup(embedded.calibration[np.isin(splits.calibration.y, CLASSES)], k=5)
    queries = index.lookup(embedded.test, k=5)
    refused = answer(strangers, known, queries)
    nearest_first = np.argsort(queries.distances[:, 0])
    for some in (nearest_first[:300], nearest_first[-300:]):  # hardly a stranger, and hardly anybody else
        some = np.random.default_rng(0).permutation(some)
        expect(
            np.array_equal(answer(strangers, known, queries[some]), refused[some]),
            "whether a query is refused depends on who else is at the door: the same query gets another answer "
            "in another company. Set the limit from `known`, not from the queries.",
        )
    for scale in (0.3, 0.7, 3):  # as another model might measure
        same = answer(strangers, scaled(known, scale), scaled(queries, scale))
        expect(
            (same != refused).mean() < 0.01,
            f"with all distances multiplied by {scale}, those of `known` as well, your function refuses others. A number "
            "that fits this model fits no other: learn the limit from `known`.",
        )
    guest = np.isin(splits.test.y, CLASSES)
    smudged = np.r_[np.arange(len(known)), known.distances[:, 0].argmax()]
    smudged = scaled(known[smudged], np.r_[np.ones(len(known)), 2][:, None])  # one more, and it lies far off
    spoilt = answer(strangers, smudged, queries)[~guest].mean()
    expect(
        spoilt >= 0.7 or refused[~guest].mean() < 0.7,
        f"a single smudged digit more among the known, far from all others, and only {spoilt:.1%} of the strangers are "
        "refused. One that lies far out must not move the limit: how many do, should.",
    )
    lost, caught = answer(strangers, known, known).mean(), refused[~guest].mean()
    told = f"{lost:.1%} of the known are refused, and {caught:.1%} of the strangers. "

    def draw():
        return histogram(queries.distances[:, 0], guest, refused)

    expect(
        caught >= lost,
        told + "That is the wrong way round: strangers are *further* away.",
        draw,
    )
    expect(
        caught >= 0.7,
        told
        + f"So {1 - caught:.1%} of the strangers come in. Draw the limit tighter. (Is it set by the one known digit "
        "that lies furthest out?)",
        draw,
    )
    expect(
        lost <= 0.1 + 1 / len(known),
        told + "More than 10% of the known are refused: draw the limit wider.",
        draw,
    )
    return (
        told
        + f"(Of new digits with a class in the index, {refused[guest].mean():.1%} are refused: the limit was not made "
        "for them.) Nobody showed you a stranger, and still most are recognised: the known alone say how near is "
        "near. A few strangers do lie among the known (look at the overlap): no limit parts them, only a "
        "better embedding does. This is why `match` has the answer -1, unknown.",
        draw,
    )


def answer(strangers, known, queries):
    return array("the answer", ask(strangers, known, queries), (len(queries),), kind="bool")


def scaled(near, factor):
    return simlib.Neighbors(near.labels, near.distances * factor, near.ids)


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
