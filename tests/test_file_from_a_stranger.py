"""A saved file from a stranger: loading opens nothing that the caller has not named, and believes nothing."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading

import keras
import numpy as np
import pytest

from simlib import ArtifactError, Index, archive, calibrate

X = np.eye(4, dtype=np.float32)


def forged(path, search="exact", store="memory", distance="euclidean", **arrays):
    """A file whose checksum is right, as anybody can write one."""
    header = {"distance": distance, "search": search, "store": store, "following": 4, "made": True}
    archive.write(path, "index", header, {"labels": np.zeros(4, int), "vectors": X, **arrays})
    return path


@contextlib.contextmanager
def listener():
    """(address, what it has received): on loopback, it never answers."""
    received = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    received.append(connection)

        thread = threading.Thread(target=accept)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", received
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def in_milvus(path, uri):
    return forged(path, {"name": "milvus", "uri": uri, "collection": "simlib_x", "timeout": 0.5})


def test_an_index_that_an_earlier_simlib_kept_half_in_milvus_is_refused_with_a_sentence(tmp_path):
    pytest.importorskip("milvus_lite")
    uri = str(tmp_path / "old.db")
    search = {"name": "milvus", "uri": uri}
    header = {"distance": "euclidean", "search": search, "store": "memory", "following": 4}
    old = {"labels": np.zeros(4, int), "collection": np.array("simlib_x"), "shape": np.array([4, 4])}
    for name, store, message in (
        ("a", "memory", "kept half of it outside"),
        ("b", search, "beside their vectors"),
    ):
        archive.write(tmp_path / name, "index", {**header, "store": store}, old)
        with pytest.raises(ArtifactError, match=message):
            Index.load(tmp_path / name, connect=uri)


def into_keras(path, index):
    """A `.keras` file with this index inside."""
    model = simlib_model()
    model.index(X, [0, 1, 2, 3])
    model.save(path)
    import zipfile

    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    name = next(name for name in members if name.endswith("index.npz"))
    with zipfile.ZipFile(path, "w") as new:
        for member, content in members.items():
            new.writestr(member, index.read_bytes() if member == name else content)
    return path


def simlib_model():
    from simlib import SimilarityModel

    inputs = keras.Input((4,))
    return SimilarityModel(inputs, keras.layers.Dense(4)(inputs))


@pytest.mark.parametrize("how", ["index", "keras"])
def test_loading_connects_to_nothing_unless_it_is_named(how, tmp_path, monkeypatch):
    pytest.importorskip("pymilvus")
    monkeypatch.setenv("MILVUS_TOKEN", "secret")
    with listener() as (uri, received):
        path = in_milvus(tmp_path / "index.npz", uri)
        load = Index.load
        if how == "keras":
            path, load = into_keras(tmp_path / "model.keras", path), keras.models.load_model
        with pytest.raises(ValueError, match=rf"would open {uri}: loading does not"):
            load(path)
        monkeypatch.setenv("SIMLIB_CONNECT", "http://localhost:1, elsewhere.db")
        with pytest.raises(ValueError, match="would open"):
            load(path)
        assert not received
        monkeypatch.setenv("SIMLIB_CONNECT", f"elsewhere.db,{uri}")
        with pytest.raises((ValueError, ConnectionError)):
            load(path)
        assert received  # or the test above could not fail
        for connection in received:
            connection.close()


@pytest.mark.parametrize("search", ["milvus", {"name": "milvus", "uri": "planted.db"}])
def test_loading_makes_no_database(search, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = forged(tmp_path / "index.npz", search)
    with pytest.raises(ArtifactError, match=r"would open (milvus|planted)\.db"):
        Index.load(path)
    assert os.listdir(tmp_path) == ["index.npz"]


def test_another_programs_file_is_neither_read_nor_deleted(tmp_path):
    other = tmp_path / "theirs.npy"
    np.save(other, np.arange(4.0))
    state = {"payload_like": np.empty(0), "payload_places": np.arange(4), "payload_crc": np.int64(5)}
    path = forged(tmp_path / "index.npz", store={"name": "disk", "path": str(other)}, **state)
    for connect in (None, tmp_path / "else.npy", [str(other)]):
        with pytest.raises(ArtifactError, match=r"would open|its content is not what was saved"):
            Index.load(path, connect=connect).reset()
    assert np.load(other).tolist() == [0, 1, 2, 3]


def test_a_place_that_is_named_is_opened(tmp_path, monkeypatch):
    index = Index(store={"name": "disk", "path": tmp_path / "mine.npy"}).add(X, [0, 1, 2, 3], X)
    index.save(tmp_path / "index.npz")
    monkeypatch.chdir(tmp_path)
    for connect in ("mine.npy", tmp_path / "mine.npy", ["other", "./mine.npy"]):
        again = Index.load("index.npz", connect=connect)
        np.testing.assert_array_equal(again.payload([3]), X[3:])


@pytest.mark.parametrize(
    "what, message",
    [
        ({"labels": np.array([0, -1, 0, 0])}, "no class ids"),
        ({"labels": np.array([0, 7, 0, 0]), "names": np.array(["a"])}, "no class ids"),
        ({"distance": "cosine", "vectors": 100 * X}, "not of length 1"),
        ({"ids": np.array([0, 1, 1, 2])}, "given twice"),
        ({"ids": np.array([0, 1, -2, 2])}, "0 or more"),
        ({"ids": np.array([0, 1])}, "2 entries"),
        ({"payload": np.zeros(3)}, "3 payloads for 4 vectors"),
        ({"vectors": X * np.nan}, "NaN"),
        ({"search": {"name": "exact", "uri": 5}}, "would open 5|an option of"),
        ({"store": {"name": ["disk"]}}, "unknown"),
    ],
)
def test_what_does_not_hold_together_is_refused(what, message, tmp_path):
    with pytest.raises(ArtifactError, match=message):
        Index.load(forged(tmp_path / "index.npz", **what))


def test_a_small_file_that_unpacks_to_a_large_one_is_refused_before_it_takes_memory(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(np, "savez", np.savez_compressed)
        forged(tmp_path / "fair.npz", payload=np.zeros((4, 2**20), np.uint8))
        patch.setattr(archive, "UNPACKED", 2**20)
        with pytest.raises(ArtifactError, match="would unpack to 4,19"):
            Index.load(tmp_path / "fair.npz")
    assert len(Index.load(tmp_path / "fair.npz")) == 4  # as files of earlier versions are packed, too


@pytest.mark.skipif(os.name != "posix", reason="kills a process")
@pytest.mark.parametrize("suffix", [".npz", ".keras"])
def test_what_a_killed_process_has_left_goes_with_the_next_save(suffix, tmp_path):
    script = f"""
        import os, signal
        from simlib import archive
        with archive.replacing({str(tmp_path / ("a" + suffix))!r}) as temporary:
            open(temporary, "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
    """
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(script)])
    assert killed.returncode == -signal.SIGKILL and len(os.listdir(tmp_path)) == 1
    (tmp_path / f".a-mine{suffix}").touch()
    with archive.replacing(tmp_path / f"a{suffix}") as ours:
        open(ours, "w").close()
        with archive.replacing(tmp_path / f"a{suffix}") as nested:  # whoever saves at the same time goes on
            open(nested, "w").close()
        assert os.path.exists(ours)
    assert sorted(os.listdir(tmp_path)) == [f".a-mine{suffix}", f"a{suffix}"]


FORGED = [
    "", "5", "null", "[", "{}", "[1]", "[" * 100_000, '[{}, {"distances": [1], "tp": [1e400]}]', "[{}, 5]",
    '[{"metric": "f1", "matcher": "nearest", "k": 1, "cutpoints": []}, {"distances": ["a"]}]',
    '[{}, {"distances": ["<U900000000", ["a"]]}]', '[{}, {"tp": [99999999999999999999]}]',
]  # fmt: skip


@pytest.mark.parametrize("text", FORGED, ids=lambda text: text[:30])
def test_a_forged_calibration_in_an_index_is_refused(text, tmp_path):
    Index("euclidean").add([[0.0], [1.0]], [0, 1]).save(tmp_path / "a.npz")
    header, arrays = archive.read(tmp_path / "a.npz", "index")
    arrays["calibration"] = np.frombuffer(text.encode(), np.uint8)
    archive.write(tmp_path / "a.npz", "index", header, arrays)
    with pytest.raises(ArtifactError, match="not consistent"):
        Index.load(tmp_path / "a.npz")


@pytest.mark.parametrize("n", [6, 20_000])
def test_a_calibration_comes_back_to_the_digit(n, tmp_path):
    index = Index("euclidean").add(np.arange(6.0)[:, None], np.arange(6) % 2)
    places = np.random.default_rng(0).uniform(0, 5, n)
    near = index.lookup(places[:, None], k=1)
    index.calibration = calibrate(near, (places + 0.3).astype(int) % 2, targets={"strict": "fpr <= 0.2"})
    index.save(tmp_path / "a.npz")
    back = Index.load(tmp_path / "a.npz").calibration
    assert repr(back) == repr(index.calibration) and back.curve.distances.dtype == np.float32
    np.testing.assert_array_equal(back.curve.distances, index.calibration.curve.distances)
