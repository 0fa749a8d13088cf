# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 6 · Save and reload: take it home
#
# A recogniser is three things: a model, an index, and a calibration. Lose one and the others are worth little. So all of them travel in **one file**, and this notebook proves
# that what comes back is the same.
#
# **You will learn** to save and reload; what is in the file; how to check that a reloaded model answers identically; and what happens if the file is damaged.
#
# **You need** notebooks 1 to 5, read but not run.
#
# **Time** 5 minutes of reading, and some seconds of running.

# %%
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import simlib  # first, so that TensorFlow starts without its log lines
import keras
import numpy as np
import pandas as pd

model = keras.models.load_model("models/digits.keras")  # yours: "models/my_digits.keras"
(x_train, y_train), (x_cal, y_cal), (x_test, y_test) = simlib.load_mnist()

# %% [markdown]
# ## Save
#
# We change something first, so that there is something to keep: 10 examples of each digit instead of 20, and a new calibration.

# %%
model.reset_index()
x_index, y_index = simlib.select_examples(x_train, y_train, n=10, seed=5)
model.index(x_index, y_index, payload=x_index)
calibration = model.calibrate(x_cal, y_cal, targets=["precision >= 0.98"])

folder = tempfile.TemporaryDirectory()
path = Path(folder.name, "recogniser.keras")
model.save(path)
f"one file, {path.stat().st_size / 1e6:.1f} MB"

# %% [markdown]
# ## What is in it?
#
# A `.keras` file is a zip archive. The network and its weights are Keras's; three members are ours: the index, the calibration, and a note of which weights made that index. All are plain
# arrays with a checksum. There is no pickle, so opening a file from a stranger cannot run a stranger's code.

# %%
with zipfile.ZipFile(path) as file:
    sizes = {info.filename: f"{info.file_size / 1e3:.0f} kB" for info in file.infolist()}
pd.Series(sizes, name="size").to_frame()

# %% [markdown]
# ## Reload
#
# Plain Keras, nothing else. `import simlib` has made its classes known.

# %%
reloaded = keras.models.load_model(path)
reloaded.index_summary()

# %%
reloaded.calibration

# %% [markdown]
# ## Prove that it is the same
#
# It is easy to get this wrong: many a test asks the *old* model twice, and passes. **Ask the reloaded one**, and compare with what the old one said.

# %%
before, after = model.lookup(x_test, k=5), reloaded.lookup(x_test, k=5)
{
    "same labels": bool((before.labels == after.labels).all()),
    "same ids": bool((before.ids == after.ids).all()),
    "same distances, to 1e-6": bool(np.abs(before.distances - after.distances).max() < 1e-6),
    "same answers": bool((model.match(x_test) == reloaded.match(x_test)).all()),
    "same pictures": bool((model.payload(before) == reloaded.payload(after)).all()),
}

# %% [markdown]
# A stronger proof: another process, which knows nothing of this notebook. It loads the file and prints its answers for ten digits.

# %%
program = """
import sys, keras, simlib
model = keras.models.load_model(sys.argv[1])
print(model.match(simlib.load_mnist().test.x[:10]))
"""
answer = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True)
print("there:", answer.stdout.strip())
print("here: ", model.match(x_test[:10]))

# %% [markdown]
# ## Go on from there
#
# The reloaded model is alive: index more, look up, calibrate again. The old calibration stays until you make a new one, so make one when the index has changed much.

# %%
more_x, more_y = simlib.select_examples(x_train, y_train, n=40, seed=6)
reloaded.index(more_x, more_y, payload=more_x)
reloaded.calibrate(x_cal, y_cal, targets=["precision >= 0.98"])
rows = {}
for each in (model, reloaded):
    rows[f"{len(each.index_summary())} items"] = each.evaluate_classification(x_test, y_test)["overall"]
pd.DataFrame(rows).T.round(3).astype({"queries": int})

# %% [markdown]
# ## And if the file is damaged?
#
# **Predict.** We change a single byte in the middle of the saved index. What happens: an error, or slightly wrong answers?

# %%
damaged = Path(folder.name, "damaged.keras")
content = bytearray(path.read_bytes())
with zipfile.ZipFile(path) as file:
    info = file.getinfo("assets/index.npz")
content[info.header_offset + info.compress_size // 2] ^= 1
damaged.write_bytes(content)
try:
    keras.models.load_model(damaged)
except Exception as error:
    print(f"{type(error).__name__}: {error}")

# %% [markdown]
# An error, and it says which part. Silent wrong answers would be worse than no answer.
#
# Saving is careful too: the new file is written beside the old one and takes its place when it is complete. If the machine stops in between, the old file is still there, whole.

# %% [markdown]
# ## And if the weights change?
#
# The index holds embeddings, and an embedding belongs to the weights that made it. Here is a change that does no harm to the network itself: we shuffle the 64 outputs of its last layer. All distances between its
# embeddings stay as they were.
#
# **Predict.** Does the model still answer?

# %%
order = np.random.default_rng(0).permutation(64)
kernel, bias = reloaded.weights[-2:]
kernel.assign(keras.ops.take(kernel, order, axis=1))
bias.assign(keras.ops.take(bias, order))
try:
    reloaded.match(x_test)
except simlib.NotReadyError as error:
    print(error)

# %% [markdown]
# It refuses. What would it have answered? We make two indexes of the same pictures, one embedded before the change and one after it, and ask both with the new embeddings.

# %%
indexes = {"embedded before": model.embed(more_x), "embedded after": reloaded.embed(more_x)}
queries = reloaded.embed(x_test)
for name, embeddings in indexes.items():
    found = simlib.Index("cosine").add(embeddings, more_y).lookup(queries, k=1)
    print(f"{name}: {(found.labels[:, 0] == y_test).mean():.3f} right")

# %% [markdown]
# The network is as good as ever, but only with an index of its own. Training further changes the weights too. So **train first, then index, then calibrate**.

# %%
folder.cleanup()

# %% [markdown]
# ## Recap
#
# - `model.save("x.keras")` keeps model, index and calibration in one file; `keras.models.load_model` brings all of it back.
# - Prove a reload by asking the *reloaded* model, best in another process.
# - After the index has changed much, calibrate again. After the weights have changed, index again.
#
# **Exercises** for this notebook are listed in [exercises/README.md](../exercises/README.md).
#
# You can now train, index, look up, calibrate, match and save. **Next:** [07 · Scale](07_scale.ipynb): what if there are a million pictures, and not 200?
