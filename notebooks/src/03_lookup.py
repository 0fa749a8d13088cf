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
# **You will learn** to read a `Neighbors` value; to look at right and wrong answers; to find out why a wrong neighbour came first, and whether adding items to the index mends it; and what recall@k,
# precision@k and MAP@R say, and what each of them hides.
#
# **You need** notebooks 1 and 2, read but not run.
#
# **Time** 10 minutes to read, some seconds to run.

# %%
import simlib  # before Keras, to silence TensorFlow's start-up messages; nothing else depends on the order
import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.patches import Patch
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
# It holds three arrays, each with a row for every query and a column for every neighbour. `labels` says which class each neighbour has, `distances` how far away it is, and `ids` which item of the index it is.
# Everything in the coming notebooks is computed from these three. The network and the pictures are no longer needed.

# %%
neighbors.labels[0], neighbors.distances[0].round(3), neighbors.ids[0]

# %% [markdown]
# The payload brings the pictures back. A tick and a blue frame: the neighbour has the label of the query. A cross and an orange frame: it has another.

# %% alt="Six test digits, one in each row, with their five nearest neighbours. All neighbours are framed in blue, as they have the label of the query."
plots.neighbor_strips(x_test[:6], y_test[:6], neighbors[:6], model.payload(neighbors[:6]))
plt.show()

# %% [markdown]
# ## Look at the mistakes
#
# **Predict.** Among 1,000 test digits, how many have a nearest neighbour of another class? Which digits will be confused with which?

# %%
wrong = np.flatnonzero(neighbors.labels[:, 0] != y_test)
pairs = pd.Series([f"{t} taken for {g}" for t, g in zip(y_test[wrong], neighbors.labels[wrong, 0])])
print(f"{len(wrong)} of {len(y_test)} test digits have a nearest neighbour of another class.")
pairs.value_counts(sort=False).sort_values(ascending=False, kind="stable").head(6).to_dict()

# %% [markdown]
# Only a few, and two confusions cover almost half of them. The counts do not tell us *why*, but the pictures do. These are the mistakes that look most certain, those in which the wrong neighbour is very near.

# %% alt="Six misread test digits, one in each row, with their five nearest neighbours. The first neighbour is always framed in orange, and in all rows but one the other four are too."
sure = wrong[np.argsort(neighbors.distances[wrong, 0], kind="stable")][:6]
plots.neighbor_strips(x_test[sure], y_test[sure], neighbors[sure], model.payload(neighbors[sure]))
plt.show()

# %% [markdown]
# *Exercise:* [03d · Who is labelled wrongly?](../exercises/03d_wrong_labels.ipynb): sometimes it is the label that is wrong.
#
# ## Why did it match these two?
#
# A lookup only compares distances. So the question is always: *how far away was the nearest item of the right class, and what came in between?* We ask the index for all
# 200 items and find the first right one. Its *rank* is its place in the list.

# %%
everyone = model.lookup(x_test[sure], k=200)
rank = (everyone.labels == y_test[sure][:, None]).argmax(axis=1)
row = np.arange(len(sure))
pd.DataFrame(
    {
        "query": y_test[sure],
        "nearest": everyone.labels[:, 0],
        "at distance": everyone.distances[:, 0].round(3),
        "first right one at": everyone.distances[row, rank].round(3),
        "its rank": rank + 1,
    }
)

# %% alt="Six columns of three digits: a misread query above, the item that was nearest to it, and below the first item of the right class. The nearest often resembles the query more than the first right one does."
figure, axes = plt.subplots(3, len(sure), figsize=(8, 4.6), layout="constrained")
images = model.payload(everyone)
for column, i in enumerate(row):
    trio = {"query": x_test[sure][i], "nearest": images[i, 0], "first right": images[i, rank[i]]}
    for ax, (name, image) in zip(axes[:, column], trio.items()):
        ax.imshow(image, cmap="gray_r")
        ax.set(xticks=[], yticks=[], ylabel=name if column == 0 else "")
plt.show()

# %% [markdown]
# Read it column by column: the query, what the model chose, and what it should have chosen. Some of these a person would get wrong too. Others are written in a way that no example of their class in the index shares.
#
# ## Can a mistake be mended in the index?
#
# That suggests a cure without training: **add such examples to the index.** We try it. Look up the 500 digits of the calibration split, add the misread ones to the index with their right labels,
# and count the mistakes among the *test* digits again.
#
# **Predict.** How many of the test digits' mistakes will disappear?

# %%
x_index, y_index = simlib.select_examples(x_train, y_train, n=20)  # what the model's index holds
items, cal, test = model.embed(x_index), model.embed(x_cal), model.embed(x_test)
misread = np.flatnonzero(model.lookup(x_cal, k=1).labels[:, 0] != y_cal)


def mistakes_with(more):
    """How many test digits are misread when these calibration digits are in the index as well."""
    index = simlib.Index("cosine").add(items, y_index).add(cal[more], y_cal[more])
    return int((index.lookup(test, k=1).labels[:, 0] != y_test).sum())


{"with the index as it is": mistakes_with([]), f"with the {len(misread)} misread digits added": mistakes_with(misread)}

