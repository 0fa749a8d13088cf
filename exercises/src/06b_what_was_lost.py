# %% about
level, minutes, notebook = "write a function", 20, "06_save_reload"
learn = "to find out what a file has lost"

# %% [markdown]
# # What was lost?
#
# `model.save(...)` ran without an error, and so did `load_model`. Notebook 06 has shown that the reloaded model gives
# the same answers. But suppose it does not: somebody's disk, somebody's script. *Something* was lost on the way. What?
# How would you tell a lost weight from a lost label, from outside?

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
print(model.calibration["optimal"])
print(reloaded.calibration["optimal"])

# %% [markdown]
# Write `lost(first, second, x)`. It compares two models by what they do with the images `x`, and returns one of four
# words:
#
# - `"weights"`: the second embeds differently, and be it by a hair. Rounding alone is no difference: another computer
#   may compute the last digit otherwise. (Its index was made anew with these weights, so it can be asked.)
# - `"labels"`: it embeds alike, and the neighbours it finds carry other labels.
# - `"cutpoint"`: it finds the same, but its calibration has another cutpoint called "optimal", or one of the two
#   models has no calibration at all (`model.calibration` is then `None`).
# - `"nothing"`: none of these. Two models without a calibration may be the same, too.
#
# The check hands it pairs of small models. At most one thing is lost in each.


# %% starter
def lost(first, second, x):
    """What the second model has lost: "weights", "labels", "cutpoint" or "nothing"."""
    return ...


# %%
check(lost)


# %% solution
def lost(first, second, x):
    """What the second model has lost: "weights", "labels", "cutpoint" or "nothing"."""
    if not np.allclose(first.embed(x), second.embed(x), atol=1e-6):
        return "weights"
    if not np.array_equal(first.lookup(x, k=5).labels, second.lookup(x, k=5).labels):
        return "labels"
    made, remade = first.calibration, second.calibration
    if made is None or remade is None:
        return "nothing" if made is remade else "cutpoint"
    return "nothing" if made["optimal"].distance == remade["optimal"].distance else "cutpoint"


# %% alternative
def lost(first, second, x):
    """By the answers, written out as text; and try, except."""

    def cutpoint(model):
        try:
            return repr(model.calibration["optimal"])
        except TypeError:
            return "none"

    a, b = first.lookup(x, k=3), second.lookup(x, k=3)
    if a.distances.round(5).tolist() != b.distances.round(5).tolist():
        return "weights"
    if a.labels.tolist() != b.labels.tolist():
        return "labels"
    return "nothing" if cutpoint(first) == cutpoint(second) else "cutpoint"


# %% alternative
def lost(first, second, x):
    """By the weights themselves, and with a guard for the type."""
    if not isinstance(second, simlib.SimilarityModel):
        return "weights"
    if any(not np.array_equal(a, b) for a, b in zip(first.get_weights(), second.get_weights())):
        return np.str_("weights")
    if (first.lookup(x, k=1).labels != second.lookup(x, k=1).labels).any():
        return "labels"
    distances = [m.calibration and m.calibration.distance() for m in (first, second)]
    return "nothing" if distances[0] == distances[1] else "cutpoint"


# %% wrong expects="whose last weights alone differ"
def lost(first, second, x):
    if not np.array_equal(first.get_weights()[0], second.get_weights()[0]):  # the first layer alone
        return "weights"
    if not np.array_equal(first.lookup(x, k=5).labels, second.lookup(x, k=5).labels):
        return "labels"
    cutpoints = [model.calibration and model.calibration["optimal"].distance for model in (first, second)]
    return "nothing" if cutpoints[0] == cutpoints[1] else "cutpoint"


