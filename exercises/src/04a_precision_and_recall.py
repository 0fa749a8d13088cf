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
# Fill in the three lines. The first is an array of True and False, one for each digit.

# %% starter
accepted = ...
precision = ...
recall = ...

# %%
check(accepted, precision, recall)

# %% solution
accepted = distances <= cutpoint
precision = (accepted & right).sum() / accepted.sum()
recall = (accepted & right).sum() / right.sum()

# %% alternative
accepted = [bool(d <= cutpoint) for d in distances]
precision = np.mean(right[accepted])
recall = sum(a and r for a, r in zip(accepted, right)) / list(right).count(True)

# %% wrong expects="At most means"
accepted = distances < cutpoint
precision = (accepted & right).sum() / accepted.sum()
recall = (accepted & right).sum() / right.sum()

# %% wrong expects="the two are exchanged"
accepted = distances <= cutpoint
precision = (accepted & right).sum() / right.sum()
recall = (accepted & right).sum() / accepted.sum()

# %% wrong expects="share of all ten digits that are accepted and right"
accepted = distances <= cutpoint
precision = (accepted & right).sum() / len(right)
recall = (accepted & right).sum() / right.sum()

# %% wrong expects="share of all ten digits that are accepted."
accepted = distances <= cutpoint
precision = (accepted & right).sum() / accepted.sum()
recall = accepted.mean()

# %% wrong expects="how far away"
accepted = distances > cutpoint
precision = (accepted & right).sum() / accepted.sum()
recall = (accepted & right).sum() / right.sum()

# %% hint [markdown]
# Comparing an array with a number gives an array of True and False: `distances <= cutpoint`.

# %% hint [markdown]
# `accepted & right` is true where both are. `.sum()` of True and False counts the True. Precision and recall
# have that same count on top, and differ below.

# %% check
import numpy as np

import simlib
from judging import array, expect, number, reference

DISTANCES = np.array([0.05, 0.08, 0.11, 0.14, 0.20, 0.26, 0.30, 0.41, 0.55, 0.80])
RIGHT = np.array([True, True, True, True, True, False, True, True, True, False])


def check(accepted, precision, recall):
    accepted = array("accepted", accepted, (10,), kind="bool")
    yes = DISTANCES <= 0.30
    expect(
        not np.array_equal(accepted, DISTANCES < 0.30),
        "the digit at exactly 0.30 is left out. At most means `<=`: the cutpoint itself still counts.",
    )
    expect(
        not np.array_equal(accepted, ~yes),
        "you accept those that are far. A distance says how far away the match is: small is good.",
    )
    expect(np.array_equal(accepted, yes), "accepted should be true for the first seven digits alone.")
    precision, recall = number("precision", precision), number("recall", recall)
    p, r, share = 6 / 7, 6 / 8, 6 / 10
    expect(
        not (near(precision, r) and near(recall, p)),
        "the two are exchanged. Precision divides by what was accepted, recall by what is right.",
    )
    told = "this is the share of all ten digits that are accepted and right. "
    expect(not near(precision, share), told + "Precision looks at the accepted alone.")
    expect(not near(recall, share), told + "Recall looks at the right ones alone.")
    expect(
        not near(recall, 0.7),
        "this recall is the share of all ten digits that are accepted. Recall looks at the right ones alone.",
    )
    expect(near(precision, p), f"a precision of {precision:.3f} is not it. Count: of the accepted, how many?")
    expect(near(recall, r), f"a recall of {recall:.3f} is not it. Count: of the right ones, how many?")
    model, splits, embedded = reference()
    found = model.index_summary().lookup(embedded.test, k=1)
    ax = simlib.plots.metric_curves(simlib.calibrate(found, splits.test.y), ("precision", "recall"))
    return (
        "6 of the 7 accepted are right, and 6 of the 8 right ones are accepted. Move the cutpoint out, and "
        "recall can only rise, as what was accepted stays so. Precision has no such rule: each further digit "
        "lifts it a little or drops it. These are the curves of 1,000 real digits.",
        ax,
    )


def near(a, b):
    return abs(a - b) < 0.006  # 0.86 will do for 6/7
