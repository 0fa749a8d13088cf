# %% about
level, minutes, notebook = "run an experiment", 15, "02_index"
learn = "how many examples of a class an index needs"

# %% [markdown]
# # How many examples does a class need?
#
# A new class costs you nothing but examples: no training. Is one example enough? Are a hundred five times as
# good as twenty? Guess the accuracy with **one** digit of each class in the index, and write it down.

# %%
import keras
import numpy as np

import simlib

model = keras.models.load_model("../notebooks/models/digits.keras")
(x, y), _, (x_test, y_test) = simlib.load_mnist()
pool, queries = model.embed(x), model.embed(x_test)  # embed once: the experiment is then quick
print("to draw from:", pool.shape, " to look up:", queries.shape)

# %% [markdown]
# Write `accuracy(n, seed)`. It draws n examples **of each class** from `pool` (and their labels from `y`)
# with that seed, puts them in a new index, looks up `queries`, and returns the share whose nearest neighbour
# has the right label, `y_test`. The check runs it for many n and seeds: which digit happens to be drawn
# matters, the more so when n is small.


# %% starter
def accuracy(n, seed):
    """The share of queries whose nearest neighbour is right, with n examples a class in the index."""
    return ...


# %%
check(accuracy)


# %% solution
def accuracy(n, seed):
    """The share of queries whose nearest neighbour is right, with n examples a class in the index."""
    vectors, labels = simlib.select_examples(pool, y, n=n, seed=seed)
    near = simlib.Index().add(vectors, labels).lookup(queries, k=1)
    return (near.labels[:, 0] == y_test).mean()


# %% alternative
def accuracy(n, seed):
    """Draw with NumPy, and search with a matrix product."""
    rng = np.random.default_rng(seed)
    rows = [i for c in range(10) for i in rng.permutation(np.flatnonzero(y == c))[:n]]
    nearest = np.argmax(queries @ pool[rows].T, axis=1)
    right = sum(int(a == b) for a, b in zip(y[rows][nearest], y_test))
    return right / len(y_test)


# %% wrong expects="does not depend on the seed"
def accuracy(n, seed):
    vectors, labels = simlib.select_examples(pool, y, n=n)
    near = simlib.Index().add(vectors, labels).lookup(queries, k=1)
    return (near.labels[:, 0] == y_test).mean()


# %% wrong expects="too good to be true"
def accuracy(n, seed):
    vectors, labels = simlib.select_examples(pool, y, n=n, seed=seed)
    near = simlib.Index().add(vectors, labels).lookup(vectors, k=1)
    return (near.labels[:, 0] == labels).mean()


# %% wrong expects="in all, not of each class"
def accuracy(n, seed):
    rows = np.random.default_rng(seed).choice(len(pool), n, replace=False)
    near = simlib.Index().add(pool[rows], y[rows]).lookup(queries, k=1)
    return (near.labels[:, 0] == y_test).mean()


# %% wrong expects="from 0 to 1"
def accuracy(n, seed):
    vectors, labels = simlib.select_examples(pool, y, n=n, seed=seed)
    near = simlib.Index().add(vectors, labels).lookup(queries, k=1)
    return (near.labels[:, 0] == y_test).sum()


# %% wrong expects="among all n neighbours"
def accuracy(n, seed):
    vectors, labels = simlib.select_examples(pool, y, n=n, seed=seed)
    near = simlib.Index().add(vectors, labels).lookup(queries, k=n)
    return (near.labels == y_test[:, None]).any(axis=1).mean()


# %% hint [markdown]
# Three steps: draw, index, look up. `simlib.select_examples(pool, y, n=n, seed=seed)` draws n of each class.

# %% hint [markdown]
# `simlib.Index().add(vectors, labels).lookup(queries, k=1)` gives `Neighbors`; its `labels[:, 0]` are the
# labels of the nearest.

# %% check
import matplotlib.pyplot as plt
import numpy as np

import simlib
from judging import ask, expect, number, reference

SIZES, SEEDS = (1, 2, 5, 10, 20, 50), range(5)


def check(accuracy):
    _, splits, embedded = reference()
    theirs = np.array([[value(accuracy, n, seed) for seed in SEEDS] for n in SIZES])
    ours = [np.mean([measured(splits, embedded, n, 1, seed) for seed in SEEDS]) for n in SIZES]
    few, many, enough = theirs[0].mean(), theirs[-1].mean(), theirs[2:].mean()
    expect(
        theirs.min() < 1,
        "every query is right, always: too good to be true. Do you look up what stands in the index? The "
        "queries are the test digits.",
    )
    expect(
        few > 0.15,
        f"with n = 1 your accuracy is {few:.3f}, as if the index held one digit in all, not of each class.",
    )
    expect(
        np.ptp(theirs[0]) > 0,
        f"your accuracy with one example does not depend on the seed: it is {few:.3f} each time. Hand `seed` "
        "on to the draw.",
    )
    loose = np.mean([measured(splits, embedded, n, n, 0) for n in SIZES[2:]])
    expect(
        abs(enough - loose) > abs(enough - np.mean(ours[2:])),
        "you count a query as right if the label occurs among all n neighbours. Only the nearest one "
        "answers: k = 1.",
    )
    for n, a, b in zip(SIZES, theirs.mean(axis=1), ours):
        margin = 0.08 if n == 1 else 0.05 if n == 2 else 0.02
        expect(
            abs(a - b) < margin,
            f"with n = {n}, the mean of five draws is {a:.3f}, and about {b:.3f} was expected. "
            "Do index and labels belong together, and are the queries the test digits?",
        )
    return (
        f"One example of each class: {few:.3f} on average, and anything from {theirs[0].min():.3f} to "
        f"{theirs[0].max():.3f}, as luck has it. With 50: {many:.3f}. The first few examples bring most; "
        "after that the curve is flat, and what is left are digits that the *embedding* puts in the wrong "
        "place. More examples do not mend that.",
        curve(theirs),
    )


def value(accuracy, n, seed):
    found = number("the accuracy", ask(accuracy, n, seed))
    expect(0 <= found <= 1, f"the accuracy is a share, from 0 to 1; yours is {found:g}. Take the mean.")
    return found


def measured(splits, embedded, n, k, seed):
    """The share of queries with the right label among k neighbours."""
    rows, y = simlib.select_examples(np.arange(len(splits.train.y)), splits.train.y, n=n, seed=100 + seed)
    near = simlib.Index().add(embedded.train[rows], y).lookup(embedded.test, k=k)
    return (near.labels == splits.test.y[:, None]).any(axis=1).mean()


def curve(theirs):
    figure, ax = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
    ax.plot(SIZES, theirs, ".", color=simlib.plots.UNCERTAIN)
    ax.plot(SIZES, theirs.mean(axis=1), "o-", color=simlib.plots.SAME)
    ax.set(xscale="log", xticks=SIZES, xticklabels=SIZES)
    ax.set(xlabel="examples of each class in the index (a dot is one draw)", ylabel="right answers")
    return figure
