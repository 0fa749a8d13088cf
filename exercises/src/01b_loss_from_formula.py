# %% about
level, minutes, notebook = "write a function", 20, "01_train"
learn = "what the multi-similarity loss adds up"

# %% [markdown]
# # The multi-similarity loss, from its formula
#
# The model of this course learns from one number, the **multi-similarity loss** (Wang et al., CVPR 2019).
# For a batch of n embeddings of length 1, let $S_{ij}$ be the cosine similarity of examples i and j. Then
# the loss is the mean over the anchors i of
#
# $$\frac{1}{\alpha} \log\Big(1 + \sum_{j \in P_i} e^{-\alpha (S_{ij} - \lambda)}\Big)
# + \frac{1}{\beta} \log\Big(1 + \sum_{j \in N_i} e^{\beta (S_{ij} - \lambda)}\Big)$$
#
# where $P_i$ are the *other* examples of i's class, and $N_i$ those of any other class. Before you write it:
# which of the two sums grows when two digits of different classes come near each other?

# %%
import numpy as np

rng = np.random.default_rng(0)
embeddings = rng.normal(size=(6, 4))
embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
labels = np.array([3, 3, 3, 8, 8, 5])
print((embeddings @ embeddings.T).round(2))

# %% [markdown]
# Write the loss with NumPy. The function gets the embeddings (n, d), each row of length 1, and the class ids
# (n,), and returns one number.


# %% starter
def multi_similarity(embeddings, labels, alpha=2.0, beta=40.0, lam=0.5):
    """The multi-similarity loss of a batch, a float."""
    return ...


# %%
check(multi_similarity)


# %% solution
def multi_similarity(embeddings, labels, alpha=2.0, beta=40.0, lam=0.5):
    """The multi-similarity loss of a batch, a float."""
    s = embeddings @ embeddings.T
    same = labels[:, None] == labels[None, :]
    positive = same & ~np.eye(len(labels), dtype=bool)
    pull = np.log(1 + np.sum(np.exp(-alpha * (s - lam)) * positive, axis=1)) / alpha
    push = np.log(1 + np.sum(np.exp(beta * (s - lam)) * ~same, axis=1)) / beta
    return np.mean(pull + push)


# %% alternative
def multi_similarity(embeddings, labels, alpha=2.0, beta=40.0, lam=0.5):
    """One anchor after the other, as the formula reads."""
    total = 0.0
    for i in range(len(labels)):
        pull = push = 1.0
        for j in range(len(labels)):
            s = float(np.dot(embeddings[i], embeddings[j]))
            if labels[i] != labels[j]:
                push += np.exp(beta * (s - lam))
            elif i != j:
                pull += np.exp(-alpha * (s - lam))
        total += np.log(pull) / alpha + np.log(push) / beta
    return total / len(labels)


# %% wrong expects="counts each example as its own positive"
def multi_similarity(embeddings, labels, alpha=2.0, beta=40.0, lam=0.5):
    s = embeddings @ embeddings.T
    same = labels[:, None] == labels[None, :]
    pull = np.log(1 + np.sum(np.exp(-alpha * (s - lam)) * same, axis=1)) / alpha
    push = np.log(1 + np.sum(np.exp(beta * (s - lam)) * ~same, axis=1)) / beta
    return np.mean(pull + push)


# %% wrong expects="lacks the mean over the anchors"
def multi_similarity(embeddings, labels, alpha=2.0, beta=40.0, lam=0.5):
    s = embeddings @ embeddings.T
    same = labels[:, None] == labels[None, :]
    positive = same & ~np.eye(len(labels), dtype=bool)
    pull = np.log(1 + np.sum(np.exp(-alpha * (s - lam)) * positive, axis=1)) / alpha
    push = np.log(1 + np.sum(np.exp(beta * (s - lam)) * ~same, axis=1)) / beta
    return np.sum(pull + push)


# %% wrong expects="has the signs of the two exponents exchanged"
def multi_similarity(embeddings, labels, alpha=2.0, beta=40.0, lam=0.5):
    s = embeddings @ embeddings.T
    same = labels[:, None] == labels[None, :]
    positive = same & ~np.eye(len(labels), dtype=bool)
    pull = np.log(1 + np.sum(np.exp(alpha * (s - lam)) * positive, axis=1)) / alpha
    push = np.log(1 + np.sum(np.exp(-beta * (s - lam)) * ~same, axis=1)) / beta
    return np.mean(pull + push)


# %% wrong expects="leaves out the 1 +"
def multi_similarity(embeddings, labels, alpha=2.0, beta=40.0, lam=0.5):
    s = embeddings @ embeddings.T
    same = labels[:, None] == labels[None, :]
    positive = same & ~np.eye(len(labels), dtype=bool)
    pull = np.log(np.sum(np.exp(-alpha * (s - lam)) * positive, axis=1)) / alpha
    push = np.log(np.sum(np.exp(beta * (s - lam)) * ~same, axis=1)) / beta
    return np.mean(pull + push)


