"""A dataset is as good as its arrays, wherever examples are taken, and gives its own labels in one pass."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import simlib
from simlib.embedding import doors, guard
from simlib.embedding.model import SimilarityModel

NAMES = np.array(["ape", "bee", "cat", "doe"])


class Batches(keras.utils.PyDataset):
    def __init__(self, *arrays, size=7):
        super().__init__()
        self.arrays, self.size = arrays, size

    def __len__(self):
        return -(-len(self.arrays[0]) // self.size)

    def __getitem__(self, i):
        return tuple(array[i * self.size : (i + 1) * self.size] for array in self.arrays)


class Loader(list):
    """Looks like PyTorch's: gives lists, and has a `batch_sampler`."""

    batch_sampler = None


def of_tensors(*arrays):
    arrays = arrays if len(arrays) > 1 else arrays[0]
    return tf.data.Dataset.from_tensor_slices(arrays).batch(7)


KINDS = {
    "tf.data": of_tensors,
    "tf.data of unknown length": lambda *arrays: of_tensors(*arrays).filter(lambda *_: True),
    "PyDataset": Batches,
    "loader": lambda *arrays: Loader([list(batch) for batch in map(Batches(*arrays).__getitem__, range(6))]),
    "generator": lambda *arrays: (Batches(*arrays)[i] for i in range(6)),
}


@pytest.fixture
def made():
    """(model, x, y): 40 examples of four classes, named; the model only normalises."""
    rng = np.random.default_rng(0)
    y = np.arange(40) % 4
    x = (np.eye(6)[y] + rng.normal(size=(40, 6)) / 3).astype(np.float32)
    inputs = keras.Input((6,))
    return SimilarityModel(inputs, keras.layers.UnitNormalization()(inputs)), x, NAMES[y]


@pytest.mark.parametrize("kind", KINDS)
def test_a_dataset_answers_as_its_arrays_do(made, kind):
    model, x, y = made
    rng, dataset = np.random.default_rng(1), KINDS[kind]
    model.index(x, y)
    ids, labels = model.get_index().ids, model.get_index().labels
    new, of = x + rng.normal(size=x.shape).astype(np.float32) / 4, np.where(np.arange(40) % 5, y, "emu")
    near, calibration = model.lookup(new, 3), model.calibrate(new, of)
    cut = calibration.distance() * 0.8
    answers = (
        model.match(new, cut),
        model.evaluate_retrieval(new, y),
        model.evaluate_classification(new, of, cut),
    )
    embeddings = model.embed(new)
    model.reset_index()
    model.index(dataset(x, y))
    np.testing.assert_array_equal(model.get_index().ids, ids)
    np.testing.assert_array_equal(model.get_index().labels, labels)
    np.testing.assert_allclose(model.embed(dataset(new, of)), embeddings, atol=1e-6)
    np.testing.assert_array_equal(model.lookup(dataset(new), 3).ids, near.ids)
    assert model.calibrate(dataset(new, of)).distance() == pytest.approx(calibration.distance(), abs=1e-6)
    np.testing.assert_array_equal(model.match(dataset(new, of), cut), answers[0])
    assert model.evaluate_retrieval(dataset(new, y)) == answers[1]
    assert model.evaluate_classification(dataset(new, of), cutpoint=cut) == answers[2]


def test_batches_that_come_shuffled_keep_their_own_labels(made):
    model, x, y = made
    shuffled = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(40, seed=3).batch(7)
    model.index(shuffled)
    np.testing.assert_array_equal(model.lookup(x, 1).classes.call(model.lookup(x, 1).labels[:, 0]), y)
    assert model.evaluate_retrieval(shuffled, ks=[1])["recall@1"] == 1


