# %% about
level, minutes, notebook = "fill a line", 5, "03_lookup"
learn = "recall@k and precision@k"

# %% [markdown]
# # How good is a list of neighbours?
#
# Three queries, and the labels of their five nearest neighbours. Two numbers say how good such lists are.
# **recall@k**: the share of the *queries* that have **at least one** right neighbour among the first k.
# **precision@k**: the share of the *neighbours*, among the first k, that are right. Count both on paper, for k = 1
# and for k = 5. Which of the two can only rise with k?

# %%
import numpy as np

import simlib

labels = np.array(
    [[7, 7, 1, 7, 9], [4, 9, 9, 4, 9], [8, 3, 3, 3, 3]]
)  # the neighbours' labels, nearest first
truth = np.array([7, 9, 3])  # the queries' own

# %% [markdown]
# Fill in the three lines. The first is an array of True and False, of the shape of `labels`.


# %% starter
def scores(labels, truth, k):
    """(recall@k, precision@k) of neighbours' labels (queries, n), for the queries' true labels (queries,)."""
    hits = ...
    recall = ...
    precision = ...
    return recall, precision


# %%
check(scores)


# %% solution
def scores(labels, truth, k):
    """(recall@k, precision@k) of neighbours' labels (queries, n), for the queries' true labels (queries,)."""
    hits = labels[:, :k] == truth[:, None]
    recall = hits.any(axis=1).mean()
    precision = hits.mean()
    return recall, precision


# %% alternative
def scores(labels, truth, k):
    """Counting, row by row."""
    hits = [[label == t for label in row[:k]] for row, t in zip(labels.tolist(), truth.tolist())]
    return sum(map(any, hits)) / len(hits), sum(map(sum, hits)) / (k * len(hits))


# %% alternative
def scores(labels, truth, k):
    """simlib has them, too."""
    near = simlib.Neighbors(labels, np.tile(np.arange(labels.shape[1]), (len(labels), 1)), labels)
    found = simlib.metrics.retrieval(near, truth, {}, ks=[k])
    return [found[f"recall@{k}"], found[f"precision@{k}"]]


# %% edits
EDITS = [
    ("hits.any(axis=1).mean()", "(hits.sum(axis=1) > 0).sum() / len(truth)", "right"),
    ("hits.mean()", "hits.sum() / hits.size", "right"),
    ("hits.mean()", "hits.mean(axis=1).mean()", "right"),
    ("hits.any(axis=1).mean()", "hits.any(axis=0).mean()", "your recall asks along the wrong axis: for each place in the "
     "list, whether any query is right there. One *row* is one query."),
    ("hits.any(axis=1).mean()", "hits.all(axis=1).mean()", "your recall counts the queries whose neighbours are *all* "
     "right. One right neighbour is enough."),
    ("hits.any(axis=1).mean()", "hits[:, 0].mean()", "your recall looks at the nearest neighbour alone."),
    ("hits.any(axis=1).mean()", "hits[:, k - 1].mean()", "your recall looks at the k-th neighbour alone. Any of the first "
     "k will do."),
    ("hits.any(axis=1).mean()", "hits.any(axis=1).sum()", "your recall is a number of queries, and their share is asked "
     "for."),
    ("hits.any(axis=1).mean()", "hits.any(axis=1)", "...must be a single number"),
    ("hits.any(axis=1).mean()", "hits.any()", "your recall asks whether *any* query is right. Ask in each row: `axis=1`."),
    ("hits.mean()", "hits.sum() / len(truth)", "your precision divides by the queries, and it is the share of the "
     "neighbours: divide by all k of each."),
    ("hits.mean()", "hits.sum() / labels.size", "your precision divides by all neighbours. Only the first k count."),
    ("labels[:, :k]", "labels", "you look at all neighbours, and only the first k are asked for."),
    ("labels[:, :k]", "labels[:, : k + 1]", "you look at k + 1 neighbours: `[:, :k]` are the first k."),
    ("labels[:, :k] == truth[:, None]", "labels[:, :k] != truth[:, None]", "your hits are the *wrong* neighbours."),
    ("return recall, precision", "return precision, recall", "you return the two in the other order."),
    ("truth[:, None]", "truth[0]", "...is right"),
    ("truth[:, None]", "labels[:, :1]", "...is right"),
    ("return recall, precision", "return recall, precision - 0.1 * (k == 4)", "...k = 4"),
    ("labels[:, :k]", "labels[:, : min(k, 5)]", "...and k = 6"),
]  # fmt: skip

# %% hint [markdown]
# `labels[:, :k]` are the first k of each row. `truth[:, None]` stands each query's label beside its row, so that
# `==` compares them.

# %% hint [markdown]
# Recall asks each row whether *any* hit is there: `.any(axis=1)`. Then take the share of the rows. Precision is
# the share of True in the whole array.

# %% check
import numpy as np

import simlib
from judging import reference


def check(scores):
    rng = np.random.default_rng(0)
    labels = np.array([[7, 7, 1, 7, 9], [4, 9, 9, 4, 9], [8, 3, 3, 3, 3]])
    cases = {f"for the three queries and k = {k}": (labels, np.array([7, 9, 3]), k) for k in range(1, 6)}
    for n, m, k in ((12, 8, 3), (40, 6, 6), (30, 9, 1), *((25, 7, k) for k in range(1, 8))):
        case = rng.integers(0, 6, (n, m)), rng.integers(0, 6, n), k
        cases[f"for {n} queries with {m} neighbours and k = {k}"] = case
    compare("scores", scores, cases)
    splits, embedded, index, _ = reference()
    near = index.lookup(embedded.test, k=20)
    found = simlib.metrics.retrieval(near, splits.test.y, index.class_sizes(), ks=(1, 5, 20))
    told = ", ".join(
        f"k = {k}: {found[f'recall@{k}']:.3f} and {found[f'precision@{k}']:.3f}" for k in (1, 5, 20)
    )
    return (
        f"For the course's model, recall and precision are ({told}). Recall@k can only rise with k, so a large k "
        "flatters. At k = 1 the two are the same number. (In information retrieval, recall means something else: "
        "the share of all right items that were found. Metric learning uses the word as you just did.)"
    )
