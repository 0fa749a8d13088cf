# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 9 · Big training: data that does not fit, devices that share the work
#
# Notebook 7 searched among millions. This one *trains* on what does not fit into memory, and on more than one device. The batch is the heart of it: a pair loss only sees
# the pairs that are in one batch, so whatever we change, every batch must stay P classes x K examples.
#
# **You will learn** to draw P x K batches from files; to train on a stream or on a single example of each class; what several devices change; and how to choose P, K and the length of the embedding.
#
# **You need** notebook 1, read but not run.
#
# **Time** 9 minutes to read, half a minute to run.

# %%
import simlib  # before Keras, to silence TensorFlow's start-up messages; nothing else depends on the order
import tempfile
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
# For the section on several devices: let TensorFlow see this processor as two, before its first computation.
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)

(x_train, y_train), (x_cal, y_cal), (x_test, y_test) = simlib.load_mnist()
folder = tempfile.TemporaryDirectory()  # for the files of this notebook; removed at its end
scratch = Path(folder.name)

# %% [markdown]
# ## Shards: batches from files
#
# The sampler of notebook 1 needs all examples in memory. If they do not fit, write them into **shards** first: TFRecord files with one or more classes each. The writer takes the examples one by one, so they need never be in memory together.

# %%
where = Path(tempfile.mkdtemp(dir=scratch), "shards")
shards.write_shards(where, zip(x_train, y_train), classes_per_shard=4)
for path in sorted(where.iterdir()):
    print(path.name, path.stat().st_size // 1000, "kB" if path.suffix == ".tfrecord" else "kB: where each example begins")

# %% [markdown]
# Training needs examples in *random* order, and a file is read from front to back. The last file solves this: it says where each example begins, so that any of them can be read at once.
#
# **Predict.** With the same seed, will the batches from the shards differ from those from memory?

# %%
from_memory = simlib.ClassBalancedSampler(x_train, y_train, 4, 5, seed=7)
from_shards = shards.ShardSampler(where, 4, 5, seed=7)
same = all((from_memory[step][0] == from_shards[step][0]).all() for step in range(len(from_memory)))
f"{len(from_memory)} batches, all the same: {same}"

# %% [markdown]
# They do not. It is the same sampler, and only the place that it reads from differs. So everything that holds for one holds for the other: exactly 4 classes, exactly 5 examples of each, every example in its turn.
#
# ## Streams
#
# A stream, such as a `tf.data.Dataset`, cannot be asked for its thousandth example. It is read once: into memory, or into shards if you name a folder.

# %%
dataset = tf.data.Dataset.from_tensor_slices((x_train, y_train))
sampler = simlib.sampler_from_dataset(dataset, 4, 5, class_list=[1, 3, 5, 7, 9], folder=scratch / "odd")
sampler[0][1]

# %% [markdown]
# The same from the TensorFlow Datasets catalogue (`pip install tensorflow-datasets`; it downloads): `simlib.sampler_from_catalogue("mnist", 4, 5, folder="mnist")`.
#
# ## One example of each class
#
# **Predict.** With a single picture of each class there is no pair of two pictures of one class. What could take its place?

# %% alt="Four digits, one in each row, each in eight versions that are turned, shifted, slanted and bent a little."
ones = [int(np.flatnonzero(y_train == c)[0]) for c in range(10)]
views, labels = simlib.SingleShotSampler(x_train[ones], y_train[ones], classes_per_batch=4, views=8, seed=2)[0]
plots.image_grid(views, labels, columns=8)
plt.show()

# %% [markdown]
# Its own views: each is distorted in another way, and the model learns that such distortions do not matter. It cannot learn in this way how *another* person writes the digit, so use it where there is nothing else.
#
# ## Several devices
#
# TensorFlow's `MirroredStrategy` keeps a copy of the model on each device, hands each a part of the batch, and adds up the gradients. We let it see this processor as two devices.
#
# **Predict.** A batch of 6 classes x 6 examples is cut in two halves, one for each device. How many of the batch's negative pairs does the loss still see?

# %%
def pairs(classes, examples):
    """(positive, negative) pairs in one batch."""
    n = classes * examples
    positive = classes * examples * (examples - 1) // 2
    return positive, n * (n - 1) // 2 - positive


whole, half = pairs(6, 6), pairs(3, 6)
pd.DataFrame(
    {"one device, 6 x 6": whole, "two devices, 3 x 6 each": [2 * n for n in half], "two devices, 6 x 6 each": [2 * n for n in whole]},
    index=["positive pairs", "negative pairs"],
).T

# %% [markdown]
# Less than half of them. **A pair loss sees only the pairs on one device**, and half a batch has fewer kinds of negatives. So we hand each device a whole P x K batch of its own: that is what `simlib.as_dataset` does. Under a strategy two things change: the model is built and compiled in
# its `scope()`, and the batches come as a dataset, one whole batch for each device.

# %% tags=["nbval-ignore-output"]
def small_network():
    """A model that trains in seconds."""
    images = keras.Input((28, 28))
    hidden = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(images))
    hidden = keras.layers.Dense(64, "relu")(hidden)
    return simlib.SimilarityModel(images, simlib.MetricEmbedding(16)(hidden))


