"""Do invented letters give the unseen digits away? python tests/benchmarks/lookalikes.py [SEED ...]

Some letters look like an 8 or a 4, digits that the model shall not have met. A letter is a look-alike if one
of its ten drawings lies within the cutpoint of one of the 1,400 unseen digits in the training split. The
recipe is trained again without the look-alikes, and, to compare, without as many letters drawn at random.
Errors in percent: overall, seen, unseen.
"""

import sys

import numpy as np
from ablation import errors, letters, trained

import simlib
from simlib import ClassBalancedSampler, recipe
from simlib.embedding.augment import distort

GOAL = "precision >= 0.99"


def closest(model, splits, x, y):
    """How close each letter comes to an unseen digit: (distances, digits), letter by letter."""
    unseen = np.isin(splits.train.y, recipe.UNSEEN)
    index = simlib.Index().add(model.embed(splits.train.x[unseen], verbose=0), splits.train.y[unseen])
    near = index.lookup(model.embed(x, verbose=0), k=1)
    distances, labels = (found.reshape(len(np.unique(y)), -1) for found in (near.distances, near.labels))
    best = distances.argmin(axis=1)[:, None]
    return np.take_along_axis(distances, best, 1)[:, 0], np.take_along_axis(labels, best, 1)[:, 0]


def without(dropped):
    """The recipe's batches without some letters."""

    def batches(x, y, seed, augment):
        sampler = letters(x, y, seed, augment)
        invented = sampler.samplers[1]
        kept = sorted(set(invented.classes) - set(dropped))
        y_letters = np.repeat(invented.classes, len(invented.x) // len(invented.classes))
        shape = recipe.LETTERS_PER_BATCH, recipe.EXAMPLES_PER_CLASS
        sampler.samplers[1] = ClassBalancedSampler(invented.x, y_letters, *shape, kept, seed=seed)
        return sampler

    return batches


def show(name, found):
    print(f"  {name:34} " + " / ".join(f"{v:.2f}" for v in found), flush=True)


def main(seeds):
    splits = simlib.load_mnist()
    for seed in seeds:
        model = trained(splits, recipe.network, letters, distort, seed)
        model.index(*simlib.select_examples(*splits.train, n=recipe.PER_CLASS))
        cutpoints = model.calibrate(*splits.calibration, targets=[GOAL])
        x, y = simlib.alphabet(seed=seed, first_class=max(recipe.SEEN) + 1)
        distances, digits = closest(model, splits, x, y)
        print(f"seed {seed}")
        show("all 800 letters", errors(model, splits))
        for name in ("optimal", GOAL):
            alike, cutpoint = distances <= cutpoints.distance(name), cutpoints.distance(name)
            shares = {c: int((digits[alike] == c).sum()) for c in recipe.UNSEEN}
            print(f"  within {cutpoint:.3f} ({name}) of an unseen digit: {alike.sum()}, {shares}")
        ids = np.unique(y)
        chance = np.random.default_rng(seed).choice(ids, alike.sum(), replace=False)
        for name, dropped in {"look-alikes": ids[alike], "random letters": chance}.items():
            kept = trained(splits, recipe.network, without(dropped), distort, seed)
            show(f"without {len(dropped)} {name}", errors(kept, splits))


if __name__ == "__main__":
    main([int(seed) for seed in sys.argv[1:]] or range(3))
