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
# So far the index has held 200 pictures. What if it is to hold a million? You change **one argument**. `index`, `lookup`, `calibrate` and `match` stay as they are.
#
# **You will learn** when comparing with everything becomes too slow; how an approximate search works, what it gives up for its speed, and how to measure that on your own vectors; where vectors and pictures
# can live; and how to plan for a billion.
#
# **You need** notebooks 2 to 5, read but not run. `faiss-cpu`, `pymilvus` and `milvus-lite` come with the course's `requirements.txt`. Elsewhere: `pip install faiss-cpu pymilvus milvus-lite`.
#
# **Time** 14 minutes to read, a minute to run. Times differ from machine to machine, so yours will not be these.

# %%
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import simlib  # before Keras, to silence TensorFlow's start-up messages; nothing else depends on the order
import faiss
import figures  # figures.py, beside this notebook
import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from simlib import plots

model = keras.models.load_model("models/digits.keras")  # yours: "models/my_digits.keras"
(x_train, y_train), (x_cal, y_cal), (x_test, y_test) = simlib.load_mnist()
folder = tempfile.TemporaryDirectory()  # for the files of this notebook; removed at its end
scratch = Path(folder.name)

# %% [markdown]
# ## One argument
#
# The search backend is chosen in `compile`, or in `simlib.Index`. There are three: `"exact"` compares with everything; `"faiss"` uses the library of that name;
# `"milvus"` a vector database, here one that runs inside this notebook and keeps its data in a file.
#
# **Predict.** The same 3,500 digits in each of the three. How many of the 1,000 answers will differ?

# %%
train, cal, test = (model.embed(x, verbose=0) for x in (x_train, x_cal, x_test))
backends = {
    "exact": "exact",
    "faiss": "faiss",
    "milvus": {"name": "milvus", "uri": str(scratch / "digits.db")},
}
rows, answers = {}, {}
for name, search in backends.items():
    index = simlib.Index("cosine", search=search)  # the one argument
    index.add(train, y_train)
    cutpoint = simlib.calibrate(index.lookup(cal, k=1), y_cal).distance()
    answers[name] = simlib.match(index.lookup(test, k=1), cutpoint)
    rows[name] = {
        "cutpoint": round(cutpoint, 4),
        "right": (answers[name] == y_test).mean(),
        "other than exact": (answers[name] != answers["exact"]).sum(),
    }
    index.reset()
pd.DataFrame(rows).T.astype({"other than exact": int})

# %% [markdown]
# None. Whatever finds the neighbours, `simlib` measures their distances itself, in the same way. So a cutpoint that was calibrated with one backend holds for the others. With a model, write `model.compile(search="faiss")`.
#
# And below 10,000 vectors `"faiss"` compares with everything as well, because nothing cleverer is needed there.
#
# ## When is everything too much?
#
# We need many vectors that look like embeddings. We take real ones, draw each many times, and add a little noise.

# %%
real = np.concatenate([train, cal])


