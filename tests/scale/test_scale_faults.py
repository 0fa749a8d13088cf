"""What goes wrong at scale: a full disk, a shard cut short. Nothing is half done. (Milvus: test_milvus.py)"""

import resource

import numpy as np
import pytest

from simlib import ArtifactError, Index
from simlib.scale.shards import ShardSampler, write_shards

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(900, 8)), np.arange(900) % 7
QUERIES = rng.normal(size=(5, 8))
IMAGES = rng.integers(0, 256, (900, 28, 28), dtype=np.uint8)


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
