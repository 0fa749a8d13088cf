# %% about
level, minutes, notebook = "write a function", 15, "05_match"
learn = "when a vote of the neighbours beats the nearest one"

# %% [markdown]
# # A vote of the neighbours
#
# Every index has a bad apple: a blurred digit, a wrong label. If it is the nearest, the answer is wrong. Five
# neighbours could vote. But what is the answer when two labels have two votes each?

# %%
import numpy as np

labels = np.array(
    [
        [7, 1, 1, 7, 1],  # the neighbours of one query, the nearest first
        [4, 9, 9, 4, 5],  # a tie
        [8, 3, 3, 3, 3],
    ]
)

# %% [markdown]
# Write the majority vote. Each row of `labels` (queries, k) holds the neighbours' labels of one query, the
# nearest first. Return the label with the most votes for each query, shape (queries,). **If labels tie, the
# one whose first neighbour is nearest wins.** Here that gives 1, 4 and 3.


# %% starter
def majority(labels):
    """The label that most neighbours carry; of equals, the one that has the nearest: (queries,)."""
    return ...


# %%
check(majority)


# %% solution
def majority(labels):
    """The label that most neighbours carry; of equals, the one that has the nearest: (queries,)."""
    same = labels[:, :, None] == labels[:, None, :]
    votes = same.sum(axis=2)  # how many votes the label of each neighbour has
    winner = votes.argmax(axis=1)  # argmax takes the first of equals, which is the nearest
    return labels[np.arange(len(labels)), winner]


# %% alternative
def majority(labels):
    """Count with a dictionary; max() keeps the first of equals, and dictionaries remember the order."""
    winners = []
    for row in labels:
        votes = {}
        for label in row:
            votes[label] = votes.get(label, 0) + 1
        winners.append(max(votes, key=votes.get))
    return np.array(winners)


# %% alternative
def majority(labels):
    """collections.Counter keeps the order in which labels first came."""
    from collections import Counter

    return [float(Counter(row).most_common(1)[0][0]) for row in labels.tolist()]


# %% alternative
def majority(labels):
    """Votes as a sum of weights: a little more for the nearer, so that ties are settled."""
    k = labels.shape[1]
    classes, numbers = np.unique(labels, return_inverse=True)
    first = np.full((len(labels), len(classes)), k)
    votes = np.zeros((len(labels), len(classes)))
    for i, row in enumerate(numbers.reshape(labels.shape)):
        for place, c in enumerate(row):
            votes[i, c] += 1
            first[i, c] = min(first[i, c], place)
    return classes[np.argmax(votes - first / (2 * k), axis=1)].astype(np.int32)


# %% wrong
def majority(labels):
    """you settle a tie by the smaller label. Nothing makes a small label better: of equals, let the one with
    the nearest neighbour win."""
    return np.array([np.bincount(row).argmax() for row in labels])


# %% wrong
def majority(labels):
    """only the nearest neighbour has a say."""
    return labels[:, 0]


# %% wrong
def majority(labels):
    """the count leaves out the nearest. The queries are not in the index, so the first neighbour is no copy of
    the query: it votes, too."""
    return np.array([max(list(row[1:]) or [row[0]], key=list(row[1:]).count) for row in labels])


# %% wrong
def majority(labels):
    """of equal labels, you take the one whose *last* neighbour is nearest to the end: the furthest wins. Let
    the nearest decide."""
    return np.array([max(row[::-1].tolist(), key=row.tolist().count) for row in labels])


# %% wrong
def majority(labels):
    """you settle a tie by the larger label. Of equals, let the one with the nearest neighbour win."""
    return np.array([max(row.tolist(), key=lambda b: (row.tolist().count(b), b)) for row in labels])


# %% wrong
def majority(labels):
    """you take the median of the labels. They are names, and not quantities: count them."""
    return np.median(labels, axis=1)


# %% wrong
def majority(labels):
    """where labels tie, you answer with the nearest neighbour, even if its label is none of those that tie."""
    winners = []
    for row in labels.tolist():
        votes = sorted((row.count(b) for b in set(row)), reverse=True)
        tie = len(votes) > 1 and votes[0] == votes[1]
        winners.append(row[0] if tie else max(row, key=row.count))
    return winners


# %% wrong
def majority(labels):
    """you count for all queries together, and each has a vote of its own."""
    return np.full(len(labels), max(labels.ravel().tolist(), key=labels.ravel().tolist().count))


