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


# %% wrong expects="the smaller label"
def majority(labels):
    return np.array([np.bincount(row).argmax() for row in labels])


# %% wrong expects="only the nearest"
def majority(labels):
    return labels[:, 0]


# %% wrong expects="leaves out the nearest"
def majority(labels):
    return np.array([max(list(row[1:]), key=list(row[1:]).count) for row in labels])


# %% wrong expects="votes for each label, not the label"
def majority(labels):
    return (labels[:, :, None] == labels[:, None, :]).sum(axis=2).max(axis=1)


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
from judging import array, ask, expect, reference
from simlib import matching


def check(majority):
    rng = np.random.default_rng(0)
    compare(majority, np.array([[7, 1, 1, 7, 1], [8, 3, 3, 3, 3]]))
    compare(majority, np.array([[4, 9, 9, 4, 5], [9, 4, 4, 9, 5], [30, 2, 2, 30, 1]]))  # ties
    for k in (1, 2, 5, 8):
        compare(majority, rng.integers(0, 4, (40, k)))
    return (
        "With clean labels, the nearest and the vote of five are about equally good. Now give a part of the "
        "index wrong labels, as happens in real collections: the nearest repeats every such mistake, and the "
        'vote overrules most of them. `simlib.match(..., matcher="majority")` votes like yours, and '
        '"weighted" lets near neighbours count more.',
        bad_apples(majority),
    )


def compare(majority, labels):
    answer = ask(majority, labels)
    found = array("the answer", answer, (len(labels),), kind="integer")
    neighbors = neighbors_of(labels)
    right = matching.majority(neighbors)[0]
    if np.array_equal(found, right):
        return
    row = np.flatnonzero(found != right)[0]
    votes = {label: int((labels[row] == label).sum()) for label in labels[row].tolist()}
    most = max(votes.values())
    tied = [label for label, n in votes.items() if n == most]
    told = f"for the neighbours {labels[row].tolist()}, your answer is {found[row]}: "
    expect(
        found[row] in votes or most not in found.tolist(),
        told + "that is the number of votes for each label, not the label itself.",
    )
    expect(
        not (found[row] == min(tied) and len(tied) > 1),
        told + f"of the labels with {most} votes each that is the smaller label. Nothing makes a small label "
        f"better: of equals, let the one with the nearest neighbour win, {right[row]}.",
    )
    expect(not np.array_equal(found, labels[:, 0]), told + "only the nearest neighbour has a say.")
    expect(
        found[row] != second_place(labels[row]),
        told
        + "the count leaves out the nearest. The queries are not in the index, so the first neighbour is "
        "no copy of the query: it votes, too.",
    )
    expect(False, told + f"the votes are {votes}, so {right[row]} wins.")


def second_place(row):
    rest = row[1:].tolist()
    return max(rest, key=rest.count)


def neighbors_of(labels):
    distances = np.broadcast_to(np.arange(labels.shape[1]), labels.shape)
    return simlib.Neighbors(labels, distances, np.zeros(labels.shape, int))


def bad_apples(majority):
    _, splits, embedded = reference()
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
