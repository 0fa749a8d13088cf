"""Finding the nearest vectors. One small protocol; `exact` is the backend without dependencies.

A backend has `add(vectors)`, `search(queries, k, rows) -> (rows, distances)`, `vectors(rows)`, `kept(rows)`,
`recall(k)` (the share of the k nearest that a search finds), `build(verbose)` (what the next search needs),
`reset()`, `len()`, `dim` (None while empty), and `state()` / `restore(state)` (name -> array) for saving and
copying. Its vectors are checked and prepared (distances.prepare); they stand in rows 0, 1, 2, ... as they
come. An approximate backend measures its candidates as this one does: distances do not depend on the backend.
"""

import copy

import numpy as np

from simlib import checks
from simlib.store import Growing

BLOCK = 2**20  # numbers held at once, at most: 4 MB of float32, whatever the number of queries and vectors
QUERIES = 128  # compared at once, at most: what is more leaves the processor's cache
MEASURED = 2**15  # numbers measured at once: they stay in the cache too
GROUP = 32  # columns of which the smallest stands for all when a bound is sought


class ExactSearch:
    """Compares every query with every vector, by one of `simlib.distances`, block by block."""

    name = "exact"

    def __init__(self, distance):
        self.distance = distance
        self.reset()

    def reset(self):
        self._vectors = Growing(np.empty((0, 0), np.float32))
        self._sizes = np.empty(0, np.float32)

    def __len__(self):
        return len(self._vectors)

    @property
    def dim(self):
        return self._vectors.rows.shape[1] if len(self) else None

    def add(self, vectors):
        """Append vectors of shape (n, d), float32. A search at the same time sees all or none."""
        self._vectors.add(vectors)

    def vectors(self, rows):
        """float32 (n, d): those that stand in these rows."""
        return self._vectors.rows[rows]

    def kept(self, rows):
        """A new backend with the vectors of these rows alone, ascending; this one stays as it is."""
        other = copy.copy(self)
        other.reset()
        other.add(self._vectors.rows[rows])
        return other

    def recall(self, k=10):
        return 1.0

    def build(self, verbose=None):
        pass

    def search(self, queries, k, rows=None):
        """The k nearest vectors of each of the queries, float32 (q, d); of equals, the one added first.

        Returns rows int64 (q, min(k, n)), nearest first, and distances float32 of the same shape. Given
        `rows`, ascending, it looks among those alone.
        """
        if rows is not None:
            some = ExactSearch(self.distance)
            some.add(self._vectors.rows[rows])
            found, distances = some.search(queries, k)
            return rows[found], distances
        vectors = self._vectors.rows
        k = min(k, len(vectors))
        ids, distances = np.empty((len(queries), k), np.int64), np.empty((len(queries), k), np.float32)
        if not ids.size:
            return ids, distances
        sizes = self._sizes  # worked out once for each vector; two threads may do it twice, to the same end
        if len(sizes) < len(vectors):
            self._sizes = sizes = np.concatenate([sizes, self.distance.sizes(vectors[len(sizes) :])])
        sizes = sizes[: len(vectors)]
        slack = self.distance.slack(queries, sizes.max())
        rows = max(1, min(QUERIES, len(queries), BLOCK // k))
        width = rows * (vectors.shape[1] if self.distance.name == "manhattan" else 1)
        blocks = -(-len(vectors) * width // BLOCK)
        step = max(k, -(-len(vectors) // blocks))  # of about one size, and k vectors in the first
        for start in range(0, len(queries), rows):
            at = slice(start, start + rows)
            ids[at], distances[at] = self._search_part(queries[at], vectors, sizes, k, slack[at], step)
        return ids, distances

    def _search_part(self, queries, vectors, sizes, k, slack, step):
        """Measure only those that may be nearer than the k nearest so far.

        `rank` has a product's rounding; a vector that is behind k others by more than `slack` is out. The few
        left are measured without it: neither the rest of the batch nor the machine changes an answer.
        """
        best = None  # ranks, distances and ids of the k nearest so far, each (q, k)
        for start in range(0, len(vectors), step):
            block = slice(start, start + step)
            rank = self.distance.rank(queries, vectors[block], sizes[block])  # (q, step)
            bound = slack + (_bound(rank, k) if best is None else best[0].max(axis=1, keepdims=True))
            hits = np.flatnonzero(rank <= bound)
            if start and len(hits) > 4 * bound.size * k and k <= rank.shape[1]:  # nearer than all before
                hits = np.flatnonzero(rank <= np.minimum(bound, _bound(rank, k) + slack))
            query, column = np.divmod(hits, rank.shape[1])
            new = rank.ravel()[hits], self._measure(queries, query, vectors[block], column), column + start
            if best is not None:
                query = np.concatenate([np.repeat(np.arange(len(queries)), k), query])
                new = [np.concatenate([old.ravel(), more]) for old, more in zip(best, new)]
            order = nearest(query, new[1], k)
            best = [values[order] for values in new]
        return best[2], best[1]

    def _measure(self, queries, query, vectors, ids):
        distances = np.empty(len(ids), np.float32)
        rows = max(1, MEASURED // vectors.shape[1])
        for start in range(0, len(ids), rows):
            part = slice(start, start + rows)
            distances[part] = self.distance.paired(queries[query[part]], vectors[ids[part]])
        return distances

    def state(self):
        return {"vectors": self._vectors.rows}

    def restore(self, state):
        self.reset()
        self.add(checks.embeddings("vectors", state["vectors"]))


def _bound(rank, k):
    """(q, 1): at least k of each row are no larger. Where there are many, it looks at groups of them."""
    groups = rank.shape[1] // GROUP
    if groups >= 2 * k:
        rank = rank[:, : GROUP * groups].reshape(len(rank), GROUP, groups).min(axis=1)
    return np.partition(rank, k - 1, axis=1)[:, k - 1 : k]


def nearest(query, distances, k):
    """Where the k smallest distances of each query stand, (q, k); of equals, the one that stands first."""
    order, counts = np.lexsort((distances, query)), np.bincount(query)
    return order[(counts.cumsum() - counts)[:, None] + np.arange(k)]


BACKENDS = {
    "exact": "search.ExactSearch",
    "faiss": "scale.faiss.FaissSearch",
    "milvus": "scale.milvus.MilvusItems",
}
