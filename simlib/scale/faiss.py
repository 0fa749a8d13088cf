"""Approximate search with faiss, in memory: near the exact answer, at a small part of its cost."""

import re
import threading
import warnings

import numpy as np

from simlib import checks
from simlib.progress import counted
from simlib.search import ExactSearch, nearest

EXACT_BELOW = 10_000  # vectors; down here comparing all of them takes a fraction of a millisecond
PROBES = 16  # lists that a query looks into, at least
SEEN_PER_NEIGHBOR = 8  # and enough of them to meet this many vectors for each neighbour asked for
TRAIN_PER_LIST, TRAIN_ROUNDS = 32, 10  # k-means needs no more; faiss's 256 and 25 take 20 times as long
RECALL, SAMPLE = 0.99, 300  # wanted of so many queries: what is measured is a little off
TOO_MANY = 3  # a third of the lists: then comparing with all vectors is as fast, and exact
LINKS, BUILD_EFFORT, EFFORT = 32, 200, 64  # of a graph: links of each; looked at to find them, and later
FINER = 1.4  # times as far at each try: what is looked at in vain costs every query
PART = 5000  # vectors, and then a word of progress; a graph takes longer to build in smaller parts
GROWN = 1.2  # times as many vectors: measure again


class FaissSearch(ExactSearch):
    """faiss behind the protocol of `ExactSearch`, which it also is: below 10,000 vectors it is exact.

    From there on it keeps an inverted file (IVF): k-means parts the vectors into 2 sqrt(n) lists, and a query
    is compared with those in the lists nearest to it (Jegou et al. 2011, "Product quantization for nearest
    neighbor search", section IV). Into how many it looks, it finds out by itself: it takes more until 300
    queries beside the vectors find 99% of their neighbours. Where that takes a third of the lists, as with
    many classes of a few vectors each, it says so once and searches exactly, until `build` makes a graph
    (HNSW; Malkov and Yashunin 2018, "Efficient and robust approximate nearest neighbor search"), and tunes it
    likewise, up to sqrt(n) candidates: beyond, exact search is as fast. That takes half a minute for 100,000
    vectors and a quarter of an hour for a million. It ends when items are removed, and is not saved: faiss
    trusts what it reads, and a file may come from a stranger.

    `build`, or else the first lookup after adding, builds the lists, and all anew when the index has doubled;
    other threads search exactly meanwhile. Manhattan distances are searched exactly. A process pool must
    start its workers with `spawn` or `forkserver`: faiss's own threads do not survive a fork.

    Args:
        distance: a class from `simlib.distances`.
        factory: a faiss factory string, such as "HNSW32" or "IVF4096,PQ16", used at any size; None
            chooses as above. A saved index of your own factory is built again at its first lookup.
        parameters: faiss search parameters, such as "nprobe=32" or "efSearch=64"; None chooses.

    Both are taken as they are: `recall` tells what they give. Raises ImportError without faiss-cpu, and
    ValueError, here or at the first lookup, for a factory or parameters that faiss does not understand.

    >>> from simlib import Index
    >>> Index("euclidean", search="faiss").add([[0.0], [2.0]], [7, 1]).lookup([[1.5]], k=1)
    Neighbors of 1 query, k = 1
      query 0: 1 at 0.5000
    """

    name = "faiss"

    def __init__(self, distance, factory=None, parameters=None):
        self._faiss = checks.extra("faiss", 'search="faiss"')
        for name, given, zero in ("factory", factory, "[A-Za-z_]"), ("parameters", parameters, r"=\s*"):
            # faiss ends the process at HNSW0, and loops or fails elsewhere for numbers below 1.
            bad = isinstance(given, str) and (
                not given.strip() or re.search(rf"-\s*\d|(HNSW|NSG)1(?!\d)|{zero}0+(?![\d.])", given)
            )
            if given is not None and (bad or not isinstance(given, str)):
                raise ValueError(f"{name} must be text that faiss knows, with numbers from 1; got {given!r}.")
        self.factory, self.parameters = factory, parameters
        self._using = threading.Lock()  # faiss must not search while it adds
        self._building = threading.Lock()
        # Of unit vectors the nearest in a straight line is also the nearest in angle.
        product = distance.name == "inner_product"
        self._metric = self._faiss.METRIC_INNER_PRODUCT if product else self._faiss.METRIC_L2
        super().__init__(distance)

    def reset(self):
        """Forget all vectors."""
        super().reset()
        self._built = self._centroids = None
        self._trained_on, self._probes, self._told = 0, {}, False

    def kept(self, rows):
        """As in `ExactSearch`; the lists' centres stay, so nothing is trained anew."""
        other = super().kept(rows)
        other._using, other._building = threading.Lock(), threading.Lock()
        if 2 * len(rows) > self._trained_on:
            other._centroids, other._trained_on = self._centroids, self._trained_on
        return other

    def search(self, queries, k, rows=None):
        """As `ExactSearch.search`, but a true neighbour can be missing (`recall` tells how often)."""
        vectors = self._vectors.rows
        index = self._ready(vectors, min(k, len(vectors))) if rows is None and len(queries) else None
        ids = None if index is None else self._candidates(index, queries, min(k, len(vectors)))
        if ids is None or (ids < 0).any() or (ids >= len(vectors)).any():  # too few in the lists
            return super().search(queries, k, rows)
        ids, query = np.sort(ids, axis=1).ravel(), np.repeat(np.arange(len(queries)), ids.shape[1])
        near = self._measure(queries, query, vectors, ids)
        best = nearest(query, near, len(ids) // len(queries))
        return ids[best], near[best]

    def recall(self, k=10):
        """The share of the k nearest that a search finds: of 300 queries, each as far from one of the vectors
        as that is from its nearest neighbour. The vectors themselves would be found too easily.
        """
        k, vectors = min(k + 1, len(self)), self._vectors.rows
        if k < 2:
            return 1.0
        return self._share(lambda q: self.search(q, k)[0], vectors, *self._sample(vectors, k))

    def build(self, verbose=None):
        """Prepare what the next search needs: lists, or a graph where they are not worth it."""
        self._ready(self._vectors.rows, min(10, len(self)), graph=True, verbose=verbose)

    def _sample(self, vectors, k):
        """Queries like the vectors (n, d), the row that each stands beside, and its k nearest by distance."""
        exact = ExactSearch(self.distance)
        exact._vectors.rows = vectors  # without a copy, and without those that are added meanwhile
        rows = np.unique(np.linspace(0, len(vectors) - 1, SAMPLE).round().astype(int))
        some, aside = vectors[rows], np.random.default_rng(0).standard_normal((len(rows), vectors.shape[1]))
        apart = some - vectors[exact.search(some, 2)[0][:, -1]]
        aside *= np.linalg.norm(apart, axis=1, keepdims=True) / np.linalg.norm(aside, axis=1, keepdims=True)
        queries = self.distance.prepare(some + aside).astype(np.float32)
        return queries, rows[:, None], *exact.search(queries, k)

    def _share(self, search, vectors, queries, rows, true, reach):
        """The share that a search finds within reach, the row beside a query aside, which is easily found.

        Equals count as those do that exact search names.
        """
        found = search(queries)
        query = np.repeat(np.arange(len(queries)), found.shape[1])
        near = self._measure(queries, query, vectors, found.ravel()).reshape(found.shape)
        hits = ((near <= reach[:, -1:]) & (found >= 0) & (found != rows)).sum(axis=1)
        there = (true != rows).sum(axis=1)
        return float(np.minimum(hits, there).sum() / max(1, there.sum()))

    def _candidates(self, index, queries, k):
        with self._using:
            if self._built is index:
                return self._try(index.search, queries, k)[1]

    def _ready(self, vectors, k, graph=False, verbose=0):
        """The faiss index of all vectors, set to find k of them; None where exact search shall answer."""
        few = len(vectors) < (1 if self.factory else max(EXACT_BELOW, TOO_MANY * k))
        if few or self.distance.name == "manhattan" or not self._building.acquire(blocking=graph):
            return None  # or another thread is building, and `build` waits for it
        try:
            index = self._filled(self._lists_or_factory(vectors), vectors, verbose)
            if self.factory or self.parameters or self._tune(index, vectors, k):
                return index
            if graph and not _is_graph(index):
                self._probes, index = {}, self._filled(self._graph(vectors), vectors, verbose)
                if self._tune(index, vectors, k):
                    return index
            if not self._told:
                self._told = True
                why = f"these {len(vectors):,} vectors fall into no lists that are worth it"
                cure = "`build()` makes a graph of them; it takes longer."
                cure = "Nor is a graph worth it." if graph or _is_graph(index) else cure
                warnings.warn(f"search='faiss': {why}; it searches exactly. {cure}", stacklevel=2)
            return None
        finally:
            self._building.release()

    def _filled(self, index, vectors, verbose):
        """The index with all vectors in it, and with your parameters; from now on it is the one in use."""
        with self._using:
            self._built = None  # one that breaks off is built anew
            parts = range(index.ntotal, len(vectors), PART)
            for start in counted(parts, f"parts of {PART:,} vectors", verbose):
                self._try(index.add, vectors[start : start + PART])
            if self.parameters:
                space = self._faiss.ParameterSpace()
                self._try(lambda: space.set_index_parameters(index, self.parameters))
            self._built = index
        return index

    def _tune(self, index, vectors, k):
        """Set how far a search for k looks; False where that would be too far."""
        size = 1 << max(10, k).bit_length()  # so that not every k is measured
        measured, effort = self._probes.get(size, (0, 0))
        if _is_graph(index):
            # Beyond sqrt(n) exact search is about as fast for one query, and faster for many.
            tuned, name, least, most = index.hnsw, "efSearch", max(EFFORT, size), int(len(vectors) ** 0.5)
        else:
            seen = SEEN_PER_NEIGHBOR * size * index.nlist // len(vectors)
            tuned, name, most = index, "nprobe", index.nlist // TOO_MANY
            least = min(most, max(PROBES, seen))
        if len(vectors) > GROWN * measured:
            near, effort = min(size, len(vectors)), least
            sample = self._sample(vectors, near)
            while effort <= most:
                setattr(tuned, name, effort)
                if self._share(lambda q: index.search(q, near)[1], vectors, *sample) >= RECALL:
                    break
                effort = min(most, int(FINER * effort)) if effort < most else most + 1
            self._probes[size] = len(vectors), effort
        setattr(tuned, name, min(most, effort))
        return effort <= most

    def _lists_or_factory(self, vectors):
        """The faiss index there is, or a new one."""
        grown = len(vectors) > 2 * self._trained_on and not _is_graph(self._built)
        if not self.factory and grown:
            self._built, self._centroids, self._probes = None, None, {}
        if self._built is None and self.factory:
            index = self._try(self._faiss.index_factory, vectors.shape[1], self.factory, self._metric)
            self._try(index.train, vectors)
            return index
        return self._built or self._inverted_file(vectors)

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

    def _graph(self, vectors):
        index = self._faiss.IndexHNSWFlat(vectors.shape[1], LINKS, self._metric)
        index.hnsw.efConstruction = BUILD_EFFORT
        return index

    def _try(self, function, *arguments):
        try:
            return function(*arguments)
        except (RuntimeError, TypeError, AssertionError, AttributeError) as error:
            given = f"factory={self.factory!r}, parameters={self.parameters!r}"
            why = re.split(r" at \S+:\d+: ", str(error).strip())[-1]
            raise ValueError(f"search: faiss refuses {given} for {len(self)} vectors: {why}") from error

    def state(self):
        """What to save: the vectors, and the lists' centres if there are any."""
        with self._building:
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


def _is_graph(index):
    return hasattr(index, "hnsw")