def like_real(n, seed=0):
    """n unit vectors, each beside a random real embedding; in parts, which needs less memory."""
    rng, vectors = np.random.default_rng(seed), np.empty((n, 64), np.float32)
    for part in np.array_split(vectors, -(-n // 100_000)):
        part[:] = real[rng.integers(0, len(real), len(part))]
        part += 0.05 * rng.standard_normal(part.shape, dtype=np.float32)
        part /= np.linalg.norm(part, axis=1, keepdims=True)
    return vectors


# %% [markdown]
# We ask two things of each index: how long does a query take, and how much of the truth does it find?

# %%
def milliseconds(index, queries, k=10, turns=3):
    """The time of one query in a batch: the best of some turns."""
    best = np.inf
    for _ in range(turns):
        start = time.perf_counter()
        index.lookup(queries, k=k)
        best = min(best, time.perf_counter() - start)
    return 1000 * best / len(queries)


def search_recall(found, truth):
    """The share of the true neighbours that was found. Both are ids, one row a query."""
    return np.mean([len(set(a) & set(b)) / len(b) for a, b in zip(found, truth)])


# %% [markdown]
# **Predict.** An exact search among 1,000 vectors takes about a hundredth of a millisecond. How long among a million?

# %% tags=["nbval-ignore-output"]
queries, rows = like_real(1000, seed=1), {}
for n in (1_000, 10_000, 100_000, 1_000_000):
    vectors, labels = like_real(n), np.zeros(n, int)
    exact = simlib.Index("cosine").add(vectors, labels)
    lists = simlib.Index("cosine", search="faiss").add(vectors, labels)
    few = queries[: max(20, min(1000, 10_000_000 // n))]  # the slow one is asked less
    start = time.perf_counter()
    lists.lookup(queries[:1])  # the first lookup builds
    build = time.perf_counter() - start
    recall = search_recall(lists.lookup(few, k=10).ids, exact.lookup(few, k=10).ids)
    rows[n] = {"exact, ms": milliseconds(exact, few), "faiss, ms": milliseconds(lists, queries),
               "recall of faiss": recall, "faiss built in s": build}
    del exact, lists
speed = pd.DataFrame(rows).T
speed.index = pd.Index([f"{n:,}" for n in rows], name="vectors")
speed.round({"exact, ms": 3, "faiss, ms": 3, "recall of faiss": 3, "faiss built in s": 1})

# %% tags=["nbval-ignore-output"] alt="Milliseconds a query against the number of vectors, both axes logarithmic. The line of exact search climbs steadily and steeply; the line of faiss stays far below it from 100,000 vectors on."
figure, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
for name, color, marker in (("exact", plots.DIFFERENT, "o"), ("faiss", plots.SAME, "s")):
    ax.loglog(list(rows), speed[f"{name}, ms"], color=color, marker=marker, label=name)
ax.set(xlabel="vectors in the index", ylabel="milliseconds a query")
ax.legend(frameon=False)
sns.despine()
plt.show()

# %% [markdown]
# From 10,000 vectors on, exact search is almost a straight line on these axes: ten times the vectors, about ten times the time, and more once they no longer fit into the processor's cache. Up to some 100,000 vectors that is fast enough, and exact search has nothing to tune and is always right.
# `faiss` grows far more slowly.
#
# *Exercise:* [07b · More vectors than memory](../exercises/07b_search_in_blocks.ipynb).
#
# ## How can a search not look at everything?
#
# By sorting the vectors beforehand. An **inverted file** finds some hundreds of centres with k-means and puts each vector into the list of its nearest centre. A query is compared with the centres first, and then only with the vectors in the lists of the nearest few: their number is called `nprobe`.
#
# **Predict.** Here it is in two dimensions, for a query near the border of its list. What will a search miss that looks into one list only? And into three?

# %% alt="Two maps of 400 points in ten cells, with a query near a corner where cells meet. Left, one cell is searched, and true neighbours just across its border are missed. Right, three cells are searched, and all are found."
points = np.random.default_rng(0).random((400, 2), np.float32)
kmeans = faiss.Kmeans(2, 10, seed=1, min_points_per_centroid=1)
kmeans.train(points)
figure, axes = plt.subplots(1, 2, figsize=(8, 4.6), layout="constrained")
for ax, nprobe in zip(axes, (1, 3)):
    figures.inverted_file(points, kmeans.centroids, query=[0.56, 0.61], nprobe=nprobe, k=10, ax=ax)
plt.show()

# %% [markdown]
# Neighbours just across the border. Looking into more lists finds them, and takes more time, as more points are compared. The share of the true neighbours that is found is the **recall of the search** (not to be confused with recall@k or the recall of a cutpoint: there are no labels in it).
#
# **Predict.** In 64 dimensions, with 100,000 vectors in some 630 lists: how many lists does it take to find 99 of 100 neighbours?

# %% tags=["nbval-ignore-output"]
n = 100_000
vectors, labels = like_real(n), np.zeros(n, int)
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
        recall = search_recall(index.lookup(queries[:300], k=10).ids, truth)
        rows[kind, setting] = {"recall": recall, "ms a query": milliseconds(index, queries), "built in s": built}
tradeoff = pd.DataFrame(rows).T
tradeoff.round(3)

# %% tags=["nbval-ignore-output"] alt="Recall against milliseconds a query. The curve of IVF rises steeply with the number of lists and reaches 0.99 between 8 and 16 of them; HNSW reaches 0.99 as well, and takes about twice the time."
figure, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
for kind, color, marker in (("IVF", plots.SAME, "o"), ("HNSW", plots.OTHER, "s")):
    part = tradeoff.loc[kind]
    ax.plot(part["ms a query"], part["recall"], color=color, marker=marker, label=kind)
for setting, row in tradeoff.loc["IVF"].iterrows():
    ax.annotate(setting.removeprefix("nprobe="), row[["ms a query", "recall"]], xytext=(5, 4), textcoords="offset points")
ax.axhline(0.99, color=plots.CUT, linestyle="dashed", linewidth=1)
ax.set(xlabel="milliseconds a query", ylabel="recall of ten neighbours", xlim=(0, None), ylim=(None, 1.03))
ax.legend(frameon=False, loc="lower right")
sns.despine()
plt.show()

# %% [markdown]
# The further up and to the left, the better. A few lists are enough here, because these embeddings lie in clumps: that is what training was for. HNSW, a graph of neighbours, is the other well-known way. Here it takes somewhat longer for the same recall, and the last column shows that it takes much longer to build. Both can be chosen by faiss's own names for them:
# `search={"name": "faiss", "factory": "HNSW32", "parameters": "efSearch=64"}`.
#
# ## Recall is a property of your data
#
# Ten digits make ten large clumps. A search for products or faces is different: **many identities, a few pictures of each**.
#
# **Predict.** The same number of vectors, the same lists, the same `nprobe`, but 40,000 clumps in place of ten. What becomes of the recall?

# %% tags=["nbval-ignore-output"]
def identities(n, each=2.5, seed=0):
    """n unit vectors of n / each identities: random centres, and a little noise around them."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((int(n / each), 64), dtype=np.float32)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    vectors = centres[rng.integers(0, len(centres), n)] + 0.05 * rng.standard_normal((n, 64), dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


rows, indexes = {}, {}
for kind, draw in (("ten digits", like_real), ("40,000 identities", identities)):
    many, few = np.split(draw(n + 300, seed=2), [n])
    truth_of = simlib.Index("cosine").add(many, labels).lookup(few, k=10).ids
    for nprobe in (16, 64, 256):
        search = {"name": "faiss", "parameters": f"nprobe={nprobe}"}
        index = simlib.Index("cosine", search=search).add(many, labels)
        indexes[nprobe] = index
        rows[f"nprobe={nprobe}", kind] = search_recall(index.lookup(few, k=10).ids, truth_of)
pd.Series(rows).unstack().loc[["nprobe=16", "nprobe=64", "nprobe=256"], ["ten digits", "40,000 identities"]].round(3)

# %% [markdown]
# It falls steeply, and a search with a setting of your own does not tell you so. **Measure the recall on your own vectors**: `index.recall(k)` does, with 300 queries, each close to one of your vectors. Without a setting, `"faiss"` measures before it answers, and looks into more lists where it must. Where that is not worth it, it says so, once, and searches exactly:

# %%
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    by_itself = simlib.Index("cosine", search="faiss").add(many, labels)
    by_itself.lookup(few, k=10)
print(*(warning.message for warning in told), sep="\n")
print(f"recall with nprobe=16: {indexes[16].recall(10):.1f}, by itself: {by_itself.recall(10):.1f}")

# %% [markdown]
# `index.build()` goes further: where lists do not pay, it builds a graph of the vectors and tunes it in the same way. For 100,000 that takes a good part of a minute, so nobody does it for you in the middle of a lookup.
#
# *Exercise:* [07c · How many lists are enough?](../exercises/07c_exact_or_approximate.ipynb)
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
# If that is too much, `faiss` can store rounded vectors. **Product quantisation** (`PQ16`) cuts each vector into 16 pieces of 4 numbers. For each piece it learns 256 typical values, again by k-means, and
# stores only the number of the nearest one: 16 bytes a vector in place of 256. What does the whole index take? We ask faiss itself.

# %%
coded = faiss.index_factory(64, "IVF632,PQ16np")  # np: without preparing a search that we do not use
coded.train(vectors[:25_000])  # a sample will do
coded.add(vectors)
coded_bytes = faiss.serialize_index(coded).size / n
round(coded_bytes, 1)

# %% [markdown]
# 16 bytes for the code, 8 for the number of the vector, and about two for its share of the lists' centres and of the typical values.
#
# A code only approximates its vector, so distances to codes are rough, and so is the order of the neighbours. The remedy: fetch more candidates than you want, measure these with the full vectors, and keep the best.
# `simlib` measures every candidate anyway. So we look up a hundred and keep ten.
#
# **Predict.** How many of the ten true neighbours are among ten candidates? And among a hundred?

# %% tags=["nbval-ignore-output"]
search = {"name": "faiss", "factory": "IVF632,PQ16np", "parameters": "nprobe=16"}
quantised, rows = simlib.Index("cosine", search=search).add(vectors, labels), {}
for candidates in (10, 30, 100):
    found = quantised.lookup(queries[:300], k=candidates).ids[:, :10]
    rows[candidates] = {"recall of ten": search_recall(found, truth),
                        "ms a query": milliseconds(quantised, queries[:300], k=candidates)}
pd.DataFrame(rows).T.rename_axis("candidates").round(3)

# %% [markdown]
# Ten candidates hold about three quarters of the true ten. A hundred hold nearly all, almost as many as 16 lists of full vectors do (`nprobe=16`, above): what the codes blur, the full vectors put right.
# Here they are in memory, so nothing is saved yet. Where memory is short they lie on disk, and a hundred of them are read for each query.
#
# ## Pictures on disk
#
# A million digits take 784 MB, three times as much as their embeddings. They need not be in memory: only the neighbours that are shown are read. Again it is one argument, `store`.

# %%
(scratch / "digits.npy").unlink(missing_ok=True)  # from an earlier run of this cell
on_disk = simlib.Index("cosine", search="faiss", store={"name": "disk", "path": str(scratch / "digits.npy")})
on_disk.add(train, y_train, payload=x_train)
on_disk

# %% alt="Four test digits with their six nearest neighbours, whose pictures were read from disk. All have the label of their query."
found = on_disk.lookup(test[::300], k=6)
plots.neighbor_strips(x_test[::300], y_test[::300], found, on_disk.payload(found.ids))
plt.show()

# %% [markdown]
# The file is an ordinary `.npy`. A saved index remembers its name, not its content, so keep the two together.
#
# ## Past one machine, and several programs
#
# If the vectors outgrow the memory of one machine, do not invent a distributed search. Use one that exists: [Milvus](https://milvus.io) is an open vector database that runs on a laptop or on a cluster.
# Above, it kept its data in a file. With a server, the same argument is
#
# ```python
# search={"name": "milvus", "uri": "http://your-host:19530", "collection": "digits"}
# ```
#
# One *collection* holds everything: vectors, ids, labels, pictures, and the calibration. So it is one index for every program that knows its address. We start a small server on this machine, Milvus Lite in a process
# of its own.

# %%
def serve(port):
    """A server in a process of its own, which answers at this port of this machine alone."""
    where = ["--data-dir", str(scratch / "served.db"), "--host", "127.0.0.1", "--port", str(port)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([sys.executable, "-m", "milvus_lite", "server", *where], **quiet)
    while process.poll() is None:
        with socket.socket() as knock:
            if knock.connect_ex(("127.0.0.1", port)) == 0:  # connected
                return process
        time.sleep(0.2)
    raise RuntimeError("the server has ended: is milvus-lite installed?")


with socket.create_server(("127.0.0.1", 0)) as free:
    port = free.getsockname()[1]
server, uri = serve(port), f"http://127.0.0.1:{port}"

# %% [markdown]
# And a second program, which fills an index there, calibrates, and ends.

# %%
np.savez(scratch / "known.npz", x=train[:1000], y=y_train[:1000], cal=cal, y_cal=y_cal)
program = """
import sys, numpy, simlib
known = numpy.load(sys.argv[2])
names = numpy.array("zero one two three four five six seven eight nine".split())
index = simlib.Index("cosine", search={"name": "milvus", "uri": sys.argv[1], "collection": "digits"})
index.add(known["x"], names[known["y"]])
near = index.lookup(known["cal"], k=1)
index.calibration = simlib.calibrate(near, names[known["y_cal"]], targets=["precision >= 0.99"])
print("The other program:", len(index), "items")
"""
command = [sys.executable, "-c", program, uri, str(scratch / "known.npz")]
print(subprocess.run(command, capture_output=True, text=True, check=True).stdout, end="")

# %% [markdown]
# **Predict.** This notebook has added nothing to that index. What does it need to name a test digit?

# %%
shared = simlib.Index.open(uri, "digits", timeout=5.0)
near = shared.lookup(test[:8], k=1)
print(*y_test[:8])
print(*simlib.match(near, shared.calibration.distance("precision >= 0.99")))

# %% [markdown]
# The address and the name. Labels, their names and the cutpoint lie there too. What we add now, other programs find within seconds; what we remove is gone for all of them.
#
# It is a real service: each call goes through a connection and can fail. **Predict.** The server breaks down, we add, and it starts again. How many items are there?

# %%
server.kill()
server.wait()
try:
    shared.add(test, ["new"] * len(test))
except ConnectionError as error:
    print(str(error).split(">. ")[-1])
server = serve(port)
len(shared)

# %%
server.terminate()  # by its own process, and no other
ended = server.wait()

# %% [markdown]
# As many as before. An `add` is there as a whole or not at all, and if you repeat it, it first removes what an interrupted one may have left behind.
#
# ## Which one when?

# %% tags=["nbval-ignore-output"]
m = 20_000
some, rows = like_real(m), {}
for name, search in backends.items():
    index, start = simlib.Index("cosine", search=search), time.perf_counter()
    index.add(some, np.zeros(m, int))
    index.lookup(queries[:1])
    rows[name] = {f"{m:,} added, s": time.perf_counter() - start, "one query, ms": milliseconds(index, queries[:1]),
                  "a query of 100, ms": milliseconds(index, queries[:100])}
    index.reset()
pd.DataFrame(rows).T.round(2)

# %% [markdown]
# | backend | take it | its price |
# |---|---|---|
# | `exact` | up to some 100,000 vectors, and to measure the recall of the others | time grows with the index |
# | `faiss` | up to what fits into one machine's memory: tens of millions | some neighbours are missed; all vectors are in memory |
# | `milvus` | beyond that, or when several programs share one index | a service to run; every call crosses the network |
#
# Milvus in a file is for learning and for tests: it is written in Python and is slower than the others at everything. The cluster is another program behind the same calls.
#
# ## A plan on paper: a billion digits
#
# What would it take? We calculate from what was measured above: the bytes of a vector, the time to build a million, the time of a query. *Quantised* is `PQ16` with a hundred candidates for ten neighbours; the full vectors then lie on disk.

# %% tags=["nbval-ignore-output"]
billion, machine = 1e9, 64e9  # vectors; bytes of memory of one machine
million = {"build s": float(speed["faiss built in s"].iloc[-1]), "ms": float(speed["faiss, ms"].iloc[-1])}
plans = {
    "full vectors": gained["faiss"],  # bytes a vector, as measured
    "quantised, PQ16": coded_bytes + 8,  # and 8 for the label, which the line above has in it
}
rows = {}
for name, each in plans.items():
    machines = int(np.ceil(billion * each / (0.75 * machine)))  # a quarter stays free
    share = billion / machines
    growth = (share / 1e6) ** 1.5  # lists grow with the root of n, and each vector is compared with all centres
    rows[name] = {"bytes a vector": each, "memory in all, GB": billion * each / 1e9, "machines of 64 GB": machines,
                  "build, hours, all machines at once": million["build s"] * growth / 3600,
                  "ms a query, on each machine": million["ms"] * (share / 1e6) ** 0.5}
pd.DataFrame(rows).round(1)

# %% [markdown]
# Read it with care. The build time is that of our own two cores and of plain k-means, and it is the first thing to change: train on a sample, let a graph find the nearest centre, use more cores. The memory stays what it is.
# For quantised vectors the table leaves out learning the typical values, which takes a sample of fixed size, and reading a hundred full vectors from disk for each query. And no calculation
# gives the recall among a billion vectors. That must be measured.
#
# The pictures, 784 GB, lie on disk, and only those that are shown are read.
#
# A **Milvus cluster** makes these machines into one index. *Query nodes* are the machines of the table: each holds its share of the vectors. *Coordinators* keep track of them: which node holds what, which has stopped, where a new one is needed;
# there are few of them, and no query goes through them. *Replicas* are whole copies on other machines: they answer more queries at once, none of them faster. *Partitions* are named parts, such as one for each country:
# a query that names one does not search the others. How many machines, for a thousand queries a second?

# %% tags=["nbval-ignore-output"]
plan, cluster = pd.DataFrame(rows), {}
for name in plan:
    nodes, ms = plan.loc["machines of 64 GB", name], plan.loc["ms a query, on each machine", name]
    replicas = int(np.ceil(1000 / (1000 / ms)))  # a node answers 1000 / ms in a second
    cluster[name] = {"query nodes, one replica": nodes, "its queries a second": 1000 / ms, "replicas": replicas,
                     "query nodes in all": replicas * nodes, "ms a query in one of 100 partitions": ms / 100**0.5}
pd.DataFrame(cluster).round(1)

# %% [markdown]
# **What changes in your code?** The address. Names, labels, cutpoints and `Index.open` stay as they are. To keep its promises, simlib gives each collection a single shard, so that one node takes all writes; lookups are spread over all nodes.

# %%
folder.cleanup()

# %% [markdown]
# ## Recap
#
# - One argument changes the search, another the store. Distances, cutpoints and labels stay the same.
# - Exact search is right and simple, and it stays fast enough for longer than you might expect.
# - An inverted file looks only into the nearest lists. What lies across a border is missed.
# - Recall is a property of your data: ten clumps are easy, thousands of identities are not. Measure it on your own vectors.
#
# How simlib's search compares with bare NumPy, scikit-learn and faiss: `tests/benchmarks/README.md`.
#
# **Exercises:** [07a · Will it fit?](../exercises/07a_memory.ipynb), [07b · More vectors than memory](../exercises/07b_search_in_blocks.ipynb),
# [07c · How many lists are enough?](../exercises/07c_exact_or_approximate.ipynb);
# all of them are listed in [exercises/README.md](../exercises/README.md).
#
# **Next:** [08 · Your pictures](08_your_pictures.ipynb), from a folder of photos to a recogniser; and [09 · Big training](09_big_training.ipynb), if the pictures to *train* on do not fit into memory.
