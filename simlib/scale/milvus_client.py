"""A Milvus collection: items, read as whole changes only, notes about them, and what is said of failures.

Each row has the number of the change that brought it, its batch. A message is one change. An `add` that needs
several has a negative number, and a note says so until its last row is there. Notes have the number 0.
"""

import contextlib
import functools
import itertools
import json
import logging
import os
import re
import secrets
import time
import urllib.parse

import numpy as np

from simlib import checks
from simlib.scale.milvus_text import LONGEST, NOTE, within

MESSAGE = 2**22  # bytes sent or asked for at once: Milvus takes them as one message
QUERIES = 100  # sent at once: a slow machine must answer them within the timeout
MOST, MOST_IDS = 16_384, 1_000  # neighbours of one search; ids in one filter
OWN = 10.0  # seconds for which a read waits for our last write; "Bounded" has seen all but the last five
AGAIN = 1.0  # seconds until it is asked again what is under way
FIELDS = ["id", "vector", "label", "batch", "payload"]
NOTES = "about", "removed", "calibration"
GRPC = {
    "grpc.keepalive_time_ms": 2**31 - 1,  # Milvus Lite hangs up on who rings every 10 s, as pymilvus does
    "grpc.use_local_subchannel_pool": 1,  # a connection that failed does not delay the next
}


