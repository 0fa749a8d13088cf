"""Approximate search in Milvus: for what outgrows one machine's memory, or one machine."""

import numpy as np

from simlib.milvus import MESSAGE, Collection

METRICS = {"cosine": "L2", "euclidean": "L2", "squared_euclidean": "L2", "inner_product": "IP"}
QUERIES = 100  # sent at once: a slow machine must answer them within the timeout
MOST_NEIGHBORS = 16_384  # of one search


class MilvusSearch:
    """Vectors in Milvus behind the protocol of `ExactSearch`.

    A saved index holds the collection's name and its length; the vectors stay where they are.

    Args:
        distance: a class from `simlib.distances`; Milvus has no Manhattan.
        uri: a file ("milvus.db"; the folder must exist), or the address of a server. A server's token is
            read from the environment variable MILVUS_TOKEN.
        collection: its name; None invents one. It must not exist yet.
        index_type: Milvus's own, such as "AUTOINDEX", "FLAT", "HNSW" or "IVF_FLAT".
        parameters: Milvus's search parameters, such as {"nprobe": 32}; None leaves them to it.
        timeout: seconds to wait for an answer.

    Raises:
        ImportError: pymilvus (or, for a file, milvus-lite) is not installed.
        ConnectionError: Milvus does not answer, or breaks off; nothing of that call counts.
        FileExistsError: the collection exists already (said when the first items are added).
    """

    name = "milvus"

    def __init__(self, distance, uri="milvus.db", collection=None, index_type="AUTOINDEX",
                 parameters=None, timeout=30.0):  # fmt: skip
        if distance.name not in METRICS:
            known = ", ".join(METRICS)
            raise ValueError(
                f"search: Milvus has no {distance.name} distance; use 'exact', or one of: {known}."
            )
        self.distance, self.index_type, self.parameters = distance, index_type, parameters or {}
        self._collection = Collection(uri, collection, timeout)
        self._length, self.dim = 0, None

    def __len__(self):
        return self._length

    def reset(self):
        """Forget all vectors, and drop the collection."""
        self.discard()
        self._length, self.dim = 0, None

    def add(self, vectors):
        """Append vectors of shape (n, d), float32. They count once all have arrived."""
        if not len(vectors):
            return
        d = vectors.shape[1]
        metric = METRICS[self.distance.name]
        self._collection.make([("vector", "FLOAT_VECTOR", {"dim": d})], metric, self.index_type)
        self._collection.put([{"vector": v} for v in vectors], self._length, d)
        self.dim = d
        self._length += len(vectors)

    def search(self, queries, k):
        """As `ExactSearch.search`, but a true neighbour can be missing; places not found are padded."""
        length = self._length
        k = min(k, length)
        if k > MOST_NEIGHBORS:
            raise ValueError(f"k: Milvus finds at most {MOST_NEIGHBORS} neighbours; got {k}.")
        ids = np.full((len(queries), k), -1, np.int64)
        near = np.full((len(queries), k), np.inf, np.float32)
        rows = max(1, min(QUERIES, MESSAGE // max(1, k * queries.shape[1])))
        for start in range(0, len(queries) if k else 0, rows):
            for i, hits in enumerate(self._ask(queries[start : start + rows], k, length), start):
                found = np.array([hit["id"] for hit in hits], np.int64)
                vectors = np.array([hit["entity"]["vector"] for hit in hits], np.float32)
                distances = self.distance.paired(queries[i], vectors.reshape(-1, queries.shape[1]))
                order = np.lexsort((found, distances.astype(np.float32)))
                ids[i, : len(found)], near[i, : len(found)] = found[order], distances[order]
        return ids, near

    def _ask(self, queries, k, length):
        with self._collection.client() as client:
            return client.search(
                self._collection.name, list(queries), limit=k, output_fields=["vector"],
                filter=f"id < {length}",  # not what a call that broke off left behind
                search_params={"params": self.parameters}, timeout=self._collection.timeout,
            )  # fmt: skip

    def state(self):
        """What to save: where the vectors are, and how many."""
        name = self._collection.name
        return {"collection": np.array(name), "shape": np.array([self._length, self.dim or 0])}

    def restore(self, state):
        """Find the vectors again; raises ValueError if they are not there."""
        length, d = state["shape"].tolist()
        self._collection.name = str(state["collection"])
        if length:
            self._collection.attach(length)
        self._length, self.dim = length, d or None

    def discard(self):
        """Drop the collection."""
        self._collection.drop()
