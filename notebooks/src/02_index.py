# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 2 · Index: where the pictures go
#
# A trained model turns a picture into a point. To find similar pictures we need the points of pictures that we know, all in one place:
# an **index**. This is also where the unseen digits come in. They are not trained on. They are simply *added*.
#
# **You will learn** what an embedding looks like; what an index holds beside it; how to add, add more, and start again; and how many
# examples a class needs.
#
# **You need** notebook 1, read but not run: we load a model that was trained with its recipe.
#
# **Time** 5 minutes of reading, and some seconds of running.

# %%
import simlib  # first, so that TensorFlow starts without its log lines
import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from simlib import plots, recipe

model = keras.models.load_model("models/digits.keras")  # yours: "models/my_digits.keras"
(x_train, y_train), (x_cal, y_cal), (x_test, y_test) = simlib.load_mnist()

# %% [markdown]
# ## What does an embedding look like?
#
# It is 64 numbers. Drawn as an 8 x 8 square they are no picture of anything, and they need not be. What matters is whether two of them are *alike*.
#
# **Predict.** Below are two zeros and two eights, digits that the model has never been trained on. Which squares will look alike?

# %%
x, y = simlib.select_examples(x_test, y_test, classes=[0, 8], n=2, seed=3)
embeddings = model.embed(x)
figure, axes = plt.subplots(2, 4, figsize=(7, 3.6), layout="constrained")
for image, embedding, (above, below) in zip(x, embeddings, axes.T):
    above.imshow(image, cmap="gray_r")
    sns.heatmap(embedding.reshape(8, 8), cmap="vlag", center=0, square=True, cbar=False, ax=below)
for ax in axes.flat:
    ax.set(xticks=[], yticks=[])

# %% [markdown]
# Now as a number. Embeddings have length 1, so the cosine distance is 1 minus their product, summed: one line of NumPy.

# %%
distance = 1 - embeddings @ embeddings.T
names = [f"{c} ({i})" for i, c in enumerate(y)]
pd.DataFrame(distance, names, names).round(2).abs()

# %% [markdown]
# Small within a class, large between them. Nobody told the model what a zero is.

# %% [markdown]
# ## An index holds three things
#
# For each item: its **embedding**, by which it is found; its **label**, which is what we want to know; and, if you like, a **payload**, which is
# what you want to see again, here the picture itself.
#
# The model file brings an index along. We empty it and build our own.

# %%
model.reset_index()
model.index_summary()

# %% [markdown]
# 20 examples of each of the ten digits, from the *training* split: test digits must stay out, or we would look up pictures that are already there.

# %%
x_index, y_index = simlib.select_examples(x_train, y_train, n=20)
model.index(x_index, y_index, payload=x_index)
model.index_summary()

# %% [markdown]
# Six of these classes the model was trained on, four it was not, and the index treats them alike. **To teach this system a new class, add a few examples.
# There is no training.**
#
# ## More of them, one or many
#
# `index` adds to what is there. `index_single` adds one item, given without its first axis.

# %%
model.index_single(x_train[0], y_train[0], payload=x_train[0])
len(model.index_summary())

# %% [markdown]
# **Predict.** What is the nearest item to the picture that we just added, and how far is it?

# %%
model.single_lookup(x_train[0], k=3)

# %% [markdown]
# Itself, at distance 0. This is worth remembering: **never measure quality with pictures that are in the index.** Each of them would find itself.
#
# ## What does a lookup do?
#
# It measures the distance to everything, and sorts. That is one matrix product, and for some 100,000 items nothing cleverer is needed. Here it is by hand, beside
# the library's answer.

# %%
queries, items = model.embed(x_test[:200]), model.embed(x_index)
by_hand = (1 - queries @ items.T).argmin(axis=1)
model.reset_index()
model.index(x_index, y_index, payload=x_index)
found = model.lookup(x_test[:200], k=1)
f"{(by_hand == found.ids[:, 0]).sum()} of {len(queries)} nearest items agree"

# %% [markdown]
# ## How many examples does a class need?
#
# **Predict.** With a single example of each digit in the index, how many of 1,000 test digits find the right one? Half? And with 50 examples?

# %%
sizes, test = [1, 2, 5, 10, 20, 50, 100], model.embed(x_test)
is_seen = np.isin(y_test, recipe.SEEN)
rows = []
for n in sizes:
    for seed in range(5):
        x, y = simlib.select_examples(x_train, y_train, n=n, seed=seed)
        neighbors = simlib.Index().add(model.embed(x), y).lookup(test, k=1)
        right = neighbors.labels[:, 0] == y_test
        rows.append({"examples": n, "seen": right[is_seen].mean(), "unseen": right[~is_seen].mean()})
curve = pd.DataFrame(rows).groupby("examples").mean()
curve.round(3)

# %%
colors = [plots.SEEN, plots.UNSEEN]
ax = curve.plot(y=["seen", "unseen"], color=colors, marker="o", logx=True, figsize=(6.4, 3.6))
ax.set(xlabel="examples of each class in the index", ylabel="right", ylim=(0.7, 1.0))
ax.set_xticks(sizes, sizes)
ax.minorticks_off()
sns.despine()

# %% [markdown]
# More than half: a single example finds the right digit nine times in ten, 0.911 for the seen and 0.903 for the unseen ones. With 20 it is 0.967 and 0.959.
# After that it is mostly the unseen digits that gain: 0.978 with 100 examples. The model has never learned to pack them tightly, so it takes more examples
# to cover all the ways of writing them. (Small ups and downs are luck: each point is the mean of five draws.)
#
# ## What it refuses
#
# An index keeps its vectors, labels and payloads in step. What would break that is refused, and nothing is added.

# %%
for bad_labels in ([7], ["seven", "one"], [-1, 7]):
    try:
        model.index(x_train[:2], bad_labels, payload=x_train[:2])
    except ValueError as error:
        print(error)
len(model.index_summary())

# %% [markdown]
# ## Recap
#
# - An index keeps embeddings, labels and payloads, in step.
# - A new class is added with a few examples, without training.
# - One example is not enough, 20 are plenty here: look at the curve for your own data.
# - Pictures in the index must not be used to measure quality.
#
# **Exercises** for this notebook are listed in [exercises/README.md](../exercises/README.md).
#
# **Next:** [03 · Lookup](03_lookup.ipynb): what comes back, and why did it match *these two*?
