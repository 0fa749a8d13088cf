# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 7 · Scale: from 200 digits to millions
#
# So far the index held 200 pictures. What if it holds a million, or what if the pictures do not fit into memory? You change **one argument**. `index`, `lookup`, `calibrate` and `match` stay as they are.
#
# **You will learn** when comparing with everything becomes too slow; what an approximate search gives up for its speed, and how to measure that; where vectors and pictures
# can live; how to train on data that does not fit; and how to plan for a billion.
#
# **You need** notebooks 2 to 5, read but not run. `faiss-cpu`, `pymilvus` and `milvus-lite` come with the course's `requirements.txt`. Elsewhere: `pip install faiss-cpu pymilvus milvus-lite`.
#
# **Time** 15 minutes of reading, and a minute of running. Times differ from machine to machine, so yours will not be these.

# %%
import simlib  # first, so that TensorFlow starts without its log lines
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
import tensorflow as tf
from simlib import plots, recipe
from simlib.scale import shards

# %%
tf.get_logger().setLevel("ERROR")
# For the section on several devices: let TensorFlow see this processor as two.
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)

model = keras.models.load_model("models/digits.keras")  # yours: "models/my_digits.keras"
(x_train, y_train), (x_cal, y_cal), (x_test, y_test) = simlib.load_mnist()
scratch = Path(tempfile.mkdtemp())  # for the files of this notebook

# %% [markdown]
# ## One argument
#
# The search backend is chosen in `compile`, or in `simlib.Index`. There are three: `"exact"` compares with everything; `"faiss"` uses the library of that name;
# `"milvus"` a vector database, here one that runs inside this notebook and keeps its data in a file.
#
# **Predict.** The same 3,500 digits in each of the three. How many of the 1,000 answers will differ?

# %%
backends = {
    "exact": "exact",
    "faiss": "faiss",
    "milvus": {"name": "milvus", "uri": str(scratch / "digits.db")},
}
answers, cutpoints = {}, {}
for name, search in backends.items():
    model.reset_index()
    model.compile(search=search)  # the one argument
    model.index(x_train, y_train)
    cutpoints[name] = model.calibrate(x_cal, y_cal)["optimal"].distance
    answers[name] = model.match(x_test)
rows = {
    name: {
        "cutpoint": round(cutpoints[name], 4),
        "right": (answers[name] == y_test).mean(),
        "other than exact": (answers[name] != answers["exact"]).sum(),
    }
    for name in backends
}
pd.DataFrame.from_dict(rows, orient="index")

# %% [markdown]
# None. Whatever finds the neighbours, `simlib` measures their distances itself, in the same way. So a cutpoint that was calibrated with one backend holds for the others.
#
# And below 10,000 vectors `"faiss"` compares with everything as well, because nothing cleverer is needed there.

# %% [markdown]
# ## When is everything too much?
#
# We need many vectors that look like embeddings. We take real ones, draw each many times, and add a little noise.

# %%
real = model.embed(np.concatenate([x_train, x_cal]), verbose=0)


