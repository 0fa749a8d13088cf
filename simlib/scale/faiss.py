"""Approximate search with faiss, in memory: near the exact answer, at a small part of its cost."""

import threading

import numpy as np

from simlib import checks
from simlib.search import ExactSearch, nearest

EXACT_BELOW = 10_000  # vectors; down here comparing all of them takes a fraction of a millisecond
PROBES = 16  # lists that a query looks into
SEEN_PER_NEIGHBOR = 8  # and enough of them to meet this many vectors for each neighbour asked for
TRAIN_PER_LIST, TRAIN_ROUNDS = 32, 10  # k-means needs no more; faiss's 256 and 25 take 20 times as long


class FaissSearch(ExactSearch):
    """faiss behind the protocol of `ExactSearch`, which it also is: below 10,000 vectors it is exact.

    From there on it keeps an inverted file (IVF): k-means parts the vectors into 2 sqrt(n) lists, and a
    query is compared with those of the 16 lists nearest to it (Jegou et al. 2011, "Product quantization
    for nearest neighbor search", section IV). The candidates are then measured in float64.

    The first lookup after adding builds what is missing, and all anew when the index has doubled. Manhattan
    distances are searched exactly. A process pool must start its workers with `spawn` or `forkserver`:
    faiss's own threads do not survive a fork.

    Args:
        distance: a class from `simlib.distances`.
        factory: a faiss factory string, such as "HNSW32" or "IVF4096,PQ16", used at any size; None
            chooses as above. A saved index of your own factory is built again at its first lookup.
        parameters: faiss search parameters, such as "nprobe=32" or "efSearch=64"; None chooses.

    Raises ImportError without faiss-cpu, and ValueError, at the first lookup, for a factory or parameters
    that faiss does not understand.

    >>> from simlib import Index
    >>> Index("euclidean", search="faiss").add([[0.0], [2.0]], [7, 1]).lookup([[1.5]], k=1)
    Neighbors of 1 query, k = 1
      query 0: 1 at 0.5000
    """

    name = "faiss"

    def __init__(self, distance, factory=None, parameters=None):
        self._faiss = checks.extra("faiss", 'search="faiss"')
        self.factory, self.parameters = factory, parameters
        self._lock = threading.Lock()  # faiss must not search while it adds
        # Of unit vectors the nearest in a straight line is also the nearest in angle.
        product = distance.name == "inner_product"
        self._metric = self._faiss.METRIC_INNER_PRODUCT if product else self._faiss.METRIC_L2
        super().__init__(distance)

    def reset(self):
        """Forget all vectors."""
        super().reset()
        self._built = self._centroids = None
        self._trained_on = 0

    def search(self, queries, k, rows=None):
        """As `ExactSearch.search`, but a true neighbour can be missing (how often: measure recall)."""
        if rows is not None:
            return super().search(queries, k, rows)
        with self._lock:
            vectors = self._vectors.rows
            few = len(vectors) < (1 if self.factory else EXACT_BELOW)
            exact = few or not len(queries) or self.distance.name == "manhattan"
            if not exact:
                wanted = min(k, len(vectors))
                ids = self._ready(vectors, wanted).search(queries, wanted)[1]
                exact = bool((ids < 0).any())  # too few in the lists that were looked into
        if exact:
            return super().search(queries, k)
        ids, query = np.sort(ids, axis=1).ravel(), np.repeat(np.arange(len(queries)), ids.shape[1])
        distances = self._measure(queries, query, vectors, ids)
        best = nearest(query, distances, len(ids) // len(queries))
        return ids[best], distances[best]

    def _ready(self, vectors, k):
        """The faiss index of all vectors, set to find k of them; one that broke off is built anew."""
        index, self._built = self._built, None
        if not self.factory and len(vectors) > 2 * self._trained_on:
            index = self._centroids = None
        if index is None and self.factory:
            index = self._try(self._faiss.index_factory, vectors.shape[1], self.factory, self._metric)
            index.train(vectors)
        index = index or self._inverted_file(vectors)
        if index.ntotal < len(vectors):
            index.add(vectors[index.ntotal :])
        self._built = index
        if self.parameters:
            self._try(self._faiss.ParameterSpace().set_index_parameters, index, self.parameters)
        elif not self.factory:
            index.nprobe = min(index.nlist, max(PROBES, SEEN_PER_NEIGHBOR * k * index.nlist // len(vectors)))
        return index

    def _inverted_file(self, vectors):
        n, d = vectors.shape
        lists = int(2 * n**0.5) if self._centroids is None else len(self._centroids)
        index = self._faiss.index_factory(d, f"IVF{lists},Flat", self._metric)
        if self._centroids is None:
            index.cp.max_points_per_centroid, index.cp.niter = TRAIN_PER_LIST, TRAIN_ROUNDS
            index.cp.min_points_per_centroid = 1  # else faiss prints that it would like more
            index.train(vectors)
            self._centroids, self._trained_on = index.quantizer.reconstruct_n(0, lists), n
        else:  # from a saved file: the same lists as before, and so the same answers
            index.quantizer.add(self._centroids)
            index.train(vectors[:1])
        return index

    def _try(self, function, *arguments):
        try:
            return function(*arguments)
        except RuntimeError as error:
            raise ValueError(f"search: faiss refuses {arguments[1]!r}: {error}") from error

    def state(self):
        """What to save: the vectors, and the lists' centres if there are any."""
        with self._lock:
            state = super().state()
            if self._centroids is not None:
                state |= {"centroids": self._centroids, "trained_on": np.int64(self._trained_on)}
        return state

    def restore(self, state):
        """Take back what `state` gave."""
        super().restore(state)
        if "centroids" in state:
            self._centroids = checks.embeddings("centroids", state["centroids"])
            self._trained_on = int(state["trained_on"])
            if self._centroids.shape[1] != self.dim:
                raise ValueError("centroids and vectors differ in their dimensions")
