# %% about
level, minutes, notebook = "run an experiment", 20, "01_train"
learn = "to cause a collapse, to see it and to mend it"

# %% [markdown]
# # Collapse: cause it, see it, mend it
#
# Here is a training run whose loss comes to rest at **0.2** and never moves again. Is that good? To find out
# quickly we use scikit-learn's 8 × 8 digits and a very small network: a run takes some seconds.

# %%
import keras
import numpy as np
from sklearn.datasets import load_digits

import simlib

x, y = load_digits().images.astype("float32"), load_digits().target
x_new, y_new = x[1000:1400], y[1000:1400]


def train(loss, learning_rate):
    """100 steps on the first 1,000 digits: (embeddings of 400 new digits, what fit recorded)."""
    keras.utils.set_random_seed(0)
    image = keras.Input((8, 8))
    hidden = keras.layers.Dense(128, "relu")(keras.layers.Flatten()(keras.layers.Rescaling(1 / 16)(image)))
    model = simlib.SimilarityModel(image, simlib.MetricEmbedding(16)(hidden))
    model.compile(keras.optimizers.Adam(learning_rate), loss, jit_compile=False)
    batches = simlib.ClassBalancedSampler(x[:1000], y[:1000], 10, 8, steps_per_epoch=10)
    history = model.fit(batches, epochs=10, verbose=0).history
    return model.embed(x_new), history


# %% [markdown]
# The batch-hard triplet loss takes, for each digit, the *furthest* of its class and the *nearest* of any
# other class, and asks that the first be nearer by a margin of 0.2: `max(0, 0.2 + furthest - nearest)`. What
# does it give if the network sends **every** picture to one and the same point?

# %%
collapsed, history = train(simlib.TripletLoss(margin=0.2), learning_rate=0.1)
ax = simlib.plots.training_curve(history)

# %% [markdown]
# The trap: at the start, the furthest of one class is further than the nearest of another. The quickest way
# down from there is to pull *everything* together, and at one point there is no slope left that leads out.
#
# 1. Write `spread`: the mean cosine distance between two *different* embeddings, one number. It tells a
#    collapse at once, without labels.
# 2. Train again so that it does not collapse: another loss from `simlib`, another learning rate, or both.


# %% starter
def spread(embeddings):
    """The mean cosine distance of all pairs of different rows; rows have length 1."""
    return ...


mended = ...  # then: mended, history = train(a loss, a learning rate)

# %%
check(spread, mended)


# %% solution
def spread(embeddings):
    """The mean cosine distance of all pairs of different rows; rows have length 1."""
    n = len(embeddings)
    distances = 1 - embeddings @ embeddings.T
    return distances.sum() / (n * (n - 1))  # the diagonal adds 0


mended, history = train(simlib.MultiSimilarityLoss(), learning_rate=0.003)


# %% alternative
def spread(embeddings):
    """From the length of the mean vector: the sum over all pairs is its square."""
    n = len(embeddings)
    total = np.sum(np.asarray(embeddings, float).sum(axis=0) ** 2)
    return 1 - (total - n) / (n * (n - 1))


mended = train(simlib.ContrastiveLoss(), learning_rate=0.01)[0]


# %% wrong expects="each embedding with itself"
def spread(embeddings):
    return np.mean(1 - embeddings @ embeddings.T)


mended = collapsed


# %% wrong expects="the mean similarity"
def spread(embeddings):
    n = len(embeddings)
    return (np.sum(embeddings @ embeddings.T) - n) / (n * (n - 1))


mended = collapsed


# %% wrong expects="has collapsed, too"
def spread(embeddings):
    n = len(embeddings)
    return np.sum(1 - embeddings @ embeddings.T) / (n * (n - 1))


mended, history = train(simlib.TripletLoss(), learning_rate=0.3)


