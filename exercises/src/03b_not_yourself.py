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
# may not be in its row at all; then leave out the furthest (the last one).


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


# %% alternative
def labels_of_others(ids, labels):
    """Sort each row: the item itself last, or else the furthest."""
    itself = ids == np.arange(len(ids))[:, None]
    order = np.argsort(itself, axis=1, kind="stable")
    return np.take_along_axis(labels, order, axis=1)[:, :-1].astype(float)


# %% alternative
def labels_of_others(ids, labels):
    """A place for each row, and np.delete."""
    rows = []
    for i, (row, near) in enumerate(zip(ids.tolist(), labels)):
        rows.append(np.delete(near, row.index(i) if i in row else -1))
    return rows


# %% wrong
def labels_of_others(ids, labels):
    """you leave out every neighbour with the item's own label. Leave out the item alone: others of its class
    are right answers."""
    own = {i: label for i, label in zip(ids.ravel().tolist(), labels.ravel().tolist())}
    k = ids.shape[1] - 1
    return [([b for b in row.tolist() if b != own.get(i, -1)] + [-1] * k)[:k] for i, row in enumerate(labels)]


# %% wrong
def labels_of_others(ids, labels):
    """you look for the item in the first two columns only. Where many are equal, it may stand anywhere in its row."""
    mine, rows = ids == np.arange(len(ids))[:, None], []
    for row in range(len(ids)):
        at = next((place for place in (0, 1) if mine[row, place]), len(ids[row]) - 1)
        rows.append(np.delete(labels[row], at))
    return np.array(rows)


# %% edits
ROWS = "labels[~itself].reshape(len(ids), -1)"
EDITS = [
    ("np.arange(len(ids))[:, None]", "np.arange(len(ids)).reshape(-1, 1)", "right"),
    (ROWS, ROWS + ".tolist()", "right"),
    (ROWS, "np.take_along_axis(labels, np.argsort(itself), axis=1)[:, :-1]", "...for 400 items"),  # not stable
    (ROWS, "labels[:, :-1]", "the item itself still has a say: you leave out the furthest in every row."),
    (ROWS, "labels[:, 1:]", "you leave out the first column, whoever stands there. An item with a twin may come second. "
     "Look for the *id*."),
    (ROWS, "labels", "...has as many columns as before"),
    ("    itself[missing, -1] = True\n", "", "...stopped with an error"),
    ("itself[missing, -1] = True", "itself[missing, 0] = True", "where an item is not in its own row, you leave out the "
     "nearest. All of these are others: leave out the furthest."),
    ("ids == np", "labels == np", "...is right"),
    ("labels[~itself]", "ids[~itself]", "you return the ids of the others, and their labels are asked for."),
    ("labels[~itself].reshape(len(ids), -1)", "labels[~itself]", "...must have the shape"),
    ("labels[~itself].reshape(len(ids), -1)", "labels[~itself].reshape(-1, len(ids))", "...must have the shape"),
    ("labels[~itself].reshape(len(ids), -1)", "labels[~itself].reshape(-1, len(ids)).T", "...is right"),
    (ROWS, "np.where(itself, -1, labels)[:, 1:]", "...is right"),
    (ROWS, "np.sort(labels[~itself].reshape(len(ids), -1))", "...is right"),
    ("ids == np.arange(len(ids))[:, None]", "ids == ids[:, :1]", "you leave out the first column, whoever stands there. "
     "An item with a twin may come second. Look for the *id*."),
    (ROWS, "labels[~itself].reshape(len(ids), -1)[:, :1]", "...must have the shape"),
    ("ids == np.arange(len(ids))[:, None]", "ids == np.arange(400)[:, None]", "...stopped with an error"),
]  # fmt: skip

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
from judging import reference


def check(labels_of_others):
    plain = np.array([[0, 2, 1], [1, 3, 0], [2, 0, 3], [3, 1, 2]])
    twins = np.array([[1, 0, 2], [1, 0, 2], [2, 3, 0], [2, 3, 1]])  # 0 is 1's twin, and 2 is 3's
    triplets = np.array([[1, 2, 3], [1, 2, 0], [1, 2, 0], [3, 0, 1]])  # item 0 is not in its own row
    cases = {
        f"for the ids {ids.tolist()}": (ids, np.array([5, 5, 8, 9])[ids]) for ids in (plain, twins, triplets)
    }
    four = np.array([[1, 2, 0, 3], [2, 3, 1, 0], [3, 1, 0, 2], [0, 1, 2, 3]])  # anyone may come first
    cases["for four that are all equal"] = (four, np.array([5, 5, 8, 9])[four])
    rng = np.random.default_rng(0)
    for n, k in ((9, 1), (30, 4), (400, 300)):
        ids = np.array([rng.permutation(n)[: k + 1] for _ in range(n)])
        cases[f"for {n} items, k = {k}, and many twins"] = (ids, rng.integers(0, 5, n)[ids])
    splits, embedded, *_ = reference()
    rows, y = simlib.select_examples(np.arange(len(splits.train.y)), splits.train.y, n=40)
    index = simlib.Index().add(embedded.train[rows], y)
    near = index.lookup(embedded.train[rows], k=6)
    cases["for 400 digits"] = (near.ids, near.labels)
    facts = [(SAME, lambda found, right: found.shape[1] == right.shape[1] + 1)]
    *_, others = compare("labels_of_others", labels_of_others, cases, facts=facts)
    test = (index.lookup(embedded.test, k=1).labels[:, 0] == splits.test.y).mean()
    wrong = np.flatnonzero(others[:, 0] != y)[:4]
    told = (
        f"With itself, each digit is right: 1.000. Without, {(others[:, 0] == y).mean():.3f}. New digits get "
        f"{test:.3f}; those from training flatter the model, as it was fitted on some of them.\n\n"
        "A score of exactly 1, or a distance of exactly 0, is a reason to look for a leak."
    )
    if not len(wrong):
        return told
    shown = splits.train.x[rows]
    return (
        told + " Below are digits whose nearest other is wrong; each finds itself first, at distance 0.",
        lambda: simlib.plots.neighbor_strips(shown[wrong], y[wrong], near[wrong], shown[near.ids[wrong]]),
    )


SAME = "your answer has as many columns as before. To leave one out of each row, drop one column."
