"""What an index holds: vectors, class ids, ids and payloads, in step. `Index` hands over checked arrays.

Items are added in place, behind those that are there. Removing makes new `Items`, so that who looks up
meanwhile goes on with the old ones: everybody sees all of a change, or nothing of it.
"""

import copy

import numpy as np

from simlib import checks, search, store
from simlib.calibration import Calibration
from simlib.classes import UNKNOWN, Classes
from simlib.neighbors import trusted
from simlib.store import Growing, Ids, read_ids

UNIT = 1e-3  # how far rounding may move a squared length, generously
EMPTY = "the index is empty: add items to it before you look up."


def make(distance, settings):
    """The items of an index with these settings: in this process, or in Milvus."""
    backend = checks.construct("search", settings["search"], search.BACKENDS, distance)
    kept, shared = settings["store"], hasattr(backend, "lookup")
    if kept != "memory" if shared else (kept.get("name") if isinstance(kept, dict) else kept) == "milvus":
        cure = "with search='milvus' they lie beside their vectors, and `store` stays as it is"
        raise ValueError(f"store: {kept!r} cannot hold the payloads: {cure}. Else take 'memory' or 'disk'.")
    return backend if shared else Items(backend, settings)


class Items:
    """Items in this process: a search backend, a payload store, and what belongs to each item."""

    calibration = None

    def __init__(self, backend, settings):
        self.settings, self.classes, self.search = settings, Classes(), backend
        self.store = store.store(settings["store"])
        self.labels, self.ids = Growing(np.empty(0, np.int64)), Ids()

    def __len__(self):
        return len(self.search)

    @property
    def payloads(self):
        """How many there are, and where."""
        return f"{len(self.store)} in {self.store.name}" if len(self.store) else "none"

    def all_ids(self):
        """int64 or text (n,)."""
        return self.ids.rows[: len(self)].copy()

    def all_labels(self):
        """int64 class ids (n,), -1 for none; now `classes` are those of all."""
        return self.labels.rows[: len(self)].copy()

    def add(self, vectors, labels, payload, ids, read=True):
        """Add vectors with labels, payload and ids, each an array (n, ...) or None. All or nothing.

        `read`: the labels are as given, and not yet class ids.
        """
        start, classes, n = len(self), self.classes, len(vectors)
        if n and start and (payload is None) == (len(self.store) > 0):
            there = f"the {start} items already there have {'one' if len(self.store) else 'none'}."
            raise ValueError(f"payload: give one with every item or with none; {there}")
        ids = self.ids.check(ids, n)
        if payload is not None:
            payload = self.store.check(payload, n)
        if labels is not None and read:
            labels, classes = classes.read("labels", labels, n, nobody=None)
        if not n:
            return
        before = self.labels, self.ids, self.store, self.classes
        all_labels, all_ids, payloads = copy.copy(self.labels), copy.copy(self.ids), copy.copy(self.store)
        try:
            if payload is not None:
                payloads.add(payload)
            all_labels.add(np.full(n, UNKNOWN) if labels is None else labels)
            all_ids.add(ids)
            self.labels, self.ids, self.store, self.classes = all_labels, all_ids, payloads, classes
            # The vectors come last: what a search finds already has all that belongs to it.
            self.search.add(vectors)
        except BaseException:
            if len(self.search) == start:  # else it is in, and the interruption came too late
                self.labels, self.ids, self.store, self.classes = before
                self.ids._row = {}  # which the copy shares
                if not len(self.store):
                    payloads.reset()
            raise

    def lookup(self, queries, k, among=None, without=None):
        """`Neighbors` (q, k); among: classes, of which the neighbours are; without: (q,) ids to leave out."""
        if not len(self):
            raise checks.NotReadyError(EMPTY)
        if without is not None:
            self.rows_of("without", without)
            return leave_out(self.lookup(queries, k + 1, among), without, k)
        rows = None
        if among is not None:
            rows = np.flatnonzero(np.isin(self.labels.rows[: len(self)], self.classes.among(among)))
        found, near = self.search.search(queries, k, rows)
        labels, ids = self.labels.rows[found], self.ids.rows[found]
        labels[found < 0] = UNKNOWN
        ids[found < 0] = "" if ids.dtype.kind == "U" else -1
        return trusted(labels, near, ids, self.classes)

    def rows_of(self, name, ids):
        """The positions of items by their ids, of the same shape; ValueError for one that is not there."""
        ids = checks.as_array(name, ids)
        rows = self.ids.find(read_ids(name, ids.ravel()))
        rows[rows >= len(self)] = -1
        if (rows < 0).any():
            raise ValueError(f"{name}: there is no item with the id {ids.ravel()[rows < 0][0].item()!r}.")
        return rows.reshape(ids.shape)

    def vectors(self, ids):
        """float32, ids.shape + (d,)."""
        rows = self.rows_of("ids", ids)
        return self.search.vectors(rows.ravel()).reshape(*rows.shape, self.search.dim or 0)

    def payload(self, ids):
        """ids.shape + item shape."""
        if not len(self.store):
            raise checks.NotReadyError("the index holds no payload: hand one over with payload=.")
        return self.store.get(self.rows_of("ids", ids))

    def without(self, ids):
        """New items: these, but for some."""
        keep, other = np.ones(len(self), bool), copy.copy(self)
        keep[self.rows_of("ids", ids)] = False
        rows = np.flatnonzero(keep)
        other.search, other.ids = self.search.kept(rows), Ids(self.ids.rows[rows], self.ids.following)
        other.labels = Growing(self.labels.rows[rows])
        other.store = self.store.kept(rows) if len(self.store) else self.store
        return other

    def replaced(self, ids, vectors, labels, payload):
        """New items: these, but some with other vectors, and other labels and payloads unless None."""
        rows, read = self.rows_of("ids", ids), labels is not None
        if payload is not None:
            self.store.check(payload, len(rows))  # before anything is removed
        other = self.without(ids)
        if labels is None:
            labels = self.labels.rows[rows]
        if payload is None and len(self.store):
            payload = self.store.get(rows)
        other.add(vectors, labels, payload, self.ids.rows[rows], read)
        return other

    def class_sizes(self):
        """{class id: how many items}, by class id; those without a label left out."""
        labels = self.all_labels()
        ids, sizes = np.unique(labels[labels != UNKNOWN], return_counts=True)
        return dict(zip(ids.tolist(), sizes.tolist()))

    def reset(self):
        """Remove everything, files included."""
        self.search.reset()
        self.store.reset()

    def state(self):
        """(header, arrays) for saving."""
        bare = self.labels.rows == UNKNOWN
        arrays = {"labels": np.where(bare, 0, self.labels.rows), **self.search.state(), **self.store.state()}
        if bare.any():
            arrays["unlabelled"] = bare
        if self.classes.names:
            arrays["names"] = np.array(self.classes.names)
        if not self.ids.counted:
            arrays["ids"] = self.ids.rows
        if self.calibration:
            arrays["calibration"] = np.frombuffer(self.calibration.to_text().encode(), np.uint8)
        return {**self.settings, "following": self.ids.following}, arrays

    def restore(self, header, arrays):
        """Take back what `state` gave; ValueError if it does not hold together."""
        self.search.restore(arrays)
        self.store.restore(arrays)
        if "calibration" in arrays:
            self.calibration = Calibration.from_text(arrays["calibration"].tobytes().decode())
        n, distance = len(self), self.search.distance
        if n and distance.name == "cosine" and "vectors" in arrays:
            if np.abs(distance.sizes(arrays["vectors"]) - 1).max() > UNIT:
                raise ValueError("vectors that are not of length 1, as they are under cosine")
        if len(self.store) not in (0, n):
            raise ValueError(f"{len(self.store)} payloads for {n} vectors")
        labels, ids = checks.labels("labels", arrays["labels"], n, "vectors"), Ids()
        if "names" in arrays:
            names = tuple(arrays["names"].tolist())
            self.classes = Classes(np.arange(len(names)), names)
        else:
            self.classes = Classes(np.unique(labels))
        if (n and not np.isin(labels, self.classes.ids).all()) or labels.min(initial=0) < 0:
            raise ValueError("labels that are no class ids")
        if "unlabelled" in arrays:
            labels[arrays["unlabelled"]] = UNKNOWN
        if n:
            self.labels.add(labels)
            ids.add(ids.check(arrays.get("ids"), n))
        ids.following = max(ids.following, header.get("following", 0))
        self.ids = ids


def leave_out(found, ids, k):
    """The k nearest `Neighbors` of each query but the one with its id of `ids` (q,)."""
    out = found.ids == ids[:, None]
    order = np.argsort(out, axis=1, kind="stable")[:, : min(k, found.k - bool(out.any(axis=1).all()))]
    parts = [np.take_along_axis(part, order, 1) for part in (found.labels, found.distances, found.ids, out)]
    labels, distances, ids, out = parts
    labels[out], distances[out], ids[out] = UNKNOWN, np.inf, "" if ids.dtype.kind == "U" else -1
    return trusted(labels, distances, ids, found.classes)
