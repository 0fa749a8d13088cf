"""`Index`: a search backend, the labels, and a payload store, kept in step."""

import threading

import numpy as np

from simlib import archive, checks, distances, search, store
from simlib.checks import ArtifactError, NotReadyError
from simlib.neighbors import UNKNOWN, Neighbors
from simlib.store import Growing


class Index:
    """Labelled vectors, and the nearest of them.

    Args:
        distance: "cosine", "euclidean", "squared_euclidean", "manhattan" or "inner_product".
        search: the backend: "exact", "faiss" or "milvus"; with options, a dict such as
            {"name": "milvus", "uri": "http://localhost:19530"}. `FaissSearch` and `MilvusSearch` list them.
        store: where payloads are kept: "memory", "disk" or "milvus"; or a dict, as above.

    >>> index = Index("euclidean").add([[0.0, 0.0], [3.0, 4.0]], labels=[7, 1])
    >>> index.lookup([[0.0, 1.0]], k=2)
    Neighbors of 1 query, k = 2
      query 0: 7 at 1.0000, 1 at 4.2426
    """

    def __init__(self, distance="cosine", search="exact", store="memory"):
        self._distance = distances.get(distance)
        self._items = _Items(self._distance, search, store)
        self._adding = threading.Lock()

    @property
    def distance(self):
        """The name of the distance."""
        return self._distance.name

    def __len__(self):
        return len(self._items.search)

    def add(self, embeddings, labels, payload=None):
        """Add vectors with their labels and, if wanted, a payload for each. All or nothing.

        Args:
            embeddings: (n, d) numbers, or (d,) for a single one.
            labels: (n,) integer class ids, or a single one; 0 or more, as -1 means "unknown".
            payload: an array (n, ...) kept beside the vectors, such as the images; or None.

        Returns:
            The index itself.

        Raises:
            ValueError: shapes or lengths that do not agree, NaN, zero vectors under cosine, another
                d than before, one-hot or negative labels, a payload for some items only.
        """
        vectors = distances.prepare("embeddings", self._distance, _rows(embeddings))
        labels = np.atleast_1d(checks.as_array("labels", labels))
        labels = checks.labels("labels", labels, len(vectors), "embeddings")
        if (labels < 0).any():
            raise ValueError(f"labels must be 0 or more, as -1 means 'unknown'; got {labels.min()}.")
        with self._adding:
            items, before = self._items, len(self)
            _check_dim(items, vectors)
            if before and len(vectors) and (payload is not None) != (len(items.store) > 0):
                raise ValueError(
                    "payload: give one with every item or with none, so that item and payload "
                    f"stay in step; the {before} items already there have "
                    f"{'one' if len(items.store) else 'none'}."
                )
            if payload is not None:
                payload = items.store.check(payload, len(vectors))
            if len(vectors):
                items.add(vectors, labels, payload)
        return self

    def lookup(self, embeddings, k=5):
        """The k nearest items of each query.

        Args:
            embeddings: (q, d) numbers, or (d,) for a single query.
            k: how many neighbours; an index that holds fewer gives what it has.

        Returns:
            `Neighbors` of shape (q, min(k, len(self))).

        Raises:
            NotReadyError: the index is empty.
            ValueError: k < 1, NaN, another d than the index.
        """
        k = checks.whole_number("k", k, at_least=1)
        items = self._items  # read once: a reset meanwhile does not disturb this lookup
        if not len(items.search):
            raise NotReadyError("the index is empty: add items to it before you look up.")
        queries = distances.prepare("embeddings", self._distance, _rows(embeddings))
        _check_dim(items, queries)
        ids, near = items.search.search(queries, k)
        labels = np.where(ids >= 0, items.labels.rows[ids], UNKNOWN)
        return Neighbors(labels=labels, distances=near, ids=ids)

    def payload(self, ids):
        """The payloads of items, such as `index.payload(neighbors.ids)`: ids.shape + item shape."""
        items = self._items
        if not len(items.store):
            raise NotReadyError("the index holds no payload: hand one over with payload=.")
        ids = checks.as_array("ids", ids)
        if ids.size == 0:
            ids = ids.astype(np.int64)
        if ids.dtype.kind not in "iu" or (ids.size and not 0 <= ids.min() <= ids.max() < len(items.search)):
            raise ValueError(f"ids must be whole numbers from 0 to {len(items.search) - 1}.")
        return items.store.get(ids)

    def reset(self):
        """Remove everything, a disk store's file and a Milvus collection included."""
        with self._adding:
            self._items = self._items.empty()

    def class_sizes(self):
        """{class id: how many items}, by class id."""
        items = self._items
        ids, sizes = np.unique(items.labels.rows[: len(items.search)], return_counts=True)
        return dict(zip(ids.tolist(), sizes.tolist()))

    def __repr__(self):
        items = self._items
        shape = f"{len(self)} items" + (f" of {items.dim} dimensions" if len(self) else "")
        sizes = ", ".join(f"{c}: {n}" for c, n in self.class_sizes().items())
        payload = f"{len(items.store)} in {items.store.name}" if len(items.store) else "none"
        return (
            f"Index of {shape}, {self.distance} distance, {items.search.name} search\n"
            f"  items in each class: {sizes or 'none'}\n"
            f"  payload: {payload}"
        )

    def save(self, path):
        """Write everything to one file, `path` (an .npz); the old file stays whole until the end.

        What lies outside, in Milvus or in a file of your own, stays there: only its name is saved.
        """
        with self._adding:  # not half of an add
            items = self._items
            arrays = {"labels": items.labels.rows, **items.search.state(), **items.store.state()}
        _, search_made_of, store_made_of = items.made_of
        header = {"distance": self.distance, "search": search_made_of, "store": store_made_of}
        archive.write(path, "index", header, arrays)

    @classmethod
    def load(cls, path):
        """Read what `save` wrote; raises ArtifactError for a damaged or foreign file."""
        header, arrays = archive.read(path, "index")
        try:
            index = cls(header["distance"], header["search"], header["store"])
            index._items.restore(arrays)
        except (KeyError, ValueError, TypeError) as error:
            raise ArtifactError(f"the saved index is not consistent: {error}") from error
        return index


