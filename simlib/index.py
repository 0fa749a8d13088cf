"""`Index`: a search backend, the labels, and a payload store, kept in step."""

import threading

import numpy as np

from simlib import archive, checks, distances, search, store
from simlib.checks import ArtifactError, NotReadyError
from simlib.neighbors import UNKNOWN, Neighbors


class Index:
    """Labelled vectors, and the nearest of them.

    Args:
        distance: "cosine", "euclidean", "squared_euclidean", "manhattan" or "inner_product".
        search: the backend, "exact".
        store: where payloads are kept, "memory".

    >>> index = Index("euclidean").add([[0.0, 0.0], [3.0, 4.0]], labels=[7, 1])
    >>> index.lookup([[0.0, 1.0]], k=2)
    Neighbors of 1 query, k = 2
      query 0: 7 at 1.0000, 1 at 4.2426
    """

    def __init__(self, distance="cosine", search="exact", store="memory"):
        self._distance = distances.get(distance)
        self._search, self._store = _backends(search, self._distance, store)
        self._labels = np.empty(0, np.int64)
        self._dim = None
        self._adding = threading.Lock()

    @property
    def distance(self):
        """The name of the distance."""
        return self._distance.name

    def __len__(self):
        return len(self._search)

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
        labels = checks.labels("labels", np.atleast_1d(labels), len(vectors), "embeddings")
        if (labels < 0).any():
            raise ValueError(f"labels must be 0 or more, as -1 means 'unknown'; got {labels.min()}.")
        with self._adding:
            self._check_dim(vectors)
            before = len(self)
            if before and len(vectors) and (payload is not None) != (len(self._store) > 0):
                raise ValueError(
                    "payload: give one with every item or with none, so that item and payload "
                    f"stay in step; the {before} items already there have "
                    f"{'one' if len(self._store) else 'none'}."
                )
            if payload is not None:
                self._store.add(self._store.check(payload, len(vectors)))
            # The vectors come last: what a search finds already has its label and its payload.
            self._labels = np.concatenate([self._labels, labels])
            try:
                self._search.add(vectors)
                self._dim = vectors.shape[1]
            except BaseException:
                self._labels = self._labels[:before]
                if payload is not None:
                    self._store.truncate(before)
                raise
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
        if not len(self):
            raise NotReadyError("the index is empty: add items with `index` before you look up.")
        queries = distances.prepare("embeddings", self._distance, _rows(embeddings))
        self._check_dim(queries)
        ids, near = self._search.search(queries, k)
        labels = np.where(ids >= 0, self._labels[ids], UNKNOWN)
        return Neighbors(labels=labels, distances=near, ids=ids)

    def payload(self, ids):
        """The payloads of items, such as `index.payload(neighbors.ids)`: ids.shape + item shape."""
        if not len(self._store):
            raise NotReadyError("the index holds no payload: hand one over with payload=.")
        ids = checks.as_array("ids", ids)
        if ids.size and (ids.dtype.kind not in "iu" or ids.min() < 0 or ids.max() >= len(self)):
            raise ValueError(f"ids must be whole numbers from 0 to {len(self) - 1}.")
        return self._store.get(ids)

    def reset(self):
        """Remove everything."""
        with self._adding:
            self._search.reset()
            self._store.reset()
            self._labels, self._dim = np.empty(0, np.int64), None

    def class_sizes(self):
        """{class id: how many items}, by class id."""
        ids, sizes = np.unique(self._labels[: len(self)], return_counts=True)
        return dict(zip(ids.tolist(), sizes.tolist()))

    def __repr__(self):
        shape = f"{len(self)} items" + (f" of {self._dim} dimensions" if self._dim else "")
        sizes = ", ".join(f"{c}: {n}" for c, n in self.class_sizes().items())
        payload = f"{len(self._store)} in {self._store.name}" if len(self._store) else "none"
        return (
            f"Index of {shape}, {self.distance} distance, {self._search.name} search\n"
            f"  items in each class: {sizes or 'none'}\n"
            f"  payload: {payload}"
        )

    def save(self, path):
        """Write everything to one file, `path` (an .npz); the old file stays whole until the end."""
        header = {
            "distance": self.distance,
            "search": self._search.name,
            "store": self._store.name,
        }
        n = len(self)
        arrays = {"labels": self._labels[:n], **self._search.state(), **self._store.state()}
        archive.write(path, "index", header, arrays)

    @classmethod
    def load(cls, path):
        """Read what `save` wrote; raises ArtifactError for a damaged or foreign file."""
        header, arrays = archive.read(path, "index")
        try:
            index = cls(header["distance"], header["search"], header["store"])
            index._search.restore(arrays)
            index._store.restore(arrays)
            index._labels = checks.labels("labels", arrays["labels"], len(index), "vectors")
            if len(index._store) not in (0, len(index)):
                raise ValueError(f"{len(index._store)} payloads for {len(index)} vectors.")
            index._dim = arrays["vectors"].shape[1] if len(index) else None
        except (KeyError, ValueError, TypeError) as error:
            raise ArtifactError(f"the saved index is not consistent: {error}") from error
        return index

    def _check_dim(self, vectors):
        if self._dim not in (None, vectors.shape[1]):
            raise ValueError(
                f"embeddings have {vectors.shape[1]} dimensions, but the index holds vectors of "
                f"{self._dim}; use the model that made them, or reset the index."
            )


def _backends(search_name, distance, store_name):
    return search.backend(search_name, distance), store.store(store_name)


def _rows(embeddings):
    array = checks.as_array("embeddings", embeddings)
    return array[None] if array.ndim == 1 else array
