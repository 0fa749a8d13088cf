"""Milvus: one index for several programs, in a vector database on a server; or in an embedded file."""

import threading

import numpy as np

from simlib import checks, distances
from simlib.calibration import Calibration
from simlib.classes import UNKNOWN, Classes
from simlib.items import EMPTY, Items, leave_out
from simlib.neighbors import trusted
from simlib.scale import milvus_text as text
from simlib.scale.milvus_client import MESSAGE, MOST, QUERIES, Collection
from simlib.search import ExactSearch
from simlib.store import LARGEST, Ids, read_ids

METRICS = {"cosine": "L2", "euclidean": "L2", "squared_euclidean": "L2", "inner_product": "IP"}


class MilvusItems:
    """The items of an index in Milvus, and their search: the methods of `Items`, and nothing in this process.

    It stands on three promises of Milvus about a collection with one shard. **A message arrives as a whole or
    not at all**: so does an `add` of up to 4 MB. A longer one is noted as under way until its last row is
    there; who meets such rows asks for the note at **"Strong"**, which has seen all that was written before.
    A read waits for this program's last write (**"Session"**), or else for all that anybody wrote up to five
    seconds ago (**"Bounded"**): you see your own changes at once, those of others within ten seconds, as a
    rule in less than one. Removing and replacing are whole by the message. An `add` that broke off is taken
    back by the next: repeat it. If its program has died, that part stays hidden. If two programs add the same
    id at once, there is one item: the later one.

    Args:
        distance: a class from `simlib.distances`; Milvus has no Manhattan.
        uri: a file ("milvus.db"; the folder must exist) runs Milvus Lite inside this process;
            "http://host:19530" is a server, whose token is read from the environment variable MILVUS_TOKEN.
        collection: its name; None invents one. It must not exist yet: `Index.open` opens one that does.
        index_type: Milvus's own, such as "AUTOINDEX", "FLAT", "HNSW" or "IVF_FLAT".
        parameters: Milvus's search parameters, such as {"nprobe": 32}; None leaves them to it.
        timeout: seconds to wait for an answer.

    Raises ImportError without pymilvus (or, for a file, milvus-lite); FileExistsError, with the first items,
    if the collection exists; ConnectionError if Milvus does not answer.
    """

    name, class_sizes, search = "milvus", Items.class_sizes, property(lambda self: self)

    def __init__(self, distance, uri="milvus.db", collection=None, index_type="AUTOINDEX",
                 parameters=None, timeout=30.0):  # fmt: skip
        if distance.name not in METRICS:
            cure = f"use 'exact', or: {', '.join(METRICS)}"
            raise ValueError(f"search: Milvus has no {distance.name} distance; {cure}.")
        self.distance, self._rows = distance, Collection(uri, collection, timeout)
        where = {"name": self.name, "uri": uri, "collection": self._rows.name, "timeout": timeout}
        how = {"index_type": index_type, "parameters": parameters}
        self.settings = {"search": {**where, **how}, "store": "memory"}
        self.classes, self._naming = Classes(), threading.Lock()

    def __len__(self):
        return self._rows.count() if self._rows.about else 0

    @property
    def dim(self):
        return self._like("dim")

    def _like(self, what):
        return self._rows.about and self._rows.about[what]

    @property
    def payloads(self):
        return f"{len(self)} in milvus" if self._like("payload") else "none"

    def all_ids(self):
        """int64 or text (n,), ascending."""
        return self._as_ids([key for key, _ in self._sorted()])

    def all_labels(self):
        return self._class_ids([label for _, label in self._sorted()])

    def _as_ids(self, keys):
        return np.array(keys, str if self._like("text") else np.int64)

    def _sorted(self):
        rows = self._rows.read("", ["label"]) if self._rows.about else []
        return sorted((row["id"], row["label"]) for row in rows)

    def add(self, vectors, labels, payload, ids):
        n = len(vectors)
        self._rows.take_back()
        labels, ids = self._label_texts(labels, n), self._new_ids(ids, n)
        payload, like = self._payload_texts(payload, n)
        if n and not self._rows.about:
            about = {"distance": self.distance.name, "dim": vectors.shape[1]}
            about |= {"text": ids.dtype.kind == "U", "payload": like}
            self._rows.make(about, self.settings["search"]["index_type"], METRICS[self.distance.name])
        if n:
            self._rows.add(list(zip(ids.tolist(), vectors, labels, payload)))

    def without(self, ids):
        ids = read_ids("ids", ids)
        self._values("ids", ids, "label")
        self._rows.remove(ids.tolist())
        return self

    def replaced(self, ids, vectors, labels, payload):
        old_labels, old = self._values("ids", ids, "label"), self._values("ids", ids, "payload")
        labels = old_labels if labels is None else self._label_texts(labels, len(ids))
        texts = old if payload is None else self._payload_texts(payload, len(ids))[0]
        self._rows.replace(list(zip(ids.tolist(), vectors, labels, texts)))
        return self

    def reset(self):
        """Delete the collection."""
        self._rows.reset()

    def build(self, verbose=None):
        """Milvus builds by itself."""

    def _new_ids(self, ids, n):
        if ids is None:
            return self._as_ids(np.random.default_rng().integers(LARGEST, size=n).tolist())
        ids, named = read_ids("ids", ids, n), self._like("text")
        if n and named == (ids.dtype.kind != "U"):
            raise ValueError(f"ids: got {ids[0].item()!r}, but those there are like {'a' if named else 7!r}.")
        if ids.dtype.kind == "U":
            text.fitting("ids", ids.tolist())
        return Ids(self._as_ids(list(self._rows.found(ids.tolist(), "label")))).check(ids, n)

    def _label_texts(self, labels, n):
        if labels is None:
            return [""] * n
        if self._rows.about and not len(self.classes.ids):  # names or numbers?
            self._class_ids([row["label"] for row in self._rows.read('label != ""', ["label"], limit=1)])
        self.classes.read("labels", labels, n, nobody=None)
        return text.fitting("labels", list(map(text.of_label, labels.tolist())))

    def _payload_texts(self, payload, n):
        like = self._like("payload")
        if self._rows.about and n and (payload is None) == bool(like):
            there = f"the items of this collection have {'one' if like else 'none'}."
            raise ValueError(f"payload: give one with every item or with none; {there}")
        return text.of_payload(payload, n, like)

    def _class_ids(self, texts):
        """Class ids of labels as they are kept. A class that is new to this program comes last here."""
        kept = list(filter(None, dict.fromkeys(texts)))
        with self._naming:
            ids, self.classes = self.classes.read("labels", list(map(text.to_label, kept)), nobody=None)
        number = {"": UNKNOWN, **dict(zip(kept, ids.tolist()))}
        return np.array([number[label] for label in texts], np.int64)

    def lookup(self, queries, k, among=None, without=None):
        if not self._rows.about:
            raise checks.NotReadyError(EMPTY)
        if without is not None:
            self._values("without", without, "label")
            return leave_out(self.lookup(queries, k + 1, among), without, k)
        if k > MOST:
            raise ValueError(f"k: Milvus finds at most {MOST} neighbours; got {k}.")
        where = "" if among is None else text.within("label", self._among(among))
        step, hits = max(1, min(QUERIES, MESSAGE // (4 * k * self.dim))), []
        options = {"limit": k, "search_params": {"params": self.settings["search"]["parameters"] or {}}}
        for start in range(0, len(queries), step):
            options["data"] = list(queries[start : start + step])
            hits += self._rows.search(where, ["vector", "label"], **options)
        if len(queries) and not any(hits) and not len(self):
            raise checks.NotReadyError(EMPTY)
        return self._neighbors(queries, hits, max(map(len, hits), default=k))

    def _neighbors(self, queries, hits, k):
        """Measured here, as every search's; of equals, the one with the smaller id comes first."""
        far, keys, labels = np.full((len(hits), k), np.inf, np.float32), [], []
        for row, (query, found) in enumerate(zip(queries, hits)):
            vectors = np.array([hit["vector"] for hit in found], np.float32).reshape(-1, self.dim)
            near = self.distance.paired(query, vectors).astype(np.float32)
            order = sorted(range(len(found)), key=lambda i: (near[i], found[i]["id"]))
            far[row, : len(found)], missing = near[order], k - len(found)
            keys += [found[i]["id"] for i in order] + ["" if self._like("text") else -1] * missing
            labels += [found[i]["label"] for i in order] + [""] * missing
        labels, keys = self._class_ids(labels), self._as_ids(keys)
        return trusted(labels.reshape(far.shape), far, keys.reshape(far.shape), self.classes)

    def _among(self, given):
        try:
            ids = self.classes.among(given)
        except ValueError:  # others may have added it
            self.all_labels()
            ids = self.classes.among(given)
        return list(map(text.of_label, self.classes.call(ids)))

    def vectors(self, ids):
        ids = checks.as_array("ids", ids)
        found = self._values("ids", ids.ravel(), "vector")
        return np.array(found, np.float32).reshape(*ids.shape, self.dim or 0)

    def payload(self, ids):
        if not self._like("payload"):
            raise checks.NotReadyError("the index holds no payload: hand one over with payload=.")
        ids = checks.as_array("ids", ids)
        items = text.to_payload(self._values("ids", ids.ravel(), "payload"), self._like("payload"))
        return items.reshape(*ids.shape, *items.shape[1:])

    def _values(self, name, ids, field):
        """The field of items by their ids, in order; ValueError for one that is not there."""
        ids = read_ids(name, ids).tolist()
        found = self._rows.found(ids, field)
        for key in ids:
            if key not in found:
                raise ValueError(f"{name}: there is no item with the id {key!r}.")
        return [found[key] for key in ids]

    def recall(self, k):
        """The share of the k nearest of 100 items that a search finds, beside the exact answer."""
        ids, exact = self.all_ids(), ExactSearch(self.distance)
        exact.add(self.vectors(ids))
        queries = exact.vectors(np.linspace(0, len(ids) - 1, min(100, len(ids))).astype(int))
        truth, found = ids[exact.search(queries, k)[0]], self.lookup(queries, k).ids
        return float(np.mean([np.isin(t, f).mean() for t, f in zip(truth, found)]))

    @property
    def calibration(self):
        """The `Calibration` that somebody has kept with the items; None without one."""
        kept = self._rows.about and self._rows.kept("calibration")
        return Calibration.from_text(kept) if kept else None

    @calibration.setter
    def calibration(self, calibration):
        if not self._rows.about:
            raise checks.NotReadyError("the index is empty: add items before you keep a calibration with it.")
        self._rows.keep("calibration", calibration.to_text())

    def open(self):
        """Find the collection, and the distance of its items; ValueError if it is not there, or another's."""
        self._rows.open()
        self.distance = distances.get(self._like("distance"))

    def state(self):
        """(header, arrays) for saving: where the items are."""
        return {**self.settings, "made": self._rows.about is not None}, {}

    def restore(self, header, arrays):
        """Find the items again; ValueError if they are not there."""
        if "made" not in header:
            raise ValueError("an earlier simlib kept half of it outside of Milvus; index again")
        if header["made"]:
            self.open()
        if self.distance.name != header["distance"]:
            raise ValueError(f"the distance of what is in the collection is {self.distance.name}")
