# %% about
level, minutes, notebook = "write a function", 15, "05_match"
learn = "that precision depends on how many strangers come"

# %% [markdown]
# # One stranger in ten, or nine?
#
# A door opens for eight known digits. Measured with as many strangers as known guests, 97% of those let in were
# known, and got their right name. Now it hangs in a street where **nine of ten** who knock are strangers. Nothing in
# the model has changed, nor the cutpoint. What becomes of the 97%? Guess a number.

# %%
import keras
import numpy as np

import simlib

model = keras.models.load_model("../notebooks/models/digits.keras")
(x, y), _, (x_test, y_test) = simlib.load_mnist()
known = [1, 2, 3, 5, 6, 7, 8, 9]  # 4 and 0 are strangers here
index = simlib.Index().add(model.embed(simlib.select_examples(x, y, known)[0]), np.repeat(known, 20))
near = index.lookup(model.embed(x_test), k=1)
guest = np.isin(y_test, known)
distances = near.distances[guest, 0]  # of the known
right = near.labels[guest, 0] == y_test[guest]  # whether that is their own label
stranger_distances = near.distances[~guest, 0]
print(len(distances), "known,", len(stranger_distances), "strangers")

# %% [markdown]
# Write a function that says what the precision would be if a share `strangers` of all who come were strangers. Let
# a be the share of the known who are accepted (distance at most the cutpoint) *and right*, b the share of the known
# accepted and wrong, and s the share of the strangers who are accepted; an accepted stranger is always wrong. Out of
# all who come, $(1 - \text{strangers}) \cdot a$ are then accepted and right. And how many are accepted at all?


# %% starter
def precision(distances, right, stranger_distances, cutpoint, strangers):
    """The share of right answers among the accepted, if a share `strangers` of all queries are strangers."""
    return ...


# %%
check(precision)


# %% solution
def precision(distances, right, stranger_distances, cutpoint, strangers):
    """The share of right answers among the accepted, if a share `strangers` of all queries are strangers."""
    accepted = distances <= cutpoint
    a = (accepted & right).mean()
    b = (accepted & ~right).mean()
    s = (stranger_distances <= cutpoint).mean()
    return (1 - strangers) * a / ((1 - strangers) * (a + b) + strangers * s)


# %% alternative
def precision(distances, right, stranger_distances, cutpoint, strangers):
    """In odds: how many strangers come in for each of the known."""
    let_in = np.mean(distances <= cutpoint)
    each = strangers / (1 - strangers) * np.mean(stranger_distances <= cutpoint)
    return [np.mean(right[distances <= cutpoint]) * let_in / (let_in + each)]


# %% alternative
def precision(distances, right, stranger_distances, cutpoint, strangers):
    """With weights: each query counts for as many as it stands for."""
    weights = [(1 - strangers) / len(distances)] * len(distances)
    weights += [strangers / len(stranger_distances)] * len(stranger_distances)
    good = list(right) + [False] * len(stranger_distances)
    every = list(distances) + list(stranger_distances)
    accepted = [(w, g) for w, g, d in zip(weights, good, every) if d <= cutpoint]
    return sum(w for w, g in accepted if g) / sum(w for w, _ in accepted)


# %% wrong
def precision(distances, right, stranger_distances, cutpoint, strangers):
    """your answer does not depend on `strangers`: it is the precision with as many strangers as were measured."""
    accepted = (distances <= cutpoint).sum() + (stranger_distances <= cutpoint).sum()
    return ((distances <= cutpoint) & right).sum() / accepted


