"""What does a lookup in Milvus cost, by consistency level, beside the bare client's call at the same level?

    make test-server                      # once: it installs the server
    python tests/benchmarks/milvus.py     # or with --uri http://host:19530, a server of your own

Embeddings of digits with noise (vectors.py), 64 dimensions, ten neighbours, one query a call, the calls in
turn in one process; the median of each. The bare call asks for what simlib needs: vectors and labels; `ids
alone` is what it costs without them. `simlib / bare` wants 1.5 at most. simlib itself asks at "Session" for
ten seconds after a write of its own, and else at "Bounded".
"""

import argparse
import contextlib
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from vectors import near_real, real_embeddings

ROOT = Path(__file__).parents[2]
LEVELS = "Strong", "Session", "Bounded", "Eventually"
K = 10


@contextlib.contextmanager
def served(uri):
    """The address of a server: the one given, or one that runs meanwhile."""
    if uri:
        yield uri
        return
    os.environ.setdefault("MILVUS_PYTHON", str(ROOT / "build" / "milvus" / "bin" / "python"))
    sys.path.insert(0, str(ROOT / "tests"))
    from milvus_places import Server

    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder)).start()
        try:
            yield server.uri
        finally:
            server.kill()


def median_ms(calls, queries):
    """{name: the median of its calls}, each query in turn to all of them."""
    times = {name: [] for name in calls}
    for query in queries:
        for name, call in calls.items():
            start = time.perf_counter()
            call(query)
            times[name].append(1000 * (time.perf_counter() - start))
    return {name: float(np.median(spent)) for name, spent in times.items()}


def row(index, client, level, queries):
    """One row of the table."""
    rows = index._items._rows
    choose = rows._at

    def bare(query, fields=("vector", "label")):
        client.search(rows.name, data=[query], limit=K, output_fields=list(fields), consistency_level=level)

    def at(method, where, fields, _, **options):
        return choose(method, where, fields, level, **options)

    rows._at = at
    calls = {"ids": lambda q: bare(q, ["id"]), "bare": bare, "simlib": lambda q: index.lookup(q, K)}
    ms = median_ms(calls, queries[: 10 if level == "Strong" else len(queries)])
    del rows._at
    first = []
    for i in range(5):  # the first lookup after a write
        index.add(queries[i], 0, ids=[10**9 + i])
        rows._at = at
        start = time.perf_counter()
        index.lookup(queries[i], K)
        first.append(1000 * (time.perf_counter() - start))
        del rows._at
        index.remove([10**9 + i])
    ratio = ms["simlib"] / ms["bare"]
    return level, *(f"{ms[n]:.1f}" for n in calls), f"{ratio:.2f}", f"{np.median(first):.0f}"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--uri")
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=100)
    given = parser.parse_args()
    from pymilvus import MilvusClient

    from simlib import Index

    real = real_embeddings()
    x, queries = near_real(real, given.size), near_real(real, given.queries, seed=1)
    with served(given.uri) as uri:
        index, start = Index("cosine", search={"name": "milvus", "uri": uri}), time.perf_counter()
        for part in np.array_split(np.arange(given.size), 10):
            index.add(x[part], np.zeros(len(part), int), ids=part)
        added = time.perf_counter() - start
        index.lookup(queries[0])
        exact = Index("cosine").add(x, np.zeros(given.size, int)).lookup(queries, K).ids
        found = index.lookup(queries, K).ids
        recall = np.mean([np.isin(e, f).mean() for e, f in zip(exact, found)])
        print(f"{given.size:,} added in {added:.1f} s, recall of {K} right after it {recall:.3f}\n")
        names = (
            "level",
            "bare, ids alone, ms",
            "bare, ms",
            "simlib, ms",
            "simlib / bare",
            "first after a write, ms",
        )
        print("|", " | ".join(names), "|\n" + "|---" * len(names) + "|")
        client = MilvusClient(uri)
        for level in LEVELS:
            print("|", " | ".join(row(index, client, level, queries)), "|", flush=True)
        other, waits = Index.open(uri, index._items.settings["search"]["collection"]), []
        for i in range(10):
            start = time.perf_counter()
            index.add(queries[i], 0, ids=[10**9 + i])
            while other.lookup(queries[i], 1).ids[0, 0] != 10**9 + i:
                pass
            waits.append(1000 * (time.perf_counter() - start))
        print(f"\nSeen by another program after {np.median(waits):.0f} ms (at most {max(waits):.0f})")
        index.reset()


if __name__ == "__main__":
    main()
