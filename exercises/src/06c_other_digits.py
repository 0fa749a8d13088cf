# %% about
level, minutes, notebook = "design it", 20, "06_save_reload"
learn = "to take the whole course's way on data of your own"

# %% [markdown]
# # Other digits, the whole way
#
# Now without a rail: **train, index, calibrate, save**, on data that this course has not used. The 1,797
# digits of scikit-learn come from other writers and have 8 × 8 pixels: a training takes seconds. (With a
# network at hand, `keras.datasets.fashion_mnist` is the next thing to try.)

# %%
import keras
from sklearn.datasets import load_digits

import simlib

x, y = load_digits().images[:1200].astype("float32"), load_digits().target[:1200]  # values from 0 to 16
x_train, y_train = x[:1000], y[:1000]
x_cal, y_cal = x[1000:], y[1000:]
figure = simlib.plots.image_grid(x_train[:20], y_train[:20])

# %% [markdown]
# Build a `simlib.SimilarityModel` for these images, train it on `x_train`, index some of `x_train`,
# calibrate on `x_cal`, and save everything in one `.keras` file. The check opens **the file**, in place of the model,
# and matches the other 597 digits, which you do not get to see: an honest test. It asks for a model that was trained,
# and for 85% right answers, *unknown* counting as not right. Put the path in `path`.

# %% starter
path = ...

# %%
check(path)

# %% solution
keras.utils.set_random_seed(0)
layers = keras.layers
image = keras.Input((8, 8))
h = layers.Rescaling(1 / 16)(layers.Reshape((8, 8, 1))(image))
h = layers.Conv2D(16, 3, padding="same", activation="relu")(h)
h = layers.MaxPooling2D()(layers.Conv2D(32, 3, padding="same", activation="relu")(h))
model = simlib.SimilarityModel(image, simlib.MetricEmbedding(16)(layers.Flatten()(h)))

model.compile(keras.optimizers.Adam(2e-3), simlib.MultiSimilarityLoss(), jit_compile=False)
model.fit(simlib.ClassBalancedSampler(x_train, y_train, 10, 5, steps_per_epoch=100), verbose=0)
model.index(*simlib.select_examples(x_train, y_train, n=20))
model.calibrate(x_cal, y_cal)
path = "my_small_digits.keras"
model.save(path)

# %% alternative
import pathlib

image = keras.Input((8, 8), name="pixels")
h = keras.layers.Dense(64, "relu")(keras.layers.Flatten()(keras.layers.Rescaling(1 / 16)(image)))
model = simlib.SimilarityModel(image, keras.layers.UnitNormalization()(keras.layers.Dense(16)(h)))
model.compile("adam", simlib.CircleLoss())
model.fit(simlib.ClassBalancedSampler(x_train, y_train, 10, 4, steps_per_epoch=120), verbose=0)
model.index(x_train, y_train)
model.calibrate(x_cal, y_cal, matcher="majority", k=5)
path = pathlib.Path("somewhere_else.keras").resolve()
model.save(path)

# %% wrong expects="no index"
image = keras.Input((8, 8))
model = simlib.SimilarityModel(image, keras.layers.UnitNormalization()(keras.layers.Flatten()(image)))
path = "my_small_digits.keras"
model.save(path)

# %% wrong expects="lacks the class"
image = keras.Input((8, 8))
model = simlib.SimilarityModel(image, keras.layers.UnitNormalization()(keras.layers.Flatten()(image)))
model.index(x_train[y_train < 6], y_train[y_train < 6])
model.calibrate(x_cal, y_cal)
path = "my_small_digits.keras"
model.save(path)

# %% wrong expects="no calibration"
image = keras.Input((8, 8))
model = simlib.SimilarityModel(image, keras.layers.UnitNormalization()(keras.layers.Flatten()(image)))
path = "my_small_digits.keras"
model.index(x_train, y_train)
model.save(path)
model.calibrate(x_cal, y_cal)

# %% wrong expects="test digits stand in the index"
image = keras.Input((8, 8))
model = simlib.SimilarityModel(image, keras.layers.UnitNormalization()(keras.layers.Flatten()(image)))
model.index(load_digits().images, load_digits().target)
model.calibrate(x_cal, y_cal)
path = "my_small_digits.keras"
model.save(path)

