# %% about
level, minutes, notebook = "fill a line", 5, "01_train"
learn = "which pairs of a batch pull, and which push"

# %% [markdown]
# # Which pairs pull, and which push?
#
# A similarity model learns from **pairs**. Two digits of one class should come nearer to each other: a
# *positive* pair. Two digits of different classes should part: a *negative* pair. Here are the classes of six
# digits. Count on paper: how many positive pairs do they make, and how many negative ones?

# %%
import numpy as np

labels = np.array([3, 8, 3, 3, 8, 5])
print(labels[:, None] == labels[None, :])  # row i, column j: have i and j one label?

# %% [markdown]
# Fill in the two lines. Both are arrays of True and False of shape (n, n): is (i, j) such a pair? An example
# and itself are no pair.


# %% starter
def pairs(labels):
    """Which (i, j) are positive pairs, and which are negative ones: two arrays (n, n)."""
    same = labels[:, None] == labels[None, :]
    positive = ...
    negative = ...
    return positive, negative


# %%
check(pairs)


# %% solution
def pairs(labels):
    """Which (i, j) are positive pairs, and which are negative ones: two arrays (n, n)."""
    same = labels[:, None] == labels[None, :]
    positive = same & ~np.eye(len(labels), dtype=bool)
    negative = ~same
    return positive, negative


# %% alternative
def pairs(labels):
    """Take the diagonal out in place, and hand back zeros and ones."""
    same = labels[:, None] == labels[None, :]
    positive = same.copy()
    np.fill_diagonal(positive, False)
    return positive.astype(int), 1 - same


# %% alternative
def pairs(labels):
    """Two loops, and lists."""
    n = len(labels)
    positive = [[i != j and bool(labels[i] == labels[j]) for j in range(n)] for i in range(n)]
    return [positive, [[bool(labels[i] != labels[j]) for j in range(n)] for i in range(n)]]


# %% edits
SELF = (
    "you count each example as a pair with itself: the diagonal. It is at distance 0 from itself whatever "
    "the model does, so there is nothing to learn from it."
)
EDITS = [
    (
        "labels[:, None] == labels[None, :]",
        "np.isclose(labels[:, None], labels, 0.2)",
        "...class ids that are large",
    ),
    (
        "~np.eye(len(labels), dtype=bool)",
        "(np.arange(len(labels))[:, None] != np.arange(len(labels)))",
        "right",
    ),
    ("negative = ~same", "negative = labels[None] != labels[:, None]", "right"),
    ("same & ~np.eye(len(labels), dtype=bool)", "same ^ np.eye(len(labels), dtype=bool)", "right"),
    ("same & ~np.eye(len(labels), dtype=bool)", "same", SELF),
    (
        "negative = ~same",
        "negative = ~positive",
        "your negative pairs hold the diagonal: what is not positive is not always negative, as an example "
        "and itself are no pair at all.",
    ),
    ("return positive, negative", "return negative, positive", "you return the two in the other order."),
    ("same & ~np", "same | ~np", "`|` is *or*: you call every two different examples a positive pair."),
    (
        "same & ~np.eye(len(labels), dtype=bool)",
        "np.triu(same, 1)",
        "you count each positive pair once, above the diagonal. (i, j) and (j, i) both are asked for: each "
        "of the two is an anchor in its turn.",
    ),
    ("labels[:, None] == labels[None, :]", "abs(labels[:, None] - labels[None, :]) <= 1", "...is right"),
    (
        "same & ~np.eye(len(labels), dtype=bool)",
        "np.tril(same, -1)",
        "...is right",
    ),
    (
        "labels[:, None] == labels[None, :]",
        "labels.astype(np.int8)[:, None] == labels.astype(np.int8)",
        "...is right",
    ),
    ("labels[:, None] == labels[None, :]", "labels == labels", "...is right"),
    ("negative = ~same", "negative = same", "...is right"),
    ("& ~np.eye", "& np.eye", "...is right"),
    ("return positive, negative", "return positive", "...must return 2 values"),
    ("return positive, negative", "return positive.sum(), negative.sum()", "...must have the shape"),
    ("len(labels), dtype", "6, dtype", "...stopped with an error"),
    (
        "return positive, negative",
        "return np.nonzero(positive), np.nonzero(negative)",
        "...must have the shape",
    ),
]

# %% hint [markdown]
# `same` is true for two digits of one class, and on the diagonal as well. `~` turns True and False round, and
# `&` is true where both are.

# %% hint [markdown]
# `np.eye(n, dtype=bool)` is true on the diagonal alone. Take that out of `same`. Of the negative pairs, none
# lies on the diagonal anyway.

# %% check
import matplotlib.pyplot as plt
import numpy as np


def check(pairs):
    rng = np.random.default_rng(0)
    cases = {f"for the labels {y.tolist()}": (y,) for y in (np.array([3, 8, 3, 3, 8, 5]), np.array([7, 7]))}
    cases |= {f"for {n} labels": (rng.integers(0, 4, n) * step,) for n, step in ((1, 10), (9, 1), (30, 10))}
    cases["for class ids that are large"] = (np.array([1000, 744, 70_000, 1000, 1001]),)
    compare("pairs", pairs, cases)
    batch = np.repeat(np.arange(6), 6)
    same = batch[:, None] == batch
    return (
        f"A batch of 6 classes with 6 examples each holds {(same.sum() - 36) // 2} positive pairs and "
        f"{(~same).sum() // 2} negative ones. Each pair counts twice in your arrays, once for each of its two "
        "as the *anchor*. The next exercise draws such batches, and the last one of this chapter adds up what "
        "these pairs cost.",
        lambda: picture(same),
    )


def picture(positive):
    figure, ax = plt.subplots(figsize=(3.2, 3.2), layout="constrained")
    itself = np.eye(len(positive), dtype=bool)
    ax.imshow(np.where(itself, 0.0, np.where(positive, 1.0, 0.3)), cmap="gray_r", vmin=0, vmax=1)
    ax.set(title="positive (dark) and negative pairs", xlabel="6 classes x 6 examples", xticks=[], yticks=[])
    return figure