# %% [markdown]
# Five fewer. Is that because we chose so cleverly? To know, compare with a choice that is not clever at all: as many calibration digits, drawn at random. We draw 50 times.

# %%
rng = np.random.default_rng(0)
at_random = [mistakes_with(rng.choice(len(cal), len(misread), replace=False)) for _ in range(50)]
low, high = np.quantile(at_random, [0.05, 0.95])
print(f"with {len(misread)} random digits added: {np.mean(at_random):.1f} mistakes on average, {low:.0f} to {high:.0f} in nine draws of ten")

# %% [markdown]
# Random digits change next to nothing, and the misread ones do better than nine random draws in ten. So choosing did help here, though most of the mistakes are still there: the next person writes badly in another way.
#
# But these are eight digits, one model and one index. We repeated it with two more models, and five indexes for each of the three (`python tests/benchmarks/claims.py`): in 11 of the 15 cases there were fewer mistakes, in 4 there were *more*. An added item that lies among another class catches queries of that class.
# Mending single mistakes is no substitute for more examples of each class (notebook 2) or a better embedding (notebook 1). So keep the method: **before you believe in a cure, try a random one beside it, and try it more than once.**
#
# ## A map of the space
#
# The embedding has 64 dimensions. t-SNE lays it flat so that neighbours stay neighbours. (Sizes of islands and gaps between them mean little.) Black crosses mark the mistakes.
#
# **Predict.** Where will the crosses be?

# %% alt="A map of the test digits with one island for each of the ten classes. The crosses that mark mistakes lie on the shores of the islands or in small clumps beside them."
plots.projector(model.embed(x_test), y_test, marked=wrong)
plt.show()

# %% [markdown]
# On the shores of the islands, or in small clumps beside them. All ten digits have an island, also the four that the model was never trained on
# (0, 4, 5 and 8).
#
# ## Three numbers for "how good is the lookup?"
#
# Take one query, a 7, and its five neighbours: **7 1 7 7 2**.
#
# - **recall@k**: is there at least one right neighbour among the first k? Here: yes for every k.
# - **precision@k**: what share of the first k is right? Here 1/1, 1/2, 2/3, 3/4, 3/5.
# - **MAP@R**: let R be the number of 7s in the index. Look at the first R neighbours, add up the precision at each place where a right one stands, and divide by R. It is
#   1 only if all R right ones come first.
#
# The library gives the same numbers as your pencil:

# %%
one_query = simlib.Neighbors(
    labels=[[7, 1, 7, 7, 2]], distances=[[0.1, 0.2, 0.3, 0.4, 0.5]], ids=[[0, 1, 2, 3, 4]]
)
scores = simlib.metrics.retrieval(one_query, [7], class_sizes={7: 5}, ks=(1, 2, 3, 4, 5))
rows = {name: [scores[f"{name}@{k}"] for k in (1, 2, 3, 4, 5)] for name in ("recall", "precision")}
print(pd.DataFrame(rows, index=["@1", "@2", "@3", "@4", "@5"]).T.round(3))
print(f"\nMAP@R {scores['map@r']:.3f}, and by hand {(1 / 1 + 2 / 3 + 3 / 4) / 5:.3f}")

# %% [markdown]
# *Exercises:* [03a · How good is a list of neighbours?](../exercises/03a_hits.ipynb) and [03c · MAP@R, by hand](../exercises/03c_map_at_r.ipynb).
#
# Now for all test digits, and for the digits seen in training and the unseen ones apart.
#
# **Predict.** Which of the three numbers shows the largest difference between seen and unseen?

# %%
is_seen = np.isin(y_test, recipe.SEEN)
groups = {"all": np.ones(len(y_test), bool), "seen": is_seen, "unseen": ~is_seen}
rows = {name: model.evaluate_retrieval(x_test[g], y_test[g], ks=(1, 10)) for name, g in groups.items()}
retrieval = pd.DataFrame(rows).drop("precision@1")  # with one neighbour it is the same as recall@1
retrieval.assign(gap=retrieval["seen"] - retrieval["unseen"]).round(3)

# %% [markdown]
# **recall@1 hides it and MAP@R shows it.** Judged by the nearest neighbour alone, digits that the model has never seen are recognised about as well as those it was trained on. But
# behind the nearest one the picture changes: their classes are loose clouds, with other digits in between. MAP@R looks at the whole cloud. It matters as soon as you need more than the nearest: a page of search results,
# a vote, or a threshold (notebook 4).
#
# **Predict.** As k grows, does recall@k rise or fall? And precision@k?

# %% alt="recall@k and precision@k for k from 1 to 20. For k = 1 the two are the same. recall@k rises towards 1 for both groups. precision@k is almost level for the seen digits up to k = 15, and falls steeply for the unseen ones."
k = np.arange(1, 21)
hits = model.lookup(x_test, k=20).labels == y_test[:, None]
figure, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
for group, mask, color in (("seen", is_seen, plots.SEEN), ("unseen", ~is_seen, plots.UNSEEN)):
    some = np.logical_or.accumulate(hits[mask], axis=1).mean(axis=0)
    ax.plot(k, some, color=color, label=f"recall@k, {group}")
    ax.plot(k, hits[mask].cumsum(axis=1).mean(axis=0) / k, color=color, label=f"precision@k, {group}", linestyle="dashed")