# %% wrong expects="is right"
def majority(labels):
    """Votes, less a bit for who comes late; but len(labels) is the number of queries, and not of neighbours."""
    answers = []
    for row in labels.tolist():
        answers.append(max(row, key=lambda c: row.count(c) - row.index(c) / (2 * len(labels))))
    return answers


# %% wrong expects="is right"
def majority(labels):
    winners = []
    for row in labels.tolist():  # of equals, the one that reaches its count first
        counts = [row[: place + 1].count(label) for place, label in enumerate(row)]
        winners.append(row[counts.index(max(counts))])
    return winners


# %% wrong expects="is right"
def majority(labels):
    votes = (labels[:, :, None] == labels[:, None, :]).sum(axis=2)
    return labels[np.arange(len(labels)), votes[:, :5].argmax(axis=1)]


# %% wrong expects="is right"
def majority(labels):
    from scipy import stats

    return stats.mode(labels[:, :3], axis=1).mode


# %% edits
EDITS = [
    ("votes.argmax(axis=1)", "np.argmax(votes, 1)", "right"),
    ("votes.argmax(axis=1)", "np.minimum(votes, 3).argmax(axis=1)", "...is right"),
    ("return labels[np.arange(len(labels)), winner]", "return votes.max(axis=1)", "you return the number of votes, and "
     "the label that has them is asked for."),
    ("return labels[np.arange(len(labels)), winner]", "return winner", "you return the *place* of the winner's first "
     "neighbour. Its label is asked for."),
    ("return labels[np.arange(len(labels)), winner]", "return labels[:, winner]", "...must have the shape"),
    ("votes.argmax", "votes.argmin", "you take the label with the *fewest* votes."),
]  # fmt: skip

# %% hint [markdown]
# One row at a time is fine: go through its labels, count, and return the label with the highest count.

# %% hint [markdown]
# Python's `max(row, key=...)` returns the *first* of equals, and the row begins with the nearest. That is the
# rule for ties.

# %% hint [markdown]
# Without a loop: `labels[:, :, None] == labels[:, None, :]` compares each neighbour with each other; summed
# over the last axis, it is the votes that each neighbour's label has.

# %% check
import matplotlib.pyplot as plt
import numpy as np

import simlib
from judging import reference


def check(majority):
    rng = np.random.default_rng(0)
    tables = [np.array([[7, 1, 1, 7, 1], [8, 3, 3, 3, 3]])]
    tables.append(np.array([[4, 9, 9, 4, 5], [9, 4, 4, 9, 5], [30, 2, 2, 30, 1], [5, 2, 2, 8, 8]]))  # ties
    tables.append(np.array([[1, 2, 1, 2, 3, 9, 9, 9], [6, 5, 4, 5, 6, 7, 7, 7]]))  # who comes late may win
    tables.append(np.array([[1, 2, 3, 9, 9]]))  # one query alone
    tables.append(rng.integers(0, 2, (40, 11)))
    tables += [rng.integers(0, 4, (40, k)) * 3 for k in (1, 2, 5, 8)]
    cases = {f"for the neighbours {t.tolist() if len(t) < 9 else t[:2].tolist()}": (t,) for t in tables}
    compare("majority", majority, cases)
    return (
        "With clean labels, the nearest and the vote of five are about equally good. Now give a part of the "
        "index wrong labels, as happens in real collections: the nearest repeats every such mistake, and the "
        'vote overrules most of them. `simlib.match(..., matcher="majority")` votes like yours, and '
        '"weighted" lets near neighbours count more.',
        lambda: bad_apples(majority),
    )


def bad_apples(majority):
    splits, embedded, *_ = reference()
    rng = np.random.default_rng(0)
    rows, true = simlib.select_examples(np.arange(len(splits.train.y)), splits.train.y, n=50)
    shares, near, vote = np.arange(0, 0.41, 0.1), [], []
    ids = simlib.Index().add(embedded.train[rows], true).lookup(embedded.test, k=5).ids
    for share in shares:
        bad = rng.random(len(true)) < share
        noisy = np.where(bad, (true + rng.integers(1, 10, len(true))) % 10, true)
        near.append((noisy[ids[:, 0]] == splits.test.y).mean())
        vote.append((np.asarray(majority(noisy[ids])) == splits.test.y).mean())
    figure, ax = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
    ax.plot(100 * shares, near, "o--", color=simlib.plots.DIFFERENT, label="the nearest")
    ax.plot(100 * shares, vote, "o-", color=simlib.plots.SAME, label="your vote of 5")
    ax.set(xlabel="wrong labels in the index, %", ylabel="right answers")
    ax.legend(frameon=False)
    return figure
