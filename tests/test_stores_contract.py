"""One contract for all payload stores, and what the disk store promises beside it."""

import copy
import gc
import pickle
import shutil

import numpy as np
import pytest

from simlib import ArtifactError, Index, store

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(60, 8)), np.repeat(np.arange(6), 10)
IMAGES = rng.integers(0, 256, (60, 4, 4), dtype=np.uint8)
PAYLOADS = {
    "images": IMAGES,
    "floats": IMAGES / 3,
    "names": np.array([f"name {i:02d} ü" for i in range(60)]),
    "truths": Y > 2,
    "numbers": np.arange(60),
}


@pytest.fixture(params=["memory", "disk", "disk at a path"])
def wanted(request, tmp_path):
    at_a_path = {"name": "disk", "path": str(tmp_path / "payload.npy")}
    return at_a_path if request.param == "disk at a path" else request.param


def filled(wanted, *parts):
    one = store.store(wanted)
    for part in parts:
        one.add(one.check(part, len(part)))
    return one


@pytest.mark.parametrize("kind", PAYLOADS)
def test_gives_back_what_was_added_in_parts_in_any_shape_of_ids(wanted, kind):
    items = PAYLOADS[kind]
    one = filled(wanted, items[:1], items[1:40], items[40:])
    assert len(one) == 60
    ids = np.array([[0, 59, 7], [1, 0, 59]])
    np.testing.assert_array_equal(one.get(ids), items[ids])
    assert one.get(ids).dtype == items.dtype
    np.testing.assert_array_equal(one.get(np.int64(5)), items[5])
    assert one.get(np.empty((0, 3), np.int64)).shape == (0, 3, *items.shape[1:])


def test_keeps_and_gives_copies(wanted):
    items = IMAGES.copy()
    one = filled(wanted, items)
    items[:] = 0
    one.get(np.array([0, 1]))[:] = 5
    np.testing.assert_array_equal(one.get(np.arange(60)), IMAGES)


def test_some_can_be_kept_and_more_added_while_the_old_ones_stay(wanted):
    one = filled(wanted, np.arange(6))
    other = one.kept(np.array([1, 4]))
    other.add(np.array([9]))
    assert other.get(np.arange(3)).tolist() == [1, 4, 9]
    assert one.get(np.arange(6)).tolist() == list(range(6))
    other.reset()
    assert len(other) == 0 and other.like is None
    other.add(other.check(["a", "b"], 2))
    assert other.get(np.array([1, 0])).tolist() == ["b", "a"]


@pytest.mark.parametrize("kind", PAYLOADS)
def test_save_load_and_grow(wanted, kind, tmp_path):
    items = PAYLOADS[kind]
    Index("euclidean", store=wanted).add(X, Y, items).save(tmp_path / "index.npz")
    places = list(wanted.values()) if isinstance(wanted, dict) else None
    again = Index.load(tmp_path / "index.npz", connect=places)
    np.testing.assert_array_equal(again.payload(np.arange(60)), items)
    again.add(X, Y, items)
    np.testing.assert_array_equal(again.payload(np.arange(60, 120)), items)


def test_outside_of_memory_the_first_dtype_is_kept(wanted):
    if wanted == "memory":
        pytest.skip("an array in memory widens its dtype")
    one = filled(wanted, np.array(["abc"]))
    one.add(one.check(["d"], 1))
    assert one.get(np.array([1, 0])).tolist() == ["d", "abc"]
    with pytest.raises(ValueError, match="was begun with <U3; convert them, or reset"):
        one.check(["abcd"], 1)


# the disk store


def at(tmp_path):
    return {"name": "disk", "path": tmp_path / "payload.npy"}


def test_the_file_is_a_plain_npy_that_numpy_opens(tmp_path):
    filled(at(tmp_path), IMAGES[:50], IMAGES[50:])
    np.testing.assert_array_equal(np.load(tmp_path / "payload.npy", mmap_mode="r"), IMAGES)