class _Items:
    """What an index holds: vectors, labels and payloads, in step. `Index` hands over checked arrays."""

    def __init__(self, distance, search_made_of, store_made_of):
        self.made_of = distance, search_made_of, store_made_of
        self.search = search.backend(search_made_of, distance)
        self.store = store.store(store_made_of)
        self.labels = Growing(np.empty(0, np.int64))
        self.dim = None

    def empty(self):
        self.search.discard()
        self.store.discard()
        return _Items(*self.made_of)

    def add(self, vectors, labels, payload):
        before = len(self.search)
        try:
            if payload is not None:
                self.store.add(payload)
            self.labels.add(labels)
            self.dim = vectors.shape[1]
            # The vectors come last: what a search finds already has its label and its payload.
            self.search.add(vectors)
        except BaseException:
            if len(self.search) == before:  # else it is in, and the interruption came too late
                self.labels.truncate(before)
                self.store.truncate(before)
            raise

    def restore(self, arrays):
        self.search.restore(arrays)
        self.store.restore(arrays)
        if len(self.store) not in (0, len(self.search)):
            raise ValueError(f"{len(self.store)} payloads for {len(self.search)} vectors")
        self.labels.add(checks.labels("labels", arrays["labels"], len(self.search), "vectors"))
        self.dim = self.search.dim


def _check_dim(items, vectors):
    if len(items.search) and items.dim != vectors.shape[1]:
        raise ValueError(
            f"embeddings have {vectors.shape[1]} dimensions, but the index holds vectors of "
            f"{items.dim}; use the model that made them, or reset the index."
        )


def _rows(embeddings):
    array = checks.as_array("embeddings", embeddings)
    return array[None] if array.ndim == 1 else array