# %% wrong expects="lie as far apart as those of two classes"
def spread(embeddings):
    n = len(embeddings)
    return np.sum(1 - embeddings @ embeddings.T) / (n * (n - 1))


mended = np.random.default_rng(0).normal(size=(400, 16))
mended /= np.linalg.norm(mended, axis=1, keepdims=True)


# %% wrong expects="both the embeddings and the history"
def spread(embeddings):
    n = len(embeddings)
    return np.sum(1 - embeddings @ embeddings.T) / (n * (n - 1))


mended = collapsed, history

# %% hint [markdown]
# `embeddings @ embeddings.T` holds the cosines of all pairs, as the rows have length 1. The distance is 1
# minus the cosine.

# %% hint [markdown]
# Of the n · n entries, the n on the diagonal are each embedding with itself, at distance 0. Divide the sum of
# the distances by the number of the others: n (n - 1).

# %% hint [markdown]
# The hardest triplet alone decides, and that is what pulls into the trap. A loss that looks at many pairs of
# a batch, such as `simlib.MultiSimilarityLoss()`, has a way out. A smaller learning rate alone is slow here.

# %% check
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

import simlib
from judging import array, ask, expect, number, same


def check(spread, mended):
    rng = np.random.default_rng(0)
    for n in (2, 5, 30):
        e = rng.normal(size=(n, 4)) + 0.5
        e /= np.linalg.norm(e, axis=1, keepdims=True)
        apart = ~np.eye(n, dtype=bool)
        distances = 1 - e @ e.T
        right = distances[apart].mean()
        mistakes = [
            (
                distances.mean(),
                "your spread counts each embedding with itself, at distance 0. In a small set that is a "
                "large part of all pairs.",
            ),
            (1 - right, "your spread is the mean similarity. The distance is 1 minus the cosine."),
        ]
        same("the spread", number("the spread", ask(spread, e)), right, mistakes)
    expect(
        not isinstance(mended, tuple),
        "`mended` holds both the embeddings and the history. Take them apart: `mended, history = "
        "train(...)`.",
    )
    mended = array("mended", mended)
    expect(mended.ndim == 2 and len(mended) == 400, f"mended has the shape {mended.shape}, not (400, 16).")
    y = load_digits().target[1000:1400]
    same_class, apart = y[:, None] == y[None, :], ~np.eye(400, dtype=bool)
    distances = 1 - mended @ mended.T
    near, far = distances[same_class & apart].mean(), distances[~same_class].mean()
    told = f"the mean distance is {near:.4f} within a class and {far:.4f} between classes. "

    def figure():
        return histogram(distances[same_class & apart], distances[~same_class])

    expect(
        far > 0.2,
        told + "That run has collapsed, too: all digits lie at nearly one point. Try a loss that looks at "
        "more pairs than the hardest.",
        figure,
    )
    expect(
        near < far / 2,
        told + "Nothing is learned: digits of one class lie as far apart as those of two classes.",
        figure,
    )
    return (
        f"Within a class the mean distance is now {near:.2f}, and between classes {far:.2f}. A triplet "
        "loss that rests at its margin is the best-known sign of a collapse: furthest and nearest are both "
        "0, so 0 + margin is left. (A loss without any negative pair collapses too, and shows a loss of 0: "
        "a perfect curve for a useless model.) So watch distances while you train, not the loss alone: "
        "`compile(..., metrics=simlib.pair_distances())`.",
        figure(),
    )


def histogram(within, between):
    figure, ax = plt.subplots(figsize=(6.4, 3.0), layout="constrained")
    bins = np.linspace(0, 2, 60)
    ax.hist(within, bins, density=True, alpha=0.6, color=simlib.plots.SAME, label="one class")
    ax.hist(between, bins, density=True, alpha=0.6, color=simlib.plots.DIFFERENT, label="two classes")
    ax.set(xlabel="cosine distance of two new digits", ylabel="how often", yticks=[])
    ax.legend(frameon=False)
    return figure
