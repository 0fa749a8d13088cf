"""Finding the nearest vectors. One small protocol; `exact` is the backend without dependencies.

A backend has `add(vectors)`, `search(queries, k) -> (ids, distances)`, `reset()`, `len()`, and
`state()` / `restore(state)` (name -> array) for saving. It is handed vectors that are already
checked and prepared (distances.prepare), and numbers them 0, 1, 2, ... as they come.
"""

import numpy as np

from simlib import checks

BLOCK = 2**23  # distances held at once: 32 MB of float32, whatever the number of queries
SPARE = 8  # candidates measured beyond k, so that rounding cannot push out a true neighbour


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
        self._vectors, self._used = np.empty((0, 0), np.float32), 0

    def __len__(self):
        return self._used

    def add(self, vectors):
        """Append vectors of shape (n, d), float32."""
        used, total = self._used, self._used + len(vectors)
        buffer = self._vectors
        if total > len(buffer):  # grow by doubling, so that many small adds stay cheap
            buffer = np.empty((max(total, 2 * len(buffer)), vectors.shape[1]), np.float32)
            if used:
                buffer[:used] = self._vectors[:used]
        buffer[used:total] = vectors
        # The last step makes the new rows visible, so a search at the same time sees all or none.
        self._vectors, self._used = buffer, total

    def search(self, queries, k):
        """The k nearest vectors of each query, nearest first; of equals, the one added first.

        Args:
            queries: float32 (q, d), prepared.
            k: how many; fewer come back if the index holds fewer.

        Returns:
            ids int64 (q, min(k, n)) and distances float32 of the same shape.
        """
        used = self._used
        vectors = self._vectors[:used]
        k = min(k, used)
        ids = np.empty((len(queries), k), np.int64)
        distances = np.empty((len(queries), k), np.float32)
        if k == 0:
            return ids, distances
        rows = max(1, BLOCK // (used * (vectors.shape[1] if self.distance.name == "manhattan" else 1)))
        for start in range(0, len(queries), rows):
            block = slice(start, start + rows)
            ids[block], distances[block] = self._search_block(queries[block], vectors, k)
        return ids, distances

    def _search_block(self, queries, vectors, k):
        rough = self.distance.pairwise(queries, vectors)  # (q, n), with a product's rounding
        wanted = min(k + SPARE, len(vectors))
        if wanted < len(vectors):
            ids = np.argpartition(rough, wanted - 1, axis=1)[:, :wanted]
        else:
            ids = np.broadcast_to(np.arange(len(vectors)), rough.shape)
        ids = np.sort(ids, axis=1)
        # Measure the few that are left without that rounding: the answer for a query then depends
        # neither on its companions in the batch nor on the machine's matrix product.
        distances = self.distance.paired(queries[:, None, :], vectors[ids]).astype(np.float32)
        order = np.argsort(distances, axis=1, kind="stable")[:, :k]
        return np.take_along_axis(ids, order, 1), np.take_along_axis(distances, order, 1)

    def state(self):
        """What to save: name -> array."""
        return {"vectors": self._vectors[: self._used]}

    def restore(self, state):
        """Take back what `state` gave."""
        self.reset()
        self.add(checks.embeddings("vectors", state["vectors"]))


BACKENDS = {b.name: b for b in (ExactSearch,)}


def backend(name, distance):
    """Make the search backend called `name` for a distance class."""
    return checks.choose("search", name, BACKENDS)(distance)