def losses(strategy):
    """Train for five epochs; the loss of each."""
    sampler = simlib.ClassBalancedSampler(x_train, y_train, 6, 6, class_list=recipe.SEEN, steps_per_epoch=20, seed=1)
    keras.utils.set_random_seed(0)
    with strategy.scope():
        small = small_network()
        small.compile(keras.optimizers.Adam(1e-3), simlib.MultiSimilarityLoss())
    batches = simlib.as_dataset(sampler, replicas=strategy.num_replicas_in_sync)
    bar = simlib.callbacks.EpochBar()
    return small.fit(batches, steps_per_epoch=20, epochs=5, verbose=0, shuffle=False, callbacks=[bar]).history["loss"]


one = losses(tf.distribute.get_strategy())
two = losses(tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]))

# %% [markdown]
# **Predict.** Which of the two losses falls faster, counted in steps?

# %% alt="The loss over five epochs, for one device and for two. Both fall; the curve of two devices runs below the other all the way, and ends at about two thirds of its height."
figure, ax = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
for loss, name, style in ((one, "one device, 1 batch a step", "solid"), (two, "two devices, 2 batches a step", "dashed")):
    ax.plot(range(1, 6), loss, label=name, linestyle=style, color=plots.SAME)
ax.set(xlabel="epoch", ylabel="loss", ylim=(0, None), xticks=range(1, 6))
ax.legend(frameon=False)
sns.despine()
plt.show()

# %% [markdown]
# The one of two devices: each of its steps averages over twice as many digits. It is exactly the curve of *one* device that takes the mean loss of the same two batches; a test in `tests/scale` trains both and compares. What two real devices save is time, not steps.
#
# **Several machines** need three changes: `MultiWorkerMirroredStrategy` in place of `MirroredStrategy`; the environment variable `TF_CONFIG`, which tells each machine who the others are; and a `seed` of its own for each machine's sampler,
# or all would draw the same batches. The shards lie on every machine, or on storage that all can read.
#
# ## How to choose P, K and the length of the embedding
#
# Memory limits the batch, so P x K is given, 60 in our recipe. How should it be divided? Count the pairs:

# %%
shapes = [(2, 30), (3, 20), (6, 10), (12, 5), (20, 3), (30, 2)]
rows = {f"{p} x {k}": pairs(p, k) for p, k in shapes}
table = pd.DataFrame(rows, index=["positive pairs", "negative pairs"]).T.rename_axis("P x K")
table["partners of each"] = [k - 1 for _, k in shapes]
table["other classes"] = [p - 1 for p, _ in shapes]
table

# %% [markdown]
# More classes: each example meets more kinds of strangers, and finds harder ones among them. More examples: each has more partners, and harder ones. At the ends one of the two runs out: with K = 1 there is no positive pair at all, with P = 2 only one kind of negative.
#
# **Predict.** Between those ends, how much does it matter for our recipe?

# %% [markdown] tags=["measured-elsewhere"]
# Errors in percent, the mean of two seeds (`python tests/benchmarks/batch_shape.py --seeds 0 1`):
#
# | P x K | all | seen | unseen |
# |---|---|---|---|
# | 6 x 10 | 2.39 | 2.15 | 2.75 |
# | 12 x 5 (the recipe) | 2.31 | 1.86 | 2.99 |
# | 15 x 4 | 2.64 | 2.25 | 3.23 |

# %% [markdown]
# Hardly at all: the rows differ by little more than two seeds of one row do. So start with K about 5 and as many classes as the memory allows, and look for better ideas elsewhere: *which* classes there are (notebook 1) matters far more.
#
# **The length of the embedding** is paid for at every lookup: memory and time of an exact search grow with it. Double it until the accuracy on *unseen* classes stops growing, and take the smallest that is as good.
#
# **Predict.** Which digits need the longer embedding, the seen or the unseen ones?

# %% [markdown] tags=["measured-elsewhere"]
# Errors in percent, one seed and a third of the recipe's steps (`python tests/benchmarks/batch_shape.py --only lengths --seeds 0 --steps 800`):
#
# | length | all | seen | unseen |
# |---|---|---|---|
# | 4 | 17.13 | 6.60 | 32.92 |
# | 8 | 5.75 | 3.77 | 8.73 |
# | 16 | 3.65 | 3.02 | 4.60 |
# | 32 | 3.34 | 2.72 | 4.28 |
# | 64 (the recipe) | 3.14 | 2.73 | 3.75 |
# | 128 | 3.49 | 2.92 | 4.35 |

# %% [markdown]
# The unseen ones. With 4 numbers there is room for the six classes that were trained on, and not for others. From 16 on little changes, and one seed cannot rank the last three rows.
#
# *Exercise:* [01f · How long must an embedding be?](../exercises/01f_embedding_size.ipynb).

# %%
folder.cleanup()

# %% [markdown]
# ## Recap
#
# - A sampler from shards draws the batches that one from memory would draw.
# - A pair loss sees the pairs of one device's batch, so give each device whole P x K batches.
# - P decides how many kinds of strangers an example meets, K how many partners. Away from the ends the division matters little.
# - Take the shortest embedding that is as good on unseen classes.
#
# **Exercises:** [01b · Draw a P x K batch by hand](../exercises/01b_batch_by_hand.ipynb), [01f · How long must an embedding be?](../exercises/01f_embedding_size.ipynb);
# all of them are listed in [exercises/README.md](../exercises/README.md).
#
# **Next:** your own data. [exercises/README.md](../exercises/README.md) has things to try.
