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
# 2. Mend it: name a `loss` from `simlib` and a `learning_rate` with which a training does not collapse. Try
#    them as above, with `train(loss, learning_rate)`; the check trains once more. (A smaller learning rate
#    alone does not do it here: the loss itself leads into the trap.)


# %% starter
def spread(embeddings):
    """The mean cosine distance of all pairs of different rows; rows have length 1."""
    return ...


loss = ...
learning_rate = ...

# %%
check(spread, loss, learning_rate)


# %% solution
def spread(embeddings):
    """The mean cosine distance of all pairs of different rows; rows have length 1."""
    n = len(embeddings)
    distances = 1 - embeddings @ embeddings.T
    return distances.sum() / (n * (n - 1))  # the diagonal adds 0


loss = simlib.MultiSimilarityLoss()
learning_rate = 0.003


# %% alternative
def spread(embeddings):
    """From the length of the mean vector: the sum over all pairs is its square."""
    n = len(embeddings)
    total = np.sum(np.asarray(embeddings, float).sum(axis=0) ** 2)
    return 1 - (total - n) / (n * (n - 1))


loss = simlib.ContrastiveLoss()
learning_rate = 0.01


# %% edits
ITSELF = (
    "your spread counts each embedding with itself, at distance 0. In a small set that is a large part of "
    "all pairs."
)
TWICE = (
    "your spread is twice as large as it should be. Is it the squared Euclidean distance? That is twice the cosine one. Or do "
    "you divide by half of the pairs? Both (i, j) and (j, i) stand in the array: n (n - 1)."
)
MEAN = "distances.sum() / (n * (n - 1))"
EDITS = [
    (MEAN, "distances[np.triu_indices(n, 1)].mean()", "right"),
    (MEAN, "[distances.sum() / (n * (n - 1))]", "right"),
    (MEAN, "keras.ops.convert_to_tensor(distances.sum() / (n * (n - 1)))", "right"),
    ("0.003", "keras.optimizers.schedules.PolynomialDecay(0.003, 100)", "right"),
    (MEAN, "distances[distances > 1e-9].mean()", "...NaN"),
    (MEAN, "distances.mean()", ITSELF),
    (MEAN, "1 - distances.sum() / (n * (n - 1))",
     "your spread is the mean similarity. The distance is 1 minus the cosine."),
    ("1 - embeddings @ embeddings.T", "embeddings @ embeddings.T", "...is right"),
    (MEAN, "distances.sum() / (n * (n - 1) / 2)", TWICE),
    ("distances = 1 - embeddings @ embeddings.T",
     "distances = ((embeddings[:, None] - embeddings[None]) ** 2).sum(axis=2)", TWICE),
    (MEAN, "distances.sum()", "your spread is the sum over all pairs, and their mean is asked for."),
    (MEAN, "distances.max()", "your spread is the largest distance of all, and the mean is asked for."),
    (MEAN, "distances.sum() / (400 * 399)", "...is right"),
    (MEAN, "np.median(distances[np.triu_indices(n, 1)])", "...is right"),
    (MEAN, "distances", "...must be a single number"),
    (MEAN, "1 - collapsed.mean(0) @ collapsed.mean(0)", "...is right"),
    ("simlib.MultiSimilarityLoss()", "simlib.TripletLoss(margin=0.2)", "...collapsed, too"),
    ("0.003", "0.0", "...nothing was learned"),
    ("simlib.MultiSimilarityLoss()", "'multi_similarity'", "...one of simlib's losses, such as"),
    ("simlib.MultiSimilarityLoss()", "simlib.MultiSimilarityLoss", "...one of simlib's losses, such as"),
    ("simlib.MultiSimilarityLoss()", "np.eye(10)[y_new]", "...one of simlib's losses, such as"),
    ("0.003", "'0.003'", "...the learning rate must hold numbers"),
]  # fmt: skip

