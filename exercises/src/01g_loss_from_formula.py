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
# where $P_i$ are the *other* examples of i's class, and $N_i$ those of any other class. (The paper, and so
# `simlib.MultiSimilarityLoss()`, first drops the pairs that are easy already, which gives another number. Here
# all pairs count: `epsilon=None`.) Before you write it:
# which of the two sums grows when two digits of different classes come near each other?

# %%
import numpy as np

import simlib

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


# %% alternative
def multi_similarity(embeddings, labels, alpha=2.0, beta=40.0, lam=0.5):
    """simlib's own loss, told not to drop the easy pairs."""
    return simlib.MultiSimilarityLoss(alpha, beta, lam, epsilon=None)(labels, embeddings)


# %% alternative
def multi_similarity(embeddings, labels, alpha=2.0, beta=40.0, lam=0.5):
    """With minus infinity in place of a mask, and log1p."""
    s = embeddings @ embeddings.T
    same = np.equal.outer(labels, labels)
    other = same.copy()
    np.fill_diagonal(other, False)
    pull = np.exp(np.where(other, alpha * (lam - s), -np.inf)).sum(1)
    push = np.exp(np.where(same, -np.inf, beta * (s - lam))).sum(1)
    return [np.average(np.log1p(pull) / alpha + np.log1p(push) / beta)]


# %% wrong
def multi_similarity(embeddings, labels, alpha=2.0, beta=40.0, lam=0.5):
    """your numbers are those of `simlib.MultiSimilarityLoss()`. It takes one step before the formula: it
    drops the pairs that are easy already (`epsilon`). The formula here has all pairs."""
    return float(simlib.MultiSimilarityLoss(alpha, beta, lam)(labels, embeddings))


# %% wrong
def multi_similarity(embeddings, labels, alpha=2.0, beta=40.0, lam=0.5):
    """you leave out pairs that lie at one point. Two examples may be equal: only i = j is no pair."""
    s = embeddings @ embeddings.T
    same = labels[:, None] == labels
    positive = same & (s < 1 - 1e-6)
    pull = np.log1p((np.exp(-alpha * (s - lam)) * positive).sum(axis=1)) / alpha
    return np.mean(pull + np.log1p((np.exp(beta * (s - lam)) * ~same).sum(axis=1)) / beta)


# %% edits
PULL, PUSH = "np.exp(-alpha * (s - lam)) * positive", "np.exp(beta * (s - lam)) * ~same"
EDITS = [
    ("np.mean(pull + push)", "(pull.sum() + push.sum()) / len(labels)", "right"),
    ("positive = same & ~np.eye(len(labels), dtype=bool)", "positive = same",
     "your loss counts each example as its own positive: the diagonal of the mask. An example is no pair with "
     "itself: it is at distance 0 whatever the model does, and teaches nothing."),
    ("np.mean(pull + push)", "np.sum(pull + push)",
     "your loss lacks the mean over the anchors: it is their sum. A batch twice as large would have twice the "
     "loss, and steps twice as long."),
    ("np.mean(pull + push)", "pull + push",
     "you return one number for each anchor, and the batch needs one: take their mean."),
    ("np.mean(pull + push)", "np.mean((pull + push)[positive.any(axis=1)])",
     "you take the mean over those anchors alone that have a positive. The formula has all of them: an example "
     "without a partner is still pushed away from the other classes."),
    ("np.mean(pull + push)", "np.mean((pull + push)[positive.any(axis=1) & ~same.all(axis=1)])",
     "you take the mean over those anchors alone that have both kinds of pairs. The formula has all of them."),
    ("np.mean(pull + push)", "np.mean(pull) * np.mean(push)", "you multiply the two parts, and their sum is asked "
     "for."),
    ("np.mean(pull + push)", "np.mean(pull)", "you leave out the second part, which pushes the classes apart."),
    ("np.mean(pull + push)", "np.mean(push)", "you leave out the first part, which pulls a class together."),
    ("np.exp(-alpha * (s - lam)) * positive, axis=1)) / alpha\n    push = np.log(1 + np.sum(np.exp(beta",
     "np.exp(alpha * (s - lam)) * positive, axis=1)) / alpha\n    push = np.log(1 + np.sum(np.exp(-beta",
     "your loss has the signs of the two exponents exchanged. It would be small when classes mix. Positive "
     "pairs must cost more when S is small: exp(-alpha (S - lambda))."),
    ("np.exp(-alpha", "np.exp(alpha", "the exponent of the positive pairs lacks its minus: a pair far apart would "
     "cost least."),
    ("np.log(1 + ", "np.log(",
     "your loss leaves out the 1 + inside the logarithms. With it, an anchor whose pairs are all fine adds "
     "almost 0; without it, its loss falls below 0 and goes on falling."),
    ("* ~same", "* ~np.eye(len(labels), dtype=bool)",
     "your loss counts pairs of one class among the negative ones, too. N holds other classes only."),
    ("axis=1)) / alpha", "axis=1))", "the first part is not divided by alpha."),
    ("axis=1)) / beta", "axis=1))", "the second part is not divided by beta."),
    ("s = embeddings @ embeddings.T", "s = 1 - embeddings @ embeddings.T",
     "your S is the distance, and the formula wants the similarity: 1 when two are alike."),
    ("np.sum(np.exp", "np.mean(np.exp", "inside the logarithm stands a sum over the pairs, and you take a mean."),
    ("    s =", "    alpha, beta, lam = 2.0, 40.0, 0.5\n    s =", "...with alpha = 1"),
    ("-alpha * (s - lam)", "-alpha * s", "the exponent of the positive pairs lacks lambda."),
    ("np.log(1", "np.log10(1", "your logarithm has the base 10. The formula means the natural one, `np.log`."),
]  # fmt: skip

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


def check(multi_similarity):
    rng, cases = np.random.default_rng(1), {}
    for n, classes in ((8, 3), (12, 4), (5, 1), (7, 7), (9, 6)):  # also without a negative or a positive pair
        e = rng.normal(size=(n, 6)).astype(np.float32)
        e /= np.linalg.norm(e, axis=1, keepdims=True)
        y = rng.permutation(np.arange(n) % classes)
        cases[f"for {n} examples of {classes} classes"] = (e, y)
    cases["with alpha = 1, beta = 10 and lam = 0.3"] = (e, y, 1.0, 10.0, 0.3)
    twins, y = e[[0, 1, 2, 0, 1, 3]], np.array([4, 7, 4, 4, 2, 7])  # 0 has a twin in its class, 1 in another
    cases["where examples have a twin"] = (twins, y)
    compare("multi_similarity", multi_similarity, cases, name="the loss of the batch")
    return (
        "Your number agrees with `simlib.MultiSimilarityLoss(epsilon=None)`. (Without that argument, it takes "
        "one step before: it drops the pairs that are easy already, and gives another number.)\n\n"
        "Look at the slopes. With beta = 40, a pair of two classes is left in peace until its similarity comes "
        "near lambda; then it is pushed hard. With alpha = 2, a pair of one class is pulled gently, however "
        "near it is. So the two kinds of pairs part near lambda, but not at one point that you could know in "
        "advance: that is why a cutpoint has to be calibrated.",
        lambda: slopes(2.0, 40.0, 0.5),
    )


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