class Collection:
    """One collection; `about` says what its items are like, None before there are any."""

    def __init__(self, uri, name, timeout):
        self._pymilvus = checks.extra("pymilvus", "Milvus")
        self._failures = self._pymilvus.exceptions.MilvusException, checks.extra("grpc", "Milvus").RpcError
        self.name = f"simlib_{secrets.token_hex(8)}" if name is None else checks.kind("collection", name, str)
        if not re.fullmatch(r"[A-Za-z_]\w{0,254}", self.name, re.ASCII):
            raise ValueError(f"collection must be letters, digits and _, no digit first; got {name!r}.")
        self.uri, self.timeout = _checked(uri), checks.number("timeout", timeout)
        if self.timeout <= 0:
            raise ValueError(f"timeout must be seconds, more than 0; got {timeout!r}.")
        self.about = self._client = None
        self._begun, self._broken = False, 0  # the creation, by us; the batch of an add that broke off
        self._wrote = self._asked = -np.inf  # when
        self._hidden, self._whole = set(), set()  # batches under way; those known to be complete
        logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # its errors reach the reader as ours

    def _ask(self, method, **options):
        """What the client's method of this name answers about the collection, or ConnectionError."""
        try:
            if self._client is None:
                token = os.environ.get("MILVUS_TOKEN", "")  # never in a saved file
                how = {"token": token, "timeout": self.timeout, "grpc_options": GRPC}
                self._client = self._pymilvus.MilvusClient(self.uri, **how)
                if self.about:  # a server that was started again has to load it
                    self._client.load_collection(self.name, timeout=self.timeout)
            return getattr(self._client, method)(self.name, timeout=self.timeout, **options)
        except self._failures as error:
            with contextlib.suppress(Exception):
                self._client.close()
            self._client = None  # the next call begins with a new connection
            what = f"Milvus at {self.uri} (collection {self.name}) failed: {error}."
            raise ConnectionError(f"{what} {self._cure(error)}") from error

    def _cure(self, error):
        if "UNAUTHENTICATED" in str(error.__cause__):
            return "Set the environment variable MILVUS_TOKEN to 'user:password' of this server."
        if getattr(error, "code", None) == 100:  # collection not found
            return "Has another program reset it? Once somebody has added items again, open it again."
        if "://" in self.uri:
            return "Is the server running, and is `uri` its address? Then call again: nothing is doubled."
        cure = "Is it open in another notebook? End that one, or run a server for all."
        return f"{cure} Does the folder of `uri` exist?" if "Open local" in str(error) else ""

    def make(self, about, index_type, metric):
        """Create it, or complete what we have begun; FileExistsError if it is there already."""
        if not self._ask("has_collection"):
            self._begun, kinds, long = True, self._pymilvus.DataType, {"max_length": LONGEST}
            schema = self._pymilvus.MilvusClient.create_schema(auto_id=False)
            schema.add_field("id", kinds.VARCHAR if about["text"] else kinds.INT64, is_primary=True, **long)
            schema.add_field("vector", kinds.FLOAT_VECTOR, dim=about["dim"])
            for field, kind in zip(FIELDS[2:], (kinds.VARCHAR, kinds.INT64, kinds.VARCHAR)):
                schema.add_field(field, kind, **long)
            self._ask("create_collection", schema=schema, num_shards=1)
        elif not self._begun:
            cure = "Open it with Index.open(uri, collection), choose another name, or delete it."
            raise FileExistsError(f"Milvus at {self.uri} has a collection {self.name} already. {cure}")
        if not self._ask("list_indexes"):
            index = self._pymilvus.MilvusClient.prepare_index_params()
            index.add_index("vector", index_type=index_type, metric_type=metric)
            self._ask("create_index", index_params=index)
        self._ask("load_collection")
        self.keep("about", json.dumps(about), about)
        self.about = about

    def open(self):
        """Find it, and what it is like; ValueError if it is not there, or not made by `make`."""
        there, about = self._ask("has_collection"), ""
        fields = [field["name"] for field in self._ask("describe_collection")["fields"]] if there else []
        if fields == FIELDS and self._ask("list_indexes"):
            self._ask("load_collection")
            about = self.kept("about")
        if not about:
            what = "no index of this simlib in the" if there else "no"
            cure = "Is this the same Milvus? If its first `add` broke off, repeat that."
            raise ValueError(f"Milvus at {self.uri} holds {what} collection {self.name}. {cure}")
        self.about = json.loads(about)

    def reset(self):
        """Delete it, with all that is in it."""
        if self._begun or self.about:
            self._ask("drop_collection")
        self.about, self._begun, self._broken = None, False, 0

    def add(self, rows):
        """Write rows (id, vector, label, payload) with ids that are not there. All or nothing."""
        parts, batch = _messages(rows), secrets.randbelow(2**62) + 1
        self._broken = batch = batch if len(parts) == 1 else -batch
        if batch < 0:
            self._upsert([(self._key(batch), None, "under way", "")], 0)
        for part in parts:
            self._upsert(part, batch)
        self._finish(batch)

    def take_back(self):
        """Remove what an `add` that broke off has left."""
        if self._broken and self.about:
            self._delete(f"batch == {self._broken}")
            self._finish(self._broken)

    def _finish(self, batch):
        if batch < 0:
            self._delete(within("id", [self._key(batch)]))
            self._hidden, self._whole = self._hidden - {batch}, self._whole | {batch}
        self._broken = 0

    def replace(self, rows):
        """Write rows in place of those with the same ids."""
        for part in _messages(rows):
            self._upsert(part, 1)

    def remove(self, ids):
        """Remove the rows with these ids, a list."""
        for start in range(0, len(ids), MOST_IDS):
            self._delete(within("id", ids[start : start + MOST_IDS]))

    def _upsert(self, rows, batch, about=None):
        nowhere = [0.0] * (about or self.about)["dim"]
        rows = [(key, nowhere if v is None else v, label, batch, payload) for key, v, label, payload in rows]
        try:
            self._ask("upsert", data=[dict(zip(FIELDS, row)) for row in rows])
        finally:
            self._wrote = time.monotonic()

    def _delete(self, where):
        """A note follows: "Session" waits for what was written last, and not for what was deleted."""
        self._ask("delete", filter=where)
        self.keep("removed", "")

    def _key(self, number, about=None):
        """The key of a row that is no item: no item has a number below 0, nor such a text."""
        return f"{NOTE}{number}" if (about or self.about)["text"] else number

    def found(self, ids, field):
        """{id: the field} of those that are there, of a list of ids."""
        if not self.about:
            return {}
        ids = [key for key in dict.fromkeys(ids) if isinstance(key, str) == self.about["text"]]
        size = {"vector": 4 * self.about["dim"], "payload": LONGEST}.get(field, 1)
        step, found = min(MOST_IDS, max(1, 2 * MESSAGE // size)), {}
        for start in range(0, len(ids), step):
            rows = self.read(within("id", ids[start : start + step]), [field])
            found |= {row["id"]: row[field] for row in rows}
        return found

    def count(self):
        """How many items there are."""
        self._hidden = self._under_way()
        return self._at("query", self._visible(""), ["count(*)"])[0]["count(*)"]

    def _at(self, method, where, fields, level=None, **options):
        """ "Session" waits for our last write; when that is long ago, "Bounded" asks for more."""
        level = level or ("Session" if time.monotonic() - self._wrote < OWN else "Bounded")
        return self._ask(method, filter=where, output_fields=fields, consistency_level=level, **options)

    def _whole_changes(self, method, where, fields, **options):
        """What is answered, as dicts, when nothing in it is under way. Who meets a long `add` first asks."""
        level, doubtful = None, self._hidden if time.monotonic() > self._asked + AGAIN else set()
        while True:
            if doubtful:
                self._hidden, level, self._asked = self._under_way("Strong"), "Strong", time.monotonic()
                self._whole = self._whole | doubtful - self._hidden
            found = self._at(method, self._visible(where), ["id", "batch", *fields], level, **options)
            if method == "search":
                found = [[hit["entity"] | {"id": hit["id"]} for hit in hits] for hits in found]
            rows = found if method == "query" else itertools.chain(*found)
            doubtful = {row["batch"] for row in rows if row["batch"] < 0} - self._whole
            if not doubtful:
                return found

    read = functools.partialmethod(_whole_changes, "query")  # the items that a filter finds, "" for all
    search = functools.partialmethod(_whole_changes, "search")  # for each query its nearest items

    def _visible(self, where):
        hidden = f"batch not in {sorted(self._hidden)}" if self._hidden else ""
        return " and ".join(filter(None, ("batch != 0", hidden, where)))

    def _under_way(self, level=None):
        rows = self._at("query", 'batch == 0 and label == "under way"', ["id"], level)
        return {int(str(row["id"]).lstrip(NOTE)) for row in rows}

    def keep(self, kind, text, about=None):
        """Keep a text about the items, in place of that of the same kind; in several rows, if it is long."""
        size, which, rows = LONGEST - 100, NOTES.index(kind), []
        for i in range(n := len(text) // size + 1):
            key = self._key(-1 - which - len(NOTES) * i, about)
            rows.append((key, None, kind, f"{i} {n} {text[i * size : (i + 1) * size]}"))
        self._upsert(rows, 0, about)

    def kept(self, kind):
        """The text of this kind that was kept last, by whomever; "" for none."""
        rows = self._at("query", f'batch == 0 and label == "{kind}"', ["payload"], "Strong")
        parts = sorted((int(i), int(n), text) for i, n, text in (r["payload"].split(" ", 2) for r in rows))
        return "".join(text for _, _, text in parts[: parts[0][1]]) if parts else ""


def _messages(rows):
    """The same rows in parts, each of which Milvus takes as one message."""
    size = max(4 * len(v) + len(f"{key}{label}{payload}".encode()) for key, v, label, payload in rows)
    step = max(1, MESSAGE // (size + 100))
    return [rows[start : start + step] for start in range(0, len(rows), step)]


def _checked(uri):
    uri = os.fspath(uri) if isinstance(uri, os.PathLike) else str(uri)
    with contextlib.suppress(ValueError):  # a port beyond 65535
        if "://" in uri and urllib.parse.urlsplit(uri).port != 0:
            return uri
        if "://" not in uri and uri.endswith(".db"):
            checks.extra("milvus_lite", f"Milvus in a file ({uri!r})")
            return uri
    cure = "a file that ends in .db, or like http://host:19530 (a port is 65535 at most)"
    raise ValueError(f"uri must be {cure}; got {uri!r}.")
