"""The faiss search beside bare faiss, hnswlib and usearch, at equal recall.

    pip install hnswlib usearch
    python tests/benchmarks/approximate.py
    python tests/benchmarks/approximate.py --sizes 10000 --repeats 3
    python tests/benchmarks/approximate.py --sizes 1000000 --clusters many --beside "faiss graph"

Unit vectors of 64 dimensions, k = 10, in ten clusters and with 2.5 vectors in each; 1,000 queries like them,
in a batch and alone. Each of the others looks as far as it takes for the recall that simlib's default has, in
the same steps: HNSW with 32 links (16 in usearch and hnswlib, which count one direction), and for bare faiss
an inverted file as well. Milliseconds a query, the best of several turns, alternating in one
process; `ratio` is simlib's time by the fastest of the others', batch and alone. Building is timed once.
"""

import argparse
import time

import numpy as np
from vectors import in_turn

from simlib import Index

K, D, BUILD_EFFORT, MOST = 10, 64, 200, 4096


def vectors(n, clusters, queries):
    """float32 unit vectors (n, 64) and queries like them."""
    rng = np.random.default_rng(0)
    centers = rng.standard_normal((clusters, D), dtype=np.float32)
    x = rng.standard_normal((n + queries, D), dtype=np.float32)
    x *= 0.1
    x += centers[rng.integers(0, clusters, n + queries)]
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return x[:n], x[n:]


def inverted_file(x):
    """Bare faiss: (search, set the effort)."""
    import faiss

    index = faiss.index_factory(D, f"IVF{int(2 * len(x) ** 0.5)},Flat")
    index.cp.max_points_per_centroid, index.cp.niter, index.cp.min_points_per_centroid = 32, 10, 1
    index.train(x)
    index.add(x)
    return lambda q: index.search(q, K)[1], lambda effort: setattr(index, "nprobe", effort)


def graph(x):
    """Bare faiss, HNSW."""
    import faiss

    index = faiss.IndexHNSWFlat(D, 32)
    index.hnsw.efConstruction = BUILD_EFFORT
    index.add(x)
    return lambda q: index.search(q, K)[1], lambda effort: setattr(index.hnsw, "efSearch", effort)


def hnsw(x):
    """hnswlib."""
    import hnswlib

    index = hnswlib.Index("l2", D)
    index.init_index(len(x), M=16, ef_construction=BUILD_EFFORT)
    index.add_items(x)
    return lambda q: index.knn_query(q, K)[0], lambda effort: index.set_ef(max(K, effort))


def usearch(x):
    """usearch."""
    from usearch.index import Index as Usearch

    index = Usearch(ndim=D, metric="l2sq", connectivity=16, expansion_add=BUILD_EFFORT, dtype="f32")
    index.add(np.arange(len(x)), x)
    search = lambda q: index.search(q, K).keys.reshape(len(q), K)  # noqa: E731
    return search, lambda effort: setattr(index, "expansion_search", max(K, effort))


OTHERS = {"faiss lists": inverted_file, "faiss graph": graph, "hnswlib": hnsw, "usearch": usearch}


def recall(found, truth):
    """The share of the true neighbours that was found."""
    return np.mean([np.isin(t, f).mean() for t, f in zip(truth, found)])


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--clusters", nargs="+", choices=("few", "many"), default=["few", "many"])
    parser.add_argument("--beside", nargs="+", choices=OTHERS, default=list(OTHERS), help="graphs take long")
    given = parser.parse_args()
    for n in given.sizes:
        for clusters in given.clusters:
            compare(n, {"few": 10, "many": n * 2 // 5}[clusters], given.queries, given.repeats, given.beside)


def compare(n, clusters, asked, repeats, beside):
    """Print a table of one set."""
    x, queries = vectors(n, clusters, asked)
    exact = Index().add(x)
    truth = exact.lookup(queries, K).ids
    start = time.perf_counter()
    index = Index(search="faiss").add(x).build()
    seconds, found = time.perf_counter() - start, index.lookup(queries, K).ids
    wanted = recall(found, truth)
    rows = {
        "simlib": (lambda q: index.lookup(q, K).ids, wanted, "", seconds),
        "simlib, exact": (lambda q: exact.lookup(q, K).ids, 1.0, "", 0.0),
    }
    for name in beside:
        start = time.perf_counter()
        search, look = OTHERS[name](x)
        seconds, effort, reached = time.perf_counter() - start, 8, 0.0
        while reached < wanted - 0.002 and effort < MOST:
            effort = int(1.4 * effort)
            look(effort)
            reached = recall(search(queries), truth)
        rows[name] = search, reached, effort, seconds
    batch = in_turn({name: lambda s=row[0]: s(queries) for name, row in rows.items()}, repeats)
    alone = in_turn({name: lambda s=row[0]: s(queries[:1]) for name, row in rows.items()}, 20 * repeats)
    print(
        f"\n{n:,} vectors in {clusters:,} clusters\n"
        f"| | recall@{K} | effort | built, s | batch, ms/query | one query, ms |\n|---|---|---|---|---|---|"
    )
    for name, (_, reached, effort, seconds) in rows.items():
        times = f"{1000 * batch[name] / asked:.4f} | {1000 * alone[name]:.3f}"
        print(f"| {name} | {reached:.4f} | {effort} | {seconds:.1f} | {times} |")
    for what, times in ("batch", batch), ("one query", alone):
        as_good = [
            times[name] for name, row in rows.items() if "simlib" not in name and row[1] >= wanted - 0.002
        ]
        print(f"ratio, {what}: {times['simlib'] / min(as_good):.2f}", flush=True)


if __name__ == "__main__":
    main()
