# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 3 · Lookup: why did it match these two?
#
# We have a model and an index. Now we ask: *what is this picture like?* The answer is a list of neighbours, nearest first.
#
# **You will learn** to read a `Neighbors` value; to see right and wrong answers as pictures; to find out why a wrong one came first; and what recall@k,
# precision@k and MAP@R say.
#
# **You need** notebooks 1 and 2, read but not run.
#
# **Time** 6 minutes of reading, and some seconds of running.

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
model.index_summary()

# %% [markdown]
# ## Ask for five neighbours

# %%
neighbors = model.lookup(x_test, k=5)
neighbors

# %% [markdown]
# Three arrays stand behind this, each with a row for each query and a column for each neighbour. Everything in the coming notebooks is computed from them: no more
# pictures, no more network.

# %%
neighbors.labels[0], neighbors.distances[0].round(3), neighbors.ids[0]

# %% [markdown]
# The payload brings the pictures back. A tick and blue: the neighbour has the label of the query. A cross and orange: it has not.

# %%
shown = neighbors[:6]
plots.neighbor_strips(x_test[:6], y_test[:6], shown, model.payload(shown))
plt.show()

# %% [markdown]
# ## Look at the mistakes
#
# **Predict.** Among 1,000 test digits, how many have a nearest neighbour of another class? Which digits do you expect to be confused?

# %%
wrong = np.flatnonzero(neighbors.labels[:, 0] != y_test)
pairs = pd.Series([f"{t} taken for {g}" for t, g in zip(y_test[wrong], neighbors.labels[wrong, 0])])
print(f"{len(wrong)} of {len(y_test)} test digits have a nearest neighbour of another class.")
pairs.value_counts(sort=False).sort_values(ascending=False, kind="stable").head(6).to_dict()

# %% [markdown]
# The numbers alone do not tell us why. The pictures do. These are the mistakes of which the model was most sure: the wrong neighbour is very near.

# %%
sure = wrong[np.argsort(neighbors.distances[wrong, 0], kind="stable")][:6]
plots.neighbor_strips(x_test[sure], y_test[sure], neighbors[sure], model.payload(neighbors[sure]))
plt.show()

# %% [markdown]
# ## Why did it match these two?
#
# A lookup only compares distances. So the question is always: *how far was the nearest of the right class, and who came in between?* Ask the index for all
# 200 items, and find the first right one.

# %%
everyone = model.lookup(x_test[sure], k=len(model.index_summary()))
rank = (everyone.labels == y_test[sure][:, None]).argmax(axis=1)
row = np.arange(len(sure))
pd.DataFrame(
    {
        "query": y_test[sure],
        "nearest": everyone.labels[:, 0],
        "at": everyone.distances[:, 0].round(3),
        "first right one at": everyone.distances[row, rank].round(3),
        "its rank": rank + 1,
    }
)

# %%
figure, axes = plt.subplots(3, len(sure), figsize=(8, 4.6), layout="constrained")
images = model.payload(everyone)
for column, i in enumerate(row):
    trio = {"query": x_test[sure][i], "nearest": images[i, 0], "first right": images[i, rank[i]]}
    for ax, (name, image) in zip(axes[:, column], trio.items()):
        ax.imshow(image, cmap="gray_r")
        ax.set(xticks=[], yticks=[], ylabel=name if column == 0 else "")

# %% [markdown]
# Read it column by column: the query above, what the model chose, and what it should have chosen. Some of these a person would get wrong too. In others the query
# is written in a way that no example of its class in the index shares. That suggests a cure without any training: **add such an example to the index.**

# %% [markdown]
# ## A map of the space
#
# The embedding has 64 dimensions. t-SNE lays it flat so that neighbours stay neighbours (the gaps between islands mean little). Black crosses mark the mistakes.
#
# **Predict.** Where will the crosses be?

# %%
plots.projector(model.embed(x_test), y_test, marked=wrong)
plt.show()

# %% [markdown]
# Between the islands and on their shores, mostly. All ten digits have an island of their own, also the four that the model was never trained on
# (0, 4, 5 and 8).

# %% [markdown]
# ## One number for "how good is the lookup?"
#
# There are three common ones. Take one query, a 7, and its five neighbours: **7 1 7 7 2**.
#
# - **recall@k**: is at least one right one among the first k? Here: yes for every k.
# - **precision@k**: which share of the first k is right? Here 1/1, 1/2, 2/3, 3/4, 3/5.
# - **MAP@R**: let R be how many 7s the index holds. Look at the first R, and add up the precision at each place where a right one stands; divide by R. It is
#   1 only if all R right ones come first. It is the strictest, and sees differences that recall@1 does not.
#
# The library gives the same numbers as your pencil:

# %%
one_query = simlib.Neighbors(
    labels=[[7, 1, 7, 7, 2]], distances=[[0.1, 0.2, 0.3, 0.4, 0.5]], ids=[[0, 1, 2, 3, 4]]
)
scores = simlib.metrics.retrieval(one_query, [7], class_sizes={7: 5}, ks=(1, 2, 3, 4, 5))
pd.Series(scores).round(3).to_frame("score").T

# %% [markdown]
# Check the last one by hand: (1/1 + 2/3 + 3/4) / 5.
#
# Now for all test digits, the seen and the unseen apart:

# %%
is_seen = np.isin(y_test, recipe.SEEN)
groups = {"all": np.ones(len(y_test), bool), "seen": is_seen, "unseen": ~is_seen}
rows = {name: model.evaluate_retrieval(x_test[g], y_test[g]) for name, g in groups.items()}
pd.DataFrame(rows).T.round(3)

# %% [markdown]
# **recall@10 is higher than recall@1, and precision@10 is not. Why?** With more neighbours it gets easier to have *one* right one among them, and harder that *all* are right.

# %%
k = np.arange(1, 21)
hits = model.lookup(x_test, k=20).labels == y_test[:, None]
figure, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
ax.plot(k, np.logical_or.accumulate(hits, axis=1).mean(axis=0), color=plots.SAME, label="recall@k")
ax.plot(k, hits.cumsum(axis=1).mean(axis=0) / k, color=plots.DIFFERENT, label="precision@k", linestyle="dashed")
ax.set(xlabel="k", ylim=(0.8, 1.005), xticks=[1, 5, 10, 15, 20])
ax.legend(frameon=False)
sns.despine()

# %% [markdown]
# ## Which digits are hard?

# %%
by_class = pd.Series(hits[:, 0]).groupby(y_test).mean()
colors = [plots.SEEN if c in recipe.SEEN else plots.UNSEEN for c in by_class.index]
ax = (1 - by_class).mul(100).plot.bar(color=colors, figsize=(6.4, 3), rot=0)
ax.set(xlabel="digit (light blue: seen in training, pink: unseen)", ylabel="mistakes, percent")
sns.despine()

# %% [markdown]
# ## Recap
#
# - A lookup answers with labels, distances and ids, and the payload brings the pictures back.
# - "Why these two?" has an answer: look at how far the first right one was, and at the pictures in between.
# - recall@k forgives, precision@k does not, and MAP@R looks at the whole order.
# - A mistake can often be mended in the index.
#
# **Exercises** for this notebook are listed in [exercises/README.md](../exercises/README.md).
#
# **Next:** [04 · Calibrate](04_calibrate.ipynb): a lookup always answers, even for a picture of a cat. How near is near *enough*?
