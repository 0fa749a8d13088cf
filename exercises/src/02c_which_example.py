# %% about
level, minutes, notebook = "write a function", 15, "02_index"
learn = "that one well-chosen example is worth several at random"

# %% [markdown]
# # If there is room for one: which example?
#
# Notebook 02 has drawn examples at random, and a single one of each class was a matter of luck. But suppose you
# may choose: one picture of each product for the catalogue, one photo of each person on the door list. Which of
# the 350 threes would you take? Guess first how much the choice brings, in per cent right.

# %%
import keras
import numpy as np

import simlib

model = keras.models.load_model("../notebooks/models/digits.keras")
(x, y), _, (x_test, y_test) = simlib.load_mnist()
pool, queries = model.embed(x), model.embed(x_test)


def accuracy(rows):
    """The share right of the test digits, if the index holds these rows of the pool."""
    near = simlib.Index().add(pool[rows], y[rows]).lookup(queries, k=1)
    return (near.labels[:, 0] == y_test).mean()


for seed in range(5):
    rows, _ = simlib.select_examples(np.arange(len(y)), y, n=1, seed=seed)
    print(f"one of each class at random: {accuracy(rows):.3f}")

# %% [markdown]
# Write a function that chooses, for each class, the member that is **nearest to its class's mean**: add up the
# class's vectors, and take the member with the largest inner product with that sum (all have length 1). It
# returns the positions in `vectors`, one for each class, in the order of the class ids. Of members equally near,
# take the one that comes first.


# %% starter
def representatives(vectors, labels):
    """For each class id, ascending: the position of the member nearest to the class's mean."""
    return ...


# %%
check(representatives)


# %% solution
def representatives(vectors, labels):
    """For each class id, ascending: the position of the member nearest to the class's mean."""
    chosen = []
    for c in np.unique(labels):
        members = np.flatnonzero(labels == c)
        mean = vectors[members].mean(axis=0)
        chosen.append(members[np.argmax(vectors[members] @ mean)])
    return np.array(chosen)


# %% alternative
def representatives(vectors, labels):
    """All classes at once: a mask in place of a loop."""
    classes = np.unique(labels)
    member = labels[None, :] == classes[:, None]
    similarity = (member @ vectors) @ vectors.T
    return np.where(member, similarity, -np.inf).argmax(axis=1).tolist()


# %% alternative
def representatives(vectors, labels):
    """The member with the smallest sum of distances to all others: the same one, at length 1."""
    best = {}
    for i, c in enumerate(labels.tolist()):
        total = round(float(np.sum(1 - vectors[labels == c] @ vectors[i])), 9)
        if c not in best or total < best[c][0]:
            best[c] = total, i
    return [best[c][1] for c in sorted(best)]


# %% edits
BEST = "np.argmax(vectors[members] @ mean)"
EDITS = [
    (".mean(axis=0)", ".sum(axis=0)", "right"),
    ("return np.array(chosen)", "return np.array(chosen, float)", "right"),
    (BEST, "np.argmin(np.linalg.norm(vectors[members] - mean, axis=1))", "right"),
    ("members[" + BEST + "]", BEST, "you count within the class. `members[...]` turns that into a position among all."),
    (BEST, "np.argmax(np.abs(vectors[members] @ mean))", "you take the largest inner product *without its sign*: that may be "
     "the member that lies opposite."),
    (BEST, "np.argmin(vectors[members] @ mean)", "you take the member *furthest* from the mean: with inner products, "
     "large is near."),
    (BEST, "0", "you take the first member of each class, wherever it lies."),
    (BEST, "np.random.default_rng(0).integers(len(members))", "...is right"),
    ("vectors[members].mean(axis=0)", "vectors.mean(axis=0)", "you compare with the mean of *all* vectors. Each class "
     "has its own."),
    ("mean = vectors[members].mean(axis=0)", "mean = np.median(vectors[members], axis=0)", "you take the median in each "
     "dimension, and the mean is asked for."),
    ("members[" + BEST + "]", "np.argmax(vectors @ mean)", "you search among all vectors: the one nearest to a class's "
     "mean may belong to another class."),
    ("members[" + BEST + "]", "mean", "you return the means themselves. No example lies there: take the nearest member."),
    ("np.unique(labels)", "range(10)", "...stopped with an error"),
    ("np.unique(labels)", "np.unique(labels)[::-1]", "your positions stand in the order of descending class ids."),
    ("np.unique(labels)", "dict.fromkeys(labels.tolist())", "your positions stand in the order in which the classes "
     "first appear; that of the class ids is asked for."),
    ("members[" + BEST + "]", "c", "you return the class ids, and positions are asked for."),
    (".mean(axis=0)", ".mean(axis=1)", "...is right"),
    ("vectors[members] @ mean)", "pool[members] @ mean)", "...stopped with an error"),
    (BEST, "len(members) - 1 - np.argmax((vectors[members] @ mean)[::-1])", "of members equally near, you take the last "
     "one; the first is asked for."),
]  # fmt: skip

