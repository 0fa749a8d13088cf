# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 4 · Calibrate: how near is near enough?
#
# A lookup always answers. Show it a picture of a cat and it will name the nearest digit. To be able to say "I do not know this", we need a limit: the largest
# distance that still counts as a match, the **cutpoint**. *"What threshold should I use?"* is what users of similarity search ask most. This notebook is the answer.
#
# **You will learn** what a cutpoint trades; how precision, recall and F1 change with it; why the precision/recall curve see-saws; how to ask for a target such as
# "precision of at least 0.99"; and why calibration needs a split of its own.
#
# **You need** notebooks 1 to 3, read but not run.
#
# **Time** 10 minutes of reading, and some seconds of running.

# %%
import simlib  # first, so that TensorFlow starts without its log lines
import keras
import numpy as np
import pandas as pd
from simlib import plots, recipe

model = keras.models.load_model("models/digits.keras")  # yours: "models/my_digits.keras"
(x_train, y_train), (x_cal, y_cal), (x_test, y_test) = simlib.load_mnist()

# %% [markdown]
# ## Two heaps of distances
#
# Take the 500 digits of the calibration split. Each has 20 examples of its own class in the index, and 180 of others. How far are the ones and the others?
#
# **Predict.** Will the two heaps overlap?

# %%
everyone = model.lookup(x_cal, k=200)
plots.distance_histogram(everyone, y_cal, bins=80);

# %% [markdown]
# Same class: near. Different class: far, most of them between 0.6 and 1.1. But the heaps overlap, and so no cutpoint is perfect.
#
# A match looks at the *nearest* neighbour only, though, and that is a much easier question. The same picture, for the nearest:

# %%
nearest = model.lookup(x_cal, k=1)
plots.distance_histogram(nearest, y_cal, bins=60);

# %% [markdown]
# ## Four cases
#
# Choose a cutpoint. Each query then falls into one of four boxes:
#
# |  | its match has the right label | its match has the wrong label |
# |---|---|---|
# | **accepted** (distance <= cutpoint) | true positive | false positive: *a wrong answer* |
# | **rejected** (called unknown) | false negative: *a right answer thrown away* | true negative: *a mistake avoided* |
#
# **Precision**: of the accepted, the share that is right. **Recall**: of the right ones, the share that was accepted. **F1** is high only if both are.
#
# Count them at three cutpoints:

# %%
curve = simlib.metrics.curve(nearest.distances[:, 0], nearest.labels[:, 0] == y_cal)
rows = {}
for cutpoint in (0.1, 0.2, 0.4):
    counts = curve.at(cutpoint)
    scores = {name: float(counts.metric(name)) for name in ("precision", "recall", "f1")}
    rows[cutpoint] = vars(counts) | {name: round(score, 3) for name, score in scores.items()}
pd.DataFrame(rows).T.astype(object)

# %% [markdown]
# A larger cutpoint accepts more. Recall can only rise. Precision usually falls, as wrong matches are let in.
#
# ## Predict first
#
# Look at the last histogram again. **Which cutpoint would you choose to make F1 as high as it can be?** Write it down here before you go on.

# %%
my_guess = 0.25

# %% [markdown]
# ## Calibrate
#
# `calibrate` tries every distance that occurs, by sorting them once. There is no grid and nothing to tune, so the answer is exact.

# %%
calibration = model.calibrate(x_cal, y_cal, targets=["precision >= 0.99", "fpr <= 0.05"])
calibration

# %% [markdown]
# And your guess?

# %%
guessed = float(curve.at(my_guess).metric("f1"))
best = calibration["optimal"]
f"a cutpoint of {my_guess} has F1 {guessed:.3f}; the best, {best.distance:.3f}, has F1 {best.scores['f1']:.3f}"

# %% [markdown]
# ## The metrics against the cutpoint
#
# **What do you expect of the F1 curve near its top: a sharp peak, or a plain?**

# %%
plots.metric_curves(calibration, cutpoint="optimal");

