"""What does simlib add to a search? Side by side with bare NumPy, bare faiss and scikit-learn.

    python tests/benchmarks/search.py
    python tests/benchmarks/search.py --sizes 10000 --queries 200

Embeddings of digits with noise (vectors.py), 64 dimensions, k = 5, queries in one batch and one alone.
scikit-learn stands at its best setting: the default `NearestNeighbors`, Euclidean, of the same unit vectors.
Ratios are those of the best of several turns, alternating in one process: `exact / sk` wants 1.0 at most,
for a batch and for one query, `faiss / bare` 1.1.
"""

import argparse

import numpy as np
from vectors import in_turn, near_real, real_embeddings

from simlib import Index, search

K = 5


def bare_numpy(x, queries):
    """One product a block, partition, sort: what anybody would write; in blocks as small as simlib's."""
    rows, ids = min(search.QUERIES, max(1, search.BLOCK // len(x))), []
    for start in range(0, len(queries), rows):
        distances = 1 - queries[start : start + rows] @ x.T
        best = np.argpartition(distances, K, axis=1)[:, :K]
        near = np.take_along_axis(distances, best, 1)
        ids.append(np.take_along_axis(best, near.argsort(axis=1), 1))
    return np.concatenate(ids)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    real = real_embeddings()
    names = ("vectors", "NumPy ms/query", "scikit-learn", "exact", "exact / sk", "one query: sk ms", "exact",
             "exact / sk", "bare faiss ms/query", "faiss", "faiss / bare", f"recall@{K}")  # fmt: skip
    print("|", " | ".join(names), "|\n" + "|---" * len(names) + "|")
    for n in given.sizes:
        print("|", " | ".join(row(real, n, given.queries, given.repeats)), "|", flush=True)


def row(real, n, asked, repeats):
    """One row of the table."""
    from sklearn.neighbors import NearestNeighbors

    x, queries, labels = near_real(real, n), near_real(real, asked, seed=1), np.zeros(n, int)
    few = queries[: max(20, 20_000_000 // n)]  # comparing with all of them takes long
    exact = Index("cosine").add(x, labels)
    faiss = Index("cosine", search={"name": "faiss", "factory": None if n >= 10_000 else "Flat"}).add(
        x, labels
    )
    neighbors = NearestNeighbors(n_neighbors=K).fit(x)
    truth, ids = exact.lookup(few, K).ids, faiss.lookup(few, K).ids
    bare = faiss._items.search._built
    batch = in_turn({
        "numpy": lambda: bare_numpy(x, few),
        "sk": lambda: neighbors.kneighbors(few),
        "exact": lambda: exact.lookup(few, K),
    }, repeats)  # fmt: skip
    alone = in_turn({
        "sk": lambda: neighbors.kneighbors(few[:1]),
        "exact": lambda: exact.lookup(few[:1], K),
    }, 10 * repeats)  # fmt: skip
    part = in_turn({
        "bare": lambda: bare.search(queries, K),
        "faiss": lambda: faiss.lookup(queries, K),
    }, 5 * repeats)  # fmt: skip
    recall = np.mean([len(set(a) & set(b)) / K for a, b in zip(ids, truth)])
    batch = {name: 1000 * s / len(few) for name, s in batch.items()}
    part = {name: 1000 * s / len(queries) for name, s in part.items()}
    return (
        f"{n:,}", f"{batch['numpy']:.4f}", f"{batch['sk']:.4f}", f"{batch['exact']:.4f}",
        f"{batch['exact'] / batch['sk']:.2f}", f"{1000 * alone['sk']:.3f}", f"{1000 * alone['exact']:.3f}",
        f"{alone['exact'] / alone['sk']:.2f}", f"{part['bare']:.4f}", f"{part['faiss']:.4f}",
        f"{part['faiss'] / part['bare']:.2f}", f"{recall:.4f}",
    )  # fmt: skip


if __name__ == "__main__":
    main()
