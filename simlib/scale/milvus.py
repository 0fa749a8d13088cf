"""Milvus: vectors and payloads in a vector database, in an embedded file or on a cluster.

The address alone decides: a file such as "milvus.db" runs Milvus Lite inside this process, and
"http://host:19530" speaks to a server. Milvus is told each item's position as its key, so a call that broke
off and is repeated overwrites what had arrived, and only what a call has completed is ever looked at.
"""

import contextlib
import copy
import logging
import os
import secrets

import numpy as np

from simlib import checks
from simlib.search import ExactSearch

MESSAGE = 2**21  # numbers sent or asked for at once: some 10 MB, and a server takes 64
LONGEST_TEXT = 65_535  # bytes of a VARCHAR
METRICS = {"cosine": "L2", "euclidean": "L2", "squared_euclidean": "L2", "inner_product": "IP"}
QUERIES = 100  # sent at once: a slow machine must answer them within the timeout
MOST_NEIGHBORS = 16_384  # of one search
GRPC = {
    "grpc.keepalive_time_ms": 2**31 - 1,  # Milvus Lite hangs up on who rings every 10 s, as pymilvus does
    "grpc.use_local_subchannel_pool": 1,  # a connection that failed does not delay the next
}


class Collection:
    """A Milvus collection: rows with the keys 0, 1, 2, ..., made when the first of them are added."""

    def __init__(self, uri, name, timeout, metric="L2", index_type="FLAT"):
        self._pymilvus = checks.extra("pymilvus", "Milvus")
        self._rpc_error = checks.extra("grpc", "Milvus").RpcError
        if "://" not in uri:
            if not uri.endswith(".db"):
                raise ValueError(f"uri must be a file that ends in .db, or http://host:port; got {uri!r}.")
            checks.extra("milvus_lite", f"Milvus in a file ({uri!r})")
        self.uri, self.timeout, self.metric, self.index_type = uri, timeout, metric, index_type
        self.name = name or f"simlib_{secrets.token_hex(8)}"
        self.made, self._client = False, None  # made by us, or found by `attach`
        self.length, self.like = 0, None  # how many rows count, and what they are like
        logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # its errors reach the reader as ours

    @contextlib.contextmanager
    def client(self):
        """A connected client; what goes wrong with it becomes a ConnectionError that says what to do."""
        try:
            if self._client is None:
                token = os.environ.get("MILVUS_TOKEN", "")  # never in a saved file
                options = {"token": token, "timeout": self.timeout, "grpc_options": GRPC}
                self._client = self._pymilvus.MilvusClient(self.uri, **options)
                if self.made:  # a server that was started again has to load it
                    self._client.load_collection(self.name, timeout=self.timeout)
            yield self._client
        except (self._pymilvus.exceptions.MilvusException, self._rpc_error) as error:
            with contextlib.suppress(Exception):
                self._client.close()
            self._client = None  # the next call begins with a new connection
            raise ConnectionError(
                f"Milvus at {self.uri} (collection {self.name}) failed: {error}. Nothing of this call "
                "counts. Is the server running, and is this its address? Then call again: what had "
                "arrived is overwritten, not doubled."
            ) from error

    def ask(self, method, **options):
        """What the client's method of this name answers about the collection."""
        with self.client() as client:
            return getattr(client, method)(self.name, timeout=self.timeout, **options)

    def fetch(self, keys, field):
        """(key, value of the field) of each row that is there, in any order."""
        rows = self.ask("get", ids=keys[:1].tolist(), output_fields=[field]) if len(keys) else []
        size = max((len(row[field]) for row in rows), default=1)
        step = max(1, min(MOST_NEIGHBORS, MESSAGE // max(1, size)))
        for start in range(0, len(keys), step):
            part = keys[start : start + step].tolist()
            for row in self.ask("get", ids=part, output_fields=[field]):
                yield row["id"], row[field]

    def delete(self, keys):
        """Delete rows."""
        for start in range(0, len(keys), MOST_NEIGHBORS):
            self.ask("delete", ids=keys[start : start + MOST_NEIGHBORS].tolist())

    def add(self, rows, like):
        """Append rows: a "vector" each, and an "item" (text) or none; their keys, once all have arrived."""
        if not self.made:
            self._make(rows[0])
        batch = max(1, MESSAGE // (len(rows[0]["vector"]) + len(rows[0].get("item", ""))))
        for start in range(0, len(rows), batch):
            part = enumerate(rows[start : start + batch], self.length + start)
            self.ask("upsert", data=[{"id": i, **row} for i, row in part])
        self.like = like
        self.length += len(rows)
        return np.arange(self.length - len(rows), self.length)

    def _make(self, row):
        if self.ask("has_collection"):
            cure = "Load the index that belongs to it, choose another name, or delete it."
            raise FileExistsError(f"Milvus at {self.uri} has a collection {self.name} already. {cure}")
        with self.client() as client:
            kinds, schema = self._pymilvus.DataType, client.create_schema(auto_id=False)
            schema.add_field("id", kinds.INT64, is_primary=True)
            schema.add_field("vector", kinds.FLOAT_VECTOR, dim=len(row["vector"]))
            if "item" in row:
                schema.add_field("item", kinds.VARCHAR, max_length=LONGEST_TEXT)
            index = client.prepare_index_params("vector", index_type=self.index_type, metric_type=self.metric)
        # "Strong": a search sees all that was added before it.
        self.ask("create_collection", schema=schema, index_params=index, consistency_level="Strong")
        self.made = True

    def attach(self, name, keys, length, like):
        """Find a collection again, with these keys and the next; ValueError if some are not there."""
        self.name = name
        if len(keys):
            rows = 0
            if self.ask("has_collection"):
                self.ask("load_collection")
                [found] = self.ask("query", filter=f"id < {length}", output_fields=["count(*)"])
                rows = found["count(*)"]
            if rows < len(keys):
                wanted = (
                    f"and the index was saved with {len(keys)}. Is this the same Milvus? Else index again."
                )
                there = f"{rows or 'no'} rows of collection {self.name}"
                raise ValueError(f"Milvus at {self.uri} holds {there}, {wanted}")
            self.made = True
        self.length, self.like = length, like

    def reset(self):
        """Delete the collection."""
        if self.made:
            self.ask("drop_collection")
        self.made, self.length, self.like = False, 0, None


class InMilvus:
    """What `MilvusSearch` and `MilvusStore` share: all that they know of their items is the collection's."""

    name = "milvus"
    _keys = np.empty(0, np.int64)  # of the rows that count

    def __len__(self):
        return len(self._keys)

    @property
    def like(self):
        """What the items are like; None while there are none."""
        return self._collection.like if len(self) else None

    def reset(self):
        """Forget all items, and delete the collection."""
        self._collection.reset()
        self._keys = self._keys[:0]

    def kept(self, rows):
        """A new one with the items of these rows alone; the others are deleted in Milvus."""
        other = copy.copy(self)
        other._keys = self._keys[rows]
        self._collection.delete(np.setdiff1d(self._keys, other._keys))
        return other


class MilvusSearch(InMilvus):
    """Vectors in Milvus behind the protocol of `ExactSearch`.

    A saved index, and a copy or a pickle of it, holds the collection's name and its length; the vectors stay
    where they are. Several processes may search them, one may add or reset.

    Args:
        distance: a class from `simlib.distances`; Milvus has no Manhattan.
        uri: a file ("milvus.db"; the folder must exist), or the address of a server. A server's token is
            read from the environment variable MILVUS_TOKEN.
        collection: its name; None invents one. It must not exist yet. timeout: seconds to wait for an answer.
        index_type: Milvus's own, such as "AUTOINDEX", "FLAT", "HNSW" or "IVF_FLAT".
        parameters: Milvus's search parameters, such as {"nprobe": 32}; None leaves them to it.

    Raises ImportError without pymilvus (or, for a file, milvus-lite); FileExistsError, with the first items,
    if the collection exists; ConnectionError if Milvus does not answer: nothing of that call counts.
    """

    dim = InMilvus.like  # all that is kept of the vectors is the number of their dimensions

    def __init__(self, distance, uri="milvus.db", collection=None, index_type="AUTOINDEX",
                 parameters=None, timeout=30.0):  # fmt: skip
        if distance.name not in METRICS:
            known = ", ".join(METRICS)
            raise ValueError(f"search: Milvus has no {distance.name} distance; use 'exact', or: {known}.")
        self.distance, self.parameters = distance, parameters or {}
        self._collection = Collection(uri, collection, timeout, METRICS[distance.name], index_type)

    def add(self, vectors):
        """Append vectors of shape (n, d), float32. They count once all have arrived."""
        keys = self._collection.add([{"vector": v} for v in vectors], like=vectors.shape[1])
        self._keys = np.append(self._keys, keys)

    def vectors(self, rows):
        """float32 (n, d): those that stand in these rows."""
        found = dict(self._collection.fetch(np.unique(self._keys[rows]), "vector"))
        return np.array([found[key] for key in self._keys[rows].tolist()], np.float32).reshape(-1, self.dim)

    def recall(self, k=10):
        """The share of the k nearest of 100 items that a search finds, beside the exact answer."""
        rows = np.unique(np.linspace(0, len(self) - 1, min(100, len(self))).round().astype(int))
        queries = self.vectors(rows)
        found, exact = self.search(queries, k)[0], self.search(queries, k, np.arange(len(self)))[0]
        return float(np.mean([np.isin(e, f).mean() for e, f in zip(exact, found)]))

    def build(self):
        """Milvus builds by itself."""

    def search(self, queries, k, rows=None):
        """As `ExactSearch.search`, but a true neighbour can be missing; places not found are padded."""
        if rows is not None:  # by hand, so that it is exact
            some = ExactSearch(self.distance)
            some.add(self.vectors(rows))
            found, distances = some.search(queries, k)
            return rows[found], distances
        keys, length = self._keys, self._collection.length
        k = min(k, len(keys))
        if k > MOST_NEIGHBORS:
            raise ValueError(f"k: Milvus finds at most {MOST_NEIGHBORS} neighbours; got {k}.")
        ids = np.full((len(queries), k), -1, np.int64)
        near = np.full((len(queries), k), np.inf, np.float32)
        rows = max(1, min(QUERIES, MESSAGE // max(1, k * queries.shape[1])))
        arrived = f"id < {length}"  # not what a call that broke off left behind
        options = {"limit": k, "output_fields": ["vector"], "search_params": {"params": self.parameters}}
        for start in range(0, len(queries) if k else 0, rows):
            part = list(queries[start : start + rows])
            answers = self._collection.ask("search", data=part, filter=arrived, **options)
            for i, hits in enumerate(answers, start):
                hits = [hit for hit in hits if hit["id"] in keys] if len(keys) < length else hits
                found = np.searchsorted(keys, np.array([hit["id"] for hit in hits], np.int64))
                vectors = np.array([hit["entity"]["vector"] for hit in hits], np.float32)
                distances = self.distance.paired(queries[i], vectors.reshape(-1, queries.shape[1]))
                order = np.lexsort((found, distances.astype(np.float32)))
                ids[i, : len(found)], near[i, : len(found)] = found[order], distances[order]
        return ids, near

    def state(self):
        """What to save: where the vectors are, and how many."""
        shape = np.array([self._collection.length, self.dim or 0])
        return {"collection": np.array(self._collection.name), "shape": shape, "keys": self._keys}

    def restore(self, state):
        """Find the vectors again; raises ValueError if they are not there."""
        length, d = state["shape"].tolist()
        self._keys = state.get("keys", np.arange(length))
        self._collection.attach(str(state["collection"]), self._keys, length, d or None)
