"""`Index`: labelled vectors with ids and payloads, and the nearest of them. Its doors; `Items` holds them."""

import os
import threading

from simlib import archive, checks, distances
from simlib.calibration import Calibration
from simlib.classes import NOBODY
from simlib.items import make
from simlib.store import read_ids

SHOWN = 20  # classes in a repr
CONNECT = "SIMLIB_CONNECT"  # the environment variable that names what loading may open


class Index:
    """Labelled vectors, and the nearest of them. Copies share what lies in a file of your own or in Milvus.

    Threads may look up while one adds, removes or replaces: they see all of it or nothing.

    Args:
        distance: "cosine", "euclidean", "squared_euclidean", "manhattan" or "inner_product".
        search: the backend: "exact", "faiss" or "milvus"; with options, a dict such as
            {"name": "milvus", "uri": "http://localhost:19530"}. `FaissSearch` and `MilvusItems` list them.
        store: where payloads are kept: "memory" or "disk"; or a dict, as above. Milvus keeps its own.

    >>> index = Index("euclidean").add([[0.0, 0.0], [3.0, 4.0]], labels=["cat", "dog"])
    >>> index.lookup([[0.0, 1.0]], k=2)
    Neighbors of 1 query, k = 2
      query 0: cat at 1.0000, dog at 4.2426
    """

    def __init__(self, distance="cosine", search="exact", store="memory"):
        self._distance = distances.get(distance)
        self._items = make(self._distance, {"search": search, "store": store})
        self._adding = threading.RLock()

    @property
    def distance(self):
        """The name of the distance."""
        return self._distance.name

    @property
    def dim(self):
        """The vectors' dimensions; None before there are any."""
        return self._items.search.dim

    @property
    def ids(self):
        """The items' ids (n,), int64 or text, in the order of adding or replacing; in Milvus, ascending."""
        return self._items.all_ids()

    @property
    def labels(self):
        """The items' labels (n,), class ids or names; -1 or "unknown" for those without."""
        labels, classes = self._items.all_labels(), self._items.classes
        return classes.show(labels, "" if NOBODY in classes else None)

    @property
    def classes(self):
        """The `Classes` that have been added: their ids and names."""
        items = self._items
        items.all_labels()  # in Milvus, others may have added some
        return items.classes

    @property
    def calibration(self):
        """The `Calibration` kept with the index, if one was assigned; in Milvus, whoever opens it has it."""
        return self._items.calibration

    @calibration.setter
    def calibration(self, calibration):
        self._items.calibration = checks.kind("calibration", calibration, Calibration)

    def __len__(self):
        return len(self._items)

    def add(self, embeddings, labels=None, payload=None, ids=None):
        """Add vectors and, if wanted, a label, a payload and an id for each. All or nothing.

        Args:
            embeddings: (n, d) numbers, or (d,) for a single one.
            labels: (n,) classes, or a single one: names, or whole numbers from 0 on; -1 means "unknown".
                None adds items without a label: they are found, and never match.
            payload: an array (n, ...) kept beside the vectors, such as the images; or None.
            ids: (n,) keys of your own, whole numbers of 0 or more or text; None counts on: 0, 1, 2, ...

        Returns the index itself. Raises ValueError for shapes or lengths that do not agree, NaN, zero vectors
        under cosine, another d than before, one-hot or negative labels, numbers among names, a payload for
        some items only, an id that is there already.
        """
        vectors, labels = self._checked(embeddings, labels)
        with self._adding:
            self._check_dim(vectors)
            self._items.add(vectors, labels, payload, ids)
        return self

    def remove(self, ids):
        """Remove the items with these ids, (n,) or a single one; their ids are not drawn again.

        Each call copies what stays: remove many at once. Raises ValueError for an id that is not there.
        """
        with self._adding:
            self._items = self._items.without(ids)
        return self

    def replace(self, ids, embeddings, labels=None, payload=None):
        """Give items that are there other vectors; labels and payload None leave those as they are.

        As `add`, all or nothing. Raises ValueError also for an id that is not there, or is given twice.
        """
        ids = read_ids("ids", ids)
        vectors, labels = self._checked(embeddings, labels)
        if len(ids) != len(vectors) or len(set(ids.tolist())) < len(ids):
            raise ValueError(f"ids must be distinct, one for each of {len(vectors)} rows; got {len(ids)}.")
        with self._adding:
            self._check_dim(vectors)
            self._items = self._items.replaced(ids, vectors, labels, payload)
        return self

    def lookup(self, embeddings, k=5, among=None, without=None):
        """The k nearest items of each query: `Neighbors` (q, k), or as many as there are.

        Args:
            embeddings: (q, d) numbers, or (d,) for a single query.
            among: classes, to find items of these alone: exactly, or in Milvus by its own filter.
            without: (q,) ids, of an item that each query leaves out, such as itself.

        Raises NotReadyError while the index is empty, ValueError for k < 1, NaN, another d than the index, a
        class or an id that is not there.
        """
        k = checks.whole_number("k", k, at_least=1)
        items = self._items  # read once: a reset or a removal meanwhile does not disturb this lookup
        queries = distances.prepare("embeddings", self._distance, embeddings)
        self._check_dim(queries)
        if without is not None:
            without = read_ids("without", without, len(queries), "queries")
        return items.lookup(queries, k, among, without)

    def vectors(self, ids):
        """The vectors of items as they are compared, of length 1 under cosine: float32 ids.shape + (d,)."""
        return self._items.vectors(ids)

    def payload(self, ids):
        """The payloads of items, such as `index.payload(neighbors.ids)`: ids.shape + item shape."""
        return self._items.payload(ids)

    def reset(self):
        """Remove everything, a disk store's file and a Milvus collection included."""
        with self._adding:
            items, self._items = self._items, make(self._distance, self._items.settings)
            try:
                items.reset()
            except ConnectionError:  # it is still there
                self._items = items
                raise

    def class_sizes(self):
        """{class id or name: how many items}, by class id."""
        items = self._items
        sizes = items.class_sizes()
        return dict(zip(items.classes.call(list(sizes)), sizes.values()))

    def recall(self, k=10):
        """The share of the k nearest that a search finds, by 300 queries (in Milvus 100); exact: 1.0."""
        return self._items.search.recall(checks.whole_number("k", k, at_least=1))

    def build(self, verbose=None):
        """Build now what an approximate search needs; a graph for faiss can take minutes.

        verbose: 1 shows progress, 0 none; None: after two seconds. Returns the index itself.
        """
        self._items.search.build(verbose)
        return self

    def __repr__(self):
        items, sizes = self._items, [f"{c}: {n}" for c, n in self.class_sizes().items()]
        shape = f"{len(items)} items" + (f" of {items.search.dim} dimensions" if len(items) else "")
        sizes[SHOWN:] = [f"and {len(sizes) - SHOWN:,} more classes"] * (len(sizes) > SHOWN)
        return (
            f"Index of {shape}, {self.distance} distance, {items.search.name} search\n"
            f"  items in each class: {', '.join(sizes) or 'none'}\n"
            f"  payload: {items.payloads}"
        )

    @classmethod
    def open(cls, uri, collection, **options):
        """The index in a Milvus collection, with all that any program has added to it.

        It was made by the first `add` of `Index(search={"name": "milvus", "uri": ..., "collection": ...})`.
        `uri`, `collection` and the options are those of `MilvusItems`. Raises ValueError if it is not there.
        """
        checks.kind("collection", collection, str)
        index = cls(search={"name": "milvus", "uri": uri, "collection": collection, **options})
        index._items.open()
        index._distance = index._items.distance
        return index

    def save(self, path):
        """Write to one file, `path` (an .npz), all but what lies in Milvus or in a file of your own."""
        archive.write(path, "index", *self._state())

    @classmethod
    def load(cls, path, connect=None):
        """Read what `save` wrote; raises ArtifactError for a damaged or foreign file.

        A saved index may name a Milvus server or a file with payloads. Loading opens neither, unless you name
        it: in `connect`, an address, a path or a list of them, or in the environment variable SIMLIB_CONNECT,
        with commas between them.
        """
        header, arrays = archive.read(path, "index")
        allowed = [] if connect is None else [connect] if isinstance(connect, (str, os.PathLike)) else connect
        _check_places(header, [*allowed, *filter(None, os.environ.get(CONNECT, "").split(","))])
        return cls._restored(header, arrays)

    def _checked(self, embeddings, labels):
        vectors = distances.prepare("embeddings", self._distance, embeddings)
        if labels is not None:
            labels = checks.labels("labels", labels, len(vectors), "embeddings", single=True, text=True)
            if labels.dtype.kind == "i" and labels.min(initial=0) < 0:
                raise ValueError(f"labels must be 0 or more, as -1 means 'unknown'; got {labels.min()}.")
        return vectors, labels

    def _check_dim(self, vectors):
        if self.dim not in (None, vectors.shape[1]):
            held = f"the index holds vectors of {self.dim}; use the model that made them, or reset it."
            raise ValueError(f"embeddings have {vectors.shape[1]} dimensions, but {held}")

    def _state(self):
        with self._adding:  # not half of an add
            header, arrays = self._items.state()
        return {"distance": self.distance, **header}, arrays

    @classmethod
    def _restored(cls, header, arrays):
        try:
            index = cls(header["distance"], header["search"], header["store"])
            index._items.restore(header, arrays)
            return index
        except (KeyError, ValueError, TypeError, IndexError) as error:
            raise checks.ArtifactError(f"the saved index is not consistent: {error}") from error

    def __reduce__(self):
        return self._restored, self._state()


def _check_places(header, allowed):
    """ArtifactError if a saved index would open what nobody has allowed."""
    for given in (header.get("search"), header.get("store")):
        options = given if isinstance(given, dict) else {"name": given}
        place = options.get("uri", "milvus.db" if options.get("name") == "milvus" else options.get("path"))
        if place is not None and _place(place) not in map(_place, allowed):
            cure = f"If you trust the file: Index.load(path, connect={place!r}), or {CONNECT}={place}."
            raise checks.ArtifactError(f"the saved index would open {place}: loading does not. {cure}")


def _place(name):
    name = os.fspath(name) if isinstance(name, os.PathLike) else str(name)
    return name.rstrip("/") if "://" in name else os.path.abspath(name)
