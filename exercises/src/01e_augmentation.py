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


# %%
print("without augmentation:", unseen_accuracy(None).round(2))

# %% [markdown]
# Write `augment(images, rng)`: it gets a batch (n, 28, 28) and returns one of the same shape in which every
# digit looks a little different, each time anew. All randomness comes from `rng`. The check trains with it
# (for some seconds) and asks for **0.61** on the unseen digits. `simlib.augment` does such things, too: make
# one of your own.


# %% starter
def augment(images, rng):
    """The same digits, each drawn a little differently: (n, 28, 28)."""
    return ...


# %%
check(augment)


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


# %% alternative
def augment(images, rng):
    """Move and thicken: a list of pictures, as floats."""
    out = []
    for image in images.astype(float):
        down, right = rng.integers(-3, 4, 2)
        moved = np.roll(image, (down, right), axis=(0, 1))
        if rng.random() < 0.3:
            moved = np.maximum(moved, np.roll(moved, 1, axis=1))
        out.append(moved)
    return out


# %% alternative
def augment(images, rng):
    """With SciPy: by parts of a pixel."""
    from scipy import ndimage

    return [ndimage.shift(image.astype(float), rng.uniform(-3, 3, 2), order=1) for image in images]


# %% alternative
def augment(images, rng):
    """In place, one after the other."""
    moves = rng.integers(-3, 4, size=(len(images), 2))
    for i, (down, right) in enumerate(moves.tolist()):
        images[i] = np.roll(np.roll(images[i], down, axis=0), right, axis=1)
    return images


# %% wrong expects="depends on the others in the batch"
def augment(images, rng):
    """Moved, and mixed with another digit of the batch."""
    moves = rng.integers(-3, 4, size=(len(images), 2))
    moved = np.stack([np.roll(image, move, axis=(0, 1)) for image, move in zip(images, moves)])
    return 0.5 * moved + 0.5 * rng.permutation(moved)


# %% wrong expects="mirrored"
def augment(images, rng):
    """Mirrored, and moved as well."""
    moves = rng.integers(-3, 4, size=(len(images), 2))
    moved = np.stack([np.roll(image, move, axis=(0, 1)) for image, move in zip(images, moves)])
    return np.where(rng.random((len(images), 1, 1)) < 0.5, moved[:, :, ::-1], moved)


# %% wrong expects="mirrored"
def augment(images, rng):
    """Upside down: some of them."""
    return np.where(rng.random((len(images), 1, 1)) < 0.5, images[:, ::-1], images)


# %% wrong expects="turned by a half or a quarter"
def augment(images, rng):
    """Quarter turns: a 6 becomes a 9."""
    return np.stack([np.rot90(image, rng.integers(4)) for image in images])


# %% wrong expects="simlib's own"
def augment(images, rng):
    """Somebody else's work."""
    from simlib.embedding.augment import distort

    return distort(images, rng, degrees=10)


# %% wrong expects="stopped with an error"
def augment(images, rng):
    """Only some of them come back."""
    return np.roll(images, rng.integers(-3, 4, size=2), axis=(1, 3))


# %% edits
MOVES = "rng.integers(-3, 4, size=(len(images), 2))"
EDITS = [
    (MOVES, "[rng.integers(-3, 4, 2)] * len(images)", "...every digit of a batch the same way"),
    (MOVES, "np.zeros((len(images), 2), int)", "...gives back what it got"),
    (MOVES, "np.random.default_rng(0).integers(-3, 4, size=(len(images), 2))", "...the same way each time"),
    (MOVES, "np.random.randint(-3, 4, size=(len(images), 2))", "...the same seed"),
    (MOVES, "np.random.default_rng().integers(-3, 4, size=(len(images), 2))", "...the same seed"),
    ("    return np.stack", "    images = rng.permutation(images)\n    return np.stack", "...in another order"),
    ("zip(images, moves)", "zip(images[::-1], moves)", "...in another order"),
    ("zip(images, moves)", "zip([images[0]] * len(images), moves)", "...depends on the others in the batch"),
    ("zip(images, moves)", "zip([images[-1]] * len(images), moves)", "...depends on the others in the batch"),
    ("for image, move in zip(images, moves)])", "for image, move in zip(images, moves)]) / 255", "...times the ink"),
    ("zip(images, moves)", "zip(images[1:], moves)", "...must have the shape"),
    ("axis=(0, 1)) for", "axis=(0, 1)).ravel() for", "...must have the shape"),
    ("np.roll(image, move, axis=(0, 1))", "image * rng.uniform(0.6, 1)", "...asked for"),  # brightness: in order
    ("np.roll(image, move, axis=(0, 1))", "image + rng.normal(0, 20, image.shape)", "...asked for"),
]  # fmt: skip

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
import threading

import numpy as np

import simlib
from comparing import array, number
from judging import ask, expect, mnist
from simlib.embedding.augment import distort

WANTED = 0.61