def made(n, seed=0):
    """n unit vectors, each beside a random real embedding; in parts, which needs less memory."""
    rng, vectors = np.random.default_rng(seed), np.empty((n, 64), np.float32)
    for part in np.array_split(vectors, -(-n // 100_000)):
        part[:] = real[rng.integers(0, len(real), len(part))]
        part += 0.05 * rng.standard_normal(part.shape, dtype=np.float32)
        part /= np.linalg.norm(part, axis=1, keepdims=True)
    return vectors


# %% [markdown]
# Of each index we ask two things: how long does a query take, and how much of the truth does it find?

# %%
def milliseconds(index, queries, k=10, turns=3):
    """The time of one query in a batch: the best of some turns."""
    best = np.inf
    for _ in range(turns):
        start = time.perf_counter()
        index.lookup(queries, k=k)
        best = min(best, time.perf_counter() - start)
    return 1000 * best / len(queries)


def recall(found, truth):
    """Which share of the true neighbours was found? Both are ids, one row a query."""
    return np.mean([len(set(a) & set(b)) / len(b) for a, b in zip(found, truth)])


# %% [markdown]
# **Predict.** An exact search among 1,000 vectors takes about a hundredth of a millisecond. How long among a million?

# %% tags=["nbval-ignore-output"]
queries, rows = made(1000, seed=1), {}
for n in (1_000, 10_000, 100_000, 1_000_000):
    vectors, labels = made(n), np.zeros(n, int)
    exact = simlib.Index("cosine").add(vectors, labels)
    lists = simlib.Index("cosine", search="faiss").add(vectors, labels)
    few = queries[: max(20, min(1000, 10_000_000 // n))]  # the slow one is asked less
    start = time.perf_counter()
    lists.lookup(queries[:1])  # the first lookup builds
    build = time.perf_counter() - start
    found = recall(lists.lookup(few, k=10).ids, exact.lookup(few, k=10).ids)
    rows[n] = {"exact, ms a query": milliseconds(exact, few), "faiss, ms a query": milliseconds(lists, queries),
               "recall of faiss": found, "faiss built in s": build}
    del exact
speed = pd.DataFrame(rows).T
speed.index = [f"{n:,}" for n in rows]
speed.round({"exact, ms a query": 3, "faiss, ms a query": 3, "recall of faiss": 3, "faiss built in s": 1})

# %% tags=["nbval-ignore-output"]
figure, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
for name, color, marker in (("exact", plots.DIFFERENT, "o"), ("faiss", plots.SAME, "s")):
    ax.loglog(list(rows), speed[f"{name}, ms a query"], color=color, marker=marker, label=name)
ax.set(xlabel="vectors in the index", ylabel="milliseconds a query")
ax.legend(frameon=False)
sns.despine()
plt.show()

# %% [markdown]
# Exact search is almost a straight line on these axes: ten times the vectors, ten times the time or more. That is no disgrace. Up to some 100,000 it is fast enough, it has nothing to tune, and it is always right.
# `faiss` grows far more slowly.
#
# ## What does faiss do?
#
# While building, it sorts the vectors into lists of neighbours (k-means; an *inverted file*). A query then looks only into the 16 lists nearest to it. A true neighbour in a seventeenth list is missed.
# The share that is found is the **recall**, and the number of lists, `nprobe`, trades it against time.
#
# **Predict.** How many of some 630 lists must be looked into to find 99 of 100 neighbours?

# %% tags=["nbval-ignore-output"]
n = 100_000
vectors, labels = made(n), np.zeros(n, int)
truth = simlib.Index("cosine").add(vectors, labels).lookup(queries[:300], k=10).ids
rows = {}
for kind, factory, parameter, values in (("IVF", None, "nprobe", (1, 2, 4, 8, 16, 32, 64)),
                                         ("HNSW", "HNSW16", "efSearch", (10, 30, 90))):
    for value in values:
        setting = f"{parameter}={value}"
        search = {"name": "faiss", "factory": factory, "parameters": setting}
        index, start = simlib.Index("cosine", search=search).add(vectors, labels), time.perf_counter()
        index.lookup(queries[:1])
        built = time.perf_counter() - start
        found = recall(index.lookup(queries[:300], k=10).ids, truth)
        rows[kind, setting] = {"recall": found, "ms a query": milliseconds(index, queries), "built in s": built}
tradeoff = pd.DataFrame(rows).T
tradeoff.round(3)

# %% tags=["nbval-ignore-output"]
figure, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
for kind, color, marker in (("IVF", plots.SAME, "o"), ("HNSW", plots.OTHER, "s")):
    part = tradeoff.loc[kind]
    ax.plot(part["ms a query"], part["recall"], color=color, marker=marker, label=kind)
for setting, row in tradeoff.loc["IVF"].iterrows():
    ax.annotate(setting.removeprefix("nprobe="), row[["ms a query", "recall"]], xytext=(5, 4), textcoords="offset points")
ax.axhline(0.99, color=plots.CUT, linestyle="dashed", linewidth=1)
ax.set(xlabel="milliseconds a query", ylabel="recall of ten neighbours", xlim=(0, None), ylim=(None, 1.03))
ax.legend(frameon=False)
sns.despine()
plt.show()

# %% [markdown]
# Up and to the left is good. A few lists are enough, because embeddings lie in clumps: that is what training was for. HNSW, a graph of neighbours, is the other well-known way. It answers about as fast,
# but look at the last column: it takes longer to build, and a graph of 100,000 is a small one. So `"faiss"` builds lists unless told otherwise, and everything is open to you, in faiss's own words:
# `search={"name": "faiss", "factory": "HNSW32", "parameters": "efSearch=64"}`.
#
# **Recall is a property of your data.** Vectors without clumps need far more lists. Measure it as above, with some hundred queries against `"exact"`, before you trust it.
#
# ## How much memory?
#
# The vectors themselves: 64 numbers of 4 bytes. `faiss` keeps them a second time, sorted into lists. We measure what a fresh process gains, so that nothing else counts.

# %% tags=["nbval-ignore-output"]
code = """
import sys, numpy, psutil, simlib
memory, n = psutil.Process().memory_info, 200_000
vectors, labels = numpy.random.default_rng(0).normal(size=(n, 64)).astype(numpy.float32), numpy.zeros(n, int)
index = simlib.Index("euclidean", search=sys.argv[1])
index.add(vectors[:100], labels[:100]).lookup(vectors[:1])  # what is needed once
index.reset()
before = memory().rss
index.add(vectors, labels)
index.lookup(vectors[:1])
print((memory().rss - before) / n)
"""
gained = {}
for name in ("exact", "faiss"):
    child = subprocess.run([sys.executable, "-c", code, name], capture_output=True, text=True, check=True)
    gained[name] = float(child.stdout)
pd.Series(gained, name="MB for each million vectors of 64 numbers").round(-1)

# %% [markdown]
# If that is too much, `faiss` can round. **Product quantisation** (`PQ16`) cuts each vector into 16 pieces of 4 numbers. For each place it learns 256 typical pieces, again by k-means, and of each vector it
# keeps only which of the 256 are nearest: 16 bytes, not 256. What does the whole index take? We ask faiss itself.

# %%
import faiss

coded = faiss.index_factory(64, "IVF632,PQ16np")  # np: without preparing a search that we do not use
coded.train(vectors[:50_000])  # a sample will do
coded.add(vectors)
coded_bytes = faiss.serialize_index(coded).size / n
round(coded_bytes, 1)

# %% [markdown]
# 16 bytes for the code, 8 for the number of the vector, and about two for its share of the lists' centres and of the typical pieces.
#
# A code is only near its vector, so distances to codes are rough, and the order of the neighbours is, too. The way out: fetch more candidates than are wanted, measure these with the full vectors, keep the best.
# `simlib` measures every candidate anyway, so a lookup of 100 does it, of which we keep ten.
#
# **Predict.** How many of the ten true neighbours are among ten candidates? And among a hundred?

# %% tags=["nbval-ignore-output"]
search = {"name": "faiss", "factory": "IVF632,PQ16np", "parameters": "nprobe=16"}
quantised, rows = simlib.Index("cosine", search=search).add(vectors, labels), {}
for candidates in (10, 30, 100):
    found = quantised.lookup(queries[:300], k=candidates).ids[:, :10]
    rows[candidates] = {"recall of ten": recall(found, truth),
                        "ms a query": milliseconds(quantised, queries[:300], k=candidates)}
pd.DataFrame(rows).T.rename_axis("candidates").round(3)

# %% [markdown]
# Ten candidates hold about three quarters of the true ten. A hundred hold nearly all, about as many as 16 lists of full vectors do (`nprobe=16`, above): what the codes blur, the full vectors put right.
# Here they are in memory, so nothing is saved yet. Where memory is short, they lie on disk, and a hundred of them are read for each query.

# %% [markdown]
# ## Pictures on disk
#
# A million digits are 784 MB, three times their embeddings. They need not be in memory: only the neighbours that are shown are read. Again one argument, `store`.

# %%
on_disk = simlib.Index("cosine", search="faiss", store={"name": "disk", "path": str(scratch / "digits.npy")})
on_disk.add(model.embed(x_train, verbose=0), y_train, payload=x_train)
on_disk

# %%
found = on_disk.lookup(model.embed(x_test[::300]), k=6)
plots.neighbor_strips(x_test[::300], y_test[::300], found, on_disk.payload(found.ids))
plt.show()

# %% [markdown]
# The file is an ordinary `.npy`. A saved index remembers its name, not its content, so keep the two together.
#
# ## Past one machine
#
# If the vectors outgrow the memory of one machine, do not invent a distributed search. Use one that exists: [Milvus](https://milvus.io) is an open vector database that runs on a laptop or on a cluster.
# Above it was a file. On a cluster the same code reads
#
# ```python
# search={"name": "milvus", "uri": "http://your-host:19530"}
# ```
#
# It is a real service, also in the file: each call goes through a connection, and can fail. So ask it to hold more, and to fail.

# %%
milvus = simlib.Index("cosine", search=backends["milvus"], store=backends["milvus"])
milvus.add(real[:2000], np.repeat(np.arange(4), 500), payload=np.arange(2000))
found = milvus.lookup(real[:3] + 0.001, k=3)
found, milvus.payload(found.ids)

# %%
nobody = simlib.Index("cosine", search={"name": "milvus", "uri": "http://127.0.0.1:9", "timeout": 2.0})
try:
    nobody.add(real, np.zeros(len(real), int))
except ConnectionError as error:
    print(str(error).split(">. ")[-1])
len(nobody)

# %% [markdown]
# Nothing half-indexed is counted, and a call that is repeated doubles nothing: Milvus is told each vector's position, and writes over what had arrived.
#
# ## Where does each belong?

# %% tags=["nbval-ignore-output"]
n = 20_000
vectors, labels, rows = made(n), np.zeros(n, int), {}
for name, search in backends.items():
    index, start = simlib.Index("cosine", search=search), time.perf_counter()
    index.add(vectors, labels)
    index.lookup(queries[:1])
    rows[name] = {f"{n:,} added, s": time.perf_counter() - start, "one query, ms": milliseconds(index, queries[:1]),
                  "a query of 100, ms": milliseconds(index, queries[:100])}
    index.reset()
pd.DataFrame(rows).T.round(2)

# %% [markdown]
# | backend | take it | its price |
# |---|---|---|
# | `exact` | up to some 100,000 vectors, and to measure the recall of the others | time grows with the index |
# | `faiss` | up to what fits into one machine's memory: tens of millions | some neighbours are missed; all is in memory |
# | `milvus` | beyond that, or when several programs share one index | a service to run; each call takes a journey |
#
# Milvus in a file is for learning and for tests: it is written in Python and is slower than the others at everything. The cluster is another program behind the same calls.
#
# ## Training on what does not fit
#
# The sampler of notebook 1 needs all examples in memory. If they do not fit, write them into **shards** first: TFRecord files with one or more classes each. The writer takes the examples one by one.

# %%
folder = shards.write_shards(scratch / "shards", zip(x_train, y_train), classes_per_shard=4)
for path in sorted(folder.iterdir()):
    print(path.name, path.stat().st_size // 1000, "kB" if path.suffix == ".tfrecord" else "kB: where each example begins")

# %% [markdown]
# **Predict.** Will batches from the shards be other ones than those from memory?

# %%
from_memory = simlib.ClassBalancedSampler(x_train, y_train, 4, 5, seed=7)
from_shards = shards.ShardSampler(folder, 4, 5, seed=7)
same = all((from_memory[step][0] == from_shards[step][0]).all() for step in range(len(from_memory)))
f"{len(from_memory)} batches, all the same: {same}"

# %% [markdown]
# It is the same sampler, and only the place that it reads from differs. So everything that holds for the one holds for the other: exactly 4 classes, exactly 5 examples of each, every example in its turn.
#
# A stream, such as a `tf.data.Dataset`, cannot be asked for its thousandth example. It is read once, into memory, or into shards if you name a folder:

# %%
dataset = tf.data.Dataset.from_tensor_slices((x_train, y_train))
sampler = simlib.sampler_from_dataset(dataset, 4, 5, class_list=[1, 3, 5, 7, 9], folder=scratch / "odd")
sampler[0][1]

# %% [markdown]
# The same from the TensorFlow Datasets catalogue (`pip install tensorflow-datasets`; it downloads): `simlib.sampler_from_catalogue("mnist", 4, 5, folder="mnist")`.
#
# And if there is but **one** example of each class? Then its views must do, each differently distorted:

# %%
ones = [int(np.flatnonzero(y_train == c)[0]) for c in range(10)]
views, labels = simlib.SingleShotSampler(x_train[ones], y_train[ones], classes_per_batch=4, views=8, seed=2)[0]
plots.image_grid(views, labels, columns=8)
plt.show()

# %% [markdown]
# ## Training on several devices
#
# TensorFlow's `MirroredStrategy` keeps a copy of the model on each device, hands each a part of the batch, and adds up the gradients. We have let it see this processor as two devices.
#
# One thing is different from ordinary training: **our loss is made of pairs, and a device sees only the pairs of its own part.** Cut one 6 x 6 batch in two, and each device has 3 classes to tell apart. So we hand
# each device a whole batch of its own, with `simlib.as_dataset`.

# %%
def small_network():
    """A model that trains in seconds."""
    images = keras.Input((28, 28))
    hidden = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(images))
    hidden = keras.layers.Dense(64, "relu")(hidden)
    return simlib.SimilarityModel(images, simlib.MetricEmbedding(16)(hidden))


# %% [markdown]
# Under a strategy, two things change: the model is made and compiled in its `scope()`, and the batches come as a dataset, one whole batch for each device.

# %%
seen = recipe.SEEN
hands = simlib.ClassBalancedSampler(x_train, y_train, 6, 6, class_list=seen, steps_per_epoch=20, seed=1)


def losses(strategy):
    """Train for five epochs; the loss of each."""
    keras.utils.set_random_seed(0)
    with strategy.scope():
        small = small_network()
        small.compile(keras.optimizers.Adam(1e-3), simlib.MultiSimilarityLoss())
    batches = simlib.as_dataset(hands, replicas=strategy.num_replicas_in_sync)
    return small.fit(batches, steps_per_epoch=20, epochs=5, verbose=0, shuffle=False).history["loss"]


one = losses(tf.distribute.get_strategy())
two = losses(tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]))

# %% [markdown]
# **Predict.** Which of the two losses falls faster, a step?

# %%
figure, ax = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
for loss, name, style in ((one, "one device, 1 batch a step", "solid"), (two, "two devices, 2 batches a step", "dashed")):
    ax.plot(range(1, 6), loss, label=name, linestyle=style, color=plots.SAME)
ax.set(xlabel="epoch", ylabel="loss", ylim=(0, None), xticks=range(1, 6))
ax.legend(frameon=False)
sns.despine()
plt.show()

# %% [markdown]
# Two devices see twice as many digits a step, so their curve is a little ahead. It is exactly the curve of *one* device that takes the mean loss of the same two batches; the test `tests/test_shards.py` trains both and compares.
#
# **Several machines** need three changes: `MultiWorkerMirroredStrategy` in place of `MirroredStrategy`; the environment variable `TF_CONFIG`, which tells each machine who the others are; and a `seed` of its own for each machine's sampler,
# or all would draw the same batches. The shards lie on every machine, or on storage that all can read.
#
# ## A plan on paper: a billion digits
#
# What would it take? We compute from what was measured above: the bytes of a vector, the time to build a million, the time of a query. *Quantised* is `PQ16` with a hundred candidates for ten neighbours.
# Among 100,000 vectors that found nearly all of them. The full vectors then lie on disk.

# %% tags=["nbval-ignore-output"]
billion, machine = 1e9, 64e9  # vectors; bytes of memory of one machine
million = {"build s": float(speed["faiss built in s"].iloc[-1]), "ms": float(speed["faiss, ms a query"].iloc[-1])}
plans = {
    "full vectors": gained["faiss"],  # bytes a vector, as measured
    "quantised, PQ16": coded_bytes + 8,  # and 8 for the label, which the line above has in it
}
rows = {}
for name, each in plans.items():
    shards_needed = int(np.ceil(billion * each / (0.75 * machine)))  # a quarter stays free
    per_shard = billion / shards_needed
    growth = (per_shard / 1e6) ** 1.5  # lists grow with the root of n, and each vector is compared with all centres
    rows[name] = {"bytes a vector": each, "memory in all, GB": billion * each / 1e9, "machines of 64 GB": shards_needed,
                  "build, hours, all machines at once": million["build s"] * growth / 3600,
                  "ms a query, on each machine": million["ms"] * (per_shard / 1e6) ** 0.5}
pd.DataFrame(rows).round(1)

# %% [markdown]
# Read it with care. The build time is that of our own two cores and of plain k-means, and it is the first thing one would change: train on a sample, let a graph find the nearest centre, use more cores. The memory is what it is.
# For quantised vectors the table leaves out two things: learning the typical pieces, which takes a sample of fixed size, and reading a hundred full vectors from disk for each query. And the recall among a billion
# is not on paper. It must be measured there.
#
# The pictures, 784 GB, lie on disk, and nobody reads more of them than are shown.
#
# **What changes in your code?** The search's name and its address.

# %% [markdown] tags=["measured-elsewhere"]
# ## How well is it made?
#
# Beside the bare tools, in turn, in one run, on two cores; the best of several turns. 64 dimensions, ten neighbours.
# `python tests/benchmarks/search.py`:
#
# | vectors | NumPy ms/query | exact | exact / NumPy | scikit-learn | bare faiss | faiss | faiss / bare | recall@10 |
# |---|---|---|---|---|---|---|---|---|
# | 1,000 | 0.0036 | 0.0043 | 1.21 | 0.0062 | 0.0031 | 0.0044 | 1.41 | 1.0000 |
# | 10,000 | 0.0362 | 0.0257 | 0.71 | 0.0620 | 0.0059 | 0.0074 | 1.24 | 0.9986 |
# | 100,000 | 0.4238 | 0.2666 | 0.63 | 0.7344 | 0.0200 | 0.0222 | 1.11 | 0.9975 |
# | 1,000,000 | 10.8128 | 8.9286 | 0.83 | 16.3135 | 0.1109 | 0.1145 | 1.03 | 0.9950 |
#
# NumPy is a plain product and a partition. From 10,000 vectors on, `exact` is faster than that: it works in blocks that stay in the processor's cache, ranks by the product alone, and sorts only the few that are left.
# At 1,000 it takes 1.2 times as long. With `faiss`, `simlib` checks what it is given and measures the ten that were found once more. At 10,000 that is one and a half microseconds a query, and weighs 1.2; at 100,000 it weighs 1.1.
#
# A million vectors, `python tests/benchmarks/scale.py`:
#
# | what | measured | wanted | measured / wanted |
# |---|---|---|---|
# | memory, 1,000,000 x 64, MB | 927 (of it 292 before the index) | 2000 | 0.46 |
# | recall@10 | 0.9970 | 0.99 | 1.007 |
# | ms a query, batches of 1000 | 0.123 | 0.5 | 0.25 |
# | adding, s | 1.3 | | |
# | adding and building, s | 3.9 | | |
# | saved file, MB | 238 | | |
#
# Batches, `python tests/benchmarks/samplers.py`:
#
# | source | images a second | of memory's |
# |---|---|---|
# | memory | 1,914,752 | 1.00 |
# | shards of 1 | 1,118,651 | 0.58 |
# | shards of 5 | 1,392,562 | 0.73 |

# %% [markdown]
# ## Recap
#
# - One argument changes the search, another one the store. Distances, cutpoints and labels stay the same.
# - Exact search is right, simple, and fast enough for longer than one thinks.
# - Approximate search trades recall for time. Measure the recall on your own data.
# - A sampler from shards draws the batches that one from memory would.
# - On several devices, give each one whole P x K batches.
#
# **Exercises** for this notebook are listed in [exercises/README.md](../exercises/README.md).
#
# **Next:** your own data. [exercises/README.md](../exercises/README.md) has things to try.
