"""What does a checksum and a safe file cost? `Index.save` beside bare `np.savez`; wants 4 times it at most.

python tests/benchmarks/saving.py
python tests/benchmarks/saving.py --vectors 100000
"""

import argparse
import tempfile

import numpy as np
from vectors import in_turn

from simlib import Index


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vectors", type=int, default=500_000)
    n = parser.parse_args().vectors
    x, y = np.random.default_rng(0).normal(size=(n, 64)).astype(np.float32), np.arange(n) % 100
    index = Index("euclidean").add(x, y)
    with tempfile.TemporaryDirectory() as folder:
        seconds = in_turn({
            "np.savez": lambda: np.savez(f"{folder}/bare.npz", x=x, y=y),
            "Index.save": lambda: index.save(f"{folder}/index.npz"),
            "Index.load": lambda: Index.load(f"{folder}/index.npz"),
        }, 7)  # fmt: skip
    print(f"{n:,} x 64:", ", ".join(f"{name} {s:.3f} s" for name, s in seconds.items()))
    print(f"Index.save / np.savez: {seconds['Index.save'] / seconds['np.savez']:.2f}")


if __name__ == "__main__":
    main()