ax.set(xlabel="k", ylim=(None, 1.005), xticks=[1, 5, 10, 15, 20])
ax.legend(frameon=False, loc="lower left")
sns.despine()
plt.show()

# %% [markdown]
# With more neighbours it gets easier to have *one* right among them, so recall@k can only rise. Neighbours further down the list lie further away and are right less often, so precision@k falls, and for the unseen digits it falls faster. The gap between the dashed lines is what MAP@R sums up.
# (Each digit has only 20 items in the index, so at k = 20 every one of them would have to come first.)
#
# ## Is anybody everybody's neighbour?
#
# With 1,000 queries and their ten nearest of 200 items, each item should turn up about 50 times. Items that turn up far more often are called **hubs**. They are a common problem of high-dimensional spaces
# ([Radovanovic et al. 2010](https://jmlr.org/papers/v11/radovanovic10a.html)): a hub is near to everything, so it gives many wrong answers, and it hides the right ones.
#
# We count, for our embeddings and for the raw pixels (784 numbers), which have seen no training.
#
# **Predict.** Which of the two has the stronger hubs?

# %% alt="Histogram of how often each of the 200 items is among the ten nearest of a query. For embeddings all counts stay within about twice the expected 50. For raw pixels a few items turn up three to four times as often as expected."
spaces = {
    "raw pixels": [x.reshape(len(x), -1).astype(float) for x in (x_index, x_test)],
    "embeddings": [items, test],
}
figure, ax = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
for (name, (known, queries)), color, hatch in zip(spaces.items(), (plots.DIFFERENT, plots.SAME), ("//", "")):
    near = simlib.Index("cosine").add(known, y_index).lookup(queries, k=10)
    times = np.bincount(near.ids.ravel(), minlength=len(y_index))
    ax.hist(times, bins=np.arange(0, 211, 10), alpha=0.6, color=color, hatch=hatch, edgecolor="white", label=f"{name}: at most {times.max()} times")
    print(f"{name}: {(near.labels[:, 0] == y_test).mean():.1%} of the nearest are right; the five largest hubs turn up {np.sort(times)[::-1][:5].tolist()} times")
ax.axvline(50, color=plots.CUT, linestyle="dashed", linewidth=1, label="expected: 50 times")
ax.set(xlabel="how often an item is among the ten nearest", ylabel="items")
ax.legend(frameon=False)
sns.despine()
plt.show()

# %% [markdown]
# The raw pixels. The largest of their hubs turns up in the answers to one query in five, though only one query in ten is of its class. Among the embeddings no item turns up much more than twice as often as expected: the loss pulls each class together and pushes the others away, so hardly any place is near to everything. With your own
# data, look at the largest hubs first: they are often blurred, empty or mislabelled pictures.
#
# ## Which digits are hard?

# %% alt="The share of mistakes for each digit from 0 to 9, as bars. The two highest bars, 2 and 1, belong to seen digits. No unseen digit has more than two percent."
by_class = 100 * (1 - pd.Series(hits[:, 0]).groupby(y_test).mean())
colors = [plots.SEEN if c in recipe.SEEN else plots.UNSEEN for c in by_class.index]
ax = by_class.plot.bar(color=colors, figsize=(6.4, 3), rot=0)
ax.set(xlabel="digit", ylabel="mistakes, percent")
ax.legend(handles=[Patch(color=plots.SEEN, label="seen in training"), Patch(color=plots.UNSEEN, label="unseen")], frameon=False)
sns.despine()
plt.show()

# %% [markdown]
# Whether a digit was seen in training is not what decides: the two hardest here, 2 and 1, were both seen. More often it matters that another digit looks like it, as a 7 looks like a 1. (There are 100 test digits of each class, so one mistake is one percent, and differences of two or three percent are luck.
# In the 15 cases from above, the 2 is among the two hardest 14 times; the other one is mostly the 8, which was not seen.)
#
# ## Recap
#
# - A lookup answers with labels, distances and ids, and the payload brings the pictures back.
# - "Why these two?" has an answer: look at how far away the first right one was, and at what came in between.
# - Try a random cure beside the one that you believe in.
# - recall@k forgives, precision@k does not, and MAP@R looks at the whole order. They can tell different stories about the same model.
# - Hubs are items that are near to everything. Look for them.
#
# **Exercises:** [03a · How good is a list of neighbours?](../exercises/03a_hits.ipynb), [03b · Not yourself](../exercises/03b_not_yourself.ipynb),
# [03c · MAP@R, by hand](../exercises/03c_map_at_r.ipynb), [03d · Who is labelled wrongly?](../exercises/03d_wrong_labels.ipynb);
# all of them are listed in [exercises/README.md](../exercises/README.md).
#
# **Next:** [04 · Calibrate](04_calibrate.ipynb): a lookup always answers, even for a picture of a cat. How near is near *enough*?
