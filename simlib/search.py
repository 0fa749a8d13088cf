"""Finding the nearest vectors. One small protocol; `exact` is the backend without dependencies.

A backend has `add(vectors)`, `search(queries, k) -> (ids, distances)`, `reset()`, `len()`, `dim`, and
`state()` / `restore(state)` (name -> array) for saving. It is handed vectors that are already
checked and prepared (distances.prepare), and numbers them 0, 1, 2, ... as they come. `discard()`
deletes what it keeps outside of this process. An approximate backend finds the candidates in its own way
and measures them as this one does, so distances do not depend on the backend.
"""

import numpy as np

from simlib import checks
from simlib.store import Growing

BLOCK = 2**22  # distances held at once, at most: 16 MB of float32, whatever the number of queries
QUERIES = 256  # compared at once, at most: what is more leaves the processor's cache
MEASURED = 2**15  # numbers measured at once: they stay in the cache too


class ExactSearch:
    """Compares every query with every vector: one matrix product a block of queries.

    Args:
        distance: a class from `simlib.distances`.
    """

    name = "exact"

    def __init__(self, distance):
        self.distance = distance
        self.reset()

    def reset(self):
        """Forget all vectors."""
        self._vectors = Growing(np.empty((0, 0), np.float32))

    def __len__(self):
        return len(self._vectors)

    @property
    def dim(self):
        """The vectors' dimensions; None while there are none."""
        return self._vectors.rows.shape[1] if len(self) else None

    def add(self, vectors):
        """Append vectors of shape (n, d), float32. A search at the same time sees all or none."""
        self._vectors.add(vectors)

    def search(self, queries, k):
        """The k nearest vectors of each query, nearest first; of equals, the one added first.

        Args:
            queries: float32 (q, d), prepared.
            k: how many; fewer come back if the index holds fewer.

        Returns:
            ids int64 (q, min(k, n)) and distances float32 of the same shape.
        """
        vectors = self._vectors.rows
        k = min(k, len(vectors))
        ids = np.empty((len(queries), k), np.int64)
        distances = np.empty((len(queries), k), np.float32)
        if k == 0:
            return ids, distances
        slack = self.distance.slack(queries, vectors)
        width = vectors.size if self.distance.name == "manhattan" else len(vectors)
        rows = min(QUERIES, max(1, BLOCK // width))
        for start in range(0, len(queries), rows):
            block = slice(start, start + rows)
            ids[block], distances[block] = self._search_block(queries[block], vectors, k, slack[block])
        return ids, distances

    def _search_block(self, queries, vectors, k, slack):
        rank = self.distance.rank(queries, vectors)  # (q, n), with a product's rounding
        kth = np.partition(rank, k - 1, axis=1)[:, k - 1 : k]
        query, ids = np.divmod(np.flatnonzero(rank <= kth + slack), len(vectors))  # ids ascend in each query
        # Measure the few that are left without that rounding: the answer for a query then depends
        # neither on its companions in the batch nor on the machine's matrix product.
        left = np.bincount(query, minlength=len(queries))[:, None]
        distances = np.full((len(queries), left.max()), np.inf, np.float32)
        distances[np.arange(left.max()) < left] = self._measure(queries, query, vectors, ids)
        order = distances.argsort(axis=1, kind="stable")[:, :k]  # of equals, the one added first
        return ids[order + left.cumsum()[:, None] - left], np.take_along_axis(distances, order, axis=1)

    def _measure(self, queries, query, vectors, ids):
        distances = np.empty(len(ids), np.float32)
        rows = max(1, MEASURED // vectors.shape[1])
        for start in range(0, len(ids), rows):
            part = slice(start, start + rows)
            distances[part] = self.distance.paired(queries[query[part]], vectors[ids[part]])
        return distances

    def state(self):
        """What to save: name -> array."""
        return {"vectors": self._vectors.rows}

    def restore(self, state):
        """Take back what `state` gave."""
        self.reset()
        self.add(checks.embeddings("vectors", state["vectors"]))

    def discard(self):
        """Nothing lies outside of this process."""


BACKENDS = {
    "exact": "search.ExactSearch",
    "faiss": "scale.faiss.FaissSearch",
    "milvus": "scale.milvus.MilvusSearch",
}


def backend(wanted, distance):
    """Make a search backend for a distance class: by name, or {"name": ..., **options}."""
    return checks.construct("search", wanted, BACKENDS, distance)
