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
# A trained model turns a picture into a point. To find similar pictures we need the points of the pictures that we know, all in one place:
# an **index**. This is also where the unseen digits come in. They were not trained on. They are simply *added*.
#
# **You will learn** what an embedding looks like; what an index holds beside it; how to add items; what a lookup computes; and how many
# examples a class needs.
#
# **You need** notebook 1, read but not run: we load a model that was trained with its recipe.
#
# **Time** 8 minutes to read, some seconds to run.

# %%
import simlib  # before Keras, to silence TensorFlow's start-up messages; nothing else depends on the order
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
# It is a list of 64 numbers. Below, each list is drawn as an 8 x 8 square: red for positive numbers, blue for negative ones, all four on one scale. The squares are
# not pictures of anything. What matters is whether two of them are *alike*.
#
# **Predict.** Here are two zeros and two eights, digits that the model was never trained on. Which squares will look alike?

# %% alt="Two handwritten zeros and two handwritten eights, and below each its 64 numbers as a square of red and blue cells. No two squares are clearly alike to the eye."
x_four, y_four = simlib.select_examples(x_test, y_test, classes=[0, 8], n=2, seed=3)
four = model.embed(x_four)
limit = np.abs(four).max()
figure, axes = plt.subplots(2, 4, figsize=(7.4, 3.6), layout="constrained")
for image, embedding, label, (above, below) in zip(x_four, four, y_four, axes.T):
    above.imshow(image, cmap="gray_r")
    above.set_title(f"a {label}")
    drawn = below.imshow(embedding.reshape(8, 8), cmap="RdBu_r", vmin=-limit, vmax=limit)
for ax in axes.flat:
    ax.set(xticks=[], yticks=[])
figure.colorbar(drawn, ax=axes[1, :], label="value")
plt.show()

# %% [markdown]
# It is hard to tell by eye, so let us measure. Every embedding has length 1, so the **cosine distance** of two of them is 1 minus their dot product. That is one line of NumPy.
# (*Exercise:* [02a · Three distances between two vectors](../exercises/02a_two_vectors.ipynb).)

# %%
distance = 1 - four @ four.T
names = ["first 0", "second 0", "first 8", "second 8"]
pd.DataFrame(distance, names, names).round(2).abs()

# %%
same = y_four[:, None] == y_four[None, :]
apart = ~np.eye(4, dtype=bool)
print(f"largest distance between two of the same digit:       {distance[same & apart].max():.2f}")
print(f"smallest distance between two of different digits:    {distance[~same].min():.2f}")

# %% [markdown]
# Two pictures of one digit are nearer to each other than two pictures of different digits. Nobody told the model what a zero is. (Four pictures prove little. Notebook 4 compares 100,000 pairs, and there
# the two kinds overlap.)
#
# ## What an index holds
#
# An index keeps three things for each item: its **embedding**, by which it is found; its **label**, which is what we want to know; and, if you like, a **payload**, which is
# what you want to get back, here the picture itself.
#
# The model file brings an index along. We empty it and build it again ourselves: 20 examples of each of the ten digits. They come from the *training* split, because test digits must stay out.

# %%
x_index, y_index = simlib.select_examples(x_train, y_train, n=20)
model.reset_index()
model.index(x_index, y_index, payload=x_index)
model.index_summary()

# %% [markdown]
# The model was trained on six of these classes and not on the other four. The index treats them alike. **To teach this system a new class, add a few examples. No training is needed.**
#
# `index` adds to what is already there, so running the last two lines twice would give 400 items. That is why the cell empties the index first.
#
# ## One more item
#
# `index_single` adds one example, given without its first axis. We add it to a second copy of the model, so that the first one stays as it is.

# %%
larger = keras.models.load_model("models/digits.keras")
larger.index_single(x_train[0], y_train[0], payload=x_train[0])
len(larger.index_summary())

# %% [markdown]
# **Predict.** Which item is nearest to the picture that we have just added, and how far away is it?

# %%
larger.single_lookup(x_train[0], k=3)

# %% [markdown]
# The picture itself, at distance 0. Remember this: **never measure quality with pictures that are in the index.** Each of them would find itself.
#
# *Exercise:* [03b · Not yourself](../exercises/03b_not_yourself.ipynb) measures how much this flatters.
#
# ## Names and ids
#
# A digit is its own number. Most classes have a **name**, and most items a key of your own, such as a file name. Both may be given, and both come back.

# %%
words = np.array(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])


def new_shelf():
    return simlib.Index().add(model.embed(x_index), words[y_index], ids=[f"scan {i:03d}" for i in range(200)])


found = new_shelf().lookup(model.embed(x_test[:3]), k=3)
print(found)
print(found.ids)

# %% [markdown]
# **Predict.** We remove the item that was nearest to the first query. What is its nearest item now?

# %%
shelf = new_shelf()
shelf.remove(found.ids[0, 0])
print(len(shelf), "items;", shelf.lookup(model.embed(x_test[:1]), k=3).ids)