# %% edits
EDITS = [
    ("first.embed(x), second.embed(x), atol=1e-6", "first.embed(x[:30]), second.embed(x[:30]), 1e-4, 1e-4", "right"),
    ("np.array_equal(first.lookup(x, k=5).labels, second.lookup(x, k=5).labels)",
     "(first.lookup(x, k=5).labels == second.lookup(x, k=5).labels).all()", "right"),
    ("not np.allclose(first.embed(x), second.embed(x), atol=1e-6)", "not np.allclose(first.embed(x), second.embed(x))", "right"),
    ("not np.allclose(first.embed(x), second.embed(x), atol=1e-6)", "(first.embed(x) != second.embed(x)).any()",
     "...the last digit is rounded otherwise"),
    ("first.embed(x), second.embed(x)", "first.embed(x).mean(), second.embed(x).mean()", "...from right to left"),
    ("first.embed(x), second.embed(x)", "first.embed(x).mean(axis=0), second.embed(x).mean(axis=0)", "...from right to left"),
    ("second.embed(x)", "first.embed(x)", "...another thing than `weights`"),
    ("second.lookup(x, k=5)", "first.lookup(x, k=5)", "...another thing than `labels`"),
    ("first.calibration, second.calibration", "first.calibration, first.calibration", "...another thing than `cutpoint`"),
    ("atol=1e-6", "atol=1.0", "...another thing than `weights`"),
    ('"nothing" if made is remade else "cutpoint"', '"cutpoint"', "...another thing than `nothing`"),
    ('"nothing" if made is remade else "cutpoint"', '"nothing"', "...another thing than `cutpoint`"),
    ("    if made is None or remade is None:\n", "    if made is None and remade is None:\n", "...stopped with an error"),
    ('made["optimal"].distance == remade["optimal"].distance', "made is remade", "...They are two objects"),
    ('    if not np.allclose(first.embed(x), second.embed(x), atol=1e-6):\n        return "weights"\n', "",
     "...another thing than `weights`"),
    ("first.lookup(x, k=5).labels, second.lookup(x, k=5).labels", "np.sort(first.lookup(x, k=1).labels, axis=0), "
     "np.sort(second.lookup(x, k=1).labels, axis=0)", "...another thing than `labels`"),
    ('made["optimal"].distance == remade["optimal"].distance', "str(made) == str(remade)", "...of another name"),
    ('made["optimal"].distance == remade["optimal"].distance', 'round(made["optimal"].distance, 1) == '
     'round(remade["optimal"].distance, 1)', "...a little wider"),
    ('return "weights"', "return True", "...must be one of"),
    ("    if not np.allclose", "    return False\n    if not np.allclose", "...must be one of"),
    ("    if not np.allclose", "    return 'nothing'\n    if not np.allclose", "...the same word for every pair"),
    ("first.lookup(x, k=5).labels, second.lookup(x, k=5).labels",
     "first.lookup(x[:10], k=5).labels, second.lookup(x[:10], k=5).labels", "...some labels of the index changed"),
    ("first.lookup(x, k=5).labels, second.lookup(x, k=5).labels",
     "first.lookup(x, k=5).labels.sum(), second.lookup(x, k=5).labels.sum()", "...two labels of the index exchanged"),
    ("first.lookup(x, k=5).labels, second.lookup(x, k=5).labels",
     "list(first.index_summary().class_sizes()), list(second.index_summary().class_sizes())",
     "...another thing than `labels`"),
]  # fmt: skip

# %% hint [markdown]
# From the ground up: `first.embed(x)` and `second.embed(x)` are arrays of numbers. Only if these agree does it make
# sense to compare what is found, `first.lookup(x).labels`; and only then the cutpoint.

# %% hint [markdown]
# `np.allclose(a, b)` and `np.array_equal(a, b)` compare whole arrays. `==` of two calibrations asks whether they are
# one *object*: compare `calibration["optimal"].distance`, and look for `None` before that.

# %% check
import dataclasses
import functools
import tempfile
from pathlib import Path

import keras
import numpy as np
from sklearn.datasets import load_digits

import simlib
from judging import ask, expect

WORDS = ("weights", "labels", "cutpoint", "nothing")


def check(lost):
    x, y = load_digits().images.astype("float32"), load_digits().target
    said, (models, states) = {}, two_models()
    first, second = models
    restore(models, states, x, y)
    # Each digit comes with its mirror image, so that a model that reads mirrored gives the same numbers in other rows.
    shown = np.concatenate([x[300:], x[300:, :, ::-1]])
    found, rng = first.lookup(shown, k=5).labels, np.random.default_rng(0)
    # As many 3s are found as 5s: whoever only counts labels, or adds them up, does not notice that they change places.
    draws = (rng.choice(len(x) - 300, 30, replace=False) for _ in range(10_000))
    draws = (np.concatenate([rows, rows + len(x) - 300]) for rows in draws)
    rows = next(rows for rows in draws if balanced(found[rows]))
    last = np.argsort(np.isin(found[rows], (3, 5)).any(axis=1))  # those come last: all must be looked at
    asked = shown[rows[last]]
    for told, (change, right) in LOST.items():
        restore(models, states, x, y)  # whatever the reader's function, or the last change, did to them
        change(first, second, x, y)
        word = ask(lost, first, second, asked)
        expect(
            isinstance(word, str) and word in WORDS,
            f"your function returns {word!r}. It must be one of {', '.join(map(repr, WORDS))}.",
        )
        said[told] = word, right
    expect(
        len({word for word, _ in said.values()}) > 1,
        f"your function says the same word for every pair, {word!r}: does it look at both models?",
    )
    for told, (word, right) in said.items():
        hint = (
            " They are two objects, of course: compare the numbers in them."
            if told == "saved and reloaded"
            else ""
        )
        expect(
            word == right,
            f"for a model {told} you say {word!r}: another thing than `{right}` is named.{hint}",
        )
    return (
        "Fifteen pairs, and each time the right word. You went from the ground up: what is embedded, what is found, how it "
        "is decided. An answer at the end may be the same by luck, and it never says *where* it broke. A test that "
        "compares layer by layer does both. (A library that many people used tested its reload by asking the *original* "
        "twice. The test passed for years and proved nothing.)"
    )


