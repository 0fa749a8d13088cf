"""Milvus: vectors and payloads in a vector database, in an embedded file or on a cluster.

The address alone decides: a file such as "milvus.db" runs Milvus Lite inside this process, and
"http://host:19530" speaks to a server. Milvus is told each item's position as its key, so a call that broke
off and is repeated overwrites what had arrived, and only what a call has completed is ever looked at.
One process at a time may add to a collection.
"""

import base64
import contextlib
import logging
import os
import secrets

import numpy as np

from simlib import checks
from simlib.scale.disk import FixedStore

MESSAGE = 2**21  # numbers sent or asked for at once: some 10 MB, and a server takes 64
LONGEST_TEXT = 65_535  # bytes of a VARCHAR
METRICS = {"cosine": "L2", "euclidean": "L2", "squared_euclidean": "L2", "inner_product": "IP"}
QUERIES = 100  # sent at once: a slow machine must answer them within the timeout
MOST_NEIGHBORS = 16_384  # of one search
GRPC = {
    # Milvus Lite hangs up on a client that rings every ten seconds, as pymilvus does when it idles.
    "grpc.keepalive_time_ms": 2**31 - 1,
    # A connection that failed must not keep the next one from being tried at once.
    "grpc.use_local_subchannel_pool": 1,
}