# %% wrong expects="stand in the index"
image = keras.Input((8, 8))
model = simlib.SimilarityModel(image, keras.layers.UnitNormalization()(keras.layers.Flatten()(image)))
model.index(x_train, y_train)
model.calibrate(x_train[:100], y_train[:100])
path = "my_small_digits.keras"
model.save(path)

# %% wrong expects="calibrated on the test digits"
image = keras.Input((8, 8))
model = simlib.SimilarityModel(image, keras.layers.UnitNormalization()(keras.layers.Flatten()(image)))
model.index(x_train, y_train)
model.calibrate(load_digits().images[1200:], load_digits().target[1200:])
path = "my_small_digits.keras"
model.save(path)

# %% wrong expects="digits of `x_train`"
image = keras.Input((8, 8))
model = simlib.SimilarityModel(image, keras.layers.UnitNormalization()(keras.layers.Flatten()(image)))
model.index(x_train[:500], y_train[:500])
model.calibrate(x_train[500:], y_train[500:])
path = "my_small_digits.keras"
model.save(path)

# %% wrong expects="has hardly learned"
image = keras.Input((8, 8))
model = simlib.SimilarityModel(image, keras.layers.UnitNormalization()(keras.layers.Flatten()(image)))
model.index(x_train, y_train)
model.calibrate(x_cal, y_cal)
path = "my_small_digits.keras"
model.save(path)

# %% wrong expects="the path of the file"
image = keras.Input((8, 8))
model = simlib.SimilarityModel(image, keras.layers.UnitNormalization()(keras.layers.Flatten()(image)))
path = model

# %% wrong expects="there is no file"
image = keras.Input((8, 8))
model = simlib.SimilarityModel(image, keras.layers.UnitNormalization()(keras.layers.Flatten()(image)))
path = "nowhere.keras"

# %% wrong expects="no `SimilarityModel`"
image = keras.Input((8, 8))
model = simlib.SimilarityModel(image, keras.layers.UnitNormalization()(keras.layers.Flatten()(image)))
path = "my_small_digits.keras"
keras.Model(model.inputs, model.outputs).save(path)

# %% wrong expects="cannot be opened"
image = keras.Input((8, 8))
model = simlib.SimilarityModel(image, keras.layers.UnitNormalization()(keras.layers.Flatten()(image)))
path = "my_small_digits.keras"
__import__("pathlib").Path(path).write_text("a model")

# %% edits
FIT = "model.fit(simlib.ClassBalancedSampler(x_train, y_train, 10, 5, steps_per_epoch=100), verbose=0)"
INDEX = "model.index(*simlib.select_examples(x_train, y_train, n=20))"
EDITS = [
    ("simlib.MultiSimilarityLoss()", "simlib.ContrastiveLoss()", "right"),
    (INDEX, "model.index(x_train, y_train, payload=x_train)", "right"),
    ('"my_small_digits.keras"', "str(__import__('pathlib').Path.cwd() / 'mine.keras')", "right"),
    (FIT, "", "...has hardly learned"),
    ("Adam(2e-3)", "Adam(0.0)", "...has hardly learned"),
    ("steps_per_epoch=100", "steps_per_epoch=1", "...has hardly learned"),
    (INDEX, "model.index(x, y)", "...stand in the index"),  # the calibration digits, too
    (INDEX, "model.index(x_train[:400], y_train[:400])", "right"),
    ("model.calibrate(x_cal, y_cal", "model.calibrate(x_cal[:150], y_cal[:150]", "right"),
    (FIT, "shuffled = __import__('numpy').random.default_rng(0).permutation(y_train)\n"
     + FIT.replace("y_train", "shuffled"), "...has hardly learned"),
]  # fmt: skip

# %% hint [markdown]
# Notebook 01 has the pattern: `keras.Input`, some layers, `simlib.MetricEmbedding` last; then
# `simlib.SimilarityModel(inputs, outputs)`, `compile` with `simlib.MultiSimilarityLoss()`, and `fit` with a
# `simlib.ClassBalancedSampler`. Pixels go up to 16 here: rescale by 1/16.

# %% hint [markdown]
# After `fit`: `model.index(...)` with some training digits of *every* class, `model.calibrate(x_cal, y_cal)`,
# and then `model.save("my_small_digits.keras")`. The order matters.

# %% hint [markdown]
# Two convolutions of 16 and 32 filters, one pooling, an embedding of 16, and 100 batches of 10 × 5 digits are
# enough.

# %% check
import os
from pathlib import Path

