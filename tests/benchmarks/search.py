"""What does simlib add to a search? Side by side with bare NumPy, bare faiss and scikit-learn.

    python tests/benchmarks/search.py
    python tests/benchmarks/search.py --sizes 10000 --queries 200

Embeddings of digits with noise (vectors.py), 64 dimensions, k = 10, queries in one batch. Ratios are those
of the best of several turns: `exact / NumPy` wants 1.3 at most, `faiss / bare` 1.1.
"""

import argparse

import numpy as np
from vectors import in_turn, made, real_embeddings

from simlib import Index, search

K = 10


def bare_numpy(x, queries):
    """One product a block, partition, sort: what anybody would write; in blocks as small as simlib's."""
    rows, found = min(search.QUERIES, max(1, search.BLOCK // len(x))), []
    for start in range(0, len(queries), rows):
        distances = 1 - queries[start : start + rows] @ x.T
        best = np.argpartition(distances, K, axis=1)[:, :K]
        near = np.take_along_axis(distances, best, 1)
        found.append(np.take_along_axis(best, near.argsort(axis=1), 1))
    return np.concatenate(found)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    real = real_embeddings()
    names = ("vectors", "NumPy ms/query", "exact", "exact / NumPy", "scikit-learn", "bare faiss", "faiss",
             "faiss / bare", f"recall@{K}")  # fmt: skip
    print("|", " | ".join(names), "|\n" + "|---" * len(names) + "|")
    for n in given.sizes:
        print(measured(real, n, given.queries, given.repeats), flush=True)


def measured(real, n, asked, repeats):
    """One row of the table."""
    from sklearn.neighbors import NearestNeighbors

    x, queries, labels = made(real, n), made(real, asked, seed=1), np.zeros(n, int)
    few = queries[: max(20, 20_000_000 // n)]  # comparing with all of them takes long
    exact = Index("cosine").add(x, labels)
    faiss = Index("cosine", search={"name": "faiss", "factory": _factory(n)}).add(x, labels)
    neighbors = NearestNeighbors(n_neighbors=K, metric="cosine", algorithm="brute").fit(x)
    truth, found = exact.lookup(few, K).ids, faiss.lookup(few, K).ids
    bare = faiss._items.search._built
    everything = {
        "numpy": lambda: bare_numpy(x, few),
        "exact": lambda: exact.lookup(few, K),
        "sklearn": lambda: neighbors.kneighbors(few),
    }
    a_part = {"bare": lambda: bare.search(queries, K), "faiss": lambda: faiss.lookup(queries, K)}
    ms = {name: 1000 * s / len(few) for name, s in in_turn(everything, repeats).items()}
    ms |= {name: 1000 * s / len(queries) for name, s in in_turn(a_part, 5 * repeats).items()}
    recall = np.mean([len(set(a) & set(b)) / K for a, b in zip(found, truth)])
    return (
        f"| {n:,} | {ms['numpy']:.4f} | {ms['exact']:.4f} | {ms['exact'] / ms['numpy']:.2f} "
        f"| {ms['sklearn']:.4f} | {ms['bare']:.4f} | {ms['faiss']:.4f} | {ms['faiss'] / ms['bare']:.2f} "
        f"| {recall:.4f} |"
    )


def _factory(n):
    """The inverted file that simlib itself takes from 10,000 vectors on; below, faiss's exact index."""
    return None if n >= 10_000 else "Flat"


if __name__ == "__main__":
    main()