def test_a_file_that_is_there_is_not_overwritten(tmp_path):
    filled(at(tmp_path), IMAGES)
    with pytest.raises(FileExistsError, match=r"payload.npy exists. Load the index"):
        filled(at(tmp_path), IMAGES[:1])
    assert len(np.load(tmp_path / "payload.npy")) == 60


def test_a_temporary_file_goes_with_its_store():
    one = filled("disk", IMAGES)
    folder = one.path.parent
    assert folder.exists()
    del one
    assert not folder.exists()
    gone = filled("disk", IMAGES)
    shutil.rmtree(gone.path.parent)
    del gone  # who finds nothing to delete says nothing
    gc.collect()


def test_only_what_is_asked_for_is_read(tmp_path):
    one = filled(at(tmp_path), IMAGES)
    assert not isinstance(one.get(np.array([1])), np.memmap)


@pytest.mark.parametrize("spoil", ["gone", "another", "of the same shape", "shorter", "damaged", "empty"])
def test_loading_without_the_right_payload_file_says_so(tmp_path, spoil):
    path = tmp_path / "payload.npy"
    wanted = {"name": "disk", "path": str(path)}
    Index(store=wanted).add(X, Y, IMAGES).save(tmp_path / "index.npz")
    path.unlink()
    if spoil == "another":
        np.save(path, IMAGES.astype(np.int64))
    elif spoil == "of the same shape":
        np.save(path, IMAGES[::-1])
    elif spoil == "empty":
        path.write_bytes(b"")
    elif spoil == "shorter":
        np.save(path, IMAGES[:59])
    elif spoil == "damaged":
        path.write_bytes(b"no array")
    with pytest.raises(ArtifactError, match=r"payload file .*put it back"):
        Index.load(tmp_path / "index.npz", connect=path)


def test_an_index_loaded_after_its_file_has_grown_sees_what_was_saved(tmp_path):
    index = Index(store={"name": "disk", "path": str(tmp_path / "payload.npy")}).add(X, Y, IMAGES)
    index.save(tmp_path / "index.npz")
    index.add(X, Y, IMAGES[::-1])
    again = Index.load(tmp_path / "index.npz", connect=tmp_path / "payload.npy")
    assert len(again) == 60
    np.testing.assert_array_equal(again.payload(np.arange(60)), IMAGES)


def test_what_is_in_a_file_of_its_own_stays_there_whatever_is_done(tmp_path):
    index = Index(store={"name": "disk", "path": tmp_path / "payload.npy"}).add(X, Y, IMAGES)
    index.save(tmp_path / "index.npz")
    assert "payload" not in np.load(tmp_path / "index.npz")
    one = filled({"name": "disk", "path": tmp_path / "other.npy"}, IMAGES)
    (tmp_path / "other.npy").unlink()
    one.reset()  # what somebody has deleted need not be deleted again
    assert len(one) == 0


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, copy.copy, lambda index: pickle.loads(pickle.dumps(index))]
)
def test_a_copy_has_the_payloads_and_leaves_the_original_alone(wanted, copied):
    index = Index("euclidean", store=wanted).add(X, Y, IMAGES)
    twin = copied(index)
    np.testing.assert_array_equal(twin.payload(np.arange(60)), IMAGES)
    if isinstance(wanted, str):  # else it lies where the user wants it, and is shared
        twin.add(X[:1], Y[:1], IMAGES[:1])
        twin.reset()
        del twin
        gc.collect()
    np.testing.assert_array_equal(index.payload(np.arange(60)), IMAGES)
    index.add(X[:1], Y[:1], IMAGES[7:8])
    np.testing.assert_array_equal(index.payload([60]), IMAGES[7:8])


def test_a_reset_index_can_index_again_where_its_payload_lay(tmp_path):
    index = Index(store={"name": "disk", "path": str(tmp_path / "pictures.npy")})
    for label in (3, 7):
        index.reset()
        index.add([[1.0, 0.0]], [label], payload=[label])
        assert index.payload(index.lookup([[1.0, 0.0]], k=1).ids).tolist() == [[label]]
