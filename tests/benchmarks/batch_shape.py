"""How does accuracy depend on the shape of the batch, and on the length of the embedding?

    python tests/benchmarks/batch_shape.py
    python tests/benchmarks/batch_shape.py --only lengths --seeds 0 --steps 800

The course's recipe with batches of 60 pictures, divided into P classes x K examples in several ways (as many
digits as letters, as far as six digits go), and with embeddings of several lengths at the recipe's own P x K.
Prints the errors in percent, as `protocol.py` measures them; means over the seeds.
"""

import argparse
from unittest import mock

import keras
import numpy as np

from simlib import load_mnist, recipe

SHAPES = (
    (3, 3, 10),
    (6, 6, 5),
    (6, 9, 4),
    (6, 14, 3),
    (6, 24, 2),
)  # digits, letters, K; a letter has 10 drawings
LENGTHS = (4, 8, 16, 32, 64, 128)


def errors(splits, seed, steps, shape=(6, 6, 5), length=64):
    """(overall, seen, unseen) errors in percent of one training."""
    names = ("DIGITS_PER_BATCH", "LETTERS_PER_BATCH", "EXAMPLES_PER_CLASS")
    with mock.patch.multiple(recipe, **dict(zip(names, shape))):
        sampler = recipe.batches(*splits.train, steps=steps, seed=seed)
    keras.utils.set_random_seed(seed)
    model = recipe.compile_model(recipe.network(length), steps)
    model.fit(sampler, epochs=1, verbose=0)
    return [100 * (1 - right) for right in recipe.protocol_accuracy(model, splits).values()]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=recipe.EPOCHS * recipe.STEPS)
    parser.add_argument("--only", choices=("shapes", "lengths"), help="one of the two questions")
    given = parser.parse_args()
    splits = load_mnist()
    runs = {
        f"P x K = {digits + letters} x {k}": {"shape": (digits, letters, k)} for digits, letters, k in SHAPES
    }
    lengths = {f"embedding of {length}": {"length": length} for length in LENGTHS}
    runs = {"shapes": runs, "lengths": lengths}.get(given.only, runs | lengths)
    print("| | overall | seen | unseen |\n|---|---|---|---|")
    for name, changed in runs.items():
        row = np.mean([errors(splits, seed, given.steps, **changed) for seed in given.seeds], axis=0)
        print(f"| {name} | " + " | ".join(f"{error:.2f}" for error in row) + " |", flush=True)


if __name__ == "__main__":
    main()
