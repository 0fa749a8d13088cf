# %% about
level, minutes, notebook = "write a function", 15, "06_save_reload"
learn = "what it takes to prove that a reloaded model is the same"

# %% [markdown]
# # Saved, reloaded, and the same?
#
# `model.save(...)` ran without an error, and so did `load_model`. Does the reloaded model give the **same
# answers**? A library that many people used tested this by asking the *original* twice: the test passed for
# years and proved nothing.

# %%
import tempfile
from pathlib import Path

import keras
import numpy as np

import simlib

model = keras.models.load_model("../notebooks/models/digits.keras")
_, _, (x_test, y_test) = simlib.load_mnist()

with tempfile.TemporaryDirectory() as folder:
    model.save(Path(folder) / "copy.keras")
    reloaded = keras.models.load_model(Path(folder) / "copy.keras")
reloaded.index_summary()

# %% [markdown]
# Write `same(first, second, x)`: true only if both models give the same answers to the images `x`. The check
# hands it pairs of models where the second was reloaded well, and pairs where a little was lost on the way:
# a weight, a label in the index, the calibration. One of them has no calibration at all; that must be no
# error, but a plain `False`.


# %% starter
def same(first, second, x):
    """True if both models find the same neighbours for x, at the same distances, and match alike."""
    return ...


# %%
check(same)


# %% solution
def same(first, second, x):
    """True if both models find the same neighbours for x, at the same distances, and match alike."""
    if first.calibration is None or second.calibration is None:
        return first.calibration is second.calibration
    a, b = first.lookup(x, k=5), second.lookup(x, k=5)
    return (
        np.array_equal(a.ids, b.ids)
        and np.array_equal(a.labels, b.labels)
        and np.array_equal(a.distances, b.distances)
        and np.array_equal(first.match(x), second.match(x))
    )


# %% alternative
def same(first, second, x):
    """Compare what each answers, written out as text."""

    def answers(model):
        near = model.lookup(x, k=3)
        return [repr(model.calibration), near.labels.tolist(), near.distances.round(6).tolist()]

    return answers(first) == answers(second)


# %% wrong expects="asks the first model twice"
def same(first, second, x):
    a, b = first.lookup(x, k=5), first.lookup(x, k=5)
    return np.array_equal(a.labels, b.labels) and np.array_equal(a.distances, b.distances)


# %% wrong expects="whose weights differ a little"
def same(first, second, x):
    if first.calibration is None or second.calibration is None:
        return False
    a, b = first.lookup(x, k=5), second.lookup(x, k=5)
    return np.array_equal(a.labels, b.labels) and np.array_equal(first.match(x), second.match(x))


# %% wrong expects="labels in the index"
def same(first, second, x):
    if first.calibration is None or second.calibration is None:
        return False
    a, b = first.lookup(x, k=5), second.lookup(x, k=5)
    return np.array_equal(a.distances, b.distances) and repr(first.calibration) == repr(second.calibration)


# %% wrong expects="has another cutpoint"
def same(first, second, x):
    if first.calibration is None or second.calibration is None:
        return False
    a, b = first.lookup(x, k=5), second.lookup(x, k=5)
    return np.array_equal(a.labels, b.labels) and np.array_equal(a.distances, b.distances)


# %% wrong expects="lost its calibration"
def same(first, second, x):
    a, b = first.lookup(x, k=5), second.lookup(x, k=5)
    return np.array_equal(a.labels, b.labels) and np.array_equal(a.distances, b.distances)


# %% wrong expects="They are two objects"
def same(first, second, x):
    return first.calibration is second.calibration


# %% hint [markdown]
# Ask both models the same question: `first.lookup(x)` and `second.lookup(x)`. Compare the labels **and** the
# distances: labels alone do not notice a weight that changed a little.

# %% hint [markdown]
# `match` uses the cutpoint, so it notices a calibration that was changed: compare `first.match(x)` and
# `second.match(x)`. Without a calibration, `model.calibration` is `None` and `match` raises an error; look at
# that first.

# %% check
import tempfile
from pathlib import Path

import keras
import numpy as np

import simlib
from judging import REFERENCE, Wrong, ask, expect


def check(same):
    splits = simlib.load_mnist()
    x = splits.test.x[:40]
    model = keras.models.load_model(REFERENCE)
    index_few(model, splits, shift=0)
    model.calibrate(*splits.calibration)
    try:
        blind = ask(same, model, Hidden(), x) is not None
    except Wrong:
        blind = False  # it looked at the second model, and that is right
    expect(not blind, TWICE)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "copy.keras"
        model.save(path)
        copy = keras.models.load_model(path)
        expect(
            answer(same, model, copy, x),
            "a model that was saved and reloaded is the same, and you say False. They are two objects; "
            "compare what they answer.",
        )
        for change, loss in LOST.items():
            copy = keras.models.load_model(path)
            change(copy, splits)
            expect(not answer(same, model, copy, x), f"{loss} passes as the same. What would show it?")
    return (
        "Your proof lets the good copy pass and catches all four losses. What makes it one: it asks the "
        "*reloaded* model, about images that were not indexed, and compares numbers, not summaries. A file "
        "that loads without an error proves only that a file loads without an error."
    )


TWICE = (
    "your function asks the first model twice: it has an answer without a look at the second. Such a proof "
    "passes whatever was lost."
)


class Hidden:
    """Stands for a model, and answers nothing."""

    def __getattr__(self, name):
        raise AttributeError("this model answers nothing")


def answer(same, model, other, x):
    found = ask(same, model, other, x)
    expect(
        isinstance(found, (bool, np.bool_)),
        f"your function returns {type(found).__name__}; return True or False. `np.array_equal(a, b)` gives "
        "one for whole arrays.",
    )
    return bool(found)


def index_few(model, splits, shift):
    x, y = simlib.select_examples(*splits.train, n=5)
    model.reset_index()
    model.index(x, (y + shift) % 10)


def weights(model, splits):
    model.layers[-1].set_weights([w + 1e-5 for w in model.layers[-1].get_weights()])
    labels(model, splits, shift=0)  # other weights need an index of their own, or simlib refuses


def labels(model, splits, shift=1):
    made = model.calibration
    index_few(model, splits, shift)
    model.calibration = made


def calibration(model, splits):
    model.calibration = None


def cutpoint(model, splits):
    model.calibrate(*splits.calibration, metric="precision")


LOST = {
    weights: "a model whose weights differ a little",
    labels: "a model with other labels in the index",
    calibration: "a model that lost its calibration",
    cutpoint: "a model that has another cutpoint",
}
