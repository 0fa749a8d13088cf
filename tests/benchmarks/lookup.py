"""What does a lookup add to Keras's compiled call? Ratios, measured in turn in one process.

    python tests/benchmarks/lookup.py

`one` is `single_lookup` beside `predict_on_batch` of one digit and a bare NumPy product with the index's
vectors: 1.5 at most is wanted. `thousand` is `lookup` of 1,000 beside `predict_on_batch` in batches of as
many rows: 1.15. `large` is one lookup in a model of 17 million parameters beside `predict_on_batch` of two
rows: 1.3. The median of the rounds' ratios is printed, with the milliseconds of the best round.
"""

import time
from pathlib import Path

import keras
import numpy as np

from simlib import MetricEmbedding, SimilarityModel, load_mnist

DIGITS = Path(__file__).resolve().parents[2] / "notebooks" / "models" / "digits.keras"


def timed(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def compare(name, ours, bare, rounds):
    for _ in range(3):
        ours(), bare()
    times = np.array([(timed(ours), timed(bare)) for _ in range(rounds)])
    best, ratio = 1000 * times.min(0), np.median(times[:, 0] / times[:, 1])
    print(f"{name}: {best[0]:.2f} ms beside {best[1]:.2f} ms at best; median ratio {ratio:.2f}")


def large():
    inputs = keras.Input((1024,))
    hidden = inputs
    for _ in range(5):
        hidden = keras.layers.Dense(2048, activation="relu")(hidden)
    return SimilarityModel(inputs, MetricEmbedding(64)(hidden))


def main():
    digits, x = keras.models.load_model(DIGITS), load_mnist().test.x
    vectors = digits.embed(digits.payload(digits.lookup(x[:1], 200))[0]).T

    def bare_lookup():
        distances = 1 - digits.predict_on_batch(x[:1]) @ vectors
        return np.sort(np.argpartition(distances, 5, axis=1)[:, :5])

    def in_batches():
        for start in range(0, 1000, 256):
            digits.predict_on_batch(x[start : min(start + 256, 1000)])

    compare("one", lambda: digits.single_lookup(x[0]), bare_lookup, 500)
    compare("thousand", lambda: digits.lookup(x[:1000]), in_batches, 15)
    model, rows = large(), np.random.default_rng(0).normal(size=(300, 1024)).astype("float32")
    model.index(rows, np.zeros(300, int))
    print(f"{model.count_params():,} parameters")
    compare("large", lambda: model.single_lookup(rows[0]), lambda: model.predict_on_batch(rows[:2]), 100)


if __name__ == "__main__":
    main()
