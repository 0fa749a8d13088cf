# %% about
level, minutes, notebook = "design it", 20, "01_train"
learn = "what augmentation may change, and what it must not"

# %% [markdown]
# # Few digits, drawn anew
#
# Suppose you have only **20 examples** of each of six digits. A model learns those 120 by heart. But a digit
# that is moved a little is still that digit: each batch can show it differently. That is augmentation. First
# the model without it (some seconds):

# %%
import keras
import numpy as np

import simlib

(x, y), _, (x_test, y_test) = simlib.load_mnist()
x_few, y_few = simlib.select_examples(x, y, [2, 3, 1, 7, 9, 6], n=20)


def unseen_accuracy(augment):
    """Train a small model on x_few; the share right of the test digits 8, 5, 0, 4, which it never saw."""
    keras.utils.set_random_seed(0)
    layers = keras.layers
    image = keras.Input((28, 28))
    h = layers.Rescaling(1 / 255)(layers.Reshape((28, 28, 1))(image))
    for filters in (16, 32):
        h = layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu")(h)
    model = simlib.SimilarityModel(image, simlib.MetricEmbedding(32)(layers.Flatten()(h)))
    model.compile(keras.optimizers.Adam(2e-3), simlib.MultiSimilarityLoss(), jit_compile=False)
    batches = simlib.ClassBalancedSampler(x_few, y_few, 6, 6, steps_per_epoch=120, augment=augment)
    model.fit(batches, verbose=0)
    model.index(*simlib.select_examples(x, y, n=20))
    new = np.isin(y_test, [8, 5, 0, 4])
    return (model.lookup(x_test[new], k=1).labels[:, 0] == y_test[new]).mean()


print("without augmentation:", unseen_accuracy(None).round(2))

# %% [markdown]
# Write `augment(images, rng)`: it gets a batch (n, 28, 28) and returns one of the same shape in which every
# digit looks a little different, each time anew. All randomness comes from `rng`. The check trains with it
# (for up to half a minute) and asks for **0.61** on the unseen digits. You may not use `simlib.augment`: make
# your own.


# %% starter
def augment(images, rng):
    """The same digits, each drawn a little differently: (n, 28, 28)."""
    return ...


# %%
check(augment, unseen_accuracy)


# %% solution
def augment(images, rng):
    """Each digit moved by up to three pixels, sideways and up or down."""
    moves = rng.integers(-3, 4, size=(len(images), 2))
    return np.stack([np.roll(image, move, axis=(0, 1)) for image, move in zip(images, moves)])


# %% alternative
def augment(images, rng):
    """Cut each digit out of a wider picture, at a place of its own, and slant it."""
    wide = np.pad(images, ((0, 0), (3, 3), (3, 3)))
    out = np.zeros_like(images)
    for i in range(len(images)):
        top, left = rng.integers(0, 7, 2)
        slant = rng.uniform(-0.2, 0.2)
        for row in range(28):
            side = int(np.clip(left + round(slant * (row - 14)), 0, 6))
            out[i, row] = wide[i, top + row, side : side + 28]
    return out


# %% wrong expects="mirrored"
def augment(images, rng):
    flip = rng.random((len(images), 1, 1)) < 0.5
    return np.where(flip, images[:, :, ::-1], images)


# %% wrong expects="gives back what it got"
def augment(images, rng):
    rng.shuffle(images.copy())
    return images


# %% wrong expects="the same way each time"
def augment(images, rng):
    rng = np.random.default_rng(0)
    moves = rng.integers(-3, 4, size=(len(images), 2))
    return np.stack([np.roll(image, move, axis=(0, 1)) for image, move in zip(images, moves)])


# %% wrong expects="in another order"
def augment(images, rng):
    moves = rng.integers(-3, 4, size=(len(images), 2))
    moved = np.stack([np.roll(image, move, axis=(0, 1)) for image, move in zip(images, moves)])
    return rng.permutation(moved)


# %% wrong expects="0.61 was asked for"
def augment(images, rng):
    return images + rng.normal(0, 20, images.shape)


# %% hint [markdown]
# What may happen to a digit so that you still call it by its name? Moved, slanted, turned a little, thicker.
# What may not? A mirrored 2 is no 2.

# %% hint [markdown]
# Moving is the simplest: `np.roll(image, (down, right), axis=(0, 1))`. The rim of a digit is empty, so what
# leaves on one side does no harm on the other.

# %% hint [markdown]
# Draw all moves at once, `rng.integers(-3, 4, size=(len(images), 2))`, and join the moved digits again with
# `np.stack`.

# %% check
import numpy as np

import simlib
from judging import array, ask, expect, number


def check(augment, unseen_accuracy):
    x, y = simlib.load_mnist().calibration
    x, y = simlib.select_examples(x, y, n=2)
    first, second = (changed(augment, x, np.random.default_rng(seed)) for seed in (1, 2))
    shown = np.concatenate([x[::2], first[::2], second[::2]])

    def figure():
        return simlib.plots.image_grid(shown, title="ten digits, and what your function makes of them, twice")

    expect(
        not np.array_equal(first, x),
        "your function gives back what it got: no image has changed. Return the changed batch.",
    )
    expect(
        not np.array_equal(first, second),
        "your function changes the digits the same way each time. Draw from the `rng` that is handed in.",
        figure,
    )
    flipped = x[:, :, ::-1], x[:, ::-1, :]
    mirrored = max(sum(np.array_equal(a, b) for a, b in zip(first, f)) for f in flipped)
    expect(
        mirrored < 3,
        "some digits come out mirrored. A mirrored 2 or 7 is no digit at all: the model learns to call two "
        "different shapes the same, and its accuracy *falls*. (For photos of cats, mirroring is fine.)",
        figure,
    )
    blank = changed(augment, np.zeros_like(x), np.random.default_rng(3)).std() < 1
    ink = np.abs(first.sum(axis=(1, 2)) / x.sum(axis=(1, 2)) - 1)
    expect(
        not (blank and np.median(ink) > 0.15 and in_another_order(x, first)),
        "the digits come out in another order, so image and label no longer belong together. Image i must "
        "stay digit i.",
        figure,
    )
    found = number("the accuracy", ask(unseen_accuracy, augment, seconds=120))
    expect(
        found >= 0.61,
        f"with your augmentation, {found:.2f} of the unseen digits are right, and 0.61 was asked for. Are "
        "the changes such as another hand would make: moved, slanted, turned?",
        figure,
    )
    return (
        f"With the same 120 digits, {found:.2f} of the unseen digits are right. You told the model what does "
        "*not* make a digit: its place. `simlib.augment` also turns, zooms, slants and bends. An "
        "augmentation is a statement about your data, so look at the pictures: would you still read each "
        "of them?",
        figure(),
    )


def changed(augment, x, rng):
    """What augment makes of x (uint8), as an array of the same shape."""
    return array("the batch", ask(augment, x, rng), x.shape)


def in_another_order(x, changed):
    """Whether fewer than half of the images have kept the ink that they had."""
    before, after = x.sum(axis=(1, 2), dtype=float), changed.sum(axis=(1, 2), dtype=float)
    return (np.abs(after / before - 1) < 0.05).mean() < 0.5