def small(x, y):
    """A tiny model, with an index and a calibration."""
    image = keras.Input((8, 8))
    layer = keras.layers.Dense(8, kernel_initializer=keras.initializers.RandomNormal(0, 1, seed=3))
    h = layer(keras.layers.Flatten()(image))
    model = simlib.SimilarityModel(image, keras.layers.UnitNormalization()(h))
    model.index(x[:80], y[:80])
    model.calibrate(x[100:300], y[100:300])
    return model


@functools.cache
def two_models():
    """The small model, saved and opened twice; only once, as it takes seconds."""
    x, y = load_digits().images.astype("float32"), load_digits().target
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "small.keras"
        small(x, y).save(path)
        models = keras.models.load_model(path), keras.models.load_model(path)
    return models, [(model.get_weights(), model.calibration) for model in models]


def balanced(found):
    return all((near == 3).sum() == (near == 5).sum() > 0 for near in (found, found[:, :1]))


def restore(models, states, x, y):
    for model, (values, made) in zip(models, states):
        vars(model).pop("embed", None)
        model.set_weights(values)
        model.reset_index()
        model.index(x[:80], y[:80])
        model.calibration = made


def weights(first, second, x, y, size=1e-3):
    made = second.calibration
    second.reset_index()
    second.set_weights([w + size * np.cos(np.arange(w.size)).reshape(w.shape) for w in second.get_weights()])
    second.index(x[:80], y[:80])
    second.calibration = made


def last_weights(first, second, x, y):
    made = second.calibration
    second.reset_index()
    *others, last = second.get_weights()
    second.set_weights([*others, last + np.linspace(-1, 1, last.size)])
    second.index(x[:80], y[:80])
    second.calibration = made


def mirrored(first, second, x, y):
    made = second.calibration
    second.reset_index()
    pixels, *others = second.get_weights()
    second.set_weights([pixels.reshape(8, 8, -1)[:, ::-1].reshape(pixels.shape), *others])
    second.index(x[:80], y[:80])
    second.calibration = made


def rounded(first, second, *_):
    """The second gives the first picture numbers that differ in the last binary digit, as another computer might."""

    def embed(x, *options, right=second.embed, **named):
        vectors = np.array(right(x, *options, **named))
        vectors[:1] = np.nextafter(vectors[:1], 0)
        return vectors

    vars(second)["embed"] = embed


def labels(first, second, x, y, other=lambda y: (y + 1) % 10):
    made = second.calibration
    second.reset_index()
    second.index(x[:80], other(y[:80]))
    second.calibration = made


def moved(calibration):
    cut = calibration["optimal"]
    wider = dataclasses.replace(cut, distance=1.03 * cut.distance)
    return dataclasses.replace(calibration, cutpoints={**calibration.cutpoints, "optimal": wider})


def another_name(calibration):
    cut = dataclasses.replace(calibration["optimal"], name="loose", distance=1.5)
    return dataclasses.replace(calibration, cutpoints={**calibration.cutpoints, "loose": cut})


def no_calibration(*models):
    for model in models:
        model.calibration = None


# What happens to the two models, and the right word.
LOST = {
    "saved and reloaded": (lambda *_: None, "nothing"),
    "reloaded where the last digit is rounded otherwise": (rounded, "nothing"),
    "whose weights differ a little": (weights, "weights"),
    "with quite other weights": (lambda *case: weights(*case, size=1.0), "weights"),
    "whose last weights alone differ": (last_weights, "weights"),
    "that reads its pictures from right to left": (mirrored, "weights"),
    "with all labels of the index changed": (labels, "labels"),
    "with some labels of the index changed": (
        lambda *c: labels(*c, lambda y: np.where(y == 3, 5, y)),
        "labels",
    ),
    "with two labels of the index exchanged": (
        lambda *c: labels(*c, lambda y: np.where(y == 3, 5, np.where(y == 5, 3, y))),
        "labels",
    ),
    "with a cutpoint that is a little wider": (
        lambda first, second, *_: setattr(second, "calibration", moved(second.calibration)),
        "cutpoint",
    ),
    "with one more cutpoint, of another name": (
        lambda first, second, *_: setattr(second, "calibration", another_name(second.calibration)),
        "nothing",
    ),
    "without a calibration": (lambda first, second, *_: no_calibration(second), "cutpoint"),
    "with a calibration that the first has not": (lambda first, *_: no_calibration(first), "cutpoint"),
    "with another cutpoint": (
        lambda f, second, x, y: second.calibrate(x[100:300], y[100:300], "precision"),
        "cutpoint",
    ),
    "without a calibration, as the first": (
        lambda first, second, *_: no_calibration(first, second),
        "nothing",
    ),
}