# %% [markdown]
# A plain. Somewhat more or less changes F1 very little, and so the "best" cutpoint hangs on a handful of digits. Do not read four decimals into it.

# %% [markdown]
# @@EXPLORER@@

# %% [markdown]
# ## Precision against recall, and why it see-saws
#
# Leave the distance out and draw one against the other. Each point is one possible cutpoint. The axes are cut, to see the teeth.

# %%
ax = plots.precision_recall(calibration, cutpoint="optimal")
ax.set(ylim=(0.955, 1.002));

# %% [markdown]
# Why does it go up and down? Move the cutpoint from one digit to the next. **A right match** lifts precision a little and recall too: one step to the right and up.
# **A wrong match** lowers precision and leaves recall alone: one step straight down. So the curve falls in steps and climbs back in between, until the next mistake.
# Here are the distances at which it falls:

# %%
falls = np.flatnonzero(np.diff(curve.counts.fp) > 0) + 1
pd.DataFrame(
    {
        "distance": curve.distances[falls].round(3),
        "wrong so far": curve.counts.fp[falls],
        "precision": curve.metric("precision")[falls].round(3),
    }
).head(6)

# %% [markdown]
# ## Ask for what you need
#
# F1 weighs a wrong answer and a needless "unknown" alike. Your application may not. If a wrong answer is expensive, name the precision that you must have. `calibrate` gives the **loosest**
# cutpoint that still meets it, so that as much as possible is accepted.

# %%
strict = calibration["precision >= 0.99"]
strict

# %% [markdown]
# The price is recall. The next picture shows what lies at the line: the five digits just inside it, and the five just outside. Above each: its true class, the answer, and the distance.

# %%
plots.decision_strip(x_cal, y_cal, nearest, strict.distance);

# %% [markdown]
# **And if a target cannot be met?** Then you are told. It is never dropped in silence, and it cannot be used by mistake.

# %%
hopeless = simlib.calibrate(nearest, y_cal, targets=["accuracy >= 0.99"])
hopeless

# %%
try:
    hopeless.distance("accuracy >= 0.99")
except ValueError as error:
    print(error)

# %% [markdown]
# ## Why a split of its own?
#
# It is tempting to calibrate on the training digits: they are at hand. **Predict: will the cutpoint come out too small or too large?**

# %%
x_known, y_known = simlib.select_examples(x_train, y_train, recipe.SEEN, n=50, seed=1)
flattering = simlib.calibrate(model.lookup(x_known, k=1), y_known, targets=["precision >= 0.99"])
on_test = simlib.calibrate(model.lookup(x_test, k=1), y_test).curve  # counts alone; nothing is chosen by it
rows = {}
for name, made in {"training digits": flattering, "calibration split": calibration}.items():
    promised = made["precision >= 0.99"]
    rows[name] = {
        "cutpoint": promised.distance,
        "precision promised": promised.scores["precision"],
        "precision on test digits": float(on_test.at(promised.distance).metric("precision")),
    }
pd.DataFrame(rows).T.round(3)

# %% [markdown]
# Too large. The model has learned these very digits, so even a distant match is right, and a cutpoint of 0.372 looks safe: it promises a precision of 0.997.
# New digits are harder. On the test split that cutpoint keeps only 0.960, four wrong answers in a hundred instead of one. The calibration split promised 0.990, and the test split gives
# 0.995.
#
# **A promise holds for digits that are like those it was made on.** New to the model, not in the index, and drawn from what will really come.

# %% [markdown]
# ## Recap
#
# - The cutpoint is the largest distance that counts as a match. It trades wrong answers against needless "unknown"s.
# - Calibration tries every distance that occurs and counts.
# - F1 is a compromise. If you know what an error costs, ask for a target.
# - Calibrate on digits that neither trained the model nor stand in the index, and that look like what will come.
#
# **Exercises** for this notebook are listed in [exercises/README.md](../exercises/README.md).
#
# **Next:** [05 · Match](05_match.ipynb): put the cutpoint to work.