# %% [markdown]
# The one that was second. `replace` gives an item another vector, `vectors` and `payload` read it back, and `lookup(..., among=["zero", "one"])` looks among some classes only.
#
# *Exercise:* [02e · An index that lives](../exercises/02e_living_index.ipynb) keeps such an index in step with a shop.
#
# ## What does a lookup compute?
#
# The distance from the query to every item; then it sorts. That is one matrix product, and up to some 100,000 items nothing cleverer is needed. Here it is by hand, beside
# the library's answer:

# %%
queries, items = model.embed(x_test[:200]), model.embed(x_index)
by_hand = (1 - queries @ items.T).argmin(axis=1)
neighbors = model.lookup(x_test[:200], k=1)
f"{(by_hand == neighbors.ids[:, 0]).sum()} of {len(queries)} nearest items agree"

# %% [markdown]
# *Exercise:* [02b · Exact search with one matrix product](../exercises/02b_exact_search.ipynb).
#
# ## How many examples does a class need?
#
# **Predict.** With a *single* example of each digit in the index, what share of the test digits finds the right one? Which group suffers more from so few examples, the digits seen in
# training or the unseen ones?
#
# The answer depends on which examples we happen to draw, so we draw each index 20 times. The line is the mean of the 20 draws; the band holds the middle 90 % of them.

# %%
sizes, draws = [1, 2, 5, 10, 20, 50, 100], 20
train, test = model.embed(x_train), model.embed(x_test)
is_seen = np.isin(y_test, recipe.SEEN)
rows = []
for n in sizes:
    for seed in range(draws):
        embeddings, labels = simlib.select_examples(train, y_train, n=n, seed=seed)
        right = simlib.Index("cosine").add(embeddings, labels).lookup(test, k=1).labels[:, 0] == y_test
        rows.append({"examples": n, "seen": right[is_seen].mean(), "unseen": right[~is_seen].mean()})
by_size = pd.DataFrame(rows).groupby("examples")
by_size.agg(["mean", "std"]).round(3)

# %% alt="Share of right answers against the number of examples of each class, from 1 to 100. The line of the seen digits is almost flat. The line of the unseen digits starts far lower, with a wide band, and rises; at 20 it has caught up, and at 100 it is a little higher."
figure, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
low, middle, high = by_size.quantile(0.05), by_size.mean(), by_size.quantile(0.95)
for name, color, style in (("seen", plots.SEEN, "o-"), ("unseen", plots.UNSEEN, "s--")):
    ax.plot(sizes, middle[name], style, color=color, label=name)
    ax.fill_between(sizes, low[name], high[name], color=color, alpha=0.25, linewidth=0)
ax.set(xscale="log", xlabel="examples of each class in the index", ylabel="share of test digits right", ylim=(None, 1.0))
ax.set_xticks(sizes, sizes)
ax.minorticks_off()
ax.legend(frameon=False, loc="lower right")
sns.despine()
plt.show()

# %% [markdown]
# The seen digits are already good with one example: training has pulled each of these classes together, so any member stands for the rest. The **unseen** digits pay for few examples, and pay twice: they are wrong more
# often, and *how* often depends on which example was drawn (the wide band, and the column `std`). The model never learned to pull them together, so it takes more examples to cover all the ways of writing them.
#
# We go on with 20, where the two lines meet. More examples hardly help the seen digits and still help the unseen ones. **Draw this curve for your own data before you collect examples**, and draw each point more than once: with few examples a single draw can be off by several
# hundredths.
#
# *Exercise:* [02c · If there is room for one: which example?](../exercises/02c_which_example.ipynb)
#
# ## What it refuses
#
# An index keeps embeddings, labels and payloads in step. It refuses what would break that, and then nothing is added at all.

# %%
for bad_labels in ([7], [0.5, 1.5], [-1, 7]):
    try:
        model.index(x_train[:2], bad_labels, payload=x_train[:2])
    except ValueError as error:
        print(error)
len(model.index_summary())

# %% [markdown]
# ## Recap
#
# - An index keeps embeddings, labels and payloads in step.
# - A new class is added with a few examples, without training.
# - How many examples it needs is a curve to measure. Classes that the model has not been trained on need more.
# - Pictures in the index must not be used to measure quality.
#
# **Exercises:** [02a · Three distances between two vectors](../exercises/02a_two_vectors.ipynb), [02b · Exact search with one matrix product](../exercises/02b_exact_search.ipynb),
# [02c · If there is room for one: which example?](../exercises/02c_which_example.ipynb), [02d · Grams and milligrams](../exercises/02d_units.ipynb),
# [02e · An index that lives](../exercises/02e_living_index.ipynb);
# all of them are listed in [exercises/README.md](../exercises/README.md).
#
# **Next:** [03 · Lookup](03_lookup.ipynb): what comes back, and why did it match *these two*?
