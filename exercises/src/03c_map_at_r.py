# %% about
level, minutes, notebook = "write a function", 20, "03_lookup"
learn = "MAP@R, the one number for a whole ranking"

# %% [markdown]
# # MAP@R, by hand
#
# Recall@1 looks at one neighbour. But an index should bring *all* its threes before anything else. **MAP@R** asks
# for that (Musgrave et al. 2020). For one query, let R be the number of items of its class in the index, and look
# at the first R neighbours. At each place i where a *right* one stands, note the precision so far: how many of
# the first i are right, divided by i. Add these up, and divide **by R**. MAP@R is the mean over the queries.
#
# Which list is better, with R = 3: right, wrong, right, or wrong, right, right? Compute both on paper.

# %%
import numpy as np

import simlib

labels = np.array([[3, 8, 3, 3], [8, 3, 3, 3]])  # the neighbours' labels, nearest first
truth = np.array([3, 3])  # the queries' own
sizes = {3: 3, 8: 1}  # how many items of each class the index holds: R

# %% [markdown]
# Write it. Each query has its own R, `sizes[label]`. Each row of `labels` is at least as long as the largest R.


# %% starter
def map_at_r(labels, truth, sizes):
    """The mean over the queries of the precision at the right places among the first R, divided by R."""
    return ...


# %%
check(map_at_r)


# %% solution
def map_at_r(labels, truth, sizes):
    """The mean over the queries of the precision at the right places among the first R, divided by R."""
    total = 0.0
    for row, true in zip(labels, truth):
        r = sizes[int(true)]
        hits = row[:r] == true
        precision = np.cumsum(hits) / np.arange(1, r + 1)
        total += np.sum(precision * hits) / r
    return total / len(truth)


# %% alternative
def map_at_r(labels, truth, sizes):
    """In plain Python."""
    scores = []
    for row, true in zip(labels.tolist(), truth.tolist()):
        right, score = 0, 0
        for i, label in enumerate(row[: sizes[true]], 1):
            if label == true:
                right += 1
                score += right / i
        scores.append(score / sizes[true])
    return sum(scores) / len(scores)


# %% alternative
def map_at_r(labels, truth, sizes):
    """Without a loop: beyond R, nothing counts."""
    r = np.array([sizes[t] for t in truth.tolist()])[:, None]
    rank = np.arange(1, labels.shape[1] + 1)[None]
    hits = labels == truth[:, None]
    return [((np.cumsum(hits, 1) / rank * hits * (rank <= r)).sum(1, keepdims=True) / r).mean()]


# %% alternative
def map_at_r(labels, truth, sizes):
    """simlib's own."""
    near = simlib.Neighbors(labels, np.tile(np.arange(labels.shape[1]), (len(labels), 1)), labels)
    return simlib.metrics.retrieval(near, truth, sizes, ks=[1])["map@r"]


# %% edits
EDITS = [
    ("np.cumsum(hits)", "np.add.accumulate(hits.astype(float))", "right"),
    ("np.sum(precision * hits) / r", "np.sum(precision * hits) / max(hits.sum(), 1)", "you divide by the number of right "
     "ones found. Then a list with one right one, at the first place, would be perfect. Divide by R."),
    ("precision * hits", "precision", "you add up the precision at every place. Only the places where a right one stands "
     "count."),
    ("np.sum(precision * hits) / r", "np.mean(hits)", "this is the share of right ones among the first R (R-precision): "
     "it does not see their order."),
    ("row[:r] == true", "row == true", "...stopped with an error"),
    ("r = sizes[int(true)]", "r = len(row)", "you look at the whole list. Beyond the first R, nothing counts."),
    ("r = sizes[int(true)]", "r = max(sizes.values())", "...is right"),
    ("r = sizes[int(true)]", "r = min(sizes.values())", "you take the smallest R for all queries. Each has that of its own class."),
    ("np.arange(1, r + 1)", "np.arange(1, r + 1)[::-1]", "...is right"),
    ("np.arange(1, r + 1)", "np.arange(r)", "your places are counted from 0: the first has place 1, or the division has a "
     "0 below."),
    ("np.arange(1, r + 1)", "r", "you divide by R at each place. The precision *so far* divides by the place."),
    ("total / len(truth)", "total", "you return the sum over the queries, and their mean is asked for."),
    ("np.sum(precision * hits) / r", "np.sum(precision * hits)", "the sum over the places is not divided by R."),
    ("total / len(truth)", "total / len(labels[0])", "you divide by the length of a list, and the mean is one over the "
     "queries."),
    ("row[:r] == true", "row[:r] != true", "you count the wrong neighbours."),
    ("precision * hits", "precision * hits / np.arange(1, r + 1)", "...is right"),
    ("np.sum(precision * hits) / r", "float(hits[0])", "this is recall@1: it looks at the nearest alone."),
    ("zip(labels, truth)", "zip(labels[:2], truth)", "...is right"),
]  # fmt: skip

# %% hint [markdown]
# One query at a time: `hits = row[:r] == true`. How many of the first i are right? `np.cumsum(hits)` says it for
# every i at once.

# %% hint [markdown]
# `np.cumsum(hits) / np.arange(1, r + 1)` is the precision so far. Multiply by `hits`, so that only the places of
# right ones are left; add up; divide by r.

# %% check
import numpy as np

import simlib
from judging import reference


def check(map_at_r):
    rng, cases = np.random.default_rng(0), {}
    for text, row in (("right, wrong, right", [3, 8, 3, 3]), ("wrong, right, right", [8, 3, 3, 3])):
        cases[f"for {text}, with R = 3"] = (np.array([row]), np.array([3]), {3: 3, 8: 1})
    for n, k in ((6, 9), (25, 12)):
        sizes = {int(c): int(r) for c, r in zip((2, 5, 30), rng.permutation([k, 2, 4]))}
        classes = np.array(list(sizes))
        cases[f"for {n} queries, with R = {sizes}"] = (
            rng.choice(classes, (n, k)),
            rng.choice(classes, n),
            sizes,
        )
    compare("map_at_r", map_at_r, cases)
    splits, embedded, index, _ = reference()
    sizes = index.class_sizes()
    near = index.lookup(embedded.test, k=max(sizes.values()))
    found = simlib.metrics.retrieval(near, splits.test.y, sizes, ks=(1,))
    return (
        "Right, wrong, right is worth (1 + 2/3) / 3 = 0.556, and wrong, right, right (1/2 + 2/3) / 3 = 0.389: what "
        f"comes first counts most. The course's model has a recall@1 of {found['recall@1']:.3f} and a MAP@R of "
        f"{found['map@r']:.3f}: one of the nearest is nearly always right, but not *all* threes come before the first "
        "eight. Two models with the same recall@1 can differ widely here; papers compare them by this number."
    )
