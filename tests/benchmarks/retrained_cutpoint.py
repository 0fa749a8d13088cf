"""What happens to the cutpoint when the model is trained again? python tests/benchmarks/retrained_cutpoint.py

Trains the course's recipe with several seeds, calibrates each model on the same digits, and asks what the
*first* model's cutpoints would do in each of the others.
"""

import sys

import numpy as np

import simlib
from simlib import recipe

GOAL = "precision >= 0.99"


def trained(seed, splits):
    """A model with its index: (matches of the calibration digits, matches of the test digits)."""
    model, _ = recipe.train(*splits.train, seed=seed, verbose=0)
    model.index(*simlib.select_examples(*splits.train, n=recipe.PER_CLASS, seed=0))
    return [model.lookup(x, k=1) for x, _ in (splits.calibration, splits.test)]


def at(neighbors, labels, distance):
    counts = simlib.metrics.curve(neighbors.distances[:, 0], neighbors.labels[:, 0] == labels).at(distance)
    return f"precision {counts.metric('precision'):.3f}, recall {counts.metric('recall'):.3f}"


def main(seeds):
    splits, first = simlib.load_mnist(), None
    for seed in seeds:
        calibration, test = trained(seed, splits)
        made = simlib.calibrate(calibration, splits.calibration.y, targets=[GOAL])
        first = first or made
        print(f"seed {seed}: " + ", ".join(f"{name} {made.distance(name):.3f}" for name in made.cutpoints))
        print(f"  right within any distance, on the test digits: {_right(test, splits.test.y):.3f}")
        for whose, cutpoints in (("its own", made), ("the first model's", first)):
            print(f"  {whose} cutpoint for {GOAL}: {at(test, splits.test.y, cutpoints.distance(GOAL))}")


def _right(neighbors, labels):
    return float(np.mean(neighbors.labels[:, 0] == labels))


if __name__ == "__main__":
    main([int(seed) for seed in sys.argv[1:]] or range(5))
