"""What is each idea of the recipe worth? Trains it with one thing changed at a time.

    python tests/benchmarks/ablation.py
    python tests/benchmarks/ablation.py --rows "digits alone" "the recipe" --seeds 0

All rows take the same 2,400 steps of 60 pictures, the same optimizer and loss, and the protocol of
`protocol.py`: errors in percent on the 1,000 test digits.
"""

import argparse

import keras
import numpy as np

from simlib import ClassBalancedSampler, MetricEmbedding, SimilarityModel, load_mnist, recipe
from simlib.embedding.augment import distort


def digits(x, y, seed, augment=None):
    """The six digits alone, ten of each."""
    return ClassBalancedSampler(
        x, y, 6, 10, class_list=recipe.SEEN, steps_per_epoch=recipe.STEPS, augment=augment, seed=seed
    )


def turned(x, y, seed, augment=None):
    """The six digits, mirrored and turned by quarters: 48 classes, 12 of them in a batch."""
    kept = np.isin(y, recipe.SEEN)
    x, y = np.concatenate([x[kept], x[kept][:, :, ::-1]]), np.concatenate([y[kept], y[kept] + 10])
    x = np.concatenate([np.rot90(x, quarter, axes=(1, 2)) for quarter in range(4)])
    y = np.concatenate([y + 100 * quarter for quarter in range(4)])
    return ClassBalancedSampler(x, y, 12, 5, steps_per_epoch=recipe.STEPS, augment=augment, seed=seed)


def letters(x, y, seed, augment=None):
    """The recipe's: six digits and six letters of 800, five of each."""
    sampler = recipe.batches(x, y, seed=seed)
    sampler.augment = augment
    return sampler


def plain():
    """Notebook 01's first network."""
    layers, inputs = keras.layers, keras.Input((28, 28))
    x = layers.Rescaling(1 / 255)(layers.Reshape((28, 28, 1))(inputs))
    for filters in (32, 64):
        x = layers.MaxPooling2D()(x) if filters > 32 else x
        for _ in range(2):
            x = layers.Conv2D(filters, 3, activation="relu")(x)
    return SimilarityModel(inputs, MetricEmbedding(64)(layers.Flatten()(x)))


ROWS = {  # name: (network, batches, augmentation)
    "plain network, digits alone": (plain, digits, None),
    "digits alone": (recipe.network, digits, None),
    "digits, distorted": (recipe.network, digits, distort),
    "turned and mirrored digits, distorted": (recipe.network, turned, distort),
    "digits and letters": (recipe.network, letters, None),
    "the recipe": (recipe.network, letters, distort),
    "plain network, digits and letters, distorted": (plain, letters, distort),
}


def trained(splits, network, batches, augment, seed):
    """A model after the recipe's steps, on other batches or with another network."""
    sampler = batches(*splits.train, seed, augment)
    keras.utils.set_random_seed(seed)
    model = recipe.compile_model(network(), recipe.EPOCHS * recipe.STEPS)
    model.fit(sampler, epochs=recipe.EPOCHS, verbose=0)
    return model


def errors(model, splits):
    """Errors in percent: [overall, seen, unseen]."""
    return [100 * (1 - right) for right in recipe.protocol_accuracy(model, splits).values()]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    given = parser.parse_args()
    splits = load_mnist()
    print("| errors, % | all | seen | unseen | unseen, by seed |")
    print("|---|---|---|---|---|")
    for name in given.rows:
        found = np.array([errors(trained(splits, *ROWS[name], seed), splits) for seed in given.seeds])
        means = " | ".join(f"{v:.2f}" for v in found.mean(axis=0))
        print(f"| {name} | {means} | {' / '.join(f'{v:.2f}' for v in found[:, 2])} |", flush=True)


if __name__ == "__main__":
    main()
