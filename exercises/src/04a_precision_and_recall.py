# %% about
level, minutes, notebook = "fill a line", 5, "04_calibrate"
learn = "what precision and recall count"

# %% [markdown]
# # Precision and recall, counted by hand
#
# Ten digits were looked up. Each has a match, at a distance; some of the matches are right. We accept a match
# when its distance is at most the cutpoint. **Of those accepted, how many are right?** That is precision.
# **Of all the right ones, how many were accepted?** That is recall. Count both on paper for the cutpoint 0.3.

# %%
import numpy as np

distances = np.array([0.05, 0.08, 0.11, 0.14, 0.20, 0.26, 0.30, 0.41, 0.55, 0.80])
right = np.array([True, True, True, True, True, False, True, True, True, False])
cutpoint = 0.30

# %% [markdown]
# Fill in the three lines. The first is an array of True and False, one for each digit. The check tries other
# digits, too.


# %% starter
def scores(distances, right, cutpoint):
    """(accepted: True and False for each digit, precision, recall)."""
    accepted = ...
    precision = ...
    recall = ...
    return accepted, precision, recall


# %%
check(scores)


# %% solution
def scores(distances, right, cutpoint):
    """(accepted: True and False for each digit, precision, recall)."""
    accepted = distances <= cutpoint
    precision = (accepted & right).sum() / accepted.sum()
    recall = (accepted & right).sum() / right.sum()
    return accepted, precision, recall


# %% alternative
def scores(distances, right, cutpoint):
    """Counting, in lists."""
    accepted = [int(d <= cutpoint) for d in distances]
    both = sum(a and r for a, r in zip(accepted, right))
    return [accepted, both / sum(accepted), [both / list(right).count(True)]]


# %% alternative
def scores(distances, right, cutpoint):
    """The share of True among those chosen."""
    accepted = ~(distances > cutpoint)
    return accepted, np.mean(right[accepted]), np.mean(accepted[right])


# %% edits
PRECISION, RECALL = "(accepted & right).sum() / accepted.sum()", "(accepted & right).sum() / right.sum()"
EDITS = [
    (PRECISION, "np.average(right, weights=accepted)", "right"),
    ("distances <= cutpoint", "np.less_equal(distances, cutpoint).astype(float) == 1", "right"),
    ("distances <= cutpoint", "distances < cutpoint",
     "the digit at exactly the cutpoint is left out. At most means `<=`: the cutpoint itself still counts."),
    ("distances <= cutpoint", "distances > cutpoint",
     "you accept those that are far. A distance says how far away the match is: small is good."),
    ("distances <= cutpoint", "distances >= cutpoint",
     "you accept those that are far, or exactly at the cutpoint. A distance says how far away the match is."),
    ("return accepted, precision, recall", "return accepted, recall, precision",
     "the two are exchanged. Precision divides by what was accepted, recall by what is right."),
    (PRECISION, "(accepted & right).sum() / len(right)",
     "your precision is the share of *all* digits that are accepted and right. Precision looks at the accepted alone."),
    (RECALL, "(accepted & right).sum() / len(right)",
     "your recall is the share of *all* digits that are accepted and right. Recall looks at the right ones alone."),
    (RECALL, "accepted.mean()",
     "your recall is the share of all digits that are accepted. Recall looks at the right ones alone."),
    (PRECISION, "(accepted == right).mean()",
     "your precision is the accuracy: it counts the wrong ones that were refused, too."),
    (PRECISION, "right.mean()", "your precision does not look at what was accepted: it is the share of right ones "
     "among all."),
    (RECALL, "accepted.sum() / right.sum()",
     "your recall counts everything accepted, right or wrong. Count the accepted that are *right*."),
    ("(accepted & right).sum() / accepted.sum()", "(accepted & right).sum()",
     "your precision is a number of digits, and a share is asked for."),
    ("accepted & right", "accepted | right", "`|` is *or*: accepted or right. Both at once are wanted: `&`."),
    ("return accepted, precision, recall", "return accepted.sum(), precision, recall", "...must have the shape"),
    ("distances <= cutpoint", "distances <= 0.30", "...is right"),
    ("distances <= cutpoint", "distances.round(2) <= cutpoint", "...is right"),
    ("return accepted, precision, recall", "return accepted, 6 / 7, 6 / 8", "...is right"),
]  # fmt: skip

# %% hint [markdown]
# Comparing an array with a number gives an array of True and False: `distances <= cutpoint`.

# %% hint [markdown]
# `accepted & right` is true where both are. `.sum()` of True and False counts the True. Precision and recall
# have that same count on top, and differ below.

# %% check
import numpy as np

import simlib
from judging import mnist, reference


def check(scores):
    distances = np.array([0.05, 0.08, 0.11, 0.14, 0.20, 0.26, 0.30, 0.41, 0.55, 0.80])
    right = np.array([True, True, True, True, True, False, True, True, True, False])
    cases = {f"for the ten digits and the cutpoint {c:.2f}": (distances, right, c) for c in (0.30, 0.60)}
    rng = np.random.default_rng(0)
    for n in (12, 50):
        cases[f"for {n} other digits"] = (rng.integers(1, 9, n) / 8, rng.random(n) < 0.6, 0.5)
    near = 0.3 + np.array([1e-3, 0, -1e-3, 2e-3, -0.2, 0.2])
    cases["where distances lie close to the cutpoint"] = (near, np.array([1, 0, 1, 0, 1, 1], bool), 0.3)
    compare("scores", scores, cases)
    _, embedded, index, _ = reference()
    found = simlib.calibrate(index.lookup(embedded.test, k=1), mnist().test.y)
    return (
        "6 of the 7 accepted are right, and 6 of the 8 right ones are accepted. Move the cutpoint out, and "
        "recall can only rise, as what was accepted stays so. Precision has no such rule: each further digit "
        "lifts it a little or drops it. These are the curves of 1,000 real digits.",
        lambda: simlib.plots.metric_curves(found, ("precision", "recall")),
    )