# %% hint [markdown]
# One class at a time: `np.unique(labels)` lists the ids, and `np.flatnonzero(labels == c)` the positions of its
# members.

# %% hint [markdown]
# `vectors[members] @ mean` is large for a member near the mean. `np.argmax` gives its place *among the members*;
# `members[place]` is its position in `vectors`.

# %% check
import functools

import numpy as np

import simlib
from judging import reference


def check(representatives):
    rng, cases = np.random.default_rng(0), {}
    for n, d, classes in ((9, 3, [4, 30, 7]), (60, 5, [2, 0]), (200, 16, [5, 1, 9, 3])):
        labels = np.array(classes)[rng.permutation(np.arange(n) % len(classes))]
        vectors = rng.normal(size=(n, d)) + 0.4 * rng.normal(size=(50, d))[labels]
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        cases[f"for {n} vectors of the classes {classes}"] = (vectors, labels)
    twins = np.eye(4)[[0, 1, 1, 2, 2, 3]]
    cases["for members that are equal"] = (twins, np.array([8, 8, 8, 6, 6, 6]))
    angles = np.radians([-40, 5, 25, 30, 60, 100])
    around = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    cases["for a class that lies around another"] = (around, np.array([2, 5, 2, 2, 5, 5]))
    angles = np.radians([60, -60, 55, -55, 180, 0])
    opposed = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    cases["for a class with one member far off"] = (opposed, np.array([3, 3, 3, 3, 3, 7]))
    splits, embedded, *_ = reference()
    cases["for the course's training digits"] = (embedded.train, splits.train.y)
    *_, chosen = compare("representatives", representatives, cases)
    x, y = splits.train
    yours = accuracy_with(chosen)
    shares = ", ".join(f"{n}: {at_random(n):.3f}" for n in (1, 2, 5, 20))
    return (
        f"With your ten digits, one of each class, {yours:.3f} of the test digits are right. At random, on average "
        f"of ten draws, by examples of each class: {shares}. The mean itself would do as well, but no picture "
        "belongs to it: a *typical example* can be shown to a person, who sees why the answer came out as it did. "
        "(It takes all 350 with their labels to choose the one. If you have only one, it is luck.)",
        lambda: simlib.plots.image_grid(x[chosen], y[chosen], title="your choice"),
    )


def accuracy_with(rows):
    """The share right of the test digits, if the index holds these rows of the training digits."""
    splits, embedded, *_ = reference()
    near = simlib.Index().add(embedded.train[rows], splits.train.y[rows]).lookup(embedded.test, k=1)
    return (near.labels[:, 0] == splits.test.y).mean()


@functools.cache
def at_random(n):
    y = reference().splits.train.y
    draws = [simlib.select_examples(np.arange(len(y)), y, n=n, seed=seed)[0] for seed in range(10)]
    return np.mean([accuracy_with(rows) for rows in draws])