# %% edits
RESULT = "(1 - strangers) * a / ((1 - strangers) * (a + b) + strangers * s)"
EDITS = [
    (RESULT, "1 / (1 + b / a + strangers * s / ((1 - strangers) * a))", "right"),
    ("b = (accepted & ~right).mean()", "b = accepted.mean() - a", "right"),
    (RESULT, "a / (a + b)", "your answer leaves out the strangers: it is the precision among the known alone."),
    (RESULT, "a / (a + b + s)", "you weigh known and strangers alike, whatever `strangers` is."),
    (RESULT, "(1 - strangers) * a / ((1 - strangers) * a + strangers * s)", "the known who were accepted under a *wrong* "
     "name are accepted, too: b belongs below."),
    (RESULT, "strangers * a / (strangers * (a + b) + (1 - strangers) * s)", "you have the two shares exchanged: "
     "`strangers` is the share of the strangers."),
    (RESULT, "(1 - strangers) * a", "this is the share of *all* who come that are accepted and right. Divide by the share "
     "that is accepted at all."),
    (RESULT, "(1 - strangers) * (a + b) / ((1 - strangers) * (a + b) + strangers * s)", "you count everybody known as "
     "right, and some were accepted under a wrong name."),
    (RESULT, "a / ((1 - strangers) * (a + b) + strangers * s)", "...is right"),
    ("s = (stranger_distances <= cutpoint).mean()", "s = (stranger_distances <= cutpoint).sum()", "...is right"),
    (".mean()", ".sum()", "you use numbers in place of shares: how many of each happened to be measured then counts, too."),
    ("<= cutpoint", "< cutpoint", "you refuse a query exactly at the cutpoint. *At most* means `<=`."),
    ("s = (stranger_distances <= cutpoint).mean()", "s = (stranger_distances > cutpoint).mean()", "your s is the share of "
     "the strangers who are *refused*."),
    ("accepted & right", "right", "your a holds right matches that the cutpoint has refused."),
    (RESULT, "a / (a + b) * (1 - strangers)", "...is right"),
    (RESULT, "1 - strangers * s", "...is right"),
    ("accepted & ~right", "~accepted", "your b is the share of the known who are refused. Those who are accepted and wrong "
     "are asked for."),
    (RESULT, "1 - (1 - strangers) * a / ((1 - strangers) * (a + b) + strangers * s)", "this is the share of *wrong* answers "
     "among the accepted."),
]  # fmt: skip

# %% hint [markdown]
# Three shares first: `accepted = distances <= cutpoint`, then `(accepted & right).mean()` and so on. `.mean()` of
# True and False is a share, so it does not matter how many were measured.

# %% hint [markdown]
# Accepted at all are: of the known, `(1 - strangers) * (a + b)`; of the strangers, `strangers * s`. Divide.

# %% check
import matplotlib.pyplot as plt
import numpy as np

import simlib
from judging import reference


def check(precision):
    rng, cases = np.random.default_rng(0), {}
    for n, m, strangers in ((40, 30, 0.5), (25, 200, 0.9), (300, 10, 0.1), (64, 64, 0.0), (50, 20, 0.75)):
        distances, others = rng.integers(1, 12, n) / 16, rng.integers(6, 17, m) / 16
        right = rng.random(n) < 0.8
        told = f"for {n} known and {m} strangers, of whom {strangers:.0%} will come"
        cases[told] = (distances, right, others, 0.5, strangers)
    compare("precision", precision, cases, name="the precision")
    splits, embedded, *_ = reference()
    known = [1, 2, 3, 5, 6, 7, 8, 9]
    rows, y = simlib.select_examples(np.arange(len(splits.train.y)), splits.train.y, known)
    near = simlib.Index().add(embedded.train[rows], y).lookup(embedded.test, k=1)
    guest = np.isin(splits.test.y, known)
    distances, others = near.distances[guest, 0], near.distances[~guest, 0]
    right = near.labels[guest, 0] == splits.test.y[guest]
    cutpoint = np.quantile(distances, 0.9)
    shares = np.linspace(0, 0.99, 50)
    curve = [
        float(np.asarray(precision(distances, right, others, cutpoint, share)).ravel()[0]) for share in shares
    ]
    told = ", ".join(f"{share:.0%}: {np.interp(share, shares, curve):.3f}" for share in (0.1, 0.5, 0.9, 0.99))
    return (
        f"With a cutpoint that lets in 90% of the known, the precision is, by the share of strangers ({told}). The "
        "model did not change; who comes did. So a precision without its base rate says nothing about your door. "
        "Estimate yours, and calibrate for that: `simlib.open_set` reports known and strangers apart.",
        lambda: picture(shares, curve),
    )


def picture(shares, curve):
    figure, ax = plt.subplots(figsize=(6.4, 3.0), layout="constrained")
    ax.plot(100 * shares, curve, color=simlib.plots.SAME)
    ax.set(xlabel="strangers among all who come, %", ylabel="precision", ylim=(0, 1.02))
    return figure
