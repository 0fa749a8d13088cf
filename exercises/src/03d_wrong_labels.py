# %% about
level, minutes, notebook = "design it", 20, "03_lookup"
learn = "to find wrong labels with the neighbours' help"

# %% [markdown]
# # Who is labelled wrongly?
#
# Somebody typed 400 labels by hand, and 24 of them are wrong. Nobody knows which. The embeddings were made
# without the labels: can the neighbours tell?

# %%
import keras
import numpy as np

import simlib

model = keras.models.load_model("../notebooks/models/digits.keras")
(x, y), _, _ = simlib.load_mnist()
x, truth = simlib.select_examples(x, y, n=40)
embeddings = model.embed(x)

rng = np.random.default_rng(4)
planted = rng.choice(len(truth), 24, replace=False)
labels = truth.copy()
labels[planted] = (truth[planted] + rng.integers(1, 10, 24)) % 10
figure = simlib.plots.image_grid(x[planted[:10]], labels[planted[:10]], title="ten of the wrong labels")

# %% [markdown]
# Write a function that returns the *positions* of the items which it suspects. The check plants other wrong
# labels, among digits that the model has never seen. Find at least 80% of them, and let no more than half of
# your suspects be innocent. How you decide is up to you: a vote, a distance, several neighbours?


# %% starter
def suspects(embeddings, labels):
    """Positions of the items whose label is probably wrong."""
    return ...


# %%
check(suspects)


# %% solution
def suspects(embeddings, labels):
    """Suspect an item if hardly any of its nearest others have its label."""
    neighbors = simlib.Index().add(embeddings, labels).lookup(embeddings, k=9)
    itself = neighbors.ids == np.arange(len(labels))[:, None]
    agree = (neighbors.labels == labels[:, None]) & ~itself
    return np.flatnonzero(agree.sum(axis=1) <= 1)


# %% alternative
def suspects(embeddings, labels):
    """Suspect an item if the mean of another class is much nearer than that of its own."""
    classes = np.unique(labels)
    centers = np.array([np.median(embeddings[labels == c], axis=0) for c in classes])
    centers /= np.linalg.norm(centers, axis=1, keepdims=True)
    nearest = classes[np.argmax(embeddings @ centers.T, axis=1)]
    return [i for i in range(len(labels)) if nearest[i] != labels[i]]


# %% wrong expects="themselves"
def suspects(embeddings, labels):
    neighbors = simlib.Index().add(embeddings, labels).lookup(embeddings, k=1)
    return np.flatnonzero(neighbors.labels[:, 0] != labels)


# %% wrong expects="innocent"
def suspects(embeddings, labels):
    neighbors = simlib.Index().add(embeddings, labels).lookup(embeddings, k=9)
    return np.flatnonzero((neighbors.labels != labels[:, None]).any(axis=1))


# %% wrong expects="of the 24 wrong labels"
def suspects(embeddings, labels):
    neighbors = simlib.Index().add(embeddings, labels).lookup(embeddings, k=80)
    return np.flatnonzero((neighbors.labels == labels[:, None]).sum(axis=1) <= 1)


# %% wrong expects="a mask"
def suspects(embeddings, labels):
    neighbors = simlib.Index().add(embeddings, labels).lookup(embeddings, k=9)
    return (neighbors.labels == labels[:, None]).sum(axis=1) <= 2


# %% hint [markdown]
# An item with a wrong label lies among items of another class. Look up each item's neighbours and compare
# their labels with its own.

# %% hint [markdown]
# Each item finds itself first, and agrees with itself. Do not count that one.

# %% hint [markdown]
# Look at, say, 8 others. If 0 or 1 of them have the item's own label, it is suspicious. One disagreeing
# neighbour alone is too little: the wrong label may be the neighbour's.

# %% check
import numpy as np

import simlib
from judging import array, ask, expect, reference


def check(suspects):
    _, splits, embedded = reference()
    found, innocent = 0, 0
    for seed in range(3):
        rows, truth = simlib.select_examples(np.arange(1000), splits.test.y, n=40, seed=seed)
        rng = np.random.default_rng(seed)
        planted = rng.choice(len(truth), 24, replace=False)
        labels = truth.copy()
        labels[planted] = (truth[planted] + rng.integers(1, 10, 24)) % 10
        answer = np.asarray(ask(suspects, embedded.test[rows], labels))
        expect(
            answer.dtype != bool,
            "your answer is a mask of True and False; positions are asked for. `np.flatnonzero(mask)` "
            "gives them.",
        )
        named = np.unique(array("the answer", answer, kind="integer")) if answer.size else np.empty(0, int)
        expect(
            len(named) > 0,
            "nobody is suspected. Did all items meet themselves, and agree? The nearest neighbour of an "
            "indexed item is that item.",
        )
        expect(
            named.ndim == 1 and named.min() >= 0 and named.max() < len(labels),
            f"positions must lie between 0 and {len(labels) - 1}.",
        )
        found += np.isin(planted, named).sum() / 3
        innocent += (~np.isin(named, planted)).sum() / 3
    caught = np.isin(named, planted)
    shown = np.concatenate([named[caught][:10], named[~caught][:10]])
    titles = [f"{labels[i]}, is {truth[i]}" if i in planted else f"{labels[i]}" for i in shown]

    def figure():
        return simlib.plots.image_grid(
            splits.test.x[rows][shown], titles, title="suspects: first the caught, then the innocent"
        )

    told = (
        f"on average you find {found:.1f} of the 24 wrong labels and suspect {innocent:.1f} innocent digits. "
    )
    expect(found >= 0.8 * 24, told + "Find at least 80%: who has few agreeing neighbours?", figure)
    expect(
        innocent <= found,
        told
        + "More than half of the suspects are innocent: one odd neighbour is not enough to suspect a digit.",
        figure,
    )
    return (
        told[0].upper()
        + told[1:]
        + "A person now looks at a handful instead of 400. Look at the innocent, too: "
        "most of them are drawn oddly. Cleaning labels like this often lifts a model more than a larger "
        "network does.",
        figure(),
    )
