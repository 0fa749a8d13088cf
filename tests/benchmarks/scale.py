"""A million vectors on this machine: build time, memory, recall and milliseconds a query.

    python tests/benchmarks/scale.py
    python tests/benchmarks/scale.py --vectors 100000

Wanted, for 1,000,000 x 64 on two cores: within 2 GB of memory in all, recall@10 of 0.99 or more at 0.5 ms
a query or less, in batches. The peak is that of this process; TensorFlow has no share in it, as the vectors
come from a child process.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from simlib import Index

K, BATCH = 10, 1000


def peak():
    """The largest memory of this process so far, in MB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def write_vectors(folder, n):
    code = (
        "import sys; from vectors import *; folder, n, q = sys.argv[1:]; real = real_embeddings();"
        "np.save(folder + '/x.npy', near_real(real, int(n)));"
        "np.save(folder + '/queries.npy', near_real(real, int(q), seed=1))"
    )
    command = [sys.executable, "-c", code, str(folder), str(n), str(5 * BATCH)]
    subprocess.run(command, cwd=Path(__file__).parent, check=True, capture_output=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--vectors", type=int, default=1_000_000)
    given = parser.parse_args()
    n = given.vectors
    with tempfile.TemporaryDirectory() as folder:
        write_vectors(Path(folder), n)
        x, queries = np.load(Path(folder) / "x.npy"), np.load(Path(folder) / "queries.npy")
        begin = peak()
        start = time.perf_counter()
        index = Index("cosine", search="faiss").add(x, np.zeros(n, int))
        added = time.perf_counter() - start
        index.lookup(queries[:1], K)
        built = time.perf_counter() - start
        times = []
        for at in range(0, len(queries), BATCH):
            start = time.perf_counter()
            found = index.lookup(queries[at : at + BATCH], K)
            times.append(1000 * (time.perf_counter() - start) / BATCH)
        highest = peak()
        exact = Index("cosine").add(x, np.zeros(n, int)).lookup(queries[-100:], K)
        recall = np.mean([len(set(a) & set(b)) / K for a, b in zip(found.ids[-100:], exact.ids)])
        index.save(Path(folder) / "index.npz")
        size = (Path(folder) / "index.npz").stat().st_size / 1e6
    ms = float(np.median(times))
    print("| what | measured | wanted | measured / wanted |")
    print("|---|---|---|---|")
    print(f"| memory, {n:,} x {x.shape[1]}, MB | {highest:.0f} (of it {begin:.0f} before the index) | 2000 "
          f"| {highest / 2000:.2f} |")  # fmt: skip
    print(f"| recall@{K} | {recall:.4f} | 0.99 | {recall / 0.99:.3f} |")
    print(f"| ms a query, batches of {BATCH} | {ms:.3f} | 0.5 | {ms / 0.5:.2f} |")
    print(f"| adding, s | {added:.1f} | | |")
    print(f"| adding and building, s | {built:.1f} | | |")
    print(f"| saved file, MB | {size:.0f} | | |")


if __name__ == "__main__":
    main()