# %% wrong expects="one number for each anchor"
def multi_similarity(embeddings, labels, alpha=2.0, beta=40.0, lam=0.5):
    s = embeddings @ embeddings.T
    same = labels[:, None] == labels[None, :]
    positive = same & ~np.eye(len(labels), dtype=bool)
    pull = np.log(1 + np.sum(np.exp(-alpha * (s - lam)) * positive, axis=1)) / alpha
    return pull + np.log(1 + np.sum(np.exp(beta * (s - lam)) * ~same, axis=1)) / beta


# %% hint [markdown]
# Begin with three arrays of shape (n, n): the similarities, a mask of the positive pairs, and a mask of the
# negative pairs.

# %% hint [markdown]
# `labels[:, None] == labels[None, :]` is true for pairs of one class. It is true on the diagonal, too: take
# that out with `~np.eye(n, dtype=bool)`, as an example is no pair with itself.

# %% hint [markdown]
# `np.sum(np.exp(...) * mask, axis=1)` adds up what the mask lets through, for each anchor (row). Then the
# logarithms, and last the mean.

# %% check
import matplotlib.pyplot as plt
import numpy as np

import simlib
from judging import ask, expect, same


def check(multi_similarity):
    alpha, beta, lam = 2.0, 40.0, 0.5
    rng = np.random.default_rng(1)
    for n, classes in ((8, 3), (12, 4), (5, 1)):  # the last without a negative pair
        e = rng.normal(size=(n, 6))
        e /= np.linalg.norm(e, axis=1, keepdims=True)
        y = np.arange(n) % classes
        answer = ask(multi_similarity, e, y)
        expect(
            np.shape(answer) != (n,),
            "you return one number for each anchor, and the batch needs one: take their mean.",
        )
        loss = simlib.MultiSimilarityLoss(alpha, beta, lam, epsilon=None)
        right = float(loss(y, e.astype(np.float32)))
        if classes > 1:
            same("the loss of a batch", answer, right, mistakes(e, y, alpha, beta, lam))
        same("the loss of a batch without any negative pair", answer, right)
    answer = ask(multi_similarity, e, y, 1.0, 10.0, 0.3)
    right = float(simlib.MultiSimilarityLoss(1.0, 10.0, 0.3, epsilon=None)(y, e.astype(np.float32)))
    same("the loss with alpha = 1, beta = 10 and lam = 0.3", answer, right)
    return (
        "Your number agrees with `simlib.MultiSimilarityLoss` (which takes one step before: it drops the "
        "pairs that are easy already).\n\nLook at the slopes. With beta = 40, a pair of two classes is left "
        "in peace until its similarity comes near lambda; then it is pushed hard. With alpha = 2, a pair of "
        "one class is pulled gently, however near it is. So the two kinds of pairs part near lambda, but not "
        "at one point that you could know in advance: that is why a cutpoint has to be calibrated.",
        slopes(alpha, beta, lam),
    )


def mistakes(e, y, alpha, beta, lam):
    s, equal, itself = e @ e.T, y[:, None] == y[None, :], np.eye(len(y), dtype=bool)

    def by_anchor(positive=equal & ~itself, negative=~equal, sign=1, one=1):
        with np.errstate(divide="ignore"):
            pull = np.log(one + (np.exp(-sign * alpha * (s - lam)) * positive).sum(1)) / alpha
            return pull + np.log(one + (np.exp(sign * beta * (s - lam)) * negative).sum(1)) / beta

    return [
        (
            by_anchor(positive=equal).mean(),
            "your loss counts each example as its own positive: the diagonal of the mask. An example is no "
            "pair with itself: it is at distance 0 whatever the model does, and teaches nothing.",
        ),
        (
            by_anchor().sum(),
            "your loss lacks the mean over the anchors: it is their sum. A batch twice as large would "
            "have twice the loss, and steps twice as long.",
        ),
        (
            by_anchor(sign=-1).mean(),
            "your loss has the signs of the two exponents exchanged. It would be small when classes mix. "
            "Positive pairs must cost more when S is small: exp(-alpha (S - lambda)).",
        ),
        (
            by_anchor(one=0).mean(),
            "your loss leaves out the 1 + inside the logarithms. With it, an anchor whose pairs are all fine "
            "adds almost 0; without it, its loss falls below 0 and goes on falling.",
        ),
        (
            by_anchor(negative=~itself).mean(),
            "your loss counts pairs of one class among the negative ones, too. N holds other classes only.",
        ),
    ]


def slopes(alpha, beta, lam):
    s = np.linspace(-0.2, 1, 200)
    figure, ax = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
    pull, push = 1 / (1 + np.exp(alpha * (s - lam))), 1 / (1 + np.exp(-beta * (s - lam)))
    ax.plot(s, pull, color=simlib.plots.SAME, label="a pair of one class is pulled together")
    ax.plot(s, push, color=simlib.plots.DIFFERENT, ls="dashed", label="a pair of two classes is pushed apart")
    ax.axvline(lam, color=simlib.plots.UNCERTAIN, lw=1)
    ax.set(xlabel="similarity of the pair (the line is lambda)", ylabel="how strongly (slope)")
    ax.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=2)
    return figure