def test_a_folder_is_indexed_as_keras_reads_it_and_as_pictures_reads_it(tmp_path):
    rng = np.random.default_rng(0)
    for name in NAMES:
        (tmp_path / name).mkdir()
        for i in range(3):
            Image.fromarray(rng.integers(0, 256, (16, 16, 3), np.uint8)).save(tmp_path / name / f"{i}.png")
    inputs = keras.Input((16, 16, 3))
    flat = keras.layers.Flatten()(keras.layers.Rescaling(1 / 127.5, -1)(inputs))
    model = SimilarityModel(inputs, keras.layers.UnitNormalization()(flat))
    whole = simlib.pictures.read(tmp_path, (16, 16, 3))
    model.index(simlib.pictures.batches(tmp_path, (16, 16, 3), size=5))
    assert (model.lookup(whole.x, 1).distances < 1e-5).all() and model.get_index().labels.tolist() == list(
        whole.y
    )
    read = keras.utils.image_dataset_from_directory(
        tmp_path, image_size=(16, 16), batch_size=5, verbose=False
    )
    model.reset_index()
    model.index(read)
    assert model.evaluate_retrieval(whole.x, np.repeat(range(4), 3), ks=[1])["recall@1"] == 1


def test_another_kind_of_pictures_in_a_dataset_is_said():
    x = np.random.default_rng(0).integers(0, 256, (60, 8, 8), np.uint8)
    inputs = keras.Input((8, 8))
    model = SimilarityModel(inputs, keras.layers.UnitNormalization()(keras.layers.Flatten()(inputs)))
    model.index(Batches(x, np.arange(60) % 3))
    model.lookup(Batches(x))  # a warning is an error here
    with pytest.warns(UserWarning, match="from 0 to 1, .* made from uint8"):
        model.match(Batches(x / 255), cutpoint=0.5)


def test_the_guard_keeps_examples_of_several_batches_and_not_the_dataset(made):
    model, x, y = made
    x = np.tile(x, (50, 1)) * np.linspace(1, 2, 2000)[:, None]
    model.index(Batches(x, np.tile(y, 50)))
    of = [np.flatnonzero((x == row).all(axis=1))[0] for row in model._embedder.probes.inputs]
    assert len(of) == guard.PROBES and min(of) < 10 and max(of) > 200
    *_, some, _ = model._embed(Batches(x), None, 0)
    assert len(some) <= doors.BATCHES * doors.ROWS
    model.layers[-1].axis = 0  # it embeds otherwise now
    with pytest.raises(simlib.NotReadyError):
        model.lookup(Batches(x))


@pytest.mark.parametrize("wrong, message", [
    (lambda x, y: (of_tensors(x, y).repeat(),), "without an end"),
    (lambda x, y: (of_tensors(x, y).unbatch(),), r"must have the shape \(n, 6\); got \(6,\)"),
    (lambda x, y: (iter([]),), "only once"),
    (lambda x, y: (of_tensors(x, y), y), "gives its own labels"),
    (lambda x, y: (of_tensors(x), y), "gives its own labels"),
    (lambda x, y: (iter([(x, y), x]),), "labels has 40 entries, but there are 80"),
    (lambda x, y: (of_tensors(x, np.eye(4)[[0] * 40]),), "one-hot"),
])  # fmt: skip
def test_a_dataset_that_cannot_be_read_says_why_and_leaves_the_index_as_it_was(made, wrong, message):
    model, x, y = made
    model.index(x, y)
    with pytest.raises(ValueError, match=message):
        model.calibrate(*wrong(x, y))
    if "NoneType" not in message:
        with pytest.raises(ValueError, match=message):
            model.index(*wrong(x, y))
    assert len(model.get_index()) == 40 and model.calibration is None


@pytest.mark.filterwarnings("ignore:.*match at distance 0")
@pytest.mark.parametrize("ask", ["calibrate", "evaluate_retrieval", "evaluate_classification"])
def test_labels_that_are_missing_are_asked_for(made, ask):
    model, x, y = made
    model.index(x, y).calibrate(x, y)
    for given in (x, iter([x])):
        with pytest.raises(ValueError, match=r"^y: give the true label of each example, or as x a dataset"):
            getattr(model, ask)(given, verbose=0)


@pytest.mark.parametrize("verbose", [None, 0, 1])
def test_a_bar_counts_the_batches_unless_it_is_not_wanted(made, capsys, verbose):
    model, x, y = made
    model.embed(Batches(x, y), verbose=verbose)
    assert ("6/6" in capsys.readouterr().out) == (verbose != 0)
