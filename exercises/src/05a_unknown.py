# %% about
level, minutes, notebook = "fill a line", 5, "05_match"
learn = "how a cutpoint turns neighbours into answers"

# %% [markdown]
# # Answer, or say "unknown"
#
# Each query has a nearest neighbour, however far away it is. So a match needs a limit: **at most the cutpoint**, or
# the answer is **-1**, *unknown*. Six queries, and the cutpoint 0.2: how many answers are right, how many wrong, and
# how many unknown? Count on paper.

# %%
import numpy as np

distances = np.array([0.03, 0.11, 0.20, 0.19, 0.34, 0.75])  # to the nearest neighbour
labels = np.array([7, 1, 4, 9, 3, 3])  # its label
truth = np.array([7, 1, 4, 4, 3, 5])  # the query's own

# %% [markdown]
# Fill in the three lines. The first is an array of labels, with -1 where the match is too far; the others are shares
# of all queries. An unknown answer is neither right nor wrong.


# %% starter
def answer(distances, labels, truth, cutpoint):
    """(the matched labels, the share of right answers, the share of wrong ones)."""
    matched = ...
    right = ...
    wrong = ...
    return matched, right, wrong


# %%
check(answer)


# %% solution
def answer(distances, labels, truth, cutpoint):
    """(the matched labels, the share of right answers, the share of wrong ones)."""
    matched = np.where(distances <= cutpoint, labels, -1)
    right = (matched == truth).mean()
    wrong = ((matched != truth) & (matched != -1)).mean()
    return matched, right, wrong


# %% alternative
def answer(distances, labels, truth, cutpoint):
    """One query after the other, in floats."""
    matched = [float(b) if d <= cutpoint else -1.0 for d, b in zip(distances, labels)]
    right = sum(m == t for m, t in zip(matched, truth))
    return [matched, right / len(truth), (len(truth) - matched.count(-1.0) - right) / len(truth)]


# %% alternative
def answer(distances, labels, truth, cutpoint):
    """In place, on the copies that one is handed."""
    labels[distances > cutpoint] = -1
    unknown = np.mean(labels < 0)
    right = np.mean(labels == truth)
    return labels, [right], [1 - unknown - right]


# %% edits
MATCH = "np.where(distances <= cutpoint, labels, -1)"
EDITS = [
    (MATCH, "labels * (distances <= cutpoint) - (distances > cutpoint)", "right"),
    ("(matched == truth).mean()", "np.count_nonzero(matched == truth) / len(truth)", "right"),
    ("distances <= cutpoint", "distances < cutpoint", "you refuse a match exactly at the cutpoint. *At most* means "
     "`<=`."),
    ("distances <= cutpoint", "distances > cutpoint", "you accept the matches that are too far, and refuse those that "
     "are near."),
    ("labels, -1", "labels, 0", "...is right"),
    ("labels, -1)", "labels, -1).astype(np.int8)", "...is right"),
    ("labels, -1", "truth, -1", "...is right"),
    (MATCH, "labels", "you accept every match, however far it is."),
    (MATCH, "labels[distances <= cutpoint]", "...stopped with an error"),
    ("(matched == truth).mean()", "(matched == truth).sum() / (matched != -1).sum()", "your share of right answers is one "
     "of the answered queries (precision). Shares of *all* queries are asked for."),
    ("(matched == truth).mean()", "(labels == truth).mean()", "your right answers hold matches that the cutpoint has "
     "refused. Compare `matched` with the truth."),
    ("(matched == truth).mean()", "(matched == truth).sum()", "...is right"),
    (" & (matched != -1)", "", "you call the unknown wrong, too. They are neither right nor wrong."),
    ("((matched != truth) & (matched != -1)).mean()", "(labels != truth).mean()", "...is right"),
    ("return matched, right, wrong", "return matched, wrong, right", "...is right"),
    ("return matched, right, wrong", "return matched, right", "...must return 3 values"),
    ("((matched != truth) & (matched != -1)).mean()", "(matched == -1).mean()", "your third value is the share of the "
     "unknown, and that of the *wrong* answers is asked for."),
]  # fmt: skip

# %% hint [markdown]
# `np.where(condition, a, b)` takes a where the condition is true, and b elsewhere.

# %% hint [markdown]
# Wrong is: an answer was given (`matched != -1`), **and** it is not the truth. Join the two with `&`, each in its
# own brackets; `.mean()` of True and False is the share.

# %% check
import numpy as np

import simlib
from judging import reference


def check(answer):
    rng = np.random.default_rng(0)
    six = (
        np.array([0.03, 0.11, 0.20, 0.19, 0.34, 0.75]),
        np.array([7, 1, 4, 9, 3, 3]),
        np.array([7, 1, 4, 4, 3, 5]),
    )
    cases = {f"for the six queries and the cutpoint {c}": (*six, c) for c in (0.2, 0.01, 2.0)}
    for n in (15, 40):
        cases[f"for {n} queries"] = (
            rng.integers(0, 9, n) / 8,
            rng.integers(0, 3, n),
            rng.integers(0, 3, n),
            0.5,
        )
    ids = np.array([300, 7, 1000, 300, 7])
    cases["for class ids that are large"] = (np.arange(5) / 4, ids, ids[[0, 1, 2, 4, 3]], 0.75)
    compare("answer", answer, cases)
    splits, embedded, index, calibration = reference()
    near, shares = index.lookup(embedded.test, k=1), []
    best = calibration["optimal"].distance
    for cutpoint in (best / 4, best, 4 * best):
        matched = simlib.match(near, cutpoint)
        right, unknown = (matched == splits.test.y).mean(), (matched == -1).mean()
        shares.append(
            f"{cutpoint:.3f}: {right:.1%} right, {1 - right - unknown:.1%} wrong, {unknown:.1%} unknown"
        )
    return (
        f"With 1,000 test digits and the course's model, by the cutpoint: {'; '.join(shares)}. A tighter cutpoint turns "
        "wrong answers into unknown ones, and right ones as well. Where to set it is a question of what each costs: "
        "see the exercises of notebook 04."
    )
