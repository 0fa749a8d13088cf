"""What goes wrong at scale: a service that stops, a full disk, a shard cut short. Nothing is half done."""

import resource
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

from simlib import ArtifactError, Index
from simlib.scale.shards import ShardSampler, write_shards

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(900, 8)), np.arange(900) % 7
QUERIES = rng.normal(size=(5, 8))
IMAGES = rng.integers(0, 256, (900, 28, 28), dtype=np.uint8)


def assert_same(a, b):
    for name in ("labels", "ids", "distances"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


# Milvus


def a_free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """A Milvus Lite server in a process of its own, which can be killed and started again."""

    def __init__(self, folder, port):
        self.folder, self.uri, self.process = folder, f"http://127.0.0.1:{port}", None

    def start(self):
        command = [sys.executable, "-m", "milvus_lite", "server", "--data-dir", str(self.folder / "data.db"),
                   "--host", "127.0.0.1", "--port", self.uri.rpartition(":")[2]]  # fmt: skip
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(240):
            try:
                address = "127.0.0.1", int(self.uri.rpartition(":")[2])
                return socket.create_connection(address, timeout=1).close()
            except OSError:
                time.sleep(0.25)
        raise RuntimeError("the server did not start")

    def kill(self):
        self.process.kill()
        self.process.wait()


def again_and_again(function, *args, **kwargs):
    """As the message says: call again. gRPC waits some seconds before it tries an address once more."""
    for _ in range(120):
        try:
            return function(*args, **kwargs)
        except ConnectionError:
            time.sleep(0.25)
    return function(*args, **kwargs)


@pytest.fixture
def server(tmp_path):
    pytest.importorskip("milvus_lite")
    one = Server(tmp_path, a_free_port())
    yield one
    if one.process:
        one.kill()


def test_a_milvus_that_is_not_there(server, tmp_path):
    index = Index(search={"name": "milvus", "uri": server.uri, "timeout": 2.0})
    with pytest.raises(ConnectionError, match=r"Milvus at http://127.* Is the server running.* call again"):
        index.add(X, Y)
    assert len(index) == 0
    index.save(tmp_path / "index.npz")


def test_a_server_killed_while_indexing_then_started_again(server, monkeypatch):
    monkeypatch.setattr("simlib.scale.milvus.MESSAGE", 8 * 100)  # 100 rows a message, 9 messages
    server.start()
    wanted = {"name": "milvus", "uri": server.uri, "timeout": 5.0}
    index = Index("euclidean", search=wanted, store=wanted).add(X[:200], Y[:200], Y[:200])
    client, sent = index._items.search._collection._client, []
    upsert = client.upsert

    def killed_after_three(*args, **kwargs):
        if len(sent) == 3:
            server.kill()
        sent.append(args)
        return upsert(*args, **kwargs)

    monkeypatch.setattr(client, "upsert", killed_after_three)
    with pytest.raises(ConnectionError, match="Nothing of this call counts"):
        index.add(X[200:], Y[200:], Y[200:])
    assert len(sent) == 4 and len(index) == 200
    with pytest.raises(ConnectionError, match="failed"):
        index.lookup(QUERIES)

    server.start()
    # 300 vectors had arrived, and none of them shows.
    assert_same(
        again_and_again(index.lookup, QUERIES, k=900),
        Index("euclidean").add(X[:200], Y[:200]).lookup(QUERIES, k=900),
    )
    again_and_again(index.add, X[200:], Y[200:], Y[200:])
    assert_same(index.lookup(QUERIES, k=900), Index("euclidean").add(X, Y).lookup(QUERIES, k=900))
    with index._items.search._collection.client() as again:
        rows = again.query(index._items.search._collection.name, output_fields=["count(*)"])
    assert rows[0]["count(*)"] == 900  # not doubled
    np.testing.assert_array_equal(again_and_again(index.payload, np.arange(900)), Y)


def test_a_saved_index_whose_milvus_has_lost_its_rows_is_refused(tmp_path):
    pytest.importorskip("milvus_lite")
    uri = str(tmp_path / "x.db")
    index = Index("euclidean", search={"name": "milvus", "uri": uri}).add(X, Y)
    index.save(tmp_path / "index.npz")
    index.reset()
    with pytest.raises(ArtifactError, match=r"holds no rows of collection .* Is this the same Milvus"):
        Index.load(tmp_path / "index.npz", connect=uri)


def test_a_collection_that_is_there_already_is_not_written_into(tmp_path):
    pytest.importorskip("milvus_lite")
    wanted = {"name": "milvus", "uri": str(tmp_path / "x.db"), "collection": "digits"}
    Index("euclidean", search=wanted).add(X, Y)
    with pytest.raises(FileExistsError, match="has a collection digits already"):
        Index("euclidean", search=wanted).add(X[:1], Y[:1])
    one = Index("euclidean", search=wanted)
    assert len(one) == 0


def test_an_address_that_is_neither_file_nor_server_is_named():
    pytest.importorskip("pymilvus")
    with pytest.raises(
        ValueError, match=r"uri must be a file that ends in .db, or http://host:port; got 'x'"
    ):
        Index(search={"name": "milvus", "uri": "x"})


def test_a_payload_too_long_for_milvus_is_named(tmp_path):
    pytest.importorskip("milvus_lite")
    index = Index("euclidean", store={"name": "milvus", "uri": str(tmp_path / "x.db")})
    with pytest.raises(ValueError, match="an entry has 49,152 bytes, too long for Milvus"):
        index.add(X[:1], Y[:1], np.zeros((1, 128, 128, 3), np.uint8))
    assert len(index) == 0


# a full disk


@pytest.fixture
def full_disk():
    """No file can grow beyond 300 kB: what the system then answers is an OSError, as for a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("search", ["exact", "faiss"])
def test_a_disk_that_fills_while_saving_leaves_the_old_file_whole(search, tmp_path, full_disk):
    if search == "faiss":
        pytest.importorskip("faiss")
    index = Index("euclidean", search=search).add(X[:10], Y[:10], IMAGES[:10])
    index.save(tmp_path / "index.npz")
    index.add(X[10:], Y[10:], IMAGES[10:])
    full_disk()
    with pytest.raises(OSError):
        index.save(tmp_path / "index.npz")
    assert [p.name for p in tmp_path.iterdir()] == ["index.npz"]
    assert len(Index.load(tmp_path / "index.npz")) == 10


def test_a_disk_that_fills_while_payloads_are_added_adds_nothing(tmp_path, full_disk):
    path = tmp_path / "payload.npy"
    index = Index("euclidean", store={"name": "disk", "path": str(path)}).add(X[:10], Y[:10], IMAGES[:10])
    full_disk()
    with pytest.raises(OSError):
        index.add(X[10:], Y[10:], IMAGES[10:])
    assert len(index) == 10
    np.testing.assert_array_equal(index.payload(np.arange(10)), IMAGES[:10])
    np.testing.assert_array_equal(np.load(path), IMAGES[:10])
    index.add(X[10:20], Y[10:20], IMAGES[10:20])  # what fits goes on
    np.testing.assert_array_equal(index.payload(np.arange(20)), IMAGES[:20])


def test_a_disk_that_is_full_from_the_start_leaves_no_file(tmp_path, full_disk):
    index = Index("euclidean", store={"name": "disk", "path": str(tmp_path / "payload.npy")})
    full_disk()
    with pytest.raises(OSError):
        index.add(X, Y, IMAGES)
    assert len(index) == 0 and list(tmp_path.iterdir()) == []
    index.add(X[:20], Y[:20], IMAGES[:20])


# shards


@pytest.fixture
def folder(tmp_path):
    return write_shards(tmp_path / "shards", zip(IMAGES, Y), 2)


def test_a_truncated_shard_is_noticed_before_the_first_batch(folder):
    path = folder / "shard-00001.tfrecord"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ArtifactError, match=r"shard-00001.tfrecord has \d+ bytes, and \d+ were written"):
        ShardSampler(folder, 3, 4)


def test_a_missing_shard_is_named(folder):
    (folder / "shard-00002.tfrecord").unlink()
    with pytest.raises(ArtifactError, match=r"shard-00002.tfrecord is missing"):
        ShardSampler(folder, 3, 4)


def test_a_shard_with_changed_bytes_is_noticed_when_they_are_read(folder):
    path = folder / "shard-00000.tfrecord"
    content = bytearray(path.read_bytes())
    content[500] ^= 1
    path.write_bytes(content)
    sampler = ShardSampler(folder, 2, 4, class_list=Y[:2].tolist())
    with pytest.raises(ArtifactError, match=r"shard-00000.tfrecord is damaged: .* example 0 have changed"):
        for step in range(len(sampler)):
            sampler[step]


@pytest.mark.parametrize("spoil", ["cut", "flip", "gone"])
def test_a_damaged_catalogue_is_refused(folder, spoil):
    path = folder / "shards.npz"
    content = bytearray(path.read_bytes())
    if spoil == "gone":
        path.unlink()
    else:
        content[len(content) // 2] ^= 255
        path.write_bytes(content if spoil == "flip" else content[:-200])
    with pytest.raises(ArtifactError):
        ShardSampler(folder, 3, 4)


def test_a_class_that_no_shard_holds_or_holds_too_seldom_is_named(folder, tmp_path):
    with pytest.raises(ValueError, match="class_list names class 9, of which `y` has no example"):
        ShardSampler(folder, 2, 4, class_list=[1, 9])
    few = write_shards(tmp_path / "few", zip(IMAGES[:9], Y[:9]))
    with pytest.raises(ValueError, match=r"class \d has \d examples, fewer than examples_per_class = 4"):
        ShardSampler(few, 2, 4)
