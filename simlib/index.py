"""`Index`: a search backend, the labels, and a payload store, kept in step."""

import threading

import numpy as np

from simlib import archive, checks, distances, neighbors, search, store
from simlib.checks import NotReadyError
from simlib.store import Growing

SHOWN = 20  # classes in a repr


class Index:
    """Labelled vectors, and the nearest of them. Copies share what lies in a file of your own or in Milvus.

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
        self._items = _Items(self._distance, {"search": search, "store": store})
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

        Returns the index itself. Raises ValueError for shapes or lengths that do not agree, NaN, zero vectors
        under cosine, another d than before, one-hot or negative labels, a payload for some items only.
        """
        vectors = distances.prepare("embeddings", self._distance, embeddings)
        labels = checks.labels("labels", labels, len(vectors), "embeddings", single=True)
        if len(labels) and labels.min() < 0:
            raise ValueError(f"labels must be 0 or more, as -1 means 'unknown'; got {labels.min()}.")
        with self._adding:
            items = self._items
            items.check_dim(vectors)
            if len(self) and len(vectors) and (payload is None) == (len(items.store) > 0):
                there = f"the {len(self)} items already there have {'one' if len(items.store) else 'none'}."
                raise ValueError(f"payload: give one with every item or with none; {there}")
            if payload is not None:
                payload = items.store.check(payload, len(vectors))
            if len(vectors):
                items.add(vectors, labels, payload)
        return self

    def lookup(self, embeddings, k=5):
        """The k nearest items of each query; `embeddings`: (q, d) numbers, or (d,) for a single query.

        Returns `Neighbors` (q, min(k, len(self))). Raises NotReadyError while the index is empty, ValueError
        for k < 1, NaN, or another d than the index.
        """
        k = checks.whole_number("k", k, at_least=1)
        items = self._items  # read once: a reset meanwhile does not disturb this lookup
        queries = distances.prepare("embeddings", self._distance, embeddings)
        items.check_dim(queries)
        ids, near = items.search.search(queries, k)
        if not ids.shape[1]:
            raise NotReadyError("the index is empty: add items to it before you look up.")
        labels = items.labels.rows[ids]
        labels[ids < 0] = neighbors.UNKNOWN
        return neighbors.trusted(labels, near, ids)

    def payload(self, ids):
        """The payloads of items, such as `index.payload(neighbors.ids)`: ids.shape + item shape."""
        items = self._items
        if not len(items.store):
            raise NotReadyError("the index holds no payload: hand one over with payload=.")
        ids = checks.as_array("ids", ids)
        if ids.size and (ids.dtype.kind not in "iu" or ids.min() < 0 or ids.max() >= len(items.search)):
            raise ValueError(f"ids must be whole numbers from 0 to {len(items.search) - 1}.")
        return items.store.get(ids.astype(np.int64))

    def reset(self):
        """Remove everything, a disk store's file and a Milvus collection included."""
        with self._adding:
            items, self._items = self._items, _Items(self._distance, self._items.settings)
            items.search.reset()
            items.store.reset()

    def class_sizes(self):
        """{class id: how many items}, by class id."""
        items = self._items
        ids, sizes = np.unique(items.labels.rows[: len(items.search)], return_counts=True)
        return dict(zip(ids.tolist(), sizes.tolist()))

    def __repr__(self):
        items, sizes = self._items, [f"{c}: {n}" for c, n in self.class_sizes().items()]
        shape = f"{len(self)} items" + (f" of {items.search.dim} dimensions" if len(self) else "")
        sizes[SHOWN:] = [f"and {len(sizes) - SHOWN:,} more classes"] * (len(sizes) > SHOWN)
        return (
            f"Index of {shape}, {self.distance} distance, {items.search.name} search\n"
            f"  items in each class: {', '.join(sizes) or 'none'}\n"
            f"  payload: {f'{len(items.store)} in {items.store.name}' if len(items.store) else 'none'}"
        )

    def save(self, path):
        """Write to one file, `path` (an .npz), all but what lies in Milvus or in a file of your own."""
        archive.write(path, "index", *self._state())

    @classmethod
    def load(cls, path):
        """Read what `save` wrote; raises ArtifactError for a damaged or foreign file."""
        return cls._restored(*archive.read(path, "index"))

    def _state(self):
        with self._adding:  # not half of an add
            items = self._items
            arrays = {"labels": items.labels.rows, **items.search.state(), **items.store.state()}
        return {"distance": self.distance, **items.settings}, arrays

    @classmethod
    def _restored(cls, header, arrays):
        try:
            index = cls(header["distance"], header["search"], header["store"])
            index._items.restore(arrays)
            return index
        except (KeyError, ValueError, TypeError) as error:
            raise checks.ArtifactError(f"the saved index is not consistent: {error}") from error

    def __reduce__(self):
        return self._restored, self._state()


class _Items:
    """What an index holds: vectors, labels and payloads, in step. `Index` hands over checked arrays."""

    def __init__(self, distance, settings):
        self.settings = settings
        self.search = search.backend(settings["search"], distance)
        self.store = store.store(settings["store"])
        self.labels = Growing(np.empty(0, np.int64))

    def check_dim(self, vectors):
        if self.search.dim not in (None, vectors.shape[1]):
            held = f"the index holds vectors of {self.search.dim}; use the model that made them, or reset it."
            raise ValueError(f"embeddings have {vectors.shape[1]} dimensions, but {held}")

    def add(self, vectors, labels, payload):
        before = len(self.search)
        try:
            if payload is not None:
                self.store.add(payload)
            self.labels.add(labels)
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