import keras
import numpy as np
from sklearn.datasets import load_digits

import simlib
from judging import Wrong, expect


def check(path):
    expect(
        isinstance(path, (str, os.PathLike)),
        "the check needs the path of the file that you saved, and got a value of type "
        f"{type(path).__name__}.",
    )
    expect(Path(path).is_file(), f"there is no file {str(path)!r}. Did `model.save` run, with this path?")
    try:
        model = keras.models.load_model(path)
    except Exception as error:  # whatever a foreign file provokes
        raise Wrong(
            f"the file cannot be opened as a model ({type(error).__name__}: {str(error)[:90]})."
        ) from error
    expect(
        isinstance(model, simlib.SimilarityModel) and model.input_shape == (None, 8, 8),
        "the file holds no `SimilarityModel` for images of (8, 8).",
    )
    x, y = load_digits().images.astype("float32"), load_digits().target
    x_test, y_test = x[1200:], y[1200:]
    sizes = model.index_summary().class_sizes()
    expect(sizes, "the file holds no index. Call `model.index(...)` before you save.")
    missing = sorted(set(range(10)) - set(sizes))
    expect(not missing, f"the index lacks the class {missing and missing[0]}: nobody can be matched to it.")
    expect(
        model.calibration is not None,
        "the file holds no calibration. Call `model.calibrate(x_cal, y_cal)` before you save.",
    )
    near = model.lookup(x_test, k=1)
    expect(
        (near.distances < 1e-6).mean() < 0.2,
        "test digits stand in the index: their nearest neighbour is at distance 0. Index training digits "
        "only.",
    )
    curve = model.calibration.curve
    at_zero = curve.at(1e-6)
    total = at_zero.tp + at_zero.fp + at_zero.fn + at_zero.tn
    expect(
        at_zero.tp + at_zero.fp < 0.2 * total,
        f"{(at_zero.tp + at_zero.fp) / total:.0%} of the digits that it was calibrated on stand in the index: they lie at "
        "distance 0 from themselves. A cutpoint from these is far too tight for new digits. Calibrate on `x_cal`.",
    )
    for part, why in (
        (slice(1200, None), "the test digits. Then they say nothing about new ones"),
        (
            slice(1000),
            "digits of `x_train`. These are for training, and what a model has learned it matches too well",
        ),
    ):
        theirs = calibrated(model, x[part], y[part])
        expect(
            np.isclose(curve.distances[:, None], theirs, rtol=1e-5, atol=1e-7).any(axis=1).mean() < 0.5,
            f"it was calibrated on {why}. Calibrate on `x_cal`.",
        )
    between = 1 - model.embed(x_test) @ model.embed(x_test).T
    same = y_test[:, None] == y_test
    near, apart = between[same].mean(), between[~same].mean()
    expect(  # chance features: 0.5 to 0.65 of it; trained ones: 0.1 to 0.35
        near < 0.42 * apart,
        f"the model has hardly learned anything: two digits of one class lie {near:.3f} apart in the mean, and of two "
        f"classes {apart:.3f}. `compile`, then `fit`. (Bare pixels, or chance features, do well on these tidy pictures. "
        "The question is the whole way.)",
    )
    matched = model.match(x_test)
    right, unknown = (matched == y_test).mean(), (matched == -1).mean()

    def draw():
        matrix = simlib.metrics.confusion_matrix(matched, y_test, range(10))
        return simlib.plots.confusion(matrix, range(10), title="the test digits, by your file")

    expect(
        right >= 0.85,
        f"{right:.1%} of the test digits are matched rightly, and 85% were asked for; {unknown:.1%} are "
        "called unknown. Many wrong: does the embedding keep the classes apart?",
        draw,
    )
    flat = x.reshape(len(x), -1)
    raw = simlib.Index().add(flat[:1000], y[:1000]).lookup(flat[1200:], k=1)
    return (
        f"From your file alone: {right:.1%} right, {unknown:.1%} unknown. As a yardstick: the bare pixels, "
        f"with all 1,000 training digits in the index, find {(raw.labels[:, 0] == y_test).mean():.1%} without "
        "any training. Always measure the simplest thing, too: on small and tidy pictures it is hard to "
        "beat.",
        draw,
    )


def calibrated(model, x, y):
    """The distances that calibrating on these would have met."""
    made = model.calibration
    return simlib.calibrate(model.lookup(x, made.k), y, matcher=made.matcher).curve.distances