class Collection:
    """A Milvus collection: rows with the keys 0, 1, 2, ..., made when the first are put in."""

    def __init__(self, uri, name, timeout):
        self._pymilvus = checks.extra("pymilvus", "pymilvus", "Milvus")
        self._rpc_error = checks.extra("grpc", "grpcio", "Milvus").RpcError
        if "://" not in uri:
            if not uri.endswith(".db"):
                raise ValueError(f"uri must be a file that ends in .db, or http://host:port; got {uri!r}.")
            checks.extra("milvus_lite", "milvus-lite", f"Milvus in a file ({uri!r})")
        self.uri, self.timeout = uri, timeout
        self.name = name or f"simlib_{secrets.token_hex(8)}"
        self.made = False  # by us, or found by `attach`
        self._client = None
        logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # its errors reach the reader as ours

    @contextlib.contextmanager
    def client(self):
        """A connected client; what goes wrong with it becomes a ConnectionError that says what to do."""
        try:
            if self._client is None:
                token = os.environ.get("MILVUS_TOKEN", "")  # never in a saved file
                self._client = self._pymilvus.MilvusClient(
                    self.uri, token=token, timeout=self.timeout, grpc_options=GRPC
                )
                if self.made:  # a server that was started again has to load it
                    self._client.load_collection(self.name, timeout=self.timeout)
            yield self._client
        except (self._pymilvus.exceptions.MilvusException, self._rpc_error) as error:
            self._disconnect()
            raise ConnectionError(
                f"Milvus at {self.uri} (collection {self.name}) failed: {error}. Nothing of this call "
                "counts. Is the server running, and is this its address? Then call again: what had "
                "arrived is overwritten, not doubled."
            ) from error

    def _disconnect(self):
        """Forget a connection that failed: the next call begins with a new one."""
        with contextlib.suppress(Exception):
            self._client.close()
        self._client = None

    def make(self, fields, metric, index_type):
        """Create the collection, with its key and these fields: [(name, type name, options)]."""
        if self.made:
            return
        with self.client() as client:
            if client.has_collection(self.name, timeout=self.timeout):
                raise FileExistsError(
                    f"Milvus at {self.uri} has a collection {self.name} already. Load the index that belongs "
                    "to it, choose another name, or delete it."
                )
            kinds, schema = self._pymilvus.DataType, client.create_schema(auto_id=False)
            schema.add_field("id", kinds.INT64, is_primary=True)
            for name, kind, options in fields:
                schema.add_field(name, kinds[kind], **options)
            index = client.prepare_index_params()
            index.add_index("vector", index_type=index_type, metric_type=metric)
            client.create_collection(
                self.name, schema=schema, index_params=index, timeout=self.timeout,
                consistency_level="Strong",  # a search sees all that was added before it
            )  # fmt: skip
            self.made = True

    def put(self, rows, first, size):
        """Write rows (dicts, without key) under the keys first, first + 1, ...; `size` numbers each."""
        batch = max(1, MESSAGE // size)
        with self.client() as client:
            for start in range(0, len(rows), batch):
                part = enumerate(rows[start : start + batch], first + start)
                client.upsert(self.name, [{"id": i, **row} for i, row in part], timeout=self.timeout)

    def attach(self, length):
        """Find the collection again, with at least `length` rows; ValueError if it is not there."""
        with self.client() as client:
            found = client.has_collection(self.name, timeout=self.timeout)
            if found:
                client.load_collection(self.name, timeout=self.timeout)
                rows = client.query(self.name, filter=f"id < {length}", output_fields=["count(*)"],
                                    timeout=self.timeout)[0]["count(*)"]  # fmt: skip
            if not found or rows < length:
                raise ValueError(
                    f"Milvus at {self.uri} holds {rows if found else 'no'} rows of collection {self.name}, "
                    f"and the index was saved with {length}. Is this the same Milvus? Else index again."
                )
        self.made = True

    def reset(self):
        """Delete the collection."""
        if self.made:
            with self.client() as client:
                client.drop_collection(self.name, timeout=self.timeout)
            self.made = False


class MilvusSearch:
    """Vectors in Milvus behind the protocol of `ExactSearch`.

    A saved index, and a copy or a pickle of it, holds the collection's name and its length; the vectors stay
    where they are. Several may search them, one may add or reset.

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
        """Forget all vectors, and delete the collection."""
        self._collection.reset()
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


class MilvusStore(FixedStore):
    """Payloads in Milvus beside the vectors: in a collection of their own, as text (base64).

    Args:
        uri, collection, timeout: as in `MilvusSearch`.

    One item may have up to 49,149 bytes.
    """

    name = "milvus"

    def __init__(self, uri="milvus.db", collection=None, timeout=30.0):
        self._collection = Collection(uri, collection, timeout)
        self._length, self._like = 0, None

    def reset(self):
        """Forget all items, and delete the collection."""
        self._collection.reset()
        self._length, self._like = 0, None

    def __len__(self):
        return self._length

    @property
    def like(self):
        return self._like if len(self) else None

    def check(self, items, length):
        """As in `FixedStore`; also, an item must not be too long for Milvus."""
        items = super().check(items, length)
        size = items[:1].nbytes
        if 4 * -(-size // 3) > LONGEST_TEXT:
            raise ValueError(f"payload: an entry has {size:,} bytes, too long for Milvus; use store='disk'.")
        return items

    def add(self, items):
        """Append checked items. They count once all have arrived."""
        fields = [("vector", "FLOAT_VECTOR", {"dim": 2}), ("item", "VARCHAR", {"max_length": LONGEST_TEXT})]
        self._collection.make(fields, "L2", "FLAT")
        raw = np.ascontiguousarray(items).reshape(len(items), -1).view(np.uint8)
        texts = [base64.b64encode(row).decode() for row in raw]
        rows = [{"item": text, "vector": [0.0, 0.0]} for text in texts]  # Milvus asks for a vector
        self._collection.put(rows, self._length, len(texts[0]) + 2)
        self._like = items[:0]
        self._length += len(items)

    def truncate(self, length):
        """Keep the first `length` items; the next to come overwrite the others."""
        self._length = min(length, self._length)

    def get(self, ids):
        """A copy of the items at `ids` (any shape), of the shape ids.shape + item shape."""
        wanted, where = np.unique(ids, return_inverse=True)
        out = np.empty((len(wanted), *self._like.shape[1:]), self._like.dtype)
        batch = max(1, MESSAGE // max(1, out[:1].nbytes))
        with self._collection.client() as client:
            for start in range(0, len(wanted), batch):
                rows = client.get(self._collection.name, ids=wanted[start : start + batch].tolist(),
                                  output_fields=["item"], timeout=self._collection.timeout)  # fmt: skip
                for row in rows:
                    item = np.frombuffer(base64.b64decode(row["item"]), out.dtype)
                    out[np.searchsorted(wanted, row["id"])] = item.reshape(out.shape[1:])
        return out[where].reshape((*np.shape(ids), *out.shape[1:]))

    def state(self):
        """What to save: where the items are, how many, their shape and dtype."""
        if not self._length:
            return {}
        name, length = np.array(self._collection.name), np.int64(self._length)
        return {"payload_collection": name, "payload_length": length, "payload_like": self._like[:0]}

    def restore(self, state):
        """Find the items again; raises ValueError if they are not there."""
        if "payload_like" in state:
            self._collection.name = str(state["payload_collection"])
            self._collection.attach(int(state["payload_length"]))
            self._length, self._like = int(state["payload_length"]), state["payload_like"]
