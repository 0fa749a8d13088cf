# %% about
level, minutes, notebook = "write a function", 10, "03_lookup"
learn = "why nobody may be their own neighbour"

# %% [markdown]
# # Not yourself
#
# How good is an index? A quick way to ask: look up the indexed digits themselves, and see whether their
# nearest neighbour has their label. Guess the share, then run the cells.

# %%
import keras
import numpy as np

import simlib

model = keras.models.load_model("../notebooks/models/digits.keras")
(x, y), _, _ = simlib.load_mnist()
x_index, y_index = simlib.select_examples(x, y, n=40)
vectors = model.embed(x_index)
index = simlib.Index().add(vectors, y_index)

# %%
neighbors = index.lookup(vectors, k=6)
print("right:", (neighbors.labels[:, 0] == y_index).mean())
print("nearest of the first three:", neighbors.ids[:3, 0])

# %% [markdown]
# Everything is right, and it means nothing: each digit found **itself**. Write a function that leaves the
# query out. It gets `ids` and `labels`, both (n, k + 1), where **row i holds the neighbours of item i**, the
# nearest first. It returns the labels of the k nearest *others*, shape (n, k).
#
# Beware of twins: where two items are equal, either may come first. And where there are many, the item itself
# may not be in its row at all; then leave out the furthest.


# %% starter
def labels_of_others(ids, labels):
    """The labels of each item's neighbours, without the item itself: (n, k)."""
    return ...


# %%
check(labels_of_others)


# %% solution
def labels_of_others(ids, labels):
    """The labels of each item's neighbours, without the item itself: (n, k)."""
    itself = ids == np.arange(len(ids))[:, None]
    missing = ~itself.any(axis=1)
    itself[missing, -1] = True
    return labels[~itself].reshape(len(ids), -1)


# %% alternative
def labels_of_others(ids, labels):
    """One row after the other."""
    rows = []
    for i in range(len(ids)):
        others = [label for label, j in zip(labels[i], ids[i]) if j != i]
        rows.append(others[: ids.shape[1] - 1])
    return rows


# %% wrong expects="the item itself still has a say"
def labels_of_others(ids, labels):
    return labels[:, :-1]


# %% wrong expects="leaves out the first column"
def labels_of_others(ids, labels):
    return labels[:, 1:]


# %% wrong expects="leaves out every neighbour with the item's own label"
def labels_of_others(ids, labels):
    own = {i: label for i, label in zip(ids.ravel().tolist(), labels.ravel().tolist())}
    k = ids.shape[1] - 1
    return [([b for b in row.tolist() if b != own.get(i, -1)] + [-1] * k)[:k] for i, row in enumerate(labels)]


# %% wrong expects="drop one column"
def labels_of_others(ids, labels):
    return labels


# %% hint [markdown]
# Row i belongs to item i. Where is `ids[i]` equal to i?

# %% hint [markdown]
# `ids == np.arange(len(ids))[:, None]` is true where an item met itself: in each row once, or never. For the
# rows with never, mark the last column.

# %% hint [markdown]
# With exactly one True in each row, `labels[~mask]` keeps k of each row, in order; `.reshape(len(ids), -1)`
# puts them back in rows.

# %% check
import numpy as np

import simlib
from judging import array, ask, expect, reference


def check(labels_of_others):
    plain = np.array([[0, 2, 1], [1, 3, 0], [2, 0, 3], [3, 1, 2]])
    twins = np.array([[1, 0, 2], [1, 0, 2], [2, 3, 0], [2, 3, 1]])  # 0 is 1's twin, and 2 is 3's
    triplets = np.array([[1, 2, 3], [1, 2, 0], [1, 2, 0], [3, 0, 1]])  # item 0 is not in its own row
    for ids in (plain, twins, triplets):
        compare(labels_of_others, ids, np.array([5, 5, 8, 9])[ids])
    _, splits, embedded = reference()
    rows, y = simlib.select_examples(np.arange(len(splits.train.y)), splits.train.y, n=40)
    index = simlib.Index().add(embedded.train[rows], y)
    near = index.lookup(embedded.train[rows], k=6)
    others = compare(labels_of_others, near.ids, near.labels)
    test = (index.lookup(embedded.test, k=1).labels[:, 0] == splits.test.y).mean()
    wrong = np.flatnonzero(others[:, 0] != y)[:4]
    figure = None
    if len(wrong):
        figure = simlib.plots.neighbor_strips(
            splits.train.x[rows][wrong], y[wrong], near[wrong], splits.train.x[rows][near.ids[wrong]]
        )
    return (
        f"With itself, each digit is right: 1.000. Without, {(others[:, 0] == y).mean():.3f}. New digits get "
        f"{test:.3f}; those from training still flatter the model, as it was fitted on some of them.\n\n"
        "Below are digits whose nearest other is wrong; each finds itself first, at distance 0. A score of "
        "exactly 1, or a distance of exactly 0, is a reason to look for a leak.",
        figure,
    )


def compare(labels_of_others, ids, labels):
    n, k = len(ids), ids.shape[1] - 1
    answer = ask(labels_of_others, ids, labels)
    expect(
        np.shape(answer) != labels.shape,
        f"your answer has as many columns as before. To leave one out, drop one column: {k} remain.",
    )
    found = array("the answer", answer, (n, k), kind="integer")
    right = np.array([[b for b, j in zip(labels[i], ids[i]) if j != i][:k] for i in range(n)])
    if np.array_equal(found, right):
        return found
    i = int(np.flatnonzero((found != right).any(axis=1))[0])
    told = f"for item {i}, with the neighbours {ids[i].tolist()} and their labels {labels[i].tolist()}, "
    told += f"you return {found[i].tolist()}: "
    expect(
        not np.array_equal(found, labels[:, :-1]),
        told + "the item itself still has a say. Its own label is always the right one.",
    )
    expect(
        not np.array_equal(found, labels[:, 1:]),
        told
        + f"that leaves out the first column, and item {i} is not the one there: it has a twin. Look for "
        "the *id*.",
    )
    expect(
        -1 not in found,
        told
        + "that leaves out every neighbour with the item's own label. Leave out the item alone: others of "
        "its class are right answers.",
    )
    expect(False, told + f"the right ones are {right[i].tolist()}.")
