"""What do sampler and augmentation cost? Times training steps against a bare Keras loop, in turn.

    python tests/benchmarks/step_cost.py

A is `model.fit` on the recipe's sampler. B is the bare loop: `model.fit` on the same batches, prepared
in advance and held in memory. The ratio A / B says what the sampler adds to a step.

Where a step's time goes, in processor ms (two busy cores, the recipe's 60 pictures): the compiled step alone
16.2; Keras's `fit` around it 17.4, and 19.0 with the six pair distances; drawing and distorting alone 2.7.
`fit` on the sampler takes 26.7, more than the sum: the drawing thread and TensorFlow's share the cores. One
worker or two change little (26.6, 24.8), nor does taking batches in order. `steps_per_execution=10`, which
the recipe uses, gives 23.7, and the same weights to the bit.
"""

import argparse
import time

import keras
import numpy as np

from simlib import load_mnist, recipe

# Wall time is what a reader waits for; processor time can be compared on a machine that is busy otherwise.
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}


class Prepared(keras.utils.PyDataset):
    """Batches that lie ready in memory."""

    def __init__(self, batches, **kwargs):
        super().__init__(**kwargs)
        self.batches = batches

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, step):
        return self.batches[step]


def seconds(model, batches, clock):
    start = clock()
    model.fit(batches, verbose=0)
    return clock() - start


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    given = parser.parse_args()
    clock = CLOCKS[given.clock]
    x, y = load_mnist().train
    sampler = recipe.batches(x, y, steps=given.steps)
    prepared = Prepared([sampler.batch(0, step) for step in range(given.steps)])
    model = recipe.compile_model(recipe.network(), given.steps * (2 * given.repeats + 1))
    seconds(model, prepared, clock)  # the first call traces the graph

    print("| repeat | sampler, ms a step | prepared, ms a step | ratio |")
    print("|---|---|---|---|")
    rows = []
    for repeat in range(given.repeats):
        a, b = (1000 * seconds(model, batches, clock) / given.steps for batches in (sampler, prepared))
        rows.append((a, b, a / b))
        print(f"| {repeat} | {a:.1f} | {b:.1f} | {a / b:.3f} |", flush=True)
    a, b, ratio = np.median(rows, axis=0)
    print(f"| **median** | {a:.1f} | {b:.1f} | {ratio:.3f} |")


if __name__ == "__main__":
    main()