def check(augment):
    x = simlib.select_examples(*mnist().calibration, n=2)[0]
    first, again, second, *others = (changed(augment, x, seed) for seed in (2, 2, 3, 4, 5, 6, 7))
    shown = np.concatenate([x[::2], first[::2], second[::2]])

    def draw():
        return simlib.plots.image_grid(shown, title="ten digits, and what your function makes of them, twice")

    expect(
        not all(np.allclose(some, x) for some in (first, second, *others)),  # one draw may be "no move"
        "your function gives back what it got: no image has changed. Return the changed batch.",
    )
    expect(
        np.allclose(first, again),
        "asked a second time with the same seed, your function makes other pictures. All randomness must "
        "come from `rng`: neither from `np.random` nor from `random`, or nobody can repeat your experiment.",
    )
    expect(
        not all(np.allclose(first, some) for some in (second, *others)),
        "your function changes the digits the same way each time. Draw from the `rng` that is handed in.",
        draw,
    )
    copies = changed(augment, np.repeat(x[14:15], 40, axis=0), 3)
    expect(
        not np.allclose(copies, copies[:1]),
        "your function changes every digit of a batch the same way: 40 copies of one digit come back as 40 "
        "copies. Draw a change for each.",
    )
    expect(
        not any(elsewhere(augment, x, i) for i in range(0, len(x), 5)),
        "the digits come out in another order, so image and label no longer belong together. Image i must "
        "stay digit i.",
        draw,
    )
    expect(
        not any(mixes(augment, x, others) for others in (slice(0, None, 2), slice(1, None, 2))),
        "what a digit becomes depends on the others in the batch: with the same seed and other neighbours it comes out "
        "otherwise. A mixture of a 3 and an 8 is neither. Change each picture by itself.",
        draw,
    )
    ink = np.median(first.sum(axis=(1, 2)) / x.sum(axis=(1, 2)))
    expect(
        0.4 < ink < 2.5,
        f"your digits have {ink:.2g} times the ink of those that came in. Pixels go from 0 to 255, and the model meets "
        "such ones later: keep that range.",
        draw,
    )
    turned, mirrored = turns(augment)
    expect(
        not mirrored,
        "some digits come out mirrored, and a mirrored 2 or 7 is no digit at all. Mirroring says that left "
        "and right do not matter: true of cats, false of writing. (The accuracy may not even notice: none of "
        "our digits is another one's mirror image. Letters would: b and d.)",
        draw,
    )
    expect(
        not turned,
        "some digits come out turned by a half or a quarter, and a 6 on its head is a 9. Turn by a few degrees.",
        draw,
    )
    expect(not calls_distort(augment, x), "this is simlib's own augmentation. Make one of your own.")
    found = accuracy(augment, np.concatenate([first, second, copies]).tobytes())
    expect(
        found >= WANTED,
        f"with your augmentation, {found:.2f} of the unseen digits are right, and {WANTED} was asked for. Are "
        "the changes such as another hand would make: moved, slanted, turned a little?",
        draw,
    )
    return (
        f"With the same 120 digits, {found:.2f} of the unseen digits are right. You told the model what does "
        "*not* make a digit: its place. `simlib.augment` also turns, zooms, slants and bends. An "
        "augmentation is a statement about your data, so look at the pictures: would you still read each "
        "of them?",
        draw,
    )


KNOWN = {}  # {what was made of some digits: the accuracy}, so that a check repeated is quick


def accuracy(augment, key):
    """That of the notebook's own training."""
    if key not in KNOWN:
        train = given(1)["unseen_accuracy"]
        found = ask(train, lambda *batch: np.asarray(augment(*batch)), seconds=120)
        KNOWN[key] = number("the accuracy", found)
    return KNOWN[key]


def changed(augment, x, seed):
    """What augment makes of x (uint8), as floats of the same shape."""
    answer = ask(augment, x, np.random.default_rng(seed))
    return array("the batch", answer, x.shape).astype(float)


def elsewhere(augment, x, i):
    """Whether the only picture with ink, i, comes back at another place of the batch."""
    alone = np.zeros_like(x)
    alone[i] = x[i]
    ink = changed(augment, alone, i).sum(axis=(1, 2))
    return ink[i] < 0.1 * x[i].sum() and np.delete(ink, i).max() > 0.5 * x[i].sum()


def mixes(augment, x, others):
    """Whether a digit comes out otherwise if `others` of the batch are turned into their negatives."""
    company = x.copy()
    company[others] = 255 - x[others]
    changes = np.abs(changed(augment, company, 6) - changed(augment, x, 6)).max(axis=(1, 2))
    return np.delete(changes, np.arange(len(x))[others]).max() > 1


def turns(augment):
    """How many of 60 letters F come back turned by a half or a quarter, and how many mirrored."""
    letter = np.zeros((28, 28), np.uint8)
    letter[7:21, 9:12] = letter[7:10, 9:19] = letter[13:15, 9:16] = 255
    out = changed(augment, np.repeat(letter[None], 60, axis=0), 4)
    poses = [np.rot90(side, quarter) for side in (letter, letter[:, ::-1]) for quarter in range(4)]
    spectra = np.conj(np.fft.fft2(np.array(poses, float)))
    # The best overlap of each result with each pose, wherever the letter was moved to.
    fits = np.fft.ifft2(np.fft.fft2(out)[:, None] * spectra).real.max(axis=(2, 3))
    pose = np.where(fits.max(axis=1) > 1.1 * fits[:, 0], fits.argmax(axis=1), 0)
    return ((pose > 0) & (pose < 4)).sum(), (pose >= 4).sum()


def calls_distort(augment, x):
    """Whether simlib's function runs when augment does."""
    called = []
    threading.setprofile(lambda frame, *_: called.append(1) if frame.f_code is distort.__code__ else None)
    try:
        changed(augment, x, 1)
    finally:
        threading.setprofile(None)
    return bool(called)
