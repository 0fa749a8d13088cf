"""Batches from memory and from shards: how many images a second?

    python tests/benchmarks/samplers.py

The 3,500 training digits of the offline MNIST, 6 x 10 batches, no augmentation. Wanted: shards
at least half as fast as memory. The files have been read before, as in every epoch but the first.
"""

import argparse
import tempfile
from pathlib import Path

from vectors import in_turn

from simlib import ClassBalancedSampler, load_mnist
from simlib.scale.shards import ShardSampler, write_shards


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batches", type=int, default=300)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    x, y = load_mnist().train
    with tempfile.TemporaryDirectory() as folder:
        shape = {"classes_per_batch": 6, "examples_per_class": 10, "steps_per_epoch": given.batches}
        samplers = {"memory": ClassBalancedSampler(x, y, **shape)}
        for each in (1, 5):
            write_shards(Path(folder) / str(each), zip(x, y), each)
            samplers[f"shards of {each}"] = ShardSampler(Path(folder) / str(each), **shape)
        timed = in_turn(
            {name: lambda s=s: [s[i] for i in range(given.batches)] for name, s in samplers.items()},
            given.repeats,
        )
        print("| source | images a second | of memory's |")
        print("|---|---|---|")
        for name, seconds in timed.items():
            rate = given.batches * samplers[name].batch_size / seconds
            print(f"| {name} | {rate:,.0f} | {timed['memory'] / seconds:.2f} |")


if __name__ == "__main__":
    main()