# %% hint [markdown]
# `embeddings @ embeddings.T` holds the cosines of all pairs, as the rows have length 1. The distance is 1
# minus the cosine.

# %% hint [markdown]
# Of the n · n entries, the n on the diagonal are each embedding with itself, at distance 0. Divide the sum of
# the distances by the number of the others: n (n - 1).

# %% hint [markdown]
# The hardest triplet alone decides, and that is what pulls into the trap. A loss that looks at many pairs of
# a batch, such as `simlib.MultiSimilarityLoss()`, has a way out.

# %% check
import json

import keras
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

import simlib
from comparing import number
from judging import Wrong, ask, expect


def check(spread, loss, learning_rate):
    rng, cases = np.random.default_rng(0), {}
    for n in (2, 5, 30):
        e = rng.normal(size=(n, 4)) + 0.5
        cases[f"for {n} embeddings"] = (e / np.linalg.norm(e, axis=1, keepdims=True),)
    point, twins = np.eye(4)[[1, 1, 1, 1]], np.eye(4)[[0, 0, 0, 2, 2, 3]]
    cases["for four embeddings at one point"] = (point,)
    cases["for embeddings of which some are equal"] = (twins,)
    compare("spread", spread, cases, name="the spread")
    expect(
        isinstance(loss, keras.losses.Loss),
        "`loss` must be one of simlib's losses, such as `loss = simlib.CircleLoss()`, with its brackets; "
        f"it is {loss!r}.",
    )
    planned = isinstance(learning_rate, keras.optimizers.schedules.LearningRateSchedule)
    rate = learning_rate if planned else number("the learning rate", learning_rate)
    try:
        embeddings = trained(loss, rate)
    except Wrong as wrong:
        raise Wrong(f"a training with your loss and your learning rate fails: {wrong.why}") from wrong
    y = load_digits().target[1000:1400]
    same_class, apart = y[:, None] == y[None, :], ~np.eye(400, dtype=bool)
    distances = 1 - embeddings @ embeddings.T
    near, far = distances[same_class & apart].mean(), distances[~same_class].mean()
    told = f"the mean distance is {near:.4f} within a class and {far:.4f} between classes. "

    def draw():
        return histogram(distances[same_class & apart], distances[~same_class])

    expect(
        far > 0.2,
        told + "That run has collapsed, too: all digits lie at nearly one point. Try a loss that looks at "
        "more pairs than the hardest.",
        draw,
    )
    expect(
        near < far / 3,
        told + "So nothing was learned: digits of one class lie nearly as far apart as those of two.",
        draw,
    )
    return (
        f"Within a class the mean distance is now {near:.2f}, and between classes {far:.2f}. A triplet "
        "loss that rests at its margin is the best-known sign of a collapse: furthest and nearest are both "
        "0, so 0 + margin is left. (A loss without any negative pair collapses too, and shows a loss of 0: "
        "a perfect curve for a useless model.) So watch distances while you train, not the loss alone: "
        "`compile(..., metrics=simlib.pair_distances())`.",
        draw,
    )


KNOWN = {}  # what was trained already, so that a check repeated is quick


def trained(loss, rate):
    """The embeddings after the notebook's own training."""
    key = json.dumps([keras.saving.serialize_keras_object(part) for part in (loss, rate)], default=str)
    if key not in KNOWN:
        KNOWN[key] = ask(given(1)["train"], loss, rate, seconds=120)[0]
    return KNOWN[key]


def histogram(within, between):
    figure, ax = plt.subplots(figsize=(6.4, 3.0), layout="constrained")
    bins = np.linspace(0, 2, 60)
    ax.hist(within, bins, density=True, alpha=0.6, color=simlib.plots.SAME, label="one class")
    ax.hist(between, bins, density=True, alpha=0.6, color=simlib.plots.DIFFERENT, label="two classes")
    ax.set(xlabel="cosine distance of two new digits", ylabel="how often", yticks=[])
    ax.legend(frameon=False)
    return figure
