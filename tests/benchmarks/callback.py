"""What does `RetrievalMetrics` cost beside an epoch of notebook 01's recipe? It wants a tenth at most.

python tests/benchmarks/callback.py
"""

import time

import keras
import numpy as np

from simlib import RetrievalMetrics, load_mnist, recipe, select_examples

splits = load_mnist()
spent, epochs = [], []


class Timed(RetrievalMetrics):
    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        start = time.perf_counter()
        super().on_epoch_end(epoch, logs)
        spent.append(time.perf_counter() - start)
        epochs.append(start - self.began)


watch = Timed(select_examples(*splits.train, n=20, seed=0), tuple(splits.calibration))
keras.utils.set_random_seed(0)
model = recipe.compile_model(recipe.network(), 5 * recipe.STEPS)
model.fit(recipe.batches(*splits.train), epochs=5, verbose=0, callbacks=[watch])
ratios = np.array(spent[1:]) / epochs[1:]  # the first epoch compiles
print(f"200 items, {len(splits.calibration.x)} queries, {recipe.STEPS} steps an epoch")
print(f"seconds an epoch {np.median(epochs[1:]):.2f}, of the callback {np.median(spent[1:]):.3f}")
print(f"median ratio {np.median(ratios):.3f}")
