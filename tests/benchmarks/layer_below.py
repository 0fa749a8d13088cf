"""What does the embedding forget? The recipe's models, beside the same with the layer below.

    python tests/benchmarks/layer_below.py
    python tests/benchmarks/layer_below.py --classes "1 2 3 5 7 8" --seeds 0 1

The protocol of `protocol.py`, on the 1,000 test digits. Nothing is trained for the second row of each seed.
"""

import argparse

import keras
import numpy as np

from simlib import MetricEmbedding, SimilarityModel, load_mnist, recipe
from simlib.course.alphabet import alphabet


def with_the_layer_below(model, x):
    """A model that embeds by its embedding and by what that is made from, in as many numbers.

    An embedding forgets what its classes do not need. The layer below still has it, and new classes may need
    it (compare Chen et al., ICML 2020, "A Simple Framework for Contrastive Learning", section 4.2). Side by
    side, each of length 1, they are projected on the directions that keep most of both: the first singular
    vectors for images x (n, 28, 28), such as invented letters.
    """
    last = model.layers[-1]
    both = keras.layers.Concatenate()([model.output, keras.layers.UnitNormalization()(last.input)])
    wide = keras.Model(model.input, both).predict(x, batch_size=512, verbose=0)
    squeeze = MetricEmbedding(last.units, use_bias=False)
    wider = SimilarityModel(model.input, squeeze(both))
    squeeze.set_weights([np.linalg.svd(wide.T @ wide)[0][:, : last.units]])
    return recipe.compile_model(wider, recipe.STEPS)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--classes", default=" ".join(map(str, recipe.SEEN)), help="those to train on")
    given = parser.parse_args()
    splits, classes = load_mnist(), [int(c) for c in given.classes.split()]
    print(f"errors in percent, trained on {given.classes}\n")
    print("| seed | looked up by | all | seen | unseen |\n|---|---|---|---|---|")
    for seed in given.seeds:
        model, _ = recipe.train(*splits.train, classes=classes, seed=seed, verbose=0)
        below = with_the_layer_below(model, alphabet(seed=seed)[0])
        for name, which in {"the embedding": model, "and the layer below": below}.items():
            right = recipe.protocol_accuracy(which, splits, seen=classes).values()
            errors = " | ".join(f"{100 * (1 - share):.2f}" for share in right)
            print(f"| {seed} | {name} | {errors} |", flush=True)


if __name__ == "__main__":
    main()
